// Package people is persons as support and operations think of them: found by
// whatever they are known by, changed with proof that the change arrived,
// taken apart and erased only as previewed.
package people

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/policy"
)

// Register is the persons of one project, as the holder of one key may see
// them.
type Register struct {
	api    *client.Project
	policy policy.Policy
}

// Open returns the register of a project. It asks PostHog nothing.
func Open(api *client.Project) *Register { return &Register{api: api} }

// Under has the register write only what a policy allows.
func (r *Register) Under(p policy.Policy) *Register {
	r.policy = p
	return r
}

// Match says by what a reference was found.
type Match struct {
	By    string // "uuid", "number", "distinct_id" or "email"
	Exact bool   // false when only the case differs: good for reading, not for writing
}

// String is the match in words for a result.
func (m Match) String() string {
	if !m.Exact {
		return m.By + ", ignoring case"
	}
	return m.By
}

// Find resolves what a person is known by: UUID, number, distinct id, e-mail,
// or an address in PostHog. What fits several persons is refused with the
// candidates.
func (r *Register) Find(ctx context.Context, reference string) (client.Person, Match, error) {
	hits, err := r.hits(ctx, reference)
	if err != nil {
		return client.Person{}, Match{}, err
	}
	reference = strings.TrimSpace(reference)
	switch len(hits) {
	case 0:
		return client.Person{}, Match{}, plain.Absent("Nobody has %q as UUID, number, distinct id or e-mail. list_persons with a search finds parts of names and e-mails.", plain.Short(reference))
	case 1:
		person := hits[0].Person
		if hits[0].Match.By != "uuid" { // else it was just read whole
			person, err = r.api.Person(ctx, person.UUID)
		}
		return person, hits[0].Match, err
	}
	return client.Person{}, Match{}, ambiguous(reference, hits)
}

// FindToWrite is Find for a write: it never takes an inexact match.
func (r *Register) FindToWrite(ctx context.Context, reference string) (client.Person, Match, error) {
	person, match, err := r.Find(ctx, reference)
	if err == nil && !match.Exact {
		return client.Person{}, match, plain.Refuse("Nobody is known exactly as %q. The nearest is %s: repeat the call with that UUID if it is the one you mean.",
			plain.Short(reference), person.UUID+" ("+evidence(person)+")")
	}
	return person, match, err
}

// Rival is another person who has a person's UUID or number as distinct id.
// Where somebody names the one by it, they may mean the other.
func (r *Register) Rival(ctx context.Context, person client.Person, reference string) (rival client.Person, found bool, err error) {
	reference = strings.TrimSpace(reference)
	if idForm(reference) == "" {
		return client.Person{}, false, nil
	}
	owners, err := r.api.PersonsByDistinctIDs(ctx, []string{reference})
	rival, found = owners[reference]
	return rival, found && rival.UUID != person.UUID, err
}

// evidence shows what tells a person from others.
func evidence(person client.Person) string {
	ids := "1 distinct id"
	if n := len(person.DistinctIDs); n != 1 {
		ids = fmt.Sprintf("%d distinct ids", n)
	}
	if email := Email(person); email != "" {
		return fmt.Sprintf("e-mail %q, %s", plain.Short(email), ids)
	}
	return "no e-mail, " + ids
}

// Email is a person's property email, empty when it is not a text.
func Email(person client.Person) string {
	var email string
	_ = json.Unmarshal(person.Properties["email"], &email) // not a text: no e-mail
	return email
}

// Name is what a person is called: the name that PostHog displays, unless that
// is just the e-mail and the person has a property name.
func Name(person client.Person) string {
	var name string
	if json.Unmarshal(person.Properties["name"], &name) == nil && name != "" && person.Name == Email(person) {
		return name
	}
	return person.Name
}

// Identity is all of a person that a confirmation binds: who it is and which
// ids it has. The number tells it from one that an event made anew under the
// same UUID. Properties move with every event and are left out.
func Identity(person client.Person) any {
	return []any{person.UUID, person.ID, slices.Sorted(slices.Values(person.DistinctIDs))}
}

// How many distinct ids are looked up after a split or a deletion. An older
// PostHog takes a request for each.
const (
	lookedUp       = 5000
	lookedUpSingly = 20
)

// owners are the persons that some distinct ids lead to now, and how many of
// the ids were looked up.
func (r *Register) owners(ctx context.Context, person client.Person, ids []string) (map[string]client.Person, int, error) {
	most := lookedUp
	if !person.Newest {
		most = lookedUpSingly
	}
	ids = ids[:min(len(ids), most)]
	found, err := r.api.PersonsByDistinctIDs(ctx, ids)
	return found, len(ids), err
}
