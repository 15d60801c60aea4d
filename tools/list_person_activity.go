package tools

import (
	"context"

	"posthog-accounts-mcp/client"
)

// ListPersonActivityRequest are the arguments of list_person_activity.
type ListPersonActivityRequest struct {
	ProjectArg
	PersonArg
	PageArgs
}

// ActivityRow is something that was done to a person by hand or by a key.
type ActivityRow struct {
	At       string   `json:"at"`
	By       string   `json:"by,omitempty"`
	Activity string   `json:"activity" jsonschema_description:"updated, deleted, delete_property or split_person."`
	Fields   []string `json:"fields,omitempty" jsonschema_description:"What was changed, as far as PostHog notes it."`
}

var listPersonActivityTool = define(Spec{
	Name:        "list_person_activity",
	Title:       "List a person's activity",
	Description: "Who changed a person by hand or by API, and when, newest first. PostHog notes no values here, and nothing that events changed.",
	Toolset:     Persons,
	Effect:      Reads,
}, listPersonActivity)

func listPersonActivity(d *Desk, ctx context.Context, in ListPersonActivityRequest) (List[ActivityRow], error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return List[ActivityRow]{}, err
	}
	person, match, err := s.people.Find(ctx, in.Person)
	if err != nil {
		return List[ActivityRow]{}, err
	}
	page, err := d.page(in.PageArgs, "list_person_activity", s.project, person.UUID)
	if err != nil {
		return List[ActivityRow]{}, err
	}
	entries, total, more, err := s.people.Activity(ctx, person, page.offset, page.limit)
	if err != nil {
		return List[ActivityRow]{}, err
	}
	return listed(page, s, List[ActivityRow]{
		Rows: activityRows(entries), Total: &total,
		Filters:     map[string]any{"person": person.UUID, "matched_by": match.String()},
		URLTemplate: s.links.person(person.UUID),
	}, more), nil
}

func activityRows(entries []client.Activity) []ActivityRow {
	rows := make([]ActivityRow, len(entries))
	for i, entry := range entries {
		rows[i] = ActivityRow{At: minute(entry.CreatedAt), By: entry.UserEmail, Activity: entry.Name}
		if rows[i].By == "" {
			rows[i].By = entry.UserName
		}
		for _, change := range entry.Changes {
			if change.Field != "" {
				rows[i].Fields = append(rows[i].Fields, change.Field)
			}
		}
	}
	return rows
}
