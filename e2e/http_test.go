package e2e

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const keyHeader = "X-PostHog-API-Key"

// scopesOf asks over HTTP what the key of a request may do: it tells which key PostHog saw.
func scopesOf(t *testing.T, got answer) string {
	t.Helper()
	require.Equal(t, http.StatusOK, got.status, got.body.Raw)
	return ok(t, got.body.Get("result")).Get("key.scopes").Raw
}

func whoami(era string) object { return call(era, 1, "whoami", object{}) }

// TestKeyOfTheRequest: each request is served with the key it brought, and with the process's own only where
// it brought none.
func TestKeyOfTheRequest(t *testing.T) {
	t.Parallel()
	upstream, _ := lookalike(t, "--key", "phx_one=user:read", "--key", "phx_two=user:read,account:read")
	_, origin := serve(t, []string{"POSTHOG_HOST=" + upstream, "POSTHOG_API_KEY=phx_sandbox"})
	url := origin + "/mcp"
	for _, era := range []string{legacy, modern} {
		require.JSONEq(t, `["user:read"]`, scopesOf(t, post(t, url, whoami(era), keyHeader, "phx_one")))
		require.JSONEq(t, `["user:read","account:read"]`, scopesOf(t, post(t, url, whoami(era), keyHeader, "phx_two")))
		require.JSONEq(t, `["*"]`, scopesOf(t, post(t, url, whoami(era))))
		require.Contains(t, refused(t, post(t, url, whoami(era), keyHeader, "phx_unknown").body.Get("result")), "key")
	}
	unkeyed, plain := serve(t, []string{"POSTHOG_HOST=" + upstream})
	require.Contains(t, refused(t, post(t, plain+"/mcp", whoami(modern)).body.Get("result")), keyHeader)
	post(t, plain+"/mcp", whoami(modern), keyHeader, "phx_one")
	require.NotContains(t, unkeyed.err.String(), "phx_one", "the log holds a key")
}

// TestStrangersAreRefused: web pages of other people, whatever way they try, and names that are not ours.
func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	_, origin := serve(t, nil, "--sandbox", "--sse")
	for _, way := range []struct{ method, path string }{
		{http.MethodPost, "/mcp"}, {http.MethodGet, "/mcp"}, {http.MethodOptions, "/mcp"}, {http.MethodDelete, "/mcp"},
		{http.MethodGet, "/sse"}, {http.MethodOptions, "/sse"}, {http.MethodPost, "/message?sessionId=x"},
	} {
		for _, stranger := range [][]string{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Host", "evil.example"}} {
			r, err := http.NewRequest(way.method, origin+way.path, strings.NewReader(`{}`))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "text/plain")
			got, err := do(r, stranger...)
			require.NoError(t, err)
			require.Equal(t, http.StatusForbidden, got.status, "%v %v", way, stranger)
			require.Empty(t, got.header.Get("Access-Control-Allow-Origin"), "%v %v", way, stranger)
		}
	}
	require.Equal(t, http.StatusOK, post(t, origin+"/mcp", whoami(legacy), "Origin", origin).status, "its own origin")

	_, open := serve(t, nil, "--sandbox", "--allow-origin", "https://app.example", "--public-url", "https://mcp.example/posthog")
	got := post(t, open+"/mcp", whoami(legacy), "Origin", "https://app.example", "Host", "mcp.example", keyHeader, "phx_sandbox")
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "https://app.example", got.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, refused(t, post(t, open+"/mcp", whoami(legacy), "Host", "mcp.example").body.Get("result")), keyHeader,
		"who comes through a proxy is not lent the process's key")
}

// TestCallers lets in who holds one of the tokens, and lends nobody the process's key.
func TestCallers(t *testing.T) {
	t.Parallel()
	upstream, environment := lookalike(t, "--key", "phx_one=user:read")
	require.NotEmpty(t, upstream)
	file := filepath.Join(t.TempDir(), "callers")
	line := fmt.Sprintf("# who may call\nada:%x\n", sha256.Sum256([]byte("a-long-random-token")))
	require.NoError(t, os.WriteFile(file, []byte(line), 0o600))
	p := run(t, environment, "--http", "0.0.0.0:0", "--callers", file, "--sse")
	url := strings.Replace(p.origin(), "[::]", "127.0.0.1", 1) + "/mcp"

	for name, headers := range map[string][]string{
		"no token":     {keyHeader, "phx_one"},
		"another":      {keyHeader, "phx_one", "Authorization", "Bearer wrong"},
		"another kind": {keyHeader, "phx_one", "Authorization", "Basic a-long-random-token"},
		"the hash of it": {keyHeader, "phx_one", "Authorization",
			fmt.Sprintf("Bearer %x", sha256.Sum256([]byte("a-long-random-token")))},
	} {
		got := post(t, url, whoami(modern), headers...)
		require.Equal(t, http.StatusUnauthorized, got.status, name)
		require.Contains(t, got.header.Get("WWW-Authenticate"), "Bearer", name)
	}
	token := []string{"Authorization", "Bearer a-long-random-token"}
	require.JSONEq(t, `["user:read"]`, scopesOf(t, post(t, url, whoami(modern), append(token, keyHeader, "phx_one")...)))
	require.Contains(t, refused(t, post(t, url, whoami(modern), token...).body.Get("result")), keyHeader)
	require.NotContains(t, p.err.String(), "a-long-random-token")
	require.NotContains(t, p.err.String(), "phx_")
	p.stops()
}

// TestOpenToTheNetworkNeedsCallers.
func TestOpenToTheNetworkNeedsCallers(t *testing.T) {
	t.Parallel()
	for _, bind := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		out, errs, code := finish(t, nil, "", "--sandbox", "--http", bind)
		require.Equal(t, 1, code, bind)
		require.Contains(t, errs, "--callers", bind)
		require.Empty(t, out)
	}
	_, errs, code := finish(t, nil, "", "--sandbox", "--sse")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "--http")
}

func TestHTTPLimits(t *testing.T) {
	t.Parallel()
	_, origin := serve(t, nil, "--sandbox")
	huge := call(modern, 1, "create_notebook", object{"account": "x", "markdown": strings.Repeat("a", 10<<20)})
	require.Equal(t, http.StatusRequestEntityTooLarge, post(t, origin+"/mcp", huge).status)
	for name, body := range map[string]string{"no JSON": `{"jsonrpc`, "a batch": `[]`, "not UTF-8": "{\"method\":\"\xff\"}"} {
		r, err := http.NewRequest(http.MethodPost, origin+"/mcp", strings.NewReader(body))
		require.NoError(t, err)
		got, err := do(r, "Content-Type", "application/json")
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, got.status, name)
		require.True(t, got.body.Get("error.code").Exists(), name)
	}
	require.Equal(t, http.StatusOK, post(t, origin+"/mcp", whoami(modern)).status)

	r, err := http.NewRequest(http.MethodGet, origin+"/healthz", nil)
	require.NoError(t, err)
	got, err := do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.status)
}

// TestStopsWithStreamsOpen: neither an SSE session nor a modern client's subscription holds the program, nor a
// connection that somebody opened in reserve.
func TestStopsWithStreamsOpen(t *testing.T) {
	t.Parallel()
	p, origin := serve(t, nil, "--sandbox", "--sse")
	reserve, err := net.Dial("tcp", strings.TrimPrefix(origin, "http://"))
	require.NoError(t, err)
	defer reserve.Close()
	sse, err := http.NewRequest(http.MethodGet, origin+"/sse", nil)
	require.NoError(t, err)
	listen, err := http.NewRequest(http.MethodPost, origin+"/mcp", strings.NewReader(string(encode(t,
		request(modern, 1, "subscriptions/listen", object{"notifications": object{"toolsListChanged": true}})))))
	require.NoError(t, err)
	listen.Header.Set("Content-Type", "application/json")
	listen.Header.Set("Mcp-Protocol-Version", modern)
	listen.Header.Set("Mcp-Method", "subscriptions/listen")
	for _, r := range []*http.Request{sse, listen} {
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
		first := make([]byte, 16)
		_, err = response.Body.Read(first)
		require.NoError(t, err, "the stream ended before it began")
	}
	p.stops()
}
