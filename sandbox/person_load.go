package sandbox

import (
	"maps"
	"slices"
	"time"

	"posthog-accounts-mcp/sandbox/seed"
)

// loadPersons fills the store and the index with the seeded persons and their
// activity. It runs once, when persons are first needed.
func (s *Sandbox) loadPersons() {
	st := &s.persons
	st.team, st.of2025 = s.project.ID, s.opts.Persons2025
	st.ingestion.lag, st.indexing.lag = s.opts.Lag, s.opts.Lag
	if s.opts.IndexLag != nil {
		st.indexing.lag = *s.opts.IndexLag
	}
	if s.opts.Empty {
		st.clear()
		return
	}
	ready := preparedPersons.of(s.start, s.seededPersons)
	st.byUUID, st.byID, st.owner = maps.Clone(ready.byUUID), maps.Clone(ready.byID), maps.Clone(ready.owner)
	st.lastID, st.history = ready.lastID, maps.Clone(ready.history)
	st.index = personIndex{rows: maps.Clone(ready.index.rows), order: slices.Clone(ready.index.order), buried: map[string]bool{}}
	st.activities = slices.Clone(ready.activities)
}

// clear makes an empty store.
func (st *personStore) clear() {
	st.byUUID, st.byID, st.owner = map[string]*person{}, map[int64]string{}, map[string]string{}
	st.index.rows, st.index.buried = map[string]*indexRow{}, map[string]bool{}
	st.history = map[string][]propertyEvent{}
}

func (s *Sandbox) seededPersons() *personStore {
	st := &personStore{}
	st.clear()
	all := make([]*person, 0, seed.PersonCount)
	for row := range seed.Persons(s.start) {
		p := s.seededPerson(row)
		st.keep(p)
		st.lastID = max(st.lastID, p.ID)
		st.history[p.DistinctIDs[0]] = []propertyEvent{{at: p.CreatedAt, set: p.Properties}}
		all = append(all, p)
	}
	st.index.fill(all)
	st.loadActivities(seed.Activities(), s.start)
	return st
}

func (s *Sandbox) seededPerson(row seed.Person) *person {
	encoded, err := encode(row.Properties)
	if err != nil {
		encoded = []byte(noProperties)
	}
	p := &person{
		ID:          row.ID,
		UUID:        row.UUID,
		DistinctIDs: row.DistinctIDs,
		Properties:  properties(encoded),
		Identified:  row.Identified,
		CreatedAt:   s.start.Add(-row.CreatedAgo),
	}
	if row.LastSeenAgo >= 0 {
		seen := s.start.Add(-row.LastSeenAgo)
		p.LastSeenAt = &seen
	}
	return p
}

// loadActivities turns the seeded log, in whatever order, into the store's,
// which is oldest first.
func (st *personStore) loadActivities(rows []seed.Activity, start time.Time) {
	for _, row := range rows {
		entry := personActivity{ID: row.ID, UserID: row.User, Activity: row.Activity, ItemID: row.PersonID, Name: row.Name, At: start.Add(-row.Ago)}
		for _, c := range row.Changes {
			entry.Changes = append(entry.Changes, activityChange{Type: "Person", Action: c.Action, Field: textOrNull(c.Field), After: c.After})
		}
		st.activities = append(st.activities, entry)
	}
	sortActivities(st.activities)
}
