package tools_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// What each reading tool answers about the seeded portfolio.
func TestReads(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	acme := object{"account": seed.AcmeID}
	tests := []struct {
		tool      string
		arguments object
		check     func(t *testing.T, r result)
	}{
		{"list_accounts", object{"csm": "grace@example.com", "limit": 5}, func(t *testing.T, r result) {
			requireList(t, r, "/project/1/customer_analytics/accounts/{id}", 5)
			require.EqualValues(t, h.shown(ofGrace), r.get("total").Int())
			require.Equal(t, "grace@example.com (user 2)", r.str("filters.csm"))
			for _, row := range r.get("rows").Array() {
				require.Equal(t, "grace@example.com", row.Get("csm").String())
				require.NotEmpty(t, row.Get("updated_at").String())
			}
		}},
		{"list_accounts", object{}, func(t *testing.T, r result) {
			require.EqualValues(t, h.shown(anyAccount), r.get("total").Int())
			require.EqualValues(t, 20, r.get("shown").Int())
			require.Equal(t, "-created_at", r.str("filters.ordering"))
		}},
		{"get_account", object{"account": seed.AcmeExternalID, "include": []string{"custom_properties", "notebooks", "relationships"}}, func(t *testing.T, r result) {
			requireOne(t, r, "account", "/project/1/customer_analytics/accounts/"+seed.AcmeID)
			require.Equal(t, seed.AcmeName, r.str("account.name"))
			require.Equal(t, "external_id", r.str("matched_by"))
			require.Equal(t, "grace@example.com linus@example.com ada@example.com", strings.Join([]string{r.str("account.csm"), r.str("account.account_executive"), r.str("account.account_owner")}, " "))
			require.Equal(t, []string{"enterprise", "priority", "us"}, r.strings("account.tags"))
			require.Equal(t, seed.AcmeStripeID, r.str("account.properties.stripe_customer_id"))
			require.Len(t, r.get("custom_properties").Map(), seed.DefinitionCount)
			require.Equal(t, seed.AcmeLatestNote, r.str("notebooks.0.short_id"))
			require.EqualValues(t, seed.AcmeNotes, r.get("notebooks.#").Int()+r.get("notebooks_omitted").Int())
			require.Equal(t, []string{"csm", "account_executive", "account_owner"}, r.strings("relationships.#.role"))
			require.Equal(t, []string{"2", "3", "1"}, r.strings("relationships.#.user"))
			require.Equal(t, "grace@example.com", r.str("relationships.0.email"))
		}},
		{"list_notebooks", acme, func(t *testing.T, r result) {
			requireList(t, r, "/project/1/notebooks/{short_id}", seed.AcmeNotes)
			require.EqualValues(t, seed.AcmeNotes, r.get("total").Int())
			require.Equal(t, seed.AcmeLatestNote, r.str("rows.0.short_id"))
			require.Equal(t, "grace@example.com", r.str("rows.0.author"))
			require.True(t, strings.HasPrefix(r.str("rows.0.snippet"), "Call about the fleet dashboard With: "))
			require.NotContains(t, r.text, `"markdown"`, "no bodies")
		}},
		{"get_notebook", object{"account": seed.AcmeName, "notebook": "latest"}, func(t *testing.T, r result) {
			requireOne(t, r, "notebook", "/project/1/notebooks/"+seed.AcmeLatestNote)
			require.Equal(t, "Call about the fleet dashboard", r.str("notebook.title"))
			require.Equal(t, h.raw("GET", api+"accounts/"+seed.AcmeID+"/notebooks/"+seed.AcmeLatestNote, nil).Get("text_content").String(), r.str("notebook.markdown"))
		}},
		{"list_custom_properties", object{}, func(t *testing.T, r result) {
			requireList(t, r, "/project/1/customer_analytics/accounts/{account_id}", seed.DefinitionCount)
			require.EqualValues(t, seed.DefinitionCount, r.get("total").Int())
			require.Equal(t, []string{"Free", "Startup", "Scale", "Enterprise"}, texts(r.get(`rows.#(name=="Plan").options`)))
			require.True(t, r.get(`rows.#(name=="Health score (calculated)").read_only`).Bool())
			require.False(t, r.get("rows.0.value").Exists())
		}},
		{"list_custom_properties", acme, func(t *testing.T, r result) {
			requireList(t, r, "/project/1/customer_analytics/accounts/"+seed.AcmeID, seed.DefinitionCount)
			require.EqualValues(t, 184000, r.get(`rows.#(name=="ARR").value`).Int())
			require.Equal(t, gjson.False, r.get(`rows.#(name=="Security review done").value`).Type, "a false is a value")
			require.Equal(t, seed.AcmeID, r.str("filters.account_id"))
		}},
		{"list_persons", object{"search": "terminal-7"}, func(t *testing.T, r result) {
			requireList(t, r, "/project/1/persons/{uuid}", 1)
			require.EqualValues(t, seed.MergedIDs, 2*r.get("rows.0.distinct_ids").Int(), "PostHog lists at most 1,000 ids a row")
			require.Equal(t, seed.MergedPersonUUID, r.str("rows.0.uuid"))
		}},
		{"list_persons", object{"properties": []object{{"key": "plan", "value": "scale"}, {"key": "company", "operator": "icontains", "value": "northwind"}}}, func(t *testing.T, r result) {
			requireList(t, r, "/project/1/persons/{uuid}", int(r.get("total").Int()))
			require.Contains(t, r.strings("rows.#.uuid"), seed.TwinUUIDB)
			require.NotContains(t, r.strings("rows.#.uuid"), seed.TwinUUIDA)
			require.EqualValues(t, r.get("rows.#").Int(), r.get("total").Int())
		}},
		{"get_person", object{"person": seed.MergedDistinctID}, func(t *testing.T, r result) {
			requireOne(t, r, "person", "/project/1/persons/"+seed.MergedPersonUUID)
			require.EqualValues(t, seed.MergedIDs, r.get("person.distinct_id_count").Int())
			require.Len(t, r.get("person.distinct_ids").Array(), 10)
			require.Equal(t, "Acme Foods", r.str("person.properties.company"))
			require.Equal(t, "distinct_id", r.str("matched_by"))
		}},
		{"list_person_activity", object{"person": seed.MergedPersonUUID}, func(t *testing.T, r result) {
			requireList(t, r, "/project/1/persons/"+seed.MergedPersonUUID, 3)
			require.EqualValues(t, 3, r.get("total").Int())
			require.Equal(t, []string{"updated", "updated", "updated"}, r.strings("rows.#.activity"))
		}},
		{"get_person_properties_timeline", object{"person": seed.MergedPersonUUID}, func(t *testing.T, r result) {
			requireOne(t, r, "", "/project/1/persons/"+seed.MergedPersonUUID)
			require.False(t, r.get("available").Bool())
			require.Contains(t, r.str("reason"), "no API key")
			require.Len(t, r.get("activity").Array(), 3)
		}},
		{"whoami", object{}, func(t *testing.T, r result) {
			require.Equal(t, "ada@example.com", r.str("user.email"))
			require.Equal(t, []string{"*"}, r.strings("key.scopes"))
			require.EqualValues(t, sandbox.ProjectID, r.get("project_id").Int())
			require.Equal(t, h.reported(), r.str("generation"))
			require.Len(t, r.get("cannot").Array(), 1)
			require.NotContains(t, r.text, sandbox.ProjectToken)
		}},
	}
	for _, test := range tests {
		r := h.must(test.tool, test.arguments)
		test.check(t, r)
		require.EqualValues(t, 1, r.get("project_id").Int())
		require.Empty(t, h.writes(), "%s changes nothing", test.tool)
	}
}

// requireList holds a result against the shape of a list.
func requireList(t testing.TB, r result, template string, rows int) {
	t.Helper()
	require.Len(t, r.get("rows").Array(), rows)
	require.EqualValues(t, rows, r.get("shown").Int())
	require.Zero(t, r.get("omitted").Int())
	require.True(t, strings.HasSuffix(r.str("url_template"), template), r.str("url_template"))
	require.True(t, r.get("filters").IsObject(), r.text)
}

// requireOne holds a result against the shape of a single object.
func requireOne(t testing.TB, r result, name, url string) {
	t.Helper()
	require.True(t, name == "" || r.get(name).IsObject())
	require.True(t, strings.HasSuffix(r.str("url"), url), r.str("url"))
	require.False(t, gjson.Get(r.text, "rows").Exists())
}

// Each writing tool does what it says, seen by raw requests, and answers with
// a receipt.
func TestWrites(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})

	made := requireReceipt(t, h.must("create_account", object{
		"name": " New Co ", "external_id": "new-co", "csm": "GRACE@example.com", "account_owner": "1", "tags": []string{" Pilot ", "pilot"}, "set": object{"billing_id": "b1"},
	}), "applied", "account")
	id := made.str("target.id")
	require.Equal(t, gjson.Null, made.get("before").Type)
	require.Equal(t, `{"account_owner":"ada@example.com","billing_id":"b1","csm":"grace@example.com","external_id":"new-co","name":"New Co","tags":["pilot"]}`, made.get("after").Raw)
	stored := h.account(id)
	require.Equal(t, object{"billing_id": "b1", "csm": object{"id": 2.0, "email": "grace@example.com"}, "account_owner": object{"id": 1.0, "email": "ada@example.com"}}, stored["properties"])
	require.Equal(t, object{"pilot": true}, stored["tags"])

	taken := requireReceipt(t, h.must("create_account", object{"name": "Other", "external_id": "new-co"}), "ignored", "account")
	require.Equal(t, id, taken.str("target.id"))
	require.Equal(t, "New Co", taken.str("after.name"))
	require.Equal(t, stored, h.account(id))

	changed := requireReceipt(t, h.must("update_account", object{"account": id, "set": object{"billing_id": "b2"}}), "applied", "account")
	require.Equal(t, `{"billing_id":"b1"} {"billing_id":"b2"}`, changed.get("before").Raw+" "+changed.get("after").Raw)

	note := requireReceipt(t, h.must("create_notebook", object{"account": id, "markdown": "# First call\n\nWent well.\n"}), "applied", "account")
	require.Equal(t, "First call", note.str("after.title"))
	require.Equal(t, "# First call\n\nWent well.", h.raw("GET", api+"accounts/"+id+"/notebooks/"+note.str("after.short_id"), nil).Get("text_content").String())

	value := requireReceipt(t, h.must("set_custom_property", object{"account": id, "property": "health score", "value": 64}), "applied", "account")
	require.Equal(t, `{"Health score":null} {"Health score":64}`, value.get("before").Raw+" "+value.get("after").Raw)

	person := object{"person": seed.TwinDistinctA}
	for _, step := range []struct {
		tool          string
		arguments     object
		before, after string
	}{
		{"update_person", object{"set": object{"plan": "scale", "seats": 3}, "unset": []string{"company"}}, `{"company":"Northwind Traders","plan":"startup","seats":null}`, `{"company":null,"plan":"scale","seats":3}`},
		{"update_person_property", object{"key": "plan", "value": []any{"a", 1}}, `{"plan":"scale"}`, `{"plan":["a",1]}`},
		{"delete_person_property", object{"key": "plan"}, `{"plan":["a",1]}`, `{"plan":null}`},
	} {
		step.arguments["person"] = seed.TwinDistinctA
		r := requireReceipt(t, h.must(step.tool, step.arguments), "applied", "person")
		require.Equal(t, step.before, r.get("before").Raw)
		require.Equal(t, step.after, r.get("after").Raw)
		require.Equal(t, seed.TwinUUIDA, r.str("target.id"))
	}
	require.False(t, h.person(seed.TwinUUIDA).Get("properties.plan").Exists())
	require.EqualValues(t, 3, h.person(seed.TwinUUIDA).Get("properties.seats").Int())

	for _, step := range []struct {
		tool      string
		arguments object
		outcome   string
	}{
		{"delete_notebook", object{"account": id, "notebook": "latest"}, "applied"},
		{"delete_account", object{"account": id}, "applied"},
		{"split_person", object{"person": seed.TwinDistinctB, "main_distinct_id": seed.TwinDistinctB}, "applied"},
		{"delete_person", person, "applied"},
	} {
		preview := h.must(step.tool, step.arguments)
		requirePreview(t, preview)
		r := h.must(step.tool, with(step.arguments, "confirmation", preview.str("confirmation")))
		require.Equal(t, step.outcome, r.str("outcome"), "%s: %s", step.tool, r.text)
		require.Contains(t, r.str("undo"), "cannot be")
	}
	require.Zero(t, h.raw("GET", api+"accounts?search=new-co", nil).Get("count").Int())
	require.Equal(t, []string{seed.TwinDistinctB}, texts(h.person(seed.TwinUUIDB).Get("distinct_ids")))
	require.Contains(t, h.refused("get_person", person), "Nobody has")
}

func requireReceipt(t testing.TB, r result, outcome, kind string) result {
	t.Helper()
	require.Equal(t, outcome, r.str("outcome"), r.text)
	require.Equal(t, kind, r.str("target.kind"))
	require.True(t, r.get("before").Exists() && r.get("after").Exists(), "both are always there, null if need be")
	require.NotEmpty(t, r.str("undo"))
	require.Contains(t, r.str("url"), "/project/1/")
	require.EqualValues(t, 1, r.get("project_id").Int())
	return r
}

func requirePreview(t testing.TB, r result) {
	t.Helper()
	require.True(t, r.get("preview").IsObject(), r.text)
	require.NotEmpty(t, r.str("confirmation"))
	_, err := time.Parse(time.RFC3339, r.str("expires_at"))
	require.NoError(t, err)
	require.Contains(t, r.str("note"), "Nothing has been done yet.")
	require.False(t, r.get("outcome").Exists())
	require.EqualValues(t, 1, r.get("project_id").Int())
}
