package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Problems is everything that is wrong with a tool's arguments, in sentences
// for the model that sent them.
type Problems struct{ List []string }

// Error joins the problems, one a line when there are several.
func (p *Problems) Error() string {
	if len(p.List) == 1 {
		return p.List[0]
	}
	return strings.Join(p.List, "\n")
}

// problems validates and phrases. The order is stable: by place, then text.
func (v *Validator) problems(arguments any) []string {
	list := unstorable(arguments, "")
	if len(list) > 0 {
		return list // the validator computes with such numbers exactly, at any cost
	}
	var failure *jsonschema.ValidationError
	if errors.As(v.compiled.Validate(arguments), &failure) {
		list = append(list, v.phrase(failure)...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// phrase turns one node of the validator's error tree into sentences.
func (v *Validator) phrase(e *jsonschema.ValidationError) []string {
	place := join(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf:
		return []string{place + " must be " + alternatives(v.at(e.InstanceLocation))}
	case *kind.AdditionalProperties:
		var list []string
		for _, name := range k.Properties {
			list = append(list, v.unknown(e.InstanceLocation, name))
		}
		return list
	case *kind.Pattern:
		return []string{v.malformed(place, e.InstanceLocation, k.Got)}
	case *kind.Required:
		var list []string
		for _, name := range k.Missing {
			list = append(list, join(append(slices.Clone(e.InstanceLocation), name))+" is required")
		}
		return list
	}
	if len(e.Causes) > 0 {
		var list []string
		for _, cause := range e.Causes {
			list = append(list, v.phrase(cause)...)
		}
		return list
	}
	return []string{place + " " + expectation(e.ErrorKind)}
}

// expectation says what a single value should have been.
func expectation(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be " + article(strings.Join(k.Want, " or ")) + ", got " + article(k.Got)
	case *kind.Enum:
		wants := make([]string, len(k.Want))
		for i, want := range k.Want {
			wants[i] = fmt.Sprint(want)
		}
		text := "must be one of " + strings.Join(wants, ", ") + "; got " + quoted(fmt.Sprint(k.Got))
		if near := Nearest(fmt.Sprint(k.Got), wants); near != "" {
			text += ", did you mean " + quoted(near) + "?"
		}
		return text
	case *kind.Minimum:
		return "must be at least " + number(k.Want) + ", got " + number(k.Got)
	case *kind.Maximum:
		return "must be at most " + number(k.Want) + ", got " + number(k.Got)
	case *kind.MinLength:
		if k.Want == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have at least %d characters, has %d", k.Want, k.Got)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters, has %d", k.Want, k.Got)
	case *kind.MinItems:
		if k.Want == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have at least %d items, has %d", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d items, has %d", k.Want, k.Got)
	case *kind.MinProperties:
		return "must not be empty"
	case *kind.MaxProperties:
		return fmt.Sprintf("must have at most %d members, has %d", k.Want, k.Got)
	case *kind.UniqueItems:
		return "must not name the same item twice"
	}
	return "is not valid"
}

// malformed refuses a text of another form with the argument's description: a
// pattern is nothing to read.
func (v *Validator) malformed(place string, location []string, got string) string {
	text := place + " does not take " + quoted(got)
	if where := v.at(location); where != nil && where.Description != "" {
		text += ". " + strings.TrimSuffix(where.Description, ".")
	}
	return text
}

// unknown refuses a name and points at the one that was meant.
func (v *Validator) unknown(location []string, name string) string {
	where := v.at(location)
	var names []string
	if where != nil {
		for known := range where.Properties {
			names = append(names, known)
		}
	}
	slices.Sort(names)
	what := "unknown argument "
	if len(location) > 0 {
		what = "unknown name in " + join(location) + ": "
	}
	text := what + quoted(name)
	if near := Nearest(name, names); near != "" {
		return text + ", did you mean " + quoted(near) + "?"
	}
	if len(names) == 0 {
		return text + "; there are none"
	}
	return text + "; valid are " + strings.Join(names, ", ")
}

// at finds the shape of a place in the arguments.
func (v *Validator) at(location []string) *shape {
	here := v.shape
	for _, step := range location {
		switch {
		case here == nil:
			return nil
		case here.Type == "array":
			here = here.Items
		default:
			here = here.Properties[step]
		}
	}
	return here
}

// alternatives lists the types that a place takes.
func alternatives(s *shape) string {
	if s == nil {
		return "of another type"
	}
	var types []string
	for _, branch := range s.AnyOf {
		types = append(types, article(branch.Type))
	}
	if len(types) < 2 {
		return "of another type"
	}
	return strings.Join(types[:len(types)-1], ", ") + " or " + types[len(types)-1]
}

// unstorable finds what PostHog's database cannot hold: NUL characters, and
// numbers beyond a double.
func unstorable(value any, place string) []string {
	var list []string
	switch v := value.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			list = append(list, place+" contains a NUL character, which PostHog cannot store")
		}
	case json.Number:
		if _, err := v.Float64(); err != nil {
			list = append(list, place+" is a number beyond what PostHog can store")
		}
	case []any:
		for i, item := range v {
			list = append(list, unstorable(item, place+"["+strconv.Itoa(i)+"]")...)
		}
	case map[string]any:
		for name, member := range v {
			list = append(list, unstorable(member, strings.TrimPrefix(place+"."+name, "."))...)
		}
	}
	return list
}

// join writes a place the way people do: properties[2].key.
func join(location []string) string {
	var b strings.Builder
	for _, step := range location {
		if _, err := strconv.Atoi(step); err == nil {
			b.WriteString("[" + step + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(step)
	}
	return b.String()
}

func article(typeName string) string {
	switch typeName {
	case "array":
		return "a list"
	case "object", "integer":
		return "an " + typeName
	case "null":
		return "null"
	}
	return "a " + typeName
}

func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number, float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}

func number(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return r.FloatString(3)
}

// quoted shows a value that somebody sent, shortened.
func quoted(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	return strconv.Quote(text)
}

// Nearest is the name in known that a misspelt name probably meant, or "".
func Nearest(name string, known []string) string {
	name = strings.ToLower(name)
	best, bestCost := "", 1+min(len(name)/2, 4)
	for _, candidate := range known {
		cost := Distance(name, strings.ToLower(candidate))
		if len(candidate) > 3 && (strings.Contains(name, candidate) || len(name) > 3 && strings.Contains(candidate, name)) {
			cost = min(cost, 1)
		} else if len(name) >= 5 && len(candidate) >= 5 && strings.EqualFold(name[:5], candidate[:5]) {
			cost = min(cost, 2)
		} else if swapped(name, strings.ToLower(candidate)) {
			cost = min(cost, 1)
		}
		if cost < bestCost {
			best, bestCost = candidate, cost
		}
	}
	return best
}

// swapped tells whether two neighbouring characters are all that tells one name
// from the other: the commonest slip, and too far apart for a short name.
func swapped(one, other string) bool {
	i := 0
	for i < len(one) && i < len(other) && one[i] == other[i] {
		i++
	}
	return len(one) == len(other) && i+1 < len(one) && one[i] == other[i+1] && one[i+1] == other[i] && one[i+2:] == other[i+2:]
}

// Distance is Levenshtein's edit distance: how many characters have to be
// changed, added or taken away to make one text of the other.
func Distance(one, other string) int {
	a, b := []rune(one), []rune(other)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
