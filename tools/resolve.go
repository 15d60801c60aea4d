package tools

import (
	"context"
	"strings"
	"time"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/portfolio"
)

// ResolveRequest are the arguments of resolve.
type ResolveRequest struct {
	ProjectArg
	Query string `json:"query" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Name, any id, email, domain or PostHog URL."`
}

// ResolveResult is what a text may mean.
type ResolveResult struct {
	Accounts     []AccountMatch    `json:"accounts,omitempty"`
	Persons      []PersonMatch     `json:"persons,omitempty"`
	Users        []UserMatch       `json:"users,omitempty"`
	More         int               `json:"more,omitempty" jsonschema_description:"Further ones that match no worse."`
	IndexAge     *int              `json:"index_age_seconds,omitempty" jsonschema_description:"How old the index of accounts is that took part; what it found was read again."`
	Note         string            `json:"note,omitempty"`
	URLTemplates map[string]string `json:"url_templates,omitempty"`
	ProjectID    int64             `json:"project_id"`
}

// AccountMatch is an account that a text may mean, or that a person may belong
// to.
type AccountMatch struct {
	ID         string `json:"id"`
	Name       string `json:"name,omitempty"`
	ExternalID string `json:"external_id,omitempty"`
	State      string `json:"state,omitempty" jsonschema_description:"churned or ignored."`
	MatchedBy  string `json:"matched_by"`
	Exact      bool   `json:"exact" jsonschema_description:"It has this very text; else it was found by something like it."`
}

// PersonMatch is a person whom a text may mean.
type PersonMatch struct {
	UUID      string         `json:"uuid"`
	Name      string         `json:"name,omitempty"`
	Email     string         `json:"email,omitempty"`
	MatchedBy string         `json:"matched_by"`
	Exact     bool           `json:"exact"`
	Accounts  []AccountMatch `json:"accounts,omitempty" jsonschema_description:"Whose the person may be, by evidence that users can forge."`
}

// UserMatch is a colleague whom a text may mean.
type UserMatch struct {
	ID        int64                  `json:"id"`
	Name      string                 `json:"name,omitempty"`
	Email     string                 `json:"email,omitempty"`
	MatchedBy string                 `json:"matched_by"`
	Exact     bool                   `json:"exact"`
	Roles     map[portfolio.Role]int `json:"roles,omitempty" jsonschema_description:"On how many accounts."`
}

var resolveTool = define(Spec{
	Name:        "resolve",
	Title:       "Resolve a name or id",
	Description: "Which accounts, persons (with their likely account) and colleagues a text means, with the evidence.",
	Toolset:     Portfolio,
	Effect:      Reads,
}, resolve)

func resolve(d *Desk, ctx context.Context, in ResolveRequest) (ResolveResult, error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return ResolveResult{}, err
	}
	link, problem := s.session.Project(s.project).Link(strings.TrimSpace(in.Query))
	if problem != "" {
		return ResolveResult{}, plain.Refuse("Not looked up: this address %s.", problem)
	}
	q := inquiry{scope: s, query: in.Query, kind: link.Kind, asked: time.Now()}
	if err := q.ask(ctx); err != nil {
		return ResolveResult{}, err
	}
	if err := q.belong(ctx); err != nil {
		return ResolveResult{}, err
	}
	return q.result(), nil
}
