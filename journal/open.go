package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Retention is how long entries are kept unless WithRetention says otherwise.
const Retention = 30 * 24 * time.Hour

// Option changes how a journal is kept.
type Option func(*Journal)

// WithRetention keeps entries for another time than Retention.
func WithRetention(d time.Duration) Option { return func(j *Journal) { j.retention = d } }

// WithClock tells the time in another way than time.Now.
func WithClock(now func() time.Time) Option { return func(j *Journal) { j.now = now } }

// DefaultPath is where the journal of this user is kept: $XDG_STATE_HOME or
// ~/.local/state, Application Support on macOS, the local application data on
// Windows.
func DefaultPath() (string, error) {
	dir, err := stateDir()
	if err != nil {
		return "", fmt.Errorf("%w: no place for it is known (%w); name one with --journal PATH, or use --journal off", ErrUnavailable, err)
	}
	return filepath.Join(dir, "posthog-accounts-mcp", "journal.db"), nil
}

func stateDir() (string, error) {
	switch runtime.GOOS {
	case "darwin", "ios":
		return os.UserConfigDir()
	case "windows":
		return os.UserCacheDir() // %LocalAppData%: it does not roam
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state"), err
}

// Open opens the journal at a path, and makes it if there is none: the
// directory for the user alone, the file and the key of its checksums
// (path.key) likewise. A file that is damaged, is something else or cannot be
// written is refused. Entries past retention are removed.
func Open(ctx context.Context, path string, options ...Option) (*Journal, error) {
	j := &Journal{path: path, now: time.Now, retention: Retention}
	for _, option := range options {
		option(j)
	}
	if err := j.open(ctx); err != nil {
		return nil, fmt.Errorf("%w: %s: %w; name another place with --journal PATH, or use --journal off", ErrUnavailable, path, err)
	}
	j.retire(ctx)
	return j, nil
}

func (j *Journal) open(ctx context.Context) error {
	path, err := filepath.Abs(j.path)
	if err != nil {
		return err
	}
	j.path = path
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if j.key, err = keyOf(path); err != nil {
		return err
	}
	if err := createOnce(path, func(draft string) error { return create(ctx, draft, j.key) }); err != nil {
		return err
	}
	if err := keepPrivate(path); err != nil {
		return err
	}
	file, err := openSQLite(path)
	if err != nil {
		return err
	}
	if err := file.verify(ctx, proofOf(j.key)); err != nil {
		return errors.Join(err, file.close())
	}
	j.store = file
	return nil
}

// create writes an empty journal at a path nobody else knows yet.
func create(ctx context.Context, path string, key []byte) error {
	file, err := openSQLite(path)
	if err != nil {
		return err
	}
	return errors.Join(file.create(ctx, proofOf(key)), file.close())
}

// keyOf reads the key of a journal's checksums, or makes it for a journal that
// does not exist yet. It lies beside the journal: who can change the journal
// but not read the key, as with a copy or a damaged disk, is found out; who
// can read both can make any entry look genuine.
func keyOf(path string) ([]byte, error) {
	place := path + ".key"
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		err := createOnce(place, func(draft string) error {
			return os.WriteFile(draft, []byte(hex.EncodeToString(freshKey())+"\n"), 0o600)
		})
		if err != nil {
			return nil, err
		}
	}
	text, err := os.ReadFile(place)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the key of its checksums, %s, is missing: bring it back, or move the journal away to begin a new one", place)
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%s does not hold the key of its checksums", place) // what it holds may be a secret
	}
	return key, keepPrivate(place)
}

func freshKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}

// proofOf shows that a key is a journal's without showing the key.
func proofOf(key []byte) []byte { return checksum(key, "owner", nil) }

// createOnce makes a file unless there is one. The file appears complete and
// on disk, whoever else makes it at the same time: one wins, all use that one.
func createOnce(path string, write func(draft string) error) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".journal-*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if err := draft.Close(); err != nil {
		return err
	}
	if err := write(draft.Name()); err != nil {
		return err
	}
	if err := flush(draft.Name()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	return flush(filepath.Dir(path))
}

// flush puts a file, or the names in a directory, on disk.
func flush(path string) error {
	mode := os.O_RDWR
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		mode = os.O_RDONLY
	}
	file, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// keepPrivate takes a file from everybody but its owner.
func keepPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 || runtime.GOOS == "windows" {
		return err
	}
	return os.Chmod(path, info.Mode().Perm()&^0o077)
}
