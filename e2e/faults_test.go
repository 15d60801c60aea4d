package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// faultyUpstream is a look-alike whose accounts are out of order, and only they.
func faultyUpstream(t *testing.T, fault http.HandlerFunc) []string {
	t.Helper()
	behind, _ := lookalike(t)
	sound, err := url.Parse(behind)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(sound)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/accounts") {
			fault(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { front.CloseClientConnections(); front.Close() })
	return []string{"POSTHOG_HOST=" + front.URL, "POSTHOG_API_KEY=phx_sandbox"}
}

// says answers with a status and one of PostHog's error bodies.
func says(status int, kind, code, detail string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "90")
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":%q,"code":%q,"detail":%q,"attr":null}`, kind, code, detail)
	}
}

// TestNoFailureReadsLikeAnAnswer: whatever is wrong with PostHog, a call ends in an error that says so, and in
// none of them could a model read that there are no accounts. The sentences are logged.
func TestNoFailureReadsLikeAnAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault http.HandlerFunc
		word  string // the sentence has it
	}{
		{"401", says(401, "authentication_error", "authentication_failed", "Personal API key found in request Authorization header is invalid."), "key"},
		{"403, no scope", says(403, "authentication_error", "permission_denied", "API key missing required scope 'account:read'"), "account:read"},
		{"404, project", says(404, "invalid_request", "not_found", "Project not found."), "project"},
		{"429", says(429, "throttled_error", "throttled", "Request was throttled. Expected available in 90 seconds."), "90 seconds"},
		{"500", says(500, "server_error", "error", "A server error occurred."), "PostHog"},
		{"half a body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"count": 0, "results": [`))
		}, "PostHog"},
		{"no JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>sign in</html>")) }, "PostHog"},
		{"hung", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "PostHog"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			do := callerOf(stdioClient(t, faultyUpstream(t, c.fault)))
			said := refused(t, do(t, "list_accounts", object{"search": "mistral"}))
			t.Log(said)
			require.Contains(t, said, c.word)
			require.NotContains(t, said, "phx_")
			require.NotRegexp(t, `(?i)no accounts?\b|none found|0 accounts`, said)
		})
	}
}

// TestAnUpdateChangesWhatItNames and nothing else, as PostHog itself shows the account: PostHog's own update
// would replace all roles, ids and tags by what it is sent.
func TestAnUpdateChangesWhatItNames(t *testing.T) {
	t.Parallel()
	origin, environment := lookalike(t)
	var id string
	for _, account := range raw(t, origin+"/api/projects/1/accounts/?limit=100").Get("results").Array() {
		properties := account.Get("properties").Map()
		set := 0
		for _, value := range properties {
			if value.Type != gjson.Null && value.Raw != "{}" {
				set++
			}
		}
		threeRoles := account.Get("properties.csm.id").Exists() && account.Get("properties.account_executive.id").Exists() &&
			account.Get("properties.account_owner.id").Exists()
		if threeRoles && set >= 9 && len(account.Get("tags").Array()) > 1 {
			id = account.Get("id").String()
			break
		}
	}
	require.NotEmpty(t, id, "no account of the portfolio has three roles, six ids and two tags")
	before := raw(t, origin+"/api/projects/1/accounts/"+id+"/")

	do := callerOf(stdioClient(t, environment))
	require.Equal(t, "applied", ok(t, do(t, "update_account", object{"account": id, "set": object{"zendesk_id": "zd-new"}})).Get("outcome").String())

	after := raw(t, origin+"/api/projects/1/accounts/"+id+"/")
	require.Equal(t, "zd-new", after.Get("properties.zendesk_id").String())
	was, is := before.Value().(object), after.Value().(object)
	was["properties"].(object)["zendesk_id"] = "zd-new"
	was["updated_at"] = is["updated_at"]
	require.ElementsMatch(t, was["tags"], is["tags"], "PostHog keeps tags in no order")
	was["tags"] = is["tags"]
	require.Equal(t, was, is)
}

// raw reads from the look-alike as any HTTP client does.
func raw(t *testing.T, url string) gjson.Result {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	got, err := do(r, "Authorization", "Bearer phx_sandbox")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.status, got.body.Raw)
	return got.body
}
