// Package people is persons as support and operations think of them: found by
// whatever they are known by, changed with proof that the change arrived,
// taken apart and erased only as previewed.
package people

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

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

// found is a person and by what it was found.
type found struct {
	person client.Person
	by     string
}

// Find resolves what a person is known by: UUID, number, distinct id or
// e-mail. What fits several persons is refused with the candidates.
func (r *Register) Find(ctx context.Context, reference string) (client.Person, Match, error) {
	asGiven := reference
	reference = strings.TrimSpace(reference)
	var hits []found
	if by := idForm(reference); by != "" {
		person, err := r.api.Person(ctx, reference)
		switch {
		case err == nil && by == "uuid":
			return person, Match{By: by, Exact: true}, nil
		case err == nil:
			hits = append(hits, found{person, by})
		case client.KindOf(err) != client.NotFound:
			return client.Person{}, Match{}, err
		}
	}
	// A distinct id may begin or end with a space, next to one that does not.
	owners, err := r.api.PersonsByDistinctIDs(ctx, []string{reference, asGiven})
	if err != nil {
		return client.Person{}, Match{}, err
	}
	for _, owner := range owners {
		hits = append(hits, found{owner, "distinct_id"})
	}
	if strings.Contains(reference, "@") {
		holders, err := r.byEmail(ctx, reference)
		if err != nil {
			return client.Person{}, Match{}, err
		}
		hits = append(hits, holders...)
	}
	return r.only(ctx, reference, hits)
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

// idForm tells whether PostHog would take a reference for a person's own id.
func idForm(reference string) string {
	if _, err := uuid.Parse(reference); err == nil && len(reference) == 36 {
		return "uuid"
	}
	if n, err := strconv.ParseInt(reference, 10, 64); err == nil && n > 0 {
		return "number"
	}
	return ""
}

// byEmail finds who has exactly this e-mail. The filter reads an index that
// lags, so each row's own e-mail decides.
func (r *Register) byEmail(ctx context.Context, email string) ([]found, error) {
	page, err := r.api.ListPersons(ctx, client.PersonQuery{Email: email, Limit: 50})
	if err != nil {
		return nil, err
	}
	var hits []found
	for _, person := range page.Results {
		if Email(person) == email {
			hits = append(hits, found{person, "email"})
		}
	}
	return hits, nil
}

// only takes the one person among the hits, read whole.
func (r *Register) only(ctx context.Context, reference string, hits []found) (client.Person, Match, error) {
	slices.SortStableFunc(hits, func(a, b found) int { return strings.Compare(a.person.UUID, b.person.UUID) })
	distinct := slices.CompactFunc(slices.Clone(hits), func(a, b found) bool { return a.person.UUID == b.person.UUID })
	switch len(distinct) {
	case 0:
		return r.otherCase(ctx, reference)
	case 1:
		person, err := r.api.Person(ctx, distinct[0].person.UUID)
		return person, Match{By: distinct[0].by, Exact: true}, err
	}
	return client.Person{}, Match{}, ambiguous(reference, distinct)
}

// otherCase finds the person whose e-mail differs in nothing but case.
func (r *Register) otherCase(ctx context.Context, reference string) (client.Person, Match, error) {
	none := plain.Absent("Nobody has %q as UUID, number, distinct id or e-mail. list_persons with a search finds parts of names and e-mails.", plain.Short(reference))
	if !strings.Contains(reference, "@") {
		return client.Person{}, Match{}, none
	}
	page, err := r.api.ListPersons(ctx, client.PersonQuery{Search: reference, Limit: 50})
	if err != nil {
		return client.Person{}, Match{}, err
	}
	var hits []found
	for _, person := range page.Results {
		if strings.EqualFold(Email(person), reference) {
			hits = append(hits, found{person, "email"})
		}
	}
	switch len(hits) {
	case 0:
		return client.Person{}, Match{}, none
	case 1:
		person, err := r.api.Person(ctx, hits[0].person.UUID)
		return person, Match{By: "email"}, err
	}
	return client.Person{}, Match{}, ambiguous(reference, hits)
}

func ambiguous(reference string, hits []found) error {
	list := make([]plain.Candidate, len(hits))
	for i, hit := range hits {
		list[i] = plain.Candidate{ID: hit.person.UUID, Name: hit.person.Name, Detail: "by " + hit.by + ", " + evidence(hit.person)}
	}
	return plain.Ambiguous("person", reference, list)
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
