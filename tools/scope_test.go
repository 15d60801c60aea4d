package tools_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

func (h *house) listed() []string {
	h.Helper()
	answer, err := h.mcp.ListTools(h.TB.Context(), mcp.ListToolsRequest{})
	require.NoError(h, err)
	var names []string
	for _, tool := range answer.Tools {
		names = append(names, tool.Name)
	}
	return names
}

// What an operator switches off is not listed, and not to be called.
func TestToolsets(t *testing.T) {
	t.Parallel()
	accounts := []string{"list_accounts", "get_account", "create_account", "update_account", "delete_account"}
	notebooks := []string{"list_notebooks", "get_notebook", "create_notebook", "delete_notebook"}
	reads := []string{"list_accounts", "get_account", "list_notebooks", "get_notebook", "list_custom_properties", "list_persons",
		"get_person", "list_person_activity", "get_person_properties_timeline", "whoami"}
	tasks := []string{"resolve", "audit_accounts", "get_account_brief", "search_notes", "list_account_changes"}
	for _, test := range []struct {
		selection tools.Selection
		wanted    []string
	}{
		{tools.Selection{Toolsets: []tools.Toolset{tools.Accounts}}, append(accounts, "whoami")},
		{tools.Selection{Toolsets: []tools.Toolset{tools.Notebooks, tools.Properties}}, append(notebooks, "list_custom_properties", "set_custom_property", "whoami")},
		{tools.Selection{Toolsets: []tools.Toolset{tools.Persons}, ReadOnly: true}, reads[5:]},
		{tools.Selection{ReadOnly: true}, slices.Concat(reads, tasks, []string{"list_writes"})},
		{tools.Selection{ReadOnly: true, Unwritten: true}, slices.Concat(reads, tasks)},
		{tools.Selection{Toolsets: []tools.Toolset{}}, []string{"whoami"}},
	} {
		h := open(t, setup{selection: test.selection})
		require.ElementsMatch(t, test.wanted, h.listed())
		_, err := h.try(h.key, "split_person", object{"person": "x"})
		require.Error(t, err, "what is not listed cannot be called")
	}
	require.Len(t, open(t, setup{}).listed(), len(tools.All))
}

// Read-only holds below the tools too: a write that gets as far as the client
// is refused before a byte of it is sent.
func TestReadOnlyClientSendsNoWrite(t *testing.T) {
	t.Parallel()
	h := open(t, setup{client: []client.Option{client.WithReadOnly()}})
	for tool, arguments := range everyCall() {
		answer := h.call(tool, arguments)
		if token := answer.str("confirmation"); token != "" {
			answer = h.call(tool, with(arguments, "confirmation", token))
		}
		if writes(tool) {
			answer.requireError(t)
			require.Contains(t, answer.text, "read-only", tool)
		} else {
			require.False(t, answer.isError, answer.text)
		}
	}
	require.Empty(t, h.writes())
}

func writes(tool string) bool {
	for _, t := range tools.All {
		if t.Name == tool {
			return t.Effect != tools.Reads
		}
	}
	return false
}

// Where the project is pinned, no call can ask for another one.
func TestPinnedProject(t *testing.T) {
	t.Parallel()
	h := open(t, setup{pinned: sandbox.ProjectID})
	for tool, arguments := range everyCall() {
		h.requests()
		require.Contains(t, h.refused(tool, with(arguments, "project_id", 2)), `unknown argument "project_id"`)
		require.Empty(t, h.requests())
		h.must(tool, arguments)
		for _, request := range h.requests() {
			require.NotContains(t, request.path, "projects/2")
			require.False(t, tool != "whoami" && request.path == "/api/projects/", "a pinned project need not be looked up")
		}
	}
}

// twoProjects makes the sandbox's key reach a second project.
func twoProjects(next http.Handler) http.Handler {
	return changeAnswers(func(r *http.Request, body string) string {
		if r.URL.Path != "/api/projects/" {
			return body
		}
		row := body[strings.Index(body, "[")+1 : strings.LastIndex(body, "]")]
		second := strings.NewReplacer(`"id":1,`, `"id":2,`, "Default project", "Second \u202eproject").Replace(row)
		return strings.Replace(body, row, row+","+second, 1)
	})(next)
}

// With several projects a call has to say which; the refusal lists them.
func TestSeveralProjects(t *testing.T) {
	t.Parallel()
	h := open(t, setup{wrap: twoProjects})
	for tool, arguments := range everyCall() {
		if tool == "whoami" {
			require.Len(t, h.must(tool, arguments).get("projects").Array(), 2)
			continue
		}
		h.requests()
		text := h.refused(tool, arguments)
		require.Contains(t, text, "several projects")
		require.Contains(t, text, "- 1: Default project\n- 2: Second ")
		require.Empty(t, h.writes())
		require.EqualValues(t, 1, h.must(tool, with(arguments, "project_id", 1)).get("project_id").Int())
	}
	require.Contains(t, h.refused("list_accounts", object{"project_id": 2}), "no such project")
}

// A key that is limited to projects may not list them, but works in them.
func TestProjectLimitedKey(t *testing.T) {
	t.Parallel()
	limited := sandbox.Key{Value: "phx_limited", Scopes: []string{"*"}, Projects: []int64{1}}
	h := open(t, setup{key: "phx_limited", sandbox: sandbox.Options{Keys: []sandbox.Key{limited}}})
	require.EqualValues(t, h.shown(anyAccount), h.must("list_accounts", object{}).get("total").Int())
	who := h.must("whoami", object{})
	require.EqualValues(t, 1, who.get("projects.0.id").Int())
	require.Contains(t, who.get("cannot").Raw, "give user ids instead")
	require.EqualValues(t, h.shown(ofGrace), h.must("list_accounts", object{"csm": "2"}).get("total").Int())
	require.Contains(t, h.refused("list_accounts", object{"csm": "grace@example.com"}), "project")
}

// A key says what it lacks, and the refusal names the scope.
func TestNarrowKey(t *testing.T) {
	t.Parallel()
	narrow := sandbox.Key{Value: "phx_narrow", Scopes: []string{"account:read", "project:read"}}
	h := open(t, setup{key: "phx_narrow", sandbox: sandbox.Options{Keys: []sandbox.Key{narrow}}})
	who := h.must("whoami", object{})
	for _, scope := range []string{"account:write", "person:read", "person:write", "activity_log:read", "organization_member:read", "user:read"} {
		require.Contains(t, who.get("cannot").Raw, scope)
	}
	require.NotContains(t, who.get("cannot").Raw, "account:read")
	h.must("get_account", object{"account": seed.AcmeID})
	require.Contains(t, h.refused("update_account", object{"account": seed.AcmeID, "name": "X"}), "account:write")
	require.Contains(t, h.refused("get_person", object{"person": seed.TwinUUIDA}), "person:read")
}

// Two hundred calls at once with two keys: every answer is its own.
func TestManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	second := sandbox.Key{Value: "phx_second", Scopes: []string{"*"}, User: 2}
	h := open(t, setup{sandbox: sandbox.Options{Keys: []sandbox.Key{second}}})
	keys := []struct{ key, email string }{{sandbox.DefaultKey, "ada@example.com"}, {"phx_second", "grace@example.com"}}
	var group errgroup.Group
	expect := func(answer result, err error, path, want string) error {
		if err != nil || answer.isError || answer.str(path) != want {
			return fmt.Errorf("%s is %q, not %q: %v %.300s", path, answer.str(path), want, err, answer.text)
		}
		return nil
	}
	for n := range 200 {
		who := keys[n%2]
		group.Go(func() error {
			switch n / 2 % 5 {
			case 0:
				answer, err := h.try(who.key, "whoami", object{})
				return expect(answer, err, "user.email", who.email)
			case 1:
				answer, err := h.try(who.key, "list_accounts", object{"csm": "me", "limit": 1})
				return expect(answer, err, "total", map[string]string{"ada@example.com": "0", "grace@example.com": fmt.Sprint(h.shown(ofGrace))}[who.email])
			case 2:
				answer, err := h.try(who.key, "create_notebook", object{"account": seed.AcmeID, "markdown": fmt.Sprint("Note ", n), "key": fmt.Sprint("n", n/20)})
				if err == nil && strings.Contains(answer.text, "other arguments") {
					return nil // keys are shared on purpose: the first of each wins
				}
				return expect(answer, err, "after.author", who.email)
			case 3:
				value := fmt.Sprint("v", n)
				answer, err := h.try(who.key, "update_person_property", object{"person": seed.TwinUUIDA, "key": fmt.Sprint("k", n), "value": value})
				return expect(answer, err, fmt.Sprint("after.k", n), value)
			default:
				answer, err := h.try(who.key, "get_person", object{"person": seed.MergedDistinctID})
				return expect(answer, err, "person.distinct_id_count", fmt.Sprint(seed.MergedIDs))
			}
		})
	}
	require.NoError(t, group.Wait())
}
