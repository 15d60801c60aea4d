package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/notes"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

const (
	callMarkdown = "# Call\n\n- with **Grace**\n  - nested\n\n| a | b |\n|---|---|\n| 1 | 2 |"
	callDocument = `{"type":"doc","content":[{"type":"heading","attrs":{"level":2},"content":[{"type":"text","text":"Mine"}]}]}`
)

// wrapped is the document of a Markdown notebook.
func wrapped(markdown string) string { return string(notes.WrapMarkdown(markdown)) }

func TestCurrentNotebookContent(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	list := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/notebooks"
	for _, c := range []struct {
		name          string
		sent          object
		content, text string // as JSON
		markdown      string // what /markdown/ answers
	}{
		{"4.3 a text is wrapped unchanged", object{"text_content": callMarkdown}, wrapped(callMarkdown), jsonText(t, callMarkdown), callMarkdown},
		{"4.3 a usable document becomes Markdown", object{"content": raw(callDocument)}, wrapped("## Mine"), `null`, "## Mine"},
		{"4.3 the text beside it is kept", object{"content": raw(callDocument), "text_content": "beside"}, wrapped("## Mine"), `"beside"`, "## Mine"},
		{"4.5 a Markdown notebook stays one", object{"content": raw(wrapped(callMarkdown))}, wrapped(callMarkdown), `null`, callMarkdown},
		{"4.3 an empty document", object{"content": raw(`{"type":"doc","content":[]}`)}, wrapped(""), `null`, ""},
		{"4.3 an unusable object gives way to the text", object{"content": raw(`{}`), "text_content": "*x*"}, wrapped("*x*"), `"*x*"`, "*x*"},
		{"4.3 a list gives way to the text", object{"content": raw(`[]`), "text_content": "x"}, wrapped("x"), `"x"`, "x"},
		{"4.3 a bare list of nodes can be converted", object{"content": raw(`[{"type":"paragraph","content":[{"type":"text","text":"x"}]}]`)}, wrapped("x"), `null`, "x"},
		{"4.3 neither leaves a blank page", object{"title": "x"}, `null`, `null`, ""},
		{"4.3 an empty text leaves a blank page", object{"text_content": ""}, `null`, `""`, ""},
		{"4.3 null is nothing", object{"content": nil, "text_content": nil}, `null`, `null`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := h.must(201, "POST", list, c.sent)
			short := made.get("short_id").String()
			for _, path := range []string{list + "/" + short, "/api/projects/1/notebooks/" + short} {
				got := h.must(200, "GET", path, nil)
				require.JSONEq(t, c.content, got.get("content").Raw)
				require.JSONEq(t, c.text, got.get("text_content").Raw)
			}
			got := h.must(200, "GET", "/api/projects/1/notebooks/"+short+"/markdown/", nil)
			require.Equal(t, []string{"markdown"}, got.keys(""), "4.4")
			require.Equal(t, c.markdown, got.get("markdown").String(), "4.4")
		})
	}
	for name, content := range map[string]any{"an object": raw(`{}`), "a number": 5, "a text": "x", "nodes that are no list": raw(`{"type":"doc","content":{}}`)} {
		t.Run("4.3 "+name+" cannot be converted", func(t *testing.T) {
			got := h.do("POST", list, object{"content": content})
			require.Equal(t, 400, got.status, got.body)
			require.Equal(t, "validation_error", got.get("type").String())
			require.Equal(t, "content", got.get("attr").String())
		})
	}
}

func jsonText(t *testing.T, text string) string {
	t.Helper()
	return string(encodeBody(t, []string{text})[1 : len(encodeBody(t, []string{text}))-1])
}

func TestNotebookAsMarkdown(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Profile: sandbox.Current, Empty: true, Keys: []sandbox.Key{
		{Value: "phx_account", Scopes: []string{"account:write"}}, {Value: "phx_notebook", Scopes: []string{"notebook:read"}}}})
	account := accountsPath + "/" + h.createAccount(object{"name": "Acme"})
	made := h.must(201, "POST", account+"/notebooks", object{"text_content": "# Before"})
	short := made.get("short_id").String()
	general := "/api/projects/1/notebooks/" + short
	markdown := general + "/markdown/"

	require.Equal(t, "# Before", h.doAs("phx_notebook", "GET", markdown, nil).get("markdown").String(), "4.4 scope notebook:read")
	require.Equal(t, 403, h.doAs("phx_account", "GET", markdown, nil).status)
	require.Equal(t, 403, h.do("POST", markdown, object{}).status, "1.3 no other method")

	h.must(200, "PATCH", general, object{"text_content": "# After"})
	require.Equal(t, "# Before", h.must(200, "GET", markdown, nil).get("markdown").String(), "a new text leaves the document alone")
	version := h.must(200, "GET", general, nil).get("version").Int()
	h.must(200, "PATCH", general, object{"content": raw(callDocument), "version": version})
	require.Equal(t, "## Mine", h.must(200, "GET", markdown, nil).get("markdown").String(), "4.4 rich text is converted")

	h.must(200, "PATCH", general, object{"deleted": true})
	h.do("GET", markdown, nil).requireProblem(t, 404, "invalid_request", "not_found", "Not found.", "")
	h.do("GET", "/api/projects/1/notebooks/nosuchid/markdown", nil).requireProblem(t, 404, "invalid_request", "not_found", "Not found.", "")
}

func TestCurrentSeededNotes(t *testing.T) {
	t.Parallel()
	h, old := start(t, sandbox.Options{Profile: sandbox.Current}), start(t, sandbox.Options{})
	kinds := map[string]int{}
	for _, id := range h.must(200, "GET", accountsPath+"?limit=60", nil).strings("results.#.id") {
		path := accountsPath + "/" + id + "/notebooks?limit=100&ordering=created_at"
		before := old.must(200, "GET", path, nil).get("results").Array()
		for i, note := range h.must(200, "GET", path, nil).get("results").Array() {
			require.Equal(t, before[i].Get("text_content").Raw, note.Get("text_content").Raw, "the portfolio is the same in every generation")
			if note.Get("content.content.0.type").String() == "ph-markdown-notebook" {
				kinds["markdown"]++
				require.Equal(t, note.Get("text_content").String(), note.Get("content.content.0.attrs.markdown").String(), "4.5")
				require.Equal(t, "markdown-notebook-v2", note.Get("content.content.0.attrs.nodeId").String(), "4.5")
				continue
			}
			kinds["rich text"]++
			require.JSONEq(t, before[i].Get("content").Raw, note.Get("content").Raw, "4.5 old rows are rich text")
		}
	}
	require.Greater(t, kinds["markdown"], kinds["rich text"])
	require.Positive(t, kinds["rich text"])
	require.Equal(t, int64(1200), h.must(200, "GET", "/api/projects/1/account_notes?limit=1", nil).get("count").Int(), "6.3 notes of hidden accounts too")
	acme := h.must(200, "GET", query("/api/projects/1/account_notes", "account_id", seed.AcmeID, "assigned_to", "2"), nil)
	require.Positive(t, acme.get("count").Int(), "6.3 assigned by relationship")
	require.NotEqual(t, gjson.Null, acme.get("results.0.created_by.email").Type)
}
