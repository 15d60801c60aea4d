package tools_test

import (
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// crash is a server that ended while a create was on its way: its journal is
// kept as it was then.
type crash struct {
	*house
	later   *house // another server, with that journal
	copied  string // that journal
	made    string // the id of what was made, if it was
	elapsed atomic.Int64
	down    atomic.Bool // PostHog fails for the later server
}

// pass lets time pass.
func (c *crash) pass(d time.Duration) { c.elapsed.Add(int64(d)) }

// crashAt crashes a server at a create, of which PostHog makes something or
// not.
func crashAt(t *testing.T, tool string, arguments object, isMade bool) *crash {
	t.Helper()
	c := &crash{copied: file(t)}
	path, start := file(t), time.Now()
	clock := func() time.Time { return start.Add(time.Duration(c.elapsed.Load())) }
	c.house = open(t, setup{journal: path, now: clock, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method != http.MethodPost || strings.Contains(r.URL.Path, "/batch_by_"):
				next.ServeHTTP(w, r)
			default:
				for _, part := range []string{"", "-wal", ".key"} {
					content, err := os.ReadFile(path + part)
					require.NoError(t, err)
					require.NoError(t, os.WriteFile(c.copied+part, content, 0o600))
				}
				if !isMade {
					next = problem(403, "permission_denied", "permission_denied", "You may not do that.")(next)
				}
				next.ServeHTTP(w, r)
			}
		})
	}})
	answer := c.call(tool, arguments)
	require.Equal(t, !isMade, answer.isError, answer.text)
	c.made = madeBy(answer)
	c.later = open(t, setup{
		shared: c.sandbox, journal: c.copied, now: clock,
		wrap: onlyFor(func(*http.Request) bool { return c.down.Load() }, problem(500, "server_error", "error", "A server error occurred.")),
	})
	return c
}

// madeBy is the id of what a create made.
func madeBy(receipt result) string {
	if id := receipt.str("after.short_id"); id != "" {
		return id
	}
	return receipt.str("target.id")
}

// keyedCreates are creates under a key.
func keyedCreates() map[string]object {
	return map[string]object{
		"create_account":  {"name": "Crashed", "tags": []string{"new"}, "csm": "me", "key": "k"},
		"create_notebook": {"account": "Acme Robotics", "markdown": "# Crashed\n\nin the middle", "key": "k"},
	}
}

// While the request may still take effect nobody can tell; then the key answers
// with what was made, or makes it if nothing was.
func TestTheKeyOfACrashedCreateAnswers(t *testing.T) {
	t.Parallel()
	for tool, arguments := range keyedCreates() {
		for name, isMade := range map[string]bool{"made": true, "not made": false} {
			t.Run(tool+" "+name, func(t *testing.T) {
				t.Parallel()
				c := crashAt(t, tool, arguments, isMade)
				require.Contains(t, c.later.refused(tool, arguments), "Repeat this call after")
				c.pass(3 * time.Minute)
				require.Contains(t, c.later.refused(tool, with(arguments, map[string]string{"create_account": "name", "create_notebook": "markdown"}[tool], "Another")), "other arguments")
				require.Empty(t, c.later.writes())

				answer := c.later.must(tool, arguments)
				require.Equal(t, "applied", answer.str("outcome"), answer.text)
				if isMade {
					require.Empty(t, c.later.writes())
					require.Equal(t, c.made, madeBy(answer))
					require.Contains(t, answer.str("note"), "first answer again")
				} else {
					require.NotEmpty(t, c.later.writes(), "the key is free again")
				}
				require.Equal(t, answer.str("write"), c.later.must(tool, arguments).str("write"))
				require.Empty(t, c.later.writes())
				undone := c.later.must("undo_write", object{"write": answer.str("write")})
				require.Equal(t, "applied", undone.str("outcome"), undone.text)
			})
		}
	}
}

// What another create on record made is not taken for this one's, however
// alike; what somebody changed since, or two wanted alike, is nobody's for sure.
func TestWhatACrashedCreateDidNotMake(t *testing.T) {
	t.Parallel()
	for tool, arguments := range keyedCreates() {
		t.Run(tool+" and another that is meant to be alike", func(t *testing.T) {
			t.Parallel()
			c := crashAt(t, tool, arguments, false)
			twin := c.later.must(tool, with(arguments, "key", "k2"))
			c.pass(3 * time.Minute)
			answer := c.later.must(tool, arguments)
			require.Equal(t, "applied", answer.str("outcome"))
			require.NotEqual(t, madeBy(twin), madeBy(answer))
		})
		t.Run(tool+" and another that crashed too", func(t *testing.T) {
			t.Parallel()
			c := crashAt(t, tool, arguments, true)
			book, principal := kept(t, c.copied)
			other := newest(t, book, principal).Intent
			other.IdempotencyKey = ""
			_, err := book.Begin(t.Context(), other)
			require.NoError(t, err)
			c.pass(3 * time.Minute)
			require.Contains(t, c.later.refused(tool, arguments), "is not known")
			require.Empty(t, c.later.writes())
		})
		t.Run(tool+" and a change since", func(t *testing.T) {
			t.Parallel()
			c := crashAt(t, tool, arguments, true)
			if tool == "create_notebook" {
				editNote(c.later, c.made, "Changed by somebody.")
			} else {
				c.raw("PATCH", api+"accounts/"+c.made, object{"tags": []string{"changed"}})
			}
			c.pass(3 * time.Minute)
			text := c.later.refused(tool, arguments)
			require.Contains(t, text, "is not known")
			require.Contains(t, text, c.made)
			require.Empty(t, c.later.writes())
			require.Equal(t, "unknown", c.later.must("list_writes", object{}).str("rows.0.outcome"))
		})
	}
}

// An outage is no answer: the key is neither answered nor freed by it.
func TestACrashedCreateDuringAnOutage(t *testing.T) {
	t.Parallel()
	for tool, arguments := range keyedCreates() {
		c := crashAt(t, tool, arguments, true)
		c.pass(3 * time.Minute)
		c.down.Store(true)
		require.Contains(t, c.later.refused(tool, with(arguments, "project_id", 1)), "PostHog failed (HTTP 500)")
		require.Contains(t, c.later.must("list_writes", object{"project_id": 1}).str("note"), "could not be looked up")
		c.down.Store(false)
		require.Empty(t, c.later.writes())
		require.Equal(t, c.made, madeBy(c.later.must(tool, arguments)))
	}
}

// The writes of an account begin with its creation.
func TestListWritesShowsTheCreation(t *testing.T) {
	t.Parallel()
	path := file(t)
	h := open(t, setup{journal: path})
	created := h.must("create_account", object{"name": "Listed"})
	id := created.str("target.id")
	changed := h.must("update_account", object{"account": id, "set": object{"billing_id": "b"}})
	h.must("create_account", object{"name": "Another"})
	rows := h.must("list_writes", object{"account": id})
	require.Equal(t, []string{changed.str("write"), created.str("write")}, rows.strings("rows.#.write"))
	book, principal := kept(t, path)
	entry, err := book.Entry(t.Context(), principal, created.str("write"))
	require.NoError(t, err)
	require.Equal(t, id, entry.Target.ID)
	edit(t, path, "UPDATE entries SET target = ? WHERE id = ?", seed.AcmeID, entry.ID)
	entry, err = book.Entry(t.Context(), principal, entry.ID)
	require.NoError(t, err)
	require.True(t, entry.Tampered, "the target found later is sealed like the others")
}
