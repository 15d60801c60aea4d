package tools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rounds is how often a long run repeats: few times, unless LONG=1 asks for the
// form whose figures are in docs/reliability.md.
func rounds(short, long int) int {
	if os.Getenv("LONG") != "" {
		return long
	}
	return short
}

// intruder is somebody else who writes to the same account. It stands in
// PostHog's door and acts between the requests of the one under test, so that
// every interleaving comes up and what was lost, and when, is known exactly.
type intruder struct {
	*house
	account string
	mu      sync.Mutex
	luck    *rand.Rand
	active  bool
	window  float64 // how likely it acts between the last read and the PATCH
	sloppy  float64 // how likely it replaces properties with what it read earlier

	seq      int
	wrote    map[string]int // by field of its own, when it last wrote it
	model    map[string]any // what its fields have to be
	lastRead int            // when the one under test last read the account
	readAt   time.Time
	inWindow map[string]bool // its fields that a PATCH met in the window
	windows  []time.Duration // from each last read to its PATCH
	stale    object          // properties as it read them some time ago
	acts     int
	replaces int
}

var intruderKeys = []string{"stripe_customer_id", "hubspot_deal_id", "sfdc_id", "zendesk_id", "slack_channel_id"}

// stand puts the intruder in the door.
func (i *intruder) stand(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/accounts") {
			next.ServeHTTP(w, r)
			return
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		isPatch := r.Method == http.MethodPatch
		if i.active {
			likely := 0.5
			if isPatch {
				likely = i.window
			}
			if i.luck.Float64() < likely {
				i.act()
			}
		}
		if isPatch {
			i.windows = append(i.windows, time.Since(i.readAt))
			for field, when := range i.wrote {
				if when > i.lastRead {
					i.inWindow[field] = true
				}
			}
		}
		next.ServeHTTP(w, r)
		if r.Method == http.MethodGet {
			i.lastRead, i.readAt = i.seq, time.Now()
		}
	})
}

// act changes one field of its own, careful with all others, or replaces the
// properties with what it had read earlier.
func (i *intruder) act() {
	i.seq++
	i.acts++
	path := api + "accounts/" + i.account
	now := i.raw("GET", path, nil)
	properties := object{}
	require.NoError(i, json.Unmarshal([]byte(now.Get("properties").Raw), &properties))
	key, value := intruderKeys[i.luck.IntN(len(intruderKeys))], fmt.Sprint("theirs-", i.seq)
	switch {
	case i.luck.Float64() < i.sloppy && i.stale != nil:
		i.replaces++
		replacement := maps.Clone(i.stale)
		for _, own := range intruderKeys { // it knows its own
			if held, there := i.model[own]; there {
				replacement[own] = held
			}
		}
		i.raw("PATCH", path, object{"properties": replacement})
		return
	case i.luck.IntN(5) == 0:
		tags := slices.DeleteFunc(texts(now.Get("tags")), func(tag string) bool { return strings.HasPrefix(tag, "theirs") })
		i.raw("PATCH", path, object{"tags": append(tags, value)})
		i.wrote["tag"], i.model["tag"] = i.seq, value
	case i.luck.IntN(5) == 0:
		i.raw("PATCH", path, object{"name": value})
		i.wrote["name"], i.model["name"] = i.seq, value
	default:
		properties[key] = value
		i.raw("PATCH", path, object{"properties": properties})
		i.wrote[key], i.model[key] = i.seq, value
	}
	i.stale = properties
}

// lost compares its fields with what they have to be: what was lost to a PATCH
// in the window, and what was lost otherwise. It accepts what it finds.
func (i *intruder) lost() (inWindow, outside []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.raw("GET", api+"accounts/"+i.account, nil)
	for field, want := range i.model {
		is := now.Get("properties." + field).Value()
		switch field {
		case "name":
			is = now.Get("name").Value()
		case "tag":
			is = nil
			if slices.Contains(texts(now.Get("tags")), want.(string)) {
				is = want
			}
		}
		switch {
		case is == want:
			continue
		case i.inWindow[field]:
			inWindow = append(inWindow, field)
		default:
			outside = append(outside, field)
		}
		delete(i.model, field)
	}
	clear(i.inWindow)
	return inWindow, outside
}

// intrude opens a house with an account and somebody else who writes to it.
func intrude(t testing.TB, seed uint64, window, sloppy float64) *intruder {
	i := &intruder{
		luck: rand.New(rand.NewPCG(seed, seed)), window: window, sloppy: sloppy,
		wrote: map[string]int{}, model: map[string]any{}, inWindow: map[string]bool{},
	}
	i.house = open(t, setup{wrap: i.stand})
	i.account = i.raw("POST", api+"accounts", object{"name": "Contended", "external_id": "contended"}).Get("id").String()
	i.active = true
	return i
}

// quantile of a list of durations.
func quantile(list []time.Duration, q float64) time.Duration {
	slices.Sort(list)
	return list[int(float64(len(list)-1)*q)]
}
