// Command posthog-accounts-mcp is an MCP server for customer accounts and
// persons in PostHog. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"posthog-accounts-mcp/internal/app"
	"posthog-accounts-mcp/internal/config"
)

// The exit codes besides 0.
const (
	exitError = 1 // the tool or the server failed
	exitUsage = 2 // the command line is wrong
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	chosen, err := config.Parse(os.Args[1:], os.Stdout)
	if err == nil {
		err = app.Run(ctx, chosen, app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	}
	var usage *config.UsageError
	switch {
	case err == nil, errors.Is(err, config.ErrHelp):
		return 0
	case errors.Is(err, app.ErrTool): // already printed
		return exitError
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, config.Name+":", err)
		return exitUsage
	}
	fmt.Fprintln(os.Stderr, config.Name+":", err)
	return exitError
}
