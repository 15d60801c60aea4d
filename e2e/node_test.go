package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireNode makes a missing Node.js, or missing packages, a failure and not a reason to skip.
const requireNode = "E2E_REQUIRE_NODE"

// node runs a script with Node.js and returns what it printed.
func node(t *testing.T, arguments ...string) string {
	t.Helper()
	program, reason := findNode()
	if reason != "" {
		require.Empty(t, os.Getenv(requireNode), reason)
		t.Skip(reason)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, "%s\n%s", out, errs.String())
	return strings.TrimSpace(string(out))
}

// findNode finds Node.js and the packages of package.json, or says why these tests are skipped.
func findNode() (program, reason string) {
	program, err := exec.LookPath("node")
	if err != nil {
		return "", "there is no Node.js on the PATH"
	}
	for _, name := range []string{"@modelcontextprotocol/sdk", "@modelcontextprotocol/client", "@modelcontextprotocol/inspector", "posthog-node"} {
		if _, err := os.Stat(filepath.Join("node_modules", name, "package.json")); err != nil {
			return "", "the package " + name + " is not installed: run npm ci --prefix e2e"
		}
	}
	return program, ""
}

// target starts a server for a transport and returns what a client needs to reach it.
func target(t *testing.T, way string) string {
	t.Helper()
	switch way {
	case "stdio":
		return binary
	case "http":
		_, origin := serve(t, nil, "--sandbox")
		return origin + "/mcp"
	default:
		_, origin := serve(t, nil, "--sandbox", "--sse")
		return origin + "/sse"
	}
}

func TestOfficialSDK(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"stdio", "http", "sse"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "ok", node(t, "ts/sdk.mjs", way, target(t, way)))
		})
	}
}

func TestOfficialClientInEveryEra(t *testing.T) {
	t.Parallel()
	for mode, version := range map[string]string{"legacy": legacy, "auto": modern, "pin": modern} {
		for _, way := range []string{"stdio", "http", "sse"} {
			t.Run(mode+" "+way, func(t *testing.T) {
				t.Parallel()
				require.Equal(t, version, node(t, "ts/client.mjs", mode, way, target(t, way)))
			})
		}
	}
}

// TestPostHogsOwnSDK: what applications send arrives, and our tools show what became of it.
func TestPostHogsOwnSDK(t *testing.T) {
	t.Parallel()
	origin, environment := lookalike(t, "--empty")
	require.Equal(t, "ok", node(t, "ts/posthog.mjs", origin))

	do := callerOf(stdioClient(t, environment))
	require.EqualValues(t, 2, ok(t, do(t, "list_persons", object{})).Get("total").Int())

	ada := ok(t, do(t, "get_person", object{"person": "adas-phone"})).Get("person")
	require.Equal(t, "ada@customer.example", ada.Get("email").String())
	require.Equal(t, "pro", ada.Get("properties.plan").String(), "set once does not overwrite")
	require.Equal(t, "web", ada.Get("properties.source").String())
	require.EqualValues(t, 3, ada.Get("properties.seats").Int())
	require.ElementsMatch(t, []string{"ada", "adas-phone"}, texts(ada.Get("distinct_ids")))

	grace := ok(t, do(t, "get_person", object{"person": "grace@customer.example"})).Get("person")
	require.Equal(t, "Amazing", grace.Get("properties.nickname").String())
	require.ElementsMatch(t, []string{"grace-new", "grace-old"}, texts(grace.Get("distinct_ids")))
}

// TestInspectorFindsNoFaultWithTheSchemas: its strict mode knows what the schemas of tools must look like for
// the clients and models there are.
func TestInspectorFindsNoFaultWithTheSchemas(t *testing.T) {
	t.Parallel()
	inspector := "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
	out := node(t, inspector, "--cli", binary, "--sandbox", "--method", "tools/list", "--strict")
	require.Contains(t, out, "list_accounts")
	out = node(t, inspector, "--cli", target(t, "http"), "--transport", "http", "--method", "tools/list", "--strict")
	require.Contains(t, out, "list_accounts")
}
