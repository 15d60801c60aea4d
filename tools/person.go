package tools

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
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
	row := PersonRow{UUID: p.UUID, Name: shorten(p.Name, nameRunes), Email: shorten(people.Email(p), nameRunes), DistinctIDs: len(p.DistinctIDs)}
	if row.Name == row.Email {
		row.Name = "" // PostHog shows the e-mail as the name; once is enough
	}
	return row
}

// projectPerson is a row with only the named fields: columns, or properties by
// name or dotted path.
func projectPerson(p client.Person, fields []string) PersonRow {
	if len(fields) == 0 {
		return personRow(p)
	}
	row := PersonRow{UUID: p.UUID}
	for _, field := range fields {
		switch field {
		case "uuid":
		case "name":
			row.Name = shorten(p.Name, nameRunes)
		case "email":
			row.Email = shorten(people.Email(p), nameRunes)
		case "distinct_ids":
			row.DistinctIDs = len(p.DistinctIDs)
		case "is_identified":
			row.IsIdentified = p.IsIdentified
		case "created_at":
			row.CreatedAt = minute(p.CreatedAt)
		case "last_seen_at":
			if p.LastSeenAt != nil {
				row.LastSeenAt = minute(*p.LastSeenAt)
			}
		default:
			key := strings.TrimPrefix(field, "properties.")
			if value, set := propertyAt(p, key); set {
				if row.Properties == nil {
					row.Properties = map[string]any{}
				}
				row.Properties[key] = value
			}
		}
	}
	return row
}

// propertyAt reads a property by its name, or a value inside of one by dotted
// path. A name that holds a dot itself comes first.
func propertyAt(p client.Person, path string) (any, bool) {
	if raw, whole := p.Properties[path]; whole {
		return gjson.ParseBytes(raw).Value(), true
	}
	for dot := strings.IndexByte(path, '.'); dot > 0 && dot < len(path)-1; {
		if raw, present := p.Properties[path[:dot]]; present {
			inner := gjson.GetBytes(raw, escapePath(path[dot+1:]))
			return inner.Value(), inner.Exists()
		}
		next := strings.IndexByte(path[dot+1:], '.')
		if next < 0 {
			break
		}
		dot += 1 + next
	}
	return nil, false
}

// escapePath keeps gjson's dots and takes the meaning from everything else.
func escapePath(path string) string {
	steps := strings.Split(path, ".")
	for i, step := range steps {
		steps[i] = gjson.Escape(step)
	}
	return strings.Join(steps, ".")
}

// Person is one person, with what is long cut to what a reader can use.
type Person struct {
	UUID              string         `json:"uuid"`
	Number            string         `json:"number,omitempty" jsonschema_description:"PostHog's integer id."`
	Name              string         `json:"name,omitempty"`
	Email             string         `json:"email,omitempty"`
	DistinctIDs       []string       `json:"distinct_ids,omitempty" jsonschema_description:"The first ones."`
	DistinctIDCount   int            `json:"distinct_id_count"`
	CreatedAt         string         `json:"created_at,omitempty"`
	LastSeenAt        string         `json:"last_seen_at,omitempty"`
	Properties        map[string]any `json:"properties,omitempty"`
	CutProperties     []string       `json:"cut_properties,omitempty" jsonschema_description:"Values shown in part; ask for them with fields."`
	PropertiesOmitted []string       `json:"properties_omitted,omitempty" jsonschema_description:"Names of properties left out for size; ask for them with fields."`
	MissingFields     []string       `json:"missing_fields,omitempty" jsonschema_description:"Asked for and not set on this person."`
}

const (
	shownDistinctIDs = 10
	nameRunes        = 120
)

// wholePerson is a person with all properties, or with those asked for.
func wholePerson(p client.Person, fields []string, maxTokens int) Person {
	shown := Person{
		UUID: p.UUID, Name: shorten(p.Name, nameRunes), Email: shorten(people.Email(p), nameRunes), CreatedAt: minute(p.CreatedAt),
		DistinctIDs: p.DistinctIDs[:min(len(p.DistinctIDs), shownDistinctIDs)], DistinctIDCount: len(p.DistinctIDs),
	}
	if p.ID != p.UUID {
		shown.Number = p.ID
	}
	if p.LastSeenAt != nil {
		shown.LastSeenAt = minute(*p.LastSeenAt)
	}
	runes := valueRunes
	names := propertyOrder(p.Properties)
	if len(fields) > 0 {
		names, runes = nil, askedRunes
		for _, field := range fields {
			if !slices.Contains(personColumns, field) {
				names = append(names, strings.TrimPrefix(field, "properties."))
			}
		}
	}
	shown.addProperties(p, names, runes, maxTokens)
	return shown
}

// addProperties adds properties in order while they fit.
func (shown *Person) addProperties(p client.Person, names []string, runes, maxTokens int) {
	const envelope = 80
	left := maxTokens - envelope - tokens(*shown)
	shown.Properties = map[string]any{}
	for _, name := range names {
		value, set := propertyAt(p, name)
		if !set {
			shown.MissingFields = append(shown.MissingFields, name)
			continue
		}
		value, cut := capValue(value, runes)
		cost := tokens(map[string]any{name: value}) + 1
		if cost > left {
			if len(shown.PropertiesOmitted) < 50 {
				shown.PropertiesOmitted = append(shown.PropertiesOmitted, name)
				left -= tokens(name)
			}
			continue
		}
		left -= cost
		shown.Properties[name] = value
		if cut {
			shown.CutProperties = append(shown.CutProperties, name)
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
