// Package sandbox is a PostHog look-alike over HTTP: the accounts and persons
// APIs with the identity and capture endpoints around them, held in memory.
//
// It imitates PostHog's real behaviour, traps included, and is never kinder
// than PostHog: what a client gets away with here, it gets away with there.
// Newcomers run it with --sandbox, and it is the test bed of every other
// package.
//
// A reader new to the package goes: sandbox.go (what it is made of), route.go
// (how a request finds its action, in PostHog's order of checks), reply.go
// (both error shapes), then one file per API area. faults.go is how all of it
// can fail.
package sandbox

import (
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Profile names the PostHog generation that a sandbox imitates.
type Profile string

// The generations, each with what marks it.
const (
	// Documented is the generation of the published API pages: roles live in
	// an account's properties and notes are rich-text documents.
	Documented Profile = "documented"
	// Current is the newest PostHog: roles are relationships, notes are
	// Markdown, and accounts can be churned or ignored.
	Current Profile = "current"
)

// Well-known values of a fresh sandbox.
const (
	// DefaultKey belongs to user 1, an admin, with every scope.
	DefaultKey = "phx_sandbox"
	// ProjectToken is the public token that capture requests carry.
	ProjectToken = "phc_sandbox"
	// ProjectID is the one project.
	ProjectID int64 = 1
)

// Options are the switches of a sandbox. The zero value is the seeded
// portfolio in the documented generation, with no lag and no throttles.
type Options struct {
	Profile  Profile
	Empty    bool          // start without accounts and persons
	Keys     []Key         // in addition to DefaultKey
	Lag      time.Duration // from an asynchronous write's answer to its effect
	Throttle bool          // enforce PostHog's rate limits, as its cloud does

	// IndexLag is the time from a person's change in the store to that in the
	// index, which lists and filters read. It is Lag again unless it is set.
	IndexLag *time.Duration

	// RetryAfter adds the header of that name to throttled replies. PostHog's
	// error handler loses it, so a client must read the wait from the text.
	RetryAfter bool

	// Bridge makes it the server between the two profiles: relationships hold
	// the roles, and role keys in properties vanish without a word.
	Bridge bool
	// EarlierCurrent makes it an earlier step of the current generation: role
	// keys are refused already, but notes are rich text, a caller's documents
	// are kept as they are, and a custom property cannot be cleared.
	EarlierCurrent bool

	// Controlled names the relationship definitions that are controlled: what
	// PostHog's own MCP server may not change, and nobody may delete.
	Controlled []string
	// EndableByKeys gives the end of a relationship the scope account:write.
	// The code read maps none, so that keys are refused.
	EndableByKeys bool

	// MCPReadOnly is the organisation's switch that allows PostHog's own MCP
	// server nothing but reading. It knows that server by its User-Agent.
	MCPReadOnly bool
	// NoMemberKeys is the organisation's switch that forbids personal API keys
	// to members who are no admins.
	NoMemberKeys bool

	// CaptureFails loses every event that person writes send, which PostHog
	// answers with 202 all the same.
	CaptureFails bool

	// Persons2025 has persons behave as in the code of late 2025, which
	// self-hosted servers still run.
	Persons2025 bool

	// Faults are the ways in which the server, the network and what stands
	// between fail, from the start; SetFaults changes them. Seed decides which
	// requests they strike.
	Faults []Fault
	Seed   int64

	// Now is the clock, time.Now unless a test sets it.
	Now func() time.Time
}

// Sandbox is one in-memory PostHog. It is an http.Handler, safe for
// concurrent use.
type Sandbox struct {
	opts           Options
	gen            generation
	propertySchema []accountProperty
	now            func() time.Time
	start          time.Time // seeded dates count back from here: the minute it began in, which others share
	mux            *http.ServeMux
	keys           map[string]*Key

	throttles throttles
	faults    atomic.Pointer[faultPlan] // nil when nothing fails

	mu      sync.RWMutex // guards everything below
	org     organization
	project project

	accounts         accountStore
	notebooks        notebookStore
	customProperties customPropertyStore
	relationships    relationshipStore
	persons          personStore
}

// New builds a sandbox. It starts nothing and allocates the seeded rows only
// when a request first needs them.
func New(opts Options) *Sandbox {
	if opts.Profile == "" {
		opts.Profile = Documented
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Sandbox{
		opts:  opts,
		gen:   opts.generation(),
		now:   opts.Now,
		start: opts.Now().UTC().Truncate(time.Minute),
		mux:   http.NewServeMux(),
		keys:  map[string]*Key{},
	}
	s.propertySchema = s.gen.propertySchema()
	s.seedIdentity()
	s.addKey(Key{Value: DefaultKey, Scopes: []string{"*"}})
	for _, key := range opts.Keys {
		s.addKey(key)
	}
	s.routeIdentity()
	s.routeAccounts()
	s.routeNotebooks()
	s.routeCustomProperties()
	s.routeRelationships()
	s.routeAccountExtras()
	s.routePersons()
	s.routeCapture()
	s.mux.HandleFunc("/", endpointNotFound)
	s.SetFaults(opts.Faults...)
	return s
}

// ServeHTTP answers as PostHog would, or fails as Options.Faults say.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if plan := s.faults.Load(); plan != nil {
		plan.serve(w, r, s.serve)
		return
	}
	s.serve(w, r)
}

// serve answers a request that no fault has struck. A trailing slash is
// optional on every route, and no redirect is ever issued: a path that the mux
// would clean up leads nowhere.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	if trimmed := strings.TrimRight(r.URL.EscapedPath(), "/"); trimmed != r.URL.EscapedPath() && trimmed != "" {
		r2 := r.Clone(r.Context())
		r2.URL.Path = strings.TrimRight(r.URL.Path, "/")
		if r.URL.RawPath != "" {
			r2.URL.RawPath = trimmed
		}
		r2.RequestURI = r.RequestURI // next and previous links keep the caller's own path
		r = r2
	}
	if s.gen.onlyProjects() {
		r = withoutEnvironments(r)
	}
	if escaped := r.URL.EscapedPath(); path.Clean(escaped) != escaped {
		endpointNotFound(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func endpointNotFound(w http.ResponseWriter, _ *http.Request) {
	notFound("Endpoint not found.").send(w)
}

// withoutEnvironments is a request as the current generation sees it: it knows
// no environments, and takes each for the project of that number.
func withoutEnvironments(r *http.Request) *http.Request {
	const environments, projects = "/api/environments/", "/api/projects/"
	if !strings.HasPrefix(r.URL.Path, environments) {
		return r
	}
	rewritten := r.Clone(r.Context())
	rewritten.URL.Path = projects + strings.TrimPrefix(r.URL.Path, environments)
	if raw, is := strings.CutPrefix(r.URL.RawPath, environments); is {
		rewritten.URL.RawPath = projects + raw
	}
	if sent, is := strings.CutPrefix(r.RequestURI, environments); is {
		rewritten.RequestURI = projects + sent
	}
	return rewritten
}
