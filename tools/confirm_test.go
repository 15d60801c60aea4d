package tools_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// irreversible are calls of the tools that cannot be taken back.
func irreversible() map[string]object {
	return map[string]object{
		"delete_account":  {"account": seed.NorthwindA},
		"delete_notebook": {"account": seed.AcmeID, "notebook": seed.AcmeLatestNote},
		"delete_person":   {"person": seed.TwinUUIDA},
		"split_person":    {"person": seed.TwinUUIDB, "main_distinct_id": seed.TwinDistinctB},
	}
}

// The first call previews, the second does it, the third finds nothing to do.
func TestConfirmedOnce(t *testing.T) {
	t.Parallel()
	for tool, arguments := range irreversible() {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{})
			preview := h.must(tool, arguments)
			requirePreview(t, preview)
			require.Empty(t, h.writes(), "a preview writes nothing")
			confirmed := with(arguments, "confirmation", preview.str("confirmation"))
			r := h.must(tool, confirmed)
			require.Equal(t, "applied", r.str("outcome"), r.text)
			require.Len(t, h.writes(), 1)
			h.refused(tool, confirmed)
			require.Empty(t, h.writes(), "a confirmation works once")
		})
	}
}

// eraseEvents leaves everything as it was previewed: nothing but the use of the
// confirmation tells that it was done.
var eraseEvents = object{"person": seed.TwinUUIDA, "keep_person": true, "delete_events": true}

// What is the same after the write as before is not written twice with one
// confirmation, nor with one answer: not at the same time, not in another
// process with the same journal and not without a journal.
func TestUsedOnce(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"journal": filepath.Join(t.TempDir(), "journal.db"), "no journal": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{journal: path})
			confirmed := with(eraseEvents, "confirmation", h.must("delete_person", eraseEvents).str("confirmation"))
			state, _ := h.question("delete_person", eraseEvents)
			yes := asked{state: state, answer: goAhead}
			h.writes()
			var group errgroup.Group
			answers := make([]result, 8)
			for i := range answers {
				group.Go(func() (err error) {
					answers[i], err = h.try(h.key, "delete_person", confirmed)
					return err
				})
			}
			require.NoError(t, group.Wait())
			require.Len(t, h.writes(), 1)
			var done result
			for _, answer := range answers {
				if !answer.isError {
					done = answer
				}
			}
			require.Equal(t, "pending", done.str("outcome"))
			require.Equal(t, "pending", h.rpc("delete_person", eraseEvents, yes).Get("structuredContent.outcome").String())
			require.Len(t, h.writes(), 1, "another question, another answer")

			again := h.refused("delete_person", confirmed)
			require.Contains(t, again, "this confirmation was used already")
			answered := h.rpc("delete_person", eraseEvents, yes)
			requireRefusal(t, answered, "the same answer")
			require.Contains(t, textOf(answered), "this answer was used already")
			if path == "" {
				require.Contains(t, done.str("note"), "until the server restarts")
			} else {
				require.Contains(t, again, "the write it made is "+done.str("write"))
				other := open(t, setup{journal: path, shared: h.sandbox})
				require.Contains(t, other.refused("delete_person", confirmed), done.str("write"))
				require.Empty(t, other.writes())
			}
			require.Empty(t, h.writes())
			fresh := with(eraseEvents, "confirmation", h.must("delete_person", eraseEvents).str("confirmation"))
			require.Equal(t, "pending", h.must("delete_person", fresh).str("outcome"), "a fresh preview does")
		})
	}
}

// A confirmation that cannot be put on record as used is not used.
func TestUsedWithoutAJournalThatWorks(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: filepath.Join(t.TempDir(), "nobody", "\x00")})
	confirmed := with(eraseEvents, "confirmation", h.must("delete_person", eraseEvents).str("confirmation"))
	require.Contains(t, h.refused("delete_person", confirmed), "put on record first")
	require.Empty(t, h.writes())
}

// Every tool that takes a confirmation is among those that these tests try.
func TestEveryConfirmationIsTried(t *testing.T) {
	t.Parallel()
	for _, tool := range tools.All {
		if _, takes := tool.Request.FieldByName("Confirmation"); takes && tool.Name != "apply_plan" { // its is good for resuming
			require.Contains(t, irreversible(), tool.Name)
		}
	}
}

// A confirmation is good for exactly what was previewed: whatever else it
// comes with, nothing is sent that could change anything.
func TestConfirmationIsGoodForNothingElse(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	h := open(t, setup{now: clock, sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_second", Scopes: []string{"*"}}}}})
	others := map[string]object{
		"delete_account":  {"account": seed.NorthwindB},
		"delete_notebook": {"account": seed.AcmeID, "notebook": "latest"},
		"delete_person":   {"person": seed.TwinUUIDA, "delete_events": true},
		"split_person":    {"person": seed.TwinUUIDB, "distinct_ids": []string{"0193f0aa-5b1e-7c66-9a51-3d0c7b2f9e10"}},
	}
	tokens := map[string]string{}
	for tool, arguments := range irreversible() {
		tokens[tool] = h.must(tool, arguments).str("confirmation")
	}
	h.writes()
	for tool, arguments := range irreversible() {
		token := tokens[tool]
		confirmed := with(arguments, "confirmation", token)
		refusals := map[string]result{
			"other arguments": h.call(tool, with(others[tool], "confirmation", token)),
			"another key":     h.callAs("phx_second", tool, confirmed),
			"no key":          h.callAs("", tool, confirmed),
			"another project": h.call(tool, with(confirmed, "project_id", 2)),
			"yes":             h.call(tool, with(arguments, "confirmation", "yes")),
			"edited":          h.call(tool, with(arguments, "confirmation", flip(token, 3))),
			"edited end":      h.call(tool, with(arguments, "confirmation", flip(token, len(token)-2))),
			"longer":          h.call(tool, with(arguments, "confirmation", token+"A")),
			"line end":        h.call(tool, with(arguments, "confirmation", token+"\n")),
			"line end within": h.call(tool, with(arguments, "confirmation", token[:9]+"\r\n"+token[9:])),
		}
		for other, theirs := range tokens {
			if other != tool {
				refusals["that of "+other] = h.call(tool, with(arguments, "confirmation", theirs))
			}
		}
		for why, refusal := range refusals {
			refusal.requireError(t)
			if why != "no key" && why != "another project" {
				require.Contains(t, refusal.text, "Not done", "%s with %s", tool, why)
				require.Contains(t, refusal.text, "without confirmation", "%s with %s says how to go on", tool, why)
			}
		}
		now = now.Add(10 * time.Minute)
		require.Contains(t, h.refused(tool, confirmed), "has expired")
		now = now.Add(-10 * time.Minute)
	}
	require.Empty(t, h.writes())
	now = now.Add(10*time.Minute - time.Second)
	for tool, arguments := range irreversible() {
		require.Equal(t, "applied", h.must(tool, with(arguments, "confirmation", tokens[tool])).str("outcome"))
	}
}

func flip(token string, at int) string {
	b := []byte(token)
	b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
	return string(b)
}

// changes are somebody's changes to what the irreversible calls are about.
func changes() map[string]func(h *house) {
	return map[string]func(h *house){
		"delete_account": func(h *house) {
			h.raw("PATCH", api+"accounts/"+seed.NorthwindA, object{"tags": []string{"changed"}})
		},
		"delete_notebook": func(h *house) { editNote(h, seed.AcmeLatestNote, "Changed by somebody.") },
		"delete_person":   func(h *house) { mergeInto(h, seed.TwinDistinctA, "late-device") },
		"split_person":    func(h *house) { mergeInto(h, seed.TwinDistinctB, "late-device") },
	}
}

// What changed since the preview voids the confirmation.
func TestChangedSinceThePreview(t *testing.T) {
	t.Parallel()
	for tool, change := range changes() {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{})
			arguments := irreversible()[tool]
			confirmed := with(arguments, "confirmation", h.must(tool, arguments).str("confirmation"))
			change(h)
			text := h.refused(tool, confirmed)
			require.Contains(t, text, "has changed since")
			require.Contains(t, text, "fresh preview")
			require.Empty(t, h.writes())
			fresh := h.must(tool, arguments).str("confirmation")
			require.Equal(t, "applied", h.must(tool, with(arguments, "confirmation", fresh)).str("outcome"))
		})
	}
}

// A change that comes by itself does not void it: an account's updated_at, a
// person's properties.
func TestUnchangedInWhatMatters(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	person := irreversible()["delete_person"]
	confirmed := with(person, "confirmation", h.must("delete_person", person).str("confirmation"))
	h.raw("PATCH", api+"persons/"+seed.TwinUUIDA, object{"properties": object{"seen": 1}})
	require.Equal(t, "applied", h.must("delete_person", confirmed).str("outcome"))
}

// The deletion flags of PostHog count by being there, whatever they say: only
// those that are wanted are sent.
func TestDeletePersonSendsNoFalseFlag(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		arguments object
		sent      []string
		outcome   string
		gone      bool
	}{
		{object{}, nil, "applied", true},
		{object{"delete_events": false, "delete_recordings": false, "keep_person": false}, nil, "applied", true},
		{object{"delete_events": true}, []string{"delete_events"}, "pending", true},
		{object{"delete_recordings": true, "keep_person": true}, []string{"delete_recordings", "keep_person"}, "pending", false},
	} {
		h := open(t, setup{})
		arguments := with(test.arguments, "person", seed.TwinUUIDA)
		preview := h.must("delete_person", arguments)
		require.Equal(t, !(test.arguments["keep_person"] == true), preview.get("preview.deletes.person").Bool())
		require.Equal(t, []string{seed.TwinUUIDB}, preview.strings("preview.same_email.#.uuid"), "the namesake is shown")
		r := h.must("delete_person", with(arguments, "confirmation", preview.str("confirmation")))
		writes := h.writes()
		require.Len(t, writes, 1)
		require.Equal(t, test.sent, sortedKeys(writes[0]))
		require.Equal(t, test.outcome, r.str("outcome"), r.text)
		require.Equal(t, test.gone, r.str("after") == "")
		_, there := h.find(seed.TwinUUIDA)
		require.Equal(t, !test.gone, there)
	}
	h := open(t, setup{})
	require.Contains(t, h.refused("delete_person", object{"person": seed.TwinUUIDA, "keep_person": true}), "Nothing to delete")
	require.Empty(t, h.requests())
}

func sortedKeys(u upstream) []string { return slices.Sorted(maps.Keys(u.query)) }

// A split shows who ends up with which ids, and that is what happens.
func TestSplitIsAsPreviewed(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	leaves := "0193f0aa-5b1e-7c66-9a51-3d0c7b2f9e10"
	for _, arguments := range []object{{"distinct_ids": []string{leaves}}, {"main_distinct_id": seed.TwinDistinctB}} {
		p := h.must("split_person", with(arguments, "person", seed.TwinUUIDB))
		require.Equal(t, []string{seed.TwinDistinctB}, p.strings("preview.stays"))
		require.Equal(t, []string{leaves}, p.strings("preview.moves.#.distinct_id"))
		require.Equal(t, []string{seed.PersonUUID(leaves)}, p.strings("preview.moves.#.new_person"))
	}
	arguments := object{"person": seed.MergedPersonUUID, "main_distinct_id": seed.MergedDistinctID}
	big := h.must("split_person", arguments)
	require.EqualValues(t, seed.MergedIDs-1, big.get("preview.moves_count").Int())
	done := h.must("split_person", with(arguments, "confirmation", big.str("confirmation")))
	require.Equal(t, "applied", done.str("outcome"))
	require.Equal(t, `{"distinct_ids":2000} {"distinct_ids":1}`, done.get("before").Raw+" "+done.get("after").Raw)
	for _, move := range big.get("preview.moves").Array() {
		require.Equal(t, []string{move.Get("distinct_id").String()}, texts(h.person(move.Get("new_person").String()).Get("distinct_ids")))
	}
}

// Splits that PostHog would take and get wrong are refused before.
func TestSplitTraps(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for want, arguments := range map[string]object{
		"Say which distinct_ids leave": {},
		"not both":                     {"distinct_ids": []string{seed.TwinDistinctB}, "main_distinct_id": seed.TwinDistinctB},
		"was created from":             {"distinct_ids": []string{seed.TwinDistinctB}},
		`"user_77001" is no distinct id of this person. get_person`: {"distinct_ids": []string{seed.TwinDistinctA}},
		"PostHog does not check that":                               {"main_distinct_id": seed.TwinDistinctA},
	} {
		require.Contains(t, h.refused("split_person", with(arguments, "person", seed.TwinUUIDB)), want)
	}
	all := object{"person": seed.TwinUUIDB, "distinct_ids": texts(h.person(seed.TwinUUIDB).Get("distinct_ids"))}
	require.Contains(t, h.refused("split_person", all), "Not done")
	require.Contains(t, h.refused("split_person", object{"person": seed.TwinUUIDA, "main_distinct_id": seed.TwinDistinctA}), "no other distinct id")
	require.Empty(t, h.writes())
}
