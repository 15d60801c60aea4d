package journal_test

import (
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/journal"
)

// note is an intent to write a note once.
func note(key, text string) journal.Intent {
	arguments, _ := json.Marshal(map[string]string{"markdown": text})
	return journal.Intent{
		Principal: ours, Tool: "create_notebook", Target: journal.Target{Kind: "account", ID: "a1"},
		Arguments: arguments, IdempotencyKey: key, Reversible: true,
	}
}

func TestAKeyWritesOnce(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	first, existing, err := j.Reserve(ctx, note("k", "hello"))
	require.NoError(t, err)
	require.False(t, existing)
	require.NoError(t, j.Settle(ctx, first.ID, journal.Applied, json.RawMessage(`{"short_id":"x"}`), ""))
	require.NoError(t, j.Close())

	j = reopened(t, path)
	again := note("k", "hello")
	again.Before = json.RawMessage(`{"seen":"later"}`)
	answer, existing, err := j.Reserve(ctx, again)
	require.NoError(t, err)
	require.True(t, existing, "also after a restart")
	require.Equal(t, first.ID, answer.ID)
	require.Equal(t, journal.Applied, answer.Outcome)
	require.JSONEq(t, `{"short_id":"x"}`, string(answer.After))
	require.Nil(t, answer.Before, "what was recorded stays")

	_, _, err = j.Reserve(ctx, note("k", "hello there"))
	require.ErrorIs(t, err, journal.ErrKeyReused)
	require.NotContains(t, err.Error(), "hello")

	for name, differ := range map[string]func(*journal.Intent){
		"another key":     func(i *journal.Intent) { i.IdempotencyKey = "k2" },
		"another tool":    func(i *journal.Intent) { i.Tool = "append_note" },
		"another project": func(i *journal.Intent) { i.Project = 2 },
		"another caller":  func(i *journal.Intent) { i.Principal.Key = "fp_2" },
	} {
		i := note("k", "hello")
		differ(&i)
		_, existing, err := j.Reserve(ctx, i)
		require.NoError(t, err, name)
		require.False(t, existing, "%s is another write", name)
	}
}

// 1.0 and 1, or a long number and its neighbour, are not the same arguments;
// the order of names is no difference.
func TestWhatTheSameArgumentsAre(t *testing.T) {
	t.Parallel()
	j, _ := opened(t)
	reserve := func(key, arguments string) error {
		i := note(key, "")
		i.Arguments = nil
		if arguments != "" {
			i.Arguments = json.RawMessage(arguments)
		}
		_, _, err := j.Reserve(ctx, i)
		return err
	}
	require.NoError(t, reserve("k", `{"a":9007199254740993,"b":["x"]}`))
	require.NoError(t, reserve("k", ` { "b" : ["x"], "a" : 9007199254740993 } `))
	for _, other := range []string{`{"a":9007199254740992,"b":["x"]}`, `{"a":9007199254740993,"b":["x"],"c":null}`, `{}`, ``, `null`} {
		require.ErrorIs(t, reserve("k", other), journal.ErrKeyReused, other)
	}
	require.NoError(t, reserve("none", ""))
	require.NoError(t, reserve("none", ""))
	require.ErrorIs(t, reserve("none", "null"), journal.ErrKeyReused)
}

func TestWhatIsNoIntent(t *testing.T) {
	t.Parallel()
	j, _ := opened(t)
	begin := func(differ func(*journal.Intent)) error {
		i := update("a1")
		differ(&i)
		_, err := j.Begin(ctx, i)
		return err
	}
	require.ErrorContains(t, begin(func(i *journal.Intent) { i.Principal.Key = "" }), "principal")
	require.ErrorContains(t, begin(func(i *journal.Intent) { i.Tool = "" }), "tool")
	require.ErrorContains(t, begin(func(i *journal.Intent) { i.IdempotencyKey = "k" }), "Reserve")
	err := begin(func(i *journal.Intent) { i.Before = json.RawMessage(`{"email":"jane@example.com"`) })
	require.ErrorContains(t, err, "JSON")
	require.NotContains(t, err.Error(), "jane")
	_, _, err = j.Reserve(ctx, update("a1"))
	require.ErrorContains(t, err, "idempotency key")
	begun, err := j.Begin(ctx, update("a1"))
	require.NoError(t, err)
	require.ErrorContains(t, j.Settle(ctx, begun.ID, "fine", nil, ""), "no outcome")
	require.ErrorContains(t, j.Settle(ctx, begun.ID, journal.Applied, json.RawMessage("{"), ""), "JSON")
}

// Of any number who come with a key at once, one writes.
func TestManyWithOneKey(t *testing.T) {
	t.Parallel()
	j, path := opened(t)
	other := reopened(t, path)
	var writers atomic.Int32
	var group errgroup.Group
	for n := range 32 {
		group.Go(func() error {
			_, existing, err := []*journal.Journal{j, other}[n%2].Reserve(ctx, note("k", "hello"))
			if !existing && err == nil {
				writers.Add(1)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 1, writers.Load())
}

// Of two undos of a write one is let through; one that did not work leaves
// the write open to the next.
func TestOneUndoAtATime(t *testing.T) {
	t.Parallel()
	j, _ := opened(t)
	write, err := j.Begin(ctx, update("a1"))
	require.NoError(t, err)
	require.NoError(t, j.Settle(ctx, write.ID, journal.Applied, nil, ""))
	undo := update("a1")
	undo.Tool, undo.Undoes = "undo_write", write.ID
	undoneBy := func() string {
		entry, err := j.Entry(ctx, ours, write.ID)
		require.NoError(t, err)
		require.False(t, entry.Tampered)
		return entry.UndoneBy
	}

	first, err := j.Begin(ctx, undo)
	require.NoError(t, err)
	require.Equal(t, first.ID, undoneBy())
	_, err = j.Begin(ctx, undo)
	require.ErrorIs(t, err, journal.ErrUndone)
	for _, outcome := range []journal.Outcome{journal.Unknown, journal.Pending, journal.Ignored} {
		require.NoError(t, j.Settle(ctx, first.ID, outcome, nil, ""))
		require.Equal(t, outcome == journal.Pending, undoneBy() == first.ID, outcome)
	}

	earlier, err := j.Begin(ctx, undo)
	require.NoError(t, err)
	require.NoError(t, j.Settle(ctx, earlier.ID, journal.Unknown, nil, ""))
	second, err := j.Begin(ctx, undo)
	require.NoError(t, err)
	require.NoError(t, j.Settle(ctx, earlier.ID, journal.Ignored, nil, ""))
	require.Equal(t, second.ID, undoneBy(), "what an earlier one came to does not take it from the next")
	require.NoError(t, j.Settle(ctx, second.ID, journal.Applied, nil, ""))
	require.Equal(t, second.ID, undoneBy())
	_, err = j.Begin(ctx, undo)
	require.ErrorIs(t, err, journal.ErrUndone)

	foreign := undo
	foreign.Principal.Key = "fp_2"
	_, err = j.Begin(ctx, foreign)
	require.ErrorIs(t, err, journal.ErrNotFound)
}

func TestListNarrows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	j, _ := opened(t, journal.WithClock(func() time.Time { now = now.Add(time.Millisecond); return now }))
	var ids []string
	for n := range 45 {
		i := update([]string{"a1", "a2", "a3"}[n%3])
		if n%5 == 0 {
			i.Target.Kind, i.Plan = "person", "p_1"
		}
		begun, err := j.Begin(ctx, i)
		require.NoError(t, err)
		ids = append(ids, begun.ID)
	}
	middle, err := j.Entry(ctx, ours, ids[40])
	require.NoError(t, err)
	for name, test := range map[string]struct {
		query journal.Query
		rows  int
		more  bool
	}{
		"twenty unless said":  {journal.Query{}, 20, true},
		"all":                 {journal.Query{Limit: 45}, 45, false},
		"one account":         {journal.Query{Target: journal.Target{Kind: "account", ID: "a1"}}, 12, false},
		"one kind":            {journal.Query{Target: journal.Target{Kind: "person"}}, 9, false},
		"one id":              {journal.Query{Target: journal.Target{ID: "a2"}}, 15, false},
		"one plan":            {journal.Query{Plan: "p_1", Limit: 9}, 9, false},
		"one plan, in pages":  {journal.Query{Plan: "p_1", Limit: 8}, 8, true},
		"since":               {journal.Query{Since: middle.At}, 5, false},
		"before":              {journal.Query{Before: ids[3]}, 3, false},
		"nothing of somebody": {journal.Query{Principal: journal.Principal{Key: "fp_3", Project: 1}}, 0, false},
	} {
		if test.query.Principal.Key == "" {
			test.query.Principal = ours
		}
		entries, more, err := j.List(ctx, test.query)
		require.NoError(t, err, name)
		require.Len(t, entries, test.rows, name)
		require.Equal(t, test.more, more, name)
	}
}
