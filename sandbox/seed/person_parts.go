package seed

import "time"

func accountPerson(a *Account, n int, c contact, start time.Time) Person {
	r := random(areaPersons, a.facts.index*100+n)
	created := time.Duration(r.Float64() * float64(a.CreatedAgo)).Truncate(time.Microsecond)
	p := Person{
		UUID:        PersonUUID(c.email),
		DistinctIDs: []string{c.email, randomID(r)},
		Identified:  true,
		CreatedAgo:  created,
		LastSeenAgo: time.Duration(r.Float64() * float64(created)).Truncate(time.Microsecond),
		Properties: map[string]any{
			"email": c.email, "name": c.name(), "job_title": c.title, "company": a.Name,
			"plan": a.facts.plan, "org_id": a.ExternalID, "signed_up_at": moment(start.Add(-created)),
		},
	}
	return p
}

func anonymousPerson(n int) Person {
	r := random(areaPersons, -n)
	id := randomID(r)
	return Person{
		UUID: PersonUUID(id), DistinctIDs: []string{id}, CreatedAgo: days(r, between(r, 0, 90)),
		Properties: map[string]any{"$browser": "Firefox", "$os": "Linux"},
	}
}
