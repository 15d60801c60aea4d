//go:build unix

package journal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/journal"
)

func init() {
	roles["stranger"], roles["full disk"] = stranger, fullDisk
}

// stranger opens a journal as a user who may not write there: PATH. Root may
// everywhere, so it becomes somebody else first.
func stranger(args []string) error {
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			return err
		}
	}
	j, err := journal.Open(ctx, args[0])
	if err == nil {
		return errors.Join(errors.New("it opened"), j.Close())
	}
	fmt.Println(errors.Is(err, journal.ErrUnavailable), err)
	return nil
}

// A journal that cannot be written is refused when it is opened, not when
// the first write needs it.
func TestReadOnlyPlaces(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string) string
		says    []string
	}{
		"no file, and none can be made": {func(t *testing.T, dir string) string {
			return filepath.Join(dir, "journal.db")
		}, []string{"permission denied"}},
		"no directory, and none can be made": {func(t *testing.T, dir string) string {
			return filepath.Join(dir, "state", "journal.db")
		}, []string{"permission denied"}},
		"a file that is there": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "journal.db")
			require.NoError(t, reopened(t, path).Close())
			for _, file := range []string{path, path + ".key"} {
				require.NoError(t, os.Chmod(file, 0o400))
				if os.Geteuid() == 0 {
					require.NoError(t, os.Chown(file, 65534, 65534))
				}
			}
			return path
		}, []string{"readonly", "unable to open"}},
		"a file that is there, among others that can be written": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "own", "journal.db")
			require.NoError(t, reopened(t, path).Close())
			require.NoError(t, os.Chmod(path, 0o400))
			if os.Geteuid() == 0 {
				for _, file := range []string{filepath.Dir(path), path, path + ".key"} {
					require.NoError(t, os.Chown(file, 65534, 65534))
				}
			}
			return path
		}, []string{"readonly"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := test.prepare(t, dir)
			require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
			require.NoError(t, os.Chmod(dir, 0o555))
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })

			command, output := play(t, "stranger", path)
			said, err := io.ReadAll(output)
			require.NoError(t, err)
			require.NoError(t, command.Wait())
			require.Contains(t, string(said), "true the journal cannot be used: "+path)
			require.Contains(t, string(said), "--journal off")
			require.True(t, anyOf(string(said), test.says), "%s", said)
		})
	}
}

func anyOf(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// A full disk refuses the write that does not fit, spoils nothing that was
// there, and what fits later is taken.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	command, output := play(t, "full disk", path)
	said, err := io.ReadAll(output)
	require.NoError(t, err)
	require.NoError(t, command.Wait())
	require.Contains(t, string(said), "the journal cannot be used: "+path+" cannot be written")
	require.Contains(t, string(said), "--journal off")

	entries, _, err := reopened(t, path).List(ctx, journal.Query{Principal: ours})
	require.NoError(t, err)
	require.Len(t, entries, 2, "the one before and the one after")
	require.False(t, anyTampered(entries))
}

// fullDisk writes to a journal with room, without and with again: PATH. The
// limit on the size of a file stands for the size of the disk.
func fullDisk(args []string) error {
	j, err := journal.Open(ctx, args[0])
	if err != nil {
		return err
	}
	begun, err := j.Begin(ctx, update("a1"))
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	small := limit
	small.Cur = 256 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	large := update("a2")
	large.Before = json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	_, err = j.Begin(ctx, large)
	fmt.Println(err)
	if !errors.Is(err, journal.ErrUnavailable) {
		return errors.New("it fitted")
	}
	if err := j.Settle(ctx, begun.ID, journal.Applied, nil, "small enough"); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if _, err := j.Begin(ctx, large); err != nil {
		return err
	}
	return j.Close()
}
