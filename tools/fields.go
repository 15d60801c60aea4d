package tools

import (
	"strings"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// A field names a column, a property, or what lies inside of one:
//
//	email                          a column
//	plan, properties.plan          a property
//	company.size                   what is inside, unless a property has this very name
//	properties["a.b"].size         names in brackets are taken as they stand

// path is a field that leads to a property.
type path struct {
	field string   // as it was asked for, less "properties."
	steps []string // from the property inwards
	exact bool     // steps are names as they stand, with their dots
}

// pathOf reads a field. Names in brackets are refused where they do not end.
func pathOf(field string) (path, error) {
	rest := strings.TrimPrefix(field, "properties")
	if rest == field || rest == "" || rest[0] != '.' && rest[0] != '[' {
		rest = "." + field
	}
	p := path{field: strings.TrimPrefix(rest, ".")}
	for rest != "" {
		var step string
		var whole bool
		if strings.HasPrefix(rest, `["`) {
			step, rest, whole = strings.Cut(rest[2:], `"]`)
			p.exact = true
		} else {
			rest = strings.TrimPrefix(rest, ".")
			end := strings.IndexByte(rest, '.')
			if bracket := strings.Index(rest, `["`); bracket >= 0 && (end < 0 || bracket < end) {
				end = bracket
			}
			if end < 0 {
				end = len(rest)
			}
			step, rest, whole = rest[:end], rest[end:], end > 0 || p.exact
		}
		if !whole {
			return p, plain.Refuse(`Not done: the field %q is no path. Write company.size, or properties["a.b"] for a name with dots in it.`, plain.Short(field))
		}
		p.steps = append(p.steps, step)
	}
	return p, nil
}

// of reads what a person has there. Without brackets, a property whose own
// name holds the dots comes first.
func (p path) of(person client.Person) (value any, set bool) {
	most := len(p.steps)
	if p.exact {
		most = 1
	}
	for n := most; n > 0; n-- {
		raw, present := person.Properties[strings.Join(p.steps[:n], ".")]
		if !present {
			continue
		}
		inner := gjson.ParseBytes(raw)
		for _, step := range p.steps[n:] {
			inner = inner.Get(gjson.Escape(step))
		}
		return inner.Value(), inner.Exists()
	}
	return nil, false
}

// empty tells a value that says nothing: null, "", {} or [].
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
