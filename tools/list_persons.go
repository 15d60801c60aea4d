package tools

import (
	"context"

	"posthog-accounts-mcp/client"
)

// ListPersonsRequest are the arguments of list_persons.
type ListPersonsRequest struct {
	ProjectArg
	Search     string              `json:"search,omitempty" jsonschema:"maxLength=400" jsonschema_description:"Part of email, name or id."`
	Email      string              `json:"email,omitempty" jsonschema:"minLength=1" jsonschema_description:"Exact."`
	DistinctID string              `json:"distinct_id,omitempty" jsonschema:"minLength=1" jsonschema_description:"Exact."`
	Properties []PropertyFilterArg `json:"properties,omitempty" jsonschema:"maxItems=20" jsonschema_description:"Filters."`
	Fields     []string            `json:"fields,omitempty" jsonschema:"maxItems=50" jsonschema_description:"Columns or properties, e.g. plan."`
	PageArgs
}

var listPersonsTool = define(Spec{
	Name:        "list_persons",
	Title:       "List persons",
	Description: "Find persons (users, contacts). May lag behind recent changes.",
	Toolset:     Persons,
	Effect:      Reads,
}, listPersons)

func listPersons(d *Desk, ctx context.Context, in ListPersonsRequest) (List[PersonRow], error) {
	query, err := in.query()
	if err != nil {
		return List[PersonRow]{}, err
	}
	projection, err := projectPersons(in.Fields)
	if err != nil {
		return List[PersonRow]{}, err
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return List[PersonRow]{}, err
	}
	page, err := d.page(in.PageArgs, "list_persons", s.project, in.Search, in.Email, in.DistinctID, in.Properties)
	if err != nil {
		return List[PersonRow]{}, err
	}
	query.Limit, query.Offset = page.limit, page.offset
	found, err := s.people.List(ctx, query)
	if err != nil {
		return List[PersonRow]{}, err
	}
	rows := make([]PersonRow, len(found.Results))
	for i, person := range found.Results {
		rows[i] = projection.row(person)
	}
	return listed(page, s, List[PersonRow]{Rows: rows, Total: found.Count, Filters: in.filters(), Note: projection.nowhere(found.Results), URLTemplate: s.links.person("{uuid}")}, found.More), nil
}

// query is what list_persons asks PostHog for, without its paging.
func (in ListPersonsRequest) query() (client.PersonQuery, error) {
	query := client.PersonQuery{Search: in.Search, Email: in.Email, DistinctID: in.DistinctID, IncludeTotal: true}
	for _, f := range in.Properties {
		filter, err := f.filter()
		if err != nil {
			return client.PersonQuery{}, err
		}
		query.Properties = append(query.Properties, filter)
	}
	return query, nil
}

// filters are those of a list of persons, as they are applied.
func (in ListPersonsRequest) filters() map[string]any {
	return compactArgs(map[string]any{"search": in.Search, "email": in.Email, "distinct_id": in.DistinctID, "properties": in.Properties})
}
