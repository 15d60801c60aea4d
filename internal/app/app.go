// Package app wires the rooms together: configuration, PostHog or its
// look-alike, tools, resources and prompts, and the transport.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/internal/httpserver"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/server"
	"posthog-accounts-mcp/prompts"
	"posthog-accounts-mcp/resources"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/tools"
)

// version is set by the linker for releases.
var version = ""

// Version is the program's version.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v") // as Go writes it for a clone or go install
	}
	return "0.1.0-dev"
}

// Streams are the process's standard streams.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Run does what the command line asks for, until it is done or ctx ends.
func Run(ctx context.Context, chosen config.Chosen, streams Streams) error {
	switch {
	case chosen.Version:
		_, err := fmt.Fprintln(streams.Out, config.Name, Version())
		return err
	case chosen.Sandbox != nil:
		return runSandbox(ctx, *chosen.Sandbox, streams)
	case chosen.Journal != nil:
		return onJournal(ctx, *chosen.Journal, streams)
	case chosen.Call != nil:
		return call(ctx, *chosen.Call, streams)
	}
	return serve(ctx, *chosen.Serve, streams)
}

// serve runs the MCP server on stdio or HTTP.
func serve(ctx context.Context, o config.Serve, streams Streams) error {
	log := slog.New(slog.NewTextHandler(streams.Err, nil))
	kept := recordsOf(o.Server)
	defer kept.close()
	mcp, key, err := build(o.Server, kept, log, o.HTTP == "")
	if err != nil {
		return err
	}
	if o.HTTP == "" {
		greet(streams)
		return server.ServeStdio(ctx, mcp, streams.In, streams.Out, server.StdioOptions{Identity: identity.FromEnvironment(key), Logger: log})
	}
	options := httpserver.Options{Addr: o.HTTP, SSE: o.SSE, PublicURLs: o.PublicURL, AllowOrigins: o.AllowOrigin, EnvKey: key, Logger: log}
	if o.Callers != "" {
		if options.Callers, err = httpserver.LoadCallers(o.Callers); err != nil {
			return err
		}
	}
	web, err := httpserver.New(mcp, options)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.HTTP)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", o.HTTP, err)
	}
	log.Info("serving MCP", "url", "http://"+listener.Addr().String()+"/mcp", "sse", o.SSE, "read_only", o.ReadOnly, "sandbox", o.Sandbox)
	return web.Serve(ctx, listener)
}

// greet tells a person who started the server in a terminal what it waits for.
// A client, which is connected through pipes, gets no word.
func greet(streams Streams) {
	file, ok := streams.In.(*os.File)
	if !ok {
		return
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	fmt.Fprintf(streams.Err, `%[1]s waits for an MCP client on its standard input: put this command into the client's configuration.
For a client that speaks HTTP add --http 127.0.0.1:8765; for a single call see %[1]s call --help. Ctrl-D ends it.
`, config.Name)
}

// build makes the MCP server of a configuration, and the key that the process
// itself may lend. It sends nothing anywhere.
func build(o config.Server, kept *records, log *slog.Logger, stays bool) (*mcpserver.MCPServer, client.Key, error) {
	posthog, key, err := connect(o)
	if err != nil {
		return nil, client.Key{}, err
	}
	project, err := o.ProjectID()
	if err != nil {
		return nil, client.Key{}, err
	}
	selection, err := o.Selection()
	if err != nil {
		return nil, client.Key{}, err
	}
	unasked, err := o.Unasked()
	if err != nil {
		return nil, client.Key{}, err
	}
	allowed, err := o.Policy()
	if err != nil {
		return nil, client.Key{}, err
	}
	desk := tools.NewDesk(posthog, project, tools.WithoutConfirmation(unasked...), tools.WithPolicy(allowed), tools.WithMaxRows(o.MaxRows), tools.WithJournal(kept.ledger))
	served, err := tools.Serve(desk, selection)
	if err != nil {
		return nil, client.Key{}, err
	}
	shelf := resources.New(desk.Ask, project)
	var watch server.Watch
	if stays {
		watch = resources.NewWatch(desk.Look, desk.Caller, resources.WallClock{}, project).Watch
	}
	return server.New(server.Options{
		Name: config.Name, Version: Version(), Title: "PostHog accounts and persons", Instructions: instructions(o),
		Tools:     served,
		Templates: shelf.Templates(), ListResources: shelf.List, CompleteResource: shelf, Watch: watch,
		Prompts:        prompts.Prompts(prompts.Options{Ask: desk.Ask, ReadOnly: o.ReadOnly, Plans: tools.Plans(selection)}),
		CompletePrompt: prompts.Completer{Ask: desk.Ask, Colleagues: desk.Colleagues},
		Explain:        plain.Explain, Logger: log,
	}), key, nil
}

// connect makes the client of PostHog, or of the embedded look-alike.
func connect(o config.Server) (*client.Client, client.Key, error) {
	options := []client.Option{client.WithUserAgent(config.Name + "/" + Version())}
	if o.ReadOnly {
		options = append(options, client.WithReadOnly())
	}
	host, key := o.PostHog.Host, o.PostHog.Key
	if o.Sandbox {
		var err error
		if key, err = client.NewKey(sandbox.DefaultKey); err != nil {
			return nil, key, err
		}
		host = "https://sandbox.invalid"
		options = append(options, client.WithTransport(sandbox.New(sandbox.Options{Profile: o.Profile}).Transport()))
	}
	posthog, err := client.New(host, options...)
	if err != nil {
		return nil, key, fmt.Errorf("POSTHOG_HOST: %w", err)
	}
	return posthog, key, nil
}

// runSandbox serves the look-alike over HTTP.
func runSandbox(ctx context.Context, o config.Sandbox, streams Streams) error {
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", o.Listen, err)
	}
	lookalike := sandbox.New(sandbox.Options{
		Profile: o.Profile, Empty: o.Empty, Keys: o.Keys, Lag: o.Lag, Throttle: o.Throttle,
		IndexLag: o.IndexLag, Persons2025: o.Persons2025, Faults: o.Faults, Seed: o.Seed,
	})
	web := &http.Server{Handler: lookalike, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = web.Close() })
	defer stop()
	fmt.Fprintf(streams.Err, "PostHog look-alike at http://%s\n  key %s, project %d, project token %s\n", listener.Addr(), sandbox.DefaultKey, sandbox.ProjectID, sandbox.ProjectToken)
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
