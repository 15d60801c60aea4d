package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/notes"
	"posthog-accounts-mcp/sandbox"
)

var notebookKeys = []string{"id", "short_id", "title", "content", "text_content", "created_at", "created_by", "last_modified_at", "last_modified_by"}

func TestNotebookLifecycle(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"/api/projects/1/accounts/", "/api/environments/1/accounts/"} {
		t.Run(prefix, func(t *testing.T) {
			h := startEmpty(t)
			id, other := h.createAccount(object{"name": "Acme"}), h.createAccount(object{"name": "Other"})
			list := prefix + id + "/notebooks/"
			made := h.must(201, "POST", list, object{"title": " Call ", "text_content": "Hello **you**"})
			note := list + made.get("short_id").String() + "/"

			require.Equal(t, notebookKeys, made.keys(""), "4.1")
			require.Equal(t, "Call", made.get("title").String(), "1.7 trimmed")
			require.LessOrEqual(t, len(made.get("short_id").String()), 12, "1.1")
			require.Equal(t, "ada@example.com", made.get("created_by.email").String(), "4.3 the author is the key's owner")
			require.Equal(t, []string{"id", "uuid", "distinct_id", "first_name", "last_name", "email", "is_email_verified", "hedgehog_config", "role_at_organization"}, made.keys("last_modified_by"), "4.1")
			require.Equal(t, made.body, h.must(200, "GET", note, nil).body, "4.4")
			require.Equal(t, made.body, h.must(200, "GET", list, nil).get("results.0").Raw, "4.2 every row carries its whole content")
			require.Equal(t, []string{made.get("short_id").String()}, h.must(200, "GET", prefix+id, nil).strings("notebooks"), "2")
			h.do("GET", strings.Replace(note, id, other, 1), nil).requireRowNotFound(t)
			h.do("GET", list+"nosuchid", nil).requireRowNotFound(t)
			h.do("DELETE", strings.Replace(note, id, other, 1), nil).requireRowNotFound(t)

			require.Empty(t, h.must(204, "DELETE", note, nil).body, "4.4 204 without a body")
			h.do("GET", note, nil).requireRowNotFound(t)
			h.do("DELETE", note, nil).requireRowNotFound(t)
			require.Empty(t, h.must(200, "GET", prefix+id, nil).strings("notebooks"), "4.4 the link is gone too")
			require.Equal(t, 404, h.do("GET", "/api/projects/1/notebooks/"+made.get("short_id").String(), nil).status, "4.4 hard delete")
		})
	}
	t.Run("4.2 an unknown account", func(t *testing.T) {
		h := startEmpty(t)
		h.do("GET", accountsPath+"/0192d1aa-5c1e-7000-8000-000000000001/notebooks", nil).requireRowNotFound(t)
		h.do("POST", accountsPath+"/x/notebooks", object{"title": "x"}).requireRowNotFound(t)
		require.Equal(t, 400, h.do("POST", accountsPath+"/x/notebooks", object{"title": []int{}}).status, "4.3 the body is checked first")
	})
}

func TestNotebookContent(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	list := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/notebooks"
	text := "# Call\n\nWith **Grace** and *Linus*\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |"
	rendered := string(notes.FromMarkdown(text))
	doc := `{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"mine"}]}]}`
	for _, c := range []struct {
		name             string
		sent             object
		content, storing string // the content as JSON, the text or "null"
	}{
		{"4.3 only a text is rendered as Markdown", object{"text_content": text}, rendered, text},
		{"4.3 a usable document is stored as it is", object{"content": raw(doc)}, doc, "null"},
		{"4.3 beside a usable document the text is not rendered", object{"content": raw(doc), "text_content": text}, doc, text},
		{"4.3 an empty document is usable", object{"content": raw(`{"type":"doc","content":[]}`), "text_content": text}, `{"type":"doc","content":[]}`, text},
		{"4.3 an unusable object gives way to the text", object{"content": raw(`{}`), "text_content": text}, rendered, text},
		{"4.3 a list gives way to the text", object{"content": raw(`[]`), "text_content": text}, rendered, text},
		{"4.3 a string gives way to the text", object{"content": "x", "text_content": text}, rendered, text},
		{"4.3 another type gives way to the text", object{"content": raw(`{"type":"page","content":[]}`), "text_content": text}, rendered, text},
		{"4.3 a document without a list gives way to the text", object{"content": raw(`{"type":"doc","content":{}}`), "text_content": text}, rendered, text},
		{"4.3 an unusable object alone is stored", object{"content": raw(`{}`)}, `{}`, "null"},
		{"4.3 a string alone is stored", object{"content": "x"}, `"x"`, "null"},
		{"4.3 with an empty text too", object{"content": raw(`[1]`), "text_content": ""}, `[1]`, ""},
		{"4.3 neither leaves a blank page", object{}, `null`, "null"},
		{"4.3 an empty text leaves a blank page", object{"text_content": ""}, `null`, ""},
		{"4.3 null is nothing", object{"content": nil, "text_content": nil, "title": nil}, `null`, "null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := h.must(201, "POST", list, c.sent)
			for _, got := range []answer{made, h.must(200, "GET", list+"/"+made.get("short_id").String(), nil)} {
				require.JSONEq(t, c.content, got.get("content").Raw)
				if c.storing == "null" {
					require.Equal(t, gjson.Null, got.get("text_content").Type)
				} else {
					require.Equal(t, c.storing, got.get("text_content").String())
				}
			}
		})
	}
	t.Run("4.3 no default title, blank is fine", func(t *testing.T) {
		require.Equal(t, gjson.Null, h.must(201, "POST", list, object{}).get("title").Type)
		require.Equal(t, `""`, h.must(201, "POST", list, object{"title": " "}).get("title").Raw)
	})
	for _, c := range []struct{ name, body, attr, code, detail string }{
		{"4.3 the title's length", `{"title":"` + strings.Repeat("x", 257) + `"}`, "title", "max_length", "Ensure this field has no more than 256 characters."},
		{"4.3 the title's type", `{"title":{}}`, "title", "invalid_input", "Not a valid string."},
		{"4.3 the text's type", `{"text_content":[]}`, "text_content", "invalid_input", "Not a valid string."},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", list, c.body).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
		})
	}
}

type raw string

// MarshalJSON puts the text into a body as it is.
func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func TestNotebookSearch(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	list := accountsPath + "/" + h.createAccount(object{"name": "Acme Robotics"}) + "/notebooks"
	for title, text := range map[string]string{
		"Renewal call":  "They exported the dashboards and were happy. Mail grace@example.com about well-known limits.",
		"QBR":           "The quarterly review covered renewals and invoicing at https://status.example.com/history today",
		"Kick-off":      "Unternehmen Société Générale\nplans a migration",
		"Only a title ": "",
	} {
		h.must(201, "POST", list, object{"title": title, "text_content": text})
	}
	h.must(201, "POST", list, object{"title": "Drawn", "content": raw(`{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"secretword"}]}]}`)})
	for _, c := range []struct {
		name, search string
		want         []string
	}{
		{"4.2 a whole word", "dashboards", []string{"Renewal call"}},
		{"4.2 in any case", "DASHBOARDS", []string{"Renewal call"}},
		{"4.2 stemmed: the singular finds the plural", "dashboard", []string{"Renewal call"}},
		{"4.2 stemmed: export finds exported", "export", []string{"Renewal call"}},
		{"4.2 stemmed: exporting finds exported", "exporting", []string{"Renewal call"}},
		{"4.2 stemmed: happiness finds happy", "happiness", []string{"Renewal call"}},
		{"4.2 stemmed: renewal finds renewals, in title or text", "renewal", []string{"Renewal call", "QBR"}},
		{"4.2 no substring", "dash", []string{}},
		{"4.2 no substring in the middle", "boards", []string{}},
		{"4.2 all words", "quarterly renewals", []string{"QBR"}},
		{"4.2 in any order", "renewals, quarterly!", []string{"QBR"}},
		{"4.2 one of two words is not enough", "quarterly dashboards", []string{}},
		{"4.2 all words in one field: title and text do not add up", "QBR renewals", []string{}},
		{"4.2 stop words do not count", "the review of renewals", []string{"QBR"}},
		{"4.2 stop words alone find nothing", "the and of", []string{}},
		{"4.2 signs alone find nothing", "!?", []string{}},
		{"4.2 the document is not searched", "secretword", []string{}},
		{"4.2 without a text the title is", "drawn", []string{"Drawn"}},
		{"4.2 words beyond ASCII", "société", []string{"Kick-off"}},
		{"4.2 accents matter", "societe", []string{}},
		{"4.2 an e-mail address is one word", "grace", []string{}},
		{"4.2 a whole address", "grace@example.com", []string{"Renewal call"}},
		{"4.2 a compound is found by a part", "known", []string{"Renewal call"}},
		{"4.2 and as a whole", "well-known", []string{"Renewal call"}},
		{"4.2 a host is one word", "status.example.com", []string{"QBR"}},
		{"4.2 part of a host is not found", "status", []string{}},
		{"4.2 no wildcards", "dash%", []string{}},
		{"4.2 trimmed, empty is none", "  ", []string{"Renewal call", "QBR", "Kick-off", "Only a title", "Drawn"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := h.must(200, "GET", query(list, "search", c.search), nil)
			require.ElementsMatch(t, c.want, got.strings("results.#.title"))
			require.Equal(t, int64(len(c.want)), got.get("count").Int())
		})
	}
}

func TestNotebookOrderAndPages(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now, Keys: []sandbox.Key{
		{Value: "phx_grace", Scopes: []string{"*"}, User: 2}, {Value: "phx_linus", Scopes: []string{"*"}, User: 3}}})
	list := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/notebooks"
	for i, key := range []string{"phx_linus", sandbox.DefaultKey, "phx_grace"} {
		require.Equal(t, 201, h.doAs(key, "POST", list, object{"title": fmt.Sprint(i)}).status)
		c.advance(time.Second)
	}
	for _, o := range []struct {
		name, query string
		want        []string
	}{
		{"4.2 newest first", "", []string{"2", "1", "0"}},
		{"4.2 created_at", "?ordering=created_at", []string{"0", "1", "2"}},
		{"4.2 -created_at", "?ordering=-created_at", []string{"2", "1", "0"}},
		{"4.2 created_by is the author's name", "?ordering=created_by", []string{"1", "2", "0"}},
		{"4.2 -created_by", "?ordering=-created_by", []string{"0", "2", "1"}},
		{"4.2 anything else is the default", "?ordering=title", []string{"2", "1", "0"}},
		{"4.2 paginated", "?limit=1&offset=1", []string{"1"}},
	} {
		t.Run(o.name, func(t *testing.T) {
			got := h.must(200, "GET", list+o.query, nil)
			require.Equal(t, o.want, got.strings("results.#.title"))
			require.Equal(t, int64(3), got.get("count").Int())
		})
	}
}

func TestGeneralNotebooks(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now, Keys: []sandbox.Key{{Value: "phx_grace", Scopes: []string{"*"}, User: 2}}})
	account := h.createAccount(object{"name": "Acme"})
	list := accountsPath + "/" + account + "/notebooks"
	made := h.must(201, "POST", list, object{"title": "Call", "text_content": "old *text*"})
	short := made.get("short_id").String()
	general := "/api/projects/1/notebooks/" + short
	doc := `{"type":"doc","content":[{"type":"paragraph"}]}`
	stale := func(t *testing.T, body object) {
		h.do("PATCH", general, body).requireProblem(t, 409, "server_error", "conflict", "Someone else edited the Notebook", "")
	}

	got := h.must(200, "GET", general, nil)
	require.Equal(t, append(append([]string{}, notebookKeys...), "version", "deleted", "user_access_level", "parent_resource"), got.keys(""))
	require.JSONEq(t, `{"type":"account","id":"`+account+`"}`, got.get("parent_resource").Raw, "4.4")
	require.JSONEq(t, made.get("content").Raw, got.get("content").Raw)
	version := got.get("version").Int()

	stale(t, object{"content": raw(doc)})
	stale(t, object{"content": raw(doc), "version": version + 1})
	require.Equal(t, got.body, h.must(200, "GET", general, nil).body, "4.4 a refused edit changes nothing")

	c.advance(time.Hour)
	edited := h.doAs("phx_grace", "PATCH", general, object{"content": raw(doc), "version": version, "text_content": "new text"})
	require.Equal(t, 200, edited.status, edited.body)
	require.Equal(t, version+1, edited.get("version").Int(), "4.4 the version moves on")
	require.Equal(t, "grace@example.com", edited.get("last_modified_by.email").String())
	require.Equal(t, "ada@example.com", edited.get("created_by.email").String())
	require.Equal(t, "2026-03-02T10:30:00Z", edited.get("last_modified_at").String())
	stale(t, object{"content": raw(doc), "version": version})
	row := h.must(200, "GET", list+"/"+short, nil)
	require.JSONEq(t, doc, row.get("content").Raw)
	require.Equal(t, "new text", row.get("text_content").String())

	h.must(200, "PATCH", general, object{"title": "Renamed"})
	require.Equal(t, version+1, h.must(200, "GET", general, nil).get("version").Int(), "4.4 only content needs and moves the version")

	require.Equal(t, 405, h.do("DELETE", general, nil).status, "4.4 its DELETE is forbidden")
	h.must(200, "PATCH", general, object{"deleted": true})
	h.do("GET", general, nil).requireProblem(t, 404, "invalid_request", "not_found", "Not found.", "")
	h.do("GET", list+"/"+short, nil).requireRowNotFound(t)
	require.Zero(t, h.must(200, "GET", list, nil).get("count").Int(), "4.2 soft-deleted ones are hidden")
	require.Equal(t, []string{short}, h.must(200, "GET", accountsPath+"/"+account, nil).strings("notebooks"), "2 but the account still names them")
	h.must(200, "PATCH", general, object{"deleted": false})
	require.Equal(t, "Renamed", h.must(200, "GET", list+"/"+short, nil).get("title").String(), "4.4 and a PATCH brings them back")

	h.do("PATCH", "/api/projects/1/notebooks/nosuchid", object{}).requireProblem(t, 404, "invalid_request", "not_found", "Not found.", "")
	h.do("PATCH", general, object{"version": "x"}).requireProblem(t, 400, "validation_error", "invalid_input", "A valid integer is required.", "version")
	h.do("PATCH", general, object{"deleted": "maybe"}).requireProblem(t, 400, "validation_error", "invalid_input", "Must be a valid boolean.", "deleted")
	require.Zero(t, h.must(200, "GET", "/api/projects/1/notebooks", nil).get("count").Int(), "4.3 internal: never in the general list")
}

func TestTextEditKeepsTheDocument(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	list := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/notebooks"
	made := h.must(201, "POST", list, object{"text_content": "# Before"})
	after := h.must(200, "PATCH", "/api/projects/1/notebooks/"+made.get("short_id").String(), object{"text_content": "# After"})
	require.Equal(t, "# After", after.get("text_content").String())
	require.JSONEq(t, made.get("content").Raw, after.get("content").Raw)
}

func TestAccountNotes(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now, Keys: []sandbox.Key{{Value: "phx_grace", Scopes: []string{"*"}, User: 2}}})
	acme := h.createAccount(object{"name": "Acme Robotics", "properties": object{"csm": role(2, "g"), "account_owner": role(1, "a")}})
	bolt := h.createAccount(object{"name": "Bolt", "properties": object{"account_executive": role(3, "l")}})
	add := func(key, account, title, text string) string {
		c.advance(time.Minute)
		got := h.doAs(key, "POST", accountsPath+"/"+account+"/notebooks", object{"title": title, "text_content": text})
		require.Equal(t, 201, got.status)
		return got.get("short_id").String()
	}
	first := add(sandbox.DefaultKey, acme, "A1", "exports fail")
	add("phx_grace", acme, "A2", "fine")
	add("phx_grace", bolt, "B1", "exporting robotics data")
	hidden := add("phx_grace", bolt, "B2", "hidden")
	c.advance(time.Minute)
	h.must(200, "PATCH", "/api/projects/1/notebooks/"+hidden, object{"deleted": true})
	h.must(200, "PATCH", "/api/projects/1/notebooks/"+first, object{"title": "A1 edited"})

	all := []string{"A1 edited", "B1", "A2"}
	for _, o := range []struct {
		name  string
		query []string
		want  []string
	}{
		{"6.3 newest modified first, soft-deleted hidden", nil, all},
		{"6.3 search is full-text", []string{"search", "export"}, []string{"A1 edited", "B1"}},
		{"6.3 and a substring of the account's name", []string{"search", "obotic"}, []string{"A1 edited", "A2"}},
		{"6.3 both", []string{"search", "robotics"}, all},
		{"6.3 account_id", []string{"account_id", bolt}, []string{"B1"}},
		{"6.3 created_by", []string{"created_by", "2"}, []string{"B1", "A2"}},
		{"6.3 created_by joined by commas", []string{"created_by", "1, 2"}, all},
		{"6.3 created_by repeated", []string{"created_by", "1", "created_by", "2"}, all},
		{"6.3 nobody named is no filter", []string{"created_by", ","}, all},
		{"6.3 assigned_to the CSM", []string{"assigned_to", "2"}, []string{"A1 edited", "A2"}},
		{"6.3 assigned_to the account executive", []string{"assigned_to", "3"}, []string{"B1"}},
		{"6.3 the owner does not count", []string{"assigned_to", "1"}, []string{}},
		{"6.3 filters combine", []string{"assigned_to", "2,3", "created_by", "2", "search", "robotics"}, []string{"B1", "A2"}},
		{"6.3 paginated", []string{"limit", "1", "offset", "1"}, []string{"B1"}},
	} {
		t.Run(o.name, func(t *testing.T) {
			require.Equal(t, o.want, h.must(200, "GET", query("/api/projects/1/account_notes/", o.query...), nil).strings("results.#.title"))
		})
	}
	row := h.must(200, "GET", "/api/projects/1/account_notes/?account_id="+bolt, nil)
	require.Equal(t, []string{"short_id", "title", "created_at", "last_modified_at", "account_id", "account_name", "created_by"}, row.keys("results.0"), "6.3 no bodies")
	require.Equal(t, "Bolt", row.get("results.0.account_name").String())
	h.do("GET", "/api/projects/1/account_notes?account_id=acme", nil).requireProblem(t, 400, "validation_error", "invalid_input", "Must be a valid UUID.", "account_id")
	for _, name := range []string{"created_by", "assigned_to"} {
		for _, bad := range []string{"grace@example.com", "1,x", "-1"} {
			h.do("GET", query("/api/projects/1/account_notes", name, bad), nil).requireProblem(t, 400, "validation_error", "invalid_input",
				"Must be a comma-separated list of numeric user IDs.", name)
		}
	}
}
