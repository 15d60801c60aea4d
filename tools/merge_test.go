package tools_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// contended is one update of many, and what has to be there after it.
func contended(i *intruder, n int) (call object, holds func() bool) {
	value, tag := fmt.Sprint("mine-", n), fmt.Sprint("mine-", n%3)
	call = object{"account": i.account}
	if n%2 == 0 {
		call["account"] = "contended" // found in a list
	}
	stored := func(path string) string { return i.raw("GET", api+"accounts/"+i.account, nil).Get(path).String() }
	switch n % 4 {
	case 0, 1:
		call["set"] = object{"billing_id": value}
		return call, func() bool { return stored("properties.billing_id") == value }
	case 2:
		call["tags_add"], call["tags_remove"] = []string{tag}, []string{fmt.Sprint("mine-", (n+1)%3)}
		return call, func() bool {
			tags := texts(i.raw("GET", api+"accounts/"+i.account, nil).Get("tags"))
			return slices.Contains(tags, tag) && !slices.Contains(tags, fmt.Sprint("mine-", (n+1)%3))
		}
	}
	call["set"], call["tags_add"] = object{"usage_dashboard_link": value}, []string{tag}
	return call, func() bool { return stored("properties.usage_dashboard_link") == value }
}

// Somebody else writes before, between and after the requests of every update:
// nothing of theirs is lost, but what falls between the last read and the PATCH,
// for which PostHog offers no help. Receipts say what is there.
func TestUpdatesBesideAnotherWriter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ window, sloppy float64 }{
		"outside the window": {0, 0}, "in the window too": {0.5, 0}, "with stale replaces": {0.2, 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := intrude(t, 7, test.window, test.sloppy)
			count, lostInWindow, requests := rounds(100, 10_000), 0, 0
			outcomes := map[string]int{}
			for n := range count {
				i.requests()
				call, holds := contended(i, n)
				answer := i.call("update_account", call)
				requests += len(i.requests())
				require.False(t, answer.isError, answer.text)
				outcome := answer.str("outcome")
				outcomes[outcome]++
				said := outcome == "applied" || outcome == "ignored" && strings.Contains(answer.str("note"), "already so")
				require.Equal(t, holds(), said, answer.text)
				inWindow, outside := i.lost()
				require.Empty(t, outside, "update %d lost what somebody else wrote", n)
				lostInWindow += len(inWindow)
			}
			if test.window == 0 {
				require.Zero(t, lostInWindow)
				require.Equal(t, count, outcomes["applied"]+outcomes["ignored"])
			}
			t.Logf("%d updates beside %d writes (%d stale replaces): 0 lost outside the window, %d in it; outcomes %v; %.2f requests an update; window p50 %v, p99 %v",
				count, i.acts, i.replaces, lostInWindow, outcomes, float64(requests)/float64(count), quantile(i.windows, 0.5), quantile(i.windows, 0.99))
		})
	}
}

// What a plain PATCH of one property loses beside the same writer.
func TestPlainPatchBesideAnotherWriter(t *testing.T) {
	t.Parallel()
	i := intrude(t, 7, 0.5, 0)
	count, lost := rounds(100, 10_000), 0
	for n := range count {
		i.mu.Lock()
		i.act()
		i.mu.Unlock()
		i.raw("PATCH", api+"accounts/"+i.account, object{"properties": object{"billing_id": fmt.Sprint("mine-", n)}})
		inWindow, outside := i.lost()
		lost += len(inWindow) + len(outside)
	}
	require.Greater(t, lost, count/3)
	t.Logf("%d plain PATCHes beside %d writes: %d of the writes lost", count, i.acts, lost)
}

// Calls of one server that update the same account at once do not undo each
// other.
func TestUpdatesAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	id := h.raw("POST", api+"accounts", object{"name": "Busy"}).Get("id").String()
	var calls sync.WaitGroup
	for n := range rounds(24, 500) {
		calls.Go(func() {
			answer, err := h.try(h.key, "update_account", object{"account": id, "tags_add": []string{fmt.Sprint("t", n)}})
			if err != nil || answer.str("outcome") != "applied" {
				t.Errorf("tag %d: %v %s", n, err, answer.text)
			}
		})
	}
	calls.Wait()
	require.Len(t, h.raw("GET", api+"accounts/"+id, nil).Get("tags").Array(), rounds(24, 500))
}

// Calls that set the same custom property at once come one after the other: what
// each replaced is what another had set, so that undoing each restores that.
func TestValuesAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	var mu sync.Mutex
	replaced := map[string]string{}
	var calls sync.WaitGroup
	count := rounds(12, 200)
	for n := range count {
		calls.Go(func() {
			answer, err := h.try(h.key, "set_custom_property", object{"account": seed.AcmeID, "property": "Health score", "value": 1000 + n})
			if err != nil || answer.str("outcome") != "applied" {
				t.Errorf("%v %s", err, answer.text)
			}
			mu.Lock()
			defer mu.Unlock()
			replaced[answer.get("before.Health score").Raw] = answer.get("after.Health score").Raw
		})
	}
	calls.Wait()
	require.Len(t, replaced, count, "no two replaced the same value")
	now := h.must("list_custom_properties", object{"account": seed.AcmeID}).get(`rows.#(name=="Health score").value`).Raw
	for range replaced {
		for before, after := range replaced {
			if after == now {
				now = before
				break
			}
		}
	}
	require.NotContains(t, slices.Collect(maps.Values(replaced)), now, "one chain leads back to what was there first")
}

// before runs something once, ahead of a request of that method and path.
func before(method, path string, do func()) func(http.Handler) http.Handler {
	var once sync.Once
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == method && strings.Contains(r.URL.Path, path) {
				once.Do(do)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// A named field that somebody changed after the look-up is changed as asked. The
// receipt shows what they had set, and undoing restores that.
func TestUpdateOfAFieldChangedMeanwhile(t *testing.T) {
	t.Parallel()
	t.Run("without a journal", func(t *testing.T) { changedMeanwhile(t, "") })
	t.Run("on record", func(t *testing.T) { changedMeanwhile(t, file(t)) })
}

func changedMeanwhile(t *testing.T, kept string) {
	t.Parallel()
	var h *house
	theirs := func() { // while the member is looked up
		h.raw("PATCH", api+"accounts/"+seed.NorthwindA, object{"properties": object{"billing_id": "theirs", "sfdc_id": "new"}})
		time.Sleep(50 * time.Millisecond) // longer than what was read counts as fresh
	}
	h = open(t, setup{generation: "documented", journal: kept, wrap: before("GET", "/members", theirs)})
	r := h.must("update_account", object{"account": seed.NorthwindA, "set": object{"billing_id": "mine"}, "csm": "linus@example.com"})
	require.Equal(t, "applied", r.str("outcome"), r.text)
	require.Equal(t, "theirs", r.str("before.billing_id"))
	require.Contains(t, r.str("note"), "Somebody else changed billing_id")
	require.Equal(t, "new", h.account(seed.NorthwindA)["properties"].(object)["sfdc_id"])
	undo, arguments := asCall(t, r.str("undo"))
	h.must(undo, arguments)
	require.Equal(t, "theirs", h.account(seed.NorthwindA)["properties"].(object)["billing_id"])
}

// afterPatch does something each time a PATCH of ours went through.
func afterPatch(most int, do func()) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if r.Method == http.MethodPatch && most > 0 {
				most--
				do()
			}
		})
	}
}

// A change that a stale replace takes away is made again, three times at most.
// What somebody sets to a value of their own stays.
func TestUpdateTakenAway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, theirs  string
		times, writes int
		outcome, note string
	}{
		{"once", "", 1, 2, "applied", "it was made again"},
		{"three times", "", 3, 4, "applied", "it was made again"},
		{"always", "", 99, 4, "overridden", "keeps writing"},
		{"by a decision", "theirs", 99, 1, "overridden", "Something else is there now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var h *house
			h = open(t, setup{generation: "documented", wrap: afterPatch(test.times, func() {
				properties := object{"sfdc_id": "kept"}
				if test.theirs != "" {
					properties["billing_id"] = test.theirs
				}
				h.raw("PATCH", api+"accounts/"+seed.NorthwindA, object{"properties": properties})
			})})
			r := h.must("update_account", object{"account": seed.NorthwindA, "set": object{"billing_id": "mine"}})
			require.Equal(t, test.outcome, r.str("outcome"), r.text)
			require.Contains(t, r.str("note"), test.note)
			require.Len(t, h.writes(), test.writes)
			require.Equal(t, "kept", h.account(seed.NorthwindA)["properties"].(object)["sfdc_id"])
		})
	}
}

// The undo of a receipt takes back what the call did and nothing that somebody
// else did at the same time.
func TestUndoLeavesWhatOthersDid(t *testing.T) {
	t.Parallel()
	var h *house
	h = open(t, setup{wrap: afterPatch(1, func() {
		tags := texts(h.raw("GET", api+"accounts/"+seed.AcmeID, nil).Get("tags"))
		h.raw("PATCH", api+"accounts/"+seed.AcmeID, object{"tags": append(tags, "theirs")})
	})})
	r := h.must("update_account", object{"account": seed.AcmeID, "tags_add": []string{"mine"}})
	require.Equal(t, "applied", r.str("outcome"), r.text)
	undo, arguments := asCall(t, r.str("undo"))
	h.must(undo, arguments)
	tags := h.account(seed.AcmeID)["tags"].(object)
	require.Contains(t, tags, "theirs")
	require.NotContains(t, tags, "mine")
}

// What a write costs in requests to PostHog, look-up and read-back included.
func TestRequestsOfWrites(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, tool string
		arguments  object
		most       int
	}{
		{"by id", "update_account", object{"account": seed.AcmeID, "set": object{"billing_id": "1"}}, 4}, // 3 unless the machine dawdles,
		{"by external id", "update_account", object{"account": seed.AcmeExternalID, "set": object{"billing_id": "2"}}, 4},
		{"nothing replaced", "update_account", object{"account": seed.AcmeExternalID, "name": "Acme"}, 3},
		{"account", "create_account", object{"name": "Made"}, 3},
		{"note", "create_notebook", object{"account": seed.AcmeID, "markdown": "x"}, 3},
		{"value", "set_custom_property", object{"account": seed.AcmeID, "property": "Health score", "value": 5}, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{generation: "documented", pinned: sandbox.ProjectID})
			h.must("get_account", object{"account": seed.NorthwindA}) // the generation is known from here on
			h.requests()
			require.Equal(t, "applied", h.must(test.tool, test.arguments).str("outcome"))
			sent := h.requests()
			t.Logf("%s: %d requests", test.name, len(sent))
			require.LessOrEqual(t, len(sent), test.most, "%v", sent)
		})
	}
}
