package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Key is a personal API key and what it may do.
type Key struct {
	Value    string
	Label    string
	Scopes   []string // "account:read", "person:write", ..., or "*"
	User     int64    // whose key it is; 1 when zero
	Projects []int64  // the projects it is limited to; none means all

	// Organizations are those it is limited to, by UUID; none means all.
	Organizations []string

	createdAt time.Time
}

// ParseKey reads the form of the command line: NAME=scope,scope.
func ParseKey(text string) (Key, bool) {
	value, scopes, given := strings.Cut(text, "=")
	if !given || value == "" || scopes == "" {
		return Key{}, false
	}
	key := Key{Value: value}
	for scope := range strings.SplitSeq(scopes, ",") {
		key.Scopes = append(key.Scopes, strings.TrimSpace(scope))
	}
	return key, true
}

func (s *Sandbox) addKey(key Key) {
	if key.User == 0 {
		key.User = 1
	}
	if key.Label == "" {
		key.Label = "Sandbox key"
	}
	key.createdAt = s.start
	s.keys[key.Value] = &key
}

// authenticate finds the key of a request: the header, else the body, else
// the query string, the first that is present deciding. PostHog takes all
// three, so the sandbox does too.
func (s *Sandbox) authenticate(q *request) *reply {
	token, place := bearer(q.Header.Get("Authorization")), "request Authorization header"
	if token == "" {
		token, place = gjson.GetBytes(q.raw, "personal_api_key").String(), "body"
	}
	if token == "" {
		token, place = q.param("personal_api_key"), "query string"
	}
	if token == "" {
		refusal := unauthenticated("not_authenticated", "Authentication credentials were not provided.")
		return &refusal
	}
	if strings.HasPrefix(token, "pha_") {
		refusal := unauthenticated("authentication_failed", "Invalid access token.")
		return &refusal
	}
	key, known := s.keys[token]
	if !known {
		refusal := unauthenticated("authentication_failed", "Personal API key found in "+place+" is invalid.")
		return &refusal
	}
	q.key, q.user = key, s.userByID(key.User)
	return nil
}

func bearer(header string) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// require names the first scope that the key lacks. A write scope satisfies
// the read scope of the same object, "*" satisfies all.
func (k *Key) require(scopes []string) *reply {
	for _, scope := range scopes {
		if k.allows(scope) {
			continue
		}
		refusal := forbidden("API key missing required scope '" + scope + "'")
		return &refusal
	}
	return nil
}

func (k *Key) allows(scope string) bool {
	if slices.Contains(k.Scopes, "*") || slices.Contains(k.Scopes, scope) {
		return true
	}
	object, read := strings.CutSuffix(scope, ":read")
	return read && slices.Contains(k.Scopes, object+":write")
}

func containsID(ids []int64, id int64) bool { return slices.Contains(ids, id) }
