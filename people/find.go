package people

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// Candidate is a person whom somebody may mean.
type Candidate struct {
	Person client.Person // lists show at most 1000 of its distinct ids
	Match
}

// Mentioned finds the persons that a text may mean, refusing nothing for being
// ambiguous: by what they are known by, else by name.
func (r *Register) Mentioned(ctx context.Context, reference string) ([]Candidate, error) {
	hits, err := r.hits(ctx, reference)
	if err != nil || len(hits) > 0 {
		return hits, err
	}
	link, _ := r.api.Link(strings.TrimSpace(reference))
	if link.Kind != "" || idForm(reference) != "" || strings.Contains(reference, "@") {
		return nil, nil // no name
	}
	return r.searched(ctx, reference, Name, "name")
}

// hits are the persons that are known by exactly this, or else by an e-mail
// that differs in nothing but case.
func (r *Register) hits(ctx context.Context, reference string) ([]Candidate, error) {
	asGiven := reference
	reference = strings.TrimSpace(reference)
	link, problem := r.api.Link(reference)
	switch {
	case problem != "":
		return nil, plain.Refuse("Not looked up: this address %s.", problem)
	case link.Kind == client.PersonLink:
		return r.byID(ctx, link.ID)
	case link.Kind == client.DistinctIDLink:
		return r.byDistinctIDs(ctx, link.ID)
	case link.Kind != "":
		return nil, plain.Refuse("This is the address of a %s, not of a person.", link.Kind)
	}
	hits, err := r.byID(ctx, reference)
	if err != nil || len(hits) > 0 && hits[0].By == "uuid" {
		return hits, err
	}
	// A distinct id may begin or end with a space, next to one that does not.
	owners, err := r.byDistinctIDs(ctx, reference, asGiven)
	if err != nil {
		return nil, err
	}
	holders, err := r.byEmail(ctx, reference)
	if err != nil {
		return nil, err
	}
	hits = slices.Concat(hits, owners, holders)
	if len(hits) == 0 && strings.Contains(reference, "@") {
		return r.searched(ctx, reference, Email, "email")
	}
	slices.SortStableFunc(hits, func(a, b Candidate) int { return cmp.Compare(a.Person.UUID, b.Person.UUID) })
	return slices.CompactFunc(hits, func(a, b Candidate) bool { return a.Person.UUID == b.Person.UUID }), nil
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

// byID reads the person with that UUID or number.
func (r *Register) byID(ctx context.Context, reference string) ([]Candidate, error) {
	by := idForm(reference)
	if by == "" {
		return nil, nil
	}
	person, err := r.api.Person(ctx, reference)
	if client.KindOf(err) == client.NotFound {
		return nil, nil
	}
	return single(person, by, err)
}

// byDistinctIDs finds who owns these distinct ids.
func (r *Register) byDistinctIDs(ctx context.Context, ids ...string) ([]Candidate, error) {
	owners, err := r.api.PersonsByDistinctIDs(ctx, ids)
	var hits []Candidate
	for _, owner := range owners {
		hits = append(hits, Candidate{owner, Match{By: "distinct_id", Exact: true}})
	}
	return hits, err
}

func single(person client.Person, by string, err error) ([]Candidate, error) {
	if err != nil {
		return nil, err
	}
	return []Candidate{{person, Match{By: by, Exact: true}}}, nil
}

// byEmail finds who has exactly this e-mail. The filter reads an index that
// lags, so each row's own e-mail decides.
func (r *Register) byEmail(ctx context.Context, email string) ([]Candidate, error) {
	if !strings.Contains(email, "@") {
		return nil, nil
	}
	page, err := r.api.ListPersons(ctx, client.PersonQuery{Email: email, Limit: 50})
	if err != nil {
		return nil, err
	}
	var hits []Candidate
	for _, person := range page.Results {
		if Email(person) == email {
			hits = append(hits, Candidate{person, Match{By: "email", Exact: true}})
		}
	}
	return hits, nil
}

// searched finds the persons of whom a text is the reference but for its case.
func (r *Register) searched(ctx context.Context, reference string, text func(client.Person) string, by string) ([]Candidate, error) {
	reference = strings.TrimSpace(reference)
	page, err := r.api.ListPersons(ctx, client.PersonQuery{Search: reference, Limit: 50})
	if err != nil {
		return nil, err
	}
	var hits []Candidate
	for _, person := range page.Results {
		if strings.EqualFold(text(person), reference) {
			hits = append(hits, Candidate{person, Match{By: by}})
		}
	}
	return hits, nil
}

func ambiguous(reference string, hits []Candidate) error {
	list := make([]plain.Candidate, len(hits))
	for i, hit := range hits {
		list[i] = plain.Candidate{ID: hit.Person.UUID, Name: hit.Person.Name, Detail: "by " + hit.By + ", " + evidence(hit.Person)}
	}
	return plain.Ambiguous("person", reference, list)
}
