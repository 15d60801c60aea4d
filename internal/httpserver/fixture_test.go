package httpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/httpserver"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/server"
)

// fixture is an MCP server with tools that show what a call is given.
type fixture struct {
	started chan struct{}
	release chan struct{}
	ended   chan error
}

func newFixture() *fixture {
	return &fixture{started: make(chan struct{}, 1000), release: make(chan struct{}), ended: make(chan error, 1000)}
}

func (f *fixture) server() *mcpserver.MCPServer {
	handlers := map[string]mcpserver.ToolHandlerFunc{
		"echo": func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(r.GetString("text", "")), nil
		},
		"whoami": whoami,
		"wait":   f.wait,
		"session": func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("session " + mcpserver.ClientSessionFromContext(ctx).SessionID()), nil
		},
		"panic": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("phx_canary123") },
		"progress": func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			for step := range 3 {
				params := map[string]any{"progressToken": r.GetString("token", ""), "progress": step + 1}
				if err := server.Notify(ctx, "notifications/progress", params); err != nil {
					return nil, err
				}
			}
			return mcp.NewToolResultText("done"), nil
		},
	}
	options := server.Options{Name: "fixture", Version: "1", Explain: func(err error) string { return err.Error() }}
	for name, handler := range handlers {
		options.Tools = append(options.Tools, mcpserver.ServerTool{Tool: mcp.NewTool(name), Handler: handler})
	}
	options.Templates = []mcpserver.ServerResourceTemplate{{
		Template: mcp.NewResourceTemplate("test://things/{id}", "thing"),
		Handler: func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return nil, fmt.Errorf("nothing at %s: %w", r.Params.URI, mcpserver.ErrResourceNotFound)
		},
	}}
	return server.New(options)
}

// whoami tells with whose key and as which caller it runs, and whether a secret is left in its headers.
func whoami(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	id := identity.From(ctx)
	for name, values := range r.Header {
		if text := strings.Join(values, " "); strings.Contains(text, "phx_") || strings.Contains(text, "token-of-") {
			return mcp.NewToolResultText("a secret is left in " + name), nil
		}
	}
	return mcp.NewToolResultText(strings.Join([]string{id.Key.Fingerprint(), string(id.KeySource), id.Caller}, "/")), nil
}

func (f *fixture) wait(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	f.started <- struct{}{}
	select {
	case <-f.release:
		return mcp.NewToolResultText("released"), nil
	case <-ctx.Done():
		f.ended <- ctx.Err()
		return nil, ctx.Err()
	}
}

// patience is how long a test waits for what should come at once. It only ever runs out in a failing test.
const patience = 20 * time.Second

// receive is a channel receive that fails the test instead of blocking for ever.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		require.FailNow(t, "waited in vain for "+what)
		panic("unreachable")
	}
}

// site is a server that listens on loopback while a test runs.
type site struct {
	t     *testing.T
	url   string // http://127.0.0.1:port
	port  string
	stop  context.CancelFunc
	ended chan error
}

func serve(t *testing.T, m *mcpserver.MCPServer, o httpserver.Options) *site {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	if o.Addr == "" {
		o.Addr = listener.Addr().String()
	}
	web, err := httpserver.New(m, o)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	s := &site{t: t, url: "http://" + listener.Addr().String(), port: port, stop: stop, ended: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		s.ended <- web.Serve(ctx, listener)
		close(done)
	}()
	t.Cleanup(func() { stop(); <-done })
	return s
}

// send makes one request and reads the whole answer.
func (s *site) send(method, path, body string, headers map[string]string) (*http.Response, string) {
	s.t.Helper()
	answer := s.open(method, path, body, headers)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer, string(text)
}

// open makes one request and leaves its answer open.
func (s *site) open(method, path, body string, headers map[string]string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
	}
	for name, value := range headers {
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	return answer
}

// post sends one message to /mcp and returns every message of the answer, plain or streamed.
func (s *site) post(body string, headers map[string]string) (status int, messages []message) {
	s.t.Helper()
	answer, text := s.send(http.MethodPost, "/mcp", body, headers)
	if answer.Header.Get("Content-Type") == "text/event-stream" {
		for _, line := range strings.Split(text, "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				messages = append(messages, decode(s.t, data))
			}
		}
		return answer.StatusCode, messages
	}
	if text = strings.TrimSpace(text); text != "" {
		messages = append(messages, decode(s.t, text))
	}
	return answer.StatusCode, messages
}

func (s *site) endsWithin(limit time.Duration) {
	s.t.Helper()
	select {
	case err := <-s.ended:
		require.NoError(s.t, err)
	case <-time.After(limit):
		require.FailNow(s.t, fmt.Sprintf("the server did not stop within %s", limit))
	}
}

// message is any JSON-RPC message, as a client reads it.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  struct {
		Token    string  `json:"progressToken"`
		Progress float64 `json:"progress"`
	} `json:"params"`
	Result *struct {
		IsError bool `json:"isError"`
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"result"`
	Error *struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Data    map[string]any `json:"data"`
	} `json:"error"`
}

func (m message) text() string {
	if m.Result == nil || len(m.Result.Content) == 0 {
		return ""
	}
	return m.Result.Content[0].Text
}

func decode(t *testing.T, text string) message {
	t.Helper()
	var m message
	require.NoError(t, json.Unmarshal([]byte(text), &m), "not JSON-RPC: %s", text)
	require.Equal(t, "2.0", m.JSONRPC)
	return m
}

func call(id any, tool string, arguments map[string]any) string {
	return request(id, "tools/call", map[string]any{"name": tool, "arguments": arguments})
}

func request(id any, method string, params map[string]any) string {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params}); err != nil {
		panic(err)
	}
	return strings.TrimSpace(body.String())
}

// modern makes a request one of 2026-07-28, together with the headers such a client sends.
func modern(id any, method string, params map[string]any) (body string, headers map[string]string) {
	params["_meta"] = map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}
	headers = map[string]string{"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": method}
	for _, name := range []string{"name", "uri"} {
		if value, ok := params[name].(string); ok {
			headers["Mcp-Name"] = value
		}
	}
	return request(id, method, params), headers
}

func key(t *testing.T, text string) client.Key {
	t.Helper()
	k, err := client.NewKey(text)
	require.NoError(t, err)
	return k
}

func callers(t *testing.T, tokens ...string) *httpserver.Callers {
	t.Helper()
	var file strings.Builder
	for _, token := range tokens {
		fmt.Fprintf(&file, "%s:%x\n", strings.TrimPrefix(token, "token-of-"), sha256.Sum256([]byte(token)))
	}
	c, err := httpserver.ParseCallers(strings.NewReader(file.String()))
	require.NoError(t, err)
	return c
}

// eventStream reads server-sent events.
type eventStream struct {
	t    *testing.T
	body io.ReadCloser
	scan *bufio.Scanner
}

func newEventStream(t *testing.T, answer *http.Response) *eventStream {
	t.Helper()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, answer.Header.Get("Content-Type"), "text/event-stream")
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &eventStream{t: t, body: answer.Body, scan: bufio.NewScanner(answer.Body)}
}

// data returns the data of the next event, and whether there is one.
func (e *eventStream) data() (string, bool) {
	for e.scan.Scan() {
		if data, ok := strings.CutPrefix(e.scan.Text(), "data: "); ok {
			return strings.TrimSpace(data), true
		}
	}
	return "", false
}

func (e *eventStream) message() message {
	e.t.Helper()
	data, ok := e.data()
	require.True(e.t, ok, "the stream ended")
	return decode(e.t, data)
}
