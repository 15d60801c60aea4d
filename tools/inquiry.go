package tools

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/people"
	"posthog-accounts-mcp/portfolio"
)

// inquiry is a question of what a text means, asked of accounts, persons and
// colleagues at the same time.
type inquiry struct {
	scope
	query string
	kind  client.LinkKind // what it leads to, if it is an address in PostHog
	asked time.Time

	accounts   portfolio.Mention
	persons    []people.Candidate
	users      []portfolio.Colleague
	held       []map[portfolio.Role]int // what the colleagues that are shown look after
	affiliated []portfolio.Mention      // the accounts of the persons that are shown
	notes      []string
}

// mostShown bounds the matches of a kind, and ownAccounts the accounts that are
// shown for one person.
const (
	mostShown   = 3
	ownAccounts = 2
)

// ask looks for accounts, persons and colleagues.
func (q *inquiry) ask(ctx context.Context) error {
	var failures [3]error
	group := errgroup.Group{}
	ofPerson := q.kind == client.PersonLink || q.kind == client.DistinctIDLink
	if !ofPerson {
		group.Go(func() error {
			q.accounts, failures[0] = q.book.Mentioned(ctx, q.query, portfolio.AsOf(q.asked))
			return nil
		})
	}
	if q.kind == "" || ofPerson {
		group.Go(func() error { q.persons, failures[1] = q.people.Mentioned(ctx, q.query); return nil })
	}
	if q.kind == "" {
		group.Go(func() error { q.users, failures[2] = q.book.Colleagues(ctx, q.query); return nil })
	}
	_ = group.Wait() // which failed is told apart below
	if failures[0] == nil && !q.answered() && !q.accounts.Settled && !ofPerson {
		q.accounts, failures[0] = q.book.Mentioned(ctx, q.query, q.asked)
	}
	if q.kind == "" && failures[0] == nil && failures[1] == nil && !q.answered() {
		through, err := q.book.ThroughPeople(ctx, q.query)
		if failures[1] = err; through.Answers {
			q.accounts = through
		}
	}
	for _, user := range q.users[:min(len(q.users), mostShown)] { // by now the index is there, if it was needed
		q.held = append(q.held, q.book.Held(user.ID))
	}
	return q.bear(failures)
}

// answered tells whether somebody or something is what was asked for, and does
// not only come near it.
func (q *inquiry) answered() bool {
	return q.accounts.Answers || len(q.persons) > 0 || slices.ContainsFunc(q.users, func(u portfolio.Colleague) bool { return u.Exact })
}

// bear says where the key may not look. Everything else that failed fails the
// call: what was not asked for may be what was meant.
func (q *inquiry) bear(failures [3]error) error {
	names, failed := []string{"Accounts", "Persons", "Colleagues"}, 0
	for i, failure := range failures {
		if failure == nil {
			continue
		}
		if failed++; !refused(failure) || failed == len(failures) {
			return failure
		}
		q.notes = append(q.notes, names[i]+" were not looked through: "+plain.Explain(failure))
	}
	return nil
}

// belong finds out whose the persons are.
func (q *inquiry) belong(ctx context.Context) error {
	q.affiliated = make([]portfolio.Mention, min(len(q.persons), mostShown))
	group, ctx := errgroup.WithContext(ctx)
	for i := range q.affiliated {
		group.Go(func() (err error) {
			q.affiliated[i], err = q.book.Belongs(ctx, q.persons[i].Person, portfolio.AsOf(q.asked))
			return err
		})
	}
	err := group.Wait()
	if err != nil && refused(err) {
		q.affiliated = nil
		return nil // that accounts were not looked through is said already
	}
	return err
}

// result shows what was found.
func (q *inquiry) result() ResolveResult {
	r := ResolveResult{ProjectID: q.project, URLTemplates: map[string]string{}, More: q.accounts.More}
	for _, candidate := range q.accounts.Candidates {
		r.Accounts = append(r.Accounts, accountMatch(candidate))
	}
	for i, person := range q.persons[:min(len(q.persons), mostShown)] {
		match := PersonMatch{UUID: person.Person.UUID, Email: shorten(people.Email(person.Person), nameRunes), MatchedBy: person.Match.String(), Exact: person.Exact}
		if name := people.Name(person.Person); name != match.Email {
			match.Name = shorten(name, nameRunes)
		}
		if i < len(q.affiliated) {
			for _, candidate := range q.affiliated[i].Candidates[:min(len(q.affiliated[i].Candidates), ownAccounts)] {
				match.Accounts = append(match.Accounts, accountMatch(candidate))
			}
		}
		r.Persons = append(r.Persons, match)
	}
	for i, user := range q.users[:min(len(q.users), mostShown)] {
		r.Users = append(r.Users, UserMatch{ID: user.ID, Name: shorten(user.Name, nameRunes), Email: user.Email, MatchedBy: user.By, Exact: user.Exact, Roles: q.held[i]})
	}
	r.More += max(0, len(q.persons)-mostShown) + max(0, len(q.users)-mostShown)
	q.finish(&r)
	return r
}

// finish adds what goes for all of the result.
func (q *inquiry) finish(r *ResolveResult) {
	if len(q.persons) > 0 && !slices.ContainsFunc(q.accounts.Candidates, func(c portfolio.Candidate) bool { return c.Exact }) {
		r.Accounts, r.More = nil, r.More-q.accounts.More // what only shares the person's domain stands at the person
	}
	age := q.accounts.Age
	for _, a := range q.affiliated {
		if a.Age != nil {
			age = a.Age
		}
	}
	if age != nil {
		seconds := int(age.Seconds())
		r.IndexAge = &seconds
	}
	if len(r.Accounts) > 0 || slices.ContainsFunc(r.Persons, func(p PersonMatch) bool { return len(p.Accounts) > 0 }) {
		r.URLTemplates["account"] = q.links.account("{id}")
	}
	if len(r.Persons) > 0 {
		r.URLTemplates["person"] = q.links.person("{uuid}")
	}
	switch {
	case len(r.Accounts)+len(r.Persons)+len(r.Users) == 0 && len(q.notes) == 0 && q.accounts.Missing == "":
		q.notes = append(q.notes, "No account, person or colleague matches.")
	case len(r.Accounts) > 0 && !q.accounts.Answers:
		q.notes = append(q.notes, "The accounts only come near: ask which is meant.")
	case len(r.Accounts) > 1:
		q.notes = append(q.notes, "Several accounts fit: ask which is meant.")
	}
	r.Note = strings.TrimSpace(strings.Join(append(q.notes, q.accounts.Missing), " "))
}

func accountMatch(c portfolio.Candidate) AccountMatch {
	return AccountMatch{
		ID: c.ID, Name: shorten(c.Name, nameRunes), ExternalID: c.ExternalID, State: c.State,
		MatchedBy: c.By, Exact: c.Exact,
	}
}
