package tools_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// moving is a clock that a test moves by hand.
type moving struct {
	mu  sync.Mutex
	now time.Time
}

func newMoving() *moving {
	return &moving{now: time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)}
}

func (m *moving) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *moving) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// A change that PostHog accepted and has not made yet is pending, and there
// later; nobody is told that it was made.
func TestPersonWritesThatLag(t *testing.T) {
	t.Parallel()
	leaves := "0193f0aa-5b1e-7c66-9a51-3d0c7b2f9e10"
	for _, test := range []struct {
		tool      string
		arguments object
		note      string
		arrived   func(h *house) bool
	}{
		{"update_person", object{"person": seed.TwinUUIDA, "set": object{"plan": "new"}, "unset": []string{"company"}}, "do not repeat it", func(h *house) bool {
			p := h.person(seed.TwinUUIDA).Get("properties")
			return p.Get("plan").String() == "new" && !p.Get("company").Exists()
		}},
		{"update_person_property", object{"person": seed.TwinUUIDA, "key": "plan", "value": object{"deep": []int{1}}}, "do not repeat it", func(h *house) bool {
			return h.person(seed.TwinUUIDA).Get("properties.plan").Raw == `{"deep":[1]}`
		}},
		{"delete_person_property", object{"person": seed.TwinUUIDA, "key": "plan"}, "do not repeat it", func(h *house) bool {
			return !h.person(seed.TwinUUIDA).Get("properties.plan").Exists()
		}},
		{"split_person", object{"person": seed.TwinUUIDB, "distinct_ids": []string{leaves}}, "do not delete by them", func(h *house) bool {
			return len(h.person(seed.TwinUUIDB).Get("distinct_ids").Array()) == 1
		}},
	} {
		t.Run(test.tool, func(t *testing.T) {
			t.Parallel()
			clock := newMoving()
			h := open(t, setup{sandbox: sandbox.Options{Lag: time.Minute, Now: clock.Now}})
			arguments := test.arguments
			if test.tool == "split_person" {
				arguments = with(arguments, "confirmation", h.must(test.tool, arguments).str("confirmation"))
			}
			r := h.must(test.tool, arguments)
			require.Equal(t, "pending", r.str("outcome"), r.text)
			require.Contains(t, r.str("note"), test.note)
			require.False(t, test.arrived(h))
			if test.tool == "update_person" {
				require.Equal(t, r.get("before").Raw, r.get("after").Raw, "after is what is there, not what was asked")
			}
			clock.advance(2 * time.Minute)
			require.True(t, test.arrived(h))
		})
	}
}

// PostHog answers 202 even when the event is lost. The receipt does not say
// that it was done.
func TestPersonWritesThatAreLost(t *testing.T) {
	t.Parallel()
	h := open(t, setup{sandbox: sandbox.Options{CaptureFails: true}})
	r := h.must("update_person_property", object{"person": seed.TwinUUIDA, "key": "plan", "value": "x"})
	require.Equal(t, "pending", r.str("outcome"))
	require.Contains(t, r.str("note"), "can fail silently")
	r = h.must("delete_person_property", object{"person": seed.TwinUUIDA, "key": "plan"})
	require.Equal(t, "ignored", r.str("outcome"), r.text)
	require.Contains(t, r.str("note"), "Removing plan did not go through")
	require.Equal(t, "startup", h.person(seed.TwinUUIDA).Get("properties.plan").String())
}

// Only what differs is sent, and the receipt's undo restores what was.
func TestPersonWrites(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	stored := func() string { return h.person(seed.TwinUUIDA).Get("properties").Raw }
	before := stored()
	same := h.must("update_person", object{"person": seed.TwinUUIDA, "set": object{"plan": "startup"}, "unset": []string{"absent"}})
	require.Equal(t, "ignored", same.str("outcome"))
	require.Empty(t, h.writes(), "it is already so")

	for _, arguments := range []object{
		{"set": object{"plan": "x", "new": object{"a": []any{1, nil, "é"}}, "with.dot": true, "": "?"}},
		{"set": object{"plan": 1.5}, "unset": []string{"company", "name"}},
		{"unset": []string{"plan"}},
	} {
		if set, _ := arguments["set"].(object); set != nil {
			if _, nameless := set[""]; nameless {
				require.Contains(t, h.refused("update_person", with(arguments, "person", seed.TwinUUIDA)), "has no name")
				delete(set, "")
			}
		}
		r := h.must("update_person", with(arguments, "person", seed.TwinUUIDA))
		require.Equal(t, "applied", r.str("outcome"), r.text)
		undo, back := asCall(t, r.str("undo"))
		require.Equal(t, "applied", h.must(undo, back).str("outcome"))
		require.JSONEq(t, before, stored(), "undone by %s", r.str("undo"))
	}
	h.requests()
	for want, arguments := range map[string]object{
		"Nothing to change":          {},
		`"plan" is both set and`:     {"set": object{"plan": 1}, "unset": []string{"plan"}},
		"a property has no name":     {"unset": []string{""}},
		"value must be":              {"set": []any{}},
		"must have at most 50 items": {"unset": make([]string, 51)},
	} {
		if want == "value must be" {
			want = "set must be an object"
		}
		require.Contains(t, h.refused("update_person", with(arguments, "person", seed.TwinUUIDA)), want)
	}
	require.Empty(t, h.requests())
}

// A null is a value to PostHog, not a removal. It is refused with the way to
// remove.
func TestNullIsNoValue(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	text := h.refused("update_person_property", object{"person": seed.TwinUUIDA, "key": "plan", "value": nil})
	require.Contains(t, text, "other than null")
	require.Contains(t, text, "delete_person_property")
	text = h.refused("update_person", object{"person": seed.TwinUUIDA, "set": object{"plan": nil}})
	require.Contains(t, text, "unset")
	require.Empty(t, h.requests())
}

// What is too large for PostHog's event pipeline would be dropped without a
// word. It is refused.
func TestTooLargeForAnEvent(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	text := h.refused("update_person", object{"person": seed.TwinUUIDA, "set": object{"blob": strings.Repeat("x", 2<<20)}})
	require.Contains(t, text, "too large")
	require.Empty(t, h.requests())
}
