// Package resources shows accounts, notes, persons and custom properties as
// browsable MCP resources. What a resource holds is what the tool of the same
// thing answers; URIs hold ids only, never an e-mail or a distinct id, because
// HTTP headers mirror them into logs.
package resources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/internal/fence"
	"posthog-accounts-mcp/internal/plain"
)

// Ask runs one of the tools that read and gives its result as JSON.
type Ask func(ctx context.Context, tool string, arguments map[string]any) (json.RawMessage, error)

// Shelf is the resources of this server.
type Shelf struct {
	ask    Ask
	pinned int64 // the only project, or 0
}

// New returns the shelf. It reads nothing before it is asked.
func New(ask Ask, pinned int64) *Shelf { return &Shelf{ask: ask, pinned: pinned} }

const (
	jsonType     = "application/json"
	markdownType = "text/markdown"
)

// Templates are the resource templates. Every one of them reads through the
// same parser, so it does not matter which of two matching ones is taken.
func (s *Shelf) Templates() []server.ServerResourceTemplate {
	var list []server.ServerResourceTemplate
	for _, t := range []struct{ uri, name, title, description, mime string }{
		{"posthog://projects/{project_id}/accounts{?cursor}", "accounts", "Accounts", "Accounts of a project as slim rows, newest first; next_cursor in the contents gives the cursor of the next page.", jsonType},
		{"posthog://projects/{project_id}/accounts/{account_id}", "account", "Account", "One account with roles, ids, tags, custom properties and its latest notes.", jsonType},
		{"posthog://projects/{project_id}/accounts/{account_id}/notebooks/{short_id}", "notebook", "Note", "One note of an account, as Markdown.", markdownType},
		{"posthog://projects/{project_id}/persons/{uuid}", "person", "Person", "One person with properties.", jsonType},
		{"posthog://projects/{project_id}/custom-properties", "custom-properties", "Custom properties", "The custom properties that accounts can have, with types and options.", jsonType},
	} {
		list = append(list, server.ServerResourceTemplate{
			Template: mcp.NewResourceTemplate(t.uri, t.name,
				mcp.WithTemplateTitle(t.title), mcp.WithTemplateDescription(t.description), mcp.WithTemplateMIMEType(t.mime)),
			Handler: s.read,
		})
	}
	return list
}

// List adds the static resources of the caller's projects, and the first page
// of accounts where there is just one project. The list of resources is not
// paged by mcp-go, which would lose those that share a name.
func (s *Shelf) List(ctx context.Context, _ *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) error {
	projects, err := s.projects(ctx)
	if err != nil {
		return err
	}
	for _, id := range projects {
		root := fmt.Sprintf("posthog://projects/%d/", id)
		result.Resources = append(result.Resources,
			mcp.NewResource(root+"accounts", fmt.Sprintf("accounts-%d", id), mcp.WithResourceTitle("Accounts"),
				mcp.WithResourceDescription(fmt.Sprintf("Accounts of project %d.", id)), mcp.WithMIMEType(jsonType)),
			mcp.NewResource(root+"custom-properties", fmt.Sprintf("custom-properties-%d", id), mcp.WithResourceTitle("Custom properties"),
				mcp.WithResourceDescription(fmt.Sprintf("Custom properties of project %d.", id)), mcp.WithMIMEType(jsonType)))
	}
	if len(projects) != 1 {
		return nil
	}
	page, err := s.ask(ctx, "list_accounts", map[string]any{
		"project_id": projects[0], "limit": firstPage, "max_tokens": listTokens, "fields": []string{"name"},
	})
	if err != nil {
		return err
	}
	for _, row := range gjson.GetBytes(page, "rows").Array() {
		id := row.Get("id").String()
		account := mcp.NewResource(fmt.Sprintf("posthog://projects/%d/accounts/%s", projects[0], id), id,
			mcp.WithResourceTitle(plain.Visible(row.Get("name").String())), mcp.WithMIMEType(jsonType))
		result.Resources = append(result.Resources, account)
	}
	return nil
}

// firstPage is how many accounts a list of resources shows, and listTokens a
// size that holds that many names.
const (
	firstPage  = 50
	listTokens = 20_000
)

// projects are the numbers of the projects to list.
func (s *Shelf) projects(ctx context.Context) ([]int64, error) {
	if s.pinned != 0 {
		return []int64{s.pinned}, nil
	}
	answer, err := s.ask(ctx, "whoami", nil)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, project := range gjson.GetBytes(answer, "projects.#.id").Array() {
		ids = append(ids, project.Int())
	}
	if len(ids) == 0 {
		return nil, plain.Refuse("This key may not list its projects: read posthog://projects/{project_id}/accounts of a project you know, or have the operator set POSTHOG_PROJECT_ID.")
	}
	return ids, nil
}

// read gives the contents of any of the resources.
func (s *Shelf) read(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	uri := request.Params.URI
	place, ok := parse(uri)
	if !ok || s.pinned != 0 && place.project != s.pinned {
		return nil, missing(uri)
	}
	tool, arguments := place.question()
	answer, err := s.ask(ctx, tool, arguments)
	if plain.IsAbsent(err) || plain.IsNoProject(err) {
		return nil, missing(uri)
	}
	if err != nil {
		return nil, err
	}
	text, mime := string(answer), jsonType
	if place.note != "" {
		text = fence.Text(plain.Visible(gjson.GetBytes(answer, "notebook.markdown").String()))
		mime = markdownType
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: uri, MIMEType: mime, Text: text}}, nil
}

// longestURI is more than any URI of ours has.
const longestURI = 200

// missing is the failure of a URI that leads to nothing. It names the URI
// whole, unless that is somebody's invention.
func missing(uri string) error {
	if len(uri) > longestURI {
		uri = plain.Short(uri)
	}
	return errors.Join(plain.Absent("There is no resource %s.", uri), server.ErrResourceNotFound)
}
