package tools

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/people"
)

// PersonArg names one person.
type PersonArg struct {
	Person string `json:"person" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"UUID, distinct id, email or number."`
}

// PersonRow is a person in a list.
type PersonRow struct {
	UUID         string         `json:"uuid"`
	Name         string         `json:"name,omitempty"`
	Email        string         `json:"email,omitempty"`
	DistinctIDs  int            `json:"distinct_ids,omitempty" jsonschema_description:"How many distinct ids."`
	IsIdentified *bool          `json:"is_identified,omitempty"`
	CreatedAt    string         `json:"created_at,omitempty"`
	LastSeenAt   string         `json:"last_seen_at,omitempty"`
	Properties   map[string]any `json:"properties,omitempty" jsonschema_description:"The properties asked for with fields."`
}

var personColumns = []string{"uuid", "name", "email", "distinct_ids", "is_identified", "created_at", "last_seen_at"}

func personRow(p client.Person) PersonRow {
	return PersonRow{UUID: p.UUID, Name: shorten(people.Name(p), nameRunes), Email: shorten(people.Email(p), nameRunes), DistinctIDs: len(p.DistinctIDs)}
}

// personProjection is what a fields argument asks for.
type personProjection struct {
	columns    map[string]bool
	properties []path
}

// projectPersons reads a fields argument. Any other name than a column's is a
// property's: which properties there are is nobody's to say.
func projectPersons(fields []string) (personProjection, error) {
	p := personProjection{columns: map[string]bool{}}
	for i, field := range fields {
		if slices.Contains(fields[:i], field) {
			continue
		}
		if slices.Contains(personColumns, field) {
			p.columns[field] = true
			continue
		}
		property, err := pathOf(field)
		if err != nil {
			return p, err
		}
		p.properties = append(p.properties, property)
	}
	return p, nil
}

// row shows the fields of the projection, or without any what tells persons
// apart; the UUID is always there.
func (p personProjection) row(person client.Person) PersonRow {
	if len(p.columns)+len(p.properties) == 0 {
		return personRow(person)
	}
	row := PersonRow{UUID: person.UUID, Name: shorten(people.Name(person), nameRunes), Email: shorten(people.Email(person), nameRunes),
		DistinctIDs: len(person.DistinctIDs), IsIdentified: person.IsIdentified, CreatedAt: minute(person.CreatedAt)}
	if person.LastSeenAt != nil {
		row.LastSeenAt = minute(*person.LastSeenAt)
	}
	hide(p.columns, "name", &row.Name)
	hide(p.columns, "email", &row.Email)
	hide(p.columns, "distinct_ids", &row.DistinctIDs)
	hide(p.columns, "is_identified", &row.IsIdentified)
	hide(p.columns, "created_at", &row.CreatedAt)
	hide(p.columns, "last_seen_at", &row.LastSeenAt)
	for _, property := range p.properties {
		if value, set := property.of(person); set {
			if row.Properties == nil {
				row.Properties = map[string]any{}
			}
			// One long value must not push all other rows out.
			row.Properties[property.field], _ = capValue(value, valueRunes)
		}
	}
	return row
}

// nowhere words which of the properties asked for nobody listed has.
func (p personProjection) nowhere(persons []client.Person) string {
	if len(persons) == 0 {
		return ""
	}
	known := slices.Clone(personColumns)
	for _, person := range persons {
		known = slices.AppendSeq(known, maps.Keys(person.Properties))
	}
	var words []string
	for _, property := range p.properties {
		has := func(person client.Person) bool { _, set := property.of(person); return set }
		if slices.ContainsFunc(persons, has) {
			continue
		}
		word := quoted(property.field)
		if near := schema.Nearest(property.field, known); near != "" {
			word += " (did you mean " + quoted(near) + "?)"
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return ""
	}
	return "Nobody shown has the property " + strings.Join(words[:min(len(words), 5)], " or ") + "."
}

// Person is one person, with what is long cut to what a reader can use.
type Person struct {
	UUID              string         `json:"uuid"`
	Note              string         `json:"note,omitempty"`
	Number            string         `json:"number,omitempty" jsonschema_description:"PostHog's integer id."`
	Name              string         `json:"name,omitempty"`
	Email             string         `json:"email,omitempty"`
	DistinctIDs       []string       `json:"distinct_ids,omitempty" jsonschema_description:"The first ones."`
	DistinctIDCount   int            `json:"distinct_id_count"`
	CreatedAt         string         `json:"created_at,omitempty"`
	LastSeenAt        string         `json:"last_seen_at,omitempty"`
	Properties        map[string]any `json:"properties,omitempty"`
	CutProperties     []string       `json:"cut_properties,omitempty" jsonschema_description:"Values shown in part; ask for them with fields, or a larger max_tokens."`
	PropertiesOmitted []string       `json:"properties_omitted,omitempty" jsonschema_description:"Names of properties left out for size, as far as they fit; ask for them with fields."`
	OmittedCount      int            `json:"properties_omitted_count,omitempty" jsonschema_description:"How many were left out."`
	MissingFields     []string       `json:"missing_fields,omitempty" jsonschema_description:"Asked for and not set on this person."`
}

const (
	shownDistinctIDs = 10
	nameRunes        = 120
)

// wholePerson is a person with all properties that say something, or with
// those asked for, in at most some tokens.
func wholePerson(p client.Person, asked personProjection, room int) Person {
	shown := Person{
		UUID: p.UUID, Name: shorten(people.Name(p), nameRunes), Email: shorten(people.Email(p), nameRunes), CreatedAt: minute(p.CreatedAt),
		DistinctIDs: p.DistinctIDs[:min(len(p.DistinctIDs), shownDistinctIDs)], DistinctIDCount: len(p.DistinctIDs),
	}
	if p.ID != p.UUID {
		shown.Number = p.ID
	}
	if p.LastSeenAt != nil {
		shown.LastSeenAt = minute(*p.LastSeenAt)
	}
	all, runes := asked.properties, askedRunes
	if len(asked.columns)+len(all) == 0 {
		all, runes = saying(p.Properties), valueRunes
	} else if !asked.columns["distinct_ids"] {
		shown.DistinctIDs = nil
	}
	shown.fitHead(room / 2)
	shown.addProperties(p, all, runes, room)
	return shown
}

// fitHead cuts everything but the properties.
func (shown *Person) fitHead(room int) {
	fit(shown, room, func() bool { return dropLast(&shown.DistinctIDs) })
	if tokens(shown) <= room {
		return
	}
	head := reflect.ValueOf(shown).Elem()
	shown.Note = "Cut to fit max_tokens."
	fit(shown, room,
		func() bool { return shrinkText(&shown.Name) },
		func() bool { return shrinkText(&shown.Email) },
		func() bool { return dropMember(head, 2) },
	)
}

// saying are the properties of a person that are not empty.
func saying(properties map[string]json.RawMessage) []path {
	var all []path
	for _, name := range propertyOrder(properties) {
		if !empty(gjson.ParseBytes(properties[name]).Value()) {
			all = append(all, path{field: name, steps: []string{name}, exact: true})
		}
	}
	return all
}

// addProperties adds properties in order while they fit, and the names of
// those that do not. A part of the room is kept for these names.
func (shown *Person) addProperties(p client.Person, all []path, runes, room int) {
	const perName = 2 // tokens of what stands around a name
	names := room / 6
	left := room - names - tokens(*shown) - 10
	name := func(list *[]string, field string) {
		field = shorten(field, nameRunes)
		if cost := tokens(field) + perName; cost <= names {
			*list, names = append(*list, field), names-cost
		}
	}
	shown.Properties = map[string]any{}
	for _, property := range all {
		value, set := property.of(p)
		if !set {
			name(&shown.MissingFields, property.field)
			continue
		}
		value, cut := capValue(value, runes)
		cost := func() int { return tokens(map[string]any{property.field: value}) + 1 }
		if cost() > left && left > 20 && runes == askedRunes { // a part of what was asked for is more than its name
			value, _ = capValue(value, 2*left)
			cut = true
		}
		if cost() > left {
			name(&shown.PropertiesOmitted, property.field)
			shown.OmittedCount++
			continue
		}
		left -= cost()
		shown.Properties[property.field] = value
		if cut {
			name(&shown.CutProperties, property.field)
		}
	}
}

// propertyOrder puts what people set before what PostHog records by itself
// ($browser, $initial_..., ...).
func propertyOrder(properties map[string]json.RawMessage) []string {
	names := make([]string, 0, len(properties))
	for name := range properties {
		names = append(names, name)
	}
	rank := func(name string) int {
		switch {
		case strings.HasPrefix(name, "$initial_"):
			return 2
		case strings.HasPrefix(name, "$"):
			return 1
		}
		return 0
	}
	sort.Slice(names, func(i, j int) bool {
		if a, b := rank(names[i]), rank(names[j]); a != b {
			return a < b
		}
		return names[i] < names[j]
	})
	return names
}

func personTarget(p client.Person, m people.Match) *Target {
	return &Target{Kind: "person", ID: p.UUID, Name: shorten(p.Name, 80), MatchedBy: m.String()}
}

// OneOrMany is a JSON string, number or boolean, or a list of strings, as it
// was sent.
type OneOrMany json.RawMessage

// UnmarshalJSON keeps the bytes.
func (v *OneOrMany) UnmarshalJSON(b []byte) error { *v = bytes.Clone(b); return nil }

// MarshalJSON gives the bytes back.
func (v OneOrMany) MarshalJSON() ([]byte, error) { return json.RawMessage(v).MarshalJSON() }

// PropertyFilterArg selects persons by one property.
type PropertyFilterArg struct {
	Key      string    `json:"key" jsonschema_description:"Property name."`
	Operator string    `json:"operator,omitempty" jsonschema:"enum=exact,enum=is_not,enum=icontains,enum=not_icontains,enum=regex,enum=not_regex,enum=gt,enum=lt,enum=gte,enum=lte,enum=is_set,enum=is_not_set,enum=is_date_exact,enum=is_date_after,enum=is_date_before" jsonschema_description:"Default exact."`
	Value    OneOrMany `json:"value,omitempty" jsonschema_description:"A list means any of."`
}

func (f PropertyFilterArg) filter() (client.PropertyFilter, error) {
	filter := client.PropertyFilter{Key: f.Key, Operator: f.Operator}
	if f.Key == "" {
		return filter, plain.Refuse("Not done: a filter in properties has no key.")
	}
	if f.Operator == "is_set" || f.Operator == "is_not_set" {
		return filter, nil
	}
	if len(f.Value) == 0 || string(f.Value) == "[]" {
		return filter, plain.Refuse("Not done: the filter on %q needs a value.", plain.Short(f.Key))
	}
	return filter, json.Unmarshal(f.Value, &filter.Value)
}
