package client

import (
	"encoding/json"
	"slices"
)

// PropertyFilter selects persons by one property. Filters combine with AND.
type PropertyFilter struct {
	Key      string
	Operator string // default exact; see PropertyOperators
	Value    any    // a string, number or boolean, or a list of them meaning any; ignored by is_set and is_not_set
}

// PropertyOperators are the operators PostHog knows. An unknown one crashes it.
var PropertyOperators = []string{
	"exact", "is_not", "icontains", "not_icontains", "regex", "not_regex", "gt", "lt", "gte", "lte",
	"is_set", "is_not_set", "is_date_exact", "is_date_after", "is_date_before", "in", "not_in",
}

// encodeFilters writes filters as the JSON array PostHog takes in one query parameter, "" for none. The
// type is always person: others reach cohorts or let the caller run queries.
func encodeFilters(filters []PropertyFilter) (encoded, problem string) {
	if len(filters) == 0 {
		return "", ""
	}
	type wire struct {
		Key      string          `json:"key"`
		Value    json.RawMessage `json:"value"`
		Operator string          `json:"operator"`
		Type     string          `json:"type"`
	}
	list := make([]wire, 0, len(filters))
	for _, filter := range filters {
		operator := filter.Operator
		if operator == "" {
			operator = "exact"
		}
		value := filter.Value
		if operator == "is_set" || operator == "is_not_set" {
			value = operator // what PostHog's own callers send
		}
		rawValue, err := json.Marshal(value)
		switch {
		case filter.Key == "":
			return "", "a property filter has no key"
		case !slices.Contains(PropertyOperators, operator):
			return "", "a property filter has an unknown operator"
		case err != nil || !isFilterValue(rawValue):
			return "", "the value of a property filter is a string, number or boolean, or a list of them"
		}
		list = append(list, wire{filter.Key, rawValue, operator, "person"})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", "a property filter cannot be written as JSON"
	}
	return string(text), ""
}

// isFilterValue reports whether encoded is a scalar or a non-empty list of scalars.
func isFilterValue(encoded json.RawMessage) bool {
	switch encoded[0] {
	case '{', 'n': // an object or null
		return false
	case '[':
		var members []json.RawMessage
		if json.Unmarshal(encoded, &members) != nil || len(members) == 0 {
			return false
		}
		return !slices.ContainsFunc(members, func(member json.RawMessage) bool {
			return member[0] == '{' || member[0] == '[' || member[0] == 'n'
		})
	}
	return true
}
