package e2e

import (
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

const accountTemplate = "posthog://projects/{project_id}/accounts/{account_id}"

// TestResourcesPromptsAndCompletion, as a client's menus use them, over every transport.
func TestResourcesPromptsAndCompletion(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) *mcpclient.Client{
		"stdio": func(t *testing.T) *mcpclient.Client { return stdioClient(t, nil, "--sandbox") },
		"http": func(t *testing.T) *mcpclient.Client {
			_, origin := serve(t, nil, "--sandbox")
			return httpClient(t, origin)
		},
		"sse": func(t *testing.T) *mcpclient.Client {
			_, origin := serve(t, nil, "--sandbox", "--sse")
			return sseClient(t, origin)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			browseAccount(t, c)
			usePrompts(t, c)
		})
	}
}

// browseAccount goes from the list of resources to an account, to one of its notes and to what is missing.
func browseAccount(t *testing.T, c *mcpclient.Client) {
	t.Helper()
	listed, err := c.ListResources(t.Context(), mcp.ListResourcesRequest{})
	require.NoError(t, err)
	var account mcp.Resource
	for _, resource := range listed.Resources {
		if strings.Contains(resource.URI, "/accounts/") {
			account = resource
			break
		}
	}
	require.NotEmpty(t, account.Title)
	read := readResource(t, c, account.URI)
	require.Equal(t, account.Title, gjson.Get(read.Text, "account.name").String())

	templates, err := c.ListResourceTemplates(t.Context(), mcp.ListResourceTemplatesRequest{})
	require.NoError(t, err)
	require.Len(t, templates.ResourceTemplates, 5)

	id := account.URI[strings.LastIndex(account.URI, "/")+1:]
	require.Contains(t, completed(t, c, mcp.ResourceReference{Type: "ref/resource", URI: accountTemplate}, "account_id", account.Title[:4]), id)
	notes, err := c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "list_notebooks", Arguments: object{"account": id}}})
	require.NoError(t, err)
	note := ok(t, gjson.ParseBytes(encode(t, notes))).Get("rows.0.short_id").String()
	require.NotEmpty(t, note)
	require.Equal(t, "text/markdown", readResource(t, c, account.URI+"/notebooks/"+note).MIMEType)

	missing := "posthog://projects/1/accounts/00000000-0000-4000-8000-000000000000"
	_, err = c.ReadResource(t.Context(), mcp.ReadResourceRequest{Params: mcp.ReadResourceParams{URI: missing}})
	require.ErrorContains(t, err, missing)
}

func readResource(t *testing.T, c *mcpclient.Client, uri string) mcp.TextResourceContents {
	t.Helper()
	read, err := c.ReadResource(t.Context(), mcp.ReadResourceRequest{Params: mcp.ReadResourceParams{URI: uri}})
	require.NoError(t, err)
	require.Len(t, read.Contents, 1)
	text, isText := read.Contents[0].(mcp.TextResourceContents)
	require.True(t, isText)
	require.Equal(t, uri, text.URI)
	return text
}

// usePrompts fetches the prompts that are there and completes an argument.
func usePrompts(t *testing.T, c *mcpclient.Client) {
	t.Helper()
	listed, err := c.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	require.NoError(t, err)
	var names []string
	for _, prompt := range listed.Prompts {
		names = append(names, prompt.Name)
	}
	require.ElementsMatch(t, names, []string{"prepare_account_call", "write_up_call", "prepare_qbr", "hand_over_accounts", "review_unassigned_accounts", "untangle_person", "erase_person"})

	require.Contains(t, promptText(t, c, "review_unassigned_accounts", nil), "plan_changes")
	require.Contains(t, promptText(t, c, "prepare_account_call", map[string]string{"account": "Mistral Mobility"}), "Mistral Mobility")
	for _, arguments := range []map[string]string{nil, {"account": "nobody has this name"}} {
		_, err = c.GetPrompt(t.Context(), mcp.GetPromptRequest{Params: mcp.GetPromptParams{Name: "prepare_account_call", Arguments: arguments}})
		require.ErrorIs(t, err, mcp.ErrInvalidParams, arguments)
		require.ErrorContains(t, err, "account")
	}

	require.Contains(t, completed(t, c, mcp.PromptReference{Type: "ref/prompt", Name: "prepare_account_call"}, "account", "Mist"), "Mistral Mobility")
	require.Empty(t, completed(t, c, mcp.PromptReference{Type: "ref/prompt", Name: "no_such_prompt"}, "account", "Mist"))
}

func promptText(t *testing.T, c *mcpclient.Client, prompt string, arguments map[string]string) string {
	t.Helper()
	got, err := c.GetPrompt(t.Context(), mcp.GetPromptRequest{Params: mcp.GetPromptParams{Name: prompt, Arguments: arguments}})
	require.NoError(t, err)
	require.NotEmpty(t, got.Messages)
	return string(encode(t, got.Messages))
}

func completed(t *testing.T, c *mcpclient.Client, reference any, argument, start string) []string {
	t.Helper()
	got, err := c.Complete(t.Context(), mcp.CompleteRequest{Params: mcp.CompleteParams{
		Ref: reference, Argument: mcp.CompleteArgument{Name: argument, Value: start},
		Context: mcp.CompleteContext{Arguments: map[string]string{"project_id": "1"}},
	}})
	require.NoError(t, err)
	return got.Completion.Values
}

// TestSubscriptionsAreOfferedWhereTheyWork: a client over stdio stays connected; one over HTTP could not be told.
func TestSubscriptionsAreOfferedWhereTheyWork(t *testing.T) {
	t.Parallel()
	const subscribe, uri = "resources/subscribe", "posthog://projects/1/accounts"
	p := run(t, nil, "--sandbox")
	require.True(t, p.ask(hello(1)).Get("result.capabilities.resources.subscribe").Bool())
	require.True(t, p.ask(request(modern, 2, "server/discover", nil)).Get("result.capabilities.resources.subscribe").Bool())
	require.True(t, p.ask(request(legacy, 3, subscribe, object{"uri": uri})).Get("result").Exists())
	require.Contains(t, p.ask(request(legacy, 4, subscribe, object{"uri": uri + "/nonsense"})).Get("error.message").String(), "no resource")
	require.True(t, p.ask(request(legacy, 5, "resources/unsubscribe", object{"uri": uri})).Get("result").Exists())

	_, origin := serve(t, nil, "--sandbox")
	require.False(t, post(t, origin+"/mcp", hello(1)).body.Get("result.capabilities.resources.subscribe").Bool())
	require.True(t, post(t, origin+"/mcp", request(legacy, 2, subscribe, object{"uri": uri})).body.Get("error").Exists())
}
