package seed

import (
	"iter"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// PersonCount is how many persons there are.
const PersonCount = 5000

// personNamespace is the namespace PostHog makes person UUIDs in.
var personNamespace = uuid.MustParse("932979b4-65c3-4424-8467-0b66ec27bc22")

// PersonUUID is the UUID capture gives the person whose first distinct id this is.
func PersonUUID(distinctID string) string {
	return uuid.NewSHA1(personNamespace, []byte(strconv.Itoa(TeamID)+":"+distinctID)).String()
}

// Persons are made one at a time: the people of the accounts, then the odd
// ones, then anonymous browsers. Ids have gaps, as sequences do. Dates among
// the properties are resolved against start.
func Persons(start time.Time) iter.Seq[Person] {
	return func(yield func(Person) bool) {
		made, id := 0, int64(0)
		emit := func(p Person) bool {
			made++
			p.ID = id
			return yield(p)
		}
		accounts := Accounts()
		for i := range accounts {
			a := &accounts[i]
			for n, c := range a.facts.people {
				id++
				if i == mergedAccount && n < MergedPeople {
					continue // they are all in the merged person
				}
				if !emit(accountPerson(a, n, c, start)) {
					return
				}
			}
		}
		for _, p := range oddPersons(accounts, start) {
			id++
			if !emit(p) {
				return
			}
		}
		for n := 0; made < PersonCount; n++ {
			id++
			if !emit(anonymousPerson(n, start)) {
				return
			}
		}
	}
}

// distinctIDs are the ids somebody of an account is known by, and whether
// they ever logged in. The first is what capture made the person of: most
// often the browser they came with.
func distinctIDs(a *Account, n int, c contact) (identified bool, ids []string) {
	r := random(areaPersons, a.facts.index*100+n+50)
	user := "user_" + strconv.Itoa(10_000+a.facts.index*100+n)
	login, browser := c.email, browserID(r)
	switch r.IntN(4) {
	case 0:
		login = user
	case 1:
		login = randomID(r)
	}
	switch {
	case a.facts.index == acmeIndex && n == 0: // documentation quotes this one
		return true, []string{c.email, user, browser}
	case chance(r, 8):
		return false, []string{browser}
	case chance(r, 30):
		ids = []string{login}
	default:
		ids = []string{browser, login}
	}
	for range between(r, -1, 3) {
		ids = append(ids, browserID(r))
	}
	return true, ids
}

// accountPerson is the person of an account's n-th contact.
func accountPerson(a *Account, n int, c contact, start time.Time) Person {
	identified, ids := distinctIDs(a, n, c)
	r := random(areaPersons, a.facts.index*100+n)
	created := time.Duration(r.Float64() * float64(a.CreatedAgo)).Truncate(time.Microsecond)
	if a.facts.index%50 == 7 { // imported in one go: equal to the microsecond
		created = a.CreatedAgo / 2
	}
	p := Person{
		UUID:        PersonUUID(ids[0]),
		DistinctIDs: ids,
		Identified:  identified,
		CreatedAgo:  created,
		LastSeenAgo: time.Duration(r.Float64() * r.Float64() * float64(created)).Truncate(time.Microsecond),
		Properties:  make(map[string]any, 28),
	}
	if chance(r, 6) {
		p.LastSeenAgo = -1
	}
	browse(p.Properties, r, a)
	if chance(r, 95) {
		p.Properties["email"] = c.email
	}
	if chance(r, 90) {
		p.Properties["name"] = c.name()
	}
	employ(p.Properties, r, a, c, start.Add(-created))
	return p
}

// anonymousPerson is a browser nobody logged in with.
func anonymousPerson(n int, start time.Time) Person {
	r := random(areaPersons, -n-1)
	id := browserID(r)
	p := Person{
		UUID:        PersonUUID(id),
		DistinctIDs: []string{id},
		CreatedAgo:  days(r, between(r, 0, 120)),
		LastSeenAgo: -1,
		Properties:  make(map[string]any, 28),
	}
	if chance(r, 60) {
		p.LastSeenAgo = time.Duration(r.Float64() * float64(p.CreatedAgo)).Truncate(time.Microsecond)
	}
	browse(p.Properties, r, nil)
	p.Properties["$initial_landing_at"] = moment(start.Add(-p.CreatedAgo))
	return p
}
