package tools

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/people"
)

// UpdatePersonRequest are the arguments of update_person.
type UpdatePersonRequest struct {
	ProjectArg
	PersonArg
	Set   schema.Object `json:"set,omitempty" jsonschema:"maxProperties=100" jsonschema_description:"Properties to set; others stay."`
	Unset []string      `json:"unset,omitempty" jsonschema:"maxItems=50" jsonschema_description:"Names of properties to remove."`
}

var updatePersonTool = define(Spec{
	Name:        "update_person",
	Title:       "Update a person",
	Description: "Set and remove several properties of one person; nothing unnamed changes. PostHog applies it later: the answer says whether it has arrived.",
	Toolset:     Persons,
	Effect:      Sets,
}, updatePerson)

func updatePerson(d *Desk, ctx context.Context, in UpdatePersonRequest) (Receipt, error) {
	if err := in.check(); err != nil {
		return Receipt{}, err
	}
	return d.changePerson(ctx, "update_person", in.ProjectID, in.Person, in.Set, in.Unset)
}

// check refuses what asks for nothing, for a thing and its opposite, or for
// what PostHog would make something else of.
func (in UpdatePersonRequest) check() error {
	if len(in.Set)+len(in.Unset) == 0 {
		return plain.Refuse("Nothing to change: give set, unset or both.")
	}
	for _, name := range in.Unset {
		if _, both := in.Set[name]; both {
			return plain.Refuse("Not done: %q is both set and unset in the same call.", plain.Short(name))
		}
	}
	return checkProperties(in.Set, in.Unset)
}

// changePerson is what the three tools share that change properties.
func (d *Desk) changePerson(ctx context.Context, tool string, project int64, reference string, set map[string]json.RawMessage, unset []string) (Receipt, error) {
	if err := checkProperties(set, unset); err != nil {
		return Receipt{}, err
	}
	s, err := d.scope(ctx, project)
	if err != nil {
		return Receipt{}, err
	}
	person, match, err := s.people.FindToWrite(ctx, reference)
	if err != nil {
		return Receipt{}, err
	}
	w := deed{
		tool: tool, target: journal.Target{Kind: "person", ID: person.UUID}, person: person.UUID,
		// Without the reference: a distinct id may be another's one day, who is erased then.
		arguments: wish{Set: set, Unset: unset},
		image:     image{Person: imageOf(person, set, unset)}, wish: wish{Set: set, Unset: unset},
	}
	return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		result, err := s.people.Update(ctx, person, set, unset)
		if err != nil {
			return done{}, err
		}
		return personChanged(s, person, match, result), nil
	})
}

// imageOf is the properties of a person that a change names.
func imageOf(person client.Person, set map[string]json.RawMessage, unset []string) *personImage {
	kept := &personImage{UUID: person.UUID, Properties: map[string]json.RawMessage{}}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(set)), unset) {
		if raw, there := person.Properties[name]; there {
			kept.Properties[name] = raw
		}
	}
	return kept
}

// personChanged words what came of a change.
func personChanged(s scope, person client.Person, match people.Match, result people.Result) done {
	return done{After: result.After, Receipt: Receipt{
		Outcome: result.Outcome, Target: personTarget(person, match), Before: capMap(result.Before, changesTokens), After: capMap(result.After, changesTokens),
		Note: result.Note, Undo: undoPerson(person, result), URL: s.links.person(person.UUID), ProjectID: s.project,
	}}
}

// maxEvent bounds what one change sends. It travels as an event, and PostHog
// drops those over 1 MB without a word.
const maxEvent = 900_000

// checkProperties refuses what PostHog would take and make something else of.
func checkProperties(set map[string]json.RawMessage, unset []string) error {
	if slices.Contains(slices.Concat(slices.Collect(maps.Keys(set)), unset), "") {
		return plain.Refuse("Not done: a property has no name.")
	}
	size := 0
	for name, value := range set {
		if string(value) == "null" {
			return plain.Refuse("Not done: null would be stored as the value of %q. To remove a property, name it in unset, or use delete_person_property.", plain.Short(name))
		}
		size += len(name) + len(value)
	}
	if size > maxEvent {
		return plain.Refuse("Not done: the values are too large for one event, %d bytes; PostHog would drop it without a word. The most is %d.", size, maxEvent)
	}
	return nil
}

// undoPerson is the call that restores the former properties.
func undoPerson(person client.Person, result people.Result) string {
	if result.Outcome == journal.Ignored || len(result.Theirs) == len(result.Before) {
		return nothingChanged
	}
	set, unset := map[string]any{}, []string{}
	for name := range result.Before {
		if slices.Contains(result.Theirs, name) {
			continue
		}
		raw, had := person.Properties[name]
		if had && string(raw) != "null" {
			set[name] = raw
		} else {
			unset = append(unset, name)
		}
	}
	slices.Sort(unset)
	return undoCall("update_person", compactArgs(map[string]any{"person": person.UUID, "set": set, "unset": unset}))
}
