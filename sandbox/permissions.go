package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Membership levels, as PostHog numbers them.
const adminLevel = 8

// Access is how much of customer analytics a key's owner may do by the
// organisation's access control, whatever the scopes of the key say. Admins
// may do everything.
type Access int

// The levels of access.
const (
	EditorAccess Access = iota
	ViewerAccess
	NoAccess
)

// mcpServer in a User-Agent is how PostHog knows its own MCP server.
const mcpServer = "posthog/mcp-server"

// isAgent tells whether PostHog takes the caller for its own MCP server, and
// so for an agent.
func (q *request) isAgent() bool { return strings.Contains(q.UserAgent(), mcpServer) }

// isAdmin tells whether the caller may do what is left to project admins.
func (q *request) isAdmin() bool { return q.user.Level >= adminLevel }

// checkAction refuses a method that no view has, and a view that maps no scope
// to what it does: no key with scopes gets in there, not even one with all of
// them. Keys from before there were scopes do.
func (s *Sandbox) checkAction(q *request, act action, exists bool) *reply {
	switch {
	case act.personal && q.key.isOAuth():
		refusal := unauthenticated("not_authenticated", "Authentication credentials were not provided.")
		return &refusal
	case act.anyKey || len(act.scopes) > 0:
		return nil
	case q.key.Legacy && !exists:
		refusal := fail(http.StatusMethodNotAllowed, "invalid_request", "method_not_allowed", `Method "`+q.Method+`" not allowed.`, "")
		return &refusal
	case q.key.Legacy && act.run != nil:
		return nil
	}
	refusal := s.refuseKeys()
	return &refusal
}

// projectGate resolves the project of the URL and holds the key against it. A
// URL without a project means the caller's current one. A project token in the
// query of a GET overrides the URL, whoever put it there.
func (s *Sandbox) projectGate(q *request, act action) *reply {
	id := q.arg("project")
	number, err := strconv.ParseInt(id, 10, 64)
	if id == "@current" || id == "" {
		number, err = s.project.ID, nil
	}
	if token := cmp.Or(q.param("token"), q.param("api_key")); token != "" && q.Method == http.MethodGet {
		if token != ProjectToken {
			refusal := unauthenticated("authentication_failed", "Incorrect authentication credentials.")
			return &refusal
		}
		number, err = s.project.ID, nil
	}
	if err != nil || number != s.project.ID {
		refusal := notFound("Project not found.")
		return &refusal
	}
	if refusal := s.memberKeysGate(q); refusal != nil {
		return refusal
	}
	if len(q.key.Projects) > 0 && !slices.Contains(q.key.Projects, number) {
		return refuseAccess("API key does not have access to the requested project: ID " + strconv.FormatInt(number, 10) + ".")
	}
	if refusal := s.organizationGate(q); refusal != nil {
		return refusal
	}
	return s.actionGate(q, act)
}

// actionGate is what follows once the key may enter the project: the scope,
// the owner's access to the resource and the project, the cap on MCP, and what
// the view itself asks for.
func (s *Sandbox) actionGate(q *request, act action) *reply {
	if refusal := q.key.require(act.scopes); refusal != nil {
		return refusal
	}
	writes := slices.ContainsFunc(act.scopes, func(scope string) bool { return strings.HasSuffix(scope, ":write") })
	switch {
	case q.user.outsider:
		return refuseAccess("You don't have access to the project.")
	case q.lacksAccess(act, writes):
		level := "viewer"
		if writes {
			level = "editor"
		}
		return refuseAccess("You do not have " + level + " access to this resource.")
	case writes && s.opts.MCPReadOnly && q.isAgent():
		return refuseAccess("Your organization restricts MCP access to read-only. An organization admin can change this in your organization settings.")
	case act.admin && !q.isAdmin():
		return refuseAccess("You don't have sufficient permissions in the project.")
	case act.flag != "":
		return refuseAccess("This action requires feature flag '" + act.flag + "' to be enabled for your organization.")
	}
	return nil
}

// lacksAccess holds the owner's access level against an action of customer
// analytics. Other resources are open to every member.
func (q *request) lacksAccess(act action, writes bool) bool {
	if q.isAdmin() || len(act.scopes) == 0 {
		return false
	}
	resource, _, _ := strings.Cut(act.scopes[0], ":")
	if resource != "account" && resource != "customer_analytics" {
		return false
	}
	return q.key.Access == NoAccess || writes && q.key.Access == ViewerAccess
}

// memberKeysGate refuses the personal keys of members, where the organisation
// does.
func (s *Sandbox) memberKeysGate(q *request) *reply {
	if !s.opts.NoMemberKeys || q.isAdmin() || q.key.isOAuth() {
		return nil
	}
	return refuseAccess("Organization '" + s.org.Name + "' does not allow using personal API keys. Contact an admin to enable personal API keys for this organization.")
}

// organizationGate holds a key that is limited to organisations against the
// sandbox's one.
func (s *Sandbox) organizationGate(q *request) *reply {
	if len(q.key.Organizations) == 0 || slices.Contains(q.key.Organizations, s.org.ID) {
		return nil
	}
	return refuseAccess("API key does not have access to the requested organization: ID " + s.org.ID + ".")
}

// globalGate refuses project-limited keys outside of projects.
func (s *Sandbox) globalGate(q *request, act action) *reply {
	if act.exempt {
		return q.key.require(act.scopes)
	}
	if refusal := s.memberKeysGate(q); refusal != nil {
		return refusal
	}
	if len(q.key.Projects) > 0 {
		return refuseAccess("API keys with scoped projects are only supported on project-based endpoints.")
	}
	if refusal := s.organizationGate(q); refusal != nil {
		return refusal
	}
	if refusal := q.key.require(act.scopes); refusal != nil || !q.user.outsider {
		return refusal
	}
	return refuseAccess("You do not have permission to perform this action.")
}

// refuseAccess is forbidden for functions that answer a refusal or nothing.
func refuseAccess(detail string) *reply {
	refusal := forbidden(detail)
	return &refusal
}
