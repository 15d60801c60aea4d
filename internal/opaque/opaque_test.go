package opaque_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/internal/opaque"
)

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		query := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "query")
		offset := rapid.IntRange(0, 1<<31).Draw(t, "offset")
		got, err := opaque.Offset(query, opaque.Cursor(query, offset))
		require.NoError(t, err)
		require.Equal(t, offset, got)

		other := map[string]string{"another": "query"}
		_, err = opaque.Offset(other, opaque.Cursor(query, offset))
		if query["another"] != "query" || len(query) != 1 {
			require.ErrorIs(t, err, opaque.ErrCursor)
		}
	})
}

func TestCursorRefusesAnythingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, err := opaque.Offset("query", rapid.StringN(1, 40, 40).Draw(t, "cursor"))
		require.ErrorIs(t, err, opaque.ErrCursor)
	})
	start, err := opaque.Offset("query", "")
	require.NoError(t, err)
	require.Zero(t, start)
}

func TestConfirmationIsBoundToEverything(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	key := []byte("a key of thirty-two bytes length")
	bound := opaque.Binding{Tool: "delete_account", Project: 1, Arguments: map[string]string{"account": "a"}, Object: "the account"}
	token := opaque.Seal(key, bound, now.Add(opaque.Lifetime))

	require.NoError(t, opaque.Check(key, bound, token, now))
	require.NoError(t, opaque.Check(key, bound, token, now.Add(opaque.Lifetime-time.Second)))
	require.ErrorIs(t, opaque.Check(key, bound, token, now.Add(opaque.Lifetime)), opaque.ErrExpired)
	require.ErrorIs(t, opaque.Check([]byte("another key"), bound, token, now), opaque.ErrForeign)

	for name, change := range map[string]func(*opaque.Binding){
		"tool":      func(b *opaque.Binding) { b.Tool = "delete_person" },
		"project":   func(b *opaque.Binding) { b.Project = 2 },
		"arguments": func(b *opaque.Binding) { b.Arguments = map[string]string{"account": "b"} },
	} {
		other := bound
		change(&other)
		require.ErrorIs(t, opaque.Check(key, other, token, now), opaque.ErrForeign, name)
	}
	changed := bound
	changed.Object = "the account, renamed"
	require.ErrorIs(t, opaque.Check(key, changed, token, now), opaque.ErrChanged)
}

// No edit of a confirmation is accepted, be it of its expiry, its object or
// its tag.
func TestConfirmationCannotBeEdited(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	key, bound := []byte("key"), opaque.Binding{Tool: "split_person"}
	token := opaque.Seal(key, bound, now.Add(opaque.Lifetime))
	rapid.Check(t, func(t *rapid.T) {
		edited := []byte(token)
		at := rapid.IntRange(0, len(edited)-1).Draw(t, "at")
		edited[at] = rapid.SampledFrom([]byte("ABCabc019-_")).Draw(t, "byte")
		if string(edited) != token {
			require.ErrorIs(t, opaque.Check(key, bound, string(edited), now), opaque.ErrForeign)
		}
	})
}
