package tools_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox/seed"
)

// active are the accounts that an audit looks at, read past everything under
// test.
func (h *house) active() []gjson.Result {
	h.Helper()
	return slices.DeleteFunc(h.raw("GET", api+"accounts?limit=5000&include_churned=true&include_ignored=true", nil).Get("results").Array(), func(a gjson.Result) bool {
		return a.Get("churned_at").String() != "" || a.Get("ignored_at").String() != ""
	})
}

// found are the accounts that one check found, all of them.
func (h *house) found(arguments object) []string {
	h.Helper()
	answer := h.must("audit_accounts", with(arguments, "max_tokens", 50_000))
	group := answer.get("findings.0")
	require.Zero(h, group.Get("omitted").Int(), "the test asks for too little room")
	ids := texts(group.Get("rows.#.change.account"))
	require.Len(h, ids, int(group.Get("total").Int()))
	return ids
}

// Every check finds what can be counted in PostHog's own answers.
func TestAuditFindsWhatIsThere(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	active := h.active()
	since := time.Now().AddDate(0, -1, 0)
	noted := map[string]bool{}
	for _, note := range h.raw("GET", api+"account_notes?limit=10000", nil).Get("results").Array() {
		noted[note.Get("account_id").String()] = noted[note.Get("account_id").String()] ||
			!note.Get("last_modified_at").Time().Before(since) || !note.Get("created_at").Time().Before(since)
	}
	ids := []string{"stripe_customer_id", "hubspot_deal_id", "billing_id", "sfdc_id", "zendesk_id", "slack_channel_id"}
	for check, fits := range map[string]func(gjson.Result) bool{
		"no_owner":       func(a gjson.Result) bool { return !h.hasOwner(a) },
		"no_external_id": func(a gjson.Result) bool { return a.Get("external_id").String() == "" },
		"missing_ids": func(a gjson.Result) bool {
			return slices.ContainsFunc(ids, func(id string) bool { return a.Get("properties."+id).String() == "" })
		},
		"no_note_since": func(a gjson.Result) bool { return !noted[a.Get("id").String()] },
	} {
		arguments, wanted := object{"checks": []string{check}}, []string{}
		if check == "no_note_since" {
			arguments["since"] = since.UTC().Format(time.RFC3339Nano)
		}
		for _, account := range active {
			if fits(account) {
				wanted = append(wanted, account.Get("id").String())
			}
		}
		require.NotEmpty(t, wanted)
		require.ElementsMatch(t, wanted, h.found(arguments), check)
	}
	all := h.must("audit_accounts", object{})
	require.EqualValues(t, len(active), all.get("accounts").Int())
	missing := 0
	for _, account := range active {
		if account.Get("properties.sfdc_id").String() == "" {
			missing++
		}
	}
	require.EqualValues(t, missing, all.get("findings.3.missing.sfdc_id").Int())
	if !h.can(showAll) {
		require.Contains(t, all.str("note"), "20 churned or ignored")
	}
}

// hasOwner tells whether anybody is an account's owner, wherever roles are.
func (h *house) hasOwner(account gjson.Result) bool {
	h.Helper()
	if !h.rolesApart() {
		return account.Get("properties.account_owner.id").Int() > 0
	}
	relationships := h.raw("GET", api+"accounts/"+account.Get("id").String()+"/relationships", nil).Array()
	return slices.ContainsFunc(relationships, func(r gjson.Result) bool { return r.Get("definition.name").String() == "Account owner" })
}

// Names are compared as people do, and the oldest account of a name is not a
// finding.
func TestAuditFindsNamesakes(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	before := h.found(object{"checks": []string{"duplicate_names"}})
	require.Contains(t, before, seed.NorthwindB)
	require.NotContains(t, before, seed.NorthwindA)
	young := h.raw("POST", api+"accounts", object{"name": "  ACME  robotics"}).Get("id").String()
	require.ElementsMatch(t, append(before, young), h.found(object{"checks": []string{"duplicate_names"}}))
	answer := h.must("audit_accounts", object{"checks": []string{"duplicate_names"}, "max_tokens": 50_000})
	require.Equal(t, seed.AcmeID, answer.str(`findings.0.rows.#(change.account=="`+young+`").same_as`))
}

// Ready changes are rows that plan_changes takes, once what only a person knows
// is filled in; as they stand, those with a gap plan nothing.
func TestAuditChangesAreReady(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	groups := h.must("audit_accounts", object{"since": "2026-01-01"}).get("findings").Array()
	require.Len(t, groups, 5)
	for _, group := range groups {
		var rows []object
		for _, change := range group.Get("rows.#.change").Array() {
			rows = append(rows, change.Value().(object))
		}
		require.NotEmpty(t, rows)
		if strings.Contains(group.Raw, "null") {
			unfilled := h.call("plan_changes", object{"rows": rows})
			require.True(t, unfilled.isError || unfilled.get("to_change").Int() == 0, unfilled.text)
		}
		for n, row := range rows {
			fillIn(row, n)
		}
		plan := h.must("plan_changes", object{"rows": rows})
		require.EqualValues(t, len(rows), plan.get("to_change").Int(), plan.text)
	}
}

// fillIn puts values where a ready change has none.
func fillIn(row object, n int) {
	for name, value := range row {
		if inner, isObject := value.(object); isObject {
			fillIn(inner, n)
		}
		if value == nil {
			row[name] = fmt.Sprint("filled-in-", n)
		}
	}
	if _, gap := row["account_owner"]; gap {
		row["account_owner"] = "ada@example.com"
	}
}

// Counts are exact whatever is shown, and what is shown fits.
func TestAuditFitsAnyBudget(t *testing.T) {
	t.Parallel()
	count := o200k(t)
	h := open(t, setup{})
	for _, budget := range []int{200, 400, 700, 1200, 2500, 5000, 8000} {
		answer := h.must("audit_accounts", object{"max_tokens": budget, "since": "2026-06-01"})
		require.LessOrEqual(t, count(answer.text), budget)
		for _, group := range answer.get("findings").Array() {
			require.EqualValues(t, len(group.Get("rows").Array()), group.Get("shown").Int())
			require.Equal(t, group.Get("total").Int(), group.Get("shown").Int()+group.Get("omitted").Int())
		}
	}
}

// Where PostHog has no list of all notes they are read account by account, and
// what cannot be is counted.
func TestAuditWithoutAListOfNotes(t *testing.T) {
	t.Parallel()
	hidden := false
	h := open(t, setup{wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if hidden && strings.Contains(r.URL.Path, "/account_notes") || strings.Contains(r.URL.Path, seed.AcmeID+"/notebooks") {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusNotFound)
				_, _ = w.Write([]byte(`{"detail":"Not found."}`))
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	arguments := object{"checks": []string{"no_note_since"}, "since": time.Now().AddDate(0, -1, 0).UTC().Format(time.RFC3339)}
	whole := h.found(arguments)
	hidden = true
	answer := h.must("audit_accounts", with(arguments, "max_tokens", 50_000))
	unread := answer.get("findings.0.unread").Int()
	require.Positive(t, unread)
	require.Contains(t, answer.str("note"), "nothing is known of")
	require.Subset(t, whole, texts(answer.get("findings.0.rows.#.change.account")))
	require.GreaterOrEqual(t, answer.get("findings.0.total").Int()+unread, int64(len(whole)))
}

func TestAuditArguments(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	require.Contains(t, h.refused("audit_accounts", object{"checks": []string{"no_note_since"}}), "needs since")
	require.Contains(t, h.refused("audit_accounts", object{"checks": []string{"no_owner"}, "since": "2026-01-01"}), "no_note_since")
	require.Contains(t, h.refused("audit_accounts", object{"checks": []string{"no_ower"}}), "no_owner")
	require.Empty(t, h.requests())
}
