package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pausing is a look-alike that, once, carries out a write and never answers it.
func pausing(t *testing.T) (environment []string, reached <-chan struct{}) {
	t.Helper()
	behind, _ := lookalike(t)
	sound, err := url.Parse(behind)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(sound)
	arrived, released := make(chan struct{}), make(chan struct{})
	var paused atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && paused.CompareAndSwap(false, true) {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			close(arrived)
			<-released
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(released); front.CloseClientConnections(); front.Close() })
	return []string{"POSTHOG_HOST=" + front.URL, "POSTHOG_API_KEY=phx_sandbox"}, arrived
}

// TestKilledInTheMiddleOfAWrite: a server that is killed while PostHog works on its write leaves the write on
// record, where the next one finds it.
func TestKilledInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	environment, reached := pausing(t)
	path := filepath.Join(t.TempDir(), "state", "journal.db")
	first := run(t, environment, "--journal", path)
	first.ask(hello(1))
	require.NoFileExists(t, path, "the journal is opened when it is needed")
	first.send(call(legacy, 2, "update_account", object{"account": "Acme Robotics", "tags_add": []string{"killed"}}))
	select {
	case <-reached:
	case <-time.After(patience):
		require.FailNow(t, "the write did not reach PostHog", first.err.String())
	}
	require.NoError(t, first.cmd.Process.Kill())
	<-first.exited

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	second := run(t, environment, "--journal", path)
	second.ask(hello(1))
	rows := ok(t, second.ask(call(legacy, 2, "list_writes", object{})).Get("result")).Get("rows").Array()
	require.Len(t, rows, 1)
	require.Equal(t, "update_account", rows[0].Get("tool").String())
	require.Equal(t, "unknown", rows[0].Get("outcome").String())
	require.Contains(t, rows[0].Get("note").String(), "its server has ended")

	next := ok(t, second.ask(call(legacy, 3, "update_account", object{"account": "Acme Robotics", "tags_add": []string{"after"}})).Get("result"))
	require.Equal(t, "applied", next.Get("outcome").String())
	undone := ok(t, second.ask(call(legacy, 4, "undo_write", object{"write": next.Get("write").String()})).Get("result"))
	require.Equal(t, "applied", undone.Get("outcome").String())
	require.Contains(t, undone.Get("after.tags").String(), "killed")
}

// TestJournalChoices: off lists no tool of the journal, a directory that cannot be written stops writes only,
// a shared database is refused at the start, and the sandbox leaves no journal behind.
func TestJournalChoices(t *testing.T) {
	t.Parallel()
	off := run(t, nil, "--sandbox", "--journal", "off")
	off.ask(hello(1))
	var names []string
	for _, name := range off.ask(request(legacy, 2, "tools/list", nil)).Get("result.tools.#.name").Array() {
		names = append(names, name.String())
	}
	needing := []string{"list_writes", "undo_write", "plan_changes", "apply_plan"} // what they are about is in the journal
	require.ElementsMatch(t, slices.DeleteFunc(slices.Clone(toolNames), func(name string) bool { return slices.Contains(needing, name) }), names)

	occupied := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(occupied, nil, 0o600))
	stuck := run(t, nil, "--sandbox", "--journal", filepath.Join(occupied, "journal.db"))
	stuck.ask(hello(1))
	ok(t, stuck.ask(call(legacy, 2, "list_accounts", object{})).Get("result"))
	require.Contains(t, refused(t, stuck.ask(call(legacy, 3, "create_account", object{"name": "New"})).Get("result")), "--journal off")

	_, said, code := finish(t, nil, "", "--sandbox", "--journal", "postgres://localhost/journal")
	require.Equal(t, 2, code)
	require.Contains(t, said, "not available yet")

	places := t.TempDir()
	sandboxed := run(t, []string{"TMPDIR=" + places}, "--sandbox")
	sandboxed.ask(hello(1))
	receipt := ok(t, sandboxed.ask(call(legacy, 2, "create_account", object{"name": "New"})).Get("result"))
	require.NotEmpty(t, receipt.Get("write").String())
	kept, err := os.ReadDir(places)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	sandboxed.stops()
	kept, err = os.ReadDir(places)
	require.NoError(t, err)
	require.Empty(t, kept)
}
