package sandbox

import (
	"net/http"
	"strings"
)

// personMounts are the three places where PostHog serves persons. The last is
// the legacy one, which means the caller's current project.
var personMounts = mounts{"/api/projects/{project}/persons", "/api/environments/{project}/persons", "/api/person"}

func (s *Sandbox) routePersons() {
	const read, write = "person:read", "person:write"
	noScope := actions{} // PostHog declares none: no key gets in

	s.routePerson("", actions{"GET": s.reading(s.listPersons, read), "POST": s.reading(s.refuseCreation, write)})
	s.routePerson(".csv", actions{"GET": s.reading(s.listPersons, read)})
	s.routePerson(".json", actions{"GET": s.reading(s.listPersons, read)})
	s.routePerson("/{id}", actions{
		"GET":    s.reading(s.retrievePerson, read),
		"PATCH":  s.writing(s.updatePerson, queryLimit),
		"PUT":    s.writing(s.updatePerson, queryLimit),
		"DELETE": s.writing(s.deletePerson, personCrudLimit),
	})
	s.routePerson("/{id}/update_property", actions{"POST": s.writing(s.updateProperty, queryLimit)})
	s.routePerson("/{id}/delete_property", actions{"POST": s.writing(s.deleteProperty, queryLimit)})
	s.routePerson("/{id}/split", actions{"POST": s.writing(s.splitPerson, queryLimit)})
	s.routePerson("/{id}/delete_events", actions{"POST": s.writing(s.deletePersonEvents, personCrudLimit)})
	s.routePerson("/{id}/delete_recordings", actions{"POST": s.writing(s.deletePersonRecordings, personCrudLimit)})
	s.routePerson("/bulk_delete", actions{"POST": s.writing(s.bulkDelete, personCrudLimit)})
	s.routePerson("/reset_person_distinct_id", actions{"POST": s.writing(s.resetDistinctID, queryLimit)})

	s.routePerson("/{id}/activity", actions{"GET": s.reading(s.listOwnActivity, "activity_log:read")})
	s.routePerson("/activity", actions{"GET": s.reading(s.listActivity, "activity_log:read")})
	s.routePerson("/values", actions{"GET": s.reading(s.propertyValues, read)})
	s.routePerson("/cohorts", actions{"GET": s.reading(s.listCohorts, read, "cohort:read")})
	for _, pattern := range []string{"/{id}/properties_timeline", "/funnel", "/trends", "/lifecycle"} {
		s.routePerson(pattern, noScope)
	}
	if s.opts.Persons2025 {
		return // what follows is newer; there these names read as the id of a person
	}
	s.routePerson("/deletion_status", actions{"GET": s.reading(s.deletionStatus, read)})
	s.routePerson("/properties_at_time", actions{"GET": s.reading(s.propertiesAtTime, read)})
	s.routePerson("/{id}/emails", actions{"GET": s.reading(s.listEmails, read)})
	s.routePerson("/batch_by_distinct_ids", actions{"POST": s.reading(s.batchByDistinctIDs, read)})
	s.routePerson("/batch_by_uuids", actions{"POST": s.reading(s.batchByUUIDs, read)})
}

// reading is an action that runs beside other readers, on persons brought up
// to date before.
func (s *Sandbox) reading(run func(*request) reply, scopes ...string) action {
	return action{scopes: scopes, limit: queryLimit, jsonOnly: true, reads: true, prepare: s.settlePersons, run: run}
}

// writing is an action that changes persons or queues a change. With no lag the
// change has taken effect before the answer goes out.
func (s *Sandbox) writing(run func(*request) reply, limit limitKind) action {
	return action{scopes: []string{"person:write"}, limit: limit, jsonOnly: true, prepare: s.settlePersons, run: func(q *request) reply {
		answer := run(q)
		s.persons.settle(s.now())
		return answer
	}}
}

// routePerson registers the actions of a URL below all mounts, and gives their
// answers the format that was asked for.
func (s *Sandbox) routePerson(pattern string, methods actions) {
	for _, mount := range personMounts {
		s.mux.HandleFunc(mount+pattern, func(w http.ResponseWriter, r *http.Request) {
			format, known := requestedFormat(r)
			switch {
			case strings.ContainsAny(r.PathValue("id"), "./"):
				notFound("Endpoint not found.").send(w)
				return
			case !known:
				notFound("Not found.").send(w)
				return
			}
			answer := s.dispatch(r, methods, s.projectGate)
			if format == formatCSV {
				answer.sendCSV(w)
				return
			}
			answer.send(w)
		})
	}
}
