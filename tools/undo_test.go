package tools_test

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// world is all that the tests below write to, as PostHog stores it.
func (h *house) world() object {
	h.Helper()
	var values []any
	for _, value := range h.raw("GET", api+"accounts/"+seed.AcmeID+"/custom_property_values", nil).Array() {
		values = append(values, value.Get("definition_id").String()+"="+value.Get("value").Raw)
	}
	slices.SortFunc(values, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	var notes []string
	for _, note := range h.raw("GET", api+"accounts/"+seed.AcmeID+"/notebooks?limit=200", nil).Get("results").Array() {
		notes = append(notes, note.Get("short_id").String()+note.Get("title").Raw+note.Get("content").Raw+
			strings.TrimSpace(note.Get("text_content").String())) // PostHog trims what it is sent
	}
	account := h.account(seed.AcmeID)
	delete(account, "notebooks") // their order is chance; the list of notes holds them
	return object{
		"account": account, "values": values, "notes": notes, "accounts": h.raw("GET", api+"accounts?limit=1", nil).Get("count").Int(),
		"properties": h.person(seed.TwinUUIDA).Get("properties").Value(),
	}
}

// An undo takes back its own change and no other: where somebody changed the
// same since, it is refused by name; what is next to it stays.
func TestUndoAmongOtherWriters(t *testing.T) {
	t.Parallel()
	patchAccount := func(change object) func(h *house) {
		return func(h *house) { h.raw("PATCH", api+"accounts/"+seed.AcmeID, change) }
	}
	setPlan := func(key string) func(h *house) {
		return func(h *house) {
			h.raw("POST", api+"persons/"+seed.TwinUUIDA+"/update_property", object{"key": key, "value": "theirs"})
		}
	}
	account, person := object{"account": seed.AcmeID}, object{"person": seed.TwinUUIDA}
	for _, test := range []struct {
		name, tool string
		arguments  object
		other      func(h *house)
		names      string // the field the refusal names; none if it goes through
	}{
		{"the same name", "update_account", with(account, "name", "Ours"), patchAccount(object{"name": "Theirs"}), "name"},
		{"another field", "update_account", with(account, "name", "Ours"), patchAccount(object{"external_id": "theirs"}), ""},
		{"the same property", "update_account", with(account, "set", object{"billing_id": "ours"}), patchAccount(object{"properties": object{"billing_id": "theirs"}}), "billing_id"},
		{"the tag gone", "update_account", with(account, "tags_add", []string{"ours"}), patchAccount(object{"tags": []string{"us"}}), "tags"},
		{"another tag", "update_account", with(account, "tags_add", []string{"ours"}), patchAccount(object{"tags": []string{"ours", "theirs"}}), ""},
		{"the same person property", "update_person", with(person, "set", object{"plan": "ours"}), setPlan("plan"), "plan"},
		{"another person property", "update_person", with(person, "set", object{"plan": "ours"}), setPlan("other"), ""},
		{"the created account", "create_account", object{"name": "Ours"}, func(h *house) {
			made := h.raw("GET", api+"accounts?search=Ours", nil).Get("results.0.id").String()
			h.raw("PATCH", api+"accounts/"+made, object{"tags": []string{"theirs"}})
		}, "tags"},
		{"a note on the created account", "create_account", object{"name": "Ours"}, func(h *house) {
			made := h.raw("GET", api+"accounts?search=Ours", nil).Get("results.0.id").String()
			h.raw("POST", api+"accounts/"+made+"/notebooks", object{"title": "Theirs", "text_content": "Theirs"})
		}, "notes"},
		{"the created note", "create_notebook", with(account, "markdown", "# Ours"), func(h *house) {
			note := h.raw("GET", api+"accounts/"+seed.AcmeID+"/notebooks?limit=1", nil).Get("results.0.short_id").String()
			editNote(h, note, "Theirs")
		}, "the note"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{journal: file(t), generation: "documented"})
			before := h.world()
			write := h.must(test.tool, test.arguments).str("write")
			test.other(h)
			theirs := h.world()
			h.requests()
			answer := h.call("undo_write", object{"write": write})
			if test.names == "" {
				require.False(t, answer.isError, answer.text)
				require.NotEqual(t, before, h.world(), "what somebody else changed stays")
				require.NotEqual(t, theirs, h.world())
				return
			}
			answer.requireError(t)
			require.Contains(t, answer.text, "changed since by somebody else: "+test.names)
			require.Empty(t, h.writes())
			require.Equal(t, theirs, h.world())
		})
	}
}

// What cannot be undone says why, and sends nothing.
func TestUndoRefuses(t *testing.T) {
	t.Parallel()
	path := file(t)
	h := open(t, setup{journal: path})
	refused := func(write, because string) {
		t.Helper()
		h.requests()
		require.Contains(t, h.refused("undo_write", object{"write": write}), because)
		require.Empty(t, h.writes())
	}
	refused(h.confirmed("delete_notebook", object{"account": seed.AcmeID, "notebook": seed.AcmeLatestNote}).str("write"), "keeps nothing of what is deleted")
	refused(h.confirmed("split_person", object{"person": seed.TwinUUIDB, "main_distinct_id": seed.TwinDistinctB}).str("write"), "no safe way to merge")
	made := h.must("create_account", object{"name": "Short-lived"})
	undo := h.must("undo_write", object{"write": made.str("write")})
	require.Equal(t, "A deleted account cannot be restored.", undo.str("undo"))
	refused(undo.str("write"), "create it again")
	refused(made.str("write"), "undone already")
	refused(h.must("update_account", object{"account": seed.AcmeID, "name": "Acme Robotics"}).str("write"), "changed nothing")
	refused("w_unheard_of", "no such write")

	mine := h.must("update_person_property", object{"person": seed.TwinUUIDA, "key": "plan", "value": "x"}).str("write")
	h.confirmed("delete_person", object{"person": seed.TwinUUIDA})
	refused(mine, "erased with the person")
	rows := h.must("list_writes", object{"person": seed.TwinUUIDA}).get("rows").Array()
	require.Len(t, rows, 2)
	require.NotContains(t, rows[1].Raw, "plan")
}

// A write that PostHog has not applied yet is not undone before it has.
func TestUndoOfAPendingWrite(t *testing.T) {
	t.Parallel()
	path := file(t)
	lagging := open(t, setup{journal: path, sandbox: sandbox.Options{Lag: time.Hour}})
	pending := lagging.must("update_person_property", object{"person": seed.TwinUUIDA, "key": "plan", "value": "late"})
	require.Equal(t, "pending", pending.str("outcome"))
	require.Contains(t, lagging.refused("undo_write", object{"write": pending.str("write")}), "has not applied")

	arrived := open(t, setup{journal: path}) // where it has
	before := arrived.world()
	arrived.raw("POST", api+"persons/"+seed.TwinUUIDA+"/update_property", object{"key": "plan", "value": "late"})
	arrived.must("undo_write", object{"write": pending.str("write")})
	require.Equal(t, before, arrived.world())
}

// Of several undos of one write at the same time, one does it.
func TestUndoneOnce(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	write := h.must("update_account", object{"account": seed.AcmeID, "tags_add": []string{"once"}}).str("write")
	h.requests()
	var worked atomic.Int32
	var everybody sync.WaitGroup
	for range 6 {
		everybody.Go(func() {
			if answer, err := h.try(h.key, "undo_write", object{"write": write}); err == nil && !answer.isError {
				worked.Add(1)
			}
		})
	}
	everybody.Wait()
	require.EqualValues(t, 1, worked.Load())
	require.Len(t, h.writes(), 1)
}

// An undo can be undone, which does the write again.
func TestUndoOfAnUndo(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	before := h.world()
	write := h.must("update_account", object{"account": seed.AcmeID, "name": "Other", "tags_add": []string{"other"}}).str("write")
	after := h.world()
	undo := h.must("undo_write", object{"write": write})
	require.Equal(t, before, h.world())
	again := h.must("undo_write", object{"write": undo.str("write")})
	require.Equal(t, after, h.world())
	h.must("undo_write", object{"write": again.str("write")})
	require.Equal(t, before, h.world())
	row := h.must("list_writes", object{"account": "Acme Robotics"}).get("rows.3")
	require.Equal(t, []any{write, undo.str("write")}, []any{row.Get("write").String(), row.Get("undone_by").String()})
}

// A record that somebody edited restores nothing.
func TestTamperedRecord(t *testing.T) {
	t.Parallel()
	path := file(t)
	h := open(t, setup{journal: path})
	write := h.must("update_account", object{"account": seed.AcmeID, "name": "Known as this"}).str("write")
	edit(t, path, "UPDATE entries SET tool = 'update_person' WHERE id = ?", write)
	require.Contains(t, h.refused("undo_write", object{"write": write}), "changed by something other")
	require.Contains(t, h.must("list_writes", object{}).str("rows.0.note"), "nothing in it can be relied on")
}

// Writes that crashed between intent and outcome are settled by looking, once
// they can no longer take effect: those that arrived can be undone.
func TestCrashedWritesAreSettled(t *testing.T) {
	t.Parallel()
	calls := map[string]object{
		"update_account":      {"account": seed.AcmeID, "name": "Arrived", "tags_add": []string{"arrived"}},
		"update_person":       {"person": seed.TwinUUIDA, "set": object{"plan": "arrived"}},
		"set_custom_property": {"account": seed.AcmeID, "property": "Health score", "value": 3},
	}
	for _, tool := range slices.Sorted(maps.Keys(calls)) {
		for _, arrived := range []bool{true, false} {
			t.Run(fmt.Sprint(tool, " ", arrived), func(t *testing.T) {
				t.Parallel()
				path := file(t)
				book, principal := kept(t, path)
				now := time.Now()
				h := open(t, setup{journal: path, now: func() time.Time { return now }})
				before := h.world()
				h.must(tool, calls[tool])
				whole := newest(t, book, principal)
				if !arrived {
					h.must("undo_write", object{"write": whole.ID})
				}
				crash := whole.Intent
				crash.Deadline = now.Add(time.Minute)
				open, err := book.Begin(t.Context(), crash) // as if its server had ended right after sending it
				require.NoError(t, err)

				h.must("list_writes", object{})
				entry, err := book.Entry(t.Context(), principal, open.ID)
				require.NoError(t, err)
				require.Empty(t, entry.Outcome, "it may still take effect")
				now = now.Add(5 * time.Minute)
				row := h.must("list_writes", object{}).get("rows.0")
				require.Equal(t, open.ID, row.Get("write").String())
				if !arrived && tool == "update_person" { // PostHog may be late with it at any time
					require.Equal(t, "unknown", row.Get("outcome").String(), row.Raw)
					require.Contains(t, row.Get("note").String(), "may still come. Look with get_person")
					require.Contains(t, h.refused("undo_write", object{"write": open.ID}), "is not known")
					h.raw("PATCH", api+"persons/"+seed.TwinUUIDA, object{"properties": object{"plan": "arrived"}})
				} else if !arrived {
					require.Equal(t, "ignored", row.Get("outcome").String(), row.Raw)
					return
				} else {
					require.Equal(t, "applied", row.Get("outcome").String(), row.Raw)
				}
				h.must("undo_write", object{"write": open.ID})
				require.Equal(t, before, h.world())
			})
		}
	}
}

// The list pages from the newest on, stays within its budget, and belongs to a
// key.
func TestListWrites(t *testing.T) {
	t.Parallel()
	count := o200k(t)
	h := open(t, setup{journal: file(t)})
	var writes []string
	for i := range 30 {
		writes = append(writes, h.must("update_account", object{"account": seed.AcmeID, "name": fmt.Sprint("Name ", i)}).str("write"))
	}
	h.must("update_person_property", object{"person": seed.TwinUUIDA, "key": "plan", "value": "x"})
	slices.Reverse(writes)
	var seen []string
	arguments := object{"account": seed.AcmeID, "limit": 7}
	for {
		page := h.must("list_writes", arguments)
		require.LessOrEqual(t, count(page.text), 2500)
		for _, row := range page.get("rows").Array() {
			seen = append(seen, row.Get("write").String())
		}
		next := page.str("next_cursor")
		if next == "" {
			break
		}
		if len(seen) == 7 { // what is written meanwhile moves no page
			h.must("update_account", object{"account": seed.AcmeID, "name": "Meanwhile"})
		}
		arguments = with(arguments, "cursor", next)
	}
	require.Equal(t, writes, seen)
	require.LessOrEqual(t, count(h.must("list_writes", object{"limit": 200}).text), 2500)
	require.Contains(t, h.refused("list_writes", object{"cursor": arguments["cursor"]}), "does not belong")
	require.EqualValues(t, 0, h.must("list_writes", object{"since": "2199-01-01"}).get("shown").Int())
	require.Contains(t, h.refused("list_writes", object{"since": "yesterday"}), "since takes")
}

// edit changes a journal as nobody should.
func edit(t testing.TB, path, statement string, arguments ...any) {
	t.Helper()
	database, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, database.Close()) }()
	changed, err := database.Exec(statement, arguments...)
	require.NoError(t, err)
	rows, err := changed.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, rows)
}

// A crashed write that the key may not look at any more stands in the way of no
// other undo.
func TestACrashedWriteOutOfReach(t *testing.T) {
	t.Parallel()
	path, now := file(t), time.Now()
	forbidden := problem(403, "authentication_error", "permission_denied", "API key missing required scope 'person:read'")(nil)
	h := open(t, setup{journal: path, now: func() time.Time { return now }, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next := next
			if strings.Contains(r.URL.Path, "/persons") {
				next = forbidden
			}
			next.ServeHTTP(w, r)
		})
	}})
	book, principal := kept(t, path)
	crashed, err := book.Begin(t.Context(), journal.Intent{
		Principal: principal, Tool: "update_person", Target: journal.Target{Kind: "person", ID: seed.TwinUUIDA}, Person: seed.TwinUUIDA,
		Before: []byte(`{"person":{"uuid":"` + seed.TwinUUIDA + `"}}`), Wanted: []byte(`{"set":{"plan":"x"}}`), Deadline: now.Add(time.Minute), Reversible: true,
	})
	require.NoError(t, err)
	now = now.Add(5 * time.Minute)
	write := h.must("update_account", object{"account": seed.AcmeID, "name": "Ours"}).str("write")
	h.must("undo_write", object{"write": write})
	require.Contains(t, h.refused("undo_write", object{"write": crashed.ID}), "person:read")
	row := h.must("list_writes", object{}).get("rows.2")
	require.Equal(t, []any{crashed.ID, "unknown"}, []any{row.Get("write").String(), row.Get("outcome").String()})
}
