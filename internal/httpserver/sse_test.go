package httpserver_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/httpserver"
)

// openSSE opens a session and returns its stream and the path for its messages.
func (s *site) openSSE(headers map[string]string) (*eventStream, string) {
	s.t.Helper()
	stream := newEventStream(s.t, s.open(http.MethodGet, "/sse", "", headers))
	path, ok := stream.data()
	require.True(s.t, ok)
	require.Regexp(s.t, `^/message\?sessionId=[A-Z0-9]{20,}$`, path)
	return stream, path
}

func (s *site) tell(path, body string, headers map[string]string, status int) {
	s.t.Helper()
	answer, text := s.send(http.MethodPost, path, body, headers)
	require.Equal(s.t, status, answer.StatusCode, text)
}

func TestSSEIsOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	for path, method := range map[string]string{"/sse": http.MethodGet, "/message?sessionId=x": http.MethodPost} {
		answer, _ := s.send(method, path, "{}", nil)
		require.Equal(t, http.StatusNotFound, answer.StatusCode)
	}
}

func TestSSEServesALegacyClient(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true})
	c, err := mcpclient.NewSSEMCPClient(s.url + "/sse")
	require.NoError(t, err)
	defer c.Close()
	ctx := context.Background()
	require.NoError(t, c.Start(ctx))
	_, err = c.Initialize(ctx, mcp.InitializeRequest{Params: mcp.InitializeParams{
		ProtocolVersion: "2024-11-05", ClientInfo: mcp.Implementation{Name: "test", Version: "1"},
	}})
	require.NoError(t, err)
	result, err := c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "hello"}}})
	require.NoError(t, err)
	require.Equal(t, "hello", result.Content[0].(mcp.TextContent).Text)
}

// A modern client sends Mcp-Protocol-Version on each message, as over streamable HTTP. mcp-go then asks for
// Mcp-Method too, which SSE clients do not send.
func TestSSEServesAModernClient(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true})
	stream, path := s.openSSE(nil)
	for id, method := range []string{"server/discover", "tools/list"} {
		body, _ := modern(id, method, map[string]any{})
		s.tell(path, body, map[string]string{"Mcp-Protocol-Version": "2026-07-28"}, http.StatusAccepted)
		answer := stream.message()
		require.Nil(t, answer.Error)
		require.Equal(t, fmt.Sprint(id), string(answer.ID))
	}
}

func TestSSESendsNotificationsBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true})
	stream, path := s.openSSE(nil)
	for id := range 100 {
		s.tell(path, call(id, "progress", map[string]any{"token": fmt.Sprint(id)}), nil, http.StatusAccepted)
		for step := 1; step <= 3; step++ {
			m := stream.message()
			require.Equal(t, fmt.Sprint(id), m.Params.Token, "answered before its notifications")
			require.EqualValues(t, step, m.Params.Progress)
		}
		require.Equal(t, "done", stream.message().text())
	}
}

// mcp-go executes a message with the sender's key and answers on the stream of whoever opened the session.
func TestAnSSESessionBelongsToWhoOpenedIt(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true, Callers: callers(t, "token-of-a", "token-of-b")})
	as := func(caller, key string) map[string]string {
		return map[string]string{"Authorization": "Bearer token-of-" + caller, "X-PostHog-API-Key": key}
	}
	stream, path := s.openSSE(as("a", "phx_one"))

	s.tell(path, call(1, "whoami", nil), as("a", "phx_two"), http.StatusForbidden)
	s.tell(path, call(2, "whoami", nil), as("a", ""), http.StatusForbidden)
	s.tell(path, call(3, "whoami", nil), as("b", "phx_one"), http.StatusForbidden)
	s.tell(path, call(4, "whoami", nil), map[string]string{"X-PostHog-API-Key": "phx_one"}, http.StatusUnauthorized)
	s.tell("/message?sessionId=made-up", call(5, "whoami", nil), as("a", "phx_one"), http.StatusNotFound)
	s.tell("/message", call(6, "whoami", nil), as("a", "phx_one"), http.StatusNotFound)

	s.tell(path, call(7, "whoami", nil), as("a", "phx_one"), http.StatusAccepted)
	answer := stream.message()
	require.Equal(t, "7", string(answer.ID), "the refused messages must not have been executed")
	require.Equal(t, key(t, "phx_one").Fingerprint()+"/request/a", answer.text())
}

func TestSSEBodiesAreLimited(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true})
	_, path := s.openSSE(nil)
	s.tell(path, call(1, "echo", map[string]any{"text": strings.Repeat("x", 2<<20)}), nil, http.StatusRequestEntityTooLarge)
	s.tell(path, `{"jsonrpc`, nil, http.StatusBadRequest)
}

func TestSSESessionsAreLimitedInNumber(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true, SSESessions: 1})
	stream, path := s.openSSE(nil)
	answer, _ := s.send(http.MethodGet, "/sse", "", nil)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))

	// The place is free again once the first client has left, which the server notices in its own time.
	require.NoError(t, stream.body.Close())
	require.Eventually(t, func() bool {
		answer, _ := s.send(http.MethodPost, path, "{}", nil)
		return answer.StatusCode == http.StatusNotFound
	}, 10*time.Second, time.Millisecond)
	s.openSSE(nil)
}

func TestAnIdleSSESessionIsClosed(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true, SSEIdle: 10 * time.Millisecond})
	stream, _ := s.openSSE(nil)
	_, open := stream.data()
	require.False(t, open)
}

// mcp-go detaches a call from its request here, so that nothing would stop it when the client is gone.
func TestLeavingAnSSESessionCancelsItsCalls(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s := serve(t, f.server(), httpserver.Options{SSE: true})
	stream, path := s.openSSE(nil)
	s.tell(path, call(1, "wait", nil), nil, http.StatusAccepted)
	receive(t, f.started, "the call to start")
	require.NoError(t, stream.body.Close())
	require.ErrorIs(t, receive(t, f.ended, "the call to end"), context.Canceled)
}

// Sessions have ids of their own here, so that a client can cancel its calls, and only those.
func TestCancellingOverSSE(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s := serve(t, f.server(), httpserver.Options{SSE: true})
	mine, myPath := s.openSSE(nil)
	_, theirPath := s.openSSE(nil)
	cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`

	s.tell(myPath, call(1, "wait", nil), nil, http.StatusAccepted)
	receive(t, f.started, "the call to start")
	s.tell(theirPath, cancel, nil, http.StatusAccepted)
	s.tell(theirPath, call(1, "wait", nil), nil, http.StatusAccepted)
	receive(t, f.started, "the call to start")
	require.Empty(t, f.ended)
	s.tell(myPath, cancel, nil, http.StatusAccepted)
	require.ErrorIs(t, receive(t, f.ended, "the call to end"), context.Canceled)
	require.True(t, mine.message().Result.IsError)
	require.Empty(t, f.ended, "the other client's call runs on")
	close(f.release)
}
