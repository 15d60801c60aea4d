package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// posthog is a server that the live mode is pointed at, and what reached it.
type posthog struct {
	*target
	mu      sync.Mutex
	written []string        // requests that do more than read
	told    map[string]bool // every text that it answered with
}

// serve runs a handler as the PostHog of the live mode, without its pauses.
func serve(t *testing.T, key string, handler http.Handler) *posthog {
	t.Helper()
	p := &posthog{told: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)
		p.mu.Lock()
		if !onlyReads(r.Method, r.URL.Path) {
			p.written = append(p.written, r.Method+" "+r.URL.Path)
		}
		p.remember(gjson.Parse(recorder.Body.String()))
		p.mu.Unlock()
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	environment := map[string]string{"POSTHOG_LIVE_HOST": server.URL + "/", "POSTHOG_LIVE_KEY": key, "POSTHOG_LIVE_PROJECT": "1"}
	var err error
	p.target, err = targetFrom(func(name string) string { return environment[name] })
	require.NoError(t, err)
	return p
}

// remember notes all texts of an answer.
func (p *posthog) remember(value gjson.Result) {
	switch {
	case value.Type == gjson.String:
		p.told[value.Str] = true
	case value.IsObject() || value.IsArray():
		value.ForEach(func(_, member gjson.Result) bool { p.remember(member); return true })
	}
}

func (p *posthog) examine(t *testing.T) report {
	t.Helper()
	known, err := discover(p.ask, p.project)
	require.NoError(t, err)
	found := examine(p.ask, known)
	require.Empty(t, p.written, "the live mode only reads")
	return found
}

// The mode tells which server it asks, and agrees with it in everything.
func TestLiveModeAgrees(t *testing.T) {
	t.Parallel()
	for _, l := range lookAlikes {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			found := serve(t, sandbox.DefaultKey, sandbox.New(l.opts)).examine(t)
			require.Equal(t, l.is.names(), found.server().names())
			judged := found.as(l.is)
			require.Zero(t, judged.count(differs), "%s", found)
			require.Greater(t, judged.count(agrees), 50)
		})
	}
}

// Asked as if it were of the other profile, a server differs in what tells the
// two apart.
func TestLiveModeDiffers(t *testing.T) {
	t.Parallel()
	for asked, other := range map[sandbox.Profile]servers{sandbox.Documented: onCurrent, sandbox.Current: onDocumented} {
		t.Run(string(asked), func(t *testing.T) {
			t.Parallel()
			sections := map[string]bool{}
			for _, f := range serve(t, sandbox.DefaultKey, sandbox.New(sandbox.Options{Profile: asked})).examine(t).as(other).findings {
				if f.outcome == differs {
					sections[f.section] = true
					require.NotEmpty(t, f.why)
				}
			}
			for _, section := range []string{"A1.1", "A2", "A3.1", "A3.7", "A6.1"} {
				require.True(t, sections[section], "%s tells the two apart", section)
			}
			require.False(t, sections["P2.1"], "persons are the same")
		})
	}
}

// A PostHog that has moved on is told in words that hold nobody's data, even
// where every row differs.
func TestLiveModeShowsNoData(t *testing.T) {
	t.Parallel()
	inner := sandbox.New(sandbox.Options{Profile: sandbox.Current})
	var discovered bool
	p := serve(t, sandbox.DefaultKey, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		inner.ServeHTTP(recorder, r)
		if discovered {
			recorder.Code++ // no status is what it was
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	}))
	known, err := discover(p.ask, p.project)
	require.NoError(t, err)
	discovered = true
	found := examine(p.ask, known)
	require.Greater(t, found.as(onCurrent).count(differs), 50)
	require.Empty(t, p.written)
	text := fmt.Sprint(found.as(onCurrent))
	vocabulary := fmt.Sprint(contract())
	for told := range p.told {
		if len(told) > 5 && !strings.Contains(vocabulary, told) && !strings.Contains(text, fmt.Sprintf("detail=%q", mask(told))) {
			require.NotContains(t, text, told)
		}
	}
	require.NotContains(t, text, p.key)
	require.Contains(t, text, "status 200; it answered 201 {count:number next:text previous:null results:[{")
}

// What a project does not have, or a key may not ask, says nothing about a fact.
func TestLiveModeAdapts(t *testing.T) {
	t.Parallel()
	t.Run("an empty project", func(t *testing.T) {
		t.Parallel()
		found := serve(t, sandbox.DefaultKey, sandbox.New(sandbox.Options{Profile: sandbox.Current, Empty: true})).examine(t).as(onCurrent)
		require.Zero(t, found.count(differs), "%s", found)
		require.Contains(t, found.String(), "found no person here")
		require.Contains(t, found.String(), "found no account here")
	})
	t.Run("a narrow key", func(t *testing.T) {
		t.Parallel()
		key := sandbox.Key{Value: "phx_narrow", Scopes: []string{"account:read"}, Projects: []int64{1}}
		found := serve(t, key.Value, sandbox.New(sandbox.Options{Profile: sandbox.Current, Keys: []sandbox.Key{key}})).examine(t).as(onCurrent)
		require.Zero(t, found.count(differs), "%s", found)
		require.Contains(t, found.String(), "the key may not ask: API key missing required scope 'person:read'")
	})
	t.Run("a wrong key", func(t *testing.T) {
		t.Parallel()
		p := serve(t, "phx_wrong", sandbox.New(sandbox.Options{}))
		_, err := discover(p.ask, p.project)
		require.ErrorContains(t, err, "the key is not accepted: Personal API key found")
	})
}

func TestLiveModeSendsNoWrite(t *testing.T) {
	t.Parallel()
	p := serve(t, sandbox.DefaultKey, sandbox.New(sandbox.Options{}))
	for _, c := range contract() {
		if c.untouched() {
			continue
		}
		for _, s := range c.steps {
			s.path, _ = fillPath(s.path, map[string]string{"project": "1"})
			if _, err := p.ask(s); !onlyReads(s.method, s.path) {
				require.ErrorContains(t, err, "not sent: ")
			}
		}
	}
	elsewhere, err := http.NewRequest(http.MethodGet, "http://elsewhere.invalid/api/projects/1/accounts/", nil)
	require.NoError(t, err)
	_, err = p.client.Do(elsewhere)
	require.ErrorContains(t, err, "not sent: ")
	require.Empty(t, p.written)
}

func TestLiveModePacesItself(t *testing.T) {
	t.Parallel()
	asked, refusals := 0, 0
	inner := sandbox.New(sandbox.Options{})
	p := serve(t, sandbox.DefaultKey, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 3 && refusals == 0 {
			refusals++
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"type":"throttled_error","code":"throttled","detail":"Request was throttled. Expected available in 42 seconds.","attr":null}`))
			return
		}
		inner.ServeHTTP(w, r)
	}))
	var waited time.Duration
	p.pause = func(d time.Duration) { waited += d }
	p.examine(t)
	require.Equal(t, 1, refusals)
	require.Equal(t, time.Duration(asked)*time.Second+42*time.Second, waited, "a second before each request, and the wait that was asked for")
}

func TestLiveModeEnvironment(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("phx_in_file\n"), 0o600))
	good := map[string]string{"POSTHOG_LIVE_HOST": "https://posthog.example.com/prefix/", "POSTHOG_LIVE_KEY_FILE": file, "POSTHOG_LIVE_PROJECT": "7"}
	read := func(change, value string) (*target, error) {
		return targetFrom(func(name string) string {
			if name == change {
				return value
			}
			return good[name]
		})
	}
	got, err := read("", "")
	require.NoError(t, err)
	require.Equal(t, []string{"https://posthog.example.com/prefix", "phx_in_file", "7"}, []string{got.origin, got.key, got.project})
	for name, wrong := range map[string]string{"POSTHOG_LIVE_HOST": "us", "POSTHOG_LIVE_KEY_FILE": file + "x", "POSTHOG_LIVE_PROJECT": "@current"} {
		_, err := read(name, wrong)
		require.ErrorContains(t, err, name)
	}
	_, err = read("POSTHOG_LIVE_KEY_FILE", "")
	require.ErrorContains(t, err, "POSTHOG_LIVE_KEY")
	require.Equal(t, time.Minute, waitIn(answer{body: `{"detail":"Request was throttled."}`}))
	require.Equal(t, 7*time.Second, waitIn(answer{header: http.Header{"Retry-After": {"7"}}}))
	_, err = url.Parse(got.origin)
	require.NoError(t, err)
}
