package client

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// Client talks to one PostHog. It is safe for concurrent use and meant to be one per process: sessions
// share its connections and limits. It holds no credential; see As.
type Client struct {
	base      *url.URL
	http      *http.Client
	userAgent string
	timeouts  Timeouts
	retry     retrypolicy.RetryPolicy[*response]
	root      string // the path segment before a project's number: "projects" or "environments"
	known     *knowledge
	budgets   *budgets
	flights   *flights
}

// Timeouts bound calls. A zero field keeps its default.
type Timeouts struct {
	// Read bounds a whole read, retries included; it is what a hung server costs (default 30 s).
	Read time.Duration
	// Retry bounds a read that has failed at least once: it has ended, well or badly, by then (default 10 s).
	Retry time.Duration
	// Write bounds a write, which is one attempt (default 30 s).
	Write time.Duration
	// Settle is how long the effect of a write whose answer was lost may still come (default 3 s). The
	// client only keeps it: whoever looks for the effect waits that long before saying that there is none.
	Settle time.Duration
}

// Option adjusts a Client under construction.
type Option func(*settings)

type settings struct {
	userAgent string
	readOnly  bool
	root      string
	base      http.RoundTripper
	timeouts  Timeouts
}

// WithUserAgent sets the User-Agent header. PostHog applies rules for its own MCP server to agents that
// contain "posthog/mcp-server", so New refuses those.
func WithUserAgent(agent string) Option { return func(s *settings) { s.userAgent = agent } }

// WithReadOnly refuses every request that could change something, before a byte of it is sent.
func WithReadOnly() Option { return func(s *settings) { s.readOnly = true } }

// WithTransport replaces the network: tests and the in-process sandbox answer requests themselves.
func WithTransport(base http.RoundTripper) Option { return func(s *settings) { s.base = base } }

// WithTimeouts replaces the default time limits.
func WithTimeouts(timeouts Timeouts) Option { return func(s *settings) { s.timeouts = timeouts } }

// WithEnvironmentRoutes addresses accounts, notebooks, definitions and persons under /api/environments
// instead of /api/projects. Custom property values exist only under /api/projects and stay there.
func WithEnvironmentRoutes() Option { return func(s *settings) { s.root = "environments" } }

// New returns a client of the PostHog at host: "us", "eu", or an origin such as
// https://posthog.example.com, with or without a path prefix. Plain http is allowed for loopback only.
func New(host string, options ...Option) (*Client, error) {
	base, err := parseHost(host)
	if err != nil {
		return nil, err
	}
	chosen := settings{userAgent: "posthog-accounts-mcp", root: "projects"}
	for _, option := range options {
		option(&chosen)
	}
	switch {
	case chosen.userAgent == "" || strings.ContainsFunc(chosen.userAgent, notHeaderRune):
		return nil, errors.New("the user agent is empty or not valid in a header")
	case strings.Contains(strings.ToLower(chosen.userAgent), "posthog/mcp-server"):
		return nil, errors.New("the user agent must not pose as PostHog's own MCP server")
	}
	if chosen.base == nil {
		chosen.base = newTransport()
	}
	return &Client{
		base: base,
		http: &http.Client{
			Transport:     &guard{next: chosen.base, origin: base, readOnly: chosen.readOnly},
			CheckRedirect: checkRedirect(base),
		},
		userAgent: chosen.userAgent,
		timeouts:  chosen.timeouts.withDefaults(),
		retry:     newRetryPolicy(),
		root:      chosen.root,
		known:     newKnowledge(),
		budgets:   newBudgets(),
		flights:   newFlights(),
	}, nil
}

// notHeaderRune reports whether r has no place in the header we send: control characters would split it.
func notHeaderRune(r rune) bool { return r < ' ' || r > '~' }

func (t Timeouts) withDefaults() Timeouts {
	for _, limit := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{{&t.Read, 30 * time.Second}, {&t.Retry, 10 * time.Second}, {&t.Write, 30 * time.Second}, {&t.Settle, 3 * time.Second}} {
		if *limit.value <= 0 {
			*limit.value = limit.fallback
		}
	}
	return t
}

// Origin returns where PostHog is, path prefix included and without a trailing slash.
func (c *Client) Origin() string { return c.base.String() }

// Timeouts returns the limits in force.
func (c *Client) Timeouts() Timeouts { return c.timeouts }

// As returns a session whose every request carries key. It is cheap. A zero key is allowed; its calls
// fail with NoKey.
func (c *Client) As(key Key) *Session {
	return &Session{client: c, key: key, fingerprint: key.Fingerprint()}
}

// Session is a Client seen with one key.
type Session struct {
	client      *Client
	key         Key
	fingerprint string // of key, as deriving it costs more than the rest of a request's preparation
}

// Key returns the key the session's requests carry.
func (s *Session) Key() Key { return s.key }

// Settle returns how long the effect of a write whose answer was lost may still come.
func (s *Session) Settle() time.Duration { return s.client.timeouts.Settle }

// Project returns the project with that number, without asking PostHog whether it exists.
func (s *Session) Project(id int64) *Project { return &Project{session: s, id: id} }

// Project is the scope of all calls about accounts and persons.
type Project struct {
	session *Session
	id      int64
}

// ID returns the project's number.
func (p *Project) ID() int64 { return p.id }

// Session returns the session the project belongs to.
func (p *Project) Session() *Session { return p.session }

// call starts a call on a resource of the project.
func (p *Project) call(method, op string, segments ...string) call {
	return p.callUnder(p.session.client.root, method, op, segments...)
}

// callUnder is call with the path segment before the project's number.
func (p *Project) callUnder(root, method, op string, segments ...string) call {
	c := call{op: op, method: method}
	c.path = append([]string{"api", root, strconv.FormatInt(p.id, 10)}, segments...)
	if p.id <= 0 {
		c.problem = "a project's number is positive"
	}
	return c
}
