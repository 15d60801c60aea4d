package tools_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tiktoken-go/tokenizer"

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
		{"all tools", tools.Selection{}, 0, 5000},
		{"read-only", tools.Selection{ReadOnly: true}, 0, 3500},
		{"pinned", tools.Selection{}, 1, 5000},
	} {
		served, err := tools.Serve(tools.NewDesk(nil, list.pinned), list.selection)
		require.NoError(t, err)
		total := 0
		for _, s := range served {
			tokens := count(listing(t, s.Tool.Name, s.Tool.Description, s.Tool.RawInputSchema))
			most := 400
			if s.Tool.Name == "update_account" || s.Tool.Name == "create_account" {
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
