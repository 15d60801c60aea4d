package tools_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// isRoles tells requests that are about roles, where they are relationships.
func isRoles(method string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "relationship") && (method == "" || r.Method == method)
	}
}

// Where roles are relationships, a call takes several requests, and any of
// them can fail. Whatever fails in the middle, a result that comes is true, and
// where none comes nothing was done, or the text says that it is not known.
func TestFaultsInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, fault := range faults {
		for _, struck := range []string{http.MethodGet, http.MethodPost} {
			if fault.name == "hung" && struck == http.MethodGet {
				continue // takes as long as a read may, each time, and differs in nothing else
			}
			t.Run(fault.name+" on "+struck, func(t *testing.T) {
				t.Parallel()
				timeouts := client.Timeouts{Retry: 100 * time.Millisecond}
				if fault.name == "hung" {
					timeouts.Write = time.Second
				}
				failing := false
				meant := func(r *http.Request) bool { return failing && isRoles(struck)(r) }
				h := open(t, setup{generation: "current", key: canary, wrap: onlyFor(meant, fault.wrap), client: []client.Option{client.WithTimeouts(timeouts)},
					sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: canary, Scopes: []string{"*"}}}}})
				h.must("whoami", object{}) // which project and which PostHog this is, is known
				failing = true

				for tool, arguments := range map[string]object{
					"get_account": {"account": seed.AcmeID}, "list_accounts": {"csm": "grace@example.com", "search": "acme"},
				} {
					answer := h.call(tool, with(arguments, "project_id", 1))
					require.Equal(t, struck == http.MethodGet, answer.isError, "%s must not show roles that it could not read: %s", tool, answer.text)
					if answer.isError {
						requirePlain(t, h, answer.text)
					}
				}
				for name, arguments := range map[string]object{
					"only roles": {"csm": "linus@example.com", "account_owner": "grace@example.com"},
					"a name too": {"csm": "ada@example.com", "name": "Renamed"},
				} {
					stored := h.account(seed.AcmeID)
					answer := h.call("update_account", with(arguments, "account", seed.AcmeID))
					requirePlain(t, h, plainText(answer))
					h.requireTrue(t, name, arguments, answer, stored)
				}
				made := h.call("create_account", object{"name": "Made midway", "csm": "grace@example.com"})
				requirePlain(t, h, plainText(made))
				there := h.raw("GET", api+"accounts?search=Made+midway", nil).Get("results").Array()
				switch {
				case made.isError:
					require.Empty(t, there, "what PostHog would refuse is found out first: %s", made.text)
				default:
					require.Equal(t, http.MethodPost, struck)
					require.Equal(t, "partial", made.str("outcome"))
					require.Equal(t, there[0].Get("id").String(), made.str("target.id"))
				}
			})
		}
	}
}

// requireTrue holds a receipt against what is there.
func (h *house) requireTrue(t *testing.T, name string, asked object, answer result, stored object) {
	t.Helper()
	now := h.account(seed.AcmeID)
	if answer.isError && strings.Contains(answer.text, "could not be read back") {
		return // it says itself that it does not know
	}
	if answer.isError {
		require.Equal(t, stored, now, "%s: %s", name, answer.text)
		return
	}
	applied := true
	for field, wanted := range asked {
		actual := now[field]
		if role, is := now["properties"].(object)[field].(object); is {
			actual = role["email"]
		}
		require.Equal(t, actual, answer.get("after."+field).Value(), "%s: the receipt tells what is there", name)
		applied = applied && actual == wanted
	}
	require.Equal(t, applied, answer.str("outcome") == "applied", "%s: %s", name, answer.text)
	require.NotEmpty(t, answer.str("note"))
}

// plainText is what a reader is told: a refusal, or the remark of a receipt.
func plainText(answer result) string {
	if answer.isError {
		return answer.text
	}
	return answer.str("note")
}
