package tools_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// drill is how hard reading is tried under faults.
type drill struct {
	long       bool
	calls      int // of each tool, for all kinds of faults in turn, and again for all of them at once
	concurrent int // calls of each tool at a time
	timeouts   client.Timeouts
	slow       time.Duration
}

// drillRate is the share of the reads that each kind strikes.
const drillRate = 0.10

// theDrill is short by default. LONG=1 makes it 1,000 calls with the waits
// that the released program has.
func theDrill() drill {
	if os.Getenv("LONG") != "" {
		return drill{long: true, calls: 1000, concurrent: 16, slow: time.Second}
	}
	quick := client.Timeouts{Read: time.Second, Retry: 700 * time.Millisecond, Write: time.Second}
	if raceDetector { // everything takes longer, and CI makes all the calls without it
		quick = client.Timeouts{Read: 4 * time.Second, Retry: 3 * time.Second, Write: 4 * time.Second}
		return drill{calls: 16, concurrent: 4, timeouts: quick, slow: 50 * time.Millisecond}
	}
	return drill{calls: 40, concurrent: 16, timeouts: quick, slow: 50 * time.Millisecond}
}

// questions are calls of the reading tools, each in several forms, of things
// that exist and of things that do not.
var questions = map[string][]object{
	"list_accounts": {
		{}, {"search": "acme"}, {"csm": "grace@example.com", "limit": 5, "search": "an"}, {"all_roles_unassigned": true},
		{"search": "no account is called this"}, {"tags": []string{"q4-renewal"}, "ordering": "name", "include_churned": true, "include_ignored": true},
	},
	"get_account": {
		{"account": seed.AcmeID}, {"account": seed.AcmeExternalID, "include": []string{"custom_properties", "notebooks", "relationships"}},
		{"account": seed.AcmeStripeID}, {"account": seed.NorthwindName}, {"account": "019aaaaa-0000-7000-8000-000000000000"}, {"account": "no such company"},
	},
	"list_notebooks": {{"account": seed.AcmeID}, {"account": seed.AcmeName, "search": "fleet"}, {"account": seed.AcmeID, "search": "zyzzyva"}},
	"get_notebook": {
		{"account": seed.AcmeID, "notebook": "latest"}, {"account": seed.AcmeName, "notebook": seed.AcmeLatestNote}, {"account": seed.AcmeID, "notebook": "nosuchnote"},
	},
	"list_custom_properties": {{}, {"account": seed.AcmeID}, {"account": seed.AcmeName, "limit": 5}},
	"list_persons": {
		{"search": "terminal-7"}, {"limit": 50}, {"email": seed.TwinEmail}, {"properties": []object{{"key": "plan", "value": "scale"}}}, {"search": "zyzzyva"},
	},
	"get_person": {
		{"person": seed.TwinUUIDA}, {"person": seed.MergedDistinctID}, {"person": "blake.hartnell@example.com"}, {"person": seed.TwinEmail}, {"person": "nobody@example.com"},
	},
	"list_person_activity":           {{"person": seed.MergedPersonUUID}, {"person": seed.TwinDistinctA}},
	"get_person_properties_timeline": {{"person": seed.MergedPersonUUID}, {"person": seed.TwinDistinctB}},
	"resolve":                        {{"query": seed.AcmeStripeID}, {"query": seed.NorthwindName}, {"query": seed.MergedPersonUUID}, {"query": "019aaaaa-0000-7000-8000-000000000000"}},
	"get_account_brief":              {{"account": seed.AcmeID, "max_tokens": 50_000}, {"account": seed.NorthwindA, "kind": "handover", "max_tokens": 50_000}, {"account": "no such company"}},
	"search_notes":                   {{"query": "exports", "limit": 3}, {"query": "acme", "limit": 3}, {"account": seed.AcmeID, "query": "fleet"}, {"query": "zyzzyva"}},
	"whoami":                         {{}},
}

// With every kind of fault at ten per cent of the reads, by itself and all at
// once, each call of each reading tool ends in the right answer or says that
// PostHog did not give one. What is right is what the same PostHog answers
// when nothing fails.
func TestReadsUnderFaults(t *testing.T) {
	t.Parallel()
	drilled := []string{"documented", "current"}
	if raceDetector {
		drilled = []string{"current"} // which is read in more ways; CI drills both without the race detector
	}
	for _, generation := range drilled {
		t.Run(generation, func(t *testing.T) {
			t.Parallel()
			d := theDrill()
			p := &practice{TB: t, drill: d, generation: generation, shared: open(t, setup{generation: generation}).sandbox, tallies: map[string]*tally{}, struck: map[sandbox.FaultKind]int{}, asked: map[string]int{}}
			p.learnTruth()
			kinds := slices.DeleteFunc(sandbox.FaultKinds(), func(kind sandbox.FaultKind) bool { return kind == sandbox.FaultLostEvent }) // reads send none
			for _, kind := range kinds {
				phase := "in turn"
				if kind == sandbox.FaultHang {
					phase = "hang" // by itself: who hangs decides how long it takes
				}
				p.run(phase, (d.calls+len(kinds)-1)/len(kinds), kind)
			}
			p.run("at once", d.calls, kinds...)
			t.Logf("every kind of fault at %.0f %% of the reads, %s:\n%s\nstruck: %v", 100*drillRate, generation, p, p.struck)
			require.Greater(t, len(p.struck), len(kinds)/2)
			require.True(t, !d.long || len(p.struck) == len(kinds), "a long drill meets every kind: %v", p.struck)
			for name, of := range p.tallies {
				require.Empty(t, of.wrong, name)
				require.True(t, of.right > 0 || !strings.HasSuffix(name, "in turn"), "%s: nothing is right", name)
			}
		})
	}
}

// practice is a drill on one PostHog.
type practice struct {
	testing.TB
	drill
	generation string
	shared     *sandbox.Sandbox
	truth      map[string][]answerOnce

	struck map[sandbox.FaultKind]int
	asked  map[string]int // by tool; only to take the forms of its question in turn

	mu      sync.Mutex
	tallies map[string]*tally // by phase and tool
}

// answerOnce is what a question is answered when nothing fails, and how often
// a request of it is made more than once even then.
type answerOnce struct {
	text    string
	repeats int
}

// tally counts how the calls of one tool ended.
type tally struct {
	right, honest, requests, retries int
	wrong                            []string
	took                             []time.Duration
}

func (p *practice) learnTruth() {
	p.truth = map[string][]answerOnce{}
	for tool, forms := range questions {
		for _, arguments := range forms {
			h := open(p, setup{generation: p.generation, shared: p.shared, client: []client.Option{client.WithTransport(&counting{next: http.DefaultTransport})}})
			answer, count := p.ask(h, tool, arguments)
			require.NotContains(p, answer.text, outage)
			_, repeats := count.requests()
			p.truth[tool] = append(p.truth[tool], answerOnce{h.comparable(answer), repeats})
		}
	}
}

// run makes calls of all tools at the same time, each with a client that knows
// nothing yet, while faults of these kinds strike.
func (p *practice) run(phase string, calls int, kinds ...sandbox.FaultKind) {
	houses := map[string]*house{}
	for tool := range questions {
		transport := &http.Transport{MaxIdleConnsPerHost: p.concurrent}
		p.Cleanup(transport.CloseIdleConnections)
		houses[tool] = open(p, setup{generation: p.generation, shared: p.shared, client: []client.Option{
			client.WithTransport(&counting{next: transport}), client.WithTimeouts(p.timeouts),
		}})
	}
	var faults []sandbox.Fault
	for _, kind := range kinds {
		faults = append(faults,
			sandbox.Fault{Kind: kind, Rate: drillRate, Method: http.MethodGet, Wait: p.wait(kind)},
			sandbox.Fault{Kind: kind, Rate: drillRate, Method: http.MethodPost, Path: "batch_by_", Wait: p.wait(kind)})
	}
	p.shared.SetFaults(faults...)
	var all errgroup.Group
	for tool, h := range houses {
		first := p.asked[tool]
		p.asked[tool] += calls
		all.Go(func() error {
			var group errgroup.Group
			group.SetLimit(p.concurrent)
			for n := range calls {
				group.Go(func() error { p.call(phase, h, tool, first+n); return nil })
			}
			return group.Wait()
		})
	}
	require.NoError(p, all.Wait())
	for kind, times := range p.shared.InjectedFaults() {
		p.struck[kind] += times
	}
	for _, h := range houses {
		h.requests() // of no further use
	}
}

func (p *practice) wait(kind sandbox.FaultKind) time.Duration {
	if kind == sandbox.FaultSlow {
		return p.slow
	}
	return time.Second
}

// call asks one question and judges the answer. Every other time the project
// is named, so that not all depends on looking that up.
func (p *practice) call(phase string, h *house, tool string, n int) {
	form := n / 2 % len(questions[tool])
	arguments := questions[tool][form]
	if n%2 == 0 {
		arguments = with(arguments, "project_id", 1)
	}
	began := time.Now()
	answer, count := p.ask(h, tool, arguments)
	took := time.Since(began)
	truth := p.truth[tool][form]

	p.mu.Lock()
	defer p.mu.Unlock()
	name := tool + "\t" + phase
	of := p.tallies[name]
	if of == nil {
		of = &tally{}
		p.tallies[name] = of
	}
	of.took = append(of.took, took)
	all, repeats := count.requests()
	of.requests += all
	of.retries += max(0, repeats-truth.repeats)
	switch {
	case h.comparable(answer) == truth.text:
		of.right++
	case answer.isError && saysSo(tool, answer.text), saysWhatIsMissing(tool, h.comparable(answer), truth.text):
		of.honest++
	default:
		of.wrong = append(of.wrong, fmt.Sprintf("%v: %.4000s", arguments, answer.text))
	}
}

// saysSo tells whether a refusal says that PostHog did not answer. It refuses
// the timeline to every key, and of that refusal half may arrive.
func saysSo(tool, text string) bool {
	return strings.Contains(text, outage) || strings.Contains(text, "limits the rate") ||
		tool == "get_person_properties_timeline" && strings.HasPrefix(text, "Could not get the properties timeline: PostHog does not allow this")
}

// saysWhatIsMissing tells whether an answer that may lack something says what
// it lacks, and is right about the rest.
func saysWhatIsMissing(tool, text, truth string) bool {
	const begin = `{"untrusted":"` // goes with the mark
	answer, whole := gjson.Parse(begin+text+"}"), gjson.Parse(begin+truth+"}")
	switch tool {
	case "get_account_brief":
		failed := answer.Get("brief.not_read").Map()
		for section, why := range failed {
			if !saysSo(tool, why.String()) || answer.Get("brief").Get(section).Exists() && section != "changes" {
				return false
			}
		}
		right := len(failed) > 0
		for _, section := range []string{"roles", "custom_properties", "notes", "people"} {
			right = right && (failed[section].Exists() || answer.Get("brief."+section).Raw == whole.Get("brief."+section).Raw)
		}
		return right
	case "search_notes":
		return strings.Contains(answer.Get("note").String(), "nothing may be concluded about their notes") && !answer.Get("total").Exists()
	}
	return false
}

func (p *practice) ask(h *house, tool string, arguments object) (result, *requestCount) {
	count := &requestCount{of: map[string]int{}}
	answer, err := h.tryIn(context.WithValue(context.Background(), countKey{}, count), h.key, tool, arguments)
	if err != nil {
		answer = result{text: "protocol error: " + err.Error(), isError: true}
	}
	return answer, count
}

// comparable is an answer without what differs from house to house and from
// call to call: the address of PostHog, the marks of the fence, the age of the index, and the remark
// that roles were remembered.
func (h *house) comparable(answer result) string {
	text := indexAge.ReplaceAllString(answer.text, "")
	return strings.NewReplacer(
		h.origin, "", `,"note":"Roles that somebody changed in the last two minutes may be shown as they were."`, "",
	).Replace(fences.ReplaceAllString(text, ""))
}

var indexAge = regexp.MustCompile(`"index_age_seconds":\d+,`)

// requestCount is the requests of one call, which its context carries.
type requestCount struct {
	mu sync.Mutex
	of map[string]int
}

type countKey struct{}

// requests are all that were made so far, and those among them that repeated
// another; a request that nobody waits for any more may still be under way.
func (c *requestCount) requests() (all, repeats int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.of {
		all += n
	}
	return all, all - len(c.of)
}

// counting counts requests for the call that they are made for.
type counting struct{ next http.RoundTripper }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if count, ok := r.Context().Value(countKey{}).(*requestCount); ok {
		count.mu.Lock()
		count.of[r.Method+" "+r.URL.String()]++
		count.mu.Unlock()
	}
	return c.next.RoundTrip(r)
}

// String is the table of the tallies.
func (p *practice) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "tool\tfaults\tcalls\tright\thonest\twrong\trequests\tretries\tp50\tp99")
	for _, name := range slices.Sorted(maps.Keys(p.tallies)) {
		of := p.tallies[name]
		slices.Sort(of.took)
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", name, len(of.took), of.right, of.honest, len(of.wrong), of.requests, of.retries, of.percentile(50), of.percentile(99))
	}
	_ = table.Flush() // a Builder takes everything
	return text.String()
}

func (of *tally) percentile(percent float64) time.Duration {
	at := int(math.Ceil(percent/100*float64(len(of.took)))) - 1
	return of.took[max(at, 0)].Round(time.Millisecond)
}
