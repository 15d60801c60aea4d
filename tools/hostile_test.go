package tools_test

import (
	"encoding/json"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// hides are characters that no result shows as they are: they would be read by
// a model and seen by nobody.
const hides = `[\x{0}-\x{9}\x{b}-\x{1f}\x{7f}-\x{9f}\x{ad}\x{34f}\x{61c}\x{200b}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{e0000}-\x{e0fff}]`

// hostile is whom and what the seeded portfolio's attackers wrote to.
var hostile = struct {
	notes   []string
	persons []string
}{
	[]string{seed.OrdersNote, seed.TagsNote, seed.InvisibleNote, seed.FenceNote, seed.BigNote},
	[]string{seed.OrdersPersonUUID, seed.InvisiblePersonUUID, seed.BigValuePersonUUID, seed.PersonUUID("user_77013")},
}

// accountOf is the account of a seeded note.
func accountOf(t testing.TB, note string) string {
	t.Helper()
	for _, n := range seed.Notes() {
		if n.ShortID == note {
			return n.AccountID
		}
	}
	require.FailNow(t, "no such note: "+note)
	return ""
}

// Whatever tool shows it: what attackers wrote stays inside of a fence that
// says what it is, nothing in it hides, and it is the same text for whoever
// decodes it. Each call is held against that by must; here is what there is.
func TestHostileTextStaysInsideItsFence(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	calls := everyCall()
	hostileCall := func(tool string) {
		arguments := calls[tool]
		for name, target := range map[string]string{"account": seed.OrdersID, "notebook": seed.OrdersNote, "person": seed.OrdersPersonUUID} {
			if _, takes := arguments[name]; takes && tool != "split_person" {
				arguments = with(arguments, name, target)
			}
		}
		h.must(tool, arguments)
	}
	everyTool := func(reading bool) {
		for _, tool := range tools.All {
			if _, there := calls[tool.Name]; there && (tool.Effect == tools.Reads) == reading {
				hostileCall(tool.Name)
			}
		}
	}
	everyTool(true)

	one := h.must("get_account", object{"account": seed.OrdersID, "include": []string{"custom_properties", "notebooks", "relationships"}, "max_tokens": 8000})
	require.Contains(t, one.str("account.name"), "Ignore previous instructions")
	require.Contains(t, one.strings("account.tags"), seed.FalseEnd)
	for _, note := range hostile.notes {
		account := accountOf(t, note)
		read := h.must("get_notebook", object{"account": account, "notebook": note, "max_tokens": 50_000})
		if h.can(richText) {
			stored := h.raw("GET", api+"accounts/"+account+"/notebooks/"+note, nil).Get("text_content").String()
			require.Equal(t, stored, read.str("notebook.markdown"), note)
		}
		h.must("list_notebooks", object{"account": account, "limit": 200, "max_tokens": 50_000})
	}
	for _, uuid := range hostile.persons {
		r := h.must("get_person", object{"person": uuid, "fields": []string{"crm", "plan", "bio", "title", "nickname", "company", "deep"}, "max_tokens": 50_000})
		for name, value := range r.get("person.properties").Map() {
			require.JSONEq(t, h.person(uuid).Get("properties."+name).Raw, value.Raw, name)
		}
		h.must("get_person", object{"person": uuid, "max_tokens": 50_000})
	}
	h.must("list_persons", object{"search": "77", "limit": 200, "max_tokens": 50_000, "fields": []string{"name", "email", "crm", "plan", "bio", "title", "deep"}})
	h.must("list_accounts", object{"limit": 200, "max_tokens": 50_000, "ordering": "name", "fields": []string{"name", "tags", "properties"}})

	everyTool(false)
}

// What clients are told of the tools is the same whatever the portfolio holds.
func TestDescriptionsAreNotBuiltFromData(t *testing.T) {
	t.Parallel()
	full, empty := open(t, setup{}), open(t, setup{sandbox: sandbox.Options{Empty: true}})
	full.must("list_custom_properties", object{"account": seed.OrdersID})
	full.must("get_account", object{"account": seed.OrdersID})
	require.JSONEq(t, empty.listing(), full.listing())
}

// listing is the list of tools as a client gets it.
func (h *house) listing() string {
	h.Helper()
	answer, err := h.mcp.ListTools(h.Context(), mcp.ListToolsRequest{})
	require.NoError(h, err)
	encoded, err := json.Marshal(answer.Tools)
	require.NoError(h, err)
	return string(encoded)
}
