package client_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

// slow answers after a second, and counts the requests and those that were given up.
type slow struct {
	mu             sync.Mutex
	answers        []step // by request, the last repeats
	asked, givenUp int
	panics         bool
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	next := okay
	if len(s.answers) > 0 {
		next = s.answers[min(s.asked, len(s.answers)-1)]
	}
	s.asked++
	panics := s.panics
	s.mu.Unlock()
	next.after = time.Second
	answer, err := (&script{steps: []step{next}}).RoundTrip(r)
	if panics {
		panic("a fault in the transport")
	}
	if err != nil {
		s.mu.Lock()
		s.givenUp++
		s.mu.Unlock()
	}
	return answer, err
}

// counts returns the requests, and how many of them were given up.
func (s *slow) counts() [2]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return [2]int{s.asked, s.givenUp}
}

// together runs the calls at the same time and returns their errors.
func together(calls ...func() error) []error {
	errs := make([]error, len(calls))
	var group sync.WaitGroup
	for i, call := range calls {
		group.Go(func() { errs[i] = call() })
	}
	group.Wait()
	return errs
}

func TestEqualReadsShareARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slow{}
		project := scripted(t, server)
		calls := []func() error{}
		accounts := make([]client.Account, 20)
		for i := range accounts {
			calls = append(calls, func() (err error) {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				accounts[i], err = project.Session().Project(7).Account(t.Context(), "a")
				return err
			})
		}
		started := time.Now()
		for _, err := range together(calls...) {
			require.NoError(t, err)
		}
		require.Equal(t, time.Second, time.Since(started), "those who came later have less to wait")
		require.Equal(t, [2]int{1, 0}, server.counts())
		accounts[0].Properties["csm"][0] = '!'
		for _, account := range accounts[1:] {
			require.Equal(t, decodedAccount(t), account, "nobody sees what others do to their copy")
		}
		_, err := project.Account(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, [2]int{2, 0}, server.counts(), "answers are not kept")
	})
}

func TestDifferentReadsShareNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slow{answers: []step{{status: 200, body: `{"id":"a","short_id":"n","uuid":"u","results":{}}`}}}
		posthog := clientOf(t, server)
		project, stranger := posthog.As(mustKey(t, canary)).Project(7), posthog.As(mustKey(t, "phx_other")).Project(7)
		account := func(p *client.Project, id string) func() error {
			return func() error { _, err := p.Account(t.Context(), id); return err }
		}
		persons := func(id string) func() error {
			return func() error { _, err := project.PersonsByDistinctIDs(t.Context(), []string{id}); return err }
		}
		write := func() error {
			_, err := project.CreateAccount(t.Context(), client.AccountCreate{Name: "A"})
			return err
		}
		errs := together(account(project, "a"), account(project, "b"), account(stranger, "a"), account(project.Session().Project(8), "a"),
			persons("1"), persons("2"), write, write)
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, [2]int{8, 0}, server.counts())
		for _, err := range together(persons("1"), persons("1")) {
			require.NoError(t, err)
		}
		require.Equal(t, [2]int{9, 0}, server.counts(), "a POST that only reads is shared, too")
	})
}

func TestFailuresAreSharedButNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slow{answers: []step{{status: 403, body: `{"detail":"no"}`}, okay}}
		project := scripted(t, server)
		get := func() error { _, err := project.Account(t.Context(), "a"); return err }
		errs := together(get, get)
		for _, err := range errs {
			require.Equal(t, client.Forbidden, client.KindOf(err))
		}
		require.NotSame(t, asError(t, errs[0]), asError(t, errs[1]))
		require.Equal(t, [2]int{1, 0}, server.counts())
		require.NoError(t, get())
	})
}

func TestCallersLeaveOneByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slow{}
		project := scripted(t, server)
		get := func(patience time.Duration) func() error {
			return func() error {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				_, err := project.Account(ctx, "a")
				return err
			}
		}
		started := time.Now()
		errs := together(get(100*time.Millisecond), get(200*time.Millisecond), get(time.Minute))
		require.Equal(t, time.Second, time.Since(started))
		require.Equal(t, client.TimedOut, client.KindOf(errs[0]), "the first to ask may leave as well")
		require.ErrorIs(t, errs[1], context.DeadlineExceeded)
		require.NoError(t, errs[2])
		require.Equal(t, [2]int{1, 0}, server.counts())

		started = time.Now()
		for _, err := range together(get(100*time.Millisecond), get(200*time.Millisecond)) {
			require.Equal(t, client.TimedOut, client.KindOf(err))
		}
		require.Equal(t, 200*time.Millisecond, time.Since(started))
		synctest.Wait()
		require.Equal(t, [2]int{2, 1}, server.counts(), "nobody is left to wait for it")

		require.NoError(t, get(time.Minute)())
		require.Equal(t, [2]int{3, 1}, server.counts(), "a request that ends is not joined")
	})
}

// TestAbandonedRequestIsNotJoined, even if it goes on for a while.
func TestAbandonedRequestIsNotJoined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		project := scripted(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			time.Sleep(time.Second) // whatever its context says
			return answered{200, accountJSON}.RoundTrip(r)
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := project.Account(ctx, "a")
		require.Equal(t, client.TimedOut, client.KindOf(err))
		_, err = project.Account(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, int64(2), asked.Load())
	})
}

// TestRetriesLastAsLongAsTheMostPatient: a wait one caller cannot sit out goes on for the other.
func TestRetriesLastAsLongAsTheMostPatient(t *testing.T) {
	t.Parallel()
	for _, patient := range []time.Duration{time.Minute, 0} {
		synctest.Test(t, func(t *testing.T) {
			server := &slow{answers: []step{throttled("2"), okay}}
			project := scripted(t, server)
			errs := together(func() error {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				_, err := project.Account(ctx, "a")
				return err
			}, func() error {
				time.Sleep(time.Millisecond)
				ctx := t.Context()
				if patient > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, patient)
					defer cancel()
				}
				_, err := project.Account(ctx, "a")
				return err
			})
			require.Equal(t, client.TimedOut, client.KindOf(errs[0]))
			require.NoError(t, errs[1])
			require.Equal(t, [2]int{2, 0}, server.counts())
		})
	}
}

// TestReadsAfterAWriteAreFresh: what is read back must not be an answer from before the write.
func TestReadsAfterAWriteAreFresh(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 500} {
		synctest.Test(t, func(t *testing.T) {
			server := &slow{answers: []step{{status: status, body: accountJSON}, {status: 200, body: olderAccount}, okay}}
			project := scripted(t, server)
			var before client.Account
			errs := together(func() error {
				_, _ = project.PatchAccount(t.Context(), "a", client.AccountPatch{Name: client.Set("A")})
				after, err := project.Account(t.Context(), "a")
				require.Equal(t, "acme", *after.ExternalID)
				require.Equal(t, decodedAccount(t), after)
				return err
			}, func() (err error) {
				time.Sleep(time.Millisecond)
				before, err = project.Account(t.Context(), "a")
				return err
			})
			require.NoError(t, errs[0])
			require.NoError(t, errs[1])
			require.Equal(t, "A", before.Name)
			require.Equal(t, [2]int{3, 0}, server.counts())
		})
	}
}

// TestEndOfAnOldRequest leaves alone the one that took its place after a write.
func TestEndOfAnOldRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slow{}
		project := scripted(t, server)
		get := func(after time.Duration) func() error {
			return func() error {
				time.Sleep(after)
				_, err := project.Account(t.Context(), "a")
				return err
			}
		}
		errs := together(func() error { return project.DeleteAccount(t.Context(), "b") }, // until 1.0 s
			get(500*time.Millisecond), get(1200*time.Millisecond), get(1800*time.Millisecond))
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, [2]int{3, 0}, server.counts(), "the write, the read before it, and one for both after it")
	})
}

// TestPanicsStayWithTheirCallers: a fault below must not end the process, as it would in a goroutine of ours.
func TestPanicsStayWithTheirCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slow{panics: true}
		project := scripted(t, server)
		get := func() error {
			require.PanicsWithValue(t, "a fault in the transport", func() { _, _ = project.Account(t.Context(), "a") })
			return nil
		}
		_ = together(get, get)
		require.Equal(t, [2]int{1, 0}, server.counts())
		server.panics = false
		_, err := project.Account(t.Context(), "a")
		require.NoError(t, err)
	})
}
