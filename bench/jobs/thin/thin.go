// Package thin is PostHog's API as MCP tools made one to one, as a generator makes them from its description: a
// tool for each operation, arguments passed through, answers as they come. It is there to be compared with, and
// nothing else: it loses data wherever PostHog's API does.
package thin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// operation is one operation of the API. Names in braces stand in its path; whatever else is an argument and no
// query parameter belongs to the body.
type operation struct {
	name, method, path string
	query              []string
	body               []string
}

// project is the path of the one project that the server works on.
const project = "/api/projects/{project}/"

var (
	paging    = []string{"limit", "offset"}
	noteBody  = []string{"title", "content", "text_content"}
	ofAccount = []string{"name", "external_id", "properties", "tags"}
)

// published are the operations of the Accounts and Persons pages; of other pages the three without which nobody can
// use them: who am I, who else is there, and which custom properties exist; and those in which newer servers keep
// roles.
var published = []operation{
	{"accounts_list", "GET", project + "accounts/", append([]string{"account_executive", "account_owner", "all_roles_unassigned", "csm", "ordering", "search", "tags"}, paging...), nil},
	{"accounts_create", "POST", project + "accounts/", nil, ofAccount},
	{"accounts_retrieve", "GET", project + "accounts/{id}/", nil, nil},
	{"accounts_partial_update", "PATCH", project + "accounts/{id}/", nil, ofAccount},
	{"accounts_destroy", "DELETE", project + "accounts/{id}/", nil, nil},
	{"accounts_notebooks_list", "GET", project + "accounts/{account_id}/notebooks/", append([]string{"ordering", "search"}, paging...), nil},
	{"accounts_notebooks_create", "POST", project + "accounts/{account_id}/notebooks/", nil, noteBody},
	{"accounts_notebooks_retrieve", "GET", project + "accounts/{account_id}/notebooks/{short_id}/", nil, nil},
	{"accounts_notebooks_destroy", "DELETE", project + "accounts/{account_id}/notebooks/{short_id}/", nil, nil},
	{"accounts_custom_property_values_list", "GET", project + "accounts/{account_id}/custom_property_values/", nil, nil},
	{"accounts_custom_property_values_create", "POST", project + "accounts/{account_id}/custom_property_values/", nil, []string{"definition", "value"}},
	{"persons_list", "GET", project + "persons/", append([]string{"distinct_id", "email", "properties", "search"}, paging...), nil},
	{"persons_retrieve", "GET", project + "persons/{id}/", nil, nil},
	{"persons_partial_update", "PATCH", project + "persons/{id}/", nil, []string{"properties"}},
	{"persons_destroy", "DELETE", project + "persons/{id}/", []string{"delete_events", "delete_recordings", "keep_person"}, nil},
	{"persons_activity_retrieve", "GET", project + "persons/{id}/activity/", []string{"limit", "page"}, nil},
	{"persons_delete_property_create", "POST", project + "persons/{id}/delete_property/", nil, []string{"$unset"}},
	{"persons_properties_timeline_retrieve", "GET", project + "persons/{id}/properties_timeline/", nil, nil},
	{"persons_split_create", "POST", project + "persons/{id}/split/", nil, []string{"main_distinct_id", "distinct_ids_to_split"}},
	{"persons_update_property_create", "POST", project + "persons/{id}/update_property/", nil, []string{"key", "value"}},
	{"users_retrieve", "GET", "/api/users/@me/", nil, nil},
	{"members_list", "GET", "/api/organizations/@current/members/", paging, nil},
	{"custom_property_definitions_list", "GET", project + "custom_property_definitions/", paging, nil},
	{"account_relationship_definitions_list", "GET", project + "account_relationship_definitions/", paging, nil},
	{"accounts_relationships_list", "GET", project + "accounts/{account_id}/relationships/", nil, nil},
	{"accounts_relationships_create", "POST", project + "accounts/{account_id}/relationships/", nil, []string{"definition", "user"}},
}

// PostHog says where a server is and how it is asked.
type PostHog struct {
	Transport http.RoundTripper
	Origin    string
	Key       string
	Project   int64
}

// Server has a tool for each operation.
func Server(posthog PostHog) *mcpserver.MCPServer {
	s := mcpserver.NewMCPServer("thin", "1", mcpserver.WithToolCapabilities(false))
	for _, o := range published {
		s.AddTool(mcp.NewToolWithRawSchema(o.name, o.method+" "+o.path, o.schema()), func(ctx context.Context, call mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return posthog.pass(ctx, o, call.GetArguments())
		})
	}
	return s
}

// schema says which arguments there are, and no more.
func (o operation) schema() json.RawMessage {
	properties := map[string]any{}
	for _, name := range slices.Concat(o.inPath(), o.query, o.body) {
		properties[name] = map[string]any{}
	}
	encoded, _ := json.Marshal(map[string]any{"type": "object", "properties": properties, "required": o.inPath(), "additionalProperties": false}) // always encodes
	return encoded
}

// inPath are the arguments that stand in the path.
func (o operation) inPath() []string {
	names := []string{}
	for _, step := range strings.Split(o.path, "/") {
		if name, is := strings.CutPrefix(step, "{"); is && name != "project}" {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}

// pass makes the request that the arguments spell, and gives the answer as it is.
func (p PostHog) pass(ctx context.Context, o operation, arguments map[string]any) (*mcp.CallToolResult, error) {
	request, err := p.request(ctx, o, maps.Clone(arguments))
	if err != nil {
		return nil, err
	}
	response, err := p.Transport.RoundTrip(request)
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return mcp.NewToolResultError(err.Error()), nil
	case response.StatusCode >= http.StatusBadRequest:
		return mcp.NewToolResultError(fmt.Sprintf("HTTP %d: %s", response.StatusCode, body)), nil
	}
	return mcp.NewToolResultText(string(body)), nil
}

func (p PostHog) request(ctx context.Context, o operation, arguments map[string]any) (*http.Request, error) {
	path := strings.ReplaceAll(o.path, "{project}", fmt.Sprint(p.Project))
	for _, name := range o.inPath() {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(fmt.Sprint(arguments[name])))
		delete(arguments, name)
	}
	query := url.Values{}
	for _, name := range o.query {
		if value, given := arguments[name]; given {
			query.Set(name, queryValue(value))
			delete(arguments, name)
		}
	}
	var body io.Reader
	if len(o.body) > 0 {
		encoded, err := json.Marshal(arguments)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, o.method, p.Origin+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+p.Key)
	request.Header.Set("Content-Type", "application/json")
	return request, nil
}

// queryValue writes lists as JSON, and anything else as it stands.
func queryValue(value any) string {
	if list, is := value.([]any); is {
		encoded, _ := json.Marshal(list) // came as JSON
		return string(encoded)
	}
	return fmt.Sprint(value)
}
