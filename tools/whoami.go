package tools

import (
	"cmp"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
)

// WhoamiRequest are the arguments of whoami: the project whose generation is
// asked for, where there are several.
type WhoamiRequest struct{ ProjectArg }

// WhoamiResult is who calls and what that allows.
type WhoamiResult struct {
	Host         string          `json:"host"`
	User         *WhoamiUser     `json:"user,omitempty"`
	Organization string          `json:"organization,omitempty"`
	Key          WhoamiKey       `json:"key"`
	Projects     []WhoamiProject `json:"projects"`
	Project      int64           `json:"project_id,omitempty" jsonschema_description:"The project calls work on when they name none."`
	Generation   string          `json:"generation" jsonschema_description:"documented: roles in account properties; current: roles as relationships; unknown: the key may not look."`
	Cannot       []string        `json:"cannot" jsonschema_description:"What this key cannot do here, and the scope it lacks."`
	Note         string          `json:"note,omitempty"`
}

// WhoamiUser is the owner of the key.
type WhoamiUser struct {
	ID    int64  `json:"id"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
}

// WhoamiKey describes the key without showing it.
type WhoamiKey struct {
	Label  string   `json:"label,omitempty"`
	Source string   `json:"source" jsonschema_description:"environment, or request."`
	Scopes []string `json:"scopes"`
}

// WhoamiProject is a project the key reaches.
type WhoamiProject struct {
	ID   int64  `json:"id"`
	Name string `json:"name,omitempty"`
}

var whoamiTool = define(Spec{
	Name:        "whoami",
	Title:       "Who am I",
	Description: "The PostHog user, key scopes and projects behind this connection, and what the key cannot do.",
	Toolset:     always,
	Effect:      Reads,
}, whoami)

func whoami(d *Desk, ctx context.Context, in WhoamiRequest) (WhoamiResult, error) {
	caller := identity.From(ctx)
	session := d.posthog.As(caller.Key)
	info, err := session.KeyInfo(ctx)
	if err != nil {
		return WhoamiResult{}, err
	}
	result := WhoamiResult{
		Host: d.posthog.Origin(), User: &WhoamiUser{ID: info.UserID}, Projects: []WhoamiProject{}, Project: cmp.Or(d.pinned, in.ProjectID),
		Key:    WhoamiKey{Label: info.Label, Source: string(caller.KeySource), Scopes: info.Scopes},
		Cannot: append(missing(info), d.policy.Says()...),
	}
	var me client.Me
	var projects []client.ProjectInfo
	var meErr, projectsErr error
	var group errgroup.Group
	group.Go(func() error { me, meErr = session.Me(ctx); return nil })
	group.Go(func() error { projects, projectsErr = reachableProjects(ctx, session); return nil })
	_ = group.Wait() // the two failures are told apart below
	if meErr == nil {
		result.addUser(me)
	} else if !refused(meErr) {
		return WhoamiResult{}, meErr
	}
	if projectsErr != nil && !refused(projectsErr) {
		return WhoamiResult{}, projectsErr
	}
	if projectsErr != nil {
		result.Note = "The projects cannot be listed with this key: pass project_id in calls, or set POSTHOG_PROJECT_ID."
	}
	result.addProjects(projects)
	result.Generation, err = generation(ctx, session, result.Project)
	return result, err
}

func (r *WhoamiResult) addUser(me client.Me) {
	if me.User.ID != 0 {
		r.User.ID = me.User.ID
	}
	r.User.Email = me.User.Email
	r.User.Name = shorten(me.User.FirstName+" "+me.User.LastName, nameRunes)
	if me.Organization != nil {
		r.Organization = shorten(me.Organization.Name, nameRunes)
	}
}

func (r *WhoamiResult) addProjects(projects []client.ProjectInfo) {
	const most = 50
	for _, p := range projects[:min(len(projects), most)] {
		r.Projects = append(r.Projects, WhoamiProject{ID: p.ID, Name: shorten(p.Name, 60)})
	}
	if left := len(projects) - most; left > 0 {
		r.Note = sentences(r.Note, fmt.Sprintf("%d further projects are not shown; pass project_id to work on one.", left))
	}
	if r.Project == 0 && len(projects) == 1 {
		r.Project = projects[0].ID
	}
}

// refused tells a key that may not from a PostHog that does not answer.
func refused(err error) bool {
	switch client.KindOf(err) {
	case client.MissingScope, client.Forbidden, client.NoKeyAccess:
		return true
	}
	return false
}

// generation asks which PostHog this is, where a project is known and the key
// may read accounts.
func generation(ctx context.Context, session *client.Session, project int64) (string, error) {
	if project == 0 {
		return "unknown", nil
	}
	found, err := session.Project(project).Generation(ctx)
	if err != nil && (refused(err) || client.KindOf(err) == client.ProjectNotFound) {
		return "unknown", nil
	}
	return string(found), err
}

// needs says which scope each ability takes.
var needs = []struct{ scope, ability string }{
	{"account:read", "read accounts, notes and custom properties"},
	{"account:write", "change accounts, notes and custom properties"},
	{"notebook:read", "append_note in place"},
	{"notebook:write", "append_note in place"},
	{"person:read", "read persons"},
	{"person:write", "change, split or delete persons"},
	{"activity_log:read", "list_person_activity"},
	{"organization_member:read", "find colleagues by e-mail"},
	{"project:read", "find the project by itself"},
	{"user:read", "show the name behind the key"},
}

// missing lists what a key cannot do, and what no key can.
func missing(info client.KeyInfo) []string {
	var list []string
	for _, need := range needs {
		switch {
		case !info.Allows(need.scope):
			list = append(list, need.ability+" (needs "+need.scope+")")
		case need.scope == "organization_member:read" && len(info.ScopedTeams) > 0:
			list = append(list, need.ability+" (a project-limited key may not; give user ids instead)")
		}
	}
	return append(list, "get_person_properties_timeline in full (PostHog gives it to no API key)")
}
