package tools

import (
	"context"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/budget"
)

// GetPersonPropertiesTimelineRequest are the arguments of
// get_person_properties_timeline.
type GetPersonPropertiesTimelineRequest struct {
	ProjectArg
	PersonArg
	DateFrom   string   `json:"date_from,omitempty" jsonschema:"pattern=^(-\\d+[hdwmy]|\\d{4}-\\d{2}-\\d{2}.*|all)$" jsonschema_description:"Such as 2026-03-01 or -30d; default -7d."`
	DateTo     string   `json:"date_to,omitempty" jsonschema:"pattern=^(-\\d+[hdwmy]|\\d{4}-\\d{2}-\\d{2}.*)$" jsonschema_description:"Such as 2026-03-31 or -1d; default now."`
	Properties []string `json:"properties,omitempty" jsonschema:"maxItems=20" jsonschema_description:"Names of properties to follow."`
	SizeArg
}

// GetPersonPropertiesTimelineResult is the timeline, or what is known instead.
type GetPersonPropertiesTimelineResult struct {
	Available   bool            `json:"available" jsonschema_description:"Whether PostHog gave the timeline."`
	Reason      string          `json:"reason,omitempty" jsonschema_description:"Why not, and what is shown instead."`
	Points      []TimelinePoint `json:"points"`
	Omitted     int             `json:"omitted" jsonschema_description:"Points left out for size."`
	KeyProperty []string        `json:"crucial_property_keys,omitempty"`
	DateFrom    string          `json:"date_from,omitempty"`
	DateTo      string          `json:"date_to,omitempty"`
	Activity    []ActivityRow   `json:"activity,omitempty"`
	Unlisted    int             `json:"activity_omitted,omitempty" jsonschema_description:"Further entries; list_person_activity shows them."`
	Person      string          `json:"person"`
	MatchedBy   string          `json:"matched_by"`
	URL         string          `json:"url"`
	ProjectID   int64           `json:"project_id"`
}

// TimelinePoint is a stretch of events with the same properties.
type TimelinePoint struct {
	From       string         `json:"from"`
	Events     int            `json:"events"`
	Properties map[string]any `json:"properties"`
}

var getPersonPropertiesTimelineTool = define(Spec{
	Name:        "get_person_properties_timeline",
	Title:       "Get a person's properties timeline",
	Description: "How a person's properties went over time. PostHog refuses this to API keys; then the answer says so and shows what the activity log knows.",
	Toolset:     Persons,
	Effect:      Reads,
}, getPersonPropertiesTimeline)

func getPersonPropertiesTimeline(d *Desk, ctx context.Context, in GetPersonPropertiesTimelineRequest) (GetPersonPropertiesTimelineResult, error) {
	none := GetPersonPropertiesTimelineResult{}
	query := client.TimelineQuery{DateFrom: in.DateFrom, DateTo: in.DateTo}
	for _, name := range in.Properties {
		query.Properties = append(query.Properties, client.PropertyFilter{Key: name, Operator: "is_set"})
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return none, err
	}
	person, match, err := s.people.Find(ctx, in.Person)
	if err != nil {
		return none, err
	}
	result := GetPersonPropertiesTimelineResult{
		Points: []TimelinePoint{}, Person: person.UUID, MatchedBy: match.String(),
		URL: s.links.person(person.UUID), ProjectID: s.project,
	}
	timeline, err := s.people.Timeline(ctx, person, query)
	switch {
	case client.KindOf(err) == client.NoKeyAccess:
		err = result.instead(ctx, s, person)
	case err == nil:
		result.show(timeline)
	}
	if err != nil {
		return none, err
	}
	result.fit(in.room())
	return result, nil
}

// show takes over what PostHog gave.
func (r *GetPersonPropertiesTimelineResult) show(timeline client.Timeline) {
	r.Available, r.KeyProperty = true, timeline.CrucialPropertyKeys
	r.DateFrom, r.DateTo = timeline.DateFrom, timeline.DateTo
	for _, point := range timeline.Points {
		row := TimelinePoint{From: minute(point.Timestamp), Events: point.RelevantEventCount, Properties: map[string]any{}}
		for _, key := range timeline.CrucialPropertyKeys {
			if raw, set := point.Properties[key]; set {
				row.Properties[key] = gjson.ParseBytes(raw).Value()
			}
		}
		row.Properties = capMap(row.Properties, changesTokens)
		r.Points = append(r.Points, row)
	}
}

// fit leaves out the last points and entries, and counts them.
func (r *GetPersonPropertiesTimelineResult) fit(room int) {
	points, entries := r.Points, len(r.Activity)+r.Unlisted
	r.Points = []TimelinePoint{}
	r.Points = append(r.Points, budget.FitRows(points, tokens(r), room, tokens[TimelinePoint])...)
	fit(r, room,
		func() bool { return dropLast(&r.Points) },
		func() bool { dropped := dropLast(&r.Activity); r.Unlisted = entries - len(r.Activity); return dropped },
		func() bool { return dropLast(&r.KeyProperty) },
		func() bool { return shrinkText(&r.Reason) },
	)
	r.Omitted = len(points) - len(r.Points)
}

// instead answers with the activity log where the timeline is refused.
func (r *GetPersonPropertiesTimelineResult) instead(ctx context.Context, s scope, person client.Person) error {
	r.Reason = "PostHog gives the properties timeline to no API key, whatever its scopes; it is in the PostHog app. The activity log says who changed the person by hand or API and when, without values; what events changed is not in it."
	entries, total, _, err := s.people.Activity(ctx, person, 0, defaultLimit)
	switch kind := client.KindOf(err); {
	case kind == client.MissingScope || kind == client.Forbidden || kind == client.NoKeyAccess:
		r.Reason = "PostHog gives the properties timeline to no API key, whatever its scopes; it is in the PostHog app. The activity log could tell a little, but this key may not read it (scope activity_log:read)."
		return nil
	case err != nil:
		return err
	}
	r.Activity = activityRows(entries)
	r.Unlisted = total - len(r.Activity)
	if total == 0 {
		r.Reason += " The log has no entry for this person."
	}
	return nil
}
