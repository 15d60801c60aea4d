package journal_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/journal"
)

// In whatever order writes begin, end, repeat, are undone, erased and purged,
// with the journal closed and opened in between, what it answers is what a
// list in memory answers.
func TestTheJournalIsAList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp("", "journal-model-*")
		require.NoError(rt, err)
		defer os.RemoveAll(dir)
		m := &model{path: filepath.Join(dir, "journal.db"), now: time.Date(2026, 11, 22, 9, 0, 0, 7, time.UTC), keys: map[string]string{}}
		m.reopen(rt)
		defer func() { _ = m.journal.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"begin": m.begin, "reserve": m.reserve, "settle": m.settle, "erase": m.erase,
			"purge": m.purge, "reopen": m.reopen, "wait": m.wait, "look": m.look,
		})
		for _, p := range principals {
			m.compare(rt, p)
		}
	})
}

// model is a journal and the list it should be, oldest entry first.
type model struct {
	path    string
	now     time.Time
	journal *journal.Journal
	entries []journal.Entry
	gone    []string
	keys    map[string]string // of erased entries, which no longer say
}

var (
	principals = []journal.Principal{ours, {Key: "fp_1", Project: 2}, {Key: "fp_2", Project: 1}}
	persons    = []string{"", "018F0000-aaaa-7000-8000-000000000001", "018f0000-aaaa-7000-8000-000000000002"}
	outcomes   = []journal.Outcome{journal.Applied, journal.Pending, journal.Ignored, journal.Overridden, journal.Partial, journal.Unknown}
	ctx        = context.Background()
)

func (m *model) reopen(rt *rapid.T) {
	if m.journal != nil {
		require.NoError(rt, m.journal.Close())
	}
	j, err := journal.Open(ctx, m.path, journal.WithClock(func() time.Time { return m.now }), journal.WithRetention(100*365*24*time.Hour))
	require.NoError(rt, err)
	m.journal = j
}

// wait moves the clock, which may also go back.
func (m *model) wait(rt *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.Int64Range(int64(-time.Hour), int64(3*time.Hour)).Draw(rt, "later")))
}

func payload(rt *rapid.T, name string) json.RawMessage {
	if rapid.Bool().Draw(rt, "without "+name) {
		return nil
	}
	text, err := json.Marshal(rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(rt, name))
	require.NoError(rt, err)
	return text
}

func (m *model) intent(rt *rapid.T) journal.Intent {
	i := journal.Intent{
		Principal: rapid.SampledFrom(principals).Draw(rt, "principal"),
		Tool:      rapid.SampledFrom([]string{"update_account", "create_notebook"}).Draw(rt, "tool"),
		Target:    journal.Target{Kind: "account", ID: rapid.String().Draw(rt, "target")},
		Before:    payload(rt, "before"), Wanted: payload(rt, "wanted"),
		Person:     rapid.SampledFrom(persons).Draw(rt, "person"),
		Reversible: rapid.Bool().Draw(rt, "reversible"),
		Plan:       rapid.SampledFrom([]string{"", "p_1"}).Draw(rt, "plan"),
	}
	if rapid.Bool().Draw(rt, "with deadline") {
		i.Deadline = m.now.Add(time.Hour)
	}
	if len(m.entries) > 0 && rapid.Bool().Draw(rt, "an undo") {
		i.Undoes = m.someID(rt)
	}
	return i
}

func (m *model) someID(rt *rapid.T) string {
	ids := append([]string{"w_none"}, m.gone...)
	for _, e := range m.entries {
		ids = append(ids, e.ID)
	}
	return rapid.SampledFrom(ids).Draw(rt, "id")
}

func (m *model) find(id string) *journal.Entry {
	at := slices.IndexFunc(m.entries, func(e journal.Entry) bool { return e.ID == id })
	if at < 0 {
		return nil
	}
	return &m.entries[at]
}

// added is what the list says to a new entry.
func (m *model) added(rt *rapid.T, i journal.Intent, got journal.Entry, err error) {
	if i.Undoes != "" {
		switch original := m.find(i.Undoes); {
		case original == nil || original.Principal != i.Principal:
			require.ErrorIs(rt, err, journal.ErrNotFound)
			return
		case original.UndoneBy != "":
			require.ErrorIs(rt, err, journal.ErrUndone)
			return
		default:
			original.UndoneBy = got.ID
		}
	}
	require.NoError(rt, err)
	require.Equal(rt, journal.Entry{ID: got.ID, Intent: i, At: m.now}, got)
	if len(m.entries) > 0 {
		require.Greater(rt, got.ID, m.entries[len(m.entries)-1].ID, "ids sort as writes began")
	}
	m.entries = append(m.entries, got)
}

func (m *model) begin(rt *rapid.T) {
	i := m.intent(rt)
	i.Arguments = payload(rt, "arguments")
	got, err := m.journal.Begin(ctx, i)
	m.added(rt, i, got, err)
}

func (m *model) reserve(rt *rapid.T) {
	i := m.intent(rt)
	i.IdempotencyKey = rapid.SampledFrom([]string{"k1", "k2"}).Draw(rt, "key")
	i.Arguments = json.RawMessage(rapid.SampledFrom([]string{`{"a":1,"b":2}`, `{"b":2, "a":1}`, `{"a":1}`}).Draw(rt, "arguments"))
	got, existing, err := m.journal.Reserve(ctx, i)

	for _, e := range m.entries {
		erasedKey := m.keys[e.ID] == i.IdempotencyKey
		if e.Principal != i.Principal || e.Tool != i.Tool || (e.IdempotencyKey != i.IdempotencyKey && !erasedKey) {
			continue
		}
		if erasedKey || !jsonEqual(rt, e.Arguments, i.Arguments) {
			require.ErrorIs(rt, err, journal.ErrKeyReused)
			return
		}
		require.NoError(rt, err)
		require.True(rt, existing)
		require.Equal(rt, e, got)
		return
	}
	require.False(rt, existing)
	m.added(rt, i, got, err)
}

func jsonEqual(rt *rapid.T, a, b json.RawMessage) bool {
	var x, y any
	require.NoError(rt, json.Unmarshal(a, &x))
	require.NoError(rt, json.Unmarshal(b, &y))
	return assert.ObjectsAreEqual(x, y)
}

func (m *model) settle(rt *rapid.T) {
	id, outcome := m.someID(rt), rapid.SampledFrom(outcomes).Draw(rt, "outcome")
	after, note := payload(rt, "after"), rapid.String().Draw(rt, "note")
	err := m.journal.Settle(ctx, id, outcome, after, note)
	e := m.find(id)
	switch {
	case e == nil:
		require.ErrorIs(rt, err, journal.ErrNotFound)
		return
	case e.Outcome != "" && e.Outcome != journal.Pending && e.Outcome != journal.Unknown:
		require.ErrorIs(rt, err, journal.ErrSettled)
		return
	}
	require.NoError(rt, err)
	e.Outcome, e.SettledAt = outcome, m.now
	if e.ErasedAt.IsZero() {
		e.After, e.Note = after, note
	}
	if original := m.find(e.Undoes); original != nil {
		switch worked := outcome == journal.Applied || outcome == journal.Pending; {
		case worked && original.UndoneBy == "":
			original.UndoneBy = id
		case !worked && original.UndoneBy == id:
			original.UndoneBy = ""
		}
	}
}

func (m *model) erase(rt *rapid.T) {
	person := rapid.SampledFrom(persons[1:]).Draw(rt, "person")
	got, err := m.journal.ErasePerson(ctx, strings.ToLower(person))
	require.NoError(rt, err)
	want := 0
	for i := range m.entries {
		e := &m.entries[i]
		if e.Person != person || !e.ErasedAt.IsZero() {
			continue
		}
		want++
		m.keys[e.ID] = e.IdempotencyKey
		e.IdempotencyKey, e.Arguments, e.Before, e.Wanted, e.After, e.Note = "", nil, nil, nil, nil, ""
		e.Reversible, e.ErasedAt = false, m.now
	}
	require.Equal(rt, want, got)
}

func (m *model) purge(rt *rapid.T) {
	before := m.now.Add(-time.Duration(rapid.Int64Range(0, int64(6*time.Hour)).Draw(rt, "age")))
	got, err := m.journal.Purge(ctx, before)
	require.NoError(rt, err)
	kept := m.entries[:0:0]
	for _, e := range m.entries {
		if e.At.Before(before) && (e.Outcome != "" || e.Deadline.Before(m.now)) {
			m.gone = append(m.gone, e.ID)
			continue
		}
		kept = append(kept, e)
	}
	require.Equal(rt, len(m.entries)-len(kept), got)
	m.entries = kept
}

func (m *model) look(rt *rapid.T) {
	m.compare(rt, rapid.SampledFrom(principals).Draw(rt, "asking"))
}

// compare holds what a principal is answered against the list.
func (m *model) compare(rt *rapid.T, p journal.Principal) {
	want, open := []journal.Entry(nil), []journal.Entry{}
	for _, e := range m.entries {
		if e.Principal != p {
			continue
		}
		want = append(want, e)
		if e.Outcome == "" {
			open = append(open, e)
		}
	}
	slices.Reverse(want)
	require.Equal(rt, want, m.listed(rt, journal.Query{Principal: p, Limit: 4}))
	got, err := m.journal.Unsettled(ctx, p)
	require.NoError(rt, err)
	require.Equal(rt, open, got)
}

// listed walks all pages.
func (m *model) listed(rt *rapid.T, q journal.Query) (all []journal.Entry) {
	for {
		page, more, err := m.journal.List(ctx, q)
		require.NoError(rt, err)
		all = append(all, page...)
		if !more {
			return all
		}
		q.Before = page[len(page)-1].ID
	}
}
