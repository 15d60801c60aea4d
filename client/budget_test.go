package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

// Requests that PostHog counts apart.
var (
	readAccount = func(ctx context.Context, p *client.Project) error { _, err := p.Account(ctx, "a"); return err }
	dropAccount = func(ctx context.Context, p *client.Project) error { return p.DeleteAccount(ctx, "a") }
	readPerson  = func(ctx context.Context, p *client.Project) error { _, err := p.Person(ctx, "1"); return err }
	setPerson   = func(ctx context.Context, p *client.Project) error { return p.SetPersonProperty(ctx, "1", "a", 1) }
	dropPerson  = func(ctx context.Context, p *client.Project) error {
		return p.DeletePerson(ctx, "1", client.DeletePersonOptions{})
	}
	readKey = func(ctx context.Context, p *client.Project) error { _, err := p.Session().KeyInfo(ctx); return err }
)

// willing answers every request well, and counts; while it is closed it refuses.
type willing struct {
	requests atomic.Int64
	closed   atomic.Pointer[step]
}

func (w *willing) RoundTrip(r *http.Request) (*http.Response, error) {
	w.requests.Add(1)
	answer := step{status: 200, body: `{"id":"a","uuid":"a","scopes":[]}`}
	if closed := w.closed.Load(); closed != nil {
		answer = *closed
	}
	return (&script{steps: []step{answer}}).RoundTrip(r)
}

// refuse has one request refused.
func (w *willing) refuse(t *testing.T, p *client.Project, ask func(context.Context, *client.Project) error, refusal step) {
	t.Helper()
	w.closed.Store(&refusal)
	require.Equal(t, client.RateLimited, client.KindOf(ask(t.Context(), p)))
	w.closed.Store(nil)
	w.requests.Store(0)
}

func TestWaitsAreRemembered(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]step{"by text": worded("42 seconds"), "by header": throttled("42")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &willing{}
				project := scripted(t, server)
				server.refuse(t, project, dropAccount, refusal)
				time.Sleep(10 * time.Second)
				for _, ask := range []func(context.Context, *client.Project) error{readAccount, dropAccount, dropPerson, readKey} {
					started := time.Now()
					failure, ok := errors.AsType[*client.Error](ask(t.Context(), project))
					require.True(t, ok)
					require.Equal(t, client.RateLimited, failure.Kind)
					require.Equal(t, 32*time.Second, failure.RetryAfter)
					require.False(t, failure.Sent)
					require.Zero(t, failure.Status, "PostHog was not asked")
					require.NotEmpty(t, failure.Op)
					require.Contains(t, failure.Error(), "it was not sent")
					require.Zero(t, time.Since(started))
				}
				require.Zero(t, server.requests.Load())
				time.Sleep(29900 * time.Millisecond) // 2.1 s left
				failure, _ := errors.AsType[*client.Error](readAccount(t.Context(), project))
				require.Equal(t, 3*time.Second, failure.RetryAfter, "who comes back then is not too early")
				time.Sleep(100 * time.Millisecond)
				for _, ask := range []func(context.Context, *client.Project) error{dropAccount, readAccount} {
					require.NoError(t, ask(t.Context(), project), "two seconds are waited for")
				}
				require.Equal(t, int64(2), server.requests.Load())
			})
		})
	}
}

func TestWaitsStayWithTheirKeyAndClass(t *testing.T) {
	t.Parallel()
	type ask = func(context.Context, *client.Project) error
	everything := map[string]ask{"read account": readAccount, "drop account": dropAccount, "read person": readPerson,
		"set person": setPerson, "drop person": dropPerson, "key": readKey}
	for _, test := range []struct {
		key    string
		first  ask
		closed string // with the class of first
	}{
		{canary, readAccount, "read account, drop account, drop person, key"},
		{canary, dropPerson, "read account, drop account, drop person, key"},
		{canary, setPerson, "read person, set person"},
		{canary, readPerson, "read person, set person"},
		{"pha_token", readPerson, "read person, set person, drop person"},
		{"pha_token", dropPerson, "read person, set person, drop person"},
		{"pha_token", readAccount, "read account, drop account, key"},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := &willing{}
			posthog := clientOf(t, server)
			project := posthog.As(mustKey(t, test.key)).Project(7)
			server.refuse(t, project, test.first, worded("42 seconds"))
			for name, ask := range everything {
				err := ask(t.Context(), project)
				closed := strings.Contains(test.closed, name)
				require.Equal(t, closed, client.KindOf(err) == client.RateLimited, "%s: %v", name, err)
				require.NotEqual(t, client.RateLimited, client.KindOf(ask(t.Context(), posthog.As(mustKey(t, "phx_other")).Project(7))), name)
			}
			require.Equal(t, client.RateLimited, client.KindOf(test.first(t.Context(), posthog.As(mustKey(t, test.key)).Project(8))), "keys are counted, not projects")
		})
	}
}

func TestShorterWaitsDoNotEndLongerOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		steps := &script{steps: []step{{after: time.Second, status: 429, wait: "40"}, {after: 2 * time.Second, status: 429, wait: "5"}, okay}}
		project := scripted(t, steps)
		go func() { _, _ = project.Account(t.Context(), "a") }()
		synctest.Wait()
		_, err := project.Account(t.Context(), "b")
		require.Equal(t, client.RateLimited, client.KindOf(err))
		_, err = project.Account(t.Context(), "c")
		require.Equal(t, 39*time.Second, asError(t, err).RetryAfter)
	})
	synctest.Test(t, func(t *testing.T) {
		server := &willing{}
		project := scripted(t, server)
		server.refuse(t, project, readAccount, throttled("86400"))
		time.Sleep(time.Hour)
		require.NoError(t, readAccount(t.Context(), project), "no limit of PostHog's lasts longer")
	})
}

// TestNoWaitOutlastsItsCaller: who cannot wait so long is told at once.
func TestNoWaitOutlastsItsCaller(t *testing.T) {
	t.Parallel()
	for _, ask := range []func(context.Context, *client.Project) error{readAccount, dropAccount} {
		synctest.Test(t, func(t *testing.T) {
			server := &willing{}
			project := scripted(t, server)
			server.refuse(t, project, dropAccount, throttled("2"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := ask(ctx, project)
			require.Equal(t, client.RateLimited, client.KindOf(err))
			require.NoError(t, ctx.Err())

			canceled, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			err = ask(canceled, project)
			require.Equal(t, client.Canceled, client.KindOf(err))
			require.False(t, asError(t, err).Sent)
			require.Zero(t, server.requests.Load())
		})
	}
}

func TestNoWaitOutlastsItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &willing{}
		project := scripted(t, server, client.WithTimeouts(client.Timeouts{Read: time.Second}))
		server.refuse(t, project, dropAccount, throttled("2"))
		started := time.Now()
		require.Equal(t, client.RateLimited, client.KindOf(readAccount(t.Context(), project)))
		require.Zero(t, time.Since(started))
	})
}

func TestNothingIsHeldBackBeforeTheFirstRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &willing{}
		project := scripted(t, server)
		server.closed.Store(&step{status: 503, wait: "60"})
		require.Equal(t, client.Unavailable, client.KindOf(readPerson(t.Context(), project)), "a failure is no refusal")
		server.closed.Store(nil)
		started := time.Now()
		for range 1000 {
			require.NoError(t, readPerson(t.Context(), project))
		}
		require.Zero(t, time.Since(started))
	})
}

// TestLimitIsKeptAfterARefusal: never more than PostHog takes in any minute, for an hour; what was sent before
// the refusal counts.
func TestLimitIsKeptAfterARefusal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		key   string
		ask   func(context.Context, *client.Project) error
		limit int
	}{
		{canary, readAccount, 480}, {canary, dropPerson, 480}, {canary, readPerson, 240}, {canary, setPerson, 240},
		{"pha_token", readPerson, 180}, {"pha_token", readAccount, 480},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := &willing{}
			project := clientOf(t, server).As(mustKey(t, test.key)).Project(7)
			ask := func() *client.Error {
				failure, _ := errors.AsType[*client.Error](test.ask(t.Context(), project))
				return failure
			}
			for range test.limit - 1 {
				require.Nil(t, ask())
			}
			time.Sleep(30 * time.Second)
			refusal := throttled("30")
			server.closed.Store(&refusal)
			require.Equal(t, client.RateLimited, ask().Kind)
			server.closed.Store(nil)
			time.Sleep(30 * time.Second)

			// One of the minute's worth was sent 30 s ago.
			for range test.limit - 1 {
				require.Nil(t, ask())
			}
			require.Equal(t, 30*time.Second, ask().RetryAfter)
			time.Sleep(28 * time.Second)
			started := time.Now()
			require.Nil(t, ask(), "two seconds are waited for")
			require.Equal(t, 2*time.Second, time.Since(started))
			require.Equal(t, 30*time.Second, ask().RetryAfter)

			time.Sleep(time.Hour - time.Minute - time.Nanosecond) // an hour less a nanosecond since the refusal
			for range test.limit {
				require.Nil(t, ask())
			}
			require.NotNil(t, ask())
			time.Sleep(time.Nanosecond)
			require.Nil(t, ask(), "an hour without a refusal")
		})
	}
}

// TestWaitersShareWhatIsLeft: callers at the same time get no more slots than there are.
func TestWaitersShareWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &willing{}
		project := scripted(t, server)
		for range 237 {
			require.NoError(t, setPerson(t.Context(), project))
		}
		time.Sleep(30 * time.Second)
		server.refuse(t, project, setPerson, throttled("1"))
		require.NoError(t, setPerson(t.Context(), project))
		// 239 so far; the first 237 leave the window in 29 s.
		var sent, refused atomic.Int64
		for range 10 {
			go func() {
				if err := setPerson(t.Context(), project); err == nil {
					sent.Add(1)
				} else if client.KindOf(err) == client.RateLimited {
					refused.Add(1)
				}
			}()
		}
		synctest.Wait()
		require.Equal(t, []int64{1, 9}, []int64{sent.Load(), refused.Load()})
	})
}

// clientOf returns a client of a PostHog in process.
func clientOf(t testing.TB, server http.RoundTripper) *client.Client {
	t.Helper()
	posthog, err := client.New("us", client.WithTransport(server))
	require.NoError(t, err)
	return posthog
}
