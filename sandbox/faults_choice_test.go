package sandbox_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

// lucky is how a run of requests went: the statuses of each path in their
// order.
type lucky map[string][]int

// run sends so many requests to each of four paths, one worker for each.
func run(t *testing.T, s *sandbox.Sandbox, requests int) lucky {
	d := &door{s, s.Transport(), "http://sandbox.invalid"}
	went := lucky{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, call := range []string{"GET " + accountsPath + "?limit=1", "POST " + accountsPath, "GET " + personsPath, "GET /api/users/@me"} {
		wg.Go(func() {
			var method, path string
			_, err := fmt.Sscan(call, &method, &path)
			statuses := make([]int, requests)
			for i := range statuses {
				got, failure := d.send(t.Context(), method, path, `{"name":"Acme"}`)
				statuses[i] = got.status
				if err == nil {
					err = failure
				}
			}
			mu.Lock()
			defer mu.Unlock()
			assert.NoError(t, err)
			went[call] = statuses
		})
	}
	wg.Wait()
	return went
}

func TestFaultSeed(t *testing.T) {
	t.Parallel()
	const requests = 150
	faults := []sandbox.Fault{{Kind: sandbox.FaultServerError, Rate: 0.1}, {Kind: sandbox.FaultThrottled, Rate: 0.1}}
	begin := func(seed int64) *sandbox.Sandbox {
		return sandbox.New(sandbox.Options{Empty: true, Seed: seed, Faults: faults})
	}
	s := begin(1)
	first, counts := run(t, s, requests), s.InjectedFaults()
	t.Run("the same seed has the same luck", func(t *testing.T) {
		other := begin(1)
		require.Equal(t, first, run(t, other, requests))
		require.Equal(t, counts, other.InjectedFaults())
	})
	t.Run("setting the faults again starts over", func(t *testing.T) {
		s.SetFaults(faults...)
		require.Empty(t, s.InjectedFaults())
		require.Equal(t, first, run(t, s, requests))
		require.Equal(t, counts, s.InjectedFaults())
	})
	t.Run("another seed has another", func(t *testing.T) {
		require.NotEqual(t, first, run(t, begin(2), requests))
	})
	t.Run("each path has its own", func(t *testing.T) {
		require.NotEqual(t, first["GET "+accountsPath+"?limit=1"], first["GET "+personsPath])
	})
	t.Run("the rate is about what was asked for, the counts exactly what was seen", func(t *testing.T) {
		seen := map[sandbox.FaultKind]int{}
		for _, statuses := range first {
			for _, status := range statuses {
				if status >= 400 {
					seen[sandbox.FaultKind(strconv.Itoa(status))]++
				}
			}
		}
		require.Equal(t, seen, counts)
		require.InDelta(t, 4*requests/10, counts[sandbox.FaultServerError], 25)
		require.InDelta(t, 4*requests*9/100, counts[sandbox.FaultThrottled], 25, "the first fault goes before it")
	})
}

// Which requests a fault strikes: the statuses of two GETs of accounts, one of
// persons and two POSTs of accounts.
func TestFaultRestrictions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		faults []sandbox.Fault
		want   []int
	}{
		{"none", nil, []int{200, 200, 200, 201, 201}},
		{"all", []sandbox.Fault{{Kind: "500"}}, []int{500, 500, 500, 500, 500}},
		{"a method", []sandbox.Fault{{Kind: "500", Method: "get"}}, []int{500, 500, 500, 201, 201}},
		{"a path", []sandbox.Fault{{Kind: "500", Path: "/persons"}}, []int{200, 200, 500, 201, 201}},
		{"both", []sandbox.Fault{{Kind: "500", Method: "POST", Path: "/accounts"}}, []int{200, 200, 200, 500, 500}},
		{"a query", []sandbox.Fault{{Kind: "500", Path: "offset=1"}}, []int{200, 500, 200, 201, 201}},
		{"once a method and path, whatever the query and slash", []sandbox.Fault{{Kind: "500", Times: 1}}, []int{500, 200, 500, 500, 201}},
		{"the first goes before the second", []sandbox.Fault{{Kind: "500", Times: 1, Method: "POST"}, {Kind: "429", Method: "POST"}}, []int{200, 200, 200, 500, 429}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := start(t, sandbox.Options{Empty: true, Faults: c.faults})
			got := []int{
				h.do("GET", accountsPath+"/", nil).status, h.do("GET", accountsPath+"?offset=1", nil).status, h.do("GET", personsPath+"/", nil).status,
				h.do("POST", accountsPath+"/", `{"name":"Acme"}`).status, h.do("POST", accountsPath, `{"name":"Acme"}`).status,
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestFaultRedirectLeadsToAnotherHost(t *testing.T) {
	t.Parallel()
	doors(t, sandbox.Options{Empty: true, Faults: []sandbox.Fault{{Kind: sandbox.FaultRedirect}}}, func(t *testing.T, d *door) {
		got, err := d.send(t.Context(), "GET", accountsPath+"/?limit=3", "")
		require.NoError(t, err)
		require.Equal(t, "https://elsewhere.invalid"+accountsPath+"/?limit=3", got.header.Get("Location"))
	})
}

func TestFaultNextHost(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{})
	for _, path := range []string{query(accountsPath+"/", "limit", "2", "offset", "4", "ordering", `"<é>&`), personsPath + "/?limit=2&offset=4", personsPath + "/activity/?limit=2&page=2"} {
		right := h.must(200, "GET", path, nil)
		h.SetFaults(sandbox.Fault{Kind: sandbox.FaultNextHost})
		wrong := h.must(200, "GET", path, nil)
		require.Equal(t, map[sandbox.FaultKind]int{sandbox.FaultNextHost: 1}, h.InjectedFaults())
		h.SetFaults()
		for _, name := range []string{"next", "previous"} {
			link := right.get(name).String()
			require.Contains(t, link, h.url)
			require.Equal(t, "http://internal-proxy.invalid"+link[len(h.url):], wrong.get(name).String())
		}
		require.Equal(t, right.keys(""), wrong.keys(""), "nothing else changed")
		require.Equal(t, right.strings("results.#.id"), wrong.strings("results.#.id"))
	}
	h.SetFaults(sandbox.Fault{Kind: sandbox.FaultNextHost})
	h.must(200, "GET", accountsPath+"/?limit=1000", nil)
	require.Empty(t, h.InjectedFaults(), "no links, no fault")
}

// A lost event cannot be seen in the answers of person writes but one, and the
// log has an entry for what never happened.
func TestFaultLostEvent(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Empty: true})
	h.capture(set("u", members{"plan": "pro"}))
	h.SetFaults(sandbox.Fault{Kind: sandbox.FaultLostEvent})
	h.capture(set("u", members{"plan": "captured"}), set("v", nil))
	checkAll(t, h, []fact{
		{"3.3 PATCH swallows it", "PATCH", "/1/", `{"properties":{"plan":"free"}}`, 202, ""},
		{"3.8 so does update_property", "POST", "/1/update_property/", `{"key":"plan","value":"free"}`, 202, ""},
		{"3.9 delete_property tells", "POST", "/1/delete_property/", `{"$unset":"plan"}`, 502, `{"success":false,"detail":"Unable to delete property"}`},
	})
	h.must(200, "GET", personsPath+"/1/", nil)
	h.must(400, "PATCH", personsPath+"/1/", `{}`)
	require.Equal(t, map[sandbox.FaultKind]int{sandbox.FaultLostEvent: 4}, h.InjectedFaults(), "reads and refused writes lose nothing")
	require.Equal(t, "pro", h.person("1").Get("properties.plan").String())
	require.Empty(t, h.owner("v"))
	require.EqualValues(t, 2, h.must(200, "GET", personsPath+"/1/activity/", nil).get("total_count").Int())
}

// A share of the events gets lost, beside whatever else goes wrong: the two do
// not exclude each other.
func TestFaultLostEventsByRate(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Empty: true, Seed: 7})
	h.capture(set("u", nil))
	h.SetFaults(sandbox.Fault{Kind: sandbox.FaultLostEvent, Rate: 0.3}, sandbox.Fault{Kind: sandbox.FaultWrongType, Method: http.MethodPatch})
	const writes = 100
	for i := range writes {
		h.must(202, "PATCH", personsPath+"/1/", members{"properties": members{strconv.Itoa(i): i}})
	}
	lost := h.InjectedFaults()[sandbox.FaultLostEvent]
	require.InDelta(t, 30, lost, 20)
	require.Equal(t, writes, h.InjectedFaults()[sandbox.FaultWrongType])
	require.Len(t, h.person("1").Get("properties").Map(), writes-lost)
}

func TestParseFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]sandbox.Fault{
		"500":                                    {Kind: sandbox.FaultServerError},
		"429:rate=0.1:method=GET:path=/accounts": {Kind: sandbox.FaultThrottled, Rate: 0.1, Method: "GET", Path: "/accounts"},
		"429:wait=90s:header:quiet:times=2":      {Kind: sandbox.FaultThrottled, Wait: 90 * time.Second, Header: true, Quiet: true, Times: 2},
		"504-html:after":                         {Kind: sandbox.FaultGatewayTimeout, After: true},
		"slow:wait=2s:path=limit=5":              {Kind: sandbox.FaultSlow, Wait: 2 * time.Second, Path: "limit=5"},
	} {
		got, err := sandbox.ParseFault(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for text, complaint := range map[string]string{
		"":               `there is no fault "", the kinds are 429, 500, `,
		"418":            `there is no fault "418"`,
		"500:":           `fault 500: it has no option ""`,
		"500:rate=2":     `fault 500: "2" is not a possible rate`,
		"500:rate=0":     `"0" is not a possible rate`,
		"500:rate=x":     `"x" is not a possible rate`,
		"500:rate=NaN":   `"NaN" is not a possible rate`,
		"500:times=0":    `"0" is not a possible times`,
		"500:wait=soon":  `"soon" is not a possible wait`,
		"500:wait=-1s":   `"-1s" is not a possible wait`,
		"500:method":     `"" is not a possible method`,
		"500:path=":      `"" is not a possible path`,
		"500:header":     `it has no option "header"`,
		"slow:after":     `it has no option "after"`,
		"500:after=true": `it has no option "after=true"`,
	} {
		_, err := sandbox.ParseFault(text)
		require.ErrorContains(t, err, complaint)
	}
	for _, kind := range sandbox.FaultKinds() {
		got, err := sandbox.ParseFault(string(kind))
		require.NoError(t, err)
		require.Equal(t, sandbox.Fault{Kind: kind}, got)
	}
}
