package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/notes"
	"posthog-accounts-mcp/sandbox"
)

// generations are all servers a sandbox can be, by the switches that make them.
var generations = map[string]sandbox.Options{
	"documented":      {Profile: sandbox.Documented},
	"bridge":          {Bridge: true},
	"earlier current": {Profile: sandbox.Current, EarlierCurrent: true},
	"current":         {Profile: sandbox.Current},
}

// TestGenerations tells the generations apart, one row for each difference.
func TestGenerations(t *testing.T) {
	t.Parallel()
	const documented, bridge, earlier, current = "documented", "bridge", "earlier current", "current"
	role := object{"id": 2, "email": "grace@example.com"}
	for _, c := range []struct {
		name string
		do   func(h *harness, account string) answer
		want map[string]string // by generation: the status and what it shows
		show func(answer) string
	}{
		{"2.1 role keys on write", func(h *harness, _ string) answer {
			return h.do("POST", accountsPath, object{"name": "x", "properties": object{"csm": role, "billing_id": "b"}})
		}, map[string]string{
			documented: `{"csm":{"id":2,"email":"grace@example.com"},"billing_id":"b"}`, bridge: `{"billing_id":"b"}`,
			earlier: "csm: Extra inputs are not permitted", current: "csm: Extra inputs are not permitted",
		}, either("properties", "detail")},
		{"2.1 a malformed role", func(h *harness, _ string) answer {
			return h.do("POST", accountsPath, object{"name": "x", "properties": object{"csm": "grace"}})
		}, map[string]string{
			documented: "csm: Input should be a valid dictionary or instance of AccountAssignment", bridge: `{}`,
			earlier: "csm: Extra inputs are not permitted", current: "csm: Extra inputs are not permitted",
		}, either("properties", "detail")},
		{"2.1 other unknown keys", func(h *harness, _ string) answer {
			return h.do("POST", accountsPath, object{"name": "x", "properties": object{"arr": 1}})
		}, same("arr: Extra inputs are not permitted"), either("properties", "detail")},
		{"2.1 website_domain", func(h *harness, _ string) answer {
			return h.do("POST", accountsPath, object{"name": "x", "properties": object{"website_domain": "x.example"}})
		}, map[string]string{
			documented: "website_domain: Extra inputs are not permitted", bridge: "website_domain: Extra inputs are not permitted",
			earlier: `{"website_domain":"x.example"}`, current: `{"website_domain":"x.example"}`,
		}, either("properties", "detail")},
		{"2 new fields", func(h *harness, account string) answer { return h.do("GET", account, nil) }, map[string]string{
			documented: "", bridge: "", earlier: "null", current: "null",
		}, func(a answer) string { return a.get("churned_at").Raw }},
		{"3.1 role filters", func(h *harness, _ string) answer { return h.do("GET", accountsPath+"?csm=99", nil) }, map[string]string{
			documented: "0", bridge: "1", earlier: "1", current: "1",
		}, func(a answer) string { return a.get("count").Raw }},
		{"3.7 by_external_id", func(h *harness, _ string) answer {
			return h.do("GET", accountsPath+"/by_external_id/?external_id=acme", nil)
		}, map[string]string{
			documented: "Not found.", bridge: "Not found.", earlier: "Not found.", current: "Acme",
		}, either("name", "detail")},
		{"6.2 relationships", func(h *harness, account string) answer { return h.do("GET", account+"/relationships/", nil) }, map[string]string{
			documented: "Endpoint not found.", bridge: "[]", earlier: "[]", current: "[]",
		}, either("@this|@valid", "detail")},
		{"6.2 relationship definitions", func(h *harness, _ string) answer { return h.do("GET", relationshipDefinitionsPath, nil) }, map[string]string{
			documented: "Endpoint not found.", bridge: "0", earlier: "0", current: "0",
		}, either("count", "detail")},
		{"4.3 a text becomes", func(h *harness, account string) answer {
			return h.do("POST", account+"/notebooks", object{"text_content": "# Hello"})
		}, map[string]string{documented: "heading", bridge: "heading", earlier: "heading", current: "ph-markdown-notebook"},
			func(a answer) string { return a.get("content.content.0.type").String() }},
		{"4.3 a document becomes", func(h *harness, account string) answer {
			return h.do("POST", account+"/notebooks", object{"content": raw(notes.FromMarkdown("# Hello"))})
		}, map[string]string{documented: "heading", bridge: "heading", earlier: "heading", current: "ph-markdown-notebook"},
			func(a answer) string { return a.get("content.content.0.type").String() }},
		{"5.2 a value null", func(h *harness, account string) answer {
			return h.do("POST", account+"/custom_property_values", object{"definition": h.define("P", "text"), "value": nil})
		}, map[string]string{documented: "This field may not be null.", bridge: "This field may not be null.", earlier: "This field may not be null.", current: ""},
			either("id", "detail")},
		{"5.3 a link", func(h *harness, _ string) answer {
			return h.do("POST", definitionsPath, object{"name": "Link", "display_type": "link"})
		}, map[string]string{documented: `"link" is not a valid choice.`, bridge: `"link" is not a valid choice.`, earlier: "link", current: "link"},
			either("display_type", "detail")},
		{"6.1 target_type", func(h *harness, _ string) answer {
			return h.do("POST", definitionsPath, object{"name": "Target", "display_type": "text"})
		}, map[string]string{documented: "", bridge: "", earlier: `"account"`, current: `"account"`},
			func(a answer) string { return a.get("target_type").Raw }},
		{"9a a member deletes a definition", func(h *harness, _ string) answer {
			return h.doAs(member.Value, "DELETE", definitionsPath+"/"+h.define("D", "text"), nil)
		}, map[string]string{documented: "", bridge: "", earlier: "", current: "You don't have sufficient permissions in the project."}, either("id", "detail")},
		{"1.1 values under environments", func(h *harness, account string) answer {
			return h.do("GET", "/api/environments/1"+account[len("/api/projects/1"):]+"/custom_property_values", nil)
		}, map[string]string{documented: "Endpoint not found.", bridge: "Endpoint not found.", earlier: "[]", current: "[]"}, either("@this|@valid", "detail")},
	} {
		for name, opts := range generations {
			t.Run(c.name+" "+name, func(t *testing.T) {
				opts.Empty, opts.Keys = true, []sandbox.Key{member}
				h := start(t, opts)
				account := accountsPath + "/" + h.createAccount(object{"name": "Acme", "external_id": "acme"})
				got := c.do(h, account)
				require.Equal(t, c.want[name], c.show(got), "%d %s", got.status, got.body)
			})
		}
	}
}

// either shows a member of a success or another one of a refusal.
func either(success, refusal string) func(answer) string {
	return func(a answer) string {
		if a.status < 300 {
			return gjson.Get(a.body, success).String()
		}
		return a.get(refusal).String()
	}
}

// same expects one thing of every generation.
func same(want string) map[string]string {
	all := map[string]string{}
	for name := range generations {
		all[name] = want
	}
	return all
}

func TestBridgeHoldsRolesAsRelationships(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Bridge: true, Empty: true})
	account := accountsPath + "/" + h.createAccount(object{"name": "Acme"})
	row := h.must(201, "POST", account+"/relationships", object{"definition": h.relate("CSM", true), "user": 2})
	require.Equal(t, []string{"id", "definition", "user", "started_at", "ended_at"}, row.keys(""), "6.2 source is newer")
	require.Equal(t, []string{"id", "name", "description", "is_single_holder"}, row.keys("definition"), "6.2 is_controlled is newer")
	require.Zero(t, h.must(200, "GET", accountsPath+"?all_roles_unassigned=true", nil).get("count").Int())
	h.do("DELETE", account+"/relationships/"+row.get("id").String(), nil).requireProblem(t, 404, "invalid_request", "not_found", "Endpoint not found.", "")
	h.must(204, "DELETE", account, nil)
}
