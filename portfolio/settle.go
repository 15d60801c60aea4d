package portfolio

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// unclear tells whether a failed write may have happened all the same.
func unclear(err error) bool {
	failure, ok := errors.AsType[*client.Error](err)
	return ok && failure.Sent
}

// unseen words a write that could not be read back.
func unseen(writeErr, readErr error) error {
	if writeErr != nil {
		return plain.Refuse("Outcome unknown: PostHog did not answer the change, nor the look afterwards. The change may or may not be there. Read the object before you repeat anything.")
	}
	if client.KindOf(readErr) == client.NotFound {
		return plain.Refuse("PostHog accepted the change, and does not have the object: somebody deleted it since, or PostHog did not keep it. Look with a list before you repeat anything.")
	}
	return plain.Refuse("PostHog accepted the change, but it could not be read back (%s). Read the object to see what is there now.", plain.Explain(readErr))
}

// firstPause is how long after a look without success the next one comes; each
// further pause is twice as long.
const firstPause = 100 * time.Millisecond

// settle looks for the effect of a write. One look is enough after an answer.
// Where the answer was lost, a server may still be at work on the request, so
// settle looks until the effect is there or the request can be taken for dead.
func (b *Book) settle(ctx context.Context, lost error, look func(context.Context) (there bool, err error)) error {
	end := time.Now().Add(b.session.Settle())
	for wait := firstPause; ; wait *= 2 {
		last := !time.Now().Before(end)
		there, err := look(ctx)
		if there || lost == nil || last {
			return err
		}
		if err := pause(ctx, min(wait, max(time.Until(end), 0))); err != nil {
			return err
		}
	}
}

// pause waits, or tells that the caller gave up.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// jittered is a duration between one and two times d, so that two who collided
// do not do it again.
func jittered(d time.Duration) time.Duration { return d + rand.N(d) }
