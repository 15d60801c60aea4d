package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// TestStartsWithoutKey: a client shows the tools of a server that is not set up yet, and a call says how to
// set it up. What clients send for a variable nobody set counts as not set.
func TestStartsWithoutKey(t *testing.T) {
	t.Parallel()
	for name, environment := range map[string][]string{
		"nothing set":      nil,
		"empty":            {"POSTHOG_API_KEY=", "POSTHOG_HOST=", "POSTHOG_PROJECT_ID=", "POSTHOG_MCP_READ_ONLY="},
		"unfilled":         {"POSTHOG_API_KEY=${POSTHOG_API_KEY}", "POSTHOG_HOST=${POSTHOG_HOST}", "POSTHOG_PROJECT_ID=${input:project}"},
		"unfilled in file": {"POSTHOG_API_KEY_FILE=" + secretFile(t, "${POSTHOG_API_KEY}")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := run(t, environment)
			p.ask(hello(1))
			require.Len(t, p.ask(request(legacy, 2, "tools/list", nil)).Get("result.tools").Array(), len(toolNames))
			said := refused(t, p.ask(call(legacy, 3, "list_accounts", object{})).Get("result"))
			require.Contains(t, said, "POSTHOG_API_KEY")
			require.Contains(t, said, "--sandbox")
		})
	}
}

// TestNoNetworkBeforeACall: starting, shaking hands and listing touch nothing, so a wrong host or key delays
// no client.
func TestNoNetworkBeforeACall(t *testing.T) {
	t.Parallel()
	upstream := newCountingListener(t)
	p := run(t, []string{"POSTHOG_HOST=" + upstream.origin, "POSTHOG_API_KEY=phx_test"})
	p.ask(hello(1))
	p.ask(request(modern, 2, "server/discover", nil))
	for i, list := range []string{"tools/list", "prompts/list", "resources/templates/list"} {
		require.True(t, p.ask(request(legacy, 10+i, list, nil)).Get("result").Exists())
	}
	require.Zero(t, upstream.connections.Load())

	said := refused(t, p.ask(call(legacy, 20, "whoami", object{})).Get("result"))
	require.NotContains(t, said, "phx_test")
	require.Positive(t, upstream.connections.Load(), "the listener counts nothing")
}

func TestKeyFromAFile(t *testing.T) {
	t.Parallel()
	origin, _ := lookalike(t, "--key", "phx_fromfile=account:read,user:read")
	p := run(t, []string{"POSTHOG_HOST=" + origin, "POSTHOG_API_KEY_FILE=" + secretFile(t, "phx_fromfile\n")})
	p.ask(hello(1))
	who := ok(t, p.ask(call(legacy, 2, "whoami", object{})).Get("result"))
	require.Contains(t, who.Get("key.scopes").String(), "account:read")

	_, errs, code := finish(t, []string{"POSTHOG_API_KEY_FILE=" + filepath.Join(t.TempDir(), "none")}, "")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "POSTHOG_API_KEY_FILE")
}

// TestAKeyThatIsNoKey is refused at the start, in words that do not repeat it.
func TestAKeyThatIsNoKey(t *testing.T) {
	t.Parallel()
	_, errs, code := finish(t, []string{"POSTHOG_API_KEY=phx_with\nnewline"}, "")
	require.NotZero(t, code)
	require.Contains(t, errs, "POSTHOG_API_KEY")
	require.NotContains(t, errs, "phx_with")
}

// TestReadOnly lists no tool that changes anything, and sends no write when one is called all the same.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	changes := func(tool string) bool {
		verb, _, _ := strings.Cut(tool, "_")
		return !slices.Contains([]string{"audit", "get", "list", "resolve", "search", "whoami"}, verb)
	}
	reading := slices.DeleteFunc(slices.Clone(toolNames), changes)
	for name, start := range map[string]func() *process{
		"flag":        func() *process { return run(t, nil, "--sandbox", "--read-only") },
		"environment": func() *process { return run(t, []string{"POSTHOG_MCP_READ_ONLY=1", "POSTHOG_MCP_SANDBOX=1"}) },
	} {
		p := start()
		p.ask(hello(1))
		var tools []string
		for _, tool := range p.ask(request(legacy, 2, "tools/list", nil)).Get("result.tools").Array() {
			require.True(t, tool.Get("annotations.readOnlyHint").Bool(), tool.Get("name").String())
			tools = append(tools, tool.Get("name").String())
		}
		require.Equal(t, reading, tools, name)
		require.True(t, p.ask(call(legacy, 3, "create_account", object{"name": "x"})).Get("error").Exists())
		require.EqualValues(t, 412, ok(t, p.ask(call(legacy, 4, "list_accounts", object{"limit": 1})).Get("result")).Get("total").Int())
	}
}

func TestPinnedProjectAndToolsets(t *testing.T) {
	t.Parallel()
	p := run(t, []string{"POSTHOG_PROJECT_ID=1"}, "--sandbox", "--toolsets", "accounts")
	p.ask(hello(1))
	var tools []string
	p.ask(request(legacy, 2, "tools/list", nil)).Get("result.tools").ForEach(func(_, tool gjson.Result) bool {
		require.False(t, tool.Get("inputSchema.properties.project_id").Exists(), tool.Get("name").String())
		tools = append(tools, tool.Get("name").String())
		return true
	})
	require.Equal(t, []string{"create_account", "delete_account", "get_account", "list_accounts", "update_account", "whoami"}, tools)
	require.EqualValues(t, 1, ok(t, p.ask(call(legacy, 3, "list_accounts", object{"limit": 1})).Get("result")).Get("project_id").Int())
}

func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
