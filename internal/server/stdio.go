package server

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-accounts-mcp/internal/elicit"
	"posthog-accounts-mcp/internal/identity"
)

// The defaults of StdioOptions.
const (
	defaultWorkers = 64
	defaultQueue   = 1000
	// defaultMaxLine leaves room for a plan of some thousand rows.
	defaultMaxLine = 4 << 20
	// defaultDrain is the silence after which a closed input stops waiting for answers.
	defaultDrain = 5 * time.Second
	// defaultPatience leaves a person time to read and think, and frees the call when nobody is there.
	defaultPatience = 5 * time.Minute
	// stopGrace is what calls in flight get to end after a signal, before the process leaves them behind.
	stopGrace = 500 * time.Millisecond
)

// StdioOptions says how to serve one client over a pair of streams. Zero fields take the defaults.
type StdioOptions struct {
	Identity identity.Identity // who every call on these streams is
	Workers  int               // calls served at once; mcp-go takes at most 100
	Queue    int               // calls waiting for a worker
	MaxLine  int               // bytes of the longest message
	Drain    time.Duration     // how long, after the input closed, to wait for the next answer
	Patience time.Duration     // how long a call waits for a person to answer a question
	Logger   *slog.Logger
}

// ServeStdio serves one client, a JSON-RPC message a line, until in ends or ctx does; both are a success.
//
// At the end of in, calls that were read are answered before it returns: a script may pipe its calls in and
// close. When ctx ends it returns within stopGrace, whatever the calls do.
func ServeStdio(ctx context.Context, s *mcpserver.MCPServer, in io.Reader, out io.Writer, o StdioOptions) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	link := newStdioLink(ctx, in, out, cmp.Or(o.MaxLine, defaultMaxLine), cmp.Or(o.Drain, defaultDrain))

	stdio := mcpserver.NewStdioServer(s)
	for _, option := range []mcpserver.StdioOption{
		// First, because the others log through it, and it would write to stderr in its own format.
		mcpserver.WithErrorLogger(slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn)),
		mcpserver.WithWorkerPoolSize(cmp.Or(o.Workers, defaultWorkers)),
		mcpserver.WithQueueSize(cmp.Or(o.Queue, defaultQueue)),
		mcpserver.WithStdioContextFunc(func(ctx context.Context) context.Context {
			ctx = elicit.WithLine(ctx, elicit.Line{Patience: cmp.Or(o.Patience, defaultPatience), HungUp: link.ended})
			return withLine(WithOutlet(identity.With(ctx, o.Identity), link.outlet), line{ctx: ctx, write: link.write})
		}),
	} {
		option(stdio)
	}

	ended := make(chan error, 1)
	go func() { ended <- stdio.Listen(ctx, link, stdioWriter{link}) }()
	select {
	case err := <-ended:
		return clean(ctx, err)
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return clean(ctx, err)
	case <-time.After(stopGrace):
		o.Logger.Warn("stopped while calls were still running")
		return nil
	}
}

// clean makes the two ordinary ends a success: the client closed the stream, or somebody stopped us.
func clean(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}
