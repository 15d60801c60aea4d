package budget

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFitRows(t *testing.T) {
	t.Parallel()
	price := func(row int) int { return row }
	for _, c := range []struct {
		name          string
		rows          []int
		overhead, max int
		want          []int
	}{
		{"all fit", []int{10, 10, 10}, 5, 35, []int{10, 10, 10}},
		{"the last does not", []int{10, 10, 10}, 6, 35, []int{10, 10}},
		{"nothing behind a row that does not fit", []int{10, 50, 1}, 0, 20, []int{10}},
		{"the first always", []int{100, 1}, 0, 20, []int{100}},
		{"the first even without any budget", []int{1}, 50, 0, []int{1}},
		{"none to begin with", nil, 5, 10, nil},
	} {
		require.Equal(t, c.want, FitRows(c.rows, c.overhead, c.max, price), c.name)
	}
}

func TestCutTextPrefersLines(t *testing.T) {
	t.Parallel()
	text := "# Call\n\nWe talked about the renewal.\n\n- price\n- seats\n- date\n"
	cut, omitted := CutText(text, 14)
	require.Equal(t, "# Call\n\nWe talked about the renewal.\n\n- price", cut)
	require.Equal(t, Estimate(text)-Estimate(cut), omitted)

	whole, omitted := CutText(text, 100)
	require.Equal(t, text, whole)
	require.Zero(t, omitted)
}

func TestCutTextOfOneLine(t *testing.T) {
	t.Parallel()
	cut, omitted := CutText(strings.Repeat("all work and no play ", 100), 20)
	require.Equal(t, "all work and no play all work and no play all work and no play all work and no", cut)
	require.Positive(t, omitted)

	heading, _ := CutText("# Summary\n"+strings.Repeat("all work and no play ", 100), 200)
	require.Greater(t, Estimate(heading), 190, "a heading alone would waste the budget")
}

func TestCutTextInsideAWord(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"x", "é", "価", "🎉", "\xff", "9", "-"} {
		cut, omitted := CutText(strings.Repeat(word, 20_000), 10)
		require.LessOrEqual(t, Estimate(cut), 10, word)
		require.Positive(t, omitted, word)
		require.Zero(t, len(cut)%len(word), "%s: cut inside a character", word)
	}
}

func TestCutTextAlwaysFits(t *testing.T) {
	t.Parallel()
	words := rapid.SampledFrom([]string{"word", " word", "\n", "\n\n", " ", "Ab12", "é", "価格", "🎉", "https://x.com/a", "- ", "\xff", "12345", "don't", "|", "```\n"})
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOf(words).Draw(r, "words"), "")
		limit := rapid.IntRange(-1, 60).Draw(r, "limit")
		cut, omitted := CutText(text, limit)
		switch {
		case !strings.HasPrefix(text, cut):
			r.Fatalf("%q is no beginning of %q", cut, text)
		case Estimate(cut) > max(limit, 0):
			r.Fatalf("%q costs %d, more than %d", cut, Estimate(cut), limit)
		case (omitted > 0) != (Estimate(text) > limit) && text != "":
			r.Fatalf("%d omitted of %d with a limit of %d", omitted, Estimate(text), limit)
		case utf8.ValidString(text) && !utf8.ValidString(cut):
			r.Fatalf("%q was cut inside a character", cut)
		}
	})
}
