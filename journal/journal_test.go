package journal_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/journal"
)

var ours = journal.Principal{Key: "fp_1", Project: 1}

// opened is a journal of its own for a test.
func opened(t *testing.T, options ...journal.Option) (*journal.Journal, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state", "journal.db")
	return reopened(t, path, options...), path
}

func reopened(t *testing.T, path string, options ...journal.Option) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), path, options...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// update is an intent to change an account.
func update(account string) journal.Intent {
	return journal.Intent{
		Principal: ours, Tool: "update_account", Target: journal.Target{Kind: "account", ID: account},
		Arguments: json.RawMessage(`{"set": {"tier":"gold"}}`), Before: json.RawMessage(`{"tier":"silver","n":1.0}`),
		Wanted: json.RawMessage(`{"tier":"gold"}`), Reversible: true,
	}
}

func TestAWriteOnRecord(t *testing.T) {
	t.Parallel()
	j, path := opened(t)

	begun, err := j.Begin(ctx, update("a1"))
	require.NoError(t, err)
	require.Regexp(t, `^w_[0-9a-hjkmnp-tv-z]{26}$`, begun.ID)
	open, err := j.Unsettled(ctx, ours)
	require.NoError(t, err)
	require.Equal(t, []journal.Entry{begun}, open)

	require.NoError(t, j.Settle(ctx, begun.ID, journal.Applied, json.RawMessage(`{"tier":"gold"}`), "done"))
	require.ErrorIs(t, j.Settle(ctx, begun.ID, journal.Ignored, nil, ""), journal.ErrSettled)
	require.NoError(t, j.Close())

	j = reopened(t, path)
	found, err := j.Entry(ctx, ours, begun.ID)
	require.NoError(t, err)
	require.False(t, found.SettledAt.Before(found.At))
	begun.Outcome, begun.After, begun.Note, begun.SettledAt = journal.Applied, json.RawMessage(`{"tier":"gold"}`), "done", found.SettledAt
	require.Equal(t, begun, found, "byte for byte as it was given")

	open, err = j.Unsettled(ctx, ours)
	require.NoError(t, err)
	require.Empty(t, open)
	_, err = j.Entry(ctx, journal.Principal{Key: "fp_2", Project: 1}, begun.ID)
	require.ErrorIs(t, err, journal.ErrNotFound, "another key does not see it")
	_, err = j.Entry(ctx, journal.Principal{Key: "fp_1", Project: 2}, begun.ID)
	require.ErrorIs(t, err, journal.ErrNotFound, "nor does another project")
}

// A caller who has gone puts nothing on record, and is not told that the
// journal is broken.
func TestACallerWhoHasGone(t *testing.T) {
	t.Parallel()
	j, _ := opened(t)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err := j.Begin(gone, update("a1"))
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, journal.ErrUnavailable)
	entries, _, err := j.List(ctx, journal.Query{Principal: ours})
	require.NoError(t, err)
	require.Empty(t, entries)
}
