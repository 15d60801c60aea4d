package tools_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// Everything an account may be called by finds it, and says by what.
func TestAccountIsFoundByAnyOfItsNames(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	acme := h.account(seed.AcmeID)["properties"].(object)
	names := map[string]string{
		seed.AcmeID: "id", strings.ToUpper(seed.AcmeID): "id", seed.AcmeExternalID: "external_id", seed.AcmeName: "name", "  Acme Robotics ": "name",
	}
	for _, key := range []string{"stripe_customer_id", "hubspot_deal_id", "billing_id", "sfdc_id", "zendesk_id"} {
		names[acme[key].(string)] = key
	}
	for name, by := range names {
		r := h.must("get_account", object{"account": name})
		require.Equal(t, seed.AcmeID, r.str("account.id"), name)
		require.Equal(t, by, r.str("matched_by"), name)
		r = h.must("update_account", object{"account": name, "name": "X", "dry_run": true})
		require.Equal(t, seed.AcmeID, r.str("preview.account"), "found for a write, too")
	}
}

// Names that break programs find their own account and no other.
func TestRemarkableNamesFindTheirAccount(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	found := 0
	for _, account := range seed.Accounts() {
		if account.Name == seed.NorthwindName || account.Name == "Blue Harbor Analytics" || account.Name == "Summit Dental Group" {
			continue
		}
		if strings.ContainsAny(account.Name, `%_'"<>&`) || strings.ContainsFunc(account.Name, func(r rune) bool { return r > 0x7f }) {
			found++
			r := h.must("get_account", object{"account": account.Name})
			require.Equal(t, account.ID, r.str("account.id"), account.Name)
			require.Equal(t, "name", r.str("matched_by"))
		}
	}
	require.Greater(t, found, 20)
}

// What does not name exactly one account is answered with what there is, and
// nothing is written.
func TestAccountIsNeverGuessed(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	read := h.must("get_account", object{"account": "ACME robotics"})
	require.Equal(t, "name, ignoring case", read.str("matched_by"))

	for _, test := range []struct {
		name  string
		wants []string
	}{
		{"ACME robotics", []string{"called exactly", seed.AcmeID, `external id "acme-robotics"`}},
		{seed.NorthwindName, []string{"fits 2 accounts", seed.NorthwindA, seed.NorthwindB, "northwind-traders-eu"}},
		{strings.ToLower(seed.NorthwindName), []string{"fits 2 accounts", seed.NorthwindA, seed.NorthwindB}},
		{seed.SharedSlackChannel, []string{"fits 2 accounts", seed.AcmeID, "Acme Robotics Nordic AB"}},
		{"Acme", []string{"No account is exactly", seed.AcmeID, "Acmetone Audio"}},
		{"no such company", []string{`"no such company"`, "list_accounts"}},
		{"019aaaaa-0000-7000-8000-000000000000", []string{"No account has"}},
		{"\u202eevil\n\nline", []string{"No account"}},
	} {
		for _, tool := range []string{"delete_account", "create_notebook", "set_custom_property", "update_account"} {
			arguments := object{"account": test.name}
			switch tool {
			case "create_notebook":
				arguments["markdown"] = "x"
			case "set_custom_property":
				arguments["property"], arguments["value"] = "Plan", "Scale"
			case "update_account":
				arguments["name"] = "x"
			}
			text := h.refused(tool, arguments)
			for _, want := range test.wants {
				require.Contains(t, text, want, "%s %q", tool, test.name)
			}
		}
	}
	require.Empty(t, h.writes())
}

// Everything a person may be called by finds it.
func TestPersonIsFoundByAnyOfItsNames(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	number := h.person(seed.MergedPersonUUID).Get("id").String()
	for name, by := range map[string]string{
		seed.MergedPersonUUID: "uuid", number: "number", seed.MergedDistinctID: "distinct_id", " user_14101 ": "distinct_id",
		seed.CasedEmail: "email", "Riley.Ashdown@Example.com": "email", seed.PlusEmail: "distinct_id", "blake.hartnell@example.com": "email",
		"50%_off": "distinct_id", "org/42/user.7": "distinct_id", "é:ü": "distinct_id", "名前-9": "distinct_id", "+441632960987": "distinct_id",
		"https://app.example.com/u/9?tab=1#top": "distinct_id", "quinn\u200b.delacroix@example.com": "email",
	} {
		r := h.must("get_person", object{"person": name})
		require.Equal(t, by, r.str("matched_by"), name)
	}
	inexact := h.must("get_person", object{"person": "BLAKE.hartnell@example.com"})
	require.Equal(t, "email, ignoring case", inexact.str("matched_by"))
	require.Contains(t, h.refused("delete_person", object{"person": "BLAKE.hartnell@example.com"}), seed.OrdersPersonUUID)
	twins := h.refused("get_person", object{"person": "RILEY.ASHDOWN@example.COM"})
	require.Contains(t, twins, seed.PersonUUID(seed.CasedDistinctID))
	require.Contains(t, twins, seed.PersonUUID(seed.CasedTwinDistinctID))
}

// What does not name exactly one person is answered with the candidates.
func TestPersonIsNeverGuessed(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	other := h.raw("GET", api+"persons/"+seed.NumericDistinctID, nil).Get("uuid").String()
	owner := seed.PersonUUID(seed.NumericDistinctID)
	for _, test := range []struct {
		name  string
		wants []string
	}{
		{seed.TwinEmail, []string{"fits 2 persons", seed.TwinUUIDA, seed.TwinUUIDB, "by email"}},
		{seed.NumericDistinctID, []string{"fits 2 persons", other, owner, "by number", "by distinct_id"}},
		{"nobody@example.com", []string{"Nobody has", "list_persons"}},
		{"999999999", []string{"Nobody has"}},
		{"0190a1b2-0000-7000-8000-00000000002a", []string{"Nobody has"}},
		{"user_7700", []string{"Nobody has"}},
		{"../accounts", []string{"Nobody has"}},
	} {
		for _, tool := range []string{"get_person", "delete_person", "list_person_activity", "delete_person_property"} {
			arguments := object{"person": test.name}
			if tool == "delete_person_property" {
				arguments["key"] = "plan"
			}
			text := h.refused(tool, arguments)
			for _, want := range test.wants {
				require.Contains(t, text, want, "%s %q", tool, test.name)
			}
		}
	}
	require.Empty(t, h.writes())
}

// Role filters take a colleague in every form, and find exactly the accounts.
func TestRoleFilters(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, test := range []struct {
		arguments object
		total     int
		echo      string
	}{
		{object{"csm": "Grace@Example.com"}, h.shown(ofGrace), "csm=grace@example.com (user 2)"},
		{object{"csm": "2"}, h.shown(ofGrace), "csm=user 2"},
		{object{"account_owner": "me"}, h.shown(ownedByAda), "account_owner=me (user 1)"},
		{object{"csm": "unassigned"}, h.shown(withoutCSM), "csm=unassigned"},
		{object{"csm": "unassigned", "account_owner": "unassigned", "account_executive": "unassigned"}, h.shown(withoutRole), "account_owner=unassigned"},
		{object{"all_roles_unassigned": true}, h.shown(withoutRole), "all_roles_unassigned=true"},
		{object{"tags": []string{" Q4-Renewal"}}, h.shown(renewing), `tags=["q4-renewal"]`},
	} {
		r := h.must("list_accounts", test.arguments)
		require.EqualValues(t, test.total, r.get("total").Int(), "%v", test.arguments)
		name, value, _ := strings.Cut(test.echo, "=")
		require.Equal(t, value, r.str("filters."+name))
	}
	h.requests()
	require.Contains(t, h.refused("list_accounts", object{"csm": "nobody@example.com"}), "the members are ada@example.com, beatriz@example.com")
	for _, request := range h.requests() {
		require.NotContains(t, request.path, "/accounts", "an unknown colleague is no reason to list anybody's accounts")
	}
}

// A PostHog that does not know a filter answers with all accounts. They are
// not what was asked for: the filter is applied here, and the answer says so.
func TestIgnoredFiltersAreAppliedHere(t *testing.T) {
	t.Parallel()
	ignores := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			for _, name := range []string{"csm", "account_executive", "account_owner", "all_roles_unassigned"} {
				query.Del(name)
			}
			r.URL.RawQuery = query.Encode()
			next.ServeHTTP(w, r)
		})
	}
	h, truth := open(t, setup{wrap: ignores}), open(t, setup{})
	for _, arguments := range []object{
		{"csm": "grace@example.com"}, {"account_owner": "unassigned"}, {"all_roles_unassigned": true},
		{"csm": "grace@example.com", "limit": 7}, {"csm": "unassigned", "search": "a"},
	} {
		got, want := h.must("list_accounts", arguments), truth.must("list_accounts", arguments)
		require.Equal(t, want.get("rows").Raw, got.get("rows").Raw, "%v", arguments)
		require.Equal(t, want.get("total").Raw, got.get("total").Raw)
		require.Equal(t, want.get("filters").Raw, got.get("filters").Raw)
		require.Contains(t, got.str("note"), "This PostHog cannot filter by role")
	}
	require.NotContains(t, h.must("list_accounts", object{"search": "acme"}).str("note"), "cannot filter")
}

// Without the right to list members a colleague's e-mail cannot be looked up:
// the refusal says so, and an id still works.
func TestColleaguesWithoutTheScope(t *testing.T) {
	t.Parallel()
	h := open(t, setup{key: "phx_few", sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_few", Scopes: []string{"account:read", "project:read"}}}}})
	require.Contains(t, h.refused("list_accounts", object{"csm": "grace@example.com"}), "organization_member:read")
	require.EqualValues(t, h.shown(ofGrace), h.must("list_accounts", object{"csm": "2"}).get("total").Int())
}
