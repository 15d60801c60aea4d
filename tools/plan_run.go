package tools

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/progress"
	"posthog-accounts-mcp/journal"
)

// planWorkers is how many rows are carried out at a time.
const planWorkers = 4

// planRun is one call that carries out a plan. Several may be at the same plan,
// in this process or in others; the journal gives each write to one of them.
type planRun struct {
	desk  *Desk
	scope scope
	book  *journal.Journal
	plan  plan
	id    string
	brake brake

	mu    sync.Mutex
	begun map[string]journal.Entry // the last attempt of each write that was begun, by its key
}

// startRun looks what was done of a plan already.
func (d *Desk) startRun(ctx context.Context, s scope, book *journal.Journal, p plan) (*planRun, error) {
	r := &planRun{desk: d, scope: s, book: book, plan: p, id: rand.Text()}
	return r, r.refresh(ctx)
}

// refresh reads from the journal which writes of the plan were begun.
func (r *planRun) refresh(ctx context.Context) error {
	entries, err := planEntries(ctx, r.scope, r.book, r.plan.ID)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = map[string]journal.Entry{}
	for _, entry := range entries { // newest first
		if key := attemptOf(entry); entry.Undoes == "" && r.begun[key].ID == "" {
			r.begun[key] = entry
		}
	}
	return nil
}

// last is the last attempt at a write, if there was one.
func (r *planRun) last(key string) (entry journal.Entry, begun bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, begun = r.begun[key]
	return entry, begun
}

// learn takes note of an attempt.
func (r *planRun) learn(key string, entry journal.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun[key] = entry
}

// rows carries out all rows, several at a time. It stops early when what fails
// would fail for every row.
func (r *planRun) rows(ctx context.Context) ([]AppliedRow, error) {
	ctx, end, err := r.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	rows := make([]AppliedRow, len(r.plan.rows))
	var workers errgroup.Group
	workers.SetLimit(planWorkers)
	var mu sync.Mutex
	done := 0
	for i := range r.plan.rows {
		workers.Go(func() error {
			rows[i] = r.row(ctx, i)
			mu.Lock()
			defer mu.Unlock()
			done++
			progress.Report(ctx, done, len(rows), fmt.Sprintf("%d of %d rows", done, len(rows)))
			return nil
		})
	}
	_ = workers.Wait() // what fails stands in the rows
	return rows, nil
}

// row carries out one row, again after a wait that PostHog asked for.
func (r *planRun) row(ctx context.Context, i int) AppliedRow {
	step := r.plan.rows[i]
	shown := AppliedRow{Name: step.name()}
	if step.Person != nil {
		shown.Person = step.id()
	} else {
		shown.Account = step.id()
	}
	for {
		if !r.brake.wait(ctx) {
			shown.Outcome = rowRemaining
			return shown
		}
		w := rowWork{planRun: r, number: i, step: step, shown: shown}
		err := w.do(ctx)
		if wait := retryAfter(err); err != nil && wait >= 0 && r.brake.hold(wait) {
			continue
		}
		r.brake.saw(ctx, err)
		return w.finish(err)
	}
}

// retryAfter is how long a refusal for the rate of requests asks to wait, less
// than 0 for any other failure.
func retryAfter(err error) time.Duration {
	if failure, ok := errors.AsType[*client.Error](err); ok && failure.Kind == client.RateLimited {
		return max(failure.RetryAfter, time.Second)
	}
	return -1
}

// brake keeps a run from hammering at a PostHog that cannot or will not.
type brake struct {
	mu       sync.Mutex
	until    time.Time     // PostHog asked to wait until then
	waited   time.Duration // in all
	reason   string        // why nothing more is tried
	failures int           // in a row, all for the same reason
	same     string        // that reason
}

const (
	// longestWait is how long a call waits in all for PostHog's rate limit.
	longestWait = 20 * time.Second
	// alikeFailures is after how many rows in a row with the same failure the
	// others are not tried.
	alikeFailures = 5
)

// wait waits until requests may be sent, and tells whether there is a point.
func (b *brake) wait(ctx context.Context) bool {
	b.mu.Lock()
	until, stopped := b.until, b.reason != ""
	b.mu.Unlock()
	if stopped || ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hold has everybody wait, and tells whether that is still bearable.
func (b *brake) hold(wait time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	until := time.Now().Add(wait)
	if b.reason != "" || !until.After(b.until) {
		return b.reason == ""
	}
	b.waited += wait - max(0, time.Until(b.until))
	if b.waited > longestWait {
		b.reason = fmt.Sprintf("PostHog limits the rate of requests. Wait %d seconds first.", int(wait.Seconds()+1))
		return false
	}
	b.until = until
	return true
}

// stop has nothing more tried.
func (b *brake) stop(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reason = cmp.Or(b.reason, reason)
}

// saw takes note of what became of a row. One that was skipped says nothing of
// the others.
func (b *brake) saw(ctx context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var left skipped
	switch {
	case errors.As(err, &left):
		return
	case err == nil:
		b.failures, b.same = 0, ""
		return
	}
	text := plain.Explain(err)
	if b.same != text {
		b.failures, b.same = 0, text
	}
	b.failures++
	if b.reason == "" && (hitsAll(err) || b.failures == alikeFailures || ctx.Err() != nil) {
		b.reason = text
	}
}

// hitsAll tells failures that no row can escape.
func hitsAll(err error) bool {
	switch client.KindOf(err) {
	case client.Unauthorized, client.MissingScope, client.ProjectNotFound, client.ReadOnly, client.NoKey, client.RateLimited:
		return true
	}
	return false
}
