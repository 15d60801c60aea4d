package budget

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tiktoken-go/tokenizer"
	"pgregory.net/rapid"
)

func codec(t testing.TB) tokenizer.Codec {
	t.Helper()
	enc, err := tokenizer.Get(tokenizer.O200kBase)
	require.NoError(t, err)
	return enc
}

func count(t testing.TB, enc tokenizer.Codec, text string) int {
	t.Helper()
	n, err := enc.Count(text)
	require.NoError(t, err)
	return n
}

// The promise: within 10 % on every text of 200 tokens and more, and not low on average.
func TestEstimateStaysWithinTenPercent(t *testing.T) {
	t.Parallel()
	enc := codec(t)
	for i, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			g := newGenerator(t, uint64(i))
			const texts = 40
			sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
			for range texts {
				text := kind.text(g)
				real := count(t, enc, text)
				require.GreaterOrEqual(t, real, 200)
				off := float64(Estimate(text))/float64(real) - 1
				require.InDelta(t, 0, off, 0.10, "%d estimated, %d real:\n%s", Estimate(text), real, text)
				sum, low, high = sum+off, min(low, off), max(high, off)
			}
			mean := sum / texts
			t.Logf("error over %d texts: mean %+.1f %%, from %+.1f %% to %+.1f %%", texts, 100*mean, 100*low, 100*high)
			require.Greater(t, mean, -0.03, "low on average")
		})
	}
}

// Texts whose parts were drawn at random, so that no kind is favoured by the mixture.
func TestEstimateOfMixtures(t *testing.T) {
	t.Parallel()
	enc := codec(t)
	rapid.Check(t, func(r *rapid.T) {
		g := newGenerator(t, rapid.Uint64().Draw(r, "seed"))
		var parts []string
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(kinds)-1), 1, 3).Draw(r, "kinds") {
			parts = append(parts, kinds[i].text(g))
		}
		text := strings.Join(parts, "\n\n")
		real := count(t, enc, text)
		if off := float64(Estimate(text))/float64(real) - 1; math.Abs(off) > 0.10 {
			r.Fatalf("off by %+.1f %% (%d tokens)", 100*off, real)
		}
	})
}

// The splitting rules are the tokeniser's: the pieces of a text cost as many tokens one by one as the text does. A
// vocabulary lookup never crosses a piece, so a wrong split shows up as a different sum.
func TestPiecesAreTheTokenisers(t *testing.T) {
	t.Parallel()
	enc := codec(t)
	for i, kind := range kinds {
		text := kind.text(newGenerator(t, uint64(i)))
		sum := 0
		for _, piece := range pieces(text) {
			sum += count(t, enc, piece)
		}
		require.InEpsilon(t, count(t, enc, text), sum, 0.01, kind.name)
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{"name":"Acme Inc"}`:          {`{"`, "name", `":"`, "Acme", " Inc", `"}`},
		"cus_Nx83kfh2":                 {"cus", "_Nx", "83", "kfh", "2"},
		"ada@example.com":              {"ada", "@example", ".com"},
		"2026-11-05T08:00":             {"202", "6", "-", "11", "-", "05", "T", "08", ":", "00"},
		"HTMLParser fooBar":            {"HTMLParser", " foo", "Bar"},
		"don't they'll":                {"don't", " they'll"},
		"a  b\n\n  c":                  {"a", " ", " b", "\n\n", " ", " c"},
		"| --- | ---: |\n":             {"|", " ---", " |", " ---:", " |\n"},
		"été: 价格,好":                    {"été", ":", " 价格", ",好"},
		"12345 6":                      {"123", "45", " ", "6"},
		"https://us.posthog.com/a\r\n": {"https", "://", "us", ".posthog", ".com", "/a", "\r\n"},
	} {
		require.Equal(t, want, pieces(text))
	}
}

func pieces(text string) []string {
	s := scanner{text: text}
	var list []string
	for s.at < len(text) {
		start := s.at
		s.piece()
		list = append(list, text[start:s.at])
	}
	return list
}

func TestEstimateOfAnything(t *testing.T) {
	t.Parallel()
	require.Zero(t, Estimate(""))
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String().Draw(r, "text") + string(rapid.SliceOf(rapid.Byte()).Draw(r, "bytes"))
		n := Estimate(text)
		if text != "" && n < 1 {
			r.Fatalf("%q costs %d", text, n)
		}
		if limit := 4*len(text) + 1; n > limit {
			r.Fatalf("%q costs %d, more than its bytes allow", text, n)
		}
	})
}

// Long runs of one character are few tokens, and no reason to be far off in either direction.
func TestEstimateOfRuns(t *testing.T) {
	t.Parallel()
	enc := codec(t)
	for _, char := range []string{" ", "\n", "\t", "-", "=", ".", "/", "7"} {
		for _, n := range []int{10, 60, 200, 1000} {
			text := "a" + strings.Repeat(char, n) + "b"
			require.InDelta(t, count(t, enc, text), Estimate(text), max(3, float64(count(t, enc, text))/3), "%q, %d times", char, n)
		}
	}
}

func TestEstimateAllocatesNothing(t *testing.T) {
	text := newGenerator(t, 9).note("european")
	require.Zero(t, testing.AllocsPerRun(10, func() { Estimate(text) }))
}

// TestPrices shows where the tables come from: what words really cost, by kind and length, beside our price. It
// holds each common kind to a third, so that a slip in a table is found in its row.
func TestPrices(t *testing.T) {
	t.Parallel()
	type entry struct{ pieces, real, ours int }
	enc := codec(t)
	table := map[string]*entry{}
	for i, kind := range kinds {
		text := kind.text(newGenerator(t, uint64(100+i)))
		s := scanner{text: text}
		for s.at < len(text) {
			start, cost := s.at, s.cost
			class, _ := s.classAt(start)
			s.piece()
			piece := text[start:s.at]
			name := fmt.Sprintf("class %d, %2d bytes", class, min(len(piece), 10))
			if table[name] == nil {
				table[name] = &entry{}
			}
			table[name].pieces++
			table[name].real += count(t, enc, piece)
			table[name].ours += s.cost - cost
		}
	}
	for name, e := range table {
		t.Logf("%s: %4d pieces, %.2f tokens each, priced %.2f", name, e.pieces, float64(e.real)/float64(e.pieces), float64(e.ours)/float64(e.pieces)/perToken)
		if e.pieces >= 100 {
			require.InEpsilon(t, e.real, float64(e.ours)/perToken, 0.34, name)
		}
	}
}

func BenchmarkEstimate(b *testing.B) {
	for _, kind := range kinds {
		b.Run(strings.ReplaceAll(kind.name, " ", "-"), func(b *testing.B) {
			text := kind.text(newGenerator(b, 1))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				Estimate(text)
			}
		})
	}
}
