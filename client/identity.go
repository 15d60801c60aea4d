package client

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Me is the owner of a key. PostHog's answer also holds project tokens and personal settings, none of which
// is read.
type Me struct {
	User          User
	Project       *ProjectInfo // the one the owner last opened, which is what "@current" means just now
	Organization  *OrganizationInfo
	Organizations []OrganizationInfo
}

// OrganizationInfo names an organisation.
type OrganizationInfo struct{ ID, Name string }

// KeyInfo is what PostHog says about a key itself.
type KeyInfo struct {
	ID, Label           string // empty for an OAuth token
	UserID              int64
	Scopes              []string
	ScopedTeams         []int64  // projects the key is limited to; empty is no limit
	ScopedOrganizations []string // organisations the key is limited to; empty is no limit
	CreatedAt           *time.Time
	LastUsedAt          *time.Time
	ExpiresAt           *time.Time // of an OAuth token
}

// Allows reports whether the scopes include scope, such as "account:read": writing includes reading, and
// "*" everything a scope can give.
func (k KeyInfo) Allows(scope string) bool {
	object, isRead := strings.CutSuffix(scope, ":read")
	return slices.Contains(k.Scopes, "*") || slices.Contains(k.Scopes, scope) ||
		isRead && slices.Contains(k.Scopes, object+":write")
}

// ProjectInfo is a project the key can reach.
type ProjectInfo struct {
	ID                           int64
	UUID, Name, OrganizationUUID string
	Timezone                     string
}

// Member is somebody in the organisation. User.ID is the number that roles take.
type Member struct {
	User     User
	Level    int // 1 member, 8 admin, 15 owner
	JoinedAt time.Time
}

// Me returns the owner of the key (scope user:read).
func (s *Session) Me(ctx context.Context) (Me, error) {
	c := call{op: "get the key's owner", method: http.MethodGet, path: []string{"api", "users", "@me"}}
	return fetch(ctx, s, c, decodeMe)
}

// KeyInfo returns what PostHog knows of the key; it needs no scope. Personal keys and OAuth tokens have
// different endpoints for it.
func (s *Session) KeyInfo(ctx context.Context) (KeyInfo, error) {
	c := call{op: "look at the key", method: http.MethodGet, path: []string{"api", "personal_api_keys", "@current"}}
	if !s.key.isOAuth() {
		return fetch(ctx, s, c, decodeKeyInfo)
	}
	c.method, c.path = http.MethodPost, []string{"oauth", "introspect"}
	c.body = map[string]string{"token": s.key.reveal()}
	info, err := fetch(ctx, s, c, decodeIntrospection)
	if errors.Is(err, errInactive) {
		err = &Error{Kind: Unauthorized, Op: c.op, Method: c.method, Status: http.StatusOK, Detail: errInactive.Error()}
	}
	return info, err
}

// Projects returns every project the key can reach (scope project:read). PostHog refuses it to a key
// limited to projects; KeyInfo has their numbers then.
func (s *Session) Projects(ctx context.Context) ([]ProjectInfo, error) {
	c := call{op: "list projects", method: http.MethodGet, path: []string{"api", "projects"}}
	return every(ctx, s, c, decodeProject)
}

// Members returns everybody in the organisation the key's owner last opened (scope
// organization_member:read). PostHog refuses it to a key limited to projects.
func (s *Session) Members(ctx context.Context) ([]Member, error) {
	c := call{op: "list members", method: http.MethodGet, path: []string{"api", "organizations", "@current", "members"}}
	return every(ctx, s, c, decodeMember)
}

func decodeMe(root gjson.Result) (Me, error) {
	user := userOf(root)
	if user == nil || user.UUID == "" && user.ID == 0 && user.Email == "" {
		return Me{}, errNoID
	}
	me := Me{User: *user}
	if team := root.Get("team"); team.IsObject() {
		current, err := decodeProject(team)
		if err != nil {
			return Me{}, err
		}
		me.Project = &current
	}
	if organization := root.Get("organization"); organization.IsObject() {
		me.Organization = &OrganizationInfo{ID: text(organization, "id"), Name: text(organization, "name")}
	}
	root.Get("organizations").ForEach(func(_, one gjson.Result) bool {
		me.Organizations = append(me.Organizations, OrganizationInfo{ID: text(one, "id"), Name: text(one, "name")})
		return true
	})
	return me, nil
}

func decodeKeyInfo(root gjson.Result) (KeyInfo, error) {
	if !root.IsObject() || !root.Get("scopes").IsArray() {
		return KeyInfo{}, errors.New("it does not describe a key")
	}
	return KeyInfo{
		ID:                  text(root, "id"),
		Label:               text(root, "label"),
		UserID:              integer(root, "user_id"),
		Scopes:              texts(root, "scopes"),
		ScopedTeams:         integers(root, "scoped_teams"),
		ScopedOrganizations: texts(root, "scoped_organizations"),
		CreatedAt:           moment(root, "created_at"),
		LastUsedAt:          moment(root, "last_used_at"),
	}, nil
}

// errInactive: PostHog answers 200 for a token it no longer accepts.
var errInactive = errors.New("the token has expired or was revoked")

func decodeIntrospection(root gjson.Result) (KeyInfo, error) {
	switch active := root.Get("active"); {
	case active.Type == gjson.False:
		return KeyInfo{}, errInactive
	case active.Type != gjson.True:
		return KeyInfo{}, errors.New("it does not describe a token")
	}
	info := KeyInfo{
		Scopes:              strings.Fields(text(root, "scope")),
		ScopedTeams:         integers(root, "scoped_teams"),
		ScopedOrganizations: texts(root, "scoped_organizations"),
	}
	if expiry := integer(root, "exp"); expiry > 0 {
		at := time.Unix(expiry, 0).UTC()
		info.ExpiresAt = &at
	}
	return info, nil
}

func decodeProject(row gjson.Result) (ProjectInfo, error) {
	project := ProjectInfo{
		ID:               integer(row, "id"),
		UUID:             text(row, "uuid"),
		Name:             text(row, "name"),
		OrganizationUUID: text(row, "organization"),
		Timezone:         text(row, "timezone"),
	}
	if project.ID <= 0 {
		return ProjectInfo{}, errNoID
	}
	return project, nil
}

func decodeMember(row gjson.Result) (Member, error) {
	user := userOf(row.Get("user"))
	if user == nil {
		return Member{}, errNoID
	}
	return Member{User: *user, Level: int(integer(row, "level")), JoinedAt: since(row, "joined_at")}, nil
}
