package client

import (
	"context"
	"math"
	"net/http"
	"sync"
	"time"
)

const (
	// maxBuckets bounds what is remembered of keys: with many callers, they are theirs.
	maxBuckets = 512
	// maxClosed is the longest wait remembered, that of PostHog's hourly limits. A proxy may name any.
	maxClosed = time.Hour
	// keepLimit is how long after a refusal the limit is kept here. Many servers have no limit at all, so
	// before the first refusal nothing is.
	keepLimit = time.Hour
)

// bucket is what PostHog counts requests by: the key, and the class of the request.
type bucket struct {
	fingerprint string
	perMinute   int // the limit of the class, which names the class as well
}

// The limits of PostHog, in requests a minute; see the persons reference, section 7.
const (
	crudPerMinute    = 480 // accounts, everything around them, and deletes of persons
	personsPerMinute = 240 // persons otherwise, changes included
	oauthPerMinute   = 180 // persons with an OAuth token, deletes included
)

// bucketOf returns where PostHog counts a call.
func (s *Session) bucketOf(c call) bucket {
	counted := bucket{s.fingerprint, crudPerMinute}
	switch isPersons := len(c.path) > 3 && c.path[3] == "persons"; {
	case isPersons && s.key.isOAuth():
		counted.perMinute = oauthPerMinute
	case isPersons && c.method != http.MethodDelete:
		counted.perMinute = personsPerMinute
	}
	return counted
}

// budgets remembers, for each bucket, what was sent and what PostHog said to it.
type budgets struct {
	mu     sync.Mutex
	states *recent[bucket, budget]
}

// budget is the state of a bucket.
type budget struct {
	closedUntil time.Time // PostHog has asked to wait until then
	keptUntil   time.Time // the limit is kept here until then
	sent        []time.Time
	oldest      int // index of the oldest in sent, once that holds a minute's worth
}

func newBudgets() *budgets { return &budgets{states: newRecent[bucket, budget](maxBuckets)} }

// admit lets a request pass, at once or after a wait of at most maxWait. A longer one, or one that would
// outlast the caller, is refused with the time to come back.
func (b *budgets) admit(ctx context.Context, counted bucket, patience deadline) *Error {
	latest := time.Now().Add(maxWait)
	for {
		wait := b.take(counted)
		if wait <= 0 {
			return nil
		}
		start := time.Now().Add(wait)
		if start.After(latest) || !patience.allows(start) || !deadline(ctx.Deadline).allows(start) {
			return &Error{Kind: RateLimited, RetryAfter: wholeSeconds(wait), Detail: "it was not sent, as the limit was reached before"}
		}
		select {
		case <-ctx.Done():
			return networkFailure(ctx, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// take counts a request that may be sent now, or returns how long it has to wait.
func (b *budgets) take(counted bucket) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	state, now := b.states.get(counted), time.Now()
	wait := state.closedUntil.Sub(now)
	if len(state.sent) == counted.perMinute && now.Before(state.keptUntil) {
		wait = max(wait, state.sent[state.oldest].Add(time.Minute).Sub(now))
	}
	if wait > 0 {
		return wait
	}
	if len(state.sent) < counted.perMinute {
		state.sent = append(state.sent, now)
	} else {
		state.sent[state.oldest] = now
		state.oldest = (state.oldest + 1) % counted.perMinute
	}
	return 0
}

// learn takes note of what became of a request: of a refusal for its rate, and the wait that PostHog named.
func (b *budgets) learn(counted bucket, failure *Error) {
	if failure == nil || failure.Kind != RateLimited {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	state, now := b.states.get(counted), time.Now()
	state.keptUntil = now.Add(keepLimit)
	if until := now.Add(min(failure.RetryAfter, maxClosed)); until.After(state.closedUntil) {
		state.closedUntil = until
	}
}

// wholeSeconds rounds up: whoever comes back then is not too early.
func wholeSeconds(d time.Duration) time.Duration {
	return time.Duration(math.Ceil(d.Seconds())) * time.Second
}

// deadline tells when somebody stops waiting, if ever, as context.Context.Deadline does.
type deadline func() (time.Time, bool)

// allows reports whether somebody still waits at that time.
func (d deadline) allows(at time.Time) bool {
	end, bounded := d()
	return !bounded || at.Before(end)
}
