package portfolio

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/client"
)

// However the accounts are read, it takes no more than the share of any minute
// and of any hour, and what fits is not refused for long.
func TestShareOfTheRateLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, now := &share{}, time.Now()
		var granted []time.Time
		for range rapid.IntRange(1, 80).Draw(t, "attempts") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "pause")) * time.Second)
			requests := rapid.IntRange(1, 20).Draw(t, "requests")
			within := func(span time.Duration) (n int) {
				for _, at := range granted {
					if now.Sub(at) < span {
						n++
					}
				}
				return n
			}
			fits := within(time.Minute)+requests <= sharePerMinute && within(time.Hour)+requests <= sharePerHour
			require.Equal(t, fits, s.take(now, requests))
			for range requests {
				if fits {
					granted = append(granted, now)
				}
			}
		}
	})
}

// What is learned of an account while all are being read is newer than what the
// reading brings.
func TestLearnedWhileReading(t *testing.T) {
	t.Parallel()
	x := &index{share: &share{}, now: time.Now, entries: map[string]entry{"a": {id: "a"}, "b": {id: "b"}}}
	x.under = &indexing{noted: map[string]*entry{}}
	learned := entryOf(client.Account{ID: "c", Name: "New"})
	x.learn("c", &learned)
	x.learn("a", nil)
	require.Contains(t, x.entries, "c")
	require.NotContains(t, x.entries, "a")
	require.Nil(t, x.under.noted["a"])
	require.Equal(t, "New", x.under.noted["c"].name)
}

// The nearer match comes first, and what comes near never answers.
func TestMatchesAreRanked(t *testing.T) {
	t.Parallel()
	external := "acme-robotics"
	account := client.Account{ID: "a", Name: "Acme Robotics, Inc.", ExternalID: &external}
	for _, test := range []struct {
		text  string
		grade grade
	}{
		{"Acme Robotics, Inc.", exact}, {"acme-robotics", exact}, {"ACME ROBOTICS, inc.", folded}, {"acme robotics", alike},
		{"Acme Robotcs", typo}, {"Acme Robo", part}, {"Acme", part}, {"Zenith", nothing}, {"ac", nothing}, {"🚀", nothing},
	} {
		m := sought{text: test.text, key: nameKey(test.text)}.match(entryOf(account))
		require.Equal(t, test.grade, m.grade, test.text)
		require.Equal(t, test.grade == exact, m.Exact)
	}
	require.False(t, part.answers() || typo.answers() || nothing.answers())
}
