package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// retrievePerson shows one person from the store.
func (s *Sandbox) retrievePerson(q *request) reply {
	p, refusal := s.persons.lookUp(q.arg("id"))
	if refusal != nil {
		return *refusal
	}
	return ok(s.persons.show(p, allIDs))
}

// batchMost is how many ids a batch look-up reads. More are cut silently.
const batchMost = 200

type batchBody struct {
	Results map[string]personBody `json:"results"`
}

// batchByDistinctIDs finds persons by their distinct ids; unknown ones are
// simply absent.
func (s *Sandbox) batchByDistinctIDs(q *request) reply {
	ids, refusal := q.batch("distinct_ids")
	if refusal != nil {
		return *refusal
	}
	results := map[string]personBody{}
	for _, id := range ids {
		if p := s.persons.of(id.String()); p != nil {
			results[id.String()] = s.persons.show(p, batchIDs)
		}
	}
	return ok(batchBody{results})
}

// batchByUUIDs is the same for UUIDs, none of which may be malformed.
func (s *Sandbox) batchByUUIDs(q *request) reply {
	ids, refusal := q.batch("uuids")
	if refusal != nil {
		return *refusal
	}
	results := map[string]personBody{}
	for _, id := range ids {
		parsed, isUUID := pythonUUID(id.String())
		if !isUUID {
			return invalid("", "", "One or more UUIDs are invalid.")
		}
		if p := s.persons.byUUID[parsed.String()]; p != nil {
			results[id.String()] = s.persons.show(p, batchIDs)
		}
	}
	return ok(batchBody{results})
}

// batch reads the ids of a batch look-up. Whatever is not a list counts as an
// empty one.
func (q *request) batch(name string) ([]gjson.Result, *reply) {
	body, refusal := q.personFields()
	if refusal != nil {
		return nil, refusal
	}
	list := body.value(name)
	if !list.IsArray() {
		return nil, nil
	}
	ids := list.Array()
	return ids[:min(len(ids), batchMost)], nil
}

// valuesMost is how many values of a property are offered.
const valuesMost = 20

type valueCount struct {
	Name  json.RawMessage `json:"name"`
	Count int             `json:"count"`
}

type valuesBody struct {
	Results    []valueCount `json:"results"`
	Refreshing bool         `json:"refreshing"`
}

// propertyValues lists the values of a property, the most frequent first. To
// ask for no property, or for a virtual one, gives an empty list.
func (s *Sandbox) propertyValues(q *request) reply {
	values := []valueCount{}
	if key := q.param("key"); key != "" && !strings.HasPrefix(key, "$virt") {
		values = s.countValues(key, like(q.param("value")))
	}
	if s.persons.of2025 {
		return ok(values)
	}
	answer := ok(valuesBody{Results: values})
	answer.header = http.Header{"Cache-Control": {"max-age=10"}}
	return answer
}

// countValues counts the values of a property that match.
func (s *Sandbox) countValues(key string, matches func(string) bool) []valueCount {
	counts := map[string]int{}
	for _, row := range s.persons.index.order {
		if value := row.Properties.get(key); isSet(value) && matches(strings.ToLower(value.String())) {
			counts[value.Raw]++
		}
	}
	values := make([]valueCount, 0, len(counts))
	for raw, count := range counts {
		values = append(values, valueCount{Name: json.RawMessage(raw), Count: count})
	}
	slices.SortFunc(values, func(a, b valueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(string(a.Name), string(b.Name)))
	})
	return values[:min(len(values), valuesMost)]
}

// listCohorts lists the cohorts of a person. There are none here.
func (s *Sandbox) listCohorts(q *request) reply {
	id := q.param("person_id")
	if id == "" || s.persons.of2025 && q.arg("project") != "" { // the old code takes no arguments from the URL
		return serverError()
	}
	if _, refusal := s.persons.lookUp(id); refusal != nil {
		return notFound("Not found.")
	}
	return ok(struct {
		Results []string `json:"results"`
	}{[]string{}})
}

// listEmails needs a feature flag that is off.
func (s *Sandbox) listEmails(*request) reply { return notFound("Not found.") }
