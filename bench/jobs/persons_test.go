package jobs_test

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox/seed"
)

const (
	splitEmail = "harriet.petrescu@acme-robotics.example"
	strangeID  = "ef9a9a089bc876-313a5081de0e98-d35adee3-2c4768-b4ba5f79020c9d" // the last of her four
	eraseEmail = "zoe.bergstrom@acme-robotics.example"
	knownEmail = "desmond.oakeshott@acme-robotics.example"
	logEmail   = "rosalind.merriweather@acme-robotics.example"
)

// byEmail is the one person with an address.
func (b book) byEmail(email string) string {
	return b.of(personKind, func(e entity) bool { return e["email"] == email })[0]
}

var splitOff = job{
	number: 4, asked: "A stranger's device was merged into Harriet: split it off",
	want: func(r *reader) answer { return answer{"the device is " + seed.PersonUUID(strangeID)} },
	effect: func(b book) {
		b.change(b.byEmail(splitEmail), entity{idFact + strangeID: ""})
		uuid := seed.PersonUUID(strangeID)
		b[personKind+uuid] = entity{"uuid": uuid, idFact + strangeID: present}
	},
	ours: func(s *session) answer {
		receipt := s.confirmed("split_person", object{"person": splitEmail, "distinct_ids": []string{strangeID}})
		return answer{"the device is " + receipt.Get("moved.0.new_person").String()}
	},
	thin: func(s *session) answer {
		person := s.call("persons_list", object{"email": splitEmail}).Get("results.0")
		id := object{"id": person.Get("uuid").String()}
		s.call("persons_activity_retrieve", id) // is a split on its way already?
		s.call("persons_split_create", object{"id": id["id"], "distinct_ids_to_split": []string{strangeID}})
		s.call("persons_retrieve", id)
		return answer{"the device is " + s.call("persons_list", object{"distinct_id": strangeID}).Get("results.0.uuid").String()}
	},
	naive: func(s *session) answer {
		person := s.call("persons_list", object{"email": splitEmail}).Get("results.0")
		s.call("persons_split_create", object{"id": person.Get("uuid").String()})
		return answer{"the device is " + s.call("persons_list", object{"distinct_id": strangeID}).Get("results.0.uuid").String()}
	},
	trap: "without ids, the person is taken apart whole",
}

var erase = job{
	number: 5, asked: "GDPR deletion request for " + eraseEmail,
	want:   func(*reader) answer { return answer{"erased, nobody else has the address"} },
	effect: func(b book) { delete(b, b.byEmail(eraseEmail)) },
	ours: func(s *session) answer {
		request := object{"person": eraseEmail, "delete_events": true, "delete_recordings": true}
		preview := s.call("delete_person", request)
		request["confirmation"] = preview.Get("confirmation").String()
		if s.call("delete_person", request).Get("certificate").Exists() && preview.Get("preview.same_email_count").Int() == 0 {
			return answer{"erased, nobody else has the address"}
		}
		return answer{"somebody has the address"}
	},
	thin: func(s *session) answer {
		person := s.call("persons_list", object{"email": eraseEmail}).Get("results.0")
		others := len(s.call("persons_list", object{"search": eraseEmail}).Get("results").Array()) - 1
		s.call("persons_destroy", object{"id": person.Get("uuid").String(), "delete_events": true, "delete_recordings": true})
		left := len(s.call("persons_list", object{"email": eraseEmail}).Get("results").Array())
		if others+left > 0 {
			return answer{"somebody has the address"}
		}
		return answer{"erased, nobody else has the address"}
	},
	naive: func(s *session) answer {
		person := s.call("persons_list", object{"email": eraseEmail}).Get("results.0")
		s.call("persons_destroy", object{"id": person.Get("uuid").String(), "delete_events": true, "keep_person": false})
		return answer{"erased, nobody else has the address"}
	},
	trap: "keep_person=false keeps the person",
}

// upgraded are the addresses of 40 people who are not on the plan yet.
func upgraded(b book) []string {
	var emails []string
	seen := map[string]int{}
	for _, e := range b {
		seen[strings.ToLower(e["email"])]++
	}
	for _, key := range b.of(personKind, func(e entity) bool { return e["plan"] == "scale" && seen[strings.ToLower(e["email"])] == 1 }) {
		if len(emails) < 40 {
			emails = append(emails, b[key]["email"])
		}
	}
	return emails
}

var upgrade = job{
	number: 6, asked: "Set plan=enterprise on these 40 people",
	want: func(*reader) answer { return answer{"40 set"} },
	effect: func(b book) {
		for _, email := range upgraded(b) {
			b.change(b.byEmail(email), entity{"plan": "enterprise"})
		}
	},
	ours: func(s *session) answer {
		return answer{fmt.Sprint(s.applied(object{"persons": object{"ids": upgraded(s.side.book)}, "changes": object{"set": object{"plan": "enterprise"}}, "max_tokens": glance}), " set")}
	},
	thin: func(s *session) answer {
		done := 0
		for _, id := range s.upgrade() {
			done += count(s.call("persons_retrieve", object{"id": id}).Get("properties.plan").String() == "enterprise")
		}
		return answer{fmt.Sprint(done, " set")}
	},
	naive: func(s *session) answer { return answer{fmt.Sprint(len(s.upgrade()), " set")} },
	trap:  "an accepted write may come to nothing",
}

// upgrade sets the plan of each, which PostHog says it will do.
func (s *session) upgrade() []string {
	var done []string
	for _, email := range upgraded(s.side.book) {
		id := s.call("persons_list", object{"email": email}).Get("results.0.uuid").String()
		s.call("persons_update_property_create", object{"id": id, "key": "plan", "value": "enterprise"})
		done = append(done, id)
	}
	return done
}

var whoIsThis = job{
	number: 9, asked: "Who is " + knownEmail + ", and whose account?",
	want: func(r *reader) answer { return answer{r.book[r.book.byEmail(knownEmail)]["name"], seed.AcmeName} },
	ours: func(s *session) answer {
		person := s.call("resolve", object{"query": knownEmail}).Get("persons.0")
		return answer{person.Get("name").String(), person.Get("accounts.0.name").String()}
	},
	thin: func(s *session) answer {
		person := s.call("persons_list", object{"email": knownEmail}).Get("results.0")
		org := person.Get("properties.org_id").String()
		found := where(s.call("accounts_list", object{"search": org}).Get("results").Array(), func(a gjson.Result) bool { return a.Get("external_id").String() == org })
		return append(answer{person.Get("properties.name").String()}, called(found)...)
	},
}

var whoChanged = job{
	number: 18, asked: "Who changed Rosalind's plan, and when?",
	want: func(r *reader) answer {
		id := strings.TrimPrefix(r.book.byEmail(logEmail), personKind)
		return logged(r.get("persons/" + id + "/activity/?limit=100"))
	},
	ours: func(s *session) answer {
		var log answer
		for _, row := range s.rows("list_person_activity", object{"person": logEmail}) {
			log = append(log, row.Get("by").String()+" "+row.Get("at").String()[:16])
		}
		return log
	},
	thin: func(s *session) answer {
		id := s.call("persons_list", object{"email": logEmail}).Get("results.0.uuid").String()
		_, refused := s.try("persons_properties_timeline_retrieve", object{"id": id})
		var log answer
		for page := 1; refused; page++ {
			entries := s.call("persons_activity_retrieve", object{"id": id, "page": page})
			log = append(log, logged(entries)...)
			if entries.Get("next").String() == "" {
				break
			}
		}
		return log
	},
}

// logged is who did something and when, by the minute.
func logged(entries gjson.Result) answer {
	var log answer
	for _, e := range entries.Get("results").Array() {
		log = append(log, e.Get("user.email").String()+" "+e.Get("created_at").String()[:16])
	}
	return log
}
