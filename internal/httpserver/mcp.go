package httpserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"posthog-accounts-mcp/internal/server"
	"posthog-accounts-mcp/internal/server/rpc"
)

// bodyTimeout is what a client gets to send a request. There is no timeout on the answer.
const bodyTimeout = 30 * time.Second

// serveMCP is the streamable HTTP endpoint, stateless: each request brings all it needs, and clients of every
// revision use it side by side.
func (s *Server) serveMCP(w *response, r *http.Request) {
	if r.Method != http.MethodPost {
		// GET would open a stream that belongs to no session, on which mcp-go delivers other clients'
		// notifications; DELETE would end a session, and there is none.
		w.Header().Set("Allow", "POST, OPTIONS")
		w.refuse(http.StatusMethodNotAllowed, "this endpoint has no sessions and no stream of its own: POST each message")
		return
	}
	body, message, ok := s.readMessage(w, r)
	if !ok {
		return
	}
	if message.Kind == rpc.Notification && message.Method == string(mcp.MethodNotificationCancelled) {
		// Without sessions mcp-go would cancel whoever's request has that id. A client over HTTP cancels by
		// closing its request.
		w.WriteHeader(http.StatusAccepted)
		return
	}
	r.Header.Del("Last-Event-ID")  // mcp-go refuses it on modern requests, which are to ignore it
	r.Header.Del("Mcp-Session-Id") // mcp-go would file the request under it, where others could meet it

	ctx := server.WithOutlet(r.Context(), outletOf(w))
	if mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)) {
		w.request = message.ID
	}
	if message.Method == string(mcp.MethodSubscriptionsListen) {
		stream, end := s.untilStop(ctx)
		defer end()
		defer w.keepAlive(stream, s.options.KeepAlive)()
		ctx = stream
	}
	s.mcp.ServeHTTP(w, withBody(r.WithContext(ctx), body))
}

func outletOf(w *response) *server.Outlet {
	if w.outlet == nil {
		w.outlet = &server.Outlet{}
	}
	return w.outlet
}

// untilStop returns a context that also ends when the server stops.
func (s *Server) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.streams, cancel)
	return ctx, func() { stop(); cancel() }
}

// readMessage reads the one message a POST holds. It answers the request itself if that is not possible.
func (s *Server) readMessage(w *response, r *http.Request) (body []byte, message rpc.Message, ok bool) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // unsupported in some tests' writers
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.options.MaxBody))
	_ = control.SetReadDeadline(time.Time{})

	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.refuse(w, r, http.StatusRequestEntityTooLarge, "the request is too large: send less at once")
		return nil, message, false
	case err != nil:
		s.refuse(w, r, http.StatusBadRequest, "the request's body could not be read to its end")
		return nil, message, false
	}
	message, err = rpc.Parse(body)
	var refusal *rpc.Error
	if errors.As(err, &refusal) {
		w.answer(http.StatusBadRequest, refusal.Response())
		return nil, message, false
	}
	return body, message, true
}

func withBody(r *http.Request, body []byte) *http.Request {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return r
}
