package tools_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// A brief says what PostHog holds, all of it, and each source it names exists.
func TestBriefIsWhatPostHogHolds(t *testing.T) {
	t.Parallel()
	for _, generation := range []string{"documented", "current"} {
		t.Run(generation, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{generation: generation})
			truth := h.wholePortfolio()
			accounts := []string{seed.AcmeID, seed.NorthwindA, seed.OrdersID, bigNoteAccount(h)}
			for i, account := range seed.Accounts() {
				if i%150 == 6 { // those without notes are among them
					accounts = append(accounts, account.ID)
				}
			}
			for _, id := range accounts {
				truth.requireBrief(h, id)
			}
		})
	}
}

// portfolioTruth is what raw reads say of persons and custom properties.
type portfolioTruth struct {
	persons     []gjson.Result
	definitions map[string]string
}

func (h *house) wholePortfolio() portfolioTruth {
	h.Helper()
	truth := portfolioTruth{definitions: map[string]string{}}
	for url := api + "persons/?limit=1000"; url != ""; {
		page := h.raw("GET", url, nil)
		truth.persons = append(truth.persons, page.Get("results").Array()...)
		_, next, _ := strings.Cut(page.Get("next").String(), "/api/")
		if url = ""; next != "" {
			url = "/api/" + next
		}
	}
	for _, definition := range h.raw("GET", api+"custom_property_definitions/?limit=200", nil).Get("results").Array() {
		truth.definitions[definition.Get("id").String()] = definition.Get("name").String()
	}
	return truth
}

func (p portfolioTruth) requireBrief(h *house, id string) {
	h.Helper()
	account := h.account(id)
	brief := h.must("get_account_brief", object{"account": id, "kind": "handover", "max_tokens": 50_000}).get("brief")
	require.Equal(h, account["name"], brief.Get("account.name").String())
	properties := account["properties"].(object)
	for _, role := range []string{"csm", "account_executive", "account_owner"} {
		stored, _ := properties[role].(object)
		email, _ := stored["email"].(string)
		require.Equal(h, email, brief.Get(`roles.#(role=="`+role+`").email`).String(), role)
	}
	values := h.raw("GET", api+"accounts/"+id+"/custom_property_values", nil).Array()
	require.Len(h, brief.Get("custom_properties").Map(), len(values))
	for _, value := range values {
		name := p.definitions[value.Get("definition_id").String()+value.Get("definition").String()]
		require.Equal(h, value.Get("value").Value(), brief.Get("custom_properties."+gjson.Escape(name)).Value(), name)
	}
	p.requireNotes(h, id, brief)
	p.requirePeople(h, account, brief)
	require.False(h, brief.Get("not_read").Exists(), brief.Get("not_read").Raw)
}

func (p portfolioTruth) requireNotes(h *house, id string, brief gjson.Result) {
	h.Helper()
	notes := h.raw("GET", api+"accounts/"+id+"/notebooks/?limit=200", nil).Get("results").Array()
	shown := brief.Get("notes").Array()
	require.EqualValues(h, len(notes), len(shown)+int(brief.Get("omitted.notes").Int()))
	require.Equal(h, len(notes) == 0, strings.Contains(brief.Get("remarks").Raw, "has no notes"))
	if len(notes) == 0 {
		return
	}
	require.Equal(h, notes[0].Get("short_id").String(), brief.Get("last_contact.note").String())
	require.True(h, strings.HasPrefix(notes[0].Get("created_at").String(), brief.Get("last_contact.date").String()))
	texts := map[string]string{}
	for _, note := range shown {
		short := note.Get("short_id").String()
		cited := h.must("get_notebook", object{"account": id, "notebook": short, "max_tokens": 50_000})
		require.Equal(h, cited.str("url"), strings.ReplaceAll(brief.Get("sources.short_id").String(), "{short_id}", short))
		whole := cited.get("notebook")
		require.Equal(h, whole.Get("title").String(), note.Get("title").String())
		require.True(h, strings.HasPrefix(whole.Get("markdown").String(), note.Get("markdown").String()))
		texts[short] = strings.Join(strings.Fields(whole.Get("markdown").String()), " ")
	}
	open := 0
	for _, text := range texts {
		open += strings.Count(text, "- [ ] ")
	}
	points := brief.Get("open_points").Array()
	require.Equal(h, open == 0, len(points) == 0)
	require.LessOrEqual(h, len(points), open)
	for _, point := range points {
		snippet := strings.TrimSuffix(point.Get("snippet").String(), "…")
		require.Contains(h, texts[point.Get("note").String()], "[ ] "+snippet, "an open point stands in the note it cites")
	}
}

func (p portfolioTruth) requirePeople(h *house, account object, brief gjson.Result) {
	h.Helper()
	properties := account["properties"].(object)
	domains, _ := properties["email_domains"].([]any)
	belongs := func(person gjson.Result) bool {
		said := person.Get("properties")
		_, domain, _ := strings.Cut(said.Get("email").String(), "@")
		return said.Get("company").String() == account["name"] || account["external_id"] != nil && said.Get("org_id").String() == account["external_id"] ||
			slices.Contains(domains, any(domain))
	}
	var expected []string
	for _, person := range p.persons {
		if belongs(person) {
			expected = append(expected, person.Get("uuid").String())
		}
	}
	found := texts(brief.Get("people.#.uuid"))
	if !strings.Contains(brief.Get("remarks").Raw, "more people") {
		require.ElementsMatch(h, expected, found)
	}
	require.Subset(h, expected, found)
	seen := texts(brief.Get("people.#.last_seen"))
	require.True(h, slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }), "last seen first: %v", seen)
}

// What somebody changed since the last note is told, with what it was.
func TestBriefTellsWhatChanged(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: filepath.Join(t.TempDir(), "journal.db")})
	acme := object{"account": seed.AcmeID, "max_tokens": 8000}
	require.Contains(t, h.must("get_account_brief", acme).get("brief.remarks").Raw, "nothing was remembered before")
	h.must("list_account_changes", object{})
	h.must("update_account", object{"account": seed.AcmeID, "name": "Acme Rebranded", "tags_add": []string{"renamed"}, "csm": "linus@example.com"})
	h.must("set_custom_property", object{"account": seed.AcmeID, "property": "Health score", "value": 31})
	editNote(h, seed.AcmeLatestNote, "All is different.")
	brief := h.must("get_account_brief", acme).get("brief")
	require.NotContains(t, brief.Get("remarks").Raw, "remembered")
	change := func(field string) gjson.Result { return brief.Get(`changes.#(field=="` + field + `")`) }
	require.Equal(t, seed.AcmeName, change("name").Get("from").String())
	require.Equal(t, "Acme Rebranded", change("name").Get("to").String())
	require.Equal(t, "earlier snapshot", change("name").Get("source").String())
	require.True(t, strings.HasPrefix(change("name").Get("date").String(), "after 20"))
	require.Equal(t, []string{"renamed"}, texts(change("tags").Get("to")))
	require.Equal(t, "grace@example.com linus@example.com", change("csm").Get("from").String()+" "+change("csm").Get("to").String())
	require.EqualValues(t, 31, change("Health score").Get("to").Int())
	require.Equal(t, "custom property", change("Health score").Get("source").String())
	require.Equal(t, "note "+seed.AcmeLatestNote, change("notebooks").Get("source").String())
	require.Equal(t, "ada@example.com", change("notebooks").Get("by").String())
	require.Equal(t, "All is different.", strings.TrimSpace(brief.Get(`notes.#(short_id=="`+seed.AcmeLatestNote+`").markdown`).String()))
}

// A source that fails is said to be unknown; the others are told.
func TestBriefSaysWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	sections := map[string]string{"notes": "/notebooks", "custom_properties": "/custom_property_values", "people": "/persons"}
	for _, generation := range []string{"documented", "current"} {
		h := open(t, setup{generation: generation, client: []client.Option{client.WithTimeouts(client.Timeouts{
			Retry: 50 * time.Millisecond,
		})}})
		for section, path := range sections {
			h.sandbox.SetFaults(sandbox.Fault{Kind: sandbox.FaultServerError, Method: http.MethodGet, Path: path})
			brief := h.must("get_account_brief", object{"account": seed.AcmeID}).get("brief")
			require.Contains(t, brief.Get("not_read."+section).String(), outage)
			require.False(t, brief.Get(section).Exists(), section)
			require.Equal(t, section == "notes", brief.Get("not_read.changes").Exists(), "since when is not known")
			require.NotContains(t, brief.Get("remarks").Raw, "no notes")
			for other := range sections {
				require.Equal(t, other != section, brief.Get(other).Exists(), "%s without %s: %s", other, section, brief.Raw)
			}
		}
	}
	limited := open(t, setup{sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_accounts", Scopes: []string{"account:read"}}}}, key: "phx_accounts"})
	brief := limited.must("get_account_brief", object{"account": seed.AcmeID, "project_id": 1}).get("brief")
	require.Contains(t, brief.Get("not_read.people").String(), "person:read")
	require.NotEmpty(t, brief.Get("notes").Array())
}

// Each kind begins with what it is for, and with 1,500 tokens too there is what
// somebody needs to know.
func TestKindsOfBriefs(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for kind, test := range map[string]struct{ first, firstNote string }{
		"call":     {"kind account roles last_contact open_points notes", "Call about the fleet dashboard"},
		"qbr":      {"kind account custom_properties changes_since changes notes", "QBR with Desmond"},
		"handover": {"kind account roles custom_properties open_points notes", "Call about the fleet dashboard"},
	} {
		for _, tokens := range []int{1500, 2500} {
			brief := h.must("get_account_brief", object{"account": seed.AcmeName, "kind": kind, "max_tokens": tokens}).get("brief")
			var members []string
			brief.ForEach(func(name, _ gjson.Result) bool { members = append(members, name.String()); return true })
			require.Equal(t, test.first, strings.Join(members[:6], " "), kind)
			require.Equal(t, test.firstNote, brief.Get("notes.0.title").String(), kind)
			require.Contains(t, texts(brief.Get("notes.#.short_id")), seed.AcmeLatestNote, "the latest is always there")
			require.True(t, brief.Get("custom_properties.Renewal date").Exists(), "%s in %d: %s", kind, tokens, brief.Raw)
			require.Len(t, brief.Get("roles").Array(), 3)
			if tokens == 2500 || kind == "call" {
				require.NotEmpty(t, brief.Get("notes.0.markdown").String(), kind)
			}
		}
	}
	least := h.must("get_account_brief", object{"account": seed.AcmeName, "max_tokens": 200}).get("brief")
	require.Equal(t, seed.AcmeID, least.Get("account.id").String())
	require.EqualValues(t, seed.AcmeNotes, least.Get("omitted.notes").Int())

	for range 20 {
		h.raw("POST", api+"accounts/"+seed.AcmeID+"/notebooks/", object{"title": "Short call", "text_content": "- [ ] call back"})
	}
	many := h.must("get_account_brief", object{"account": seed.AcmeName, "max_tokens": 50_000}).get("brief")
	require.Len(t, many.Get("notes").Array(), 20)
	require.EqualValues(t, seed.AcmeNotes, many.Get("omitted.notes").Int())
	require.Len(t, many.Get("open_points").Array(), 1, "each once")
	require.Contains(t, many.Get("remarks").Raw, "Only the newest 20 notes were read")
}
