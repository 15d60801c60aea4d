package client

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// flights are the reads under way. Who asks what is being asked already waits for that answer: models call
// tools side by side, and the tools look up the same accounts and colleagues.
//
// It is not x/sync's singleflight, whose calls nobody can leave: here a request ends when its last caller
// has gone.
type flights struct {
	mu    sync.Mutex
	under map[question]*flight
}

// question is what makes two reads the same. The key is part of it: no answer reaches another key.
type question struct {
	key            Key
	method, target string
	body           [sha256.Size]byte
}

// flight is one request and those who wait for it.
type flight struct {
	landed   chan struct{} // closed when there is an answer or a failure
	answer   *response
	failure  *Error
	panicked any

	// The rest is guarded by flights.mu.
	cancel   context.CancelFunc
	waiting  int
	patience time.Time // when the last of the callers gives up
	forever  bool      // one of them never does
}

// sender sends a request, for callers who wait until the deadline.
type sender func(context.Context, deadline) (*response, *Error)

func newFlights() *flights { return &flights{under: map[question]*flight{}} }

// share answers a question with a request of its own or with one under way. Each caller waits as long as its
// own context allows; the request gets the values of the first caller's context, not its end.
func (f *flights) share(ctx context.Context, q question, send sender) (*response, *Error) {
	joined := f.join(ctx, q, send)
	select {
	case <-joined.landed:
	case <-ctx.Done():
		f.leave(q, joined)
		return nil, networkFailure(ctx, ctx.Err())
	}
	if joined.panicked != nil {
		panic(joined.panicked) // where it would have been without sharing, and can be recovered from
	}
	if joined.failure != nil {
		own := *joined.failure
		return nil, &own
	}
	return joined.answer, nil
}

// join returns the flight of the question, starting it if there is none.
func (f *flights) join(ctx context.Context, q question, send sender) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	joined, isUnder := f.under[q]
	if !isUnder {
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		joined = &flight{landed: make(chan struct{}), cancel: cancel}
		f.under[q] = joined
		go func() {
			defer f.land(q, joined)
			joined.answer, joined.failure = send(shared, f.patienceOf(joined))
		}()
	}
	joined.waiting++
	end, bounded := ctx.Deadline()
	joined.forever = joined.forever || !bounded
	if end.After(joined.patience) {
		joined.patience = end
	}
	return joined
}

// patienceOf returns until when somebody waits for the flight.
func (f *flights) patienceOf(joined *flight) deadline {
	return func() (time.Time, bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return joined.patience, !joined.forever
	}
}

// land hands the outcome to those who wait.
func (f *flights) land(q question, landed *flight) {
	landed.panicked = recover()
	f.mu.Lock()
	f.close(q, landed)
	f.mu.Unlock()
	landed.cancel()
	close(landed.landed)
}

// leave is one caller less; the last one ends the request.
func (f *flights) leave(q question, left *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	left.waiting--
	if left.waiting == 0 {
		f.close(q, left)
		left.cancel()
	}
}

// close lets nobody else join the flight. It needs the lock.
func (f *flights) close(q question, closed *flight) {
	if f.under[q] == closed {
		delete(f.under, q)
	}
}

// part ends the joining of all flights under way. A write does it: what is read after it must not be the
// answer to a question from before.
func (f *flights) part() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.under)
}
