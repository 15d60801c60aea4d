package tools_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// kept opens the journal of a house a second time, as another process would.
func kept(t testing.TB, path string) (*journal.Journal, journal.Principal) {
	t.Helper()
	book, err := journal.Open(context.Background(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	key, err := client.NewKey(sandbox.DefaultKey)
	require.NoError(t, err)
	return book, journal.Principal{Key: key.Fingerprint(), Project: 1}
}

// newest is the last write on record.
func newest(t testing.TB, book *journal.Journal, p journal.Principal) journal.Entry {
	t.Helper()
	entries, _, err := book.List(context.Background(), journal.Query{Principal: p, Limit: 1})
	require.NoError(t, err)
	require.NotEmpty(t, entries, "nothing is on record")
	require.False(t, entries[0].Tampered)
	return entries[0]
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "journal.db") }

// confirmed is a call of a tool as it takes to have it done.
func (h *house) confirmed(tool string, arguments object) result {
	h.Helper()
	answer := h.call(tool, arguments)
	if token := answer.get("confirmation"); token.Exists() {
		answer = h.call(tool, with(arguments, "confirmation", token.String()))
	}
	return answer
}

// isWriteRequest tells requests that change something.
func isWriteRequest(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "batch_by_")
}

// writers are good calls of all tools that write to PostHog.
func writers() map[string]object {
	calls := everyCall()
	for _, tool := range tools.All {
		if tool.Effect == tools.Reads {
			delete(calls, tool.Name)
		}
	}
	return calls
}

// Whatever a tool writes is on record when its first request reaches PostHog,
// with what was asked and no outcome, and afterwards the record says what the
// receipt says.
func TestIntentComesFirst(t *testing.T) {
	t.Parallel()
	for tool, arguments := range writers() {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			path := file(t)
			book, principal := kept(t, path)
			var looked atomic.Int32
			look := func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if isWriteRequest(r) && looked.Add(1) == 1 {
						intent := newest(t, book, principal)
						require.Equal(t, tool, intent.Tool)
						require.Empty(t, intent.Outcome)
						require.NotEmpty(t, intent.Arguments)
						require.True(t, intent.Deadline.After(intent.At))
					}
					next.ServeHTTP(w, r)
				})
			}
			h := open(t, setup{journal: path, wrap: look})
			receipt := h.confirmed(tool, arguments)
			require.False(t, receipt.isError, receipt.text)
			require.Positive(t, looked.Load())
			entry := newest(t, book, principal)
			require.Equal(t, receipt.str("write"), entry.ID)
			require.Equal(t, receipt.str("outcome"), string(entry.Outcome))
			undo := "undo_write {\"write\":\"" + entry.ID + "\"}"
			require.Equal(t, entry.Reversible, strings.HasPrefix(receipt.str("undo"), undo), receipt.str("undo"))
			if strings.HasPrefix(tool, "delete_person") && entry.Target.Kind == "person" && !entry.Reversible {
				require.False(t, entry.ErasedAt.IsZero(), "what is held of a deleted person is erased")
				require.Empty(t, entry.Arguments)
			}
			rows := h.must("list_writes", object{}).get("rows").Array()
			require.Len(t, rows, 1)
			require.Equal(t, entry.ID, rows[0].Get("write").String())
		})
	}
}

// What becomes of a write under a fault is on record as it is: refused writes
// changed nothing, and where nobody answered the record and the text agree that
// it is not known.
func TestOutcomesUnderFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name   string
		wrap   func(http.Handler) http.Handler
		silent bool // the look afterwards gets no answer either
		wants  journal.Outcome
	}{
		{"refused", problem(403, "authentication_error", "permission_denied", "API key missing required scope 'account:write'"), false, journal.Ignored},
		{"cut", cut, true, journal.Unknown},
		{"hung", hung, true, journal.Unknown},
		{"502", answering(502, "text/html", htmlPage), true, journal.Unknown},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			for tool, arguments := range writers() {
				path := file(t)
				book, principal := kept(t, path)
				var struck atomic.Bool
				strike := func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						switch {
						case isWriteRequest(r):
							struck.Store(true)
							fault.wrap(next).ServeHTTP(w, r)
						case fault.silent && struck.Load():
							cut(next).ServeHTTP(w, r)
						default:
							next.ServeHTTP(w, r)
						}
					})
				}
				h := open(t, setup{journal: path, wrap: strike, client: []client.Option{client.WithTimeouts(client.Timeouts{
					Retry: 50 * time.Millisecond, Write: 300 * time.Millisecond,
				})}})
				answer := h.confirmed(tool, arguments)
				answer.requireError(t)
				entry := newest(t, book, principal)
				require.Equal(t, fault.wants, entry.Outcome, answer.text)
				require.Equal(t, fault.wants == journal.Unknown, strings.Contains(answer.text, entry.ID), answer.text)
				require.NotEmpty(t, entry.Note)
			}
		})
	}
}

// A journal that cannot be used stops no read and every write.
func TestUnusableJournal(t *testing.T) {
	t.Parallel()
	occupied := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(occupied, nil, 0o600))
	h := open(t, setup{journal: filepath.Join(occupied, "journal.db")})
	h.must("get_account", object{"account": seed.AcmeID})
	h.requests()
	for tool, arguments := range writers() {
		answer := h.confirmed(tool, arguments)
		answer.requireError(t)
		require.Contains(t, answer.text, "--journal off", tool)
		require.Contains(t, answer.text, occupied)
	}
	require.Empty(t, h.writes())
	require.Contains(t, h.refused("list_writes", object{}), "--journal off")
}

// Without a journal every receipt says so, and has no write.
func TestJournalOff(t *testing.T) {
	t.Parallel()
	for tool, arguments := range writers() {
		h := open(t, setup{})
		receipt := h.confirmed(tool, arguments)
		require.False(t, receipt.isError, receipt.text)
		require.False(t, receipt.get("write").Exists())
		require.Contains(t, receipt.str("note"), "the journal is off", tool)
		require.NotContains(t, receipt.str("undo"), "undo_write")
	}
	require.Contains(t, open(t, setup{}).refused("list_writes", object{}), "journal is off")
	for _, tool := range tools.Selected(tools.Selection{Unwritten: true}) {
		require.NotEqual(t, tools.Journal, tool.Toolset)
	}
}

// A receipt names undo_write only where it is listed.
func TestUndoIsNamedWhereItIsListed(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t), selection: tools.Selection{Toolsets: []tools.Toolset{tools.Accounts}}})
	receipt := h.must("update_account", object{"account": seed.AcmeID, "name": "Other"})
	require.NotEmpty(t, receipt.str("write"))
	require.True(t, strings.HasPrefix(receipt.str("undo"), "update_account {"), receipt.str("undo"))
}

// A key stands for one thing across servers that share a journal, and a
// restart; other arguments are refused; a refusal by PostHog does not use it up.
func TestKeysAcrossServers(t *testing.T) {
	t.Parallel()
	path := file(t)
	lookalike := sandbox.New(sandbox.Options{})
	var failing atomic.Bool
	meant := func(r *http.Request) bool { return failing.Load() && isWriteRequest(r) }
	one := open(t, setup{shared: lookalike, journal: path, wrap: onlyFor(meant, problem(403, "authentication_error", "permission_denied", "API key missing required scope 'account:write'"))})
	two := open(t, setup{shared: lookalike, journal: path})
	for tool, arguments := range map[string]object{
		"create_account":  {"name": "Keyed across", "key": "k"},
		"create_notebook": {"account": seed.AcmeID, "markdown": "# Keyed across", "key": "k"},
	} {
		failing.Store(true)
		one.refused(tool, arguments)
		failing.Store(false)
		first := one.must(tool, arguments)
		require.Equal(t, "applied", first.str("outcome"))
		two.requests()
		again := two.must(tool, arguments)
		require.Empty(t, two.writes(), tool)
		require.Equal(t, first.str("write"), again.str("write"))
		require.Equal(t, first.get("after").Raw, again.get("after").Raw)
		require.Contains(t, again.str("note"), "first answer again")
		require.NotContains(t, again.str("note"), "journal is off")
		require.Contains(t, two.refused(tool, with(arguments, map[string]string{"create_account": "name", "create_notebook": "markdown"}[tool], "Another")), "other arguments")
		require.NotEqual(t, first.str("write"), two.must(tool, with(arguments, "key", "k2")).str("write"), "another key is another thing")
	}
}

// A create whose server ended in the middle: its key says so until its request
// can no longer take effect, and then that nobody knows.
func TestKeyOfACrashedCreate(t *testing.T) {
	t.Parallel()
	path := file(t)
	book, principal := kept(t, path)
	now := time.Now()
	h := open(t, setup{journal: path, now: func() time.Time { return now }})
	_, _, err := book.Reserve(t.Context(), journal.Intent{
		Principal: principal, Tool: "create_notebook", Target: journal.Target{Kind: "account", ID: seed.AcmeID}, IdempotencyKey: "k",
		Arguments: []byte(`{"project_id":1,"account":"` + seed.AcmeID + `","markdown":"x","key":"k"}`), Deadline: now.Add(time.Minute), Reversible: true,
	})
	require.NoError(t, err)
	call := object{"account": seed.AcmeID, "markdown": "x", "key": "k"}
	require.Contains(t, h.refused("create_notebook", call), "still under way")
	require.Contains(t, h.must("list_writes", object{}).str("rows.0.note"), "known after")
	now = now.Add(2 * time.Minute)
	require.Contains(t, h.refused("create_notebook", call), "is not known")
	require.Empty(t, h.writes())
	row := h.must("list_writes", object{}).get("rows.0")
	require.Equal(t, "unknown", row.Get("outcome").String())
	require.Contains(t, h.refused("undo_write", object{"write": row.Get("write").String()}), "is not known")
}

// What a crashed write may still do ends when its requests have ended, however
// long those may take.
func TestDeadlineFollowsTheTimeLimits(t *testing.T) {
	t.Parallel()
	path := file(t)
	book, principal := kept(t, path)
	h := open(t, setup{journal: path, client: hasty(time.Second)}) // 250 ms a request
	h.must("update_account", object{"account": seed.AcmeID, "name": "In time"})
	entry := newest(t, book, principal)
	require.LessOrEqual(t, entry.Deadline.Sub(entry.At), 2*time.Second)
	crash := entry.Intent
	crash.Deadline = time.Now().Add(time.Hour)
	open, err := book.Begin(t.Context(), crash)
	require.NoError(t, err)
	require.Contains(t, h.refused("undo_write", object{"write": open.ID}), "Try again after ")
}

// A call that finds everything as it asks sends nothing. It is on record all the
// same, as ignored, and there is nothing to undo.
func TestAlreadySo(t *testing.T) {
	t.Parallel()
	path := file(t)
	book, principal := kept(t, path)
	h := open(t, setup{journal: path})
	account, person := object{"account": seed.AcmeID}, object{"person": seed.TwinUUIDA}
	h.must("set_custom_property", with(with(account, "property", "Health score"), "value", 5))
	for tool, arguments := range map[string]object{
		"update_account":         with(with(account, "name", seed.AcmeName), "csm", "grace@example.com"),
		"set_custom_property":    with(with(account, "property", "Health score"), "value", 5),
		"update_person":          with(with(person, "set", object{"plan": "startup"}), "unset", []string{"nothing"}),
		"update_person_property": with(with(person, "key", "plan"), "value", "startup"),
		"delete_person_property": with(person, "key", "nothing"),
	} {
		h.requests()
		receipt := h.must(tool, arguments)
		require.Equal(t, "ignored", receipt.str("outcome"), receipt.text)
		require.Equal(t, "It is already so; nothing was sent.", receipt.str("note"))
		require.Equal(t, "Nothing was changed.", receipt.str("undo"))
		require.Empty(t, h.writes(), tool)
		entry := newest(t, book, principal)
		require.Equal(t, []string{receipt.str("write"), tool, "ignored"}, []string{entry.ID, entry.Tool, string(entry.Outcome)})
		require.Contains(t, h.refused("undo_write", object{"write": entry.ID}), "changed nothing")
	}
}
