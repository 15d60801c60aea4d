package tools_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// everyCall is a good call of each tool that works on PostHog; those of the
// journal have tests of their own.
func everyCall() map[string]object {
	account, person := object{"account": seed.AcmeID}, object{"person": seed.TwinUUIDA}
	return map[string]object{
		"list_accounts": {"search": "acme"}, "get_account": account,
		"create_account": {"name": "New", "external_id": "new"}, "update_account": with(account, "name", "New"), "delete_account": account,
		"list_notebooks": account, "get_notebook": with(account, "notebook", seed.AcmeLatestNote),
		"create_notebook": with(account, "markdown", "# New"), "delete_notebook": with(account, "notebook", seed.AcmeLatestNote),
		"list_custom_properties": account, "set_custom_property": with(with(account, "property", "Health score"), "value", 50),
		"list_persons": {"search": "ada"}, "get_person": person, "update_person": with(person, "set", object{"plan": "x"}),
		"update_person_property": with(with(person, "key", "plan"), "value", "x"), "delete_person_property": with(person, "key", "plan"),
		"delete_person": person, "split_person": {"person": seed.TwinUUIDB, "main_distinct_id": seed.TwinDistinctB},
		"list_person_activity": person, "get_person_properties_timeline": person, "whoami": {},
		"resolve":              {"query": seed.AcmeStripeID},
		"list_account_changes": account, "audit_accounts": {},
		"append_note":       with(with(account, "notebook", seed.AcmeLatestNote), "markdown", "More"),
		"get_account_brief": account, "search_notes": {"query": "exports", "limit": 3},
	}
}

func TestEveryToolHasACall(t *testing.T) {
	t.Parallel()
	calls := everyCall()
	listed := tools.Selected(tools.Selection{Unwritten: true})
	for _, tool := range listed {
		require.Contains(t, calls, tool.Name)
	}
	require.Len(t, calls, len(listed))
	h := open(t, setup{})
	for tool, arguments := range calls {
		h.must(tool, arguments)
	}
}

const (
	canary   = "phx_canary0123456789"
	htmlPage = "<html><body><h1>502 Bad Gateway</h1><p>request for " + canary + "</p></body></html>"
)

// outage is what every sentence says when PostHog said nothing of the object.
const outage = "do not report it as not found"

// problem is a standard error body of PostHog.
func problem(status int, kind, code, detail string) func(http.Handler) http.Handler {
	return answering(status, "application/json", fmt.Sprintf(`{"type":%q,"code":%q,"detail":%q,"attr":null}`, kind, code, detail))
}

// faults are what may come instead of an answer, with what the sentence says.
var faults = []struct {
	name  string
	wrap  func(http.Handler) http.Handler
	wants []string
}{
	{"401", problem(401, "authentication_error", "authentication_failed", "Personal API key found in request Authorization header is invalid."), []string{"does not accept the key", "POSTHOG_HOST"}},
	{"403 scope", problem(403, "authentication_error", "permission_denied", "API key missing required scope 'account:read'"), []string{"lacks the scope account:read", "whoami"}},
	{"403 no key", problem(403, "authentication_error", "permission_denied", "This action does not support personal API key access"), []string{"no API key", "PostHog app"}},
	{"403 project", problem(403, "authentication_error", "permission_denied", "You don't have access to the project."), []string{"does not allow", "whoami"}},
	{"403 page", answering(403, "text/html", htmlPage), []string{"not PostHog's", "firewall", outage}},
	{"404 project", problem(404, "invalid_request", "not_found", "Project not found."), []string{"no such project", "whoami"}},
	{"404 page", answering(404, "text/html", htmlPage), []string{"not PostHog's", outage}},
	{"409", problem(409, "server_error", "conflict", "It was changed concurrently."), []string{"conflict", "Read it again"}},
	{"429 long", problem(429, "throttled_error", "throttled", "Request was throttled. Expected available in 42 seconds."), []string{"limits the rate", "Wait 42 seconds"}},
	{"500", problem(500, "server_error", "error", "A server error occurred."), []string{"PostHog failed (HTTP 500)", outage}},
	{"502 page", answering(502, "text/html", htmlPage), []string{"PostHog failed (HTTP 502)", outage}},
	{"half a body", answering(200, "application/json", `{"count": 412, "results": [{"id": "0194`), []string{outage}},
	{"a page", answering(200, "text/html", htmlPage), []string{"not one of PostHog's API", outage}},
	{"another shape", answering(200, "application/json", `{"message": "welcome"}`), []string{outage}},
	{"cut", cut, []string{"could not be reached", outage}},
	{"hung", hung, []string{"did not answer in time", outage}},
}

func cut(http.Handler) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

func hung(http.Handler) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// Whatever PostHog does, every tool answers in a sentence of ours that names
// the next step, gives nothing away and never reads like "nothing found".
func TestFaultsBecomeSentences(t *testing.T) {
	t.Parallel()
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			limits := client.Timeouts{Retry: 100 * time.Millisecond} // for an answer that comes, however slow the machine
			if fault.name == "hung" {
				limits.Read, limits.Write = 150*time.Millisecond, 100*time.Millisecond
			}
			h := open(t, setup{key: canary, wrap: fault.wrap, client: []client.Option{client.WithTimeouts(limits)}})
			for tool, arguments := range everyCall() {
				answer := h.call(tool, with(arguments, "project_id", 1))
				if tool == "whoami" {
					answer = h.call(tool, object{})
				}
				answer.requireError(t)
				requirePlain(t, h, answer.text)
				if tool == "create_account" && strings.HasPrefix(answer.text, "Outcome unknown") {
					require.Contains(t, fault.wants, outage, "only an answer that did not come leaves it open")
					require.Contains(t, answer.text, "before you repeat the call")
					continue
				}
				for _, want := range fault.wants {
					require.Contains(t, answer.text, want, tool)
				}
				if tool == "get_account" {
					t.Logf("%-14s %s", fault.name, answer.text)
				}
			}
		})
	}
}

// requirePlain holds a sentence to what a reader may see.
func requirePlain(t testing.TB, h *house, text string) {
	t.Helper()
	for _, never := range []string{"canary", "<html", "http://", "127.0.0.1", "client.", "*errors", "context deadline", "EOF", "dial tcp", "%!", "invalid character", "unexpected end"} {
		require.NotContains(t, text, never)
	}
	lower := strings.ToLower(text)
	for _, misleading := range []string{"no account has", "nobody has", "does not exist", "none found", "no results", "nothing found", "not have it"} {
		require.NotContains(t, lower, misleading)
	}
	require.Less(t, len(text), 900)
	require.True(t, strings.HasSuffix(text, "."), text)
	require.NotContains(t, text, h.key)
}

// A short wait that PostHog asks for is waited for, by reads.
func TestShortWaitIsHonoured(t *testing.T) {
	t.Parallel()
	refused := 0
	once := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/accounts") && refused == 0 {
				refused++
				problem(429, "throttled_error", "throttled", "Request was throttled. Expected available in 1 second.")(nil).ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	h := open(t, setup{wrap: once})
	require.EqualValues(t, h.shown(anyAccount), h.must("list_accounts", object{}).get("total").Int())
	require.Equal(t, 1, refused)
}

// A write whose answer is lost is looked for, and nothing is sent twice.
func TestLostAnswersOfWrites(t *testing.T) {
	t.Parallel()
	isWrite := func(r *http.Request) bool {
		return r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "batch_by_")
	}
	lose := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		})
	}
	for tool, arguments := range everyCall() {
		if slices.ContainsFunc(tools.All, func(t tools.Tool) bool { return t.Name == tool && t.Effect == tools.Reads }) {
			continue
		}
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{wrap: onlyFor(isWrite, lose)})
			if preview := h.call(tool, arguments); preview.get("confirmation").Exists() {
				h.requests()
				arguments = with(arguments, "confirmation", preview.str("confirmation"))
			} else {
				h = open(t, setup{wrap: onlyFor(isWrite, lose)})
			}
			answer := h.call(tool, arguments)
			require.Len(t, h.writes(), 1, "a write is never repeated")
			require.False(t, answer.isError, answer.text)
			require.Equal(t, "applied", answer.str("outcome"), answer.text)
		})
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// The text of a key is in no answer, whatever PostHog echoes.
func TestTheKeyIsInNoAnswer(t *testing.T) {
	t.Parallel()
	h := open(t, setup{key: canary, sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: canary, Scopes: []string{"*"}}}}})
	for tool, arguments := range everyCall() {
		answer := h.call(tool, arguments)
		require.NotContains(t, answer.text, canary, tool)
	}
	without := h.callAs("", "list_accounts", object{})
	without.requireError(t)
	require.Contains(t, without.text, "POSTHOG_API_KEY")
	require.Contains(t, without.text, "--sandbox")
}
