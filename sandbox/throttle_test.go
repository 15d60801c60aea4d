package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

// TestThrottleBuckets counts how many requests each kind of caller has before
// it must wait, and who waits with it.
func TestThrottleBuckets(t *testing.T) {
	t.Parallel()
	const accounts, persons = accountsPath + "?limit=1", "/api/projects/1/persons?limit=1"
	keys := []sandbox.Key{
		{Value: "pha_a", User: 2, Scopes: []string{"*"}}, {Value: "pha_b", User: 2, Scopes: []string{"*"}},
		{Value: "pha_c", User: 3, Scopes: []string{"*"}}, {Value: "phx_a", User: 2, Scopes: []string{"*"}}, {Value: "phx_b", User: 2, Scopes: []string{"*"}},
	}
	for _, c := range []struct {
		name, key, method, path string
		budget                  int        // requests within a minute
		also, apart             [][]string // key, method and path that are out of budget with it, or are not
	}{
		{"accounts 1.5: a key has 480 a minute", "phx_a", "GET", accounts, 480,
			[][]string{{"phx_a", "GET", definitionsPath}}, [][]string{{"phx_b", "GET", accounts}, {"phx_a", "GET", persons}}},
		{"persons 7: reads have 240 a minute", "phx_a", "GET", persons, 240,
			[][]string{{"phx_a", "POST", "/api/projects/1/persons/batch_by_uuids"}},
			[][]string{{"phx_b", "GET", persons}, {"phx_a", "GET", accounts}, {"phx_a", "DELETE", "/api/projects/1/persons/x"}}},
		{"persons 7: deletions have 480 a minute, with accounts", "phx_a", "DELETE", "/api/projects/1/persons/x", 480,
			[][]string{{"phx_a", "GET", accounts}}, [][]string{{"phx_a", "GET", persons}, {"phx_b", "DELETE", "/api/projects/1/persons/x"}}},
		{"persons 7: an OAuth token has 180 a minute, shared by its user", "pha_a", "GET", persons, 180,
			[][]string{{"pha_b", "GET", persons}, {"pha_a", "DELETE", "/api/projects/1/persons/x"}},
			[][]string{{"pha_c", "GET", persons}, {"phx_a", "GET", persons}, {"pha_a", "GET", accounts}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := newClock()
			h := start(t, sandbox.Options{Empty: true, Throttle: true, Now: clock.Now, Keys: keys})
			for range c.budget {
				require.NotEqual(t, http.StatusTooManyRequests, h.inProcess(c.key, c.method, c.path).status)
			}
			got := h.inProcess(c.key, c.method, c.path)
			got.requireProblem(t, 429, "throttled_error", "throttled", "Request was throttled. Expected available in 60 seconds.", "")
			require.Empty(t, got.header.Get("Retry-After"))
			for _, other := range c.also {
				require.Equal(t, http.StatusTooManyRequests, h.inProcess(other[0], other[1], other[2]).status, "%v shares the budget", other)
			}
			for _, other := range c.apart {
				require.NotEqual(t, http.StatusTooManyRequests, h.inProcess(other[0], other[1], other[2]).status, "%v has its own", other)
			}
			clock.advance(time.Minute)
			require.NotEqual(t, http.StatusTooManyRequests, h.inProcess(c.key, c.method, c.path).status)
		})
	}
	t.Run("accounts 1.5: OAuth tokens are not counted", func(t *testing.T) {
		h := start(t, sandbox.Options{Empty: true, Throttle: true, Now: newClock().Now, Keys: keys})
		for range 500 {
			require.Equal(t, 200, h.inProcess("pha_a", "GET", accounts).status)
		}
	})
	t.Run("persons 7: an OAuth token's user has 1,200 an hour", func(t *testing.T) {
		clock := newClock()
		h := start(t, sandbox.Options{Empty: true, Throttle: true, RetryAfter: true, Now: clock.Now, Keys: keys})
		for i := range 1200 {
			if i%180 == 0 {
				clock.advance(time.Minute)
			}
			require.Equal(t, 200, h.inProcess("pha_a", "GET", persons).status)
		}
		clock.advance(time.Minute)
		got := h.inProcess("pha_a", "GET", persons)
		require.Equal(t, 429, got.status)
		require.Equal(t, "3180", got.header.Get("Retry-After"), "1.5 the header is a switch")
	})
}

// inProcess sends a request without a body and without a socket, for tests
// that need many.
func (h *harness) inProcess(key, method, path string) answer {
	h.Helper()
	request, err := http.NewRequest(method, "http://sandbox.invalid"+path, nil)
	require.NoError(h, err)
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := h.Transport().RoundTrip(request)
	require.NoError(h, err)
	return readAnswer(h, response)
}
