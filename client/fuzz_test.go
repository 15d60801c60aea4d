package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/client"
)

// answered is a transport that gives one answer to everything.
type answered struct {
	status int
	body   string
}

func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Request: r, Body: io.NopCloser(strings.NewReader(a.body)),
		Header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {"60"}}}, nil
}

// FuzzRefusal: whatever an error body holds, the error is one printable, capped line without the key.
func FuzzRefusal(f *testing.F) {
	for _, refusal := range refusals {
		f.Add(refusal.status, refusal.body)
	}
	f.Add(400, `{"detail":"`+canary+`"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 400 || status > 599 {
			status = 400
		}
		_, err := scripted(t, answered{status, body}).Account(t.Context(), "a")
		failure, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.NotEmpty(t, failure.Kind)
		require.True(t, utf8.ValidString(err.Error()))
		require.False(t, strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }), "%q", err)
		require.LessOrEqual(t, utf8.RuneCountInString(err.Error()), 800)
		require.NotContains(t, err.Error(), canary)
	})
}

// FuzzDecoders: whatever a 2xx body holds, a read gives a result or a BadResponse.
func FuzzDecoders(f *testing.F) {
	for _, body := range []string{accountJSON, notebookJSON, personJSON, `{"results":[` + accountJSON + `,` + personRowJSON + `],"count":2,"next":null}`,
		`{"results":{"a":` + personJSON + `}}`, `[{"id":"v","definition_id":"d","value":1}]`, `[` + relationshipJSON + `]`, `{"count":1,"results":[` + accountNoteJSON + `]}`, `{"points":[{"timestamp":"2026-01-01"}]}`, `{"id":"\ud800","id":"b"}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, read := range reads() {
			switch read.name {
			case "walk", "projects", "members", "definitions", "relationship definitions":
				continue // a body that announces more is asked for again and again
			}
			err := read.do(t.Context(), scripted(t, answered{200, body}))
			if err != nil && client.KindOf(err) != client.Unauthorized {
				require.Equal(t, client.BadResponse, client.KindOf(err), "%s: %v", read.name, err)
			}
			if err == nil {
				require.True(t, json.Valid([]byte(body)), read.name)
			}
		}
	})
}

// TestPropertiesSurviveReadAndWrite: what is read of an account and sent back is the same to the byte, but
// for white space.
func TestPropertiesSurviveReadAndWrite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		values := rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.Custom(func(r *rapid.T) any { return rapid.String().Draw(r, "text") }),
			rapid.Custom(func(r *rapid.T) any { return rapid.Float64Range(-1e300, 1e300).Draw(r, "number") }),
			rapid.Custom(func(r *rapid.T) any {
				return json.RawMessage(fmt.Sprintf("%d%d.%d", rapid.Uint32Range(1, 9).Draw(r, "a"), rapid.Uint64().Draw(r, "b"), rapid.Uint64().Draw(r, "c")))
			}),
			rapid.Custom(func(r *rapid.T) any { return rapid.SliceOf(rapid.Bool()).Draw(r, "list") }),
		)).Draw(r, "properties")
		stored, err := json.Marshal(values)
		require.NoError(r, err)

		account, err := scripted(t, answered{200, `{"id":"a","properties":` + string(stored) + `}`}).Account(t.Context(), "a")
		require.NoError(r, err)
		var sent string
		catcher := roundTrip(func(request *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(request.Body)
			sent = string(body)
			if err != nil {
				return nil, err
			}
			return answered{200, accountJSON}.RoundTrip(request)
		})
		_, err = scripted(t, catcher).PatchAccount(t.Context(), "a", client.AccountPatch{Properties: client.Set(account.Properties)})
		require.NoError(r, err)
		require.Equal(r, `{"properties":`+string(stored)+`}`, sent)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
