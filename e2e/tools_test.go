package e2e

import (
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// toolNames are the tools of the surface, by name.
var toolNames = []string{
	"append_note", "apply_plan", "audit_accounts", "create_account", "create_notebook", "delete_account", "delete_notebook", "delete_person",
	"delete_person_property", "get_account", "get_account_brief", "get_notebook", "get_person", "get_person_properties_timeline",
	"list_account_changes", "list_accounts", "list_custom_properties", "list_notebooks", "list_person_activity", "list_persons",
	"list_writes", "plan_changes", "resolve", "search_notes", "set_custom_property", "split_person", "undo_write", "update_account", "update_person", "update_person_property", "whoami",
}

// markdown has what notes lose most easily on their way through an editor's format.
const markdown = "# Call\n\n- first\n  - nested\n- second\n\n| who | what |\n| --- | --- |\n| Ada | signs |\n\n```go\nx := 1\n```"

func TestToolListIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	_, origin := serve(t, nil, "--sandbox", "--sse")
	p := run(t, nil, "--sandbox")
	p.ask(hello(1))
	lists := map[string]gjson.Result{
		"stdio":             p.ask(request(legacy, 2, "tools/list", nil)).Get("result"),
		"stdio, 2026-07-28": p.ask(request(modern, 3, "tools/list", nil)).Get("result"),
		"http":              post(t, origin+"/mcp", request(legacy, 2, "tools/list", nil)).body.Get("result"),
		"http, 2026-07-28":  post(t, origin+"/mcp", request(modern, 2, "tools/list", nil)).body.Get("result"),
	}
	first := lists["stdio"].Get("tools").Raw
	for way, list := range lists {
		var got []string
		for _, tool := range list.Get("tools.#.name").Array() {
			got = append(got, tool.String())
		}
		require.Equal(t, toolNames, got, way)
		require.JSONEq(t, first, list.Get("tools").Raw, way)
	}
	overSSE, err := sseClient(t, origin).ListTools(t.Context(), mcp.ListToolsRequest{})
	require.NoError(t, err)
	require.Len(t, overSSE.Tools, len(toolNames))
}

func TestEveryToolThroughEveryTransport(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			reach := way.start(t)
			called := map[string]bool{}
			do := func(tool string, arguments object) gjson.Result {
				t.Helper()
				called[tool] = true
				return ok(t, reach(t, tool, arguments))
			}
			workAccount(t, do)
			workPerson(t, do)
			for _, tool := range toolNames {
				require.True(t, called[tool], "%s was not called", tool)
			}

			require.Contains(t, refused(t, reach(t, "get_account", object{"account": "no such account"})), "no such account")
			require.Contains(t, refused(t, reach(t, "list_accounts", object{"serach": "x"})), "search")
		})
	}
}

// workAccount takes an account from its creation to its end.
func workAccount(t *testing.T, do func(string, object) gjson.Result) {
	t.Helper()
	require.Equal(t, "ada@example.com", do("whoami", object{}).Get("user.email").String())
	require.EqualValues(t, 38, do("list_accounts", object{"csm": "grace@example.com", "limit": 3}).Get("total").Int())

	created := do("create_account", object{"name": "Umbrella Freight", "external_id": "umbrella-1", "csm": "grace@example.com", "tags": []string{"pilot"}})
	require.Equal(t, "applied", created.Get("outcome").String())
	updated := do("update_account", object{"account": "umbrella-1", "set": object{"stripe_customer_id": "cus_1"}, "tags_add": []string{"emea"}})
	require.Equal(t, "applied", updated.Get("outcome").String())
	require.Equal(t, created.Get("target.id").String(), do("resolve", object{"query": "Umbrella Freight Ltd."}).Get("accounts.0.id").String())
	account := do("get_account", object{"account": "cus_1", "include": []string{"relationships"}})
	require.Equal(t, created.Get("target.id").String(), account.Get("account.id").String())
	require.Equal(t, "grace@example.com", account.Get("account.csm").String(), "an update leaves alone what it does not name")
	require.JSONEq(t, `["emea","pilot"]`, account.Get("account.tags").Raw)

	unowned := do("audit_accounts", object{"checks": []string{"no_owner"}, "max_tokens": 10_000}).Get("findings.0.rows.#.change.account")
	require.Contains(t, texts(unowned), created.Get("target.id").String())
	require.Empty(t, do("list_account_changes", object{}).Get("rows").Array(), "nothing to compare with yet")
	plan := do("plan_changes", object{"accounts": object{"ids": []string{"umbrella-1"}}, "changes": object{"tags_add": []string{"renewal"}, "account_owner": "linus@example.com"}})
	require.EqualValues(t, 1, plan.Get("to_change").Int())
	applied := do("apply_plan", object{"plan": plan.Get("plan").String(), "confirmation": plan.Get("confirmation").String()})
	require.EqualValues(t, 1, applied.Get("applied").Int())
	changes := do("list_account_changes", object{"account": "umbrella-1"})
	require.Equal(t, []string{"account_owner", "tags"}, texts(changes.Get("rows.#.field")))
	require.Equal(t, "applied", do("undo_write", object{"write": plan.Get("plan").String()}).Get("outcome").String())

	write := updated.Get("write").String()
	require.Contains(t, updated.Get("undo").String(), write)
	require.JSONEq(t, `["pilot"]`, do("undo_write", object{"write": write}).Get("after.tags").Raw)
	require.Equal(t, write, do("list_writes", object{"account": "umbrella-1"}).Get("rows.0.undoes").String())

	require.EqualValues(t, 15, do("list_custom_properties", object{}).Get("total").Int())
	require.EqualValues(t, 42, do("set_custom_property", object{"account": "umbrella-1", "property": "Health score", "value": 42}).Get("after.Health score").Int())

	do("create_notebook", object{"account": "umbrella-1", "title": "Call", "markdown": markdown})
	note := do("list_notebooks", object{"account": "umbrella-1"}).Get("rows.0.short_id").String()
	require.Equal(t, markdown, do("get_notebook", object{"account": "umbrella-1", "notebook": note}).Get("notebook.markdown").String())
	require.Equal(t, note, do("search_notes", object{"account": "umbrella-1", "query": "Ada signs"}).Get("rows.0.short_id").String())
	brief := do("get_account_brief", object{"account": "umbrella-1"})
	require.Equal(t, note, brief.Get("brief.last_contact.note").String())
	require.Equal(t, markdown, brief.Get("brief.notes.0.markdown").String())
	longer := do("append_note", object{"account": "umbrella-1", "notebook": "latest", "section": "Call", "markdown": "Signed."})
	require.Contains(t, longer.Get("after.ends").String(), "Signed.")
	twice(t, do, "delete_notebook", object{"account": "umbrella-1", "notebook": note})
	require.Zero(t, do("list_notebooks", object{"account": "umbrella-1"}).Get("total").Int())

	twice(t, do, "delete_account", object{"account": "umbrella-1"})
	require.Zero(t, do("list_accounts", object{"search": "Umbrella Freight"}).Get("total").Int())
}

// workPerson changes a person of the seeded portfolio in every way there is.
func workPerson(t *testing.T, do func(string, object) gjson.Result) {
	t.Helper()
	listed := do("list_persons", object{"limit": 20})
	require.EqualValues(t, 5000, listed.Get("total").Int())
	uuid := listed.Get(`rows.#(distinct_ids==2).uuid`).String()
	require.NotEmpty(t, uuid)

	require.Equal(t, "pro", do("update_person", object{"person": uuid, "set": object{"plan": "pro"}}).Get("after.plan").String())
	require.EqualValues(t, 3, do("update_person_property", object{"person": uuid, "key": "seats", "value": 3}).Get("after.seats").Int())
	require.Equal(t, gjson.Null, do("delete_person_property", object{"person": uuid, "key": "seats"}).Get("after.seats").Type)
	person := do("get_person", object{"person": uuid})
	require.Equal(t, "pro", person.Get("person.properties.plan").String())
	require.False(t, person.Get("person.properties.seats").Exists())

	require.EqualValues(t, 3, do("list_person_activity", object{"person": uuid}).Get("total").Int())
	timeline := do("get_person_properties_timeline", object{"person": uuid})
	require.False(t, timeline.Get("available").Bool(), "PostHog gives no API key the timeline")
	require.NotEmpty(t, timeline.Get("reason").String())

	// The last id is the one PostHog derived the person's UUID from; that one may not leave.
	ids := person.Get("person.distinct_ids").Array()
	twice(t, do, "split_person", object{"person": uuid, "distinct_ids": []string{ids[0].String()}})
	require.EqualValues(t, 1, do("get_person", object{"person": uuid}).Get("person.distinct_id_count").Int())
	twice(t, do, "delete_person", object{"person": uuid})
	require.EqualValues(t, 5000, do("list_persons", object{"limit": 1}).Get("total").Int(), "one split off, one deleted")
}

// twice previews, and then confirms just that.
func twice(t *testing.T, do func(string, object) gjson.Result, tool string, arguments object) {
	t.Helper()
	preview := do(tool, arguments)
	require.True(t, preview.Get("preview").IsObject(), preview.Raw)
	confirmed := object{"confirmation": preview.Get("confirmation").String()}
	for key, value := range arguments {
		confirmed[key] = value
	}
	require.Equal(t, "applied", do(tool, confirmed).Get("outcome").String())
}

// TestEveryRevision: a client gets the revision it asks for, and the newest with a handshake if it asks for
// one that is not known.
func TestEveryRevision(t *testing.T) {
	t.Parallel()
	_, origin := serve(t, nil, "--sandbox")
	p := run(t, nil, "--sandbox")
	for asked, want := range map[string]string{
		"2024-11-05": "2024-11-05", "2025-03-26": "2025-03-26", "2025-06-18": "2025-06-18", legacy: legacy, "1999-01-01": legacy,
	} {
		message := hello(1)
		message["params"].(object)["protocolVersion"] = asked
		require.Equal(t, want, p.ask(message).Get("result.protocolVersion").String())
		require.Equal(t, want, post(t, origin+"/mcp", message).body.Get("result.protocolVersion").String())
	}
	discovered := post(t, origin+"/mcp", request(modern, 2, "server/discover", nil)).body.Get("result")
	require.Equal(t, []string{modern, legacy, "2025-06-18", "2025-03-26", "2024-11-05"}, texts(discovered.Get("supportedVersions")))
}
