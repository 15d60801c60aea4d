package tools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// holdsText tells whether a journal's files hold a text.
func holdsText(t testing.TB, path, text string) bool {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		if strings.Contains(string(content), text) {
			return true
		}
	}
	return false
}

// An erasure answers with a certificate, and the UUID with how it went on.
func TestErasureLeavesACertificate(t *testing.T) {
	t.Parallel()
	const secret = "kept in confidence 7731"
	clock, path := &moving{now: time.Now().UTC()}, file(t)
	h := open(t, setup{sandbox: sandbox.Options{Lag: time.Minute, Now: clock.Now}, journal: path, now: clock.Now})
	h.must("update_person_property", object{"person": seed.TwinUUIDB, "key": "secret", "value": secret})
	clock.advance(2 * time.Minute)
	require.True(t, holdsText(t, path, secret))

	arguments := object{"person": seed.TwinUUIDB, "delete_events": true, "delete_recordings": true}
	r := h.confirmed("delete_person", arguments)
	require.Equal(t, "pending", r.str("outcome"), r.text)
	h.requireDeclared("delete_person", r.text)
	proof := r.get("certificate")
	for path, want := range map[string]string{
		"uuid": seed.TwinUUIDB, "person": "deleted", "distinct_ids": "2", "distinct_ids_checked": "2", "distinct_ids_in_use": "0",
		"events.state": "queued", "recordings.state": "queued", "journal_records_erased": "2",
	} {
		require.Equal(t, want, proof.Get(path).String(), "%s of %s", path, proof)
	}
	next := proof.Get("events.next_run").Time()
	require.True(t, next.After(clock.Now()) && next.Weekday() == time.Sunday && next.UTC().Hour() == 5, "%s", next)
	require.False(t, holdsText(t, path, secret), "nothing is left of it in the journal")

	h.writes()
	again := h.must("delete_person", object{"person": strings.ToUpper(seed.TwinUUIDB)})
	require.Equal(t, "pending", again.str("outcome"))
	require.Equal(t, "queued", again.str("certificate.events.state"))
	require.Contains(t, again.str("note"), "not gone yet")
	require.Equal(t, proof.Get("at").String(), again.str("certificate.at"))
	clock.advance(2 * time.Minute)
	again = h.must("delete_person", arguments)
	require.Equal(t, "applied", again.str("outcome"))
	require.Equal(t, "done", again.str("certificate.events.state"))
	require.NotEmpty(t, again.str("certificate.events.verified"))
	require.Contains(t, again.str("note"), "verified")
	require.Equal(t, "2", again.str("certificate.journal_records_erased"))
	require.Empty(t, h.writes(), "to ask writes nothing")
	require.Contains(t, h.refused("delete_person", object{"person": seed.TwinDistinctB}), "Nobody has", "only the UUID is on record")
}

// A deletion whose outcome nobody learned is finished by whoever looks next: it
// is on record, the journal forgets the person, and there is a certificate.
func TestAnErasureIsFinished(t *testing.T) {
	t.Parallel()
	const secret = "kept in confidence 7732"
	impatient := []client.Option{client.WithTimeouts(client.Timeouts{Retry: 50 * time.Millisecond, Settle: 200 * time.Millisecond})}
	for _, crashed := range []bool{false, true} {
		t.Run(fmt.Sprint("crashed ", crashed), func(t *testing.T) {
			t.Parallel()
			path, now := file(t), time.Now()
			var down atomic.Bool
			book, principal := kept(t, path)
			h := open(t, setup{journal: path, client: impatient, now: func() time.Time { return now }, wrap: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodDelete {
						down.Store(true)
						next.ServeHTTP(httptest.NewRecorder(), r)
					}
					if down.Load() {
						w.WriteHeader(http.StatusBadGateway)
						return
					}
					next.ServeHTTP(w, r)
				})
			}})
			h.must("update_person_property", object{"person": seed.TwinUUIDA, "key": "secret", "value": secret})
			arguments := object{"person": seed.TwinUUIDA, "delete_events": true}
			lost := h.confirmed("delete_person", arguments)
			require.Contains(t, lost.text, "Outcome unknown")
			require.True(t, holdsText(t, path, secret))
			entry := newest(t, book, principal)
			require.Equal(t, journal.Unknown, entry.Outcome)
			if crashed {
				intent := entry.Intent
				intent.Deadline = now.Add(time.Minute)
				var err error
				entry, err = book.Begin(t.Context(), intent) // as if the server had ended before it knew
				require.NoError(t, err)
				now = now.Add(5 * time.Minute)
			}
			require.True(t, h.call("delete_person", arguments).isError, "an outage finishes nothing")
			require.True(t, holdsText(t, path, secret))

			down.Store(false)
			h.requests()
			if crashed {
				row := h.must("list_writes", object{}).get("rows.0")
				require.Equal(t, entry.ID, row.Get("write").String())
				require.Equal(t, "pending", row.Get("outcome").String())
				require.False(t, holdsText(t, path, secret))
			}
			r := h.must("delete_person", arguments)
			require.Equal(t, "deleted", r.str("certificate.person"), r.text)
			require.Equal(t, "done", r.str("certificate.events.state"))
			require.False(t, holdsText(t, path, secret))
			require.Empty(t, h.writes())
		})
	}
}

// Without a journal PostHog's own queue tells what it knows of a deletion.
func TestErasureFollowedWithoutAJournal(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.confirmed("delete_person", object{"person": seed.TwinUUIDA, "delete_events": true})
	r := h.must("delete_person", object{"person": seed.TwinUUIDA})
	require.Equal(t, "done", r.str("certificate.events.state"), r.text)
	require.Contains(t, r.str("note"), "PostHog's queue has a deletion of its events")
	h.confirmed("delete_person", object{"person": seed.TwinUUIDB})
	require.Contains(t, h.refused("delete_person", object{"person": seed.TwinUUIDB}), "Nobody has", "of a deletion without events PostHog keeps no record by UUID")
}

// PostHog keeps one deletion of events for each UUID. Whoever comes back under
// it and is erased again is not told that the later events go.
func TestASecondErasureOfTheSameUUID(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	arguments := object{"person": seed.TwinUUIDA, "delete_events": true}
	h.confirmed("delete_person", arguments)
	h.raw("POST", "/e/", object{"api_key": sandbox.ProjectToken, "event": "back", "distinct_id": seed.TwinDistinctA})
	preview := h.must("delete_person", arguments)
	require.NotEmpty(t, preview.str("preview.deleted_before"), preview.text)
	require.Contains(t, preview.str("note"), "was deleted before")
	r := h.confirmed("delete_person", arguments)
	require.Equal(t, "unconfirmed", r.str("certificate.events.state"), r.text)
	require.Contains(t, r.str("note"), "events captured since may stay")
}

// An event that arrives right behind the deletion makes the person anew, under
// the same UUID. The certificate tells it from one that was not deleted.
func TestMadeAnewBehindTheDeletion(t *testing.T) {
	t.Parallel()
	h := open(t, setup{wrap: capturing(seed.TwinDistinctA)})
	r := h.confirmed("delete_person", object{"person": seed.TwinUUIDA})
	require.Equal(t, "applied", r.str("outcome"), r.text)
	require.Equal(t, "made_anew", r.str("certificate.person"))
	require.Equal(t, "1", r.str("certificate.distinct_ids_in_use"))
	require.Contains(t, r.str("note"), "Whoever still sends events")
}

// A person may have a distinct id that is another's UUID. By it nobody is
// deleted.
func TestDeletingByAUUIDThatIsAlsoADistinctID(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.raw("POST", "/e/", object{"api_key": sandbox.ProjectToken, "event": "x", "distinct_id": seed.TwinUUIDA})
	preview := h.must("delete_person", object{"person": seed.TwinUUIDA})
	require.False(t, preview.get("confirmation").Exists())
	require.Contains(t, preview.str("note"), seed.PersonUUID(seed.TwinUUIDA))
	number := h.person(seed.TwinUUIDA).Get("id").String()
	require.Contains(t, preview.str("note"), "number "+number)
	require.Equal(t, "applied", h.confirmed("delete_person", object{"person": number}).str("outcome"))
	_, there := h.find(seed.TwinUUIDA)
	require.False(t, there)
	_, there = h.find(seed.PersonUUID(seed.TwinUUIDA))
	require.True(t, there)
}

// Who shares the address in any form is shown; what may be the same inbox is
// shown apart.
func TestWhoElseHasTheEmail(t *testing.T) {
	t.Parallel()
	h := open(t, setup{sandbox: sandbox.Options{Empty: true}})
	for id, email := range map[string]string{
		"one": "sam.poe@example.com", "two": "sam.poe@example.com", "three": "Sam.Poe@Example.com", "sam.poe@example.com": "",
		"four": "sam.poe+trial@example.com", "five": "samXpoe@example.com", "six": "not-sam.poe@example.com", "seven": "sam.poe@example.com.au",
	} {
		h.raw("POST", "/e/", object{"api_key": sandbox.ProjectToken, "event": "x", "distinct_id": id, "properties": object{"$set": object{"email": email}}})
	}
	preview := h.must("delete_person", object{"person": "one"})
	why := map[string]string{}
	for _, row := range preview.get("preview.same_email").Array() {
		why[row.Get("uuid").String()] = row.Get("why").String()
	}
	require.Equal(t, map[string]string{
		seed.PersonUUID("two"): "same e-mail", seed.PersonUUID("three"): "same e-mail, in other letters",
		seed.PersonUUID("sam.poe@example.com"): "has it as distinct id",
	}, why)
	require.Equal(t, []string{seed.PersonUUID("four")}, preview.strings("preview.perhaps_same_inbox.#.uuid"))
	require.Equal(t, "distinct_id", preview.str("preview.matched_by"))
	tagged := h.must("delete_person", object{"person": "four"})
	require.Len(t, tagged.strings("preview.perhaps_same_inbox.#.uuid"), 4, "%s", tagged.text)
}

// A key that may not read the log cannot see queued splits; the preview says so.
func TestQueuedSplitsThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	h := open(t, setup{key: "phx_support", sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_support", Scopes: []string{"person:write"}}}}, pinned: 1})
	preview := h.must("delete_person", object{"person": seed.TwinUUIDA})
	require.Contains(t, preview.str("note"), "activity_log:read")
	require.Equal(t, "applied", h.confirmed("delete_person", object{"person": seed.TwinUUIDA}).str("outcome"))
}

// A split says where the ids were found afterwards, and a PostHog of 2025, which
// takes a request for each, is asked for a few.
func TestSplitIsReadBack(t *testing.T) {
	t.Parallel()
	for _, of2025 := range []bool{false, true} {
		h := open(t, setup{sandbox: sandbox.Options{Persons2025: of2025}})
		h.requests()
		r := h.confirmed("split_person", object{"person": seed.MergedPersonUUID, "main_distinct_id": seed.MergedDistinctID})
		require.Equal(t, "applied", r.str("outcome"), r.text)
		h.requireDeclared("split_person", r.text)
		found := map[bool]int64{false: seed.MergedIDs - 1, true: 20}[of2025]
		require.Equal(t, found, r.get("moved_count").Int())
		require.Len(t, r.get("moved").Array(), 20)
		for _, move := range r.get("moved").Array() {
			require.Equal(t, move.Get("distinct_id").String(), h.person(move.Get("new_person").String()).Get("distinct_ids.0").String())
		}
		require.Less(t, len(h.requests()), 60)
	}
}

// capturing sends an event of a distinct id right behind each deletion.
func capturing(distinctID string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if r.Method == http.MethodDelete {
				body := strings.NewReader(`{"api_key":"` + sandbox.ProjectToken + `","event":"late","distinct_id":"` + distinctID + `"}`)
				next.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/e/", body))
			}
		})
	}
}

// A distinct id that was split off is its new person's. The records of the old
// one, which stay when the new one is erased, do not hold it.
func TestErasureAfterASplit(t *testing.T) {
	t.Parallel()
	const inbox = "sam.poe.7733@example.com"
	path := file(t)
	h := open(t, setup{journal: path})
	mergeInto(h, seed.TwinDistinctA, inbox)
	h.must("update_person", object{"person": inbox, "set": object{"plan": "team"}})
	require.Equal(t, "applied", h.confirmed("split_person", object{"person": seed.TwinUUIDA, "distinct_ids": []string{inbox}}).str("outcome"))
	book, principal := kept(t, path)
	require.Contains(t, string(newest(t, book, principal).Arguments), seed.PersonUUID(inbox))

	r := h.confirmed("delete_person", object{"person": inbox})
	require.Equal(t, "deleted", r.str("certificate.person"), r.text)
	require.False(t, holdsText(t, path, inbox), "nothing is left of it in the journal")
}

// Where a person is gone and the journal could not be cleaned of them, it is
// cleaned when somebody asks for the certificate.
func TestACleaningIsMadeUpFor(t *testing.T) {
	t.Parallel()
	const secret = "kept in confidence 7734"
	path := file(t)
	h := open(t, setup{journal: path})
	h.must("update_person_property", object{"person": seed.TwinUUIDA, "key": "secret", "value": secret})
	book, principal := kept(t, path)
	number := h.person(seed.TwinUUIDA).Get("id").String()
	h.raw("DELETE", api+"persons/"+seed.TwinUUIDA, nil)
	begun, err := book.Begin(t.Context(), journal.Intent{ // as a server leaves it that could not clean up
		Principal: principal, Tool: "delete_person", Target: journal.Target{Kind: "person", ID: seed.TwinUUIDA}, Person: seed.TwinUUIDA,
		Wanted: json.RawMessage(`{"erasure":{"number":"` + number + `","former":["` + seed.TwinUUIDA + `"],"ids":1,"options":{}}}`), Deadline: time.Now().Add(time.Minute),
	})
	require.NoError(t, err)
	require.NoError(t, book.Settle(t.Context(), begun.ID, journal.Applied, nil, ""))

	r := h.must("delete_person", object{"person": seed.TwinUUIDA})
	require.Equal(t, "deleted", r.str("certificate.person"), r.text)
	require.False(t, holdsText(t, path, secret))
}

// The journal is cleaned of a person before the outcome is on record, so that a
// server that ends in between is noticed, and its deletion found done.
func TestCleaningComesBeforeTheOutcome(t *testing.T) {
	t.Parallel()
	path, now := file(t), time.Now()
	h := open(t, setup{journal: path, now: func() time.Time { return now }})
	h.confirmed("delete_person", object{"person": seed.TwinUUIDA})
	book, principal := kept(t, path)
	entry := newest(t, book, principal)
	require.False(t, entry.ErasedAt.After(entry.SettledAt))

	begun, err := book.Begin(t.Context(), journal.Intent{
		Principal: principal, Tool: "delete_person", Target: entry.Target, Person: entry.Person, Deadline: now.Add(time.Minute),
	})
	require.NoError(t, err)
	_, err = book.ErasePerson(t.Context(), entry.Person) // as if the server had ended right after it
	require.NoError(t, err)
	now = now.Add(5 * time.Minute)
	row := h.must("list_writes", object{}).get("rows.0")
	require.Equal(t, []any{begun.ID, "applied"}, []any{row.Get("write").String(), row.Get("outcome").String()}, row.Raw)
}
