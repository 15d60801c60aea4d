package tools_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// silent is a way in which a write fails, or is changed, that its answer does
// not show.
type silent struct {
	name          string
	only          string // the one generation that can, or that is enough
	loses         bool   // events
	lag, indexLag time.Duration
	strike        strike                 // what happens behind the answer to a request
	strikes       func(tool string) bool // nil for all
}

// strike does something else with a request than it says, and tells whether it
// had anything to do with it.
type strike func(h *house, next http.Handler, w http.ResponseWriter, r *http.Request) bool

func isOfPersons(tool string) bool { return strings.Contains(tool, "person") }

func isOfAccounts(tool string) bool { return !isOfPersons(tool) }

var silentFailures = []silent{
	{name: "nothing fails"},
	{name: "events lost behind 202", only: "documented", loses: true, strikes: isOfPersons},
	{name: "carried out much later", only: "documented", lag: time.Hour, strikes: isOfPersons},
	{name: "the index is stale", only: "documented", indexLag: time.Hour, strikes: isOfPersons},
	{name: "roles dropped", only: "bridge", strikes: isOfAccounts},
	{name: "gone after the answer", strike: rollBack, strikes: isOfAccounts},
	{name: "deletion not carried out", strike: keep, strikes: func(tool string) bool { return strings.HasPrefix(tool, "delete") }},
	{name: "part of it ignored", strike: cutDown},
	{name: "replaced by somebody else", strike: overwrite},
}

// keep answers a deletion and does not do it.
func keep(_ *house, _ http.Handler, w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodDelete {
		return false
	}
	status := http.StatusNoContent
	if strings.Contains(r.URL.Path, "/persons/") {
		status = http.StatusAccepted
	}
	w.WriteHeader(status)
	return true
}

// rollBack does what a request asks, answers, and takes it back.
func rollBack(h *house, next http.Handler, w http.ResponseWriter, r *http.Request) bool {
	path := strings.TrimRight(r.URL.Path, "/")
	switch {
	case r.Method == http.MethodPatch && strings.Contains(path, "/accounts/"):
		old := h.raw("GET", path, nil)
		next.ServeHTTP(w, r)
		h.raw("PATCH", path, object{"name": old.Get("name").Value(), "properties": old.Get("properties").Value(), "tags": old.Get("tags").Value()})
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/custom_property_values"):
		old := h.raw("GET", path, nil).Get("0")
		next.ServeHTTP(w, r)
		h.raw("POST", path, object{"definition": old.Get("definition_id").Value(), "value": old.Get("value").Value()})
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/relationships"):
		old := h.raw("GET", path, nil).Get("0")
		next.ServeHTTP(w, r)
		if old.Exists() {
			h.raw("POST", path, object{"definition": old.Get("definition.id").Value(), "user": old.Get("user.id").Value()})
		}
	case r.Method == http.MethodPost && (strings.HasSuffix(path, "/accounts") || strings.HasSuffix(path, "/notebooks")):
		made := httptest.NewRecorder()
		next.ServeHTTP(made, r)
		body := gjson.Parse(made.Body.String())
		if id := body.Get("short_id").String() + body.Get("id").String(); made.Code == http.StatusCreated {
			if short := body.Get("short_id"); short.Exists() {
				id = short.String()
			}
			h.raw("DELETE", path+"/"+id, nil)
		}
		maps.Copy(w.Header(), made.Header())
		w.WriteHeader(made.Code)
		_, _ = w.Write(made.Body.Bytes())
	default:
		return false
	}
	return true
}

// cutDown takes a part out of what a request asks, and PostHog does the rest.
func cutDown(_ *house, next http.Handler, w http.ResponseWriter, r *http.Request) bool {
	body, _ := io.ReadAll(r.Body)
	var asked object
	_ = json.Unmarshal(body, &asked) // a DELETE has none
	properties, _ := asked["properties"].(object)
	switch {
	case strings.Contains(r.URL.Path, "/persons/"):
		delete(properties, "plan")
	case asked["text_content"] != nil:
		asked["text_content"] = "First line"
	default:
		delete(asked, "properties")
	}
	if asked != nil {
		body, _ = json.Marshal(asked)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	next.ServeHTTP(w, r)
	return true
}

// overwrite does what a request asks, and then somebody decides otherwise.
func overwrite(h *house, next http.Handler, w http.ResponseWriter, r *http.Request) bool {
	next.ServeHTTP(w, r)
	path := strings.TrimRight(r.URL.Path, "/")
	switch {
	case r.Method == http.MethodPatch && strings.Contains(path, "/accounts/"):
		properties := h.raw("GET", path, nil).Get("properties").Value().(object)
		properties["billing_id"] = "theirs"
		h.raw("PATCH", path, object{"properties": properties})
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/custom_property_values"):
		definition := h.raw("GET", path, nil).Get("0.definition_id").Value()
		h.raw("POST", path, object{"definition": definition, "value": -7})
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/relationships"):
		h.raw("POST", path, object{"definition": h.raw("GET", path, nil).Get("0.definition.id").Value(), "user": 1})
	case r.Method != http.MethodGet && strings.Contains(path, "/persons/") && !strings.Contains(path, "batch_by_"):
		at, action, _ := strings.Cut(strings.TrimPrefix(path, api+"persons/"), "/")
		key := map[string]string{"delete_property": "old"}[action]
		if _, there := h.find(at); there {
			h.raw("POST", api+"persons/"+at+"/update_property", object{"key": cmp.Or(key, "plan"), "value": "theirs"})
		}
	}
	return true
}

// verdicts counts what receipts said of writes that did and did not come about.
type verdicts struct {
	calls, struck, done, missed, falseAlarms int
	outcomes                                 map[string]int
	wrong                                    []string
}

// judge holds a receipt against the truth. Whoever was told "applied" finds what
// they asked for, and nobody else does.
func (c *verdicts) judge(tool string, answer result, was, is string, asked bool) {
	c.calls++
	outcome := answer.str("outcome")
	if answer.isError {
		outcome = "refused"
	}
	c.outcomes[outcome]++
	right := true
	switch outcome {
	case "applied":
		right = asked
	case "ignored":
		right = was == is && !asked
	case "partial":
		right = was != is && !asked
	case "pending", "overridden":
		right = !asked
	case "refused":
		right = was == is
	default:
		right = false
	}
	switch {
	case asked:
		c.done++
	case outcome == "applied":
		c.missed++
	}
	if asked && outcome != "applied" {
		c.falseAlarms++
	}
	if !right {
		c.wrong = append(c.wrong, fmt.Sprintf("%s: was %s, is %s: %s", tool, was, is, answer.text))
	}
}

// Whatever fails behind an answer that looks well, each tool's receipt says what
// is there: applied if all of it is, and only then.
func TestReceiptsOfSilentFailures(t *testing.T) {
	t.Parallel()
	for _, failure := range silentFailures {
		for _, generation := range []string{"documented", "bridge", "current"} {
			if failure.only == "" && generation == "bridge" || failure.only != "" && failure.only != generation {
				continue
			}
			t.Run(failure.name+" "+generation, func(t *testing.T) {
				t.Parallel()
				failure.try(t, generation)
			})
		}
	}
}

// try has every tool write while a failure strikes half of the requests.
func (f silent) try(t *testing.T, generation string) {
	var h *house
	var mu sync.Mutex
	var striking atomic.Bool
	luck, count := rand.New(rand.NewPCG(3, 3)), verdicts{outcomes: map[string]int{}}
	wrap := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			strikes := f.strike != nil && striking.Load() && isWriteRequest(r) && luck.IntN(2) == 0
			mu.Unlock()
			if !strikes || !f.strike(h, next, w, r) {
				next.ServeHTTP(w, r)
				return
			}
			mu.Lock()
			count.struck++
			mu.Unlock()
		})
	}
	clock := newMoving()
	options := sandbox.Options{Empty: true, Lag: f.lag, IndexLag: &f.indexLag, Now: clock.Now}
	h = open(t, setup{generation: generation, journal: file(t), sandbox: options, wrap: wrap})
	h.raw("POST", api+"custom_property_definitions", object{"name": "Score", "display_type": "number"})
	type attempt struct {
		trial
		tool string
	}
	var attempts []attempt
	for n := range rounds(2, 100) {
		for _, name := range slices.Sorted(maps.Keys(trials)) {
			concerned := f.strikes == nil || f.strikes(name)
			if concerned && (generation == generations[0].name || isOfAccounts(name)) { // persons are the same on all
				tool, _, _ := strings.Cut(name, " ")
				attempts = append(attempts, attempt{trials[name](h, clock, 100*len(attempts)+n), tool})
			}
		}
	}
	striking.Store(true)
	if f.loses {
		h.sandbox.SetFaults(sandbox.Fault{Kind: sandbox.FaultLostEvent, Rate: 0.3})
	}
	crowd(len(attempts), func(n int) {
		a := attempts[n]
		was := a.state()
		answer := h.confirmed(a.tool, a.arguments)
		is, asked := a.state(), a.asked()
		mu.Lock()
		defer mu.Unlock()
		count.judge(a.tool, answer, was, is, asked)
	})
	require.Empty(t, count.wrong)
	require.Zero(t, count.missed)
	require.LessOrEqual(t, count.falseAlarms*100, count.calls, "false alarms")
	require.Equal(t, f.strike != nil, count.struck > 0)
	t.Logf("%d calls, %d requests struck, outcomes %v: %d came about, 0 receipts wrong, %d missed, %d false alarms",
		count.calls, count.struck, count.outcomes, count.done, count.missed, count.falseAlarms)
}
