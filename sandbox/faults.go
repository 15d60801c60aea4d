package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// FaultKind names a way to fail.
type FaultKind string

// The kinds of faults. Those of the first group answer in place of PostHog,
// those of the second do something to PostHog's own answer, and the last one
// cannot be seen in any answer.
const (
	FaultThrottled      FaultKind = "429"        // the wait in the text only, as PostHog does it
	FaultServerError    FaultKind = "500"        // PostHog's own
	FaultBadGateway     FaultKind = "502-html"   // a proxy's page
	FaultUnavailable    FaultKind = "503"        // PostHog's database is away; with Retry-After
	FaultGatewayTimeout FaultKind = "504-html"   // a proxy's page
	FaultLoginPage      FaultKind = "login-page" // a 200 that is no answer at all
	FaultRedirect       FaultKind = "redirect"   // to another host
	FaultCutBefore      FaultKind = "cut-before" // the connection ends; nothing was done
	FaultHang           FaultKind = "hang"       // no answer until the caller gives up

	FaultSlow      FaultKind = "slow"               // everything happens later, even after the caller gave up
	FaultCutAfter  FaultKind = "cut-after"          // the action took effect, then the connection ends
	FaultHalfBody  FaultKind = "half-body"          // the connection ends in the middle of the answer
	FaultWrongType FaultKind = "wrong-content-type" // the answer calls itself a web page
	FaultNextHost  FaultKind = "next-host"          // links to further pages name another host

	FaultLostEvent FaultKind = "lost-event" // the write is accepted and its event never arrives
)

// The first two groups: what answers in place of PostHog, what spoils its answer.
var (
	replacing = []FaultKind{
		FaultThrottled, FaultServerError, FaultBadGateway, FaultUnavailable, FaultGatewayTimeout,
		FaultLoginPage, FaultRedirect, FaultCutBefore, FaultHang,
	}
	spoiling = []FaultKind{FaultSlow, FaultCutAfter, FaultHalfBody, FaultWrongType, FaultNextHost}
)

// FaultKinds are all kinds.
func FaultKinds() []FaultKind { return slices.Concat(replacing, spoiling, []FaultKind{FaultLostEvent}) }

// Fault is a way to fail, and which requests it strikes.
type Fault struct {
	Kind FaultKind

	Rate   float64 // share of the requests it strikes; 0 means all
	Method string  // strikes only this method; empty means any
	Path   string  // strikes only paths and queries that contain this
	Times  int     // strikes a method and path so often at most; 0 means no limit

	// Wait is how long FaultSlow takes, and what FaultThrottled and
	// FaultUnavailable ask the caller to wait. 0 means a second.
	Wait time.Duration
	// Header has FaultThrottled say the wait in Retry-After too, as proxies do.
	Header bool
	// Quiet has FaultThrottled leave the seconds out of its text.
	Quiet bool
	// After has a fault that answers in place of PostHog do so after the action
	// took effect. Without it the action never runs.
	After bool
}

// SetFaults replaces the faults and starts their counts and their seed anew.
// None at all makes everything work again.
//
// Each request draws its own luck from the seed, its method and path, and how
// many such requests came before. So the same seed and the same order of
// requests to each path give the same faults, whatever runs at the same time;
// only ids that PostHog makes up make paths that are new in every run. Where
// several faults would strike, the first in the list does.
func (s *Sandbox) SetFaults(faults ...Fault) {
	if len(faults) == 0 {
		s.faults.Store(nil)
		return
	}
	s.faults.Store(&faultPlan{
		faults: append([]Fault{}, faults...), seed: s.opts.Seed,
		streams: map[string]*faultStream{}, injected: map[FaultKind]int{},
	})
}

// InjectedFaults counts the faults that struck since they were last set.
func (s *Sandbox) InjectedFaults() map[FaultKind]int {
	plan := s.faults.Load()
	if plan == nil {
		return map[FaultKind]int{}
	}
	plan.mu.Lock()
	defer plan.mu.Unlock()
	return maps.Clone(plan.injected)
}

// faultPlan is the faults in force and what became of them.
type faultPlan struct {
	faults []Fault
	seed   int64

	mu       sync.Mutex
	streams  map[string]*faultStream // by method and path
	injected map[FaultKind]int
}

// faultStream is the requests of one method to one path, in their order.
type faultStream struct {
	requests int
	struck   []int // by fault, how often it did
}

// serve lets a request through to the sandbox, or strikes it.
func (p *faultPlan) serve(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	fault, loses := p.draw(r)
	if loses {
		r = r.WithContext(context.WithValue(r.Context(), losingEvents{}, p))
	}
	if fault == nil {
		serve(w, r)
		return
	}
	// The body has arrived before anything goes wrong: what follows may outlast
	// the caller, and only then does the server notice that it left.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r = r.WithContext(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.strike(*fault, w, r, serve)
}

// draw decides a request's luck: the fault that strikes it, if any, and
// whether an event that it sends gets lost. Every fault draws for every request
// so that none depends on what the others are restricted to.
func (p *faultPlan) draw(r *http.Request) (chosen *Fault, losesEvents bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := r.Method + " " + strings.TrimRight(r.URL.Path, "/")
	stream := p.streams[name]
	if stream == nil {
		stream = &faultStream{struck: make([]int, len(p.faults))}
		p.streams[name] = stream
	}
	luck := rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%d %s %d", p.seed, name, stream.requests))))
	stream.requests++
	for i := range p.faults {
		fault, drawn := &p.faults[i], luck.Float64()
		switch {
		case !fault.concerns(r) || (fault.Rate > 0 && drawn >= fault.Rate) || (fault.Times > 0 && stream.struck[i] >= fault.Times):
			continue
		case fault.Kind == FaultLostEvent:
			losesEvents = true
		case chosen == nil:
			chosen = fault
		default:
			continue
		}
		stream.struck[i]++
	}
	return chosen, losesEvents
}

// concerns tells whether a fault may strike a request at all.
func (f *Fault) concerns(r *http.Request) bool {
	return (f.Method == "" || strings.EqualFold(f.Method, r.Method)) && strings.Contains(r.URL.Path+"?"+r.URL.RawQuery, f.Path)
}

func (p *faultPlan) count(kind FaultKind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.injected[kind]++
}

// losingEvents marks the context of a request whose events get lost.
type losingEvents struct{}

// losesEvents tells whether the event that a request sends gets lost, and
// counts it if so.
func losesEvents(ctx context.Context) bool {
	plan, loses := ctx.Value(losingEvents{}).(*faultPlan)
	if loses {
		plan.count(FaultLostEvent)
	}
	return loses
}
