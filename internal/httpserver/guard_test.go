package httpserver_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/httpserver"
)

// endpoints are all ways in. The guard treats them alike.
var endpoints = []struct{ method, path string }{
	{http.MethodPost, "/mcp"},
	{http.MethodGet, "/mcp"},
	{http.MethodOptions, "/mcp"},
	{http.MethodDelete, "/mcp"},
	{http.MethodGet, "/sse"},
	{http.MethodOptions, "/sse"},
	{http.MethodPost, "/message"},
	{http.MethodOptions, "/message"},
}

// mcp-go looks at no Origin, and its SSE transport invites every one. A good Host proves nothing: a page
// that calls http://localhost sends a good one.
func TestOriginAndHostOnEveryWayIn(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{
		SSE: true, PublicURLs: []string{"https://mcp.example.com/posthog"}, AllowOrigins: []string{"https://App.example.com"},
	})
	hosts := map[string]bool{
		"127.0.0.1:" + s.port: true, "localhost:" + s.port: true, "[::1]:" + s.port: true, "LOCALHOST": true,
		"localhost:9":     true, // a forwarded port
		"mcp.example.com": true, "mcp.example.com:443": true,
		"evil.example": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"10.0.0.7": false, "app.example.com": false,
	}
	origins := map[string]bool{
		"":                                             true,
		"http://127.0.0.1:" + s.port:                   true,
		"http://localhost:" + s.port:                   true,
		"http://[::1]:" + s.port:                       true,
		"https://mcp.example.com":                      true,
		"https://app.example.com":                      true,
		"https://app.example.com:443":                  true,
		"http://evil.example":                          false,
		"null":                                         false,
		"http://localhost:9":                           false, // another program on this machine
		"http://localhost":                             false,
		"https://localhost:" + s.port:                  false,
		"http://app.example.com":                       false,
		"https://app.example.com:8443":                 false,
		"https://app.example.com.evil":                 false,
		"http://evil.example:" + s.port:                false,
		"http://localhost:" + s.port + "@evil.example": false,
		"file://":                                      false,
	}
	for _, e := range endpoints {
		for host, hostAllowed := range hosts {
			for origin, originAllowed := range origins {
				name := fmt.Sprintf("%s %s Host %s Origin %s", e.method, e.path, host, origin)
				headers := map[string]string{"Host": host}
				if origin != "" {
					headers["Origin"] = origin
				}
				answer := s.open(e.method, e.path, "{}", headers)
				_ = answer.Body.Close()
				allowed := answer.Header.Get("Access-Control-Allow-Origin")
				if hostAllowed && originAllowed {
					require.NotEqual(t, http.StatusForbidden, answer.StatusCode, name)
					require.Equal(t, origin, allowed, name)
				} else {
					require.Equal(t, http.StatusForbidden, answer.StatusCode, name)
					require.Empty(t, allowed, name)
				}
			}
		}
	}
}

func TestTwoOriginsAreNone(t *testing.T) {
	t.Parallel()
	web, err := httpserver.New(newFixture().server(), httpserver.Options{Addr: "127.0.0.1:80"})
	require.NoError(t, err)
	for _, origins := range [][]string{{"http://localhost", "http://evil.example"}, {""}} {
		r := httptest.NewRequest(http.MethodPost, "http://localhost/mcp", strings.NewReader("{}"))
		r.Header["Origin"] = origins
		w := httptest.NewRecorder()
		web.Handler().ServeHTTP(w, r)
		require.Equal(t, http.StatusForbidden, w.Code, "%q", origins)
	}
}

func TestPreflightNamesEveryHeaderAnMCPClientSends(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{AllowOrigins: []string{"https://app.example.com"}})
	answer, _ := s.send(http.MethodOptions, "/mcp", "", map[string]string{
		"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST",
	})
	require.Equal(t, http.StatusNoContent, answer.StatusCode)
	allowed := strings.ToLower(answer.Header.Get("Access-Control-Allow-Headers"))
	for _, header := range []string{
		"content-type", "authorization", "x-posthog-api-key", "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id", "last-event-id",
	} {
		require.Contains(t, allowed, header)
	}
	require.Contains(t, answer.Header.Get("Access-Control-Allow-Methods"), "POST")
	require.Equal(t, "Origin", answer.Header.Get("Vary"))

	answer, _ = s.send(http.MethodPost, "/mcp", request(1, "ping", nil), map[string]string{"Origin": "https://app.example.com"})
	require.Contains(t, answer.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate")
	require.Empty(t, answer.Header.Get("Access-Control-Allow-Credentials"))
}

func TestOnlyKnownBearersMayCall(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true, Callers: callers(t, "token-of-ci", "token-of-bot")})
	for authorization, label := range map[string]string{
		"Bearer token-of-ci":    "ci",
		"bearer token-of-bot":   "bot",
		"":                      "",
		"Bearer":                "",
		"Bearer ":               "",
		"token-of-ci":           "",
		"Basic token-of-ci":     "",
		"Bearer token-of-c":     "",
		"Bearer token-of-ci2":   "",
		"Bearer phx_some_key":   "",
		"Bearer token-of-ci, x": "",
	} {
		for _, e := range endpoints {
			if e.method == http.MethodOptions {
				continue // browsers ask before they have a token
			}
			answer := s.open(e.method, e.path, "{}", map[string]string{"Authorization": authorization})
			_ = answer.Body.Close()
			name := fmt.Sprintf("%s %s %q", e.method, e.path, authorization)
			if label == "" {
				require.Equal(t, http.StatusUnauthorized, answer.StatusCode, name)
				require.Equal(t, "Bearer", answer.Header.Get("WWW-Authenticate"), name)
			} else {
				require.NotEqual(t, http.StatusUnauthorized, answer.StatusCode, name)
			}
		}
		if label != "" {
			_, messages := s.post(call(1, "whoami", nil), map[string]string{"Authorization": authorization})
			require.Equal(t, "//"+label, messages[0].text())
		}
	}
}

func TestHealthNeedsNoNameAndNoToken(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{Callers: callers(t, "token-of-ci")})
	answer, text := s.send(http.MethodGet, "/healthz", "", map[string]string{"Host": "probe"})
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "ok\n", text)
}

func TestWhoseKeyACallUses(t *testing.T) {
	t.Parallel()
	own, given := key(t, "phx_of_the_process"), key(t, "phx_of_the_request")
	open := serve(t, newFixture().server(), httpserver.Options{EnvKey: own, PublicURLs: []string{"https://mcp.example.com"}})
	closed := serve(t, newFixture().server(), httpserver.Options{EnvKey: own, Callers: callers(t, "token-of-ci")})
	for _, c := range []struct {
		name    string
		site    *site
		headers map[string]string
		want    string
	}{
		{"loopback, no key", open, nil, own.Fingerprint() + "/environment/"},
		{"loopback, own key", open, map[string]string{"X-PostHog-API-Key": "phx_of_the_request"}, given.Fingerprint() + "/request/"},
		{"loopback, unset variable", open, map[string]string{"X-PostHog-API-Key": "${POSTHOG_API_KEY}"}, own.Fingerprint() + "/environment/"},
		{"a bearer nobody asked for", open, map[string]string{"Authorization": "Bearer phx_of_the_request"}, own.Fingerprint() + "/environment/"},
		{"through a proxy, no key", open, map[string]string{"Host": "mcp.example.com"}, "//"},
		{"through a proxy, own key", open, map[string]string{"Host": "mcp.example.com", "X-PostHog-API-Key": "phx_of_the_request"}, given.Fingerprint() + "/request/"},
		{"callers, no key", closed, map[string]string{"Authorization": "Bearer token-of-ci"}, "//ci"},
		{"callers, empty key", closed, map[string]string{"Authorization": "Bearer token-of-ci", "X-PostHog-API-Key": " "}, "//ci"},
		{"callers, own key", closed, map[string]string{"Authorization": "Bearer token-of-ci", "X-PostHog-API-Key": "phx_of_the_request"}, given.Fingerprint() + "/request/ci"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, messages := c.site.post(call(1, "whoami", nil), c.headers)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, c.want, messages[0].text())
		})
	}
}

func TestAKeyThatCannotWorkIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{EnvKey: key(t, "phx_of_the_process")})
	for text, says := range map[string]string{
		"phc_canary123": "project token", "phx_canary 123": "character", "Bearer phx_canary123": "character",
	} {
		status, messages := s.post(request(1, "tools/list", nil), map[string]string{"X-PostHog-API-Key": text})
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, messages[0].Error.Message, says)
		require.NotContains(t, messages[0].Error.Message, "canary")
	}
	status, _ := s.post(request(1, "tools/list", nil), nil)
	require.Equal(t, http.StatusOK, status, "the list needs no key")
}

func TestTwoKeysAreRefused(t *testing.T) {
	t.Parallel()
	web, err := httpserver.New(newFixture().server(), httpserver.Options{Addr: "127.0.0.1:80"})
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "http://localhost/mcp", strings.NewReader("{}"))
	r.Header["X-Posthog-Api-Key"] = []string{"phx_one", "phx_two"}
	w := httptest.NewRecorder()
	web.Handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusBadRequest, w.Code)
}

func TestIdentitiesNeverMix(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{Callers: callers(t, "token-of-a", "token-of-b")})
	want := map[string]string{
		"a": key(t, "phx_key_of_a").Fingerprint() + "/request/a",
		"b": key(t, "phx_key_of_b").Fingerprint() + "/request/b",
	}
	var clients sync.WaitGroup
	for worker := range 64 {
		who := string("ab"[worker%2])
		clients.Go(func() {
			for range 10 {
				_, messages := s.post(call(1, "whoami", nil), map[string]string{
					"Authorization": "Bearer token-of-" + who, "X-PostHog-API-Key": "phx_key_of_" + who,
				})
				if len(messages) != 1 || messages[0].text() != want[who] {
					t.Errorf("%s was taken for %+v", who, messages)
				}
			}
		})
	}
	clients.Wait()
}

// bound is a listener on an address that tests cannot listen on.
type bound struct {
	net.Listener
	addr net.TCPAddr
}

func (b bound) Addr() net.Addr { return &b.addr }

func TestAListenerElsewhereThanSaidIsRefused(t *testing.T) {
	t.Parallel()
	web, err := httpserver.New(newFixture().server(), httpserver.Options{Addr: "127.0.0.1:8080"})
	require.NoError(t, err)
	for _, ip := range []net.IP{net.IPv4zero, net.IPv6zero, net.IPv4(10, 0, 0, 7)} {
		require.ErrorContains(t, web.Serve(t.Context(), bound{addr: net.TCPAddr{IP: ip, Port: 8080}}), "--callers")
	}
}

func TestWhatMayBeListenedOn(t *testing.T) {
	t.Parallel()
	some := callers(t, "token-of-ci")
	for _, c := range []struct {
		name    string
		options httpserver.Options
		says    string // "" is fine
	}{
		{"loopback", httpserver.Options{Addr: "127.0.0.1:0"}, ""},
		{"loopback, another one", httpserver.Options{Addr: "127.1.2.3:8080"}, ""},
		{"loopback, IPv6", httpserver.Options{Addr: "[::1]:8080"}, ""},
		{"loopback by name", httpserver.Options{Addr: "localhost:8080"}, ""},
		{"every address", httpserver.Options{Addr: ":8080"}, "--callers"},
		{"every address, spelled out", httpserver.Options{Addr: "0.0.0.0:8080"}, "--callers"},
		{"every address, IPv6", httpserver.Options{Addr: "[::]:8080"}, "--callers"},
		{"a LAN address", httpserver.Options{Addr: "10.0.0.7:8080"}, "--callers"},
		{"a name", httpserver.Options{Addr: "localhost.example.com:8080"}, "--callers"},
		{"every address, with callers", httpserver.Options{Addr: ":8080", Callers: some}, ""},
		{"no port", httpserver.Options{Addr: "127.0.0.1"}, "host:port"},
		{"every origin", httpserver.Options{Addr: "127.0.0.1:0", AllowOrigins: []string{"*"}}, "allowed origin"},
		{"the null origin", httpserver.Options{Addr: "127.0.0.1:0", AllowOrigins: []string{"null"}}, "allowed origin"},
		{"an origin with a path", httpserver.Options{Addr: "127.0.0.1:0", AllowOrigins: []string{"https://a.example/x"}}, "allowed origin"},
		{"a public name without scheme", httpserver.Options{Addr: "127.0.0.1:0", PublicURLs: []string{"mcp.example.com"}}, "public URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := httpserver.New(newFixture().server(), c.options)
			if c.says == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.says)
			}
		})
	}
}
