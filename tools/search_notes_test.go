package tools_test

import (
	"net/http"
	"net/url"
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

// withoutAllNotes is a PostHog from before it had a list of all notes.
func withoutAllNotes(next http.Handler) http.Handler {
	missing := answering(404, "application/json", `{"type":"invalid_request","code":"not_found","detail":"Endpoint not found.","attr":null}`)(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/account_notes") {
			missing.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// searchedNotes are all notes that PostHog's own search of each account finds,
// newest first.
func (h *house) searchedNotes(query string) []gjson.Result {
	h.Helper()
	var found []gjson.Result
	for _, account := range seed.Accounts() {
		page := h.raw("GET", api+"accounts/"+account.ID+"/notebooks/?limit=100&search="+url.QueryEscape(query), nil)
		found = append(found, page.Get("results").Array()...)
	}
	slices.SortFunc(found, func(a, b gjson.Result) int {
		if newer := created(b).Compare(created(a)); newer != 0 {
			return newer
		}
		return strings.Compare(a.Get("short_id").String(), b.Get("short_id").String())
	})
	return found
}

func created(note gjson.Result) time.Time { return note.Get("created_at").Time() }

// walkNotes reads a search to its end, page by page.
func (h *house) walkNotes(arguments object) (rows []gjson.Result, last result) {
	h.Helper()
	for cursor := ""; ; {
		last = h.must("search_notes", with(arguments, "cursor", cursor))
		rows = append(rows, last.get("rows").Array()...)
		if cursor = last.str("next_cursor"); cursor == "" {
			return rows, last
		}
	}
}

// A search across accounts finds what PostHog's search of each account finds,
// each note once, newest first, with the words in view.
func TestSearchNotesFindsEverything(t *testing.T) {
	t.Parallel()
	for _, generation := range []string{"documented", "current"} {
		whole := open(t, setup{generation: generation})
		older := open(t, setup{generation: generation, shared: whole.sandbox, wrap: withoutAllNotes})
		queries := []string{"exports", "Acme", "fleet dashboard", "zyzzyva"} // Acme is a name, too
		if generation == "current" {
			queries = queries[1:2]
		}
		for _, query := range queries {
			var expected []string
			for _, note := range whole.searchedNotes(query) {
				expected = append(expected, note.Get("short_id").String())
			}
			for _, h := range []*house{whole, older} {
				if h == older && query != "exports" {
					continue // hundreds of requests, all of a kind
				}
				rows, last := h.walkNotes(object{"query": query, "limit": 15})
				var found []string
				for _, row := range rows {
					found = append(found, row.Get("short_id").String())
					hit := row.Get("title").String() + row.Get("snippet").String()
					require.Contains(t, strings.ToLower(hit), strings.ToLower(query[:4]), row.Raw)
				}
				require.Equal(t, expected, found, "%s in %s", query, generation)
				require.EqualValues(t, len(expected), last.get("total").Int())
				require.Equal(t, h == older, strings.Contains(last.str("note"), "accounts were looked through one by one"), last.str("note"))
			}
		}
	}
	require.Len(t, open(t, setup{}).searchedNotes("exports"), seed.ExportComplaints)
}

// Filters narrow the search down, and combine.
func TestSearchNotesFilters(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	ofAcme := h.raw("GET", api+"accounts/"+seed.AcmeID+"/notebooks/", nil).Get("results").Array()
	day := ofAcme[2].Get("created_at").String()[:10]
	require.Len(t, h.must("search_notes", object{"account": seed.AcmeName}).get("rows").Array(), len(ofAcme))
	since := h.must("search_notes", object{"account": seed.AcmeName, "since": day})
	require.Equal(t, seed.AcmeID, since.str("filters.account_id"))
	require.EqualValues(t, 3, since.get("total").Int())
	require.Equal(t, day, since.str("rows.2.date"))
	for _, author := range []string{"Ada@example.com", "me", "1"} {
		rows := h.must("search_notes", object{"query": "exports", "author": author}).get("rows").Array()
		require.NotEmpty(t, rows)
		for _, row := range rows {
			require.Equal(t, "ada@example.com", row.Get("author").String())
		}
	}
	require.Contains(t, h.refused("search_notes", object{"author": "gracee@example.com"}), "Nobody in this PostHog organisation")
	require.Contains(t, h.refused("search_notes", object{"since": "Friday"}), "2026-03-31")
	require.Contains(t, h.refused("search_notes", object{"query": "other", "cursor": h.must("search_notes", object{"limit": 1}).str("next_cursor")}), "cursor")
	require.Empty(t, h.must("search_notes", object{"query": "exports", "since": "2100-01-01"}).get("rows").Array())
}

// Notes that come and go between two pages move no other note.
func TestSearchNotesPagesAreSteady(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	arguments := object{"query": "exports", "limit": 6}
	before := texts(gjson.Parse(h.must("search_notes", object{"query": "exports", "limit": 200, "max_tokens": 50_000}).get("rows.#.short_id").Raw))
	var found []string
	for cursor := ""; ; {
		page := h.must("search_notes", with(arguments, "cursor", cursor))
		found = append(found, page.strings("rows.#.short_id")...)
		h.raw("POST", api+"accounts/"+seed.AcmeID+"/notebooks/", object{"title": "exports again", "text_content": "exports"})
		shown := page.get("rows.0")
		h.raw("PATCH", api+"notebooks/"+shown.Get("short_id").String(), object{ // it is now the last that was changed
			"version": h.raw("GET", api+"notebooks/"+shown.Get("short_id").String(), nil).Get("version").Int(), "title": "exports, looked at",
		})
		if cursor = page.str("next_cursor"); cursor == "" {
			break
		}
	}
	require.Equal(t, before, found)
}

// Accounts that could not be looked through are named; an outage is never an
// account without such notes.
func TestSearchNotesSaysWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	patience := client.WithTimeouts(client.Timeouts{Retry: 50 * time.Millisecond})
	h := open(t, setup{wrap: withoutAllNotes, client: []client.Option{patience}})
	h.sandbox.SetFaults(sandbox.Fault{Kind: sandbox.FaultServerError, Path: seed.AcmeID + "/notebooks"})
	found := h.must("search_notes", object{"query": "exports"})
	require.Contains(t, found.str("note"), "Not looked through: 1 accounts (Acme Robotics); nothing may be concluded")
	require.Contains(t, found.str("note"), outage)
	require.False(t, found.get("total").Exists(), "how many there are is not known")
	h.sandbox.SetFaults()
	require.EqualValues(t, seed.ExportComplaints, h.must("search_notes", object{"query": "exports"}).get("total").Int(), "what was read is remembered, what was not is read")

	for range 60 { // more accounts with notes than one search goes through
		account := h.raw("POST", api+"accounts/", object{"name": "Late"}).Get("id").String()
		h.raw("POST", api+"accounts/"+account+"/notebooks/", object{"title": "exports", "text_content": "exports"})
	}
	many := h.must("search_notes", object{"query": "exports", "limit": 200, "max_tokens": 50_000})
	looked, _, missed := strings.Cut(many.str("note"), " accounts were looked through")
	require.True(t, missed && strings.HasSuffix(looked, " 400"), many.str("note"))
	require.Regexp(t, `Not looked through: \d+ accounts \(.*, …\)`, many.str("note"))
	require.False(t, many.get("total").Exists())

	h.sandbox.SetFaults(sandbox.Fault{Kind: sandbox.FaultServerError, Path: "/notebooks"})
	require.Contains(t, h.refused("search_notes", object{"query": "renewal"}), outage)
	other := open(t, setup{client: []client.Option{patience}})
	other.sandbox.SetFaults(sandbox.Fault{Kind: sandbox.FaultServerError, Path: "/account_notes"})
	require.Contains(t, other.refused("search_notes", object{"query": "exports"}), outage)
}
