package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// oauthPrefix tells OAuth access tokens from personal API keys.
const oauthPrefix = "pha_"

// Key is a personal API key, or an OAuth access token if its value starts with
// pha_, and what it may do.
type Key struct {
	Value    string
	Label    string
	Scopes   []string // "account:read", "person:write", ..., or "*"
	User     int64    // whose key it is; 1 when zero, an outsider when not a member
	Projects []int64  // the projects it is limited to; none means all

	// Organizations are those it is limited to, by UUID; none means all.
	Organizations []string

	// Legacy marks a personal key from before there were scopes: scopes are
	// not asked of it. It looks like one with all of them.
	Legacy bool
	// Inactive means that its owner's login is switched off.
	Inactive bool
	// Expires is when an OAuth token ends; an hour after the start when zero.
	Expires time.Time

	// Access and DeniedAccounts are what access control leaves to the owner:
	// of customer analytics in general, and of single accounts, by their id.
	Access         Access
	DeniedAccounts []string

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
	if key.Legacy {
		key.Scopes = []string{"*"}
	}
	if key.Expires.IsZero() {
		key.Expires = s.start.Add(time.Hour)
	}
	key.createdAt = s.start
	s.keys[key.Value] = &key
}

func (k *Key) isOAuth() bool { return strings.HasPrefix(k.Value, oauthPrefix) }

// authenticate finds the key of a request: the header, else the body, else
// the query string, the first that is present deciding. PostHog takes all
// three, so the sandbox does too.
func (s *Sandbox) authenticate(q *request) *reply {
	token, place := bearer(q.Header.Get("Authorization")), "request Authorization header"
	if strings.HasPrefix(token, oauthPrefix) {
		return s.authenticateOAuth(q, token)
	}
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
	key, known := s.keys[token]
	if !known || key.Inactive || key.isOAuth() {
		return refuseKey("Personal API key found in " + place + " is invalid.")
	}
	q.key, q.user = key, s.owner(key)
	return nil
}

// authenticateOAuth is for tokens, which are taken from the header only.
func (s *Sandbox) authenticateOAuth(q *request, token string) *reply {
	key, known := s.keys[token]
	switch {
	case !known:
		return refuseKey("Invalid access token.")
	case !s.now().Before(key.Expires):
		return refuseKey("Access token has expired.")
	case key.Inactive:
		return refuseKey("User associated with access token is disabled.")
	}
	q.key, q.user = key, s.owner(key)
	return nil
}

func refuseKey(detail string) *reply {
	refusal := unauthenticated("authentication_failed", detail)
	return &refusal
}

// owner is whose key it is: a member, or somebody of another organisation.
func (s *Sandbox) owner(key *Key) *user {
	if member := s.userByID(key.User); member != nil {
		return member
	}
	return &user{ID: key.User, Email: "outsider@elsewhere.example", FirstName: "Outsider", outsider: true}
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
	if k.isOAuth() && len(k.Scopes) == 0 {
		return refuseAccess("OAuth token has no scopes and cannot access this resource")
	}
	for _, scope := range scopes {
		if !k.allows(scope) {
			return refuseAccess("API key missing required scope '" + scope + "'")
		}
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
