package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/server"
)

// The test server speaks of nothing but itself: these packages must not know what the tools are about.

const explainedText = "explained: "

func explain(err error) string { return explainedText + err.Error() }

// fixture is a set of small tools, each named after what it does.
type fixture struct {
	started chan struct{} // a token for every call of wait that began
	release chan struct{} // closed to let wait return
	ended   chan error    // what the context of wait said when it ended first
}

func newFixture() *fixture {
	return &fixture{started: make(chan struct{}, 1000), release: make(chan struct{}), ended: make(chan error, 1000)}
}

func (f *fixture) options() server.Options {
	return server.Options{Name: "fixture", Version: "1.2.3", Explain: explain, Tools: f.tools()}
}

func (f *fixture) tools() []mcpserver.ServerTool {
	handlers := map[string]mcpserver.ToolHandlerFunc{
		"echo": func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(r.GetString("text", "")), nil
		},
		"caller": func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(identity.From(ctx).Key.Fingerprint()), nil
		},
		"wait": f.wait,
		"fail": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return nil, errors.New("the key phx_canary123 was refused")
		},
		"fail_as_result": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultError("the key phx_canary123 was refused"), nil
		},
		"panic": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("phx_canary123") },
		"dereference": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			var p *int
			_ = *p
			return nil, nil
		},
		"nothing": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, nil },
		"unencodable": func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultStructured(map[string]any{"channel": make(chan int)}, "text"), nil
		},
		"progress": progress,
	}
	var tools []mcpserver.ServerTool
	for name, handler := range handlers {
		tools = append(tools, mcpserver.ServerTool{Tool: mcp.NewTool(name), Handler: handler})
	}
	return tools
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

// progress sends three notifications right before it answers: what mcp-go alone loses or sends late.
func progress(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for step := range 3 {
		params := map[string]any{"progressToken": r.GetString("token", ""), "progress": step + 1}
		if err := server.Notify(ctx, "notifications/progress", params); err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("done"), nil
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

func call(id any, tool string, arguments map[string]any) string {
	return request(id, "tools/call", map[string]any{"name": tool, "arguments": arguments})
}

func request(id any, method string, params map[string]any) string {
	body := map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// modern adds what a 2026-07-28 client sends with each request.
func modern(params map[string]any) map[string]any {
	params["_meta"] = map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}
	return params
}

// pipe serves the lines over stdio until the input ends, and returns everything the client read. mcp-go
// has one stdio session in a process, so tests take turns.
func pipe(t *testing.T, o server.Options, stdio server.StdioOptions, lines ...string) []message {
	t.Helper()
	stdioTurn.Lock()
	defer stdioTurn.Unlock()
	var out bytes.Buffer
	in := strings.NewReader(strings.Join(lines, "\n"))
	require.NoError(t, server.ServeStdio(context.Background(), server.New(o), in, &out, stdio))
	return decodeLines(t, &out)
}

var stdioTurn sync.Mutex

func decodeLines(t *testing.T, out io.Reader) []message {
	t.Helper()
	var messages []message
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		var m message
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &m), "stdout carries JSON-RPC only, got %q", scanner.Text())
		require.Equal(t, "2.0", m.JSONRPC, scanner.Text())
		messages = append(messages, m)
	}
	require.NoError(t, scanner.Err())
	return messages
}

func byID(t *testing.T, messages []message) map[string]message {
	t.Helper()
	answers := make(map[string]message)
	for _, m := range messages {
		if m.Method == "" {
			require.NotContains(t, answers, string(m.ID), "two answers to one request")
			answers[string(m.ID)] = m
		}
	}
	return answers
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

// live is a stdio server that runs while the test talks to it.
type live struct {
	t     *testing.T
	in    *io.PipeWriter
	lines chan string // what the client reads
	stop  context.CancelFunc
	ended chan error
}

func start(t *testing.T, o server.Options, stdio server.StdioOptions) *live {
	t.Helper()
	stdioTurn.Lock()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	l := &live{t: t, in: inWrite, lines: make(chan string, 10_000), stop: stop, ended: make(chan error, 1)}
	go func() {
		out := bufio.NewScanner(outRead)
		for out.Scan() {
			l.lines <- out.Text()
		}
	}()
	s := server.New(o)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.ended <- server.ServeStdio(ctx, s, inRead, outWrite, stdio)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		_ = outWrite.Close()
		stdioTurn.Unlock()
	})
	return l
}

func (l *live) send(line string) {
	l.t.Helper()
	_, err := io.WriteString(l.in, line+"\n")
	require.NoError(l.t, err)
}

func (l *live) next() message {
	l.t.Helper()
	return decodeLines(l.t, strings.NewReader(receive(l.t, l.lines, "a message from the server")))[0]
}

// endsWithin fails if the server takes longer to end than limit, which is far above what it needs.
func (l *live) endsWithin(limit time.Duration) {
	l.t.Helper()
	select {
	case err := <-l.ended:
		require.NoError(l.t, err)
	case <-time.After(limit):
		require.FailNow(l.t, fmt.Sprintf("the server did not end within %s", limit))
	}
}
