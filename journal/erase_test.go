package journal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/journal"
)

const secret = "jane.doe@example.com"

// aboutJane is an intent that holds a person's data everywhere it can.
func aboutJane() journal.Intent {
	image := json.RawMessage(`{"email":"` + secret + `"}`)
	return journal.Intent{
		Principal: ours, Tool: "update_person", Target: journal.Target{Kind: "person", ID: persons[2]}, Person: persons[2],
		Arguments: image, Before: image, Wanted: image, IdempotencyKey: "for " + secret, Reversible: true,
	}
}

// holds tells whether any file of the journal has the text in it.
func holds(t *testing.T, path, text string) bool {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}

func TestAPersonIsErased(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	other, err := j.Begin(ctx, update("a1"))
	require.NoError(t, err)
	settled, _, err := j.Reserve(ctx, aboutJane())
	require.NoError(t, err)
	require.NoError(t, j.Settle(ctx, settled.ID, journal.Applied, json.RawMessage(`{"email":"`+secret+`"}`), secret))
	underWay := aboutJane()
	underWay.IdempotencyKey, underWay.Person = "", "" // found by its target
	underWay.Before = json.RawMessage(`{"long":"` + string(bytes.Repeat([]byte(secret+" "), 2000)) + `"}`)
	open, err := j.Begin(ctx, underWay)
	require.NoError(t, err)
	require.True(t, holds(t, path, secret))
	also := reopened(t, path)
	_, err = also.Entry(ctx, ours, open.ID)
	require.NoError(t, err, "somebody else has it open, too")

	n, err := j.ErasePerson(ctx, persons[2])
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.False(t, holds(t, path, secret), "not a byte is left in the file or in its log")

	found, err := j.Entry(ctx, ours, settled.ID)
	require.NoError(t, err)
	require.False(t, found.Tampered)
	require.False(t, found.ErasedAt.IsZero())
	require.Equal(t, journal.Entry{
		ID: settled.ID, Outcome: journal.Applied, At: found.At, SettledAt: found.SettledAt, ErasedAt: found.ErasedAt,
		Intent: journal.Intent{Principal: ours, Tool: "update_person", Target: settled.Target, Person: persons[2]},
	}, found, "that it was done stays")
	untouched, err := j.Entry(ctx, ours, other.ID)
	require.NoError(t, err)
	require.Equal(t, other, untouched)

	require.NoError(t, j.Settle(ctx, open.ID, journal.Applied, json.RawMessage(`{"email":"`+secret+`"}`), secret))
	require.False(t, holds(t, path, secret), "nor comes back with what became of a write")
	_, _, err = j.Reserve(ctx, aboutJane())
	require.ErrorIs(t, err, journal.ErrKeyReused, "the key is still taken, though what for is gone")
	require.NotContains(t, err.Error(), secret)

	bare := aboutJane()
	bare.IdempotencyKey, bare.Arguments = "bare", nil
	_, _, err = j.Reserve(ctx, bare)
	require.NoError(t, err)
	n, err = j.ErasePerson(ctx, persons[2])
	require.NoError(t, err)
	require.Equal(t, 1, n, "only what came since")
	_, _, err = j.Reserve(ctx, bare)
	require.ErrorIs(t, err, journal.ErrKeyReused, "no arguments then and none now prove nothing")
	for _, nobody := range []string{"", " "} {
		_, err = j.ErasePerson(ctx, nobody)
		require.Error(t, err, "entries about nobody are not meant")
	}
}

// Who had several UUIDs is erased under all of them, however many there are.
func TestAMergedPersonIsErased(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	for _, uuid := range persons[1:3] {
		intent := aboutJane()
		intent.IdempotencyKey, intent.Person, intent.Target.ID = "", uuid, uuid
		_, err := j.Begin(ctx, intent)
		require.NoError(t, err)
		require.NoError(t, j.Keep(ctx, journal.Item{
			Principal: ours, Kind: "plan", ID: uuid, Person: uuid, Payload: json.RawMessage(`{"email":"` + secret + `"}`), Expires: time.Now().Add(time.Hour),
		}))
	}
	uuids := make([]string, 40_000, 40_002)
	for i := range uuids {
		uuids[i] = fmt.Sprintf("00000000-0000-5000-8000-%012d", i)
	}
	n, err := j.ErasePerson(ctx, append(uuids, strings.ToUpper(persons[1]), persons[2])...)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	require.False(t, holds(t, path, secret))
	for _, nobody := range [][]string{nil, {persons[1], " "}} {
		_, err = j.ErasePerson(ctx, nobody...)
		require.Error(t, err)
	}
}

func TestPurgedIsGone(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	entry, _, err := j.Reserve(ctx, aboutJane())
	require.NoError(t, err)
	n, err := j.Purge(ctx, entry.At)
	require.NoError(t, err)
	require.Zero(t, n, "older than it, it is not")
	n, err = j.Purge(ctx, entry.At.Add(1))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.False(t, holds(t, path, secret))
	_, existing, err := j.Reserve(ctx, aboutJane())
	require.NoError(t, err)
	require.False(t, existing, "a key is remembered as long as its entry is kept")
}
