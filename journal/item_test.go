package journal_test

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/journal"
)

func plan(id, payload string) journal.Item {
	return journal.Item{Principal: ours, Kind: "plan", ID: id, Payload: json.RawMessage(payload), Expires: time.Now().Add(time.Hour)}
}

func TestItems(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	require.NoError(t, j.Keep(ctx, plan("p1/2", `2`), plan("p1/1", `1`), plan("p2/1", `{"n":1.0}`)))
	require.NoError(t, j.Keep(ctx, plan("p1/1", `"again"`)))
	require.NoError(t, j.Close())
	j = reopened(t, path)

	found, err := j.Items(ctx, ours, "plan", "p1/")
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, `"again"`, string(found[0].Payload), "in the order of their ids, each as it was kept last")
	require.Equal(t, `2`, string(found[1].Payload))
	for _, other := range []journal.Principal{{Key: "fp_2", Project: 1}, {Key: "fp_1", Project: 2}} {
		_, err := j.Item(ctx, other, "plan", "p1/1")
		require.ErrorIs(t, err, journal.ErrNotFound)
	}
	_, err = j.Item(ctx, ours, "snapshot", "p1/1")
	require.ErrorIs(t, err, journal.ErrNotFound)

	require.NoError(t, j.Forget(ctx, ours, "plan", "p1/1", "never there"))
	_, err = j.Item(ctx, ours, "plan", "p1/1")
	require.ErrorIs(t, err, journal.ErrNotFound)
	require.Error(t, j.Keep(ctx, journal.Item{Principal: ours, Kind: "plan", ID: "endless"}), "without an end")
}

// Of all who keep the same thing at once, in two openings of the file, one is
// told that it was first.
func TestAnItemIsNewOnce(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	second := reopened(t, path)
	for round := range 10 {
		var first atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				isNew, err := []*journal.Journal{j, second}[i%2].KeepNew(ctx, plan(fmt.Sprint("spent ", round), `null`))
				if err == nil && isNew {
					first.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, first.Load())
	}
}

func TestItemsExpire(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	j, _ := opened(t, journal.WithClock(func() time.Time { return now }))
	item := plan("p1", `1`)
	item.Expires = now.Add(time.Hour)
	require.NoError(t, j.Keep(ctx, item))
	now = now.Add(time.Hour)
	_, err := j.Item(ctx, ours, "plan", "p1")
	require.ErrorIs(t, err, journal.ErrNotFound)
	found, err := j.Items(ctx, ours, "plan", "")
	require.NoError(t, err)
	require.Empty(t, found)
	item.Expires = now.Add(time.Hour)
	isNew, err := j.KeepNew(ctx, item)
	require.NoError(t, err)
	require.True(t, isNew, "what has expired is not in the way")
}

func TestErasingAPersonForgetsTheirItems(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	row := plan("p1/1", `{"email":"someone-to-forget@example.com"}`)
	row.Person = persons[1]
	require.NoError(t, j.Keep(ctx, row, plan("p1/2", `2`)))
	erased, err := j.ErasePerson(ctx, persons[1])
	require.NoError(t, err)
	require.Equal(t, 1, erased)
	found, err := j.Items(ctx, ours, "plan", "p1/")
	require.NoError(t, err)
	require.Len(t, found, 1)
	for _, name := range []string{path, path + "-wal"} {
		stored, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotContains(t, string(stored), "someone-to-forget")
	}
}

func TestEditedItemsAreNoticed(t *testing.T) {
	t.Parallel()
	for column, value := range map[string]any{"person": "x", "at": 1, "expires": time.Now().Add(48 * time.Hour).UnixNano(), "payload": "2", "seal": []byte("x")} {
		j, path := opened(t)
		require.NoError(t, j.Keep(ctx, plan("p1", `1`)))
		edit(t, path, "UPDATE items SET "+column+" = ?", value)
		_, err := j.Item(ctx, ours, "plan", "p1")
		require.ErrorIs(t, err, journal.ErrTampered, column)
		_, err = j.Items(ctx, ours, "plan", "")
		require.ErrorIs(t, err, journal.ErrTampered, column)
	}
	j, path := opened(t)
	require.NoError(t, j.Keep(ctx, plan("p1", `1`)))
	edit(t, path, "UPDATE items SET id = 'p2'")
	_, err := j.Item(ctx, ours, "plan", "p2")
	require.ErrorIs(t, err, journal.ErrTampered, "an item under the name of another")
}

// A journal of the first format, which had no items, gets them.
func TestTheFirstFormatIsUpgraded(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	begun, err := j.Begin(ctx, update("a1"))
	require.NoError(t, err)
	require.NoError(t, j.Close())
	edit(t, path, "DROP TABLE items")
	edit(t, path, "PRAGMA user_version = 1")
	j = reopened(t, path)
	found, err := j.Entry(ctx, ours, begun.ID)
	require.NoError(t, err)
	require.False(t, found.Tampered)
	require.NoError(t, j.Keep(ctx, plan("p1", `1`)))
}
