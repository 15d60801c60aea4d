package tools_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// rename gives a relationship definition another name, as an admin would.
func (h *house) rename(name, to string) {
	h.Helper()
	id := h.raw("GET", api+"account_relationship_definitions", nil).Get(`results.#(name=="` + name + `").id`).String()
	h.raw("PATCH", api+"account_relationship_definitions/"+id, object{"name": to})
}

// Teams name their relationships themselves. The usual spellings are known;
// for any other name a role is refused by what there is, never taken for held
// by nobody.
func TestRolesByOtherNames(t *testing.T) {
	t.Parallel()
	for _, generation := range []string{"bridge", "current"} {
		h := open(t, setup{generation: generation})
		h.rename("CSM", "Customer Success Manager")
		require.Equal(t, "grace@example.com", h.must("get_account", object{"account": seed.AcmeID}).str("account.csm"))
		h.rename("Customer Success Manager", "Gärtner \u202e")
		require.Empty(t, h.must("get_account", object{"account": seed.AcmeID}).str("account.csm"))
		all := h.must("get_account", object{"account": seed.AcmeID, "include": []string{"relationships"}})
		require.Equal(t, []string{"account_executive", "account_owner", "Gärtner \u202e"}, all.strings("relationships.#.role"))
		for _, refusal := range []string{
			h.refused("update_account", object{"account": seed.AcmeID, "csm": "linus@example.com", "name": "X"}),
			h.refused("update_account", object{"account": seed.AcmeID, "csm": "linus@example.com", "dry_run": true}),
			h.refused("create_account", object{"name": "X", "csm": "linus@example.com"}),
			h.refused("list_accounts", object{"csm": "grace@example.com"}),
			h.refused("list_accounts", object{"csm": "unassigned"}),
		} {
			require.Contains(t, refusal, "no relationship that is the csm. It has: Account executive, Account owner, Gärtner")
			require.Contains(t, refusal, `\u202e`, "what hides is shown as an escape")
		}
		require.Empty(t, h.raw("GET", api+"accounts?search=X&include_churned=true", nil).Get(`results.#(name=="X")`).Raw)
	}
}

// A project that never defined a relationship has no roles to give.
func TestNoRolesDefined(t *testing.T) {
	t.Parallel()
	h := open(t, setup{generation: "current"})
	for _, definition := range h.raw("GET", api+"account_relationship_definitions", nil).Get("results.#.id").Array() {
		h.raw("DELETE", api+"account_relationship_definitions/"+definition.String(), nil)
	}
	require.Contains(t, h.refused("update_account", object{"account": seed.AcmeID, "csm": "me"}), "has defined none")
	require.Contains(t, h.refused("list_accounts", object{"csm": "me"}), "has defined none")
	require.Equal(t, "applied", h.must("update_account", object{"account": seed.AcmeID, "name": "A"}).str("outcome"), "all else works")
	require.EqualValues(t, h.shown(anyAccount), h.must("list_accounts", object{"all_roles_unassigned": true}).get("total").Int())
}

// A role whose holder was deleted from PostHog is held by nobody: it is shown
// so, found so, and can be given to somebody.
func TestRoleOfADeletedUser(t *testing.T) {
	t.Parallel()
	deleted := changeAnswers(func(r *http.Request, body string) string {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/relationships") {
			return strings.ReplaceAll(body, `"user":{"id":2,"email":"grace@example.com"}`, `"user":null`)
		}
		return body
	})
	h := open(t, setup{generation: "current", wrap: deleted})
	shown := h.must("get_account", object{"account": seed.AcmeID, "include": []string{"relationships"}})
	require.Empty(t, shown.str("account.csm"))
	require.Equal(t, "csm", shown.str("relationships.0.role"))
	require.False(t, shown.get("relationships.0.user").Exists())
	require.Contains(t, h.must("list_accounts", object{"csm": "unassigned", "search": seed.AcmeName}).strings("rows.#.id"), seed.AcmeID)
	r := h.must("update_account", object{"account": seed.AcmeID, "csm": "linus@example.com"})
	require.Equal(t, `applied {"csm":null} {"csm":"linus@example.com"}`, r.str("outcome")+" "+r.get("before").Raw+" "+r.get("after").Raw)
}

// Where several colleagues may hold a role at once, giving it adds one, a
// filter finds all of them, and taking it off ends all.
func TestRoleOfSeveralHolders(t *testing.T) {
	t.Parallel()
	h := open(t, setup{generation: "current", sandbox: sandbox.Options{Empty: true, EndableByKeys: true}})
	csm := h.raw("GET", api+"account_relationship_definitions", nil).Get(`results.#(name=="CSM").id`).String()
	h.raw("PATCH", api+"account_relationship_definitions/"+csm, object{"is_single_holder": false})
	id := h.must("create_account", object{"name": "Shared", "csm": "grace@example.com"}).str("target.id")
	require.Equal(t, "applied", h.must("update_account", object{"account": id, "csm": "linus@example.com"}).str("outcome"))
	for _, who := range []string{"grace@example.com", "linus@example.com"} {
		require.Equal(t, []string{id}, h.must("list_accounts", object{"csm": who}).strings("rows.#.id"))
	}
	require.Empty(t, h.must("list_accounts", object{"csm": "me"}).strings("rows.#.id"))
	require.Empty(t, h.must("list_accounts", object{"csm": "unassigned"}).strings("rows.#.id"))
	require.Equal(t, "applied", h.must("update_account", object{"account": id, "csm": "none"}).str("outcome"))
	require.Empty(t, h.raw("GET", api+"accounts/"+id+"/relationships", nil).Array())
}

// A key that may not list the organisation's members gives roles by user id,
// and takes them back.
func TestRolesByIdWithALimitedKey(t *testing.T) {
	t.Parallel()
	for _, g := range generations {
		limited := sandbox.Key{Value: "phx_limited", Scopes: []string{"*"}, Projects: []int64{1}}
		h := open(t, setup{generation: g.name, key: "phx_limited", sandbox: sandbox.Options{Keys: []sandbox.Key{limited}}})
		before := h.account(seed.AcmeID)
		require.Equal(t, "ignored", h.must("update_account", object{"account": seed.AcmeID, "csm": "2"}).str("outcome"))
		r := h.must("update_account", object{"account": seed.AcmeID, "csm": "3"})
		require.Equal(t, `applied {"csm":"grace@example.com"} {"csm":"linus@example.com"}`, r.str("outcome")+" "+r.get("before").Raw+" "+r.get("after").Raw)
		undo, arguments := asCall(t, r.str("undo"))
		require.Equal(t, "applied", h.must(undo, arguments).str("outcome"), g.name)
		require.Equal(t, before, h.account(seed.AcmeID))
		made := h.must("create_account", object{"name": "By id", "account_owner": "1"})
		require.Equal(t, "ada@example.com", made.str("after.account_owner"))
		h.refused("update_account", object{"account": seed.AcmeID, "csm": "999"})
		h.refused("update_account", object{"account": seed.AcmeID, "csm": "grace@example.com"})
		require.Equal(t, before, h.account(seed.AcmeID))
	}
}

// Relationships that a team invented for itself do not show that roles are
// relationships too.
func TestTeamsOwnRelationshipsProveNothing(t *testing.T) {
	t.Parallel()
	invented := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path := strings.TrimSuffix(r.URL.Path, "/")
			definition := `{"id":"01943aa0-e000-7c51-9a0e-3b7d5c2f8e99","name":"FDE","description":null,"is_single_holder":true}`
			switch {
			case strings.HasSuffix(path, "/account_relationship_definitions"):
				answering(200, "application/json", `{"count":1,"next":null,"previous":null,"results":[`+definition+`]}`)(nil).ServeHTTP(w, r)
			case strings.HasSuffix(path, "/relationships"):
				answering(200, "application/json", `[{"id":"01943aa0-e000-7c51-9a0e-3b7d5c2f8e98","definition":`+definition+`,"user":{"id":3,"email":"linus@example.com"},"started_at":"2026-01-01T00:00:00Z","ended_at":null}]`)(nil).ServeHTTP(w, r)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
	h := open(t, setup{generation: "documented", wrap: invented})
	id := h.must("create_account", object{"name": "Without roles"}).str("target.id")
	h.must("get_account", object{"account": id})
	before := h.account(seed.AcmeID)
	require.Equal(t, "applied", h.must("update_account", object{"account": seed.AcmeID, "set": object{"billing_id": "b"}}).str("outcome"))
	before["properties"].(object)["billing_id"] = "b"
	require.Equal(t, before, h.account(seed.AcmeID), "its roles are where they were")
	require.Equal(t, "applied", h.must("update_account", object{"account": id, "csm": "me"}).str("outcome"))
	require.Equal(t, object{"id": 1.0, "email": "ada@example.com"}, h.account(id)["properties"].(object)["csm"])
}

// A churned account is hidden from lists but not from names: it makes a name
// ambiguous, and the candidates say so.
func TestChurnedNamesakes(t *testing.T) {
	t.Parallel()
	h := open(t, setup{generation: "current"})
	id := h.raw("POST", api+"accounts", object{"name": seed.AcmeName, "churned_at": "2026-01-01T00:00:00Z"}).Get("id").String()
	text := h.refused("update_account", object{"account": seed.AcmeName, "name": "X"})
	require.Contains(t, text, "fits 2 accounts")
	require.Contains(t, text, id)
	require.Contains(t, text, "no external id, churned")
}
