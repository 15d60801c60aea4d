package sandbox

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limitKind names the throttles that an action is under.
type limitKind int

const (
	// crudLimit is PostHog's default: 480 a minute and 4,800 an hour per key.
	// OAuth tokens are not counted.
	crudLimit limitKind = iota
	// queryLimit is that of person reads and property writes: 240 a minute
	// per key, one bucket for all of them, no hourly cap.
	queryLimit
	// personCrudLimit is that of person deletions: for keys the default.
	personCrudLimit
)

// rate is one throttle: at most max requests within the window.
type rate struct {
	bucket string
	max    int
	window time.Duration
}

var (
	crudRates  = []rate{{"burst", 480, time.Minute}, {"sustained", 4800, time.Hour}}
	queryRates = []rate{{"clickhouse_burst", 240, time.Minute}}
	// userRates are shared by all tokens of a user, and by the user's browser.
	userRates = []rate{{"user_burst", 180, time.Minute}, {"user_sustained", 1200, time.Hour}}
)

// rates are the throttles of an action for one kind of caller, and whom they
// count: a key by itself, an OAuth token together with its user's others.
func (k limitKind) rates(key *Key) (rates []rate, counted string) {
	switch {
	case key.isOAuth() && k == crudLimit:
		return nil, ""
	case key.isOAuth():
		return userRates, "user " + strconv.FormatInt(key.User, 10)
	case k == queryLimit:
		return queryRates, key.Value
	}
	return crudRates, key.Value
}

// throttles remembers when each key made its requests, as Django REST
// Framework's sliding window does.
type throttles struct {
	mu      sync.Mutex
	history map[string][]time.Time
}

// throttle asks every throttle of a kind, and each that agrees counts the
// request even when another refuses it. The longest wait is the answer.
func (s *Sandbox) throttle(q *request, kind limitKind) *reply {
	if !s.opts.Throttle {
		return nil
	}
	var wait time.Duration
	rates, counted := kind.rates(q.key)
	for _, r := range rates {
		wait = max(wait, s.throttles.take(r.bucket+" "+counted, r, s.now()))
	}
	if wait <= 0 {
		return nil
	}
	refusal := throttled(wait)
	if s.opts.RetryAfter {
		refusal.header = http.Header{"Retry-After": {wholeSeconds(wait)}}
	}
	return &refusal
}

// throttled tells the wait in its text. PostHog's error handler loses the
// header that would say the same.
func throttled(wait time.Duration) reply {
	seconds, unit := wholeSeconds(wait), "seconds"
	if seconds == "1" {
		unit = "second"
	}
	return fail(http.StatusTooManyRequests, "throttled_error", "throttled",
		"Request was throttled. Expected available in "+seconds+" "+unit+".", "")
}

func wholeSeconds(wait time.Duration) string { return strconv.Itoa(int(math.Ceil(wait.Seconds()))) }

// take records a request, or tells how long to wait for the next one.
func (t *throttles) take(bucket string, r rate, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.history == nil {
		t.history = map[string][]time.Time{}
	}
	seen := t.history[bucket]
	for len(seen) > 0 && now.Sub(seen[0]) >= r.window {
		seen = seen[1:]
	}
	if len(seen) >= r.max {
		t.history[bucket] = seen
		return r.window - now.Sub(seen[0])
	}
	t.history[bucket] = append(seen, now)
	return 0
}
