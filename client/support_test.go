package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

// prefix is where test servers are mounted: a client that builds absolute paths misses them.
const prefix = "/behind/proxy"

// seen is one request as it arrived.
type seen struct {
	Line   string // method, path below the prefix and query
	Header http.Header
	Body   string
}

// upstream is a PostHog of one canned answer that records what it is asked.
type upstream struct {
	mu       sync.Mutex
	requests []seen
	answer   http.HandlerFunc
}

// answering returns an upstream with a JSON answer.
func answering(status int, body string) *upstream {
	return &upstream{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}}
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	line := r.Method + " " + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		line += "?" + r.URL.RawQuery
	}
	u.mu.Lock()
	u.requests = append(u.requests, seen{line, r.Header.Clone(), string(body)})
	answer := u.answer
	u.mu.Unlock()
	answer(w, r)
}

// all returns the requests so far.
func (u *upstream) all() []seen {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]seen(nil), u.requests...)
}

// one returns the only request.
func (u *upstream) one(t testing.TB) seen {
	t.Helper()
	requests := u.all()
	require.Len(t, requests, 1)
	return requests[0]
}

// testClient returns a client of handler, mounted below a path prefix.
func testClient(t testing.TB, handler http.Handler, options ...client.Option) *client.Client {
	t.Helper()
	if handler == nil {
		handler = http.NotFoundHandler()
	}
	server := httptest.NewServer(http.StripPrefix(prefix, handler))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL+prefix, options...)
	require.NoError(t, err)
	return c
}

// project7 returns project 7 of a client of handler, for the canary key.
func project7(t testing.TB, handler http.Handler, options ...client.Option) *client.Project {
	t.Helper()
	return testClient(t, handler, options...).As(mustKey(t, canary)).Project(7)
}

func ptr[T any](value T) *T { return &value }

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return moment
}

// pagesOf serves one row a page.
func pagesOf(rows ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		offset, _ := strconv.Atoi("0" + r.URL.Query().Get("offset"))
		number, next := offset/limit, "null"
		if number+1 < len(rows) {
			next = `"https://evil.example/next"`
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"count":9999,"next":`+next+`,"results":[`+rows[number]+`]}`)
	}
}

// replace changes the answer.
func (u *upstream) replace(answer http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer = answer
}
