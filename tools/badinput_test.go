package tools_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// Bad arguments are refused with a sentence that says what would be right,
// before anything is sent, by every tool that has such an argument.
func TestBadArgumentsSendNothing(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	inputs := schemaDocuments("input")
	long := strings.Repeat("x", 200_001)
	require.Contains(t, h.refused("get_account", object{"account": strings.Repeat("x", 10<<20)}), "must have at most 400 characters, has 10485760")
	for tool, good := range everyCall() {
		known := inputs[tool].(object)["properties"].(object)
		bad := func(want, name string, value any) {
			t.Helper()
			require.Contains(t, h.refused(tool, with(good, name, value)), want, "%s %s", tool, name)
			require.Empty(t, h.requests(), "%s with a bad %s", tool, name)
		}
		bad(`unknown argument "acount"`, "acount", "x")
		if _, asks := known["project_id"]; asks {
			bad("must be at least 1", "project_id", -1)
			bad("must be at most", "project_id", json.RawMessage("1e19"))
			bad("must be at most", "project_id", json.RawMessage("9223372036854775808"))
			bad("must be an integer", "project_id", "@current")
			bad("must be an integer", "project_id", 1.5)
		}
		for name, property := range known {
			schema := property.(object)
			switch schema["type"] {
			case "string":
				bad("must be a string, got an object", name, object{})
				bad("NUL", name, "a\x00b")
				if schema["maxLength"] != nil {
					bad("must have at most", name, long)
				}
			case "array":
				bad("must be a list", name, "no list")
				bad("must have at most", name, make([]int, 3000))
			case "boolean":
				bad("must be a boolean", name, "yes")
			case "object":
				bad("must be an object", name, []string{"a"})
			case "integer":
				bad("must be an integer", name, "many")
				bad("must be at", name, -5)
				bad("must be at most", name, 1<<40)
			default:
				require.Contains(t, []string{"value"}, name, "%s: a type this test does not know", tool)
			}
		}
		required, _ := inputs[tool].(object)["required"].([]any)
		for _, name := range required {
			without := with(good, name.(string), nil)
			require.Contains(t, h.refused(tool, without), name.(string)+" is required")
		}
		for _, notObject := range []any{[]int{1}, "text", 5} {
			require.Contains(t, h.refused(tool, notObject), "arguments", tool)
		}
		require.Empty(t, h.requests(), tool)
	}
}

// The nearest name is offered for a misspelt one.
func TestMisspeltArguments(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, test := range []struct{ tool, wrong, right string }{
		{"list_accounts", "cms", "csm"}, {"get_account", "acount", "account"}, {"get_account", "includes", "include"},
		{"update_account", "tags", "tags_add"}, {"list_persons", "distinctId", "distinct_id"}, {"split_person", "distinct_id", "distinct_ids"},
		{"list_notebooks", "max_token", "max_tokens"}, {"update_person", "properties", "set"},
	} {
		text := h.refused(test.tool, with(everyCall()[test.tool], test.wrong, "x"))
		require.Contains(t, text, test.right, "%s: %s", test.tool, text)
	}
	require.Contains(t, h.refused("list_accounts", object{"fields": []string{"stripe_id"}}), "stripe_customer_id")
	require.Contains(t, h.refused("list_accounts", object{"fields": []string{"arr"}}), "Accounts have no field")
	require.Contains(t, h.refused("list_accounts", object{"ordering": "-update_at"}), "-updated_at")
	require.Contains(t, h.refused("list_persons", object{"properties": []object{{"key": "plan", "operator": "contains", "value": "x"}}}), "icontains")
	require.Contains(t, h.refused("list_persons", object{"properties": []object{{"key": "plan"}}}), "needs a value")
	require.Contains(t, h.refused("list_persons", object{"properties": []object{{"key": "plan", "value": []string{}}}}), "needs a value")
	require.Contains(t, h.refused("list_persons", object{"properties": []object{{"value": "x"}}}), "key is required")
	require.Contains(t, h.refused("list_persons", object{"properties": []object{{"key": "", "value": "x"}}}), "has no key")
	require.Empty(t, h.requests())
	several := h.refused("list_accounts", object{"limit": 0, "ordering": "x", "foo": 1, "tags": 5})
	require.Contains(t, several, "4 problems")
}

// Ids that would lead elsewhere in a URL are ids all the same: they are looked
// for, or refused, and no request leaves the API for accounts and persons.
func TestIdsAreNoPaths(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, id := range []string{"..", ".", "/", "../persons", "a/b", "%2e%2e", "%2F", "a?b=c", "#x", "a b", "..%2f..", "\u202e", "\xff\xfe", "' OR 1=1", "@current"} {
		for tool, arguments := range map[string]object{
			"get_account":    {"account": id},
			"delete_account": {"account": id},
			"get_person":     {"person": id},
			"delete_person":  {"person": id},
			"get_notebook":   {"account": seed.AcmeID, "notebook": id},
		} {
			text := h.refused(tool, arguments)
			require.NotContains(t, text, "Endpoint not found", "%s %q", tool, id)
			for _, request := range h.requests() {
				require.Regexp(t, `^/api/(projects/1/(accounts|persons|account_relationship_definitions)/|projects/$|personal_api_keys/@current/$)`, request.path, "%s %q", tool, id)
				if request.method != "GET" {
					require.Contains(t, request.path, "/persons/batch_by_", "%s %q", tool, id)
				}
			}
		}
	}
}

// Objects and lists are taken as JSON in a string too, as some models send
// them; a string that is legal itself is never looked into.
func TestForgivingForms(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	require.EqualValues(t, h.shown(renewing), h.must("list_accounts", object{"tags": `["q4-renewal"]`, "limit": "5"}).get("total").Int())
	h.must("list_accounts", object{"search": nil, "limit": 5.0, "cursor": nil})
	h.must("list_persons", object{"properties": `[{"key":"plan","value":"scale"}]`})
	r := h.must("update_person", object{"person": seed.TwinUUIDA, "set": `{"list":"[1,2]"}`})
	require.Equal(t, `{"list":"[1,2]"}`, r.get("after").Raw)
}
