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

// Persons are made one at a time, in the order of their ids. Dates among their
// properties are resolved against start.
func Persons(start time.Time) iter.Seq[Person] {
	return func(yield func(Person) bool) {
		id := int64(0)
		accounts := Accounts()
		for i := range accounts {
			for n, c := range contactsOf(&accounts[i]) {
				if id == PersonCount {
					return
				}
				id++
				p := accountPerson(&accounts[i], n, c, start)
				p.ID = id
				if !yield(p) {
					return
				}
			}
		}
		for id < PersonCount {
			id++
			p := anonymousPerson(int(id))
			p.ID = id
			if !yield(p) {
				return
			}
		}
	}
}
