package schema

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// shape is the part of a schema that coercion and messages need.
type shape struct {
	Type                 string            `json:"type"`
	Properties           map[string]*shape `json:"properties"`
	Items                *shape            `json:"items"`
	AdditionalProperties any               `json:"additionalProperties"`
	AnyOf                []*shape          `json:"anyOf"`
	Description          string            `json:"description"`

	names bool // it names something that exists, possibly by a number
}

// markNames finds the texts that name something, wherever they stand.
func (s *shape) markNames(arguments []string) {
	if s == nil {
		return
	}
	s.Items.markNames(arguments)
	for name, member := range s.Properties {
		member.names = slices.Contains(arguments, name)
		member.markNames(arguments)
	}
}

// coerce forgives the forms in which models send the right value: an object or
// a list as its JSON in a string, an integer as "5" or 5.0, a boolean as
// "true", the id of something that exists as 5 where it is "5". What is legal
// as it stands is never touched.
func (s *shape) coerce(value any) any {
	if s == nil {
		return value
	}
	switch s.Type {
	case "object":
		if members, ok := unwrap(value).(map[string]any); ok {
			for name, member := range members {
				members[name] = s.Properties[name].coerce(member)
			}
			return members
		}
	case "array":
		if items, ok := unwrap(value).([]any); ok {
			for i, item := range items {
				items[i] = s.Items.coerce(item)
			}
			return items
		}
	case "integer":
		return integer(value)
	case "boolean":
		return boolean(value)
	case "string":
		if s.names {
			return digits(value)
		}
	}
	return value
}

// unwrap reads a string that holds a JSON object or array.
func unwrap(value any) any {
	text, isString := value.(string)
	if !isString {
		return value
	}
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return value
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var inner any
	if err := decoder.Decode(&inner); err != nil || decoder.More() {
		return value
	}
	return inner
}

// boolean turns "true" and "false" into what they say, and leaves everything
// else alone: there is no telling what "1" or "yes" was meant to be.
func boolean(value any) any {
	text, isString := value.(string)
	if !isString {
		return value
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true":
		return true
	case "false":
		return false
	}
	return value
}

// digits turns 5 into "5". A fraction or an exponent could be written in several
// ways, so there is no telling which id was meant.
func digits(value any) any {
	number, isNumber := value.(json.Number)
	if !isNumber || strings.ContainsAny(number.String(), ".eE") || number.String() == "-0" {
		return value
	}
	return number.String()
}

// integer turns "5", 5.0 and 5e0 into 5, and leaves everything else alone.
func integer(value any) any {
	var text string
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	}
	if text == "" || len(text) > 30 { // a longer exponent would be expanded below
		return value
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok || !exact.IsInt() || strings.ContainsAny(text, "/xXpPoObB_") {
		return value
	}
	if exponent := strings.IndexAny(text, "eE"); exponent >= 0 && len(text)-exponent > 3 {
		return value
	}
	return json.Number(exact.Num().String())
}
