package jobs_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/documents"
)

var update = flag.Bool("update", false, "write the tables into bench/RESULTS.md and the README")

const (
	resultsFile = "../RESULTS.md"
	readmeFile  = "../../README.md"
	marker      = "jobs" // of the generated part in both
)

// publish writes the tables, or holds the README against what was measured.
func publish(t *testing.T, all []results) {
	t.Helper()
	readme, err := os.ReadFile(readmeFile)
	require.NoError(t, err)
	fresh, err := documents.Replace(readme, marker, summary(all))
	require.NoError(t, err)
	if !*update {
		requireNear(t, string(readme), string(fresh))
		return
	}
	require.NoError(t, os.WriteFile(readmeFile, fresh, 0o644))
	tables, err := os.ReadFile(resultsFile)
	require.NoError(t, err)
	var part strings.Builder
	for i, profile := range profiles {
		fmt.Fprintf(&part, "\nPostHog as %s:\n\n%s", profile, all[i].table())
	}
	tables, err = documents.Replace(tables, marker, part.String())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(resultsFile, tables, 0o644))
}

// table has a row for each job.
func (r results) table() string {
	var b strings.Builder
	b.WriteString("| # | Job | calls | one to one | requests | one to one | tokens | one to one | ms | one to one | One to one, carefully | One to one, carelessly |\n")
	b.WriteString("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n")
	for _, done := range slices.SortedFunc(slices.Values(r), func(a, b result) int { return a.number - b.number }) {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", done.number, done.asked, costs(done.ours.cost, done.thin.cost), done.carefully(), done.carelessly())
	}
	ours, thin := r.totals()
	fmt.Fprintf(&b, "| | **all but those that stand apart** | %s | | |\n", costs(ours, thin))
	return b.String()
}

// carefully says what even an agent that knows the API's traps gets wrong.
func (r result) carefully() string {
	switch {
	case r.apart != "":
		return "stands apart: " + r.apart
	case r.amiss != "" && !r.thin.harm.none():
		return r.amiss + ": " + r.thin.harm.String()
	}
	return r.amiss
}

// carelessly says what an agent does that does not know them.
func (r result) carelessly() string {
	if r.naive == nil {
		return ""
	}
	return r.trap + ": " + r.naive.harm.String()
}

// costs are the cells of both sides; one that cannot do it has none.
func costs(ours, thin cost) string {
	cells := fmt.Sprintf("%d | %d | %d | %d | %d | %d | %d | %d", ours.calls, thin.calls, ours.requests, thin.requests, ours.tokens, thin.tokens, ours.took.Milliseconds(), thin.took.Milliseconds())
	if thin.calls == 0 {
		return strings.ReplaceAll(cells, "| 0", "| ")
	}
	return cells
}

// summary is the table of the README.
func summary(all []results) string {
	var b strings.Builder
	b.WriteString("| | Calls | Tokens | API one to one: calls | Tokens | |\n| --- | ---: | ---: | ---: | ---: | --- |\n")
	for i, profile := range profiles {
		ours, thin := all[i].totals()
		fmt.Fprintf(&b, "| PostHog as %s | %d | %dk | %d | %dk | %d times fewer calls, %d times fewer tokens |\n", profile,
			ours.calls, thousands(ours.tokens), thin.calls, thousands(thin.tokens), thin.calls/ours.calls, thin.tokens/ours.tokens)
	}
	return b.String()
}

func thousands(n int) int { return (n + 500) / 1000 }

var figures = regexp.MustCompile(`\d+`)

// requireNear holds a document's figures to within a tenth of fresh ones. Ids and dates differ from run to run, and
// with them the tokens.
func requireNear(t *testing.T, written, fresh string) {
	t.Helper()
	require.Equal(t, figures.ReplaceAllString(fresh, "n"), figures.ReplaceAllString(written, "n"), "run go test ./bench/jobs -run TestJobs -update")
	was, is := figures.FindAllString(written, -1), figures.FindAllString(fresh, -1)
	for i := range is {
		a, errA := strconv.ParseFloat(was[i], 64)
		b, errB := strconv.ParseFloat(is[i], 64)
		require.NoError(t, errA)
		require.NoError(t, errB)
		require.InDelta(t, b, a, max(1, b/10), "the README is out of date: run go test ./bench/jobs -run TestJobs -update")
	}
}
