package tools

import (
	"context"
	"errors"
	"time"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// A write of a plan that has no outcome is under way in a call that lives, or
// was cut off with its process. The journal tells which: a run keeps an item
// there, renews it while it works, and lets it expire when it dies.

// planRunItem is the kind of these items.
const planRunItem = "plan_run"

// leaseLifetime is how soon a run that died is known to have.
const leaseLifetime = 6 * time.Second

// hold keeps the run's item until end is called. A run that cannot renew it
// stops before others take it for dead.
func (r *planRun) hold(ctx context.Context) (_ context.Context, end func(), err error) {
	expires, err := r.renew(ctx)
	if err != nil {
		return nil, nil, onRecord(err)
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.keepRenewing(working, stop, expires)
	}()
	return working, func() {
		stop()
		<-ended
		// Nothing depends on it: what is not forgotten here expires.
		_ = r.book.Forget(context.WithoutCancel(ctx), r.scope.principal(), planRunItem, r.id)
	}, nil
}

func (r *planRun) keepRenewing(ctx context.Context, stop func(), expires time.Time) {
	rhythm := r.desk.lease / 4
	ticks := time.NewTicker(rhythm)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		next, err := r.renew(ctx)
		switch {
		case err == nil:
			expires = next
		case time.Until(expires) < rhythm && ctx.Err() == nil:
			r.brake.stop(plain.Explain(onRecord(err)))
			stop()
			return
		}
	}
}

func (r *planRun) renew(ctx context.Context) (expires time.Time, err error) {
	expires = time.Now().Add(r.desk.lease)
	return expires, r.book.Keep(ctx, journal.Item{Principal: r.scope.principal(), Kind: planRunItem, ID: r.id, Expires: expires})
}

// isAlive tells whether a run, by its id, is still working.
func (r *planRun) isAlive(ctx context.Context, id string) (bool, error) {
	if id == r.id {
		return false, nil // this one is not at it any more
	}
	_, err := r.book.Item(ctx, r.scope.principal(), planRunItem, id)
	if errors.Is(err, journal.ErrNotFound) {
		return false, nil
	}
	return err == nil, onRecord(err)
}
