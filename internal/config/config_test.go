package config_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/internal/policy"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/tools"
)

// Tests of the environment share the process's and do not run in parallel.

func parse(t *testing.T, arguments ...string) config.Chosen {
	t.Helper()
	chosen, err := config.Parse(arguments, io.Discard)
	require.NoError(t, err)
	return chosen
}

func TestFlagsBeatTheEnvironment(t *testing.T) {
	t.Setenv("POSTHOG_PROJECT_ID", "7")
	t.Setenv("POSTHOG_MCP_READ_ONLY", "1")
	t.Setenv("POSTHOG_MCP_TOOLSETS", "persons")
	t.Setenv("POSTHOG_MCP_HTTP", "127.0.0.1:1")
	serve := parse(t).Serve
	require.Equal(t, "7", serve.Project)
	require.True(t, serve.ReadOnly)
	require.Equal(t, []string{"persons"}, serve.Toolsets)
	require.Equal(t, "127.0.0.1:1", serve.HTTP)

	serve = parse(t, "--project", "8", "--read-only=false", "--toolsets", "accounts,notebooks", "--http", "127.0.0.1:2").Serve
	project, err := serve.ProjectID()
	require.NoError(t, err)
	require.EqualValues(t, 8, project)
	require.False(t, serve.ReadOnly)
	selection, err := serve.Selection()
	require.NoError(t, err)
	require.Equal(t, []tools.Toolset{tools.Accounts, tools.Notebooks}, selection.Toolsets)
	require.Equal(t, "127.0.0.1:2", serve.HTTP)
}

// Clients hand over empty values, or the placeholder of their configuration,
// for what was left out.
func TestEmptyAndPlaceholderAreAbsent(t *testing.T) {
	for _, nothing := range []string{"", "  ", "${POSTHOG_API_KEY}", "${input:posthog_key}", " ${} "} {
		for _, name := range []string{"POSTHOG_API_KEY", "POSTHOG_API_KEY_FILE", "POSTHOG_HOST", "POSTHOG_PROJECT_ID", "POSTHOG_MCP_READ_ONLY", "POSTHOG_MCP_TOOLSETS", "POSTHOG_MCP_HTTP", "POSTHOG_MCP_SANDBOX"} {
			t.Setenv(name, nothing)
		}
		serve := parse(t).Serve
		require.True(t, serve.PostHog.Key.IsZero())
		require.Equal(t, "us", serve.PostHog.Host)
		project, err := serve.ProjectID()
		require.NoError(t, err)
		require.Zero(t, project)
		selection, err := serve.Selection()
		require.NoError(t, err)
		require.Equal(t, tools.Selection{}, selection)
		require.Empty(t, serve.HTTP)
	}
	serve := parse(t, "--project", "${user_config.project}", "--toolsets", "").Serve
	project, err := serve.ProjectID()
	require.NoError(t, err)
	require.Zero(t, project)
}

// A flag that holds nothing is absent like a variable that does: what the
// environment or the default says takes its place.
func TestFlagsThatHoldNothingAreAbsent(t *testing.T) {
	t.Setenv("POSTHOG_PROJECT_ID", "7")
	for _, nothing := range []string{"", " ", "${user_config.value}"} {
		serve := parse(t, "--profile", nothing, "--read-only", "--project="+nothing, "--http", nothing, "--max-rows="+nothing, "--retention", nothing, "--sandbox", "--journal", nothing).Serve
		require.Equal(t, sandbox.Documented, serve.Profile)
		require.True(t, serve.ReadOnly && serve.Sandbox)
		require.Equal(t, "7", serve.Project)
		require.Empty(t, serve.HTTP)
		require.Equal(t, tools.DefaultMaxRows, serve.MaxRows)
		require.False(t, serve.JournalOff())
		// A switch takes no word of its own, and arguments are not flags.
		call := parse(t, "call", "resolve", nothing, "--json", "--sandbox").Call
		require.Equal(t, nothing, call.Arguments)
		require.True(t, call.JSON && call.Sandbox)
	}
	require.Equal(t, "${x}", parse(t, "call", "--json", "resolve", "--", "${x}").Call.Arguments)
}

// The look-alike on its own takes its options from the environment, too.
func TestSandboxEnvironment(t *testing.T) {
	for name, value := range map[string]string{"LISTEN": "127.0.0.1:1", "PROFILE": "current", "EMPTY": "1", "KEY": "phx_a=account:read,person:read", "LAG": "2s", "THROTTLE": "true"} {
		t.Setenv("POSTHOG_MCP_"+name, value)
	}
	got := parse(t, "sandbox", "--lag", "3s").Sandbox
	require.Equal(t, "127.0.0.1:1", got.Listen)
	require.Equal(t, sandbox.Current, got.Profile)
	require.True(t, got.Empty && got.Throttle)
	require.Equal(t, []sandbox.Key{{Value: "phx_a", Scopes: []string{"account:read", "person:read"}}}, got.Keys)
	require.Equal(t, 3*time.Second, got.Lag)
}

const secret = "phx_canary0123456789"

// The key comes from the environment or a file, and from nowhere else.
func TestKey(t *testing.T) {
	t.Setenv("POSTHOG_API_KEY", " "+secret+"\n")
	fromEnvironment := parse(t).Serve.PostHog.Key
	require.False(t, fromEnvironment.IsZero())

	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte(secret+"\r\n"), 0o600))
	t.Setenv("POSTHOG_API_KEY", "")
	t.Setenv("POSTHOG_API_KEY_FILE", file)
	require.Equal(t, fromEnvironment, parse(t).Serve.PostHog.Key)

	require.True(t, parse(t, "--sandbox").Serve.PostHog.Key.IsZero(), "the sandbox has a key of its own")

	options, err := config.Options()
	require.NoError(t, err)
	for _, option := range options {
		require.False(t, strings.Contains(option.Flag, "key") || strings.Contains(option.Flag, "token"), "--%s", option.Flag)
	}
	for _, flag := range []string{"--api-key", "--key", "--posthog-api-key"} {
		_, err := config.Parse([]string{flag + "=" + secret}, io.Discard)
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
	}
}

// What cannot be understood is refused with the name of the option, never
// with the text of a key.
func TestErrorsNameTheOption(t *testing.T) {
	for _, test := range []struct {
		variable, value string
		arguments       []string
		want            string
	}{
		{"POSTHOG_API_KEY", "phc_canary0123456789", nil, "POSTHOG_API_KEY"},
		{"POSTHOG_API_KEY", "Bearer " + secret, nil, "POSTHOG_API_KEY"},
		{"POSTHOG_API_KEY_FILE", "/no/such/file", nil, "POSTHOG_API_KEY_FILE"},
		{"POSTHOG_PROJECT_ID", "@current", nil, "POSTHOG_PROJECT_ID"},
		{"", "", []string{"--project", "-3"}, "--project"},
		{"", "", []string{"--toolsets", "acounts"}, "--toolsets"},
		{"POSTHOG_MCP_TOOLSETS", "acounts", nil, "toolset"},
		{"", "", []string{"--sse"}, "need --http"},
		{"", "", []string{"--no-such-flag"}, "no-such-flag"},
		{"", "", []string{"call"}, "tool"},
		{"", "", []string{"--profile", "2019"}, "--profile"},
	} {
		t.Run(test.want, func(t *testing.T) {
			if test.variable != "" {
				t.Setenv(test.variable, test.value)
			}
			_, err := config.Parse(test.arguments, io.Discard)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestCommands(t *testing.T) {
	require.True(t, parse(t, "version").Version)
	call := parse(t, "call", "list_accounts", `{"limit":5}`, "--sandbox", "--json").Call
	require.Equal(t, "list_accounts", call.Tool)
	require.Equal(t, `{"limit":5}`, call.Arguments)
	require.True(t, call.JSON && call.Server.Sandbox)

	var help bytes.Buffer
	_, err := config.Parse([]string{"--help"}, &help)
	require.ErrorIs(t, err, config.ErrHelp)
	for _, flag := range []string{"--sandbox", "--http", "--read-only", "--toolsets", "--project", "--callers"} {
		require.Contains(t, help.String(), flag)
	}
}

func TestConfirm(t *testing.T) {
	every := []tools.Toolset{tools.Accounts, tools.Notebooks, tools.Properties, tools.Persons, tools.Portfolio, tools.Journal}
	for given, want := range map[string][]tools.Toolset{
		"":                                 {},
		"${POSTHOG_MCP_CONFIRM}":           {},
		"ask":                              {},
		"never":                            every,
		"accounts:never":                   {tools.Accounts},
		"accounts:never,persons:ask":       {tools.Accounts},
		" persons:never , accounts:never ": {tools.Accounts, tools.Persons},
		"persons:ask,never":                {tools.Accounts, tools.Notebooks, tools.Properties, tools.Portfolio, tools.Journal},
		"ask,persons:never":                {tools.Persons},
	} {
		t.Setenv("POSTHOG_MCP_CONFIRM", given)
		unasked, err := parse(t).Serve.Unasked()
		require.NoError(t, err, given)
		require.Equal(t, want, unasked, given)
		if given != "" {
			unasked, err = parse(t, "--confirm", "ask").Serve.Unasked()
			require.NoError(t, err)
			require.Empty(t, unasked, "the flag beats the environment")
		}
	}
	t.Setenv("POSTHOG_MCP_CONFIRM", "")
	for _, wrong := range []string{"no", "false", "Never", "0", "never,ask", "acounts:never", "accounts:", ":never", "accounts:never,accounts:ask", "accounts=never"} {
		_, err := config.Parse([]string{"--confirm", wrong}, io.Discard)
		var usage *config.UsageError
		require.ErrorAs(t, err, &usage, wrong)
		require.Contains(t, err.Error(), "--confirm", wrong)
	}
}

func TestPolicy(t *testing.T) {
	nothingAllowed, err := policy.New([]string{policy.Nothing}, []string{policy.Nothing})
	require.NoError(t, err)
	for given, want := range map[string]bool{"": true, "${POSTHOG_MCP_ALLOW_FIELDS}": true, "csm, plan*": true, "persons:csm": false, "none": false} {
		t.Setenv("POSTHOG_MCP_ALLOW_FIELDS", given)
		t.Setenv("POSTHOG_MCP_ALLOW_TAGS", "none")
		serve := parse(t).Serve
		allowed, err := serve.Policy()
		require.NoError(t, err)
		require.Equal(t, want, allowed.Fields(policy.Account, "csm") == nil, given)
		require.Error(t, allowed.Tags("any"))
		require.Equal(t, tools.DefaultMaxRows, serve.MaxRows)
		serve = parse(t, "--allow-fields", "none", "--max-rows", "7").Serve
		allowed, err = serve.Policy()
		require.NoError(t, err)
		require.Equal(t, nothingAllowed, allowed, "the flag beats the environment")
		require.Equal(t, 7, serve.MaxRows)
	}
	t.Setenv("POSTHOG_MCP_ALLOW_FIELDS", "")
	t.Setenv("POSTHOG_MCP_MAX_ROWS", "9")
	require.Equal(t, 9, parse(t).Serve.MaxRows)
	for option, value := range map[string]string{"--allow-fields": "a*b", "--allow-tags": "**", "--max-rows": "0"} {
		_, err := config.Parse([]string{option, value}, io.Discard)
		var usage *config.UsageError
		require.ErrorAs(t, err, &usage, option)
		require.Contains(t, err.Error(), option)
	}
}

func TestAges(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 30 * 24 * time.Hour, "0": 0, "0d": 0, "90m": 90 * time.Minute, "36h": 36 * time.Hour} {
		purge := parse(t, "journal", "purge", "--older-than", text).Journal
		require.True(t, purge.Removes)
		require.Equal(t, want, purge.OlderThan(), text)
	}
	for _, wrong := range []string{"d", "-1d", "-1h", "1w", "40000d", "1.5d", "soon"} {
		_, err := config.Parse([]string{"journal", "purge", "--older-than=" + wrong}, io.Discard)
		var usage *config.UsageError
		require.ErrorAs(t, err, &usage, wrong)
	}
	t.Setenv("POSTHOG_MCP_RETENTION", "7d")
	t.Setenv("POSTHOG_API_KEY", "no key at all")
	require.Equal(t, 7*24*time.Hour, parse(t, "journal", "purge").Journal.OlderThan(), "what retention would remove; no key is read")
	require.Equal(t, 7*24*time.Hour, parse(t, "journal", "purge", "--older-than=").Journal.OlderThan(), "an empty value is absent")
	require.False(t, parse(t, "journal").Journal.Removes)
}
