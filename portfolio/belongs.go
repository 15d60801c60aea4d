package portfolio

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
)

// Whose account is it? PostHog links persons to no account; what a person's
// properties and address have in common with an account is the evidence. As
// anybody with the public project token can write them, it is never more.

// affiliations are parts of the names of properties that say whom somebody
// works for.
var affiliations = []string{"org", "company", "account", "group", "customer", "tenant", "workspace"}

// Belongs finds the accounts that a person may belong to, the likeliest first.
func (b *Book) Belongs(ctx context.Context, person client.Person, at time.Time) (Mention, error) {
	if waited := b.await(ctx, at); waited != nil {
		mention := Mention{}
		return mention, mention.date(b.index(), waited)
	}
	hits, err := b.verified(ctx, belonging(person), nil, b.index())
	if err != nil {
		return Mention{}, err
	}
	mention := mentionOf(hits)
	return mention, mention.date(b.index(), nil)
}

// mostPeople bounds the persons of a domain who are asked whose they are.
const mostPeople = 20

// ThroughPeople finds the accounts that the persons of a domain may belong to,
// for a domain or an address that no account has on record.
func (b *Book) ThroughPeople(ctx context.Context, reference string) (Mention, error) {
	domain := domainIn(strings.TrimSpace(reference))
	if domain == "" || slices.Contains(mailboxes, domain) {
		return Mention{}, nil
	}
	page, err := b.api.ListPersons(ctx, client.PersonQuery{Search: "@" + domain, Limit: mostPeople})
	if err != nil {
		return Mention{}, err
	}
	var hits []hit
	for _, person := range page.Results {
		if domainIn(emailOf(person)) != domain {
			continue
		}
		if hits, err = b.verified(ctx, belonging(person), hits, b.index()); err != nil {
			return Mention{}, err
		}
	}
	for i := range hits {
		hits[i].how += " of persons with this domain"
	}
	mention := mentionOf(hits)
	return mention, mention.date(b.index(), nil)
}

func emailOf(person client.Person) string {
	var email string
	_ = json.Unmarshal(person.Properties["email"], &email) // not a text: no e-mail
	return email
}

// belonging tells what speaks for a person being of an account.
func belonging(person client.Person) matcher {
	named := map[string]sought{} // what properties say, by their names
	for _, key := range slices.Sorted(maps.Keys(person.Properties)) {
		says := textsOf(person.Properties[key])
		if len(says) == 1 && slices.ContainsFunc(affiliations, func(part string) bool { return strings.Contains(strings.ToLower(key), part) }) {
			named[key] = sought{text: says[0], key: nameKey(says[0])}
		}
	}
	email := emailOf(person)
	mail := sought{email: emailIn(email), domain: domainIn(email)}
	keys := slices.Sorted(maps.Keys(named))
	return func(e entry) Match {
		match := mail.matchDomain(e)
		if match.By == "" {
			match.grade = nothing
		}
		for _, key := range keys {
			match = better(match, affiliation(key, named[key], e))
		}
		return match
	}
}

// affiliation holds what a person's property says against an account.
func affiliation(key string, says sought, e entry) Match {
	switch m := says.match(e); {
	case m.grade > alike:
		return Match{grade: nothing}
	case m.By == "name":
		return Match{By: m.By, how: "the property " + key, grade: alike}
	default:
		return Match{By: m.By, how: "the property " + key, grade: linked}
	}
}

// better is the better of two matches.
func better(a, b Match) Match {
	if b.grade < a.grade {
		return b
	}
	return a
}
