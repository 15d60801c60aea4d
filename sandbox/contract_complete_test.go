package sandbox_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checklist is what the references ask of whoever imitates PostHog, point by
// point, in the order they have there.
var checklist = map[string]string{
	"A9.1":  "profiles S, T and the bridge that drops role keys",
	"A9.2":  "keys, their texts, scopes and limits",
	"A9.3":  "two shapes of errors, the first error only, the order of the fields",
	"A9.4":  "both prefixes, the slash, @current",
	"A9.5":  "pages, their links, silent fall-backs",
	"A9.6":  "properties as they were sent, replaced, the admin rule",
	"A9.7":  "external ids",
	"A9.8":  "tags",
	"A9.9":  "search of notes by words",
	"A9.10": "notes: formats, deletion, orphans, links of all",
	"A9.11": "values: append-only, coerced, cleared, managed by others",
	"A9.12": "throttles, and the header that is off",
	"A9.13": "switches for faults",

	"A9a.1": "invalid_choice; late S has select, options and account_notes",
	"A9a.2": "an earlier T",
	"A9a.3": "who may delete a definition",
	"A9a.4": "by_external_id answers 404",
	"A9a.5": "relationships beside S, and their end",
	"A9a.6": "meetings",

	"P13.1":  "two shapes, integer ids, UUIDs that follow from the id",
	"P13.2":  "paging, include_total",
	"P13.3":  "search and filters",
	"P13.4":  "flags by presence, truthiness, order of checks",
	"P13.5":  "five shapes of errors",
	"P13.6":  "500 where the server gives one",
	"P13.7":  "scopes, kinds of keys",
	"P13.8":  "throttles by caller",
	"P13.9":  "401 with WWW-Authenticate, JSON only, mounts",
	"P13.10": "lag, lost events, tombstones",
	"P13.11": "persons of 2025",

	"P13a.1": "events make persons",
	"P13a.2": "$set, $set_once, $unset",
	"P13a.3": "$identify",
	"P13a.4": "$create_alias",
	"P13a.5": "identified persons, $merge_dangerously",

	"P13b.1": "UUIDs of captured persons, the creator's split",
	"P13b.2": "the change that a split logs",
	"P13b.3": "the text for what is no id",
	"P13b.4": "the name in a split's entry",
	"P13b.5": "/api/person.csv",
}

// Every point has a row, every row a point, a section and a name of its own.
func TestContractIsComplete(t *testing.T) {
	t.Parallel()
	covered, names, reads := map[string]bool{}, map[string]bool{}, 0
	for _, c := range contract() {
		name := c.section + " " + c.fact
		require.False(t, names[name], "%s is there twice", name)
		names[name] = true
		require.NotZero(t, c.on&everywhere, name)
		require.NotEmpty(t, c.steps, name)
		require.NotEmpty(t, strings.Fields(c.covers), name)
		for _, point := range strings.Fields(c.covers) {
			require.Contains(t, checklist, point, name)
			covered[point] = true
		}
		require.True(t, c.here == "" || c.untouched(), "%s writes: nobody would send it anywhere", name)
		if c.readsOnly() {
			reads++
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(checklist)), slices.Collect(maps.Keys(covered)))
	t.Logf("%d facts, of which %d can be asked of a real PostHog", len(names), reads)
}
