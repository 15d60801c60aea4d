package tools_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// A row has the members that every row of its kind has; of an account those
// that are empty are left out.
func TestRowsHaveTheirMembers(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, list := range []struct {
		tool      string
		arguments object
		members   string
	}{
		{"list_accounts", object{"search": seed.AcmeExternalID, "tags": []string{"priority"}}, "id name external_id csm account_executive account_owner tags updated_at"},
		{"list_persons", object{"search": "@acme-robotics.example"}, "uuid name email distinct_ids"},
		{"list_notebooks", object{"account": seed.AcmeID}, "short_id title author date snippet"},
	} {
		rows := h.must(list.tool, list.arguments).get("rows").Array()
		require.NotEmpty(t, rows, list.tool)
		for _, member := range strings.Fields(list.members) {
			require.True(t, rows[0].Get(member).Exists(), "%s: no %s in %s", list.tool, member, rows[0].Raw)
		}
	}
}

// A person is called by their name where PostHog shows only the e-mail, and by
// what PostHog shows where there is no name; in lists as alone.
func TestPersonsAreCalledByTheirNames(t *testing.T) {
	t.Parallel()
	h := open(t, setup{sandbox: sandbox.Options{Empty: true}})
	for id, set := range map[string]object{
		"named":  {"email": "named@example.com", "name": "Nadia Med"},
		"mailed": {"email": "mailed@example.com"},
		"bare":   {"plan": "pro"},
	} {
		h.raw("POST", "/i/v0/e/", object{"api_key": sandbox.ProjectToken, "event": "$set", "distinct_id": id, "properties": object{"$set": set}})
	}
	for id, want := range map[string]string{"named": "Nadia Med", "mailed": "mailed@example.com", "bare": "bare"} {
		require.Equal(t, want, h.must("list_persons", object{"distinct_id": id}).str("rows.0.name"))
		require.Equal(t, want, h.must("list_persons", object{"distinct_id": id, "fields": []string{"name"}}).str("rows.0.name"))
		require.Equal(t, want, h.must("get_person", object{"person": id}).str("person.name"))
	}
}

// What is gone has no page of its own any more; its receipt links the page
// where it was.
func TestDeletionsLinkWhereItWas(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: t.TempDir() + "/journal.db"})
	base := h.origin + "/project/1/"
	for _, deletion := range []struct {
		tool      string
		arguments object
		url       string
	}{
		{"delete_notebook", object{"account": seed.AcmeID, "notebook": "latest"}, "customer_analytics/accounts/" + seed.AcmeID},
		{"delete_account", object{"account": seed.AcmeID}, "customer_analytics/accounts"},
		{"delete_person", object{"person": seed.TwinUUIDA}, "persons"},
	} {
		preview := h.must(deletion.tool, deletion.arguments)
		r := h.must(deletion.tool, with(deletion.arguments, "confirmation", preview.str("confirmation")))
		require.Equal(t, "null", r.get("after").Raw)
		require.Equal(t, base+deletion.url, r.str("url"), deletion.tool)
	}
	require.Equal(t, base+"persons", h.must("delete_person", object{"person": seed.TwinUUIDA}).str("url"), "the certificate")
	kept := object{"person": seed.TwinUUIDB, "delete_events": true, "keep_person": true}
	preview := h.must("delete_person", kept)
	require.Equal(t, base+"persons/"+seed.TwinUUIDB, h.must("delete_person", with(kept, "confirmation", preview.str("confirmation"))).str("url"))

	made := h.must("create_account", object{"name": "Short-lived"})
	undone := h.must("undo_write", object{"write": made.str("write")})
	require.Equal(t, base+"customer_analytics/accounts", undone.str("url"))
}

// The forms in which clients send the right value all mean the same.
func TestFormsOfArguments(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: t.TempDir() + "/journal.db"})
	number := h.must("get_person", object{"person": seed.TwinUUIDA}).str("person.number")
	require.Equal(t, seed.TwinUUIDA, h.must("get_person", object{"person": json.RawMessage(number)}).str("person.uuid"))

	h.must("create_account", object{"name": "Numbered", "external_id": "4711", "set": object{"hubspot_deal_id": "9000000001"}, "csm": 2})
	r := h.must("get_account", object{"account": 4711, "max_tokens": "800"})
	require.Equal(t, "4711 grace@example.com", r.str("account.external_id")+" "+r.str("account.csm"))
	require.Equal(t, r.str("account.id"), h.must("get_account", object{"account": 9000000001}).str("account.id"))

	dry := h.must("update_account", object{"account": 4711, "account_owner": 3, "account_executive": 1, "dry_run": "true"})
	require.Equal(t, "linus@example.com ada@example.com", dry.str("preview.after.account_owner")+" "+dry.str("preview.after.account_executive"))
	require.False(t, dry.get("outcome").Exists())

	plan := h.must("plan_changes", object{"accounts": object{"csm": 2, "search": "4711"}, "changes": object{"csm": 1}})
	require.Equal(t, "ada@example.com", plan.str("rows.0.after.csm"), plan.text)

	require.Contains(t, h.must("search_notes", object{"query": "dashboard", "author": 2, "limit": 1}).str("rows.0.author"), "grace@example.com")

	for _, limit := range []any{3, "3", 3.0} {
		require.EqualValues(t, 3, h.must("list_accounts", object{"csm": 2, "limit": limit, "include_churned": "false"}).get("shown").Int())
	}
	require.Equal(t, seed.TwinUUIDA, h.must("resolve", object{"query": json.RawMessage(number)}).str("persons.0.uuid"))
	require.Contains(t, h.refused("get_person", object{"person": 4.5}), "person must be a string, got a number")
	require.Contains(t, h.refused("update_account", object{"account": 4711, "set": object{"billing_id": 5}}), "must be a string, got a number", "what is stored is no reference")
}
