package sandbox

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// introspection is what PostHog tells about an OAuth token that is good.
type introspection struct {
	Active              bool     `json:"active"`
	TokenType           string   `json:"token_type"`
	Scope               string   `json:"scope"`
	ScopedTeams         []int64  `json:"scoped_teams"`
	ScopedOrganizations []string `json:"scoped_organizations"`
	Expires             int64    `json:"exp"`
	ClientID            string   `json:"client_id"`
	ClientName          string   `json:"client_name"`
}

// routeOAuth is the one piece of PostHog's authorization server that its API
// clients need: a token may ask what it is good for.
func (s *Sandbox) routeOAuth() {
	s.mux.HandleFunc("/oauth/introspect", func(w http.ResponseWriter, r *http.Request) { s.introspect(r).send(w) })
}

// introspect answers a token about itself, whether it has expired or not;
// about another one it would take credentials that the sandbox does not hand
// out. It stands outside of the API: no scopes, no throttles, no error bodies.
func (s *Sandbox) introspect(r *http.Request) reply {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return reply{status: http.StatusMethodNotAllowed}
	}
	token, key := introspected(r), s.keys[bearer(r.Header.Get("Authorization"))]
	if key == nil || !key.isOAuth() || token != key.Value {
		return reply{status: http.StatusForbidden}
	}
	if !s.now().Before(key.Expires) {
		return ok(map[string]bool{"active": false})
	}
	return ok(introspection{
		Active: true, TokenType: "access_token", Scope: strings.Join(key.Scopes, " "),
		ScopedTeams: append([]int64{}, key.Projects...), ScopedOrganizations: append([]string{}, key.Organizations...),
		Expires: key.Expires.Unix(), ClientID: "sandbox-client", ClientName: key.Label,
	})
}

// introspected is the token that a request asks about: in the query of a GET,
// in the form or the JSON of a POST.
func introspected(r *http.Request) string {
	if r.Method == http.MethodGet {
		return r.URL.Query().Get("token")
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return ""
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "application/json" {
		var body struct {
			Token string `json:"token"`
		}
		_ = json.Unmarshal(raw, &body) // a body that is no JSON names no token
		return body.Token
	}
	form, _ := url.ParseQuery(string(raw))
	return form.Get("token")
}
