package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"posthog-accounts-mcp/bench/stage"
	"posthog-accounts-mcp/internal/httpserver"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/server"
	"posthog-accounts-mcp/sandbox"
)

// A started test binary with roleVariable set to roleCanned is the product over an upstream that costs
// nothing, so that the sandbox's own time is told apart from ours.
const (
	roleVariable = "BENCH_ROLE"
	roleCanned   = "canned"
)

// serveCanned serves stdio, or HTTP on the address that is its only argument.
func serveCanned(arguments []string) (exit int) {
	if err := runCanned(arguments); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func runCanned(arguments []string) error {
	mcp, key, err := stage.Product(&canned{next: sandbox.New(sandbox.Options{}).Transport()})
	if err != nil {
		return err
	}
	if len(arguments) == 0 {
		return server.ServeStdio(context.Background(), mcp, os.Stdin, os.Stdout, server.StdioOptions{Identity: identity.FromEnvironment(key)})
	}
	web, err := httpserver.New(mcp, httpserver.Options{Addr: arguments[0], EnvKey: key})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", arguments[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "serving at http://%s/mcp\n", listener.Addr())
	return web.Serve(context.Background(), listener)
}

// canned answers a request that it has met before with the same bytes, without asking anybody.
type canned struct {
	next    http.RoundTripper
	answers sync.Map // of method and URL, each an answer
}

type answer struct {
	response http.Response
	body     []byte
}

// RoundTrip implements http.RoundTripper.
func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Method + " " + r.URL.String()
	known, ok := c.answers.Load(asked)
	if !ok {
		response, err := c.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return nil, err
		}
		known, _ = c.answers.LoadOrStore(asked, answer{*response, body})
	}
	kept := known.(answer)
	response := kept.response
	response.Header, response.Request = kept.response.Header.Clone(), r
	response.Body = io.NopCloser(bytes.NewReader(kept.body))
	return &response, nil
}
