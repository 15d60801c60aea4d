package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hungServer is a PostHog that takes requests and never answers.
type hungServer struct {
	*httptest.Server
	requests chan struct{}
}

func newHungServer(t *testing.T) *hungServer {
	hung := &hungServer{requests: make(chan struct{}, 100)}
	hung.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		hung.requests <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(func() { hung.CloseClientConnections(); hung.Close() })
	return hung
}

func (h *hungServer) awaitRequest(t *testing.T) {
	t.Helper()
	select {
	case <-h.requests:
	case <-time.After(patience):
		require.FailNow(t, "no request arrived")
	}
}

// countingListener counts the connections made to it and answers none.
type countingListener struct {
	origin      string
	connections atomic.Int64
}

func newCountingListener(t *testing.T) *countingListener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	counting := &countingListener{origin: "http://" + listener.Addr().String()}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			counting.connections.Add(1)
			_ = connection.Close()
		}
	}()
	return counting
}
