package client

import (
	"context"
	"sync/atomic"
)

// Watch sees whether the writes made in a context may have changed anything.
// Errors on the way up get other words, or come from the look afterwards; this
// is what the wire knows.
type Watch struct{ effective atomic.Bool }

// Effective tells whether PostHog did a write, or may have: one that it
// declined, or that never left, does not count.
func (w *Watch) Effective() bool { return w.effective.Load() }

type watchKey struct{}

// WatchWrites returns a context whose writes are watched.
func WatchWrites(ctx context.Context) (context.Context, *Watch) {
	w := &Watch{}
	return context.WithValue(ctx, watchKey{}, w), w
}

// noteWrite tells the watch of a context, if there is one, of a write that had
// this end.
func noteWrite(ctx context.Context, failure *Error) {
	if w, watched := ctx.Value(watchKey{}).(*Watch); watched && (failure == nil || failure.Sent) {
		w.effective.Store(true)
	}
}

type countKey struct{}

// CountRequests returns a context whose requests are counted, every attempt by itself: whoever asks on nobody's
// behalf has to know what it costs.
func CountRequests(ctx context.Context) (context.Context, *atomic.Int64) {
	count := &atomic.Int64{}
	return context.WithValue(ctx, countKey{}, count), count
}

// noteRequest counts a request in its context, if that is counted.
func noteRequest(ctx context.Context) {
	if count, counted := ctx.Value(countKey{}).(*atomic.Int64); counted {
		count.Add(1)
	}
}
