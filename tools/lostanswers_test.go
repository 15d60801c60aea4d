package tools_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// hasty is a client that gives writes up soon and looks for their effect for a
// good while after the slowest of them is done.
func hasty(settle time.Duration) []client.Option {
	return []client.Option{client.WithTimeouts(client.Timeouts{Write: 250 * time.Millisecond, Settle: settle})}
}

// lossy are faults before and after the effect of a method's requests, each
// striking that share of them.
func lossy(method, path string, share float64) []sandbox.Fault {
	faults := []sandbox.Fault{
		{Kind: sandbox.FaultCutBefore}, {Kind: sandbox.FaultCutAfter}, {Kind: sandbox.FaultHang}, {Kind: sandbox.FaultHalfBody},
		{Kind: sandbox.FaultSlow, Wait: 500 * time.Millisecond}, {Kind: sandbox.FaultBadGateway}, {Kind: sandbox.FaultBadGateway, After: true},
	}
	for i := range faults {
		faults[i].Method, faults[i].Path, faults[i].Rate = method, path, share
	}
	return faults
}

// crowd makes calls side by side, as many at a time as a busy team.
func crowd(count int, do func(n int)) {
	var workers sync.WaitGroup
	var next atomic.Int64
	for range 48 {
		workers.Go(func() {
			for n := int(next.Add(1)) - 1; n < count; n = int(next.Add(1)) - 1 {
				do(n)
			}
		})
	}
	workers.Wait()
}

// unknown tells the answer that nobody may repeat the call on.
const unknown = "Outcome unknown"

// insist repeats a create under its key as long as the answer says that nothing
// was made, as a careful caller does. It never repeats what is unknown.
func insist(h *house, tool string, arguments object) (answer result, repeats int, err error) {
	for ; repeats < 30; repeats++ {
		answer, err = h.try(h.key, tool, arguments)
		if err != nil || !answer.isError || strings.HasPrefix(answer.text, unknown) {
			return answer, repeats, err
		}
	}
	return answer, repeats, fmt.Errorf("still not done: %s", answer.text)
}

// Creates whose answers are lost before or after their effect: each happens
// once, and two that are meant to be alike stay two.
func TestCreatesWithLostAnswers(t *testing.T) {
	t.Parallel()
	count := rounds(100, 10_000)
	kinds := map[string]struct {
		path string
		call func(n int) (tool string, arguments object)
		made func(h *house) (ids []string)
	}{
		"accounts": {"/accounts/", func(n int) (string, object) {
			call := object{"name": fmt.Sprintf("Twin-%d-", n/2), "tags": []string{"twin"}, "set": object{"billing_id": "b"}, "key": fmt.Sprint("k", n)}
			if n%10 == 0 {
				call["external_id"] = fmt.Sprint("twin-", n)
			}
			return "create_account", call
		}, func(h *house) []string {
			return texts(h.raw("GET", api+"accounts?search=Twin-&limit=100000", nil).Get("results.#.id"))
		}},
		"notes": {"/notebooks/", func(n int) (string, object) {
			return "create_notebook", object{"account": seed.NorthwindA, "title": fmt.Sprintf("Twin-%d-", n/2), "markdown": "The same text", "key": fmt.Sprint("k", n)}
		}, func(h *house) []string {
			return texts(h.raw("GET", api+"accounts/"+seed.NorthwindA+"/notebooks?limit=100000", nil).Get(`results.#(text_content=="The same text")#.short_id`))
		}},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settle := 2 * time.Second
			if raceDetector {
				settle = 6 * time.Second // so that even a slow machine has carried out by then what it will
			}
			h := open(t, setup{sandbox: sandbox.Options{Faults: lossy("POST", kind.path, 0.08)}, client: hasty(settle)})
			var repeated, found atomic.Int64
			var mu sync.Mutex
			answered := map[string]int{}
			crowd(count, func(n int) {
				tool, arguments := kind.call(n)
				answer, repeats, err := insist(h, tool, arguments)
				if err != nil || answer.str("outcome") != "applied" {
					t.Errorf("%v: %v %s", arguments, err, answer.text)
					return
				}
				repeated.Add(int64(repeats))
				if strings.Contains(answer.str("note"), "found by its content") {
					found.Add(1)
				}
				mu.Lock()
				defer mu.Unlock()
				answered[answer.str("target.id")+answer.str("after.short_id")]++
			})
			struck := h.sandbox.InjectedFaults()
			h.sandbox.SetFaults()
			require.Len(t, kind.made(h), count, "none twice, none lost")
			require.Len(t, answered, count, "no two calls have the same object for their own")
			require.NotZero(t, repeated.Load())
			require.NotZero(t, found.Load())
			t.Logf("%d creates, faults %v: 0 duplicates, 0 lost, 0 repeats swallowed; %d found by their content, %d said not to be made and repeated",
				count, struck, found.Load(), repeated.Load())
		})
	}
}

// Values and updates whose answers are lost: the receipt says what is there.
func TestSettingWithLostAnswers(t *testing.T) {
	t.Parallel()
	var ids []string
	count := rounds(100, 10_000)
	h := open(t, setup{client: hasty(2 * time.Second)})
	for n := range 48 {
		ids = append(ids, h.raw("POST", api+"accounts", object{"name": fmt.Sprint("Set-", n)}).Get("id").String())
	}
	h.sandbox.SetFaults(append(lossy("POST", "/custom_property_values", 0.08), lossy("PATCH", "/accounts/", 0.08)...)...)
	var mu sync.Mutex
	outcomes, wrong := map[string]int{}, 0
	var turns [48]sync.Mutex // one call at a time for each account
	crowd(count, func(n int) {
		turns[n%48].Lock()
		defer turns[n%48].Unlock()
		id, value := ids[n%48], fmt.Sprint(n)
		tool, arguments, path := "update_account", object{"account": id, "set": object{"billing_id": value}}, "accounts/"+id
		stored := func() string { return h.raw("GET", api+path, nil).Get("properties.billing_id").String() }
		if n%2 == 0 {
			tool, arguments, path = "set_custom_property", object{"account": id, "property": "Health score", "value": n}, "accounts/"+id+"/custom_property_values"
			stored = func() string { return h.raw("GET", api+path, nil).Get("0.value").String() }
		}
		answer, err := h.try(h.key, tool, arguments)
		mu.Lock()
		defer mu.Unlock()
		// An error other than unknown says that nothing was sent.
		if err != nil || strings.HasPrefix(answer.text, unknown) || (answer.str("outcome") == "applied") != (stored() == value) {
			wrong++
			t.Errorf("%v: %v %s, but there is %s", arguments, err, answer.text, stored())
		}
		outcomes[answer.str("outcome")]++
	})
	require.Zero(t, wrong)
	require.NotZero(t, outcomes["ignored"])
	t.Logf("%d updates and values, faults %v: outcomes %v, 0 wrong", count, h.sandbox.InjectedFaults(), outcomes)
}

// What is said of a write without an answer: not made, made late, unknown.
func TestWhatIsSaidWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	update := object{"account": seed.NorthwindA, "set": object{"billing_id": "b"}}
	note := object{"account": seed.NorthwindA, "title": "T", "markdown": "x"}
	made, value := object{"name": "Made"}, object{"account": seed.NorthwindA, "property": "Health score", "value": 7}
	for _, fault := range []struct {
		name   string
		faults []sandbox.Fault
		says   map[string]string // by tool
	}{
		{"never arrived", []sandbox.Fault{{Kind: sandbox.FaultCutBefore}}, map[string]string{
			"update_account": `"outcome":"ignored"`, "set_custom_property": `"outcome":"ignored"`,
			"create_account": "Not done: PostHog gave no answer", "create_notebook": "Not done: PostHog gave no answer",
		}},
		{"made late", []sandbox.Fault{{Kind: sandbox.FaultSlow, Wait: 600 * time.Millisecond}}, map[string]string{
			"update_account": `"outcome":"applied"`, "set_custom_property": `"outcome":"applied"`, "create_account": `"outcome":"applied"`, "create_notebook": `"outcome":"applied"`,
		}},
	} {
		for tool, arguments := range map[string]object{"update_account": update, "create_notebook": note, "create_account": made, "set_custom_property": value} {
			t.Run(fault.name+"/"+tool, func(t *testing.T) {
				t.Parallel()
				settle := 300 * time.Millisecond
				if fault.name == "made late" {
					settle = 5 * time.Second
				}
				h := open(t, setup{client: hasty(settle)})
				for i := range fault.faults {
					h.sandbox.SetFaults(withMethods(fault.faults[i])...)
				}
				require.Contains(t, h.call(tool, arguments).text, fault.says[tool])
				require.Len(t, h.writes(), 1, "nothing is sent twice")
			})
		}
	}
	for tool, arguments := range map[string]object{"update_account": update, "create_notebook": note, "create_account": made, "set_custom_property": value} {
		t.Run("no answer to the look either/"+tool, func(t *testing.T) {
			t.Parallel()
			var written atomic.Bool
			dead := func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodGet {
						written.Store(true)
					}
					if written.Load() {
						panic(http.ErrAbortHandler)
					}
					next.ServeHTTP(w, r)
				})
			}
			h := open(t, setup{wrap: dead, client: []client.Option{client.WithTimeouts(client.Timeouts{Retry: 50 * time.Millisecond, Settle: 200 * time.Millisecond})}})
			require.Contains(t, h.refused(tool, arguments), unknown)
			require.Len(t, h.writes(), 1, "nothing is sent twice")
		})
	}
}

// withMethods is a fault for each method that writes.
func withMethods(f sandbox.Fault) (faults []sandbox.Fault) {
	for _, method := range []string{"POST", "PATCH", "DELETE"} {
		f.Method = method
		faults = append(faults, f)
	}
	return faults
}

// Something like what was to be made, but not the same, came up meanwhile: it
// is named, not claimed.
func TestWhatOthersMadeIsNotClaimed(t *testing.T) {
	t.Parallel()
	var h *house
	h = open(t, setup{client: hasty(200 * time.Millisecond), wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			if strings.Contains(r.URL.Path, "/notebooks") {
				h.raw("POST", r.URL.Path, object{"title": "T", "text_content": "Somebody else's"})
			} else {
				h.raw("POST", r.URL.Path, object{"name": "Made", "tags": []string{"theirs"}})
			}
			panic(http.ErrAbortHandler)
		})
	}})
	h.raw("POST", api+"accounts", object{"name": "Made"}) // equal, but there before
	require.Contains(t, h.refused("create_account", object{"name": "Made"}), "it cannot be told whether this call made it")
	require.Contains(t, h.refused("create_notebook", object{"account": seed.NorthwindA, "title": "T", "markdown": "Mine"}), "it cannot be told whether this call wrote it")
}
