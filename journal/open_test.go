package journal_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/journal"
)

func TestOnlyTheUserCanReadIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits; the user's profile is private there")
	}
	t.Parallel()
	j, path := opened(t)
	_, err := j.Begin(ctx, update("a1"))
	require.NoError(t, err)

	dir, err := os.Stat(filepath.Dir(path))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), dir.Mode().Perm())
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), file.Name())
		names = append(names, file.Name())
	}
	require.Equal(t, []string{"journal.db", "journal.db-shm", "journal.db-wal", "journal.db.key"}, names, "and no draft is left")

	require.NoError(t, j.Close())
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, os.Chmod(path+".key", 0o644))
	require.NoError(t, reopened(t, path).Close())
	for _, place := range []string{path, path + ".key"} {
		info, err := os.Stat(place)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), "made private again")
	}
}

// Whatever stands in the way, the error names the file and the way out.
func TestWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	written := func(t *testing.T, dir string) string {
		path := filepath.Join(dir, "journal.db")
		require.NoError(t, reopened(t, path).Close())
		return path
	}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string) string
		says    string
	}{
		"a file where the directory should be": {func(t *testing.T, dir string) string {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "state"), nil, 0o600))
			return filepath.Join(dir, "state", "journal.db")
		}, "not a directory"},
		"a directory where the file should be": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
			return path
		}, "unable to open"},
		"a text": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("not a journal\n"), 1000), 0o600))
			return path
		}, "not a database"},
		"an empty file": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			require.NoError(t, os.Truncate(path, 0))
			return path
		}, "not a journal"},
		"half a file": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			require.NoError(t, os.Truncate(path, 8192))
			return path
		}, "malformed"},
		"the key is gone": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			require.NoError(t, os.Remove(path+".key"))
			return path
		}, "journal.db.key, is missing"},
		"the key is no key": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			require.NoError(t, os.WriteFile(path+".key", []byte("s3cret"), 0o600))
			return path
		}, "does not hold the key"},
		"another key": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			require.NoError(t, os.WriteFile(path+".key", []byte(strings.Repeat("ab", 32)), 0o600))
			return path
		}, "not the one it was written with"},
		"a later format": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			edit(t, path, "PRAGMA user_version = 3")
			return path
		}, "format 3"},
		"one more trigger": {func(t *testing.T, dir string) string {
			path := written(t, dir)
			edit(t, path, "CREATE TRIGGER lose AFTER INSERT ON entries BEGIN DELETE FROM entries; END")
			return path
		}, "tables of the journal have been changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := test.prepare(t, t.TempDir())
			_, err := journal.Open(ctx, path)
			require.ErrorIs(t, err, journal.ErrUnavailable)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, "--journal off")
			require.ErrorContains(t, err, test.says)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}

func TestAnyNameOfAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?mode=memory#%41é", "j?x=1&y.db")
	j := reopened(t, path)
	begun, err := j.Begin(ctx, update("a1"))
	require.NoError(t, err)
	require.NoError(t, j.Close())
	require.FileExists(t, path)
	_, err = reopened(t, path).Entry(ctx, ours, begun.ID)
	require.NoError(t, err)
}

func TestDefaultPath(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the places of other systems are os.UserConfigDir and os.UserCacheDir")
	}
	t.Setenv("HOME", "/home/ada")
	for state, want := range map[string]string{
		"/state":   "/state/posthog-accounts-mcp/journal.db",
		"":         "/home/ada/.local/state/posthog-accounts-mcp/journal.db",
		"relative": "/home/ada/.local/state/posthog-accounts-mcp/journal.db", // the XDG specification has it ignored
	} {
		t.Setenv("XDG_STATE_HOME", state)
		path, err := journal.DefaultPath()
		require.NoError(t, err)
		require.Equal(t, want, path)
	}
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "")
	_, err := journal.DefaultPath()
	require.ErrorIs(t, err, journal.ErrUnavailable)
	require.ErrorContains(t, err, "--journal off")
}

// Entries leave when they are past retention: when the journal is opened, and
// once a day while it is open.
func TestRetention(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	clock := journal.WithClock(func() time.Time { return now })
	j, path := opened(t, clock)
	write := func(deadline time.Time) string {
		i := update("a1")
		i.Deadline = deadline
		begun, err := j.Begin(ctx, i)
		require.NoError(t, err)
		return begun.ID
	}
	kept := func() (ids []string) {
		entries, _, err := j.List(ctx, journal.Query{Principal: ours})
		require.NoError(t, err)
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		return ids
	}

	first := write(time.Time{})
	underWay := write(now.Add(40 * day))
	now = now.Add(30 * day)
	second := write(time.Time{})
	require.Equal(t, []string{second, underWay, first}, kept(), "thirty days are kept whole")

	now = now.Add(day)
	third := write(time.Time{})
	require.Equal(t, []string{third, second, underWay}, kept(), "what can still take effect stays")

	require.NoError(t, j.Close())
	now = now.Add(30 * day)
	j = reopened(t, path, clock)
	require.Equal(t, []string{third}, kept())
}
