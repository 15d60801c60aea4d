package client

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

const (
	maxAttempts = 4
	// maxWait is the longest pause asked for by PostHog that is waited out. Callers are told of longer
	// ones at once: a model can do something else meanwhile.
	maxWait      = 2 * time.Second
	firstBackoff = 250 * time.Millisecond
)

// newRetryPolicy retries what sendRead marks, after the pause it computed. It works on whole answers, not
// as an HTTP transport, because the pause may stand in the body and a body may break off; failsafe's own
// HTTP policy knows neither, and retries POST.
func newRetryPolicy() retrypolicy.RetryPolicy[*response] {
	return retrypolicy.NewBuilder[*response]().
		HandleIf(func(_ *response, err error) bool {
			failure, ok := errors.AsType[*Error](err)
			return ok && failure.retryable
		}).
		WithMaxAttempts(maxAttempts).
		WithDelayFunc(func(attempt failsafe.ExecutionAttempt[*response]) time.Duration {
			failure, ok := errors.AsType[*Error](attempt.LastError())
			if !ok {
				return firstBackoff
			}
			return pause(failure, attempt.Attempts())
		}).
		ReturnLastFailure().
		Build()
}

// pause returns how long to wait after the given number of failed attempts.
func pause(failure *Error, attempts int) time.Duration {
	if failure.RetryAfter > 0 {
		return failure.RetryAfter + jitter(failure.RetryAfter/10)
	}
	backoff := min(firstBackoff<<(attempts-1), maxWait)
	return backoff/2 + jitter(backoff/2)
}

// sendRead sends a read until it is answered, refused for good, or out of time: its own, or that of those who
// wait for it.
func (s *Session) sendRead(ctx context.Context, patience deadline, out outgoing) (*response, *Error) {
	ctx, cancel := context.WithTimeout(ctx, s.client.timeouts.Read)
	defer cancel()
	retryEnd := time.Now().Add(s.client.timeouts.Retry)
	var previous *Error
	answer, err := failsafe.With(s.client.retry).WithContext(ctx).Get(func() (*response, error) {
		attemptCtx := ctx
		if previous != nil {
			var end context.CancelFunc
			attemptCtx, end = context.WithDeadline(ctx, retryEnd)
			defer end()
		}
		if refusal := s.client.budgets.admit(attemptCtx, out.counted, patience); refusal != nil {
			return nil, refusal
		}
		answer, failure := s.attempt(attemptCtx, out)
		if failure == nil {
			return answer, nil
		}
		if failure.Kind == TimedOut && previous != nil && ctx.Err() == nil {
			// Our budget cut the retry short, not PostHog: what it said before is the better answer.
			failure = previous
			failure.retryable = false
		}
		failure.retryable = failure.retryable && worthWaiting(ctx, patience, failure, retryEnd)
		previous = failure
		return nil, failure
	})
	if err == nil {
		return answer, nil
	}
	if failure, ok := errors.AsType[*Error](err); ok {
		return nil, failure
	}
	return nil, networkFailure(ctx, err) // the context ended during a pause
}

// worthWaiting reports whether another attempt can start in time.
func worthWaiting(ctx context.Context, patience deadline, failure *Error, retryEnd time.Time) bool {
	if failure.RetryAfter > maxWait {
		return false
	}
	start := time.Now().Add(max(failure.RetryAfter, firstBackoff))
	return start.Before(retryEnd) && patience.allows(start) && deadline(ctx.Deadline).allows(start)
}
