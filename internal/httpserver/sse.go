package httpserver

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/server"
)

// sseTransport is the HTTP+SSE transport of 2024-11-05, deprecated since: a GET opens a stream of answers, and
// POSTs carry the questions. mcp-go lets anybody who knows a session's id ask in its name; here a session
// belongs to who opened it.
type sseTransport struct {
	server *Server
	sse    *mcpserver.SSEServer

	mu       sync.Mutex
	sessions map[string]*sseSession
}

type sseSession struct {
	id     string
	owner  owner
	outlet *server.Outlet
	ctx    context.Context // ends with the stream
	idle   *time.Timer
}

// owner is whom a session belongs to: a caller with a key, no matter where the key came from.
type owner struct {
	caller string
	key    client.Key
}

func ownerOf(ctx context.Context) owner {
	id := identity.From(ctx)
	return owner{id.Caller, id.Key}
}

type sseSessionKey struct{}

func newSSETransport(s *Server, m *mcpserver.MCPServer) *sseTransport {
	return &sseTransport{
		server:   s,
		sessions: make(map[string]*sseSession),
		sse: mcpserver.NewSSEServer(m,
			mcpserver.WithSSEDisableLocalhostProtection(true),
			mcpserver.WithSessionIDGenerator(func(ctx context.Context, _ *http.Request) (string, error) {
				session, ok := ctx.Value(sseSessionKey{}).(*sseSession)
				if !ok {
					return "", errors.New("the stream was not opened through the guard")
				}
				return session.id, nil
			}),
		),
	}
}

// open serves the stream of one session until the client leaves, the session idles out or the server stops.
func (t *sseTransport) open(w *response, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, OPTIONS")
		w.refuse(http.StatusMethodNotAllowed, "open the stream with GET; messages go to the endpoint it names")
		return
	}
	ctx, end := t.server.untilStop(r.Context())
	defer end()
	session := &sseSession{
		id: rand.Text(), owner: ownerOf(ctx), outlet: outletOf(w), ctx: ctx,
		idle: time.AfterFunc(t.server.options.SSEIdle, end),
	}
	defer session.idle.Stop()
	if !t.add(session) {
		w.Header().Set("Retry-After", "60")
		t.server.refuse(w, r, http.StatusServiceUnavailable, "too many SSE sessions are open: close some, or use the /mcp endpoint, which needs none")
		return
	}
	defer t.remove(session)
	defer w.keepAlive(ctx, t.server.options.KeepAlive)()
	t.sse.SSEHandler().ServeHTTP(w, r.WithContext(context.WithValue(ctx, sseSessionKey{}, session)))
}

// message takes one message of a session. Its answer goes out on the session's stream.
func (t *sseTransport) message(w *response, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST, OPTIONS")
		w.refuse(http.StatusMethodNotAllowed, "POST each message")
		return
	}
	session := t.find(r.URL.Query().Get("sessionId"))
	if session == nil {
		w.refuse(http.StatusNotFound, "there is no such SSE session: open a new stream at /sse")
		return
	}
	if session.owner != ownerOf(r.Context()) {
		t.server.refuse(w, r, http.StatusForbidden, "this SSE session was opened by another caller or with another PostHog key")
		return
	}
	session.idle.Reset(t.server.options.SSEIdle)
	body, _, ok := t.server.readMessage(w, r)
	if !ok {
		return
	}
	// mcp-go takes this header for that of streamable HTTP and then misses the others that come with it.
	r.Header.Del("Mcp-Protocol-Version")
	ctx := server.WithLifetime(server.WithOutlet(r.Context(), session.outlet), session.ctx)
	t.sse.MessageHandler().ServeHTTP(w, withBody(r.WithContext(ctx), body))
}

func (t *sseTransport) add(session *sseSession) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sessions) >= t.server.options.SSESessions {
		return false
	}
	t.sessions[session.id] = session
	return true
}

func (t *sseTransport) remove(session *sseSession) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sessions, session.id)
}

func (t *sseTransport) find(id string) *sseSession {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sessions[id]
}
