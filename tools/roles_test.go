package tools_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// An account that was made with roles has them, wherever PostHog keeps them,
// even if this is the first thing anybody asks of it.
func TestRolesOfANewAccount(t *testing.T) {
	t.Parallel()
	for _, options := range []sandbox.Options{{}, {Empty: true}} {
		h := open(t, setup{sandbox: options})
		r := h.must("create_account", object{"name": "New", "csm": "GRACE@example.com", "account_owner": "3", "account_executive": "me"})
		require.Equal(t, "applied", r.str("outcome"), r.text)
		require.Equal(t, `{"account_executive":"ada@example.com","account_owner":"linus@example.com","csm":"grace@example.com","name":"New"}`, r.get("after").Raw)
		id := r.str("target.id")
		require.Equal(t, object{
			"csm":               object{"id": 2.0, "email": "grace@example.com"},
			"account_executive": object{"id": 1.0, "email": "ada@example.com"},
			"account_owner":     object{"id": 3.0, "email": "linus@example.com"},
		}, h.account(id)["properties"])

		r = h.must("update_account", object{"account": id, "csm": "linus@example.com", "set": object{"billing_id": "b"}})
		require.Equal(t, `{"billing_id":null,"csm":"grace@example.com"} {"billing_id":"b","csm":"linus@example.com"}`, r.get("before").Raw+" "+r.get("after").Raw)
		require.Equal(t, "linus@example.com", h.must("get_account", object{"account": id}).str("account.csm"))
		row := h.must("list_accounts", object{"search": "New", "csm": "3", "account_executive": "me", "limit": 200})
		require.Contains(t, row.strings("rows.#.id"), id)
		undo, arguments := asCall(t, r.str("undo"))
		require.Equal(t, "applied", h.must(undo, arguments).str("outcome"))
		require.Equal(t, object{"id": 2.0, "email": "grace@example.com"}, h.account(id)["properties"].(object)["csm"])
	}
}

// What this server changed it shows at once; what somebody else changed may be
// shown as it was for two minutes, and the list says so.
func TestRolesInListsAreFresh(t *testing.T) {
	t.Parallel()
	h := open(t, setup{generation: "current"})
	search := object{"search": seed.AcmeName}
	csm := func(r result) string { return r.str(`rows.#(id=="` + seed.AcmeID + `").csm`) }
	first := h.must("list_accounts", search)
	require.Equal(t, "grace@example.com", csm(first))
	require.Empty(t, first.str("note"), "all was read just now")
	h.must("update_account", object{"account": seed.AcmeID, "csm": "linus@example.com"})
	require.Equal(t, "linus@example.com", csm(h.must("list_accounts", search)))

	h.assign(seed.AcmeID, "CSM", seed.Ada)
	second := h.must("list_accounts", search)
	require.Contains(t, second.str("note"), "last two minutes")
	require.Equal(t, "ada@example.com", h.must("get_account", object{"account": seed.AcmeID}).str("account.csm"), "one account is always read anew")
	require.Equal(t, "ada@example.com", csm(h.must("list_accounts", search)))
}

// A role that somebody gave away meanwhile does not make the filter for
// accounts without roles look ignored.
func TestRememberedRolesDoNotContradictAFilter(t *testing.T) {
	t.Parallel()
	h := open(t, setup{generation: "current", sandbox: sandbox.Options{EndableByKeys: true}})
	id := h.must("create_account", object{"name": "Briefly held", "csm": "me"}).str("target.id")
	require.Equal(t, "ada@example.com", h.must("list_accounts", object{"search": "Briefly held"}).str("rows.0.csm"))
	relationship := h.raw("GET", api+"accounts/"+id+"/relationships", nil).Get("0.id").String()
	h.raw("POST", api+"accounts/"+id+"/relationships/"+relationship+"/end", nil)
	r := h.must("list_accounts", object{"search": "Briefly held", "all_roles_unassigned": true})
	require.Equal(t, []string{id}, r.strings("rows.#.id"))
	require.Empty(t, r.str("note"))
}

// assign gives a role as somebody in the app would.
func (h *house) assign(account, role string, user int64) {
	h.Helper()
	definition := h.raw("GET", api+"account_relationship_definitions", nil).Get(`results.#(name=="` + role + `").id`).String()
	h.raw("POST", api+"accounts/"+account+"/relationships", object{"definition": definition, "user": user})
}

// Two roles change, and PostHog refuses the second: the receipt is partial and
// says which part is there, and its undo takes back just that.
func TestSecondStepIsRefused(t *testing.T) {
	t.Parallel()
	for _, generation := range []string{"bridge", "earlier", "current"} {
		for _, test := range []struct {
			name          string
			arguments     object
			before, after string
		}{
			{"second role", object{"csm": "linus@example.com", "account_owner": "grace@example.com"},
				`{"account_owner":"ada@example.com","csm":"grace@example.com"}`, `{"account_owner":"grace@example.com","csm":"grace@example.com"}`},
			{"role after the account", object{"name": "A", "csm": "linus@example.com"},
				`{"csm":"grace@example.com","name":"Acme Robotics"}`, `{"csm":"grace@example.com","name":"A"}`},
		} {
			t.Run(generation+" "+test.name, func(t *testing.T) {
				t.Parallel()
				refuse := false
				writes := 0
				h := open(t, setup{generation: generation, wrap: onlyFor(func(r *http.Request) bool {
					if r.Method == http.MethodGet || strings.Contains(r.URL.Path, "batch_by_") || !refuse {
						return false
					}
					writes++
					return writes > 1
				}, problem(403, "authentication_error", "permission_denied", "API key missing required scope 'account:write'"))})
				stored := h.account(seed.AcmeID)
				h.must("get_account", object{"account": seed.AcmeID}) // where roles are is known from here on
				refuse = true
				r := h.must("update_account", with(test.arguments, "account", seed.AcmeID))
				refuse = false
				require.Equal(t, "partial", r.str("outcome"), r.text)
				require.Equal(t, test.before, r.get("before").Raw)
				require.Equal(t, test.after, r.get("after").Raw)
				require.Contains(t, r.str("note"), "lacks the scope account:write")
				require.Contains(t, r.str("note"), "Only part of the change is there")
				undo, arguments := asCall(t, r.str("undo"))
				require.Len(t, arguments, 2, "the account and the one field that changed")
				require.Equal(t, "applied", h.must(undo, arguments).str("outcome"))
				require.Equal(t, stored, h.account(seed.AcmeID))
				require.Equal(t, "applied", h.must("update_account", with(test.arguments, "account", seed.AcmeID)).str("outcome"), "repeating the call completes it")
			})
		}
	}
}

// An account is made, and PostHog refuses its roles: the receipt says that the
// account is there, and what it lacks.
func TestRolesOfANewAccountAreRefused(t *testing.T) {
	t.Parallel()
	for _, generation := range []string{"bridge", "current"} {
		h := open(t, setup{generation: generation, wrap: onlyFor(func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/relationships")
		}, problem(403, "authentication_error", "permission_denied", "API key missing required scope 'account:write'"))})
		r := h.must("create_account", object{"name": "Half", "csm": "grace@example.com", "tags": []string{"x"}})
		require.Equal(t, "partial", r.str("outcome"), r.text)
		require.Equal(t, `{"name":"Half","tags":["x"]}`, r.get("after").Raw)
		require.Contains(t, r.str("note"), "account:write")
		require.Contains(t, r.str("undo"), "delete_account")
		require.EqualValues(t, 1, h.raw("GET", api+"accounts?search=Half", nil).Get("count").Int())
	}
}

// A role was given and PostHog's answer got lost: that it is there is found
// out by looking, and nothing is sent twice.
func TestLostAnswerOfARole(t *testing.T) {
	t.Parallel()
	lose := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		})
	}
	for _, generation := range []string{"bridge", "current"} {
		h := open(t, setup{generation: generation, wrap: onlyFor(isRoles(http.MethodPost), lose)})
		h.must("get_account", object{"account": seed.AcmeID})
		r := h.must("update_account", object{"account": seed.AcmeID, "csm": "linus@example.com"})
		require.Equal(t, "applied", r.str("outcome"), r.text)
		require.True(t, strings.HasPrefix(r.str("note"), "PostHog's answer was lost; this is what was read afterwards."), r.str("note"))
		require.Len(t, h.writes(), 1)
		r = h.must("create_account", object{"name": "Lost", "csm": "me"})
		require.Equal(t, "applied ada@example.com", r.str("outcome")+" "+r.str("after.csm"))
	}
}
