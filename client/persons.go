package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tidwall/gjson"
)

// Person is somebody who uses the customer's product. All its text is written by end users.
type Person struct {
	// ID is a number in single answers and the UUID in lists; use UUID to compare and to remember.
	ID, UUID string
	Name     string // what PostHog displays
	// DistinctIDs are all ids in Person, at most 1000 in lists and 10 in PersonsByDistinctIDs.
	DistinctIDs  []string
	Properties   map[string]json.RawMessage
	CreatedAt    time.Time
	LastSeenAt   *time.Time
	IsIdentified *bool // in lists only
	// Newest: the answer has last_seen_at, even if null. Servers of 2025 do not send it, and they are the ones
	// that take a split of named ids (Split.DistinctIDs) for one of all ids. It is a sign seen along with
	// the newer split, not PostHog's word for it; without it, nothing is known to be safe.
	Newest bool
}

// PersonQuery filters persons; filters combine with AND. The list is selected by an index that lags behind
// writes, and shows bodies that do not.
type PersonQuery struct {
	Search        string // substring of e-mail, name, UUID or any distinct id; % and _ are wildcards
	Email         string // exact
	DistinctID    string // exact
	Properties    []PropertyFilter
	IncludeTotal  bool // fill Page.Count, at the price of a second query
	Limit, Offset int  // default 100, at most 1000
}

// ListPersons returns one page of persons.
func (p *Project) ListPersons(ctx context.Context, query PersonQuery) (Page[Person], error) {
	c := p.call(http.MethodGet, "list persons", "persons")
	w, err := newWindow(c, query.Offset, query.Limit)
	if err != nil {
		return Page[Person]{}, err
	}
	filters, problem := encodeFilters(query.Properties)
	if problem != "" {
		return Page[Person]{}, c.refused(problem)
	}
	c.query = w.values()
	for name, value := range map[string]string{
		"search": query.Search, "email": query.Email, "distinct_id": query.DistinctID, "properties": filters,
	} {
		if value != "" {
			c.query.Set(name, value)
		}
	}
	if query.IncludeTotal {
		c.query.Set("include_total", "true")
	}
	return fetch(ctx, p.session, c, page(w, decodePerson))
}

// Person returns a person by UUID or number. A distinct id in its place is Invalid.
func (p *Project) Person(ctx context.Context, id string) (Person, error) {
	return fetch(ctx, p.session, p.call(http.MethodGet, "get person", "persons", id), decodePerson)
}

// PatchPerson sets properties and leaves the others; it removes none. PostHog accepts it before it is
// done, and does not report whether it was.
func (p *Project) PatchPerson(ctx context.Context, id string, properties map[string]any) error {
	c := p.call(http.MethodPatch, "update person", "persons", id)
	if len(properties) == 0 {
		return c.refused("there is nothing to change")
	}
	c.body = map[string]any{"properties": properties}
	return p.session.run(ctx, c)
}

// SetPersonProperty sets one property; nil sets it to null, which is not deleting it. PostHog accepts it
// before it is done, as with PatchPerson.
func (p *Project) SetPersonProperty(ctx context.Context, id, key string, value any) error {
	c := p.call(http.MethodPost, "set a property of the person", "persons", id, "update_property")
	if key == "" {
		return c.refused("the property has no name")
	}
	c.body = map[string]any{"key": key, "value": value}
	return p.session.run(ctx, c)
}

// DeletePersonProperty removes one property, later; removing an absent one succeeds. An unknown person is
// Unavailable here, not NotFound: PostHog crashes on it.
func (p *Project) DeletePersonProperty(ctx context.Context, id, key string) error {
	c := p.call(http.MethodPost, "delete a property of the person", "persons", id, "delete_property")
	if key == "" {
		return c.refused("the property has no name")
	}
	c.body = map[string]any{"$unset": key}
	return p.session.run(ctx, c)
}

// DeletePersonOptions say what goes besides the person.
type DeletePersonOptions struct {
	Events     bool // delete its events too
	Recordings bool // delete its recordings too
	KeepPerson bool // delete the events or recordings, but not the person
}

// DeletePerson deletes a person, at once in lookups and later in lists.
func (p *Project) DeletePerson(ctx context.Context, id string, options DeletePersonOptions) error {
	c := p.call(http.MethodDelete, "delete person", "persons", id)
	c.query = map[string][]string{}
	// PostHog looks only at whether a flag is there: "delete_events=false" deletes the events.
	for name, set := range map[string]bool{
		"delete_events": options.Events, "delete_recordings": options.Recordings, "keep_person": options.KeepPerson,
	} {
		if set {
			c.query.Set(name, "true")
		}
	}
	return p.session.run(ctx, c)
}

// Split says which distinct ids leave a person: the ones listed, each to a person of its own, or all but
// Main. Exactly one of the two is given.
type Split struct {
	DistinctIDs []string
	// Main must be an id of the person: PostHog does not check, and moves all ids off otherwise.
	Main string
}

// SplitPerson takes a person apart, later; there is no way back. PostHog reads a split without arguments
// as "break up everything", so that is refused here.
func (p *Project) SplitPerson(ctx context.Context, id string, split Split) error {
	c := p.call(http.MethodPost, "split person", "persons", id, "split")
	switch {
	case len(split.DistinctIDs) > 0 && split.Main != "":
		return c.refused("name the ids that leave or the one that stays, not both")
	case len(split.DistinctIDs) > 0:
		c.body = map[string]any{"distinct_ids_to_split": split.DistinctIDs}
	case split.Main != "":
		c.body = map[string]any{"main_distinct_id": split.Main}
	default:
		return c.refused("name the ids that leave or the one that stays")
	}
	return p.session.run(ctx, c)
}

func decodePerson(row gjson.Result) (Person, error) {
	person := Person{
		ID:           idText(row, "id"),
		UUID:         text(row, "uuid"),
		Name:         text(row, "name"),
		DistinctIDs:  texts(row, "distinct_ids"),
		Properties:   object(row, "properties"),
		CreatedAt:    since(row, "created_at"),
		LastSeenAt:   moment(row, "last_seen_at"),
		IsIdentified: flagOrNull(row, "is_identified"),
		Newest:       row.Get("last_seen_at").Exists(),
	}
	if person.UUID == "" && row.Get("id").Type == gjson.String {
		person.UUID = person.ID
	}
	if person.ID == "" {
		person.ID = person.UUID
	}
	if person.UUID == "" {
		return Person{}, errNoID
	}
	return person, nil
}
