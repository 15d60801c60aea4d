package sandbox

import (
	"slices"
	"time"

	"github.com/tidwall/gjson"
)

// eventDeletion is one person's entry in the queue of event deletions.
type eventDeletion struct {
	personUUID string
	createdAt  time.Time
	verifiedAt *time.Time
}

// deletePerson tests its flags by presence alone: ?delete_events=false deletes
// the events. The code of 2025 does not know keep_person, and deletes.
func (s *Sandbox) deletePerson(q *request) reply {
	p, refusal := s.persons.lookUp(q.arg("id"))
	if refusal != nil {
		return *refusal
	}
	if q.has("delete_events") {
		s.deleteEvents(p)
	}
	if !q.has("keep_person") || s.persons.of2025 {
		s.deleteRecord(q, p)
	}
	return accepted()
}

func (s *Sandbox) deleteRecord(q *request, p *person) {
	s.persons.erase(p, s.now())
	s.logActivity(q, "deleted", p, p.UUID)
}

// deleteEvents queues the deletion of what was captured so far for a person's
// ids. A person is in that queue at most once.
func (s *Sandbox) deleteEvents(p *person) {
	st := &s.persons
	if slices.ContainsFunc(st.deletions, func(d eventDeletion) bool { return d.personUUID == p.UUID }) {
		return
	}
	asked := s.now()
	st.deletions = append(st.deletions, eventDeletion{personUUID: p.UUID, createdAt: asked})
	ids := p.DistinctIDs
	st.ingestion.push("delete_events", asked, func(at time.Time) { st.dropEvents(p.UUID, ids, asked, at) })
}

func (st *personStore) dropEvents(uuid string, ids []string, until, at time.Time) {
	for _, id := range ids {
		st.history[id] = slices.DeleteFunc(slices.Clone(st.history[id]), func(e propertyEvent) bool { return !e.at.After(until) })
	}
	for i := range st.deletions {
		if st.deletions[i].personUUID == uuid {
			st.deletions[i].verifiedAt = &at
		}
	}
}

// deletePersonEvents deletes what a person did and leaves the person alone.
func (s *Sandbox) deletePersonEvents(q *request) reply {
	p, refusal := s.persons.lookUp(q.arg("id"))
	if refusal != nil {
		return *refusal
	}
	s.deleteEvents(p)
	return accepted()
}

// deletePersonRecordings is the same for recordings. None are kept here, so
// there is nothing to do.
func (s *Sandbox) deletePersonRecordings(q *request) reply {
	if _, refusal := s.persons.lookUp(q.arg("id")); refusal != nil {
		return *refusal
	}
	return accepted()
}

const bulkMost = 1000

type bulkDeletion struct {
	PersonsFound     int      `json:"persons_found"`
	PersonsDeleted   int      `json:"persons_deleted"`
	EventsQueued     bool     `json:"events_queued_for_deletion"`
	RecordingsQueued bool     `json:"recordings_queued_for_deletion"`
	Errors           []string `json:"deletion_errors"`
}

// bulkDelete takes its flags by Python's truth: the text "false" is true.
func (s *Sandbox) bulkDelete(q *request) reply {
	body, refusal := q.personFields()
	if refusal != nil {
		return *refusal
	}
	persons, refusal := s.bulkPersons(body.value("distinct_ids"), body.value("ids"))
	if refusal != nil {
		return *refusal
	}
	keep, events := truthy(body.value("keep_person")) && !s.persons.of2025, truthy(body.value("delete_events"))
	summary := bulkDeletion{PersonsFound: len(persons), Errors: []string{}}
	for _, p := range persons {
		if events {
			s.deleteEvents(p)
		}
		if !keep {
			s.deleteRecord(q, p)
			summary.PersonsDeleted++
		}
	}
	summary.EventsQueued = events && len(persons) > 0
	summary.RecordingsQueued = truthy(body.value("delete_recordings")) && len(persons) > 0
	answer := accepted()
	if !s.persons.of2025 {
		answer.body = summary
	}
	return answer
}

// bulkPersons finds the persons of a bulk deletion, each once; unknown ids are
// no error. In 2025 distinct ids win over UUIDs that come with them.
func (s *Sandbox) bulkPersons(distinctIDs, uuids gjson.Result) ([]*person, *reply) {
	if s.persons.of2025 && truthy(distinctIDs) {
		uuids = gjson.Result{}
	}
	text := ""
	switch {
	case truthy(distinctIDs) && truthy(uuids):
		text = "You must provide either distinct_ids or ids, not both"
	case len(distinctIDs.Array()) > bulkMost:
		text = "You can only pass 1000 distinct_ids in one call"
	case len(uuids.Array()) > bulkMost:
		text = "You can only pass 1000 ids in one call"
	case !truthy(distinctIDs) && !truthy(uuids):
		text = "You need to specify either distinct_ids or ids"
	}
	if text != "" {
		refusal := invalid("", "", text)
		return nil, &refusal
	}
	var persons []*person
	add := func(p *person) {
		if p != nil && !slices.Contains(persons, p) {
			persons = append(persons, p)
		}
	}
	for _, id := range distinctIDs.Array() {
		add(s.persons.of(id.String()))
	}
	for _, id := range uuids.Array() {
		parsed, isUUID := pythonUUID(id.String())
		if !isUUID {
			return nil, stumble()
		}
		add(s.persons.byUUID[parsed.String()])
	}
	return persons, nil
}

type deletionBody struct {
	PersonUUID string  `json:"person_uuid"`
	CreatedAt  string  `json:"created_at"`
	Status     string  `json:"status"`
	VerifiedAt *string `json:"delete_verified_at"`
}

func (d eventDeletion) status() string {
	if d.verifiedAt == nil {
		return "pending"
	}
	return "completed"
}

func (d eventDeletion) show() deletionBody {
	return deletionBody{PersonUUID: d.personUUID, CreatedAt: stamp(d.createdAt), Status: d.status(), VerifiedAt: stampOrNull(d.verifiedAt)}
}

// deletionStatus lists the queue of event deletions, newest first.
func (s *Sandbox) deletionStatus(q *request) reply {
	status, uuid := q.param("status"), q.param("person_uuid")
	if !slices.Contains([]string{"", "all", "pending", "completed"}, status) {
		return invalid("status", "invalid_choice", `"`+status+`" is not a valid choice.`)
	}
	if uuid != "" {
		parsed, isUUID := pythonUUID(uuid)
		if !isUUID {
			return invalid("person_uuid", "", "Must be a valid UUID.")
		}
		uuid = parsed.String()
	}
	for _, name := range []string{"limit", "offset"} {
		if _, fine := q.number(name, 0); !fine {
			return invalid(name, "", "A valid integer is required.")
		}
	}
	matching := []eventDeletion{}
	for _, d := range slices.Backward(s.persons.deletions) {
		if (status == "" || status == "all" || status == d.status()) && (uuid == "" || uuid == d.personUUID) {
			matching = append(matching, d)
		}
	}
	return ok(paginate(q, matching, eventDeletion.show))
}
