// Package httpserver serves MCP over HTTP: streamable HTTP on one stateless endpoint, and the legacy SSE
// transport for old clients. mcp-go speaks the protocol; this package stands in front of it and decides who
// may speak to it at all, because mcp-go checks neither Origin nor callers nor sizes.
package httpserver

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-accounts-mcp/client"
)

// Options says where to listen and whom to let in. Zero durations and numbers take the defaults.
type Options struct {
	Addr         string     // host:port to listen on
	SSE          bool       // also the legacy transport, at /sse and /message
	Callers      *Callers   // who may call; nil: anybody who reaches a loopback address
	PublicURLs   []string   // other addresses of this server, behind a proxy
	AllowOrigins []string   // web pages that may call
	EnvKey       client.Key // lent to requests without a key, on a loopback address and without Callers only
	Logger       *slog.Logger

	MaxBody     int64         // bytes of a request; 1 MiB
	Drain       time.Duration // what calls in flight get when the server stops; 10 s
	KeepAlive   time.Duration // how often a silent stream gets a comment; 25 s
	SSESessions int           // open SSE sessions at once; 100
	SSEIdle     time.Duration // after which an SSE session without messages is closed; 30 min
}

// Server is an HTTP front of one MCP server.
type Server struct {
	options Options
	names   *names
	lendKey bool // requests without a key may use the environment's
	mcp     http.Handler
	sse     *sseTransport // nil: off

	// streams ends when the server stops, and every open stream with it.
	streams    context.Context
	endStreams context.CancelFunc
}

var errNeedsCallers = errors.New("listening on an address other than loopback lets the whole network in: " +
	"give --callers a file with the hashes of the bearer tokens that may call, or listen on 127.0.0.1")

// New checks the options and builds the server. It does not listen yet.
func New(s *mcpserver.MCPServer, o Options) (*Server, error) {
	names, err := newNames(o.Addr, o.PublicURLs, o.AllowOrigins)
	if err != nil {
		return nil, err
	}
	host, _ := splitHost(o.Addr)
	if o.Callers == nil && !isLoopback(host) {
		return nil, errNeedsCallers
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.MaxBody = cmp.Or(o.MaxBody, 1<<20)
	o.Drain = cmp.Or(o.Drain, 10*time.Second)
	o.KeepAlive = cmp.Or(o.KeepAlive, 25*time.Second)
	o.SSESessions = cmp.Or(o.SSESessions, 100)
	o.SSEIdle = cmp.Or(o.SSEIdle, 30*time.Minute)

	server := &Server{options: o, names: names, lendKey: o.Callers == nil && isLoopback(host)}
	server.streams, server.endStreams = context.WithCancel(context.Background())
	server.mcp = mcpserver.NewStreamableHTTPServer(s,
		mcpserver.WithStateLess(true),
		mcpserver.WithStreamableHTTPLogger(o.Logger),
		mcpserver.WithDisableLocalhostProtection(true), // the guard's own check also knows the public names
	)
	if o.SSE {
		server.sse = newSSETransport(server, s)
	}
	return server, nil
}

// Handler returns everything this server serves, guard included.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", health)
	mux.Handle("/mcp", s.guard(s.serveMCP))
	if s.sse != nil {
		mux.Handle("/sse", s.guard(s.sse.open))
		mux.Handle("/message", s.guard(s.sse.message))
	}
	return mux
}

// health says that the process answers. It is for probes, which know no names and hold no tokens, so it says
// nothing else.
func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// Serve serves connections of listener until ctx ends. Then open streams end, calls in flight get the drain
// time to finish, and it returns nil.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if s.options.Callers == nil && !loopbackListener(listener) {
		return errNeedsCallers
	}
	unused := &unusedConnections{}
	web := &http.Server{
		Handler:           s.Handler(),
		ConnState:         unused.track,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		// No WriteTimeout: it would cut streams.
		ErrorLog: slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	select {
	case err := <-served:
		s.endStreams()
		return err
	case <-ctx.Done():
	}
	s.endStreams() // Shutdown waits for every request, and a stream is one that never ends
	unused.close()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.Drain)
	defer cancel()
	if err := web.Shutdown(drain); err != nil {
		s.options.Logger.Warn("stopped while calls were still running")
		_ = web.Close()
	}
	return nil
}

// loopbackListener checks what was really bound: a listener may come from anywhere.
func loopbackListener(listener net.Listener) bool {
	if listener.Addr().Network() == "unix" {
		return true
	}
	addr, err := netip.ParseAddrPort(listener.Addr().String())
	return err == nil && addr.Addr().Unmap().IsLoopback()
}
