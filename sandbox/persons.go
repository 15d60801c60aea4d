package sandbox

import (
	"bytes"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"
)

// person is one version of a person. A version never changes once it is
// stored: a write puts another in its place. So the store and the index, which
// lags behind, can hold different versions without copies, and an answer may
// be encoded after the lock is gone.
type person struct {
	ID          int64
	UUID        string
	DistinctIDs []string // in the order in which they came
	Properties  properties
	Identified  bool
	CreatedAt   time.Time
	LastSeenAt  *time.Time
}

// personStore is what PostHog keeps in several places: the persons themselves
// (PostgreSQL), the index that lists and filters read (ClickHouse), the queues
// between them, and the records of what was done. An event first waits in the
// queue for the store and then in the one for the index.
type personStore struct {
	loaded sync.Once
	team   int64
	of2025 bool // Options.Persons2025

	byUUID map[string]*person
	byID   map[int64]string  // integer id to UUID
	owner  map[string]string // distinct id to the UUID of its person
	lastID int64

	index personIndex

	ingestion  queue // events, splits and event deletions on their way to the store
	indexing   queue // changed persons on their way to the index
	activities []personActivity
	deletions  []eventDeletion
	history    map[string][]propertyEvent // by distinct id
}

// personNamespace is the namespace of the UUIDs of persons.
var personNamespace = uuid.MustParse("932979b4-65c3-4424-8467-0b66ec27bc22")

// uuidOf is the UUID of a person that begins with a distinct id.
func (st *personStore) uuidOf(distinctID string) string {
	return uuid.NewSHA1(personNamespace, []byte(strconv.FormatInt(st.team, 10)+":"+distinctID)).String()
}

// of is the person that owns a distinct id, nil when nobody does.
func (st *personStore) of(distinctID string) *person {
	return st.byUUID[st.owner[distinctID]]
}

// nextID takes an integer id from the sequence.
func (st *personStore) nextID() int64 {
	st.lastID++
	return st.lastID
}

// put stores a version of a person, and queues it for the index.
func (st *personStore) put(p *person, at time.Time) {
	st.keep(p)
	st.indexing.push("put", at, func(time.Time) { st.index.put(p) })
}

// keep stores a version of a person and nothing else.
func (st *personStore) keep(p *person) {
	st.byUUID[p.UUID] = p
	st.byID[p.ID] = p.UUID
	for _, id := range p.DistinctIDs {
		if st.owner[id] != p.UUID {
			st.owner[id] = p.UUID
		}
	}
}

// forget takes a person that was merged away out of the store. Its distinct
// ids already belong to somebody else.
func (st *personStore) forget(p *person, at time.Time) {
	delete(st.byUUID, p.UUID)
	delete(st.byID, p.ID)
	st.indexing.push("remove", at, func(time.Time) { st.index.remove(p.UUID) })
}

// erase deletes a person with its distinct ids. The index keeps a tombstone
// for each of these: an event that reuses one makes a person that the store
// knows and no list shows.
func (st *personStore) erase(p *person, at time.Time) {
	delete(st.byUUID, p.UUID)
	delete(st.byID, p.ID)
	for _, id := range p.DistinctIDs {
		delete(st.owner, id)
	}
	st.indexing.push("bury", at, func(time.Time) { st.index.bury(p) })
}

// due tells whether any job should have run by now.
func (st *personStore) due(now time.Time) bool {
	return st.ingestion.due(now) || st.indexing.due(now)
}

// settle runs what is due: first into the store, then on into the index.
func (st *personStore) settle(now time.Time) {
	st.ingestion.runDue(now)
	st.indexing.runDue(now)
}

// settlePersons brings persons up to now. Whoever reads them calls it before
// taking the lock, since readers may change nothing.
func (s *Sandbox) settlePersons() {
	s.persons.loaded.Do(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.loadPersons()
	})
	now := s.now()
	s.mu.RLock()
	due := s.persons.due(now)
	s.mu.RUnlock()
	if due {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.persons.settle(now)
	}
}

// lookUp finds the person that a path names by its UUID, in any form Python
// reads, or its integer id.
func (st *personStore) lookUp(id string) (*person, *reply) {
	if parsed, isUUID := pythonUUID(id); isUUID {
		return orNotFound(st.byUUID[parsed.String()])
	}
	number, isNumber := parsePythonInt(id)
	if !isNumber {
		refusal := invalid("", "", "The ID provided does not look like a personID. "+
			"If you are using a distinctId, please use /persons?distinct_id="+id+" instead.")
		return nil, &refusal
	}
	return orNotFound(st.byUUID[st.byID[number]])
}

func orNotFound(p *person) (*person, *reply) {
	if p == nil {
		refusal := notFound("Not found.")
		return nil, &refusal
	}
	return p, nil
}

// stumble is the 500 of an error that PostHog's code did not expect.
func stumble() *reply {
	refusal := serverError()
	return &refusal
}

// personFields reads a body of which the action asks members by name. No body
// has none, and at anything but an object PostHog stumbles.
func (q *request) personFields() (fields, *reply) {
	members, refusal := q.object()
	if body := bytes.TrimSpace(q.raw); len(body) > 0 && gjson.ValidBytes(body) && body[0] != '{' {
		return nil, stumble()
	}
	return members, refusal
}

// value is a member of the body as it was sent; one that is absent is null.
func (f fields) value(name string) gjson.Result { return gjson.ParseBytes(f[name]) }
