package journal_test

import (
	"database/sql"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/journal"
)

// edit changes the file in the way anybody with a SQLite shell can.
func edit(t *testing.T, path, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.Exec(statement, args...)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// full is an entry with something in every column.
func full(t *testing.T, j *journal.Journal) journal.Entry {
	t.Helper()
	original, err := j.Begin(ctx, update("a0"))
	require.NoError(t, err)
	i := update("a1")
	i.IdempotencyKey, i.Person, i.Plan, i.Undoes = "k", persons[1], "p_1", original.ID
	i.Deadline = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	begun, _, err := j.Reserve(ctx, i)
	require.NoError(t, err)
	require.NoError(t, j.Settle(ctx, begun.ID, journal.Pending, []byte(`{"tier":"?"}`), "note"))
	found, err := j.Entry(ctx, ours, begun.ID)
	require.NoError(t, err)
	require.False(t, found.Tampered)
	return found
}

// A change of any column is noticed, and what was changed is not built upon.
func TestEveryColumnIsCovered(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	entry := full(t, j)
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.Query("SELECT name, type FROM pragma_table_info('entries') WHERE name <> 'id'")
	require.NoError(t, err)
	columns := map[string]string{}
	for rows.Next() {
		var name, kind string
		require.NoError(t, rows.Scan(&name, &kind))
		columns[name] = kind
	}
	require.NoError(t, rows.Err())
	require.Len(t, columns, 25)

	change := map[string]string{"TEXT": " || '0'", "INTEGER": " + 1", "BLOB": " || x'00'"}
	for name, kind := range columns {
		if name == "principal" || name == "project" {
			continue // the entry is then somebody else's, below
		}
		value := name + change[kind]
		if kind == "BLOB" {
			value = "CAST(" + value + " AS BLOB)"
		}
		_, err = db.Exec("CREATE TEMP TABLE IF NOT EXISTS saved AS SELECT * FROM entries WHERE id = ?", entry.ID)
		require.NoError(t, err)
		edit(t, path, "UPDATE entries SET "+name+" = "+value+" WHERE id = ?", entry.ID)

		found, err := j.Entry(ctx, ours, entry.ID)
		require.NoError(t, err)
		require.True(t, found.Tampered, name)
		require.Error(t, j.Settle(ctx, entry.ID, journal.Applied, nil, ""), name)
		undo := update("a1")
		undo.Undoes = entry.ID
		_, err = j.Begin(ctx, undo)
		require.ErrorIs(t, err, journal.ErrTampered, name)

		_, err = db.Exec("UPDATE entries SET "+name+" = (SELECT "+name+" FROM saved) WHERE id = ?", entry.ID)
		require.NoError(t, err)
		found, err = j.Entry(ctx, ours, entry.ID)
		require.NoError(t, err)
		require.Equal(t, entry, found, name)
	}

	other := journal.Principal{Key: ours.Key, Project: 2}
	edit(t, path, "UPDATE entries SET project = 2 WHERE id = ?", entry.ID)
	found, err := j.Entry(ctx, other, entry.ID)
	require.NoError(t, err)
	require.True(t, found.Tampered, "an entry cannot be given to somebody else")
	edit(t, path, "UPDATE entries SET id = id || '0' WHERE id = ?", entry.ID)
	found, err = j.Entry(ctx, other, entry.ID+"0")
	require.NoError(t, err)
	require.True(t, found.Tampered, "nor be another one")
}

// A repeated key is not answered from an entry that was changed.
func TestNoAnswerFromAChangedEntry(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	entry := full(t, j)
	edit(t, path, "UPDATE entries SET outcome = 'applied' WHERE id = ?", entry.ID)
	_, _, err := j.Reserve(ctx, entry.Intent)
	require.ErrorIs(t, err, journal.ErrTampered)
}

// Emptying the payloads by hand is no erasure: only the journal can say that
// they were erased. One that it did erase is not taken for a changed one, and
// nothing can be put back.
func TestErasingIsTheJournalsAlone(t *testing.T) {
	t.Parallel()
	const blank = "idempotency_key = '', arguments = '', before_image = '', wanted = '', after_image = '', note = '', salt = NULL, erased_at = 1, reversible = 0"
	j, path := opened(t)
	entry := full(t, j)
	tampered := func() bool {
		found, err := j.Entry(ctx, ours, entry.ID)
		require.NoError(t, err)
		return found.Tampered
	}
	edit(t, path, "CREATE TABLE saved AS SELECT * FROM entries")
	edit(t, path, "UPDATE entries SET "+blank)
	require.True(t, tampered())
	n, err := j.ErasePerson(ctx, persons[1])
	require.NoError(t, err)
	require.Zero(t, n)
	edit(t, path, "DELETE FROM entries")
	edit(t, path, "INSERT INTO entries SELECT * FROM saved")
	edit(t, path, "DROP TABLE saved")
	require.False(t, tampered())

	n, err = j.ErasePerson(ctx, persons[1])
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.False(t, tampered())
	edit(t, path, "UPDATE entries SET before_image = '{}' WHERE id = ?", entry.ID)
	require.True(t, tampered())
}

// An erased entry that had been changed before still shows it.
func TestErasingDoesNotMakeGenuine(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	entry := full(t, j)
	edit(t, path, "UPDATE entries SET outcome = 'applied' WHERE id = ?", entry.ID)
	n, err := j.ErasePerson(ctx, persons[1])
	require.NoError(t, err)
	require.Equal(t, 1, n, "erased all the same")
	found, err := j.Entry(ctx, ours, entry.ID)
	require.NoError(t, err)
	require.Empty(t, found.Before)
	require.True(t, found.Tampered)
}

// Every byte of the file in turn is changed: the file is refused, or the
// change is noticed, or it hit a byte that holds nothing and every entry reads
// as before. A short run takes a sample.
func TestEveryFlippedByte(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	full(t, j)
	for range 12 {
		i := update("a2")
		i.Before = json.RawMessage(`{"notes":"` + strings.Repeat("as it was ", 130) + `"}`)
		begun, err := j.Begin(ctx, i)
		require.NoError(t, err)
		require.NoError(t, j.Settle(ctx, begun.ID, journal.Applied, nil, ""))
	}
	want, _, err := j.List(ctx, journal.Query{Principal: ours})
	require.NoError(t, err)
	require.NoError(t, j.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	key, err := os.ReadFile(path + ".key")
	require.NoError(t, err)

	random := rand.New(rand.NewPCG(1, 2))
	step := 149
	if os.Getenv("LONG") != "" {
		step = 1
	}
	copied := filepath.Join(t.TempDir(), "journal.db")
	require.NoError(t, os.WriteFile(copied+".key", key, 0o600))
	var refused, noticed, idle int
	for at := random.IntN(step); at < len(content); at += step {
		flipped := append([]byte(nil), content...)
		flipped[at] ^= byte(1 + random.IntN(255))
		require.NoError(t, os.WriteFile(copied, flipped, 0o600))
		switch got, err := readAll(copied); {
		case err != nil:
			require.ErrorIs(t, err, journal.ErrUnavailable, "byte %d", at)
			refused++
		case anyTampered(got):
			require.Len(t, got, len(want), "byte %d", at)
			noticed++
		default:
			require.Equal(t, want, got, "byte %d", at)
			idle++
		}
		_ = os.Remove(copied + "-wal")
		_ = os.Remove(copied + "-shm")
	}
	t.Logf("of %d bytes, one in %d: %d refused at opening, %d noticed in an entry, %d held nothing", len(content), step, refused, noticed, idle)
	require.Positive(t, refused)
	require.Positive(t, noticed)
}

func readAll(path string) ([]journal.Entry, error) {
	j, err := journal.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer j.Close()
	entries, _, err := j.List(ctx, journal.Query{Principal: ours})
	return entries, err
}

func anyTampered(entries []journal.Entry) bool {
	for _, e := range entries {
		if e.Tampered {
			return true
		}
	}
	return false
}
