package sandbox_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

// The contract is one table of facts about PostHog, each a row: where it was
// read, the servers it holds on, requests and what they answer. The rows are
// in contract_*_test.go; this file says what a row is. TestContract holds
// every sandbox to them, and TestLive (live_test.go) a real PostHog.

// servers are servers that a fact holds on.
type servers uint8

const (
	onDocumented servers = 1 << iota
	onBridge
	onEarlier
	onCurrent
	onPersons2025 // documented accounts, persons of late 2025

	everywhere        = onDocumented | onBridge | onEarlier | onCurrent | onPersons2025
	rolesInProperties = onDocumented | onPersons2025
	relationships     = onBridge | onEarlier | onCurrent
	tracking          = onEarlier | onCurrent
	untracked         = everywhere &^ tracking
	beforeCurrent     = everywhere &^ onCurrent
	newestPersons     = everywhere &^ onPersons2025
)

// lookAlikes are the sandboxes that imitate each server, the most likely one
// to be met first.
var lookAlikes = []struct {
	name string
	is   servers
	opts sandbox.Options
}{
	{"current", onCurrent, sandbox.Options{Profile: sandbox.Current}},
	{"documented", onDocumented, sandbox.Options{}},
	{"bridge", onBridge, sandbox.Options{Bridge: true}},
	{"earlier current", onEarlier, sandbox.Options{Profile: sandbox.Current, EarlierCurrent: true}},
	{"persons of 2025", onPersons2025, sandbox.Options{Persons2025: true}},
}

// names lists servers for a reader.
func (s servers) names() string {
	var names []string
	for _, l := range lookAlikes {
		if s&l.is != 0 {
			names = append(names, l.name)
		}
	}
	return strings.Join(names, ", ")
}

// claim is a row: one fact.
type claim struct {
	section string // of the reference: A is that of accounts, P that of persons
	fact    string
	on      servers
	covers  string // points of the references' checklists that it shows
	steps   []step

	needs string // what must be found in the project for it to apply, besides the {names}

	// given changes the sandbox that the row needs. Rows with it, like rows that
	// write, have an empty sandbox of their own; the others share a seeded one.
	given func(*sandbox.Options)
	// here says why a row that only reads must not be sent to a real PostHog.
	here string
}

// readsOnly tells whether a row may be held against somebody's PostHog.
func (c claim) readsOnly() bool { return c.here == "" && c.untouched() }

// untouched tells whether a row leaves the sandbox as it was.
func (c claim) untouched() bool {
	return c.given == nil && !slices.ContainsFunc(c.steps, func(s step) bool { return !onlyReads(s.method, s.path) })
}

// step is a request and what its answer shows. {names} in its path, its body
// and its checks are filled in: with what was found in the project (discover),
// and with what earlier steps kept.
type step struct {
	method, path, body string // path: below the project unless it begins with a slash
	header             http.Header
	key                string        // the default key unless given, nobody for none
	times              int           // once unless given
	wait               time.Duration // on the sandbox's clock, before it is sent
	checks             []check
	keeps              map[string]string // name to gjson path
}

// nobody is a key that is not sent.
const nobody = "nobody"

func read(path string) step          { return step{method: http.MethodGet, path: path} }
func remove(path string) step        { return step{method: http.MethodDelete, path: path} }
func post(path, body string) step    { return step{method: http.MethodPost, path: path, body: body} }
func patch(path, body string) step   { return step{method: http.MethodPatch, path: path, body: body} }
func replace(path, body string) step { return step{method: http.MethodPut, path: path, body: body} }

// event is a capture request: an event of that name with these properties.
func event(name, distinctID, properties string) step {
	body := fmt.Sprintf(`{"api_key":"phc_sandbox","event":%q,"distinct_id":%q,"properties":%s}`, name, distinctID, properties)
	return step{method: http.MethodPost, path: "/i/v0/e/", body: body, key: nobody}.gives(200, is("status", `"Ok"`))
}

func (s step) as(key string) step { s.key = key; return s }

// after waits first, on the clock of the row's own sandbox.
func (s step) after(wait time.Duration) step { s.wait = wait; return s }

func (s step) repeated(times int) step { s.times = times; return s }

func (s step) with(name, value string) step {
	s.header = http.Header{}
	s.header.Set(name, value)
	return s
}

// gives adds the status and what else the answer must show.
func (s step) gives(status int, checks ...check) step {
	s.checks = append([]check{hasStatus(status)}, checks...)
	return s
}

// keep remembers a value of the answer for later steps.
func (s step) keep(name, path string) step {
	s.keeps = maps.Clone(s.keeps)
	if s.keeps == nil {
		s.keeps = map[string]string{}
	}
	s.keeps[name] = path
	return s
}

// onlyReads tells whether a request cannot change anything: a GET, or one of
// the two look-ups that PostHog has as POST.
func onlyReads(method, path string) bool {
	path, _, _ = strings.Cut(path, "?")
	lookUp := strings.HasSuffix(path, "persons/batch_by_distinct_ids/") || strings.HasSuffix(path, "persons/batch_by_uuids/")
	return method == http.MethodGet || method == http.MethodPost && lookUp
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// fill puts known values into a text, each as escape has it, and names one
// that is not known.
func fill(text string, known map[string]string, escape func(string) string) (filled, unknown string) {
	filled = placeholder.ReplaceAllStringFunc(text, func(found string) string {
		value, is := known[found[1:len(found)-1]]
		if !is {
			unknown = found[1 : len(found)-1]
		}
		return escape(value)
	})
	return filled, unknown
}

// fillPath fills the path and the query of a URL.
func fillPath(path string, known map[string]string) (filled, unknown string) {
	path, query, hasQuery := strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") {
		path = "/api/projects/{project}/" + path
	}
	filled, unknown = fill(path, known, url.PathEscape)
	if !hasQuery {
		return filled, unknown
	}
	query, missing := fill(query, known, url.QueryEscape)
	if unknown == "" {
		unknown = missing
	}
	return filled + "?" + strings.NewReplacer(" ", "%20", `"`, "%22").Replace(query), unknown
}

// inJSON escapes a text for the inside of a JSON string.
func inJSON(text string) string {
	quoted, _ := json.Marshal(text) // a text can always be encoded
	return string(quoted[1 : len(quoted)-1])
}

// verdict is what became of a row.
type verdict struct {
	outcome string // agrees, differs, does not apply
	why     string // without values of the answer
}

const (
	agrees    = "agrees"
	differs   = "differs"
	appliesNo = "does not apply"
)

// asker sends a step whose path and body are filled in.
type asker func(s step) (answer, error)

// against holds a row against a server, of which some things are known.
func (c claim) against(ask asker, known map[string]string) verdict {
	known = maps.Clone(known)
	if _, is := known[c.needs]; !is && c.needs != "" {
		return verdict{appliesNo, foundNo(c.needs)}
	}
	for _, s := range c.steps {
		if v := s.against(ask, known); v.outcome != agrees {
			return v
		}
	}
	return verdict{outcome: agrees}
}

func foundNo(name string) string { return "found no " + strings.ReplaceAll(name, "_", " ") + " here" }

func (s step) against(ask asker, known map[string]string) verdict {
	sent := s
	var unknown [2]string
	sent.path, unknown[0] = fillPath(s.path, known)
	sent.body, unknown[1] = fill(s.body, known, inJSON)
	if missing := cmp.Or(unknown[0], unknown[1]); missing != "" {
		return verdict{appliesNo, foundNo(missing)}
	}
	var got answer
	for range max(1, s.times) {
		var err error
		if got, err = ask(sent); err != nil {
			return verdict{differs, fmt.Sprintf("%s %s: %v", s.method, s.path, err)}
		}
	}
	for _, c := range s.checks {
		if !c.holds(got, func(text string) string { filled, _ := fill(text, known, inJSON); return filled }) {
			return denied(s, got, c)
		}
	}
	for name, path := range s.keeps {
		known[name] = got.at(path).String()
	}
	return verdict{outcome: agrees}
}

// denied is the verdict of an answer that fails a check. A key that may not
// ask says nothing about the fact.
func denied(s step, got answer, c check) verdict {
	detail := got.at("detail").String()
	if s.key == "" && got.status == http.StatusForbidden && strings.HasPrefix(detail, "API key") {
		return verdict{appliesNo, "the key may not ask: " + mask(detail)}
	}
	return verdict{differs, fmt.Sprintf("%s %s: expected %s; it answered %d %s", s.method, s.path, c.says, got.status, shape(got))}
}

// asker sends the steps of a row to a sandbox with that clock.
func (h *harness) asker(now *clock) asker {
	return func(s step) (answer, error) {
		h.Helper()
		now.advance(s.wait)
		head := s.header.Clone()
		if head == nil {
			head = http.Header{}
		}
		key := s.key
		if key == "" {
			key = sandbox.DefaultKey
		}
		if key != nobody && head.Get("Authorization") == "" {
			head.Set("Authorization", "Bearer "+key)
		}
		if s.body != "" && head.Get("Content-Type") == "" {
			head.Set("Content-Type", "application/json")
		}
		return h.send(s.method, s.path, head, s.body), nil
	}
}

// contract is the whole table.
func contract() []claim {
	return slices.Concat(accountReads, accountWrites, accountKeys, notebookFacts, propertyFacts, relationshipFacts, personReads, personWrites, personKeys, captureFacts)
}

// Every sandbox answers as the table says: a fact holds on the servers of its
// row, and, which keeps that column honest, on no other.
func TestContract(t *testing.T) {
	t.Parallel()
	for _, l := range lookAlikes {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			seeded := start(t, l.opts)
			known, err := discover(seeded.asker(newClock()), "1")
			require.NoError(t, err)
			for _, c := range contract() {
				t.Run(c.section+" "+c.fact, func(t *testing.T) {
					now := newClock()
					h, found := &harness{TB: t, Sandbox: seeded.Sandbox, url: seeded.url}, known
					if !c.untouched() {
						opts := l.opts
						opts.Empty, opts.Now = true, now.Now
						if c.given != nil {
							c.given(&opts)
						}
						h, found = start(t, opts), map[string]string{"project": "1"}
					}
					got := c.against(h.asker(now), found)
					if c.on&l.is != 0 {
						require.Equal(t, agrees, got.outcome, got.why)
					} else {
						require.NotEqual(t, agrees, got.outcome, "the fact holds here too: say so in its row")
					}
				})
			}
		})
	}
}
