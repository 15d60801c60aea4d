package httpserver_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/httpserver"
)

// A connection opened in reserve is closed at once when the server stops. net/http alone would wait between
// five and six seconds for the request it might bring.
func TestShutdownDoesNotWaitForConnectionsInReserve(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	reserve, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer reserve.Close()
	answer, _ := s.send(http.MethodGet, "/healthz", "", nil) // accepted after the one in reserve
	require.Equal(t, http.StatusOK, answer.StatusCode)

	s.stop()
	require.NoError(t, reserve.SetReadDeadline(time.Now().Add(4*time.Second)))
	_, err = reserve.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	s.endsWithin(4 * time.Second)
}
