package client_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

// step is one answer of a script: after a pause, a status with a body, or an error.
type step struct {
	after  time.Duration
	status int
	body   string
	wait   string // Retry-After
	err    error
}

// script answers requests in process, by the bubble's clock; the last step repeats.
type script struct {
	steps    []step
	requests int
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	next := s.steps[min(s.requests, len(s.steps)-1)]
	s.requests++
	select {
	case <-time.After(next.after):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if next.err != nil {
		return nil, next.err
	}
	answer := &http.Response{StatusCode: next.status, Request: r, Body: io.NopCloser(strings.NewReader(next.body)),
		Header: http.Header{"Content-Type": {"application/json"}}}
	if next.wait != "" {
		answer.Header.Set("Retry-After", next.wait)
	}
	return answer, nil
}

const never = 1000 * time.Hour

var (
	okay      = step{status: 200, body: accountJSON}
	throttled = func(wait string) step {
		return step{status: 429, wait: wait, body: `{"detail":"Request was throttled."}`}
	}
	worded = func(seconds string) step {
		return step{status: 429, body: `{"detail":"Request was throttled. Expected available in ` + seconds + `."}`}
	}
)

func TestReadRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		steps    []step
		kind     client.Kind // "" for success
		requests int
		min, max time.Duration
	}{
		{"first answer", []step{okay}, "", 1, 0, 0},
		{"502 then fine", []step{{status: 502}, okay}, "", 2, 0, time.Second},
		{"503, 504, fine", []step{{status: 503}, {status: 504}, okay}, "", 3, 0, 2 * time.Second},
		{"cut, then fine", []step{{err: io.ErrUnexpectedEOF}, okay}, "", 2, 0, time.Second},
		{"503 for good", []step{{status: 503}}, client.Unavailable, 4, 0, 10 * time.Second},
		{"500 is not retried", []step{{status: 500}}, client.Unavailable, 1, 0, 0},
		{"400 is not retried", []step{{status: 400, body: `{"detail":"Bad."}`}}, client.Invalid, 1, 0, 0},
		{"404 is not retried", []step{{status: 404, body: `{"detail":"Not found."}`}}, client.NotFound, 1, 0, 0},
		{"short wait by header", []step{throttled("2"), okay}, "", 2, 2 * time.Second, 3 * time.Second},
		{"short wait by text", []step{worded("1 second"), okay}, "", 2, time.Second, 2 * time.Second},
		{"no wait named", []step{throttled(""), okay}, "", 2, 0, time.Second},
		{"garbage wait", []step{throttled("soon"), throttled("-5"), okay}, "", 3, 0, 2 * time.Second},
		{"long wait by header", []step{throttled("3"), okay}, client.RateLimited, 1, 0, 0},
		{"long wait by text", []step{worded("42 seconds"), okay}, client.RateLimited, 1, 0, 0},
		{"waits never add up beyond the budget", []step{throttled("2")}, client.RateLimited, 4, 6 * time.Second, 10 * time.Second},
		{"database busy", []step{{status: 503, wait: "1"}, okay}, "", 2, time.Second, 2 * time.Second},
		{"slow failures end with the budget", []step{{after: 4 * time.Second, status: 503}}, client.Unavailable, 3, 8 * time.Second, 10 * time.Second},
		{"failure after the budget", []step{{after: 12 * time.Second, status: 503}}, client.Unavailable, 1, 12 * time.Second, 12 * time.Second},
		{"slow but fine", []step{{after: 29 * time.Second, status: 200, body: accountJSON}}, "", 1, 29 * time.Second, 29 * time.Second},
		{"hung", []step{{after: never}}, client.TimedOut, 1, 30 * time.Second, 30 * time.Second},
		{"failed, then hung", []step{{status: 503}, {after: never}}, client.Unavailable, 2, 10 * time.Second, 10 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &script{steps: test.steps}
				started := time.Now()
				_, err := scripted(t, server).Account(t.Context(), "a")
				took := time.Since(started)
				require.Equal(t, test.kind, client.KindOf(err), "%v", err)
				require.Equal(t, test.requests, server.requests)
				require.GreaterOrEqual(t, took, test.min)
				require.LessOrEqual(t, took, test.max)
			})
		})
	}
}

func TestReadsByPostAreRetriedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &script{steps: []step{{status: 502}, {status: 200, body: `{"results":{}}`}}}
		_, err := scripted(t, server).PersonsByDistinctIDs(t.Context(), []string{"a"})
		require.NoError(t, err)
		require.Equal(t, 2, server.requests)
	})
}

func TestRetryEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := scripted(t, &script{steps: []step{throttled("2"), okay}}).Account(ctx, "a")
		require.Equal(t, client.RateLimited, client.KindOf(err), "a wait beyond the caller's patience is not begun")
		require.NoError(t, ctx.Err())
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		started, server := time.Now(), &script{steps: []step{throttled("2"), okay}}
		_, err := scripted(t, server).Account(ctx, "a")
		require.Equal(t, client.Canceled, client.KindOf(err))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, time.Second, time.Since(started), "canceled in the middle of a pause")
		require.Equal(t, 1, server.requests)
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := scripted(t, &script{steps: []step{{after: never}}}).Account(ctx, "a")
		require.Equal(t, client.TimedOut, client.KindOf(err))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	server := &script{steps: []step{okay}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := scripted(t, server).Account(ctx, "a")
	require.Equal(t, client.Canceled, client.KindOf(err))
	require.Zero(t, server.requests)
}

func TestTimeoutsAreConfigurable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := client.WithTimeouts(client.Timeouts{Read: 2 * time.Second, Write: 3 * time.Second})
		project := scripted(t, &script{steps: []step{{after: never}}}, limits)
		started := time.Now()
		_, err := project.Account(t.Context(), "a")
		require.Equal(t, client.TimedOut, client.KindOf(err))
		require.Equal(t, 2*time.Second, time.Since(started))
		err = project.DeleteAccount(t.Context(), "a")
		require.Equal(t, client.TimedOut, client.KindOf(err))
		require.Equal(t, 5*time.Second, time.Since(started))
	})
}

// scripted returns project 7 of a PostHog that follows a script.
func scripted(t testing.TB, server http.RoundTripper, options ...client.Option) *client.Project {
	t.Helper()
	c, err := client.New("us", append(options, client.WithTransport(server))...)
	require.NoError(t, err)
	return c.As(mustKey(t, canary)).Project(7)
}
