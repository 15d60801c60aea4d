package sandbox

import (
	"slices"
	"time"
)

// event is a captured event, as far as it concerns persons.
type event struct {
	name       string
	distinctID string
	other      string // the id to merge: $anon_distinct_id or alias
	change     propertyChange
	at         time.Time // when it happened, by its own word
	personless bool      // $process_person_profile: false
}

// propertyEvent remembers a change of properties, for the look into the past
// that replays them.
type propertyEvent struct {
	at           time.Time
	set, setOnce properties
}

// capture queues an event. Events take effect in the order of their arrival,
// which keeps the order per distinct id.
func (st *personStore) capture(e event, now time.Time) {
	st.ingestion.push(e.name, now, func(at time.Time) { st.ingest(e, at) })
}

// ingest applies an event: merge first, then the properties.
func (st *personStore) ingest(e event, at time.Time) {
	if e.personless {
		return
	}
	merges := e.other != "" && e.other != e.distinctID
	if merges {
		st.merge(e, at)
	}
	p := st.of(e.distinctID)
	if p == nil {
		p = st.begin(e.distinctID, nil, e.at)
	}
	next := *p
	next.Properties = p.Properties.with(e.change)
	next.Identified = p.Identified || merges
	if next.LastSeenAt == nil || next.LastSeenAt.Before(e.at) {
		next.LastSeenAt = &e.at
	}
	st.put(&next, at)
	if !e.change.empty() {
		past := propertyEvent{at: e.at, set: propertiesOf(e.change.set), setOnce: propertiesOf(e.change.setOnce)}
		st.history[e.distinctID] = append(st.history[e.distinctID], past)
	}
}

// begin makes a new person for a distinct id, and keeps it in the store.
func (st *personStore) begin(distinctID string, more []string, createdAt time.Time) *person {
	p := &person{
		ID:          st.nextID(),
		UUID:        st.uuidOf(distinctID),
		DistinctIDs: append([]string{distinctID}, more...),
		Properties:  noProperties,
		CreatedAt:   createdAt,
	}
	st.keep(p)
	return p
}

// merge brings the two ids of an event under one person. Where both already
// have one, that of the event's own id survives, unless the other was
// identified before: such a person is not merged away, and nobody is told.
// Only $merge_dangerously does it all the same.
func (st *personStore) merge(e event, at time.Time) {
	survivor, other := st.of(e.distinctID), st.of(e.other)
	switch {
	case survivor == nil && other == nil:
		st.begin(e.distinctID, []string{e.other}, e.at)
	case survivor == nil:
		st.addID(other, e.distinctID)
	case other == nil:
		st.addID(survivor, e.other)
	case survivor == other:
	case other.Identified && e.name != "$merge_dangerously":
	default:
		st.absorb(survivor, other, at)
	}
}

// addID gives a person one more distinct id. The event that did it stores the
// version that the index gets to see.
func (st *personStore) addID(p *person, id string) {
	next := *p
	next.DistinctIDs = append(slices.Clip(p.DistinctIDs), id)
	st.keep(&next)
}

// absorb merges one person into another: all ids move, conflicting properties
// keep the survivor's value, the older date counts.
func (st *personStore) absorb(survivor, other *person, at time.Time) {
	next := *survivor
	next.DistinctIDs = slices.Concat(survivor.DistinctIDs, other.DistinctIDs)
	next.Properties = other.Properties.under(survivor.Properties)
	if other.CreatedAt.Before(next.CreatedAt) {
		next.CreatedAt = other.CreatedAt
	}
	st.keep(&next)
	st.forget(other, at)
}

// split moves distinct ids off a person, each to a person of its own, whose
// UUID follows from the id. pick chooses among the ids the person has when the
// job runs. In 2025 a split could wipe what was known of the person.
func (st *personStore) split(uuid string, pick func(ids []string) []string, wipes bool, at time.Time) {
	original := st.byUUID[uuid]
	if original == nil {
		return
	}
	moving := map[string]bool{}
	for _, id := range pick(original.shownIDs()) {
		moving[id] = true
	}
	blanks := moving[st.creatorID(original)]
	delete(moving, st.creatorID(original))

	next := *original
	next.DistinctIDs = nil
	if wipes {
		next.Properties = noProperties
	}
	for _, id := range original.DistinctIDs {
		if moving[id] {
			st.moveOut(id, at)
		} else {
			next.DistinctIDs = append(next.DistinctIDs, id)
		}
	}
	st.put(&next, at)
	if blanks {
		st.indexing.push("blank", at, func(time.Time) { st.index.blank(&next) })
	}
}

// creatorID is the distinct id that a person's UUID was made from, empty when
// the person no longer has it. Splitting it off leads back to the person.
func (st *personStore) creatorID(p *person) string {
	for _, id := range p.DistinctIDs {
		if st.uuidOf(id) == p.UUID {
			return id
		}
	}
	return ""
}

// moveOut gives a distinct id to the person whose UUID follows from it.
func (st *personStore) moveOut(id string, at time.Time) {
	p := st.byUUID[st.uuidOf(id)]
	if p == nil {
		p = st.begin(id, nil, at)
	} else {
		st.addID(p, id)
		p = st.byUUID[p.UUID]
	}
	st.put(p, at)
}
