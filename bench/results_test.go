package bench_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/bench/stage"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

type object = map[string]any

// usage is one call a reader may make, the arguments by how often it was made before: writes need a fresh
// object each time.
type usage struct {
	tool      string
	how       string // what is special about it, "" for the tool's default
	arguments func(time int) object
	// first makes the calls that come before the one that is counted, and gives its arguments.
	first func(ask asking, arguments object) object
}

// asking makes a call and gives its result.
type asking func(tool string, arguments object) gjson.Result

// confirmed asks for the preview first.
func confirmed(tool string) func(asking, object) object {
	return func(ask asking, arguments object) object {
		arguments = maps.Clone(arguments)
		arguments["confirmation"] = ask(tool, arguments).Get("confirmation").String()
		return arguments
	}
}

// aPlan tags the accounts of a CSM.
func aPlan(time int) object {
	return object{"accounts": object{"csm": "grace@example.com"}, "changes": object{"tags_add": []string{fmt.Sprint("round-", time)}}}
}

// planned plans first what is then carried out.
func planned(ask asking, arguments object) object {
	plan := ask("plan_changes", arguments)
	return object{"plan": plan.Get("plan").String(), "confirmation": plan.Get("confirmation").String()}
}

// written makes a write first that is then undone.
func written(ask asking, arguments object) object {
	return object{"write": ask("update_account", arguments).Get("write").String()}
}

func (u usage) name() string {
	if u.how == "" {
		return u.tool
	}
	return u.tool + "/" + u.how
}

// always are the same arguments each time.
func always(arguments object) func(int) object {
	return func(int) object { return arguments }
}

var (
	acme  = always(object{"account": seed.AcmeID})
	twins = []string{seed.TwinDistinctA, seed.TwinDistinctB}
)

func anAccount(time int) object {
	return object{"account": []string{seed.NorthwindA, seed.NorthwindB}[time]}
}
func aPerson(time int) object { return object{"person": twins[time]} }

// having makes arguments of others with more members.
func having(base func(int) object, more func(time int) object) func(int) object {
	return func(time int) object {
		arguments := maps.Clone(base(time))
		maps.Copy(arguments, more(time))
		return arguments
	}
}

// usages has every tool with its defaults, on the seeded portfolio.
var usages = []usage{
	{tool: "list_accounts", arguments: always(object{})},
	{tool: "list_accounts", how: "of-a-csm", arguments: always(object{"csm": "grace@example.com"})},
	{tool: "get_account", arguments: acme},
	{tool: "get_account", how: "by-name", arguments: always(object{"account": seed.AcmeName})},
	{tool: "get_account", how: "with-everything", arguments: having(acme, always(object{"include": []string{"custom_properties", "notebooks", "relationships"}}))},
	{tool: "create_account", arguments: func(time int) object { return object{"name": fmt.Sprint("New ", time)} }},
	{tool: "update_account", arguments: having(acme, func(time int) object { return object{"set": object{"billing_id": fmt.Sprint("b", time)}} })},
	{tool: "delete_account", how: "preview", arguments: anAccount},
	{tool: "delete_account", how: "confirmed", arguments: anAccount, first: confirmed("delete_account")},
	{tool: "list_notebooks", arguments: acme},
	{tool: "get_notebook", arguments: having(acme, always(object{"notebook": "latest"}))},
	{tool: "create_notebook", arguments: having(acme, func(time int) object {
		return object{"title": fmt.Sprint("Call ", time), "markdown": "Went well.\n\n- send the offer\n"}
	})},
	{tool: "append_note", arguments: having(acme, func(time int) object {
		return object{"notebook": "latest", "section": "Next steps", "markdown": fmt.Sprint("- call again ", time)}
	})},
	{tool: "delete_notebook", how: "preview", arguments: having(acme, always(object{"notebook": "latest"}))},
	{tool: "delete_notebook", how: "confirmed", arguments: having(acme, always(object{"notebook": "latest"})), first: confirmed("delete_notebook")},
	{tool: "list_custom_properties", arguments: always(object{})},
	{tool: "list_custom_properties", how: "of-an-account", arguments: acme},
	{tool: "set_custom_property", arguments: having(acme, func(time int) object { return object{"property": "Health score", "value": 60 + time} })},
	{tool: "list_persons", arguments: always(object{})},
	{tool: "get_person", arguments: aPerson},
	{tool: "get_person", how: "by-email", arguments: always(object{"person": seed.PlusEmail})},
	{tool: "get_person", how: "of-2000-ids", arguments: always(object{"person": seed.MergedDistinctID})},
	{tool: "update_person", arguments: having(aPerson, always(object{"set": object{"plan": "free"}}))},
	{tool: "update_person_property", arguments: having(aPerson, always(object{"key": "plan", "value": "free"}))},
	{tool: "delete_person_property", arguments: having(aPerson, always(object{"key": "plan"}))},
	{tool: "delete_person", how: "preview", arguments: aPerson},
	{tool: "delete_person", how: "confirmed", arguments: func(time int) object {
		return object{"person": []string{seed.CasedDistinctID, seed.CasedTwinDistinctID}[time]}
	}, first: confirmed("delete_person")},
	{tool: "split_person", how: "preview", arguments: always(object{"person": seed.TwinDistinctB, "main_distinct_id": seed.TwinDistinctB})},
	{tool: "list_person_activity", arguments: always(object{"person": seed.MergedPersonUUID})},
	{tool: "get_person_properties_timeline", arguments: always(object{"person": seed.MergedPersonUUID})},
	{tool: "resolve", arguments: always(object{"query": seed.AcmeStripeID})},
	{tool: "resolve", how: "a-person", arguments: always(object{"query": seed.MergedDistinctID})},
	{tool: "get_account_brief", how: "for-a-call", arguments: acme},
	{tool: "get_account_brief", how: "for-a-review", arguments: having(acme, always(object{"kind": "qbr", "max_tokens": 4000}))},
	{tool: "search_notes", arguments: always(object{"query": "exports"})},
	{tool: "list_account_changes", arguments: always(object{})},
	{tool: "audit_accounts", arguments: always(object{})},
	{tool: "plan_changes", how: "for-38-accounts", arguments: aPlan},
	{tool: "apply_plan", how: "to-38-accounts", arguments: aPlan, first: planned},
	{tool: "list_writes", arguments: always(object{})},
	{tool: "undo_write", arguments: having(acme, func(time int) object { return object{"set": object{"billing_id": fmt.Sprint("u", time)}} }), first: written},
	{tool: "whoami", arguments: always(object{})},
}

// cost is what one call took and gave.
type cost struct {
	requests int64
	text     string
}

// spend makes a usage twice on a fresh server: the first call finds nothing known, the second what the first
// learned.
func spend(t testing.TB, u usage, posthog *sandbox.Sandbox) (first, again cost) {
	t.Helper()
	upstream := &stage.Counting{Next: posthog.Transport()}
	server, key, err := stage.Product(upstream, tools.WithJournal(journalIn(t)))
	require.NoError(t, err)
	ctx := identity.With(context.Background(), identity.FromEnvironment(key))
	c, err := mcpclient.NewInProcessClient(server)
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	require.NoError(t, c.Start(ctx))
	_, err = c.Initialize(ctx, mcp.InitializeRequest{})
	require.NoError(t, err)

	ask := func(tool string, arguments object) gjson.Result {
		result, err := c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: arguments}})
		require.NoError(t, err)
		text := result.Content[0].(mcp.TextContent).Text
		require.False(t, result.IsError, "%s: %s", u.name(), text)
		return gjson.Parse(text)
	}
	both := [2]cost{}
	for time := range both {
		arguments := u.arguments(time)
		if u.first != nil {
			arguments = u.first(ask, arguments)
		}
		before := upstream.Requests()
		text := ask(u.tool, arguments).Raw
		both[time] = cost{upstream.Requests() - before, text}
	}
	return both[0], both[1]
}

// o200k counts tokens exactly.
func o200k(t testing.TB, text string) float64 {
	t.Helper()
	n, err := stage.Tokens(text)
	require.NoError(t, err)
	return float64(n)
}

// BenchmarkTool tells what a call of each tool asks of PostHog and of the model. These are counts, the same
// however often they are taken.
func BenchmarkTool(b *testing.B) {
	for _, u := range usages {
		b.Run(u.name(), func(b *testing.B) {
			first, again := spend(b, u, sandbox.New(sandbox.Options{}))
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(first.requests), "requests-first")
			b.ReportMetric(float64(again.requests), "requests-again")
			b.ReportMetric(float64(len(first.text)), "bytes")
			b.ReportMetric(o200k(b, first.text), "o200k-tokens")
		})
	}
}

// toolLists are the ways to list tools, by the product's flags.
var toolLists = map[string][]string{"all": nil, "pinned": {"--project", "1"}, "read-only": {"--read-only"}}

// BenchmarkToolList weighs the list of tools: the whole answer on the wire, and what a client shows the model.
func BenchmarkToolList(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(toolLists)) {
		b.Run(name, func(b *testing.B) {
			p := spawn(b, nil, product(b), toolLists[name]...)
			list := listTools(b, p)
			tokens := 0.0
			list.Get("tools").ForEach(func(_, tool gjson.Result) bool {
				tokens += o200k(b, shownToModel(tool))
				return true
			})
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(len(list.Get("tools").Array())), "tools")
			b.ReportMetric(float64(len(list.Raw)), "bytes")
			b.ReportMetric(tokens, "o200k-tokens")
		})
	}
}

// shownToModel is what clients put before a model: name, description and input schema.
func shownToModel(tool gjson.Result) string {
	parts := make([]string, 0, 3)
	for _, member := range []string{"name", "description", "inputSchema"} {
		parts = append(parts, fmt.Sprintf("%q:%s", member, tool.Get(member).Raw))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestEveryToolIsMeasured(t *testing.T) {
	t.Parallel()
	measured, posthog := map[string]bool{}, sandbox.New(sandbox.Options{}) // one for all: making the rows takes longest
	for _, u := range usages {
		measured[u.tool] = true
		first, again := spend(t, u, posthog)
		require.Positive(t, first.requests, u.name())
		if u.first == nil { // else calls before it learned already
			require.LessOrEqual(t, again.requests, first.requests, "%s: what the first call learned is not asked again", u.name())
		}
		require.NotEmpty(t, first.text)
	}
	for _, tool := range tools.All {
		require.True(t, measured[tool.Name], "give %s a line in usages", tool.Name)
	}
}
