package resources_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/server"
	"posthog-accounts-mcp/resources"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// Each check of a property takes a hundred steps; -rapid.checks asks for more.
func init() { _ = flag.Set("rapid.checks", "20") }

// handClock is a time that a test moves: from one moment that the poller waits
// for to the next.
type handClock struct {
	mu     sync.Mutex
	now    time.Time
	waiter chan time.Time
	moment time.Time
	waits  *sync.Cond
}

func newHandClock() *handClock {
	c := &handClock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	c.waits = sync.NewCond(&c.mu)
	return c
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) Until(moment time.Time) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiter, c.moment = make(chan time.Time, 1), moment
	c.waits.Broadcast()
	return c.waiter
}

// step lets the poller do what it waits for.
func (c *handClock) step() (moment time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.waiter == nil {
		c.waits.Wait()
	}
	if c.moment.After(c.now) {
		c.now = c.moment
	}
	c.waiter <- c.now
	c.waiter = nil
	return c.now
}

// settle waits until the poller waits again.
func (c *handClock) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.waiter == nil {
		c.waits.Wait()
	}
}

// subscriber is a real client of a server on stdio, in front of a sandbox.
type subscriber struct {
	*testing.T
	client  *mcpclient.Client
	clock   *handClock
	watch   *resources.Watch
	sandbox *sandbox.Sandbox
	heard   chan string   // URIs of updates
	hangUp  func()        // closes the client's end
	ended   chan struct{} // when the server has
	broken  sync.Map      // paths that PostHog fails on
}

// stdioTurn: mcp-go has one stdio session in a process, so tests take turns.
var stdioTurn sync.Mutex

const legacy, modern = "2025-11-25", "2026-07-28"

func subscribe(t *testing.T, version string, options sandbox.Options) *subscriber {
	t.Helper()
	stdioTurn.Lock()
	t.Cleanup(stdioTurn.Unlock)
	s := &subscriber{T: t, clock: newHandClock(), sandbox: sandbox.New(options), heard: make(chan string, 100), ended: make(chan struct{})}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, broken := s.broken.Load("all"); broken {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"type":"authentication_error","code":"permission_denied","detail":"API key missing required scope 'account:read'","attr":null}`)
			return
		}
		s.sandbox.ServeHTTP(w, r)
	}))
	t.Cleanup(upstream.Close)
	posthog, err := client.New(upstream.URL)
	require.NoError(t, err)
	key, err := client.NewKey(sandbox.DefaultKey)
	require.NoError(t, err)
	desk := tools.NewDesk(posthog, 0)
	s.watch = resources.NewWatch(desk.Look, desk.Caller, s.clock, 0)
	shelf := resources.New(desk.Ask, 0)
	served := server.New(server.Options{Name: "test", Version: "1", Templates: shelf.Templates(), ListResources: shelf.List, Watch: s.watch.Watch, Explain: plain.Explain})

	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	go func() {
		defer close(s.ended)
		_ = server.ServeStdio(context.Background(), served, inRead, outWrite, server.StdioOptions{Identity: identity.FromEnvironment(key)})
		_ = outWrite.Close()
	}()
	s.hangUp = sync.OnceFunc(func() { _ = inWrite.Close(); <-s.ended })
	t.Cleanup(s.hangUp)
	s.client = mcpclient.NewClient(transport.NewIO(outRead, inWrite, io.NopCloser(strings.NewReader(""))), mcpclient.WithProtocolVersion(version))
	s.client.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method == string(mcp.MethodNotificationResourceUpdated) {
			s.heard <- n.Params.AdditionalFields["uri"].(string)
		}
	})
	require.NoError(t, s.client.Start(context.Background()))
	_, err = s.client.Initialize(t.Context(), mcp.InitializeRequest{Params: mcp.InitializeParams{
		ProtocolVersion: version, ClientInfo: mcp.Implementation{Name: "test", Version: "1"},
	}})
	require.NoError(t, err)
	return s
}

// to subscribes to some resources, in the way of the client's era. It returns
// what ends it.
func (s *subscriber) to(version string, uris ...string) (end func()) {
	s.Helper()
	if version == modern {
		stop, err := s.client.ListenAsync(context.Background(), mcp.SubscriptionFilter{ResourceSubscriptions: uris}, func(err error) { s.Error(err) })
		require.NoError(s, err)
		return stop
	}
	for _, uri := range uris {
		require.NoError(s, s.toOne(uri))
	}
	return func() {
		for _, uri := range uris {
			//lint:ignore SA1019 it is what clients of the older era do
			require.NoError(s, s.client.Unsubscribe(s.Context(), mcp.UnsubscribeRequest{Params: mcp.UnsubscribeParams{URI: uri}}))
		}
	}
}

// toOne subscribes to a resource in the way of the older era.
func (s *subscriber) toOne(uri string) error {
	//lint:ignore SA1019 it is what clients of the older era do
	return s.client.Subscribe(s.Context(), mcp.SubscribeRequest{Params: mcp.SubscribeParams{URI: uri}})
}

// change sends PostHog a change of an account, past everything under test.
func (s *subscriber) change(method, path, body string) {
	s.Helper()
	request := httptest.NewRequest(method, "/api/projects/1/accounts/"+path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	s.sandbox.ServeHTTP(recorder, request)
	require.Less(s, recorder.Code, 300, recorder.Body.String())
}

// next is what the client hears next.
func (s *subscriber) next() string {
	s.Helper()
	select {
	case uri := <-s.heard:
		return uri
	case <-time.After(30 * time.Second): // only in a failing test
		require.Fail(s, "the client hears nothing")
		return ""
	}
}

// Subscribers hear of every change of what they subscribed to, once, and of
// nothing else, whatever the era of the protocol and of PostHog.
func TestSubscribersHearOfChanges(t *testing.T) {
	acme, list := project+"accounts/"+seed.AcmeID, project+"accounts"
	for _, version := range []string{legacy, modern} {
		for _, profile := range []sandbox.Profile{sandbox.Documented, sandbox.Current} {
			t.Run(version+" "+string(profile), func(t *testing.T) {
				s := subscribe(t, version, sandbox.Options{Profile: profile})
				end := s.to(version, acme, list)
				round := func() {
					for range 4 { // each of the two is looked at at least once
						s.clock.step()
					}
					s.clock.settle()
				}
				round()
				for _, change := range []struct{ method, path, body string }{
					{"PATCH", seed.AcmeID + "/", `{"tags":["renewed"]}`},
					{"POST", seed.AcmeID + "/notebooks/", `{"title":"New","text_content":"New"}`},
				} {
					s.change(change.method, change.path, change.body)
					round()
					require.ElementsMatch(t, []string{acme, list}, []string{s.next(), s.next()}, change.path)
				}
				s.change("PATCH", seed.NorthwindA+"/", `{"name":"Another"}`)
				round()
				require.Equal(t, list, s.next(), "not of the account that did not change")

				s.broken.Store("all", true)
				s.change("PATCH", seed.AcmeID+"/", `{"tags":["renewed","twice"]}`)
				round()
				s.broken.Delete("all")
				round()
				require.ElementsMatch(t, []string{acme, list}, []string{s.next(), s.next()}, "what changed during an outage is heard of after it")
				s.change("DELETE", seed.AcmeID+"/", "")
				round()
				require.ElementsMatch(t, []string{acme, list}, []string{s.next(), s.next()})
				require.Empty(t, s.heard)
				end()
				require.Eventually(t, func() bool { return s.watch.Pollers() == 0 }, 30*time.Second, time.Millisecond, "nobody waits any more")
			})
		}
	}
}

// A client that leaves takes its subscriptions along.
func TestWatchingEndsWithTheSession(t *testing.T) {
	for _, version := range []string{legacy, modern} {
		t.Run(version, func(t *testing.T) {
			s := subscribe(t, version, sandbox.Options{})
			s.to(version, project+"accounts")
			s.clock.step()
			require.Equal(t, 1, s.watch.Pollers())
			s.hangUp()
			require.Eventually(t, func() bool { return s.watch.Pollers() == 0 }, 30*time.Second, time.Millisecond)
		})
	}
}

// Only what is looked at can be subscribed to, and the client is told.
func TestWhatCannotBeSubscribedTo(t *testing.T) {
	s := subscribe(t, legacy, sandbox.Options{})
	for _, uri := range []string{
		project + "persons/" + seed.TwinUUIDA, project + "custom-properties", project + "accounts/acme-robotics", project + "accounts?cursor=abc",
		project + "accounts/" + seed.AcmeID + "/notebooks/" + seed.AcmeLatestNote, "posthog://projects/0/accounts",
	} {
		err := s.toOne(uri)
		require.Error(t, err, uri)
		require.Contains(t, err.Error(), "posthog://projects/")
	}
	for n := range 20 {
		s.to(legacy, fmt.Sprintf("%saccounts/00000000-0000-4000-8000-%012d", project, n))
	}
	err := s.toOne(project + "accounts/" + seed.AcmeID)
	require.ErrorContains(t, err, "20 accounts are watched")
}

// Whatever looking costs, whoever comes and goes, and however often PostHog
// fails: no hour has more than 96 requests, and everything is looked at.
func TestWatchingStaysWithinItsShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clock := newHandClock()
		type spent struct {
			at       time.Time
			requests int
		}
		var log []spent
		looked := map[string]int{}
		most := rapid.IntRange(1, 6).Draw(t, "requests of a look")
		luck := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "luck"), 0))
		look := func(_ context.Context, _ int64, account string) (string, int, error) {
			requests := 1 + luck.IntN(most)
			var err error
			if luck.IntN(5) == 0 { // every request is repeated thrice, and fails
				requests, err = 4*requests, errors.New("an outage")
			}
			log = append(log, spent{clock.Now(), requests})
			looked[account]++
			return fmt.Sprint(luck.IntN(3)), requests, err
		}
		watch := resources.NewWatch(look, func(context.Context) string { return "key" }, clock, 0)
		ends := map[string]context.CancelFunc{}
		add := func(n int) {
			uri := fmt.Sprintf("posthog://projects/1/accounts/00000000-0000-4000-8000-%012d", n)
			if ends[uri] == nil {
				ctx, end := context.WithCancel(context.Background())
				ends[uri] = end
				require.NoError(t, watch.Watch(ctx, uri, func() {}))
			}
		}
		count := rapid.IntRange(1, 20).Draw(t, "accounts")
		for n := range count {
			add(n)
		}
		for range 100 {
			clock.step()
			clock.settle()
			if luck.IntN(10) == 0 && len(ends) > 1 {
				for uri, end := range ends {
					end()
					delete(ends, uri)
					break
				}
				add(luck.IntN(count))
			}
		}
		for i := range log {
			total := 0
			for j := i; j >= 0 && log[i].at.Sub(log[j].at) < time.Hour; j-- {
				total += log[j].requests
			}
			require.LessOrEqual(t, total, 96, "in the hour before %v", log[i].at)
		}
		require.NotEmpty(t, looked)
		for _, end := range ends {
			end()
		}
		require.Eventually(t, func() bool { return watch.Pollers() == 0 }, 30*time.Second, time.Millisecond)
	})
}
