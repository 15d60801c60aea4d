// Package stage sets up what the benchmarks measure: the product's own wiring over an upstream of their choice,
// the requests that go upstream, and the tokens that a model reads.
package stage

import (
	"net/http"
	"sync"
	"sync/atomic"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/tiktoken-go/tokenizer"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/server"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/tools"
)

// Origin is where the product believes PostHog to be.
const Origin = "https://sandbox.invalid"

// Product is the product with all its tools over an upstream.
func Product(upstream http.RoundTripper, options ...tools.DeskOption) (*mcpserver.MCPServer, client.Key, error) {
	key, err := client.NewKey(sandbox.DefaultKey)
	if err != nil {
		return nil, key, err
	}
	posthog, err := client.New(Origin, client.WithTransport(upstream))
	if err != nil {
		return nil, key, err
	}
	served, err := tools.Serve(tools.NewDesk(posthog, 0, options...), tools.Selection{})
	if err != nil {
		return nil, key, err
	}
	return server.New(server.Options{Name: "bench", Version: "1", Tools: served, Explain: plain.Explain}), key, nil
}

// Counting counts the requests that go upstream.
type Counting struct {
	Next     http.RoundTripper
	requests atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c *Counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.Next.RoundTrip(r)
}

// Requests is how many there were so far.
func (c *Counting) Requests() int64 { return c.requests.Load() }

var o200k = sync.OnceValues(func() (tokenizer.Codec, error) { return tokenizer.Get(tokenizer.O200kBase) })

// Tokens counts the tokens (o200k_base) of a text exactly.
func Tokens(text string) (int, error) {
	codec, err := o200k()
	if err != nil {
		return 0, err
	}
	return codec.Count(text)
}
