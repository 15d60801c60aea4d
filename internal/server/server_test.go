package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/server"
)

// mcp-go answers a handler's error with a JSON-RPC error that quotes it, a panic with its text, an absent
// result with null, and content that does not encode with silence.
func TestEveryCallEndsInAResultInOurWords(t *testing.T) {
	var log bytes.Buffer
	options := newFixture().options()
	options.Logger = slog.New(slog.NewTextHandler(&log, nil))
	for tool, says := range map[string]string{
		"fail":           explainedText + "the key phx_[redacted] was refused",
		"fail_as_result": "the key phx_[redacted] was refused",
		"panic":          "Something went wrong",
		"dereference":    "Something went wrong",
		"nothing":        "Something went wrong",
		"unencodable":    "Something went wrong",
	} {
		answers := pipe(t, options, server.StdioOptions{}, call(1, tool, nil))
		require.Len(t, answers, 1, tool)
		require.NotNil(t, answers[0].Result, tool)
		require.True(t, answers[0].Result.IsError, tool)
		require.Len(t, answers[0].Result.Content, 1, tool)
		require.Contains(t, answers[0].text(), says, tool)
	}
	require.NotContains(t, log.String(), "canary", "a panic's value may be anybody's data")
	require.Contains(t, log.String(), "nil pointer", "the runtime's own words may be logged")
	require.Contains(t, log.String(), "fixture_test.go", "the log says where it happened")
}

func TestErrorsAreNeverQuotedWithoutAnExplanation(t *testing.T) {
	for name, explain := range map[string]func(error) string{
		"none":  nil,
		"empty": func(error) string { return "" },
		"panic": func(error) string { panic("phx_canary123") },
	} {
		options := newFixture().options()
		options.Explain = explain
		answers := pipe(t, options, server.StdioOptions{}, call(1, "fail", nil))
		require.Contains(t, answers[0].text(), "Something went wrong", name)
		require.NotContains(t, answers[0].text(), "refused", name)
	}
}

func TestRedactKnowsEveryKindOfKey(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"phx_", "pha_", "phr_", "phc_", "phs_"} {
		require.Equal(t, "a "+kind+"[redacted], b", server.Redact("a "+kind+"Ab9-_x, b"))
	}
	require.Equal(t, "graphx_tools and phz_x", server.Redact("graphx_tools and phz_x"))
}

func TestAMiddlewareSeesErrorsAndNeverPanics(t *testing.T) {
	var seen []error // one worker, so one call at a time
	options := newFixture().options()
	options.Middleware = []mcpserver.ToolHandlerMiddleware{func(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
		return func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			result, err := next(ctx, r)
			seen = append(seen, err)
			return result, err
		}
	}}
	stdio := server.StdioOptions{Workers: 1}
	pipe(t, options, stdio, call(1, "panic", nil), call(2, "fail", nil), call(3, "echo", nil))
	require.Len(t, seen, 3)
	require.Error(t, seen[0])
	require.ErrorContains(t, seen[1], "refused")
	require.NoError(t, seen[2])
}

// A handler with a constant answer may hand out the same result to every call.
func TestAResultMayBeShared(t *testing.T) {
	shared := mcp.NewToolResultStructured(map[string]any{"n": 1}, "one")
	options := server.Options{Name: "fixture", Version: "1", Tools: []mcpserver.ServerTool{{
		Tool:    mcp.NewTool("constant"),
		Handler: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return shared, nil },
	}}}
	var lines []string
	for id := range 64 {
		lines = append(lines, call(id, "constant", nil))
	}
	require.Len(t, byID(t, pipe(t, options, server.StdioOptions{}, lines...)), 64)
	require.IsType(t, map[string]any{}, shared.StructuredContent)
}

func resourceOptions(list func(context.Context, *mcp.ListResourcesRequest, *mcp.ListResourcesResult) error) server.Options {
	handler := func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		switch {
		case strings.HasSuffix(r.Params.URI, "/absent"):
			return nil, fmt.Errorf("no thing: %w", mcpserver.ErrResourceNotFound)
		case strings.HasSuffix(r.Params.URI, "/down"):
			return nil, errors.New("phx_canary123 is down")
		case strings.HasSuffix(r.Params.URI, "/panic"):
			panic("phx_canary123")
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, Text: "text"}}, nil
	}
	return server.Options{
		Name: "fixture", Version: "1", Explain: explain, ListResources: list,
		Templates: []mcpserver.ServerResourceTemplate{{
			Template: mcp.NewResourceTemplate("test://things/{id}", "thing"), Handler: handler,
		}},
	}
}

func TestReadingResources(t *testing.T) {
	for _, c := range []struct {
		uri, says    string
		legacy, code int
		named        bool
	}{
		{"test://things/absent", explainedText + "no thing", -32002, -32602, true},
		{"test://nowhere", "test://nowhere", -32002, -32602, true},
		{"test://things/down", explainedText + "phx_[redacted] is down", -32603, -32603, false},
		{"test://things/panic", "Something went wrong", -32603, -32603, false},
	} {
		answers := byID(t, pipe(t, resourceOptions(nil), server.StdioOptions{},
			request(1, "resources/read", map[string]any{"uri": c.uri}),
			request(2, "resources/read", modern(map[string]any{"uri": c.uri})),
		))
		for id, code := range map[string]int{"1": c.legacy, "2": c.code} {
			require.NotNil(t, answers[id].Error, c.uri)
			require.Equal(t, code, answers[id].Error.Code, c.uri)
			require.Contains(t, answers[id].Error.Message, c.says)
			if c.named {
				require.Equal(t, c.uri, answers[id].Error.Data["uri"])
			}
		}
	}
}

// An outage must not read like an empty list, and mcp-go's hook cannot report one.
func TestAListThatCannotBeMadeIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		list func(context.Context, *mcp.ListResourcesRequest, *mcp.ListResourcesResult) error
		says string
	}{
		"error": {func(context.Context, *mcp.ListResourcesRequest, *mcp.ListResourcesResult) error {
			return errors.New("PostHog is down")
		}, explainedText + "PostHog is down"},
		"panic": {func(context.Context, *mcp.ListResourcesRequest, *mcp.ListResourcesResult) error {
			panic("phx_canary123")
		},
			"Something went wrong"},
	} {
		answers := pipe(t, resourceOptions(c.list), server.StdioOptions{}, request(1, "resources/list", nil))
		require.NotNil(t, answers[0].Error, name)
		require.Equal(t, -32603, answers[0].Error.Code, name)
		require.Contains(t, answers[0].Error.Message, c.says, name)
	}
}

func TestListResourcesAddsToTheList(t *testing.T) {
	s := server.New(resourceOptions(func(_ context.Context, _ *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) error {
		result.Resources = append(result.Resources, mcp.NewResource("test://things/1", "same name"), mcp.NewResource("test://things/2", "same name"))
		return nil
	}))
	answer, ok := s.HandleMessage(context.Background(), []byte(request(1, "resources/list", nil))).(mcp.JSONRPCResponse)
	require.True(t, ok)
	require.Len(t, answer.Result.(mcp.ListResourcesResult).Resources, 2)
}

func TestAPromptsErrorIsInOurWords(t *testing.T) {
	options := server.Options{Name: "fixture", Version: "1", Explain: explain}
	for name, fail := range map[string]func() error{
		"fail":  func() error { return errors.New("phx_canary123") },
		"panic": func() error { panic("phx_canary123") },
	} {
		options.Prompts = append(options.Prompts, mcpserver.ServerPrompt{
			Prompt: mcp.NewPrompt(name),
			Handler: func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				return nil, fail()
			},
		})
	}
	for name, says := range map[string]string{"fail": explainedText + "phx_[redacted]", "panic": "Something went wrong"} {
		answers := pipe(t, options, server.StdioOptions{}, request(1, "prompts/get", map[string]any{"name": name}))
		require.Len(t, answers, 1)
		require.Contains(t, answers[0].Error.Message, says)
	}
}

// completions answers by the name of the argument.
type completions struct{}

func (c completions) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, known mcp.CompleteContext) (*mcp.Completion, error) {
	return c.CompletePromptArgument(ctx, uri, argument, known)
}

func (completions) CompletePromptArgument(_ context.Context, _ string, argument mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	switch argument.Name {
	case "fail":
		return nil, errors.New("phx_canary123")
	case "panic":
		panic("phx_canary123")
	case "nothing":
		return nil, nil
	}
	return &mcp.Completion{Values: make([]string, 150)}, nil
}

func TestCompletionIsHarmless(t *testing.T) {
	options := server.Options{Name: "fixture", Version: "1", CompletePrompt: completions{}, CompleteResource: completions{},
		Prompts:   []mcpserver.ServerPrompt{{Prompt: mcp.NewPrompt("known")}},
		Templates: []mcpserver.ServerResourceTemplate{{Template: mcp.NewResourceTemplate("test://{known}", "known")}},
	}
	for argument, values := range map[string]int{"fail": 0, "panic": 0, "nothing": 0, "many": 100} {
		for _, reference := range []struct {
			kind, name, uri string
			want            int
		}{
			{"ref/prompt", "known", "", values}, {"ref/prompt", "unknown", "", 0}, {"ref/prompt", "test://{known}x", "", 0},
			{"ref/resource", "", "test://{known}", values}, {"ref/resource", "", "test://unknown", 0},
		} {
			kind, want := reference.kind, reference.want
			answer := server.New(options).HandleMessage(context.Background(), []byte(request(1, "completion/complete", map[string]any{
				"ref":      map[string]any{"type": kind, "name": reference.name, "uri": reference.uri},
				"argument": map[string]any{"name": argument, "value": ""},
			})))
			response, ok := answer.(mcp.JSONRPCResponse)
			require.True(t, ok, "%s %s: %+v", kind, argument, answer)
			completion := response.Result.(mcp.CompleteResult).Completion
			require.NotNil(t, completion.Values)
			require.Len(t, completion.Values, want, "%s %s", kind, argument)
			require.Equal(t, want == 100, completion.HasMore)
		}
	}
}

// What is declared is a promise: clients act on it.
func TestCapabilities(t *testing.T) {
	for name, c := range map[string]struct {
		options server.Options
		want    []string
	}{
		"tools only": {newFixture().options(), []string{"tools"}},
		"everything": {func() server.Options {
			o := resourceOptions(nil)
			o.CompletePrompt = completions{}
			o.Prompts = []mcpserver.ServerPrompt{{Prompt: mcp.NewPrompt("p")}}
			return o
		}(), []string{"tools", "resources", "prompts", "completions"}},
	} {
		answer, ok := server.New(c.options).HandleMessage(context.Background(), []byte(initialize(1))).(mcp.JSONRPCResponse)
		require.True(t, ok, name)
		got := answer.Result.(mcp.InitializeResult).Capabilities
		declared := map[string]bool{
			"tools": got.Tools != nil, "resources": got.Resources != nil, "prompts": got.Prompts != nil,
			"completions": got.Completions != nil, "logging": got.Logging != nil, "tasks": got.Tasks != nil,
		}
		for capability, is := range declared {
			require.Equal(t, slices.Contains(c.want, capability), is, "%s: %s", name, capability)
		}
		if got.Resources != nil {
			require.False(t, got.Resources.Subscribe)
		}
	}
}

func TestATestServerMayDeclareMore(t *testing.T) {
	options := newFixture().options()
	options.Extra = []mcpserver.ServerOption{mcpserver.WithLogging(), mcpserver.WithResourceCapabilities(true, true)}
	answer, ok := server.New(options).HandleMessage(context.Background(), []byte(initialize(1))).(mcp.JSONRPCResponse)
	require.True(t, ok)
	got := answer.Result.(mcp.InitializeResult).Capabilities
	require.NotNil(t, got.Logging)
	require.True(t, got.Resources.Subscribe)
}

func TestOutputIsCheckedWhenAskedFor(t *testing.T) {
	tool := mcp.NewToolWithRawSchema("lie", "says one thing and does another", []byte(`{"type":"object"}`))
	tool.RawOutputSchema = []byte(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}`)
	for content, isError := range map[any]bool{"one": true, 1: false} {
		for _, check := range []bool{true, false} {
			options := server.Options{Name: "fixture", Version: "1", ValidateOutput: check, Tools: []mcpserver.ServerTool{{
				Tool: tool,
				Handler: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
					return mcp.NewToolResultStructured(map[string]any{"n": content}, "n"), nil
				},
			}}}
			answers := pipe(t, options, server.StdioOptions{}, call(1, "lie", nil))
			require.Equal(t, isError && check, answers[0].Result.IsError, "%v, checked: %v", content, check)
		}
	}
}

func TestOnlyListsMayBeShared(t *testing.T) {
	options := resourceOptions(nil)
	options.Tools = newFixture().tools()
	for method, public := range map[string]bool{
		"tools/list": true, "server/discover": true, "resources/templates/list": true, "prompts/list": true,
		"resources/list": false, "resources/read": false,
	} {
		options.Prompts = []mcpserver.ServerPrompt{{Prompt: mcp.NewPrompt("p")}}
		params := modern(map[string]any{"uri": "test://things/1"})
		answers := pipeRaw(t, options, request(1, method, params))
		require.Contains(t, answers, `"cacheScope":"`+map[bool]string{true: "public", false: "private"}[public]+`"`, method)
	}
}

func pipeRaw(t *testing.T, o server.Options, line string) string {
	t.Helper()
	stdioTurn.Lock()
	defer stdioTurn.Unlock()
	var out bytes.Buffer
	require.NoError(t, server.ServeStdio(context.Background(), server.New(o), strings.NewReader(line), &out, server.StdioOptions{}))
	return out.String()
}

func TestNotifyNeedsACall(t *testing.T) {
	t.Parallel()
	require.Error(t, server.Notify(context.Background(), "notifications/progress", nil))
}
