package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// A newer PostHog leaves churned and ignored accounts out of lists. An empty
// list says so instead of reading like "there is none", and a name still finds
// the account.
func TestHiddenAccountsAreMentioned(t *testing.T) {
	t.Parallel()
	h := open(t, setup{generation: "current"})
	shown := h.must("list_accounts", object{"limit": 200, "fields": []string{"name"}})
	visible := map[string]bool{}
	for _, row := range shown.get("rows").Array() {
		visible[row.Get("name").String()] = true
	}
	var hidden string
	for _, row := range h.must("list_accounts", object{"include_churned": true, "ordering": "name", "limit": 200, "max_tokens": 20000, "fields": []string{"name", "churned_at"}}).get("rows").Array() {
		if row.Get("churned_at").Exists() {
			hidden = row.Get("name").String()
		}
	}
	require.NotEmpty(t, hidden)

	empty := h.must("list_accounts", object{"search": hidden})
	require.Zero(t, empty.get("total").Int())
	require.Contains(t, empty.str("note"), "1 churned or ignored accounts fit")
	require.Empty(t, h.must("list_accounts", object{"search": "no account is called this"}).str("note"))
	require.Equal(t, hidden, h.must("get_account", object{"account": hidden}).str("account.name"))
}

// Only admins may change which e-mail domains make an account, and a change of
// properties that leaves them out would empty them. A member changes any other
// property all the same.
func TestMembersKeepEmailDomains(t *testing.T) {
	t.Parallel()
	member := sandbox.Key{Value: "phx_member", Scopes: []string{"*"}, User: seed.Grace}
	h := open(t, setup{generation: "current", key: "phx_member", sandbox: sandbox.Options{Keys: []sandbox.Key{member}}})
	wanted := h.account(seed.AcmeID)
	require.NotEmpty(t, wanted["properties"].(object)["email_domains"])
	require.Equal(t, "applied", h.must("update_account", object{"account": seed.AcmeID, "set": object{"billing_id": "b"}, "csm": "me"}).str("outcome"))
	wanted["properties"].(object)["billing_id"] = "b"
	require.Equal(t, wanted, h.account(seed.AcmeID))
	text := h.refused("update_account", object{"account": seed.AcmeID, "set": object{"email_domains": []string{"other.example"}}})
	require.Contains(t, text, "does not allow")
	require.Equal(t, wanted, h.account(seed.AcmeID))
}
