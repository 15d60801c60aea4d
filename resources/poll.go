package resources

import (
	"context"
	"slices"
	"time"
)

// poller looks at what the subscribers of one key wait for: at one thing after
// the other, at that first which it looked at the longest ago.
type poller struct {
	watch *Watch
	key   string
	woken chan struct{} // somebody came or went
	spent *allowance    // of the key

	seekers []*seeker // guarded by watch.mu

	// Only the poller itself uses what follows.
	views map[target]view
	next  time.Time // when the last look is paid for
}

// view is what the poller knows of a target.
type view struct {
	at     time.Time // of the last look
	cost   int       // its requests
	digest string    // of the last look that worked
	known  bool      // one did
}

func (p *poller) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// targets are what is watched. Callers hold watch.mu.
func (p *poller) targets() map[target]bool {
	all := map[target]bool{}
	for _, s := range p.seekers {
		all[s.target] = true
	}
	return all
}

// run looks again and again, until nobody is left to tell.
func (p *poller) run() {
	for {
		seekers := p.present()
		if len(seekers) == 0 {
			return
		}
		chosen, due := p.choose(seekers)
		select {
		case <-p.woken: // something may be due earlier now, or never
		case <-p.watch.clock.Until(due):
			p.look(seekers, chosen)
		}
	}
}

// present are the subscribers that are still there. With the last of them the
// poller ends: in the same breath, so that nobody subscribes to one that does.
func (p *poller) present() []*seeker {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	p.seekers = slices.DeleteFunc(p.seekers, func(s *seeker) bool { return s.ctx.Err() != nil })
	watched := p.targets()
	for t := range p.views {
		if !watched[t] { // who subscribes anew is not told of what was before
			delete(p.views, t)
		}
	}
	if len(p.seekers) == 0 {
		delete(p.watch.pollers, p.key)
	}
	return slices.Clone(p.seekers)
}

// choose gives what to look at next, and when: at what is new as soon as the
// hour allows, as nothing is known of it.
func (p *poller) choose(seekers []*seeker) (chosen target, due time.Time) {
	oldest := slices.MinFunc(seekers, func(a, b *seeker) int {
		return p.views[a.target].at.Compare(p.views[b.target].at)
	})
	now, v := p.watch.clock.Now(), p.views[oldest.target]
	due = p.spent.from(now, v.reserve())
	if !v.at.IsZero() {
		due = later(due, later(p.next, v.at.Add(often)))
	}
	return oldest.target, due
}

// reserve is what a look takes at most: every request may be repeated thrice.
func (v view) reserve() int {
	const attempts, usual = 4, 6
	return min(attempts*max(usual, v.cost), hourly)
}

// look looks at a target and tells those who wait for it if it changed. A look
// that fails tells nothing: the next is compared with the last that did not.
func (p *poller) look(seekers []*seeker, chosen target) {
	waiting := slices.DeleteFunc(seekers, func(s *seeker) bool { return s.target != chosen })
	was := p.views[chosen]
	digest, requests, err := p.watch.look(context.WithoutCancel(waiting[0].ctx), chosen.project, chosen.account)
	now := p.watch.clock.Now()
	p.spent.spend(now, requests)
	p.next = now.Add(time.Duration(requests) * spacing)
	if err != nil {
		was.at, was.cost = now, requests
		p.views[chosen] = was
		return
	}
	p.views[chosen] = view{at: now, cost: requests, digest: digest, known: true}
	if !was.known || was.digest == digest {
		return
	}
	for _, s := range waiting {
		if s.ctx.Err() == nil {
			s.changed()
		}
	}
}
