package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

const notPostHogs = "a refusal in words that are not PostHog's, as of a firewall or a proxy on the way; the key need not be the reason"

// refusals are the answers PostHog and what stands in front of it give instead of the promised one.
var refusals = []struct {
	name   string
	status int
	body   string
	header http.Header
	want   client.Error // the fields that tell; Sent is for a write
	text   string
}{
	{"full shape", 400, `{"type":"validation_error","code":"required","detail":"This field is required.","attr":"tags__0"}`, nil,
		client.Error{Kind: client.Invalid, Code: "required", Detail: "This field is required.", Attr: "tags__0"}, "(field tags__0)"},
	{"code and detail swapped", 400, `{"attr":"properties","code":"This field is required.","detail":"required","type":"validation_error"}`, nil,
		client.Error{Kind: client.Invalid, Code: "required", Detail: "This field is required.", Attr: "properties"}, "This field is required."},
	{"success false", 400, `{"success":false,"detail":"Unable to delete property"}`, nil,
		client.Error{Kind: client.Invalid, Detail: "Unable to delete property"}, "Unable to delete property"},
	{"error only", 400, `{"error":"Invalid timestamp format."}`, nil,
		client.Error{Kind: client.Invalid, Detail: "Invalid timestamp format."}, "Invalid timestamp"},
	{"message and detail", 400, `{"message":"Missing parameter","detail":"Must include specified date"}`, nil,
		client.Error{Kind: client.Invalid, Detail: "Missing parameter: Must include specified date"}, "Missing parameter"},
	{"no key sent or known", 401, `{"type":"authentication_error","code":"authentication_failed","detail":"Personal API key found in request Authorization header is invalid.","attr":null}`, nil,
		client.Error{Kind: client.Unauthorized, Code: "authentication_failed", Detail: "Personal API key found in request Authorization header is invalid."}, "does not accept the key"},
	{"scope", 403, `{"type":"authentication_error","code":"permission_denied","detail":"API key missing required scope 'account:write'","attr":null}`, nil,
		client.Error{Kind: client.MissingScope, Code: "permission_denied", Detail: "API key missing required scope 'account:write'", MissingScope: "account:write"}, "lacks the scope account:write"},
	{"oauth without scopes", 403, `{"detail":"OAuth token has no scopes and cannot access this resource"}`, nil,
		client.Error{Kind: client.MissingScope, Detail: "OAuth token has no scopes and cannot access this resource"}, "lacks a scope"},
	{"no key may", 403, `{"detail":"This action does not support Personal API Key access"}`, nil,
		client.Error{Kind: client.NoKeyAccess, Detail: "This action does not support Personal API Key access"}, "no API key"},
	{"project limit", 403, `{"detail":"API key does not have access to the requested project: ID 7."}`, nil,
		client.Error{Kind: client.Forbidden, Detail: "API key does not have access to the requested project: ID 7."}, "does not allow"},
	{"403 of a firewall", 403, `<html>Blocked secretpage</html>`, nil, client.Error{Kind: client.BadResponse, Detail: notPostHogs}, "as of a firewall"},
	{"403 without a word", 403, ``, nil, client.Error{Kind: client.BadResponse, Detail: notPostHogs}, "need not be the reason"},
	{"403 of another API", 403, `{"secretpage":true}`, nil, client.Error{Kind: client.BadResponse, Detail: notPostHogs}, "as of a firewall"},
	{"half a 403", 403, `{"type":"authentication_error","code":"permission_denied","detail":"API key missing requi`, nil,
		client.Error{Kind: client.BadResponse, Detail: notPostHogs}, "as of a firewall"},
	{"401 of a proxy", 401, `<html>Log in, secretpage</html>`, nil, client.Error{Kind: client.BadResponse, Detail: notPostHogs}, "as of a firewall"},
	{"451 of a network", 451, `secretpage`, nil, client.Error{Kind: client.BadResponse, Detail: notPostHogs}, "as of a firewall"},
	{"half a 400", 400, `{"type":"validation_error","code":"required","detail":"external_id is requ`, nil,
		client.Error{Kind: client.BadResponse, Detail: "a refusal in words that are not PostHog's, or half of one"}, "or half of one"},
	{"409 of a proxy", 409, `<html>secretpage</html>`, nil,
		client.Error{Kind: client.BadResponse, Detail: "a refusal in words that are not PostHog's, or half of one"}, "not PostHog's"},
	{"404 bare", 404, `{"detail":"Not found."}`, nil, client.Error{Kind: client.NotFound, Detail: "Not found."}, "does not have it"},
	{"404 full", 404, `{"type":"invalid_request","code":"not_found","detail":"Not found.","attr":null}`, nil,
		client.Error{Kind: client.NotFound, Code: "not_found", Detail: "Not found."}, "does not have it"},
	{"404 project", 404, `{"type":"invalid_request","code":"not_found","detail":"Project not found.","attr":null}`, nil,
		client.Error{Kind: client.ProjectNotFound, Code: "not_found", Detail: "Project not found."}, "no such project"},
	{"404 endpoint", 404, `{"type":"invalid_request","code":"not_found","detail":"Endpoint not found.","attr":null}`, nil,
		client.Error{Kind: client.Unsupported, Code: "not_found", Detail: "Endpoint not found."}, "does not offer"},
	{"404 of somebody else", 404, `<html>nginx secretpage</html>`, nil,
		client.Error{Kind: client.BadResponse, Detail: "a 404 that is not PostHog's; check the PostHog host and path prefix"}, "check the PostHog host"},
	{"405", 405, `{"type":"invalid_request","code":"method_not_allowed","detail":"Method \"PUT\" not allowed.","attr":null}`, nil,
		client.Error{Kind: client.Unsupported, Code: "method_not_allowed", Detail: `Method "PUT" not allowed.`}, "does not offer"},
	{"conflict typed server_error", 409, `{"type":"server_error","code":"conflict","detail":"An account with this external_id already exists for this team.","attr":null}`, nil,
		client.Error{Kind: client.Conflict, Code: "conflict", Detail: "An account with this external_id already exists for this team."}, "conflict"},
	{"413", 413, `too big`, nil, client.Error{Kind: client.TooLarge}, "too much"},
	{"415", 415, `{"type":"invalid_request","code":"unsupported_media_type","detail":"Unsupported media type","attr":null}`, nil,
		client.Error{Kind: client.Invalid, Code: "unsupported_media_type", Detail: "Unsupported media type"}, "invalid"},
	{"429 header", 429, `{"type":"throttled_error","code":"throttled","detail":"Request was throttled.","attr":null}`, http.Header{"Retry-After": {"42"}},
		client.Error{Kind: client.RateLimited, Code: "throttled", Detail: "Request was throttled.", RetryAfter: 42 * time.Second}, "try again in 42s"},
	{"429 text", 429, `{"type":"throttled_error","code":"throttled","detail":"Request was throttled. Expected available in 37 seconds.","attr":null}`, nil,
		client.Error{Kind: client.RateLimited, Code: "throttled", Detail: "Request was throttled. Expected available in 37 seconds.", RetryAfter: 37 * time.Second}, "37s"},
	{"429 absurd", 429, `slow down`, http.Header{"Retry-After": {"2147483647"}}, client.Error{Kind: client.RateLimited, RetryAfter: 24 * time.Hour}, "24h"},
	{"500", 500, `{"type":"server_error","code":"error","detail":"A server error occurred.","attr":null}`, nil,
		client.Error{Kind: client.Unavailable, Code: "error", Detail: "A server error occurred.", Sent: true}, "HTTP 500"},
	{"500 half a body", 500, `{"type":"server_err`, nil, client.Error{Kind: client.Unavailable, Sent: true}, "HTTP 500"},
	{"500 too deep", 500, strings.Repeat("[", 60000), nil, client.Error{Kind: client.Unavailable, Sent: true}, "HTTP 500"},
	{"503 for long", 503, `{"type":"server_error","code":"database_unavailable","detail":"x","attr":null}`, http.Header{"Retry-After": {"60"}},
		client.Error{Kind: client.Unavailable, Code: "database_unavailable", Detail: "x", RetryAfter: time.Minute, Sent: true}, "1m0s"},
	{"redirect", 302, ``, http.Header{"Location": {"https://evil.example/?secretpage"}},
		client.Error{Kind: client.BadResponse, Detail: "a redirect, which is not followed; check the PostHog host", Sent: true}, "redirect"},
	{"other types", 400, `{"detail":["a","b"],"code":5,"attr":{}}`, nil, client.Error{Kind: client.Invalid}, "invalid"},
	{"a list", 400, `["detail"]`, nil, client.Error{Kind: client.Invalid}, "invalid"},
}

func TestEveryRefusal(t *testing.T) {
	t.Parallel()
	for _, refusal := range refusals {
		t.Run(refusal.name, func(t *testing.T) {
			t.Parallel()
			server := &upstream{answer: func(w http.ResponseWriter, _ *http.Request) {
				for name, values := range refusal.header {
					w.Header()[name] = values
				}
				w.WriteHeader(refusal.status)
				_, _ = io.WriteString(w, refusal.body)
			}}
			_, read := project7(t, server).Account(t.Context(), "a")
			// Of another client, as one that was told to wait would not send it.
			_, write := project7(t, server).CreateAccount(t.Context(), client.AccountCreate{Name: "A"})
			want := refusal.want
			for _, err := range []error{read, fmt.Errorf("wrapped: %w", write)} {
				got, ok := errors.AsType[*client.Error](err)
				require.True(t, ok)
				require.Equal(t, want.Kind, client.KindOf(err))
				require.Equal(t, refusal.status, got.Status)
				require.Equal(t, []string{want.Code, want.Detail, want.Attr, want.MissingScope}, []string{got.Code, got.Detail, got.Attr, got.MissingScope})
				require.Equal(t, want.RetryAfter, got.RetryAfter)
				require.Contains(t, err.Error(), strings.TrimSuffix(refusal.text, "."))
				require.NotContains(t, err.Error(), "secretpage", "nothing of an unknown body")
				require.NotContains(t, err.Error(), "client.")
			}
			require.Contains(t, read.Error(), "could not get account: ")
			require.Contains(t, write.Error(), "could not create account: ")
			require.NotContains(t, read.Error(), "may or may not")
			require.Equal(t, want.Sent, strings.Contains(write.Error(), "may or may not"))
		})
	}
}

func TestDetailIsCappedAndHarmless(t *testing.T) {
	t.Parallel()
	long := answering(400, `{"detail":"`+strings.Repeat("ä", 5000)+`"}`)
	_, err := project7(t, long).Account(t.Context(), "a")
	require.Equal(t, 300, len([]rune(asError(t, err).Detail)))

	evil := answering(400, `{"detail":"one\r\ntwo\u2028three \u001b[31m\u202e end","attr":"a\nb"}`)
	_, err = project7(t, evil).Account(t.Context(), "a")
	require.Equal(t, "one two three [31m end", asError(t, err).Detail)
	require.Equal(t, "a b", asError(t, err).Attr)
}

// TestKeyNeverInErrors: the canary is echoed by every kind of answer a hostile or careless server gives.
func TestKeyNeverInErrors(t *testing.T) {
	t.Parallel()
	echoes := map[string]http.HandlerFunc{
		"detail": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			_, _ = fmt.Fprintf(w, `{"detail":"bad %s","code":"%[1]s","attr":"%[1]s"}`, r.Header.Get("Authorization"))
		},
		"split detail": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			_, _ = fmt.Fprintf(w, `{"detail":"bad %s\u200b%s"}`, canary[:9], canary[9:])
		},
		"html": func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("Authorization")) },
		"location": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/"+canary, http.StatusFound)
		},
		"broken location": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://%zz/"+canary)
			w.WriteHeader(302)
		},
		"cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"not http": func(w http.ResponseWriter, r *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(connection, canary+" is not HTTP\r\n\r\n")
				_ = connection.Close()
			}
		},
	}
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := project7(t, echo).ListPersons(t.Context(), client.PersonQuery{Search: "private@example.com"})
			require.Error(t, err)
			var out bytes.Buffer
			for e := err; e != nil; e = errors.Unwrap(e) {
				_, _ = fmt.Fprintf(&out, "%v %+v %#v %s\n", e, e, e, e.Error())
			}
			slog.New(slog.NewJSONHandler(&out, nil)).Info("failed", "err", err)
			require.NotContains(t, out.String(), "canary")
			require.NotContains(t, out.String(), "private")
		})
	}
}

func TestErrorLogsWithoutDetail(t *testing.T) {
	t.Parallel()
	_, err := project7(t, answering(404, `{"detail":"Person with distinct_id 'ada@example.com' not found"}`)).Person(t.Context(), "1")
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("failed", "err", err)
	require.Contains(t, out.String(), "not_found")
	require.NotContains(t, out.String(), "ada@")
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	require.Empty(t, client.KindOf(nil))
	require.Empty(t, client.KindOf(io.EOF))
	require.Equal(t, client.Canceled, client.KindOf(fmt.Errorf("x: %w", context.Canceled)))
	require.Equal(t, client.TimedOut, client.KindOf(context.DeadlineExceeded))
	require.Equal(t, client.Conflict, client.KindOf(fmt.Errorf("x: %w", &client.Error{Kind: client.Conflict})))
}

func TestNoKey(t *testing.T) {
	t.Parallel()
	server := answering(200, accountJSON)
	_, err := testClient(t, server).As(client.Key{}).Project(7).Account(t.Context(), "a")
	require.Equal(t, client.NoKey, client.KindOf(err))
	require.Empty(t, server.all())
}

func asError(t testing.TB, err error) *client.Error {
	t.Helper()
	failure, ok := errors.AsType[*client.Error](err)
	require.True(t, ok, "%v", err)
	return failure
}
