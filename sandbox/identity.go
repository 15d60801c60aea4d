package sandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// organization is the one organisation of a sandbox, with its members.
type organization struct {
	ID    string
	Name  string
	Users []user
}

// project is the one project. In PostHog's terms it is a team: the number in
// both /api/projects/ and /api/environments/ URLs.
type project struct {
	ID   int64
	UUID string
	Name string
}

// user is a member of the organisation.
type user struct {
	ID         int64
	UUID       string
	DistinctID string
	FirstName  string
	LastName   string
	Email      string
	Role       string
	Level      int // 1 member, 8 admin, 15 owner
	JoinedAt   time.Time

	outsider bool // of no organisation that the sandbox has
}

// userBody is how PostHog shows a user inside other objects.
type userBody struct {
	ID              int64   `json:"id"`
	UUID            string  `json:"uuid"`
	DistinctID      string  `json:"distinct_id"`
	FirstName       string  `json:"first_name"`
	LastName        string  `json:"last_name"`
	Email           string  `json:"email"`
	IsEmailVerified bool    `json:"is_email_verified"`
	HedgehogConfig  *string `json:"hedgehog_config"`
	Role            *string `json:"role_at_organization"`
}

func (u *user) show() *userBody {
	if u == nil {
		return nil
	}
	body := userBody{ID: u.ID, UUID: u.UUID, DistinctID: u.DistinctID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, IsEmailVerified: true}
	if u.Role != "" {
		body.Role = &u.Role
	}
	return &body
}

// userByID needs no lock: members never change while a sandbox lives.
func (s *Sandbox) userByID(id int64) *user {
	for i := range s.org.Users {
		if s.org.Users[i].ID == id {
			return &s.org.Users[i]
		}
	}
	return nil
}

func (s *Sandbox) routeIdentity() {
	s.routeOAuth()
	s.routeGlobal("/api/personal_api_keys/{id}", actions{"GET": {anyKey: true, exempt: true, personal: true, reads: true, run: s.showKey}})
	s.routeGlobal("/api/users/@me", actions{"GET": {scopes: []string{"user:read"}, reads: true, run: s.showMe, exempt: true}})
	s.routeGlobal("/api/projects", actions{"GET": {scopes: []string{"project:read"}, reads: true, run: s.listProjects}})
	s.routeGlobal("/api/organizations/{organization}/members", actions{"GET": {scopes: []string{"organization_member:read"}, reads: true, run: s.listMembers}})
	s.route(projectsOnly, "", actions{"GET": {scopes: []string{"project:read"}, reads: true, run: s.showProject}})
}

// showKey describes the caller's own key. Any other id is refused.
func (s *Sandbox) showKey(q *request) reply {
	id := keyID(q.key)
	if asked := q.arg("id"); asked != "@current" && asked != id {
		return forbidden("This action does not support personal API key access")
	}
	projects := append([]int64{}, q.key.Projects...)
	organizations := append([]string{}, q.key.Organizations...)
	return ok(struct {
		ID                  string   `json:"id"`
		Label               string   `json:"label"`
		Value               *string  `json:"value"`
		MaskValue           string   `json:"mask_value"`
		CreatedAt           string   `json:"created_at"`
		LastUsedAt          string   `json:"last_used_at"`
		UserID              int64    `json:"user_id"`
		Scopes              []string `json:"scopes"`
		ScopedTeams         []int64  `json:"scoped_teams"`
		ScopedOrganizations []string `json:"scoped_organizations"`
	}{id, q.key.Label, nil, mask(q.key.Value), stamp(q.key.createdAt), stamp(s.now()), q.key.User, q.key.Scopes, projects, organizations})
}

func keyID(k *Key) string {
	sum := sha256.Sum256([]byte(k.Value))
	return hex.EncodeToString(sum[:8])
}

// mask shows the ends of a key, as PostHog's settings page does.
func mask(value string) string {
	if len(value) < 12 {
		return "********"
	}
	return value[:4] + "..." + value[len(value)-4:]
}

func (s *Sandbox) showMe(q *request) reply {
	type organizationBody struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Slug string `json:"slug"`
	}
	me := struct {
		userBody
		Team          *projectBody       `json:"team"`
		Organization  *organizationBody  `json:"organization"`
		Organizations []organizationBody `json:"organizations"`
	}{userBody: *q.user.show(), Organizations: []organizationBody{}}
	if !q.user.outsider {
		team, org := s.project.show(), organizationBody{s.org.ID, s.org.Name, "sandbox"}
		me.Team, me.Organization, me.Organizations = &team, &org, append(me.Organizations, org)
	}
	return ok(me)
}

type projectBody struct {
	ID            int64  `json:"id"`
	UUID          string `json:"uuid"`
	Organization  string `json:"organization"`
	APIToken      string `json:"api_token"`
	Name          string `json:"name"`
	CompletedSnip bool   `json:"completed_snippet_onboarding"`
	IngestedEvent bool   `json:"ingested_event"`
	IsDemo        bool   `json:"is_demo"`
	Timezone      string `json:"timezone"`
	AccessControl bool   `json:"access_control"`
}

func (p project) show() projectBody {
	return projectBody{ID: p.ID, UUID: p.UUID, Organization: organizationID, APIToken: ProjectToken, Name: p.Name,
		CompletedSnip: true, IngestedEvent: true, Timezone: "UTC"}
}

func (s *Sandbox) listProjects(q *request) reply {
	return ok(paginate(q, []project{s.project}, project.show))
}

func (s *Sandbox) showProject(*request) reply { return ok(s.project.show()) }

type memberBody struct {
	ID              string    `json:"id"`
	User            *userBody `json:"user"`
	Level           int       `json:"level"`
	JoinedAt        string    `json:"joined_at"`
	UpdatedAt       string    `json:"updated_at"`
	Is2FAEnabled    bool      `json:"is_2fa_enabled"`
	HasSocialAuth   bool      `json:"has_social_auth"`
	LastLogin       string    `json:"last_login"`
	SearchMatchType *string   `json:"search_match_type"`
}

// listMembers filters by an exact e-mail or a fuzzy search, newest first
// unless ordered by joined_at.
func (s *Sandbox) listMembers(q *request) reply {
	if id := q.arg("organization"); id != "@current" && id != s.org.ID {
		return notFound("Organization not found.")
	}
	email, search := q.param("email"), strings.ToLower(q.param("search"))
	var found []user
	for _, u := range s.org.Users {
		haystack := strings.ToLower(u.FirstName + " " + u.LastName + " " + u.Email)
		if (email == "" || strings.EqualFold(u.Email, email)) && strings.Contains(haystack, search) {
			found = append(found, u)
		}
	}
	slices.SortStableFunc(found, func(a, b user) int { return cmp.Or(b.JoinedAt.Compare(a.JoinedAt), cmp.Compare(b.ID, a.ID)) })
	if q.param("order") == "joined_at" {
		slices.Reverse(found)
	}
	return ok(paginate(q, found, func(u user) memberBody {
		joined := stamp(u.JoinedAt)
		return memberBody{ID: membershipID(u), User: u.show(), Level: u.Level, JoinedAt: joined, UpdatedAt: joined, LastLogin: stamp(s.start)}
	}))
}

const organizationID = "0192d1aa-5c1e-7000-8000-000000000001"

// membershipID is stable and never equal to the user's own id or UUID, so that
// a client that mixes them up is found out.
func membershipID(u user) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("membership "+u.UUID)).String()
}
