package seed

import "strconv"

// The members that documentation and tests speak of by name.
const (
	Ada   int64 = 1 // owner of the organisation; the default key is hers
	Grace int64 = 2 // customer success manager of Acme Robotics
	Linus int64 = 3 // account executive of Acme Robotics
)

// Membership levels.
const (
	levelMember = 1
	levelAdmin  = 8
	levelOwner  = 15
)

// Who may hold which role on an account.
var (
	csms       = []int64{Grace, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	executives = []int64{Linus, 13, 14, 15, 16}
	owners     = []int64{Ada, Ada, 17, 18} // Ada holds about half of the book
)

var members = []struct {
	first, last, login, role string
	level                    int
}{
	{"Ada", "Okafor", "ada", "leadership", levelOwner},
	{"Grace", "Lindqvist", "grace", "other", levelMember},
	{"Linus", "Moreau", "linus", "sales", levelMember},
	{"Priya", "Venkataraman", "priya", "other", levelMember},
	{"Tomás", "Echeverría", "tomas", "other", levelMember},
	{"Hana", "Sugimoto", "hana", "other", levelMember},
	{"Joel", "Abernathy", "joel", "other", levelMember},
	{"Noor", "Haddadi", "noor", "other", levelMember},
	{"Siobhán", "Gallagher", "siobhan", "other", levelMember},
	{"Marek", "Wiśniak", "marek", "other", levelMember},
	{"Chidi", "Nwachukwu", "chidi", "other", levelMember},
	{"Lotte", "van Driel", "lotte", "other", levelMember},
	{"Devon", "Castellanos", "devon", "sales", levelMember},
	{"Ingrid", "Solheim", "ingrid", "sales", levelMember},
	{"Rafael", "Quintana", "rafael", "sales", levelMember},
	{"Mei", "Tanaka-Ross", "mei", "sales", levelMember},
	{"Beatriz", "Fontoura", "beatriz", "leadership", levelAdmin},
	{"Samir", "Khoury-Lane", "samir", "leadership", levelAdmin},
}

// Users are the members of the organisation; user ids count from 1.
func Users() []User {
	users := make([]User, len(members))
	for i, m := range members {
		r := random(areaUsers, i)
		users[i] = User{
			ID:         int64(i + 1),
			UUID:       randomID(r),
			DistinctID: token(r, base62, 43),
			FirstName:  m.first,
			LastName:   m.last,
			Email:      m.login + "@example.com",
			Role:       m.role,
			Level:      m.level,
		}
	}
	return users
}

// firstName is what colleagues call the user with this id.
func firstName(id int64) string {
	if id < 1 || int(id) > len(members) {
		return "user " + strconv.FormatInt(id, 10)
	}
	return members[id-1].first
}
