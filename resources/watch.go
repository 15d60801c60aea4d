package resources

import (
	"context"
	"sync"
	"time"

	"posthog-accounts-mcp/internal/plain"
)

// Look gives a digest of what an account looks like, or with an empty id all
// accounts of a project, and how many requests that took, also if it failed.
type Look func(ctx context.Context, project int64, account string) (digest string, requests int, err error)

// Clock is the time that a Watch goes by.
type Clock interface {
	Now() time.Time
	// Until returns a channel that is closed, or sent to, at a moment.
	Until(moment time.Time) <-chan time.Time
}

// WallClock is the real time.
type WallClock struct{}

// Now is the time.
func (WallClock) Now() time.Time { return time.Now() }

// Until waits.
func (WallClock) Until(moment time.Time) <-chan time.Time { return time.After(time.Until(moment)) }

// Watch tells subscribers when accounts changed. PostHog tells nobody, so
// somebody has to look again and again: one poller for each key, which knows
// what every subscriber of it waits for, and stops with the last of them.
type Watch struct {
	look   Look
	caller func(context.Context) string
	clock  Clock
	pinned int64

	mu      sync.Mutex
	pollers map[string]*poller // by caller
	spent   map[string]*allowance
}

// NewWatch returns a watch that looks at nothing yet. A pinned project other
// than 0 is the only one.
func NewWatch(look Look, caller func(context.Context) string, clock Clock, pinned int64) *Watch {
	return &Watch{look: look, caller: caller, clock: clock, pinned: pinned, pollers: map[string]*poller{}, spent: map[string]*allowance{}}
}

// target is what can be watched: an account, or with no id all of a project.
type target struct {
	project int64
	account string
}

// mostTargets bounds what the subscribers of one key watch, so that each of it
// is looked at about every hour.
const mostTargets = 20

// Watch calls changed after each change of an account's resource, or of the
// list of accounts, until ctx ends. The values of ctx say who looks.
func (w *Watch) Watch(ctx context.Context, uri string, changed func()) error {
	place, ok := parse(uri)
	if !ok || w.pinned != 0 && place.project != w.pinned {
		return missing(uri)
	}
	if place.note != "" || place.person != "" || place.cursor != "" || place.what == "custom-properties" {
		return plain.Refuse("%s cannot be subscribed to: only accounts and the list of accounts can.", plain.Short(uri))
	}
	seeker := &seeker{ctx: ctx, target: target{place.project, place.account}, changed: changed}

	w.mu.Lock()
	defer w.mu.Unlock()
	key := w.caller(ctx)
	p := w.pollers[key]
	if p == nil {
		if w.spent[key] == nil {
			w.spent[key] = &allowance{}
		}
		p = &poller{watch: w, key: key, woken: make(chan struct{}, 1), spent: w.spent[key], views: map[target]view{}}
	}
	if targets := p.targets(); len(targets) >= mostTargets && !targets[seeker.target] {
		return plain.Refuse("Not subscribed: %d accounts are watched with this key already, as many as can be looked at without using up PostHog's limits. Unsubscribe from some.", mostTargets)
	}
	p.seekers = append(p.seekers, seeker)
	if w.pollers[key] == nil {
		w.pollers[key] = p
		go p.run()
	}
	p.wake()
	context.AfterFunc(ctx, p.wake)
	return nil
}

// seeker is one subscription.
type seeker struct {
	ctx     context.Context
	target  target
	changed func()
}
