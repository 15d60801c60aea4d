package tools_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tiktoken-go/tokenizer"

	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// o200k counts tokens exactly, the way the budgets are meant.
func o200k(t testing.TB) func(string) int {
	t.Helper()
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	require.NoError(t, err)
	return func(text string) int {
		n, err := codec.Count(text)
		require.NoError(t, err)
		return n
	}
}

// A tool list is read by the model before anything else, every time.
func TestToolListBudget(t *testing.T) {
	t.Parallel()
	count := o200k(t)
	for _, list := range []struct {
		name      string
		selection tools.Selection
		pinned    int64
		most      int
	}{
		{"all tools", tools.Selection{}, 0, 8000},
		{"without a journal", tools.Selection{Unwritten: true}, 0, 7600},
		{"read-only", tools.Selection{ReadOnly: true}, 0, 3500},
		{"pinned", tools.Selection{}, 1, 8000},
	} {
		served, err := tools.Serve(tools.NewDesk(nil, list.pinned), list.selection)
		require.NoError(t, err)
		total := 0
		for _, s := range served {
			tokens := count(listing(t, s.Tool.Name, s.Tool.Description, s.Tool.RawInputSchema))
			most := 400
			if s.Tool.Name == "update_account" || s.Tool.Name == "create_account" || s.Tool.Name == "plan_changes" {
				most = 800
			}
			t.Logf("%-32s %4d", s.Tool.Name, tokens)
			require.LessOrEqual(t, tokens, most, "%s: %s", list.name, s.Tool.Name)
			total += tokens
		}
		t.Logf("%s: %d tokens in %d tools", list.name, total, len(served))
		require.LessOrEqual(t, total, list.most, list.name)
	}
}

// listing is a tool as a client shows it to a model.
func listing(t testing.TB, name, description string, schema json.RawMessage) string {
	t.Helper()
	encoded, err := json.Marshal(object{"name": name, "description": description, "inputSchema": schema})
	require.NoError(t, err)
	return string(encoded)
}

// What each tool answers by default about the biggest things there are.
func TestDefaultResultsFitTheBudget(t *testing.T) {
	t.Parallel()
	count := o200k(t)
	h := open(t, setup{})
	big := bigNoteAccount(h)
	noisy := h.must("list_persons", object{"limit": 200, "max_tokens": 50_000, "fields": []string{"email", "distinct_ids", "$initial_current_url", "$current_url"}})
	require.EqualValues(t, 200, noisy.get("shown").Int())
	tests := []struct {
		tool      string
		arguments object
	}{
		{"list_accounts", object{"limit": 200, "fields": []string{"id", "name", "external_id", "csm", "tags", "properties"}}},
		{"get_account", object{"account": big, "include": []string{"custom_properties", "notebooks", "relationships"}}},
		{"list_notebooks", object{"account": big, "limit": 200}},
		{"get_notebook", object{"account": big, "notebook": seed.BigNote}},
		{"list_custom_properties", object{"account": seed.AcmeID}},
		{"list_persons", object{"limit": 200}},
		{"list_persons", object{"limit": 200, "fields": []string{"last_form", "bio", "deep", "name"}}},
		{"get_person", object{"person": seed.MergedPersonUUID}},
		{"get_person", object{"person": seed.BigValuePersonUUID}},
		{"list_person_activity", object{"person": seed.MergedPersonUUID, "limit": 200}},
		{"get_person_properties_timeline", object{"person": seed.MergedPersonUUID}},
		{"whoami", object{}},
		{"get_account_brief", object{"account": big}},
		{"get_account_brief", object{"account": big, "kind": "qbr"}},
		{"search_notes", object{"limit": 200}},
		{"list_account_changes", object{}},
		{"audit_accounts", object{"since": "2026-06-01"}},
		{"create_account", object{"name": "Tokens", "set": object{"usage_dashboard_link": strings.Repeat("u", 400)}}},
		{"create_notebook", object{"account": seed.AcmeID, "markdown": strings.Repeat("All went well. ", 10_000)}},
		{"append_note", object{"account": seed.AcmeID, "notebook": "latest", "markdown": strings.Repeat("All went well. ", 10_000), "section": "Outcome"}},
		{"update_account", object{"account": seed.AcmeID, "tags_add": []string{"one", "two"}, "name": strings.Repeat("n", 400), "dry_run": true}},
		{"set_custom_property", object{"account": seed.AcmeID, "property": "Executive sponsor", "value": strings.Repeat("Ada ", 5000)}},
		{"set_custom_property", object{"account": seed.AcmeID, "property": "Executive sponsor", "value": "Ada"}},
		{"update_person", object{"person": seed.BigValuePersonUUID, "set": object{"last_form": strings.Repeat("answer=no&", 9000)}}},
		{"update_person_property", object{"person": seed.BigValuePersonUUID, "key": "last_form", "value": strings.Repeat("never ", 900)}},
		{"delete_person_property", object{"person": seed.BigValuePersonUUID, "key": "last_form"}},
		{"delete_account", object{"account": big}},
		{"delete_notebook", object{"account": big, "notebook": seed.BigNote}},
		{"delete_person", object{"person": seed.MergedPersonUUID, "delete_events": true}},
		{"split_person", object{"person": seed.MergedPersonUUID, "main_distinct_id": seed.MergedDistinctID}},
	}
	for _, test := range tests {
		tokens := count(h.must(test.tool, test.arguments).text)
		t.Logf("%-32s %5d", test.tool, tokens)
		assert.LessOrEqual(t, tokens, 2500, "%s %.100v", test.tool, test.arguments)
	}
}

// bigNoteAccount is the account with the long transcript and the most notes.
func bigNoteAccount(h *house) string {
	return h.raw("GET", api+"account_notes?search="+url.QueryEscape("Transcript of the yearly review"), nil).Get("results.0.account_id").String()
}
