package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// missingField is the hand-written 400 of property writes, in which code and
// detail have changed places.
func missingField(name string) reply {
	return reply{status: http.StatusBadRequest, body: struct {
		Attr   string `json:"attr"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Type   string `json:"type"`
	}{name, "This field is required.", "required", "validation_error"}}
}

type successBody struct {
	Success bool   `json:"success"`
	Detail  string `json:"detail,omitempty"`
}

// updatePerson is PATCH and PUT: it sets the properties it is given and
// touches no others. The answer says only that an event was sent.
func (s *Sandbox) updatePerson(q *request) reply {
	body, refusal := q.personFields()
	if refusal != nil {
		return *refusal
	}
	if !body.sent("properties") || body.isNull("properties") {
		return missingField("properties")
	}
	return s.setProperties(q, body["properties"])
}

// updateProperty sets one property. A null is a value like any other, but was
// none in 2025.
func (s *Sandbox) updateProperty(q *request) reply {
	body, refusal := q.personFields()
	if refusal != nil {
		return *refusal
	}
	if !body.sent("value") || s.persons.of2025 && body.isNull("value") {
		return missingField("value")
	}
	if !body.sent("key") || body.isNull("key") {
		return missingField("key")
	}
	set, err := encode(map[string]json.RawMessage{body.value("key").String(): body["value"]})
	if err != nil {
		return serverError()
	}
	return s.setProperties(q, set)
}

// setProperties sends a $set event for the person of the URL. Whether anything
// came of it, PostHog does not look: the answer is 202 and the log has an entry
// even when the event is lost.
func (s *Sandbox) setProperties(q *request, set json.RawMessage) reply {
	p, refusal := s.persons.lookUp(q.arg("id"))
	if refusal != nil {
		return *refusal
	}
	if len(p.DistinctIDs) == 0 {
		return serverError()
	}
	s.sendEvent(q, p, "$set", propertyChange{set: objectMembers(set)})
	s.logActivity(q, "updated", p, "", propertiesChanged("properties"))
	return accepted()
}

// objectMembers are the members of a JSON object. Anything else is accepted by
// PostHog and comes to nothing.
func objectMembers(raw json.RawMessage) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil
	}
	return members
}

// sendEvent puts an event of PostHog's own into the capture queue, under the
// first of the person's distinct ids; false if it got lost on the way.
func (s *Sandbox) sendEvent(q *request, p *person, name string, change propertyChange) bool {
	if s.opts.CaptureFails || losesEvents(q.Context()) {
		return false
	}
	now := s.now()
	s.persons.capture(event{name: name, distinctID: p.shownIDs()[0], change: change, at: now.UTC()}, now)
	return true
}

// deleteProperty removes one property. Unlike the other property writes it
// tells when the event was lost, in a shape of its own; and a person it cannot
// find is a 500.
func (s *Sandbox) deleteProperty(q *request) reply {
	body, refusal := q.personFields()
	if refusal != nil {
		return *refusal
	}
	p, unknown := s.persons.lookUp(q.arg("id"))
	if unknown != nil || !body.sent("$unset") || len(p.DistinctIDs) == 0 {
		return serverError()
	}
	var unset []string
	if key := body.value("$unset"); key.Type == gjson.String {
		unset = []string{key.Str}
	}
	if !s.sendEvent(q, p, "$delete_person_property", propertyChange{unset: unset}) {
		return reply{status: http.StatusBadGateway, body: successBody{Detail: "Unable to delete property"}}
	}
	s.logActivity(q, "delete_property", p, "", propertiesChanged(""))
	return created(successBody{Success: true})
}

// splitPerson queues a split. Which ids are there to split off is checked now,
// except for main_distinct_id: if the person does not have that one, every id
// moves off.
func (s *Sandbox) splitPerson(q *request) reply {
	p, refusal := s.persons.lookUp(q.arg("id"))
	if refusal != nil {
		return *refusal
	}
	body, refusal := q.personFields()
	if refusal != nil {
		return *refusal
	}
	main, named := body.value("main_distinct_id"), body.value("distinct_ids_to_split")
	if s.persons.of2025 {
		named = gjson.Result{} // unknown to it, so that all ids move off
	}
	if named.Type != gjson.Null && truthy(main) {
		return invalid("", "", "main_distinct_id cannot be combined with distinct_ids_to_split")
	}
	after := map[string]any{"distinct_ids": p.firstIDs(allIDs)}
	pick := func(ids []string) []string { return without(ids, mainID(ids, main)) }
	if named.Type != gjson.Null {
		chosen, refusal := idsToSplit(named, p)
		if refusal != nil {
			return *refusal
		}
		after["distinct_ids_to_split"] = chosen
		pick = func([]string) []string { return chosen }
	}
	wipes := s.persons.of2025 && !truthy(main)
	s.persons.ingestion.push("split", s.now(), func(at time.Time) { s.persons.split(p.UUID, pick, wipes, at) })
	s.logActivity(q, "split_person", p, p.UUID, activityChange{Type: "Person", Action: "split", After: after})
	return created(successBody{Success: true})
}

// mainID is the distinct id that stays, the first one unless the caller named
// another.
func mainID(ids []string, asked gjson.Result) string {
	if truthy(asked) {
		return asked.String()
	}
	if len(ids) > 0 {
		return ids[0]
	}
	return ""
}

func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return other == id })
}

// idsToSplit reads the explicit list of a split.
func idsToSplit(named gjson.Result, p *person) ([]string, *reply) {
	const attr = "distinct_ids_to_split"
	if !named.IsArray() {
		refusal := invalid(attr, "", "must be a list of strings")
		return nil, &refusal
	}
	var chosen, strangers []string
	for _, id := range named.Array() {
		if id.Type != gjson.String {
			refusal := invalid(attr, "", "must be a list of strings")
			return nil, &refusal
		}
		if !slices.Contains(p.DistinctIDs, id.Str) {
			strangers = append(strangers, id.Str)
		}
		chosen = append(chosen, id.Str)
	}
	switch {
	case len(chosen) == 0:
		refusal := invalid(attr, "", "must not be empty")
		return nil, &refusal
	case len(strangers) > 0:
		refusal := invalid(attr, "", "not on this person: "+pythonList(strangers))
		return nil, &refusal
	}
	return chosen, nil
}

// pythonList prints texts, sorted and each once, as Python prints a list.
func pythonList(texts []string) string {
	slices.Sort(texts)
	quoted := []string{}
	for _, text := range slices.Compact(texts) {
		text = strings.ReplaceAll(text, `\`, `\\`)
		switch {
		case !strings.Contains(text, "'"):
			quoted = append(quoted, "'"+text+"'")
		case !strings.Contains(text, `"`):
			quoted = append(quoted, `"`+text+`"`)
		default:
			quoted = append(quoted, "'"+strings.ReplaceAll(text, "'", `\'`)+"'")
		}
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// resetDistinctID lifts the tombstone of a distinct id whose person was
// deleted, so that the person it makes anew shows up in lists.
func (s *Sandbox) resetDistinctID(q *request) reply {
	body, refusal := q.personFields()
	if refusal != nil {
		return *refusal
	}
	id := body.value("distinct_id")
	if id.Type != gjson.String || id.Str == "" {
		return invalid("", "", "distinct_id is required")
	}
	st := &s.persons
	st.indexing.push("reset", s.now(), func(time.Time) {
		delete(st.index.buried, id.Str)
		if p := st.of(id.Str); p != nil {
			st.index.put(p)
		}
	})
	return accepted()
}

// refuseCreation is the answer to POST on the collection.
func (s *Sandbox) refuseCreation(*request) reply {
	return fail(http.StatusMethodNotAllowed, "invalid_request", "method_not_allowed",
		"Creating persons via this API is not allowed. Please create persons by sending an $identify event. "+
			"See https://posthog.com/docs/product-analytics/identify for details.", "")
}
