package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// past is a person with the properties of another time.
type past struct {
	personBody
	Metadata pastMetadata `json:"point_in_time_metadata"`
}

type pastMetadata struct {
	Timestamp       string   `json:"queried_timestamp"`
	IncludeSetOnce  bool     `json:"include_set_once"`
	DistinctIDUsed  *string  `json:"distinct_id_used"`
	PersonIDUsed    *string  `json:"person_id_used"`
	QueryMode       string   `json:"query_mode"`
	DistinctIDs     []string `json:"distinct_ids_queried"`
	DistinctIDCount int      `json:"distinct_ids_count"`
}

// propertiesAtTime rebuilds the properties a person had by replaying the events
// that set them. Removals are not replayed.
//
// PostHog's code takes no arguments from the URL, so that below a project it
// fails; it works on the legacy mount alone.
func (s *Sandbox) propertiesAtTime(q *request) reply {
	if q.arg("project") != "" {
		return serverError()
	}
	distinctID, personID := q.param("distinct_id"), q.param("person_id")
	switch {
	case distinctID != "" && personID != "":
		return pastProblem(http.StatusBadRequest, "Cannot provide both distinct_id and person_id - choose one")
	case distinctID == "" && personID == "":
		return pastProblem(http.StatusBadRequest, "Must provide either distinct_id or person_id parameter")
	case q.param("timestamp") == "":
		return pastProblem(http.StatusBadRequest, "timestamp parameter is required (ISO format: 2023-06-15T14:30:00Z)")
	}
	moment, _, fine := readMoment(q.param("timestamp"))
	if !fine {
		return pastProblem(http.StatusBadRequest, "Invalid timestamp format. Use ISO format like 2023-06-15T14:30:00Z")
	}
	metadata := pastMetadata{Timestamp: stamp(moment), IncludeSetOnce: q.param("include_set_once") == "true"}
	var p *person
	if distinctID != "" {
		p = s.persons.of(distinctID)
		metadata.QueryMode, metadata.DistinctIDUsed = "distinct_id", &distinctID
		metadata.DistinctIDs = []string{distinctID}
	} else if parsed, isUUID := pythonUUID(personID); isUUID {
		p = s.persons.byUUID[parsed.String()]
		metadata.QueryMode, metadata.PersonIDUsed = "person_id", &personID
	}
	if p == nil {
		return pastProblem(http.StatusNotFound, "Person with "+cmp.Or(wanted("distinct_id", distinctID), wanted("person_id", personID))+" not found")
	}
	if personID != "" {
		metadata.DistinctIDs = p.firstIDs(allIDs)
	}
	metadata.DistinctIDCount = len(metadata.DistinctIDs)
	body := past{personBody: s.persons.show(p, allIDs), Metadata: metadata}
	body.Properties = s.persons.replay(metadata.DistinctIDs, moment, metadata.IncludeSetOnce)
	return ok(body)
}

func wanted(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " '" + value + "'"
}

// pastProblem is the error shape of this one action.
func pastProblem(status int, text string) reply {
	return reply{status: status, body: struct {
		Error string `json:"error"`
	}{text}}
}

// replay applies what was set for some distinct ids up to a moment.
func (st *personStore) replay(ids []string, until time.Time, withSetOnce bool) properties {
	var events []propertyEvent
	for _, id := range ids {
		events = append(events, st.history[id]...)
	}
	slices.SortStableFunc(events, func(a, b propertyEvent) int { return a.at.Compare(b.at) })
	all := map[string]json.RawMessage{}
	for _, e := range events {
		if e.at.After(until) {
			break
		}
		if withSetOnce {
			for key, value := range e.setOnce.members() {
				if _, taken := all[key]; !taken {
					all[key] = value
				}
			}
		}
		for key, value := range e.set.members() {
			all[key] = value
		}
	}
	return propertiesOf(all)
}
