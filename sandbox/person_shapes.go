package sandbox

import "strconv"

// personBody is a person as retrieve and the batch look-ups show it: id is the
// integer.
type personBody struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	DistinctIDs []string   `json:"distinct_ids"`
	Properties  properties `json:"properties"`
	CreatedAt   string     `json:"created_at"`
	UUID        string     `json:"uuid"`
	*lastSeen
}

// lastSeen is the part of both shapes that is newer than the persons of 2025,
// where it is nil.
type lastSeen struct {
	LastSeenAt *string `json:"last_seen_at"`
}

func (st *personStore) lastSeen(p *person) *lastSeen {
	if st.of2025 {
		return nil
	}
	return &lastSeen{stampOrNull(p.LastSeenAt)}
}

// show gives the retrieve shape with at most so many distinct ids.
func (st *personStore) show(p *person, ids int) personBody {
	return personBody{
		ID:          p.ID,
		Name:        st.displayName(p, strconv.FormatInt(p.ID, 10)),
		DistinctIDs: p.firstIDs(ids),
		Properties:  p.Properties,
		CreatedAt:   stamp(p.CreatedAt),
		UUID:        p.UUID,
		lastSeen:    st.lastSeen(p),
	}
}

// personRow is a person as the list shows it: id is the UUID.
type personRow struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	UUID      string `json:"uuid"`
	CreatedAt string `json:"created_at"`
	*lastSeen
	Properties        properties `json:"properties"`
	IsIdentified      bool       `json:"is_identified"`
	Name              string     `json:"name"`
	DistinctIDs       []string   `json:"distinct_ids"`
	MatchedRecordings []string   `json:"matched_recordings"`
	ValueAtDataPoint  *string    `json:"value_at_data_point"`
}

// rowIDs is how many distinct ids a list row shows.
const rowIDs = 1000

func (st *personStore) showRow(p *person) personRow {
	return personRow{
		Type:              "person",
		ID:                p.UUID,
		UUID:              p.UUID,
		CreatedAt:         stamp(p.CreatedAt),
		lastSeen:          st.lastSeen(p),
		Properties:        p.Properties,
		IsIdentified:      p.Identified,
		Name:              st.displayName(p, p.UUID),
		DistinctIDs:       p.firstIDs(rowIDs),
		MatchedRecordings: []string{},
	}
}

// firstIDs is the first so many distinct ids, all of them for allIDs.
func (p *person) firstIDs(most int) []string {
	ids := p.shownIDs()
	if ids == nil {
		return []string{}
	}
	if most != allIDs && len(ids) > most {
		return ids[:most]
	}
	return ids
}

const (
	allIDs   = -1
	batchIDs = 10
)
