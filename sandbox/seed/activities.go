package seed

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	// ActivePersons is how many persons have something in their activity log,
	// not counting the wrongly merged one, who has too.
	ActivePersons = 200
	// DeletedPersons is how many entries tell of a person that is gone.
	DeletedPersons = 6
)

// Activities are the logs of ActivePersons persons, and the deletions of some
// who are gone, newest first.
func Activities() []Activity {
	activities := make([]Activity, 0, 3*ActivePersons)
	accounts, next := Accounts(), int64(1)
	logged := 0
	for i := range accounts {
		a := &accounts[i]
		people := a.facts.people
		first := next
		next += int64(len(people))
		if i != acmeIndex && i%4 != 0 || i == mergedAccount {
			continue
		}
		for n := range min(2, ActivePersons-logged) {
			activities = append(activities, history(a, first+int64(n), n, people[n])...)
			logged++
		}
	}
	// The first of the odd persons comes right after the accounts' people.
	merged := &accounts[mergedAccount]
	for i := range 3 {
		activities = append(activities, changed(merged, next, random(areaActivities, -100-i)))
	}
	for n := range DeletedPersons {
		r := random(areaActivities, -1-n)
		activities = append(activities, Activity{
			ID:       timeOrderedID(r, time.Duration(n)*time.Minute),
			PersonID: 900_001 + int64(n),
			User:     pick(r, csms),
			Activity: "deleted",
			Name:     randomID(r),
			Ago:      days(r, between(r, 1, 80)),
		})
	}
	slices.SortFunc(activities, func(a, b Activity) int { return cmp.Compare(a.Ago, b.Ago) })
	return activities
}

// history is what people did to one person in PostHog: most often they
// changed a property, now and then they removed one, rarely split somebody off.
func history(a *Account, id int64, n int, c contact) []Activity {
	r := random(areaActivities, a.facts.index*100+n)
	person := accountPerson(a, n, c, time.Time{})
	entries := make([]Activity, between(r, 1, 4))
	if a.facts.index == acmeIndex && n == 0 {
		entries = make([]Activity, 14) // more than PostHog's default page
	}
	for i := range entries {
		e := changed(a, id, r)
		e.Ago = min(e.Ago, time.Duration(r.Float64()*float64(person.CreatedAgo)).Truncate(time.Microsecond))
		switch {
		case chance(r, 20):
			e.Activity, e.Changes[0].Field = "delete_property", ""
		case i == 0 && chance(r, 15):
			split(&e, person.DistinctIDs, anonymousPerson(a.facts.index+n, time.Time{}).DistinctIDs[0])
		}
		entries[i] = e
	}
	return entries
}

// changed is the record of a property of one of the account's people changing.
func changed(a *Account, id int64, r *rand.Rand) Activity {
	return Activity{
		ID:       timeOrderedID(r, time.Duration(a.facts.index)*idSpacing),
		PersonID: id,
		User:     cmp.Or(pick(r, []int64{a.CSM, a.AccountExecutive, Ada}), Ada),
		Activity: "updated",
		Changes:  []Change{{Action: "changed", Field: "properties"}},
		Ago:      time.Hour + time.Duration(r.Int64N(int64(100*24*time.Hour/time.Microsecond)))*time.Microsecond,
	}
}

// split makes e the record of splitting an anonymous browser off. The
// browser is one of the anonymous persons, under the UUID a split gives.
func split(e *Activity, ids []string, off string) {
	e.Activity, e.Name = "split_person", PersonUUID(ids[0])
	e.Changes = []Change{{Action: "split", After: map[string]any{
		"distinct_ids":          append(slices.Clone(ids), off),
		"distinct_ids_to_split": []string{off},
	}}}
}
