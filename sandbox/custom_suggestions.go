package sandbox

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxSuggestions is how many values are suggested at most.
const maxSuggestions = 50

// suggestion is one value that a filter on a property could take.
type suggestion struct {
	Name string `json:"name"`
}

// suggestValues lists values in use, for the definition that the parameter key
// names. Nothing is suggested for dates and unknown definitions.
func (s *Sandbox) suggestValues(q *request) reply {
	wanted, found := strings.ToLower(q.param("value")), []suggestion{}
	if d := s.customPropertyRows().find(q.param("key")); d != nil {
		for _, value := range s.customPropertyRows().inUse(d) {
			if strings.Contains(strings.ToLower(value), wanted) && len(found) < maxSuggestions {
				found = append(found, suggestion{value})
			}
		}
	}
	return ok(struct {
		Results    []suggestion `json:"results"`
		Refreshing bool         `json:"refreshing"`
	}{found, false})
}

// inUse lists what values of a definition read like: its options, if it has
// some, else what accounts have, in the order of numbers or texts.
func (store *customPropertyStore) inUse(d *definition) []string {
	column := storageOf[d.displayType]
	switch {
	case d.displayType == "select":
		labels := make([]string, 0, len(d.options))
		for _, o := range d.options {
			labels = append(labels, o.Label)
		}
		return labels
	case column == datetimeStorage:
		return nil
	}
	numbers, texts := map[float64]bool{}, map[string]bool{}
	for _, values := range store.values {
		for _, v := range values {
			if v.definition != d.id {
				continue
			}
			switch value := v.shown(column).(type) {
			case pythonFloat:
				numbers[float64(value)] = true
			case bool:
				texts[strconv.FormatBool(value)] = true
			case string:
				texts[value] = true
			}
		}
	}
	list := slices.SortedFunc(maps.Keys(texts), compareNames)
	for _, number := range slices.Sorted(maps.Keys(numbers)) {
		list = append(list, pythonRepr(number))
	}
	return list
}
