package people

import (
	"context"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
)

// Neighbour is another person who carries an address of one.
type Neighbour struct {
	Person client.Person
	Why    string
}

// Neighbours are the others that somebody who speaks of a person's e-mail may
// mean, too: erasing one of them is not erasing the others.
type Neighbours struct {
	Same  []Neighbour // with the same address, whatever its case
	Inbox []Neighbour // with one that differs in what follows a plus: often the same inbox
	Cut   bool        // PostHog has more that may fit than were looked at
}

// addressesMost is how many addresses of a person are looked for.
const addressesMost = 3

// Neighbours finds who else carries a person's e-mail: as property or, as many
// set it up, as distinct id.
func (r *Register) Neighbours(ctx context.Context, person client.Person) (Neighbours, error) {
	var n Neighbours
	seen := map[string]bool{person.UUID: true}
	for _, address := range addresses(person) {
		searches := []string{address}
		if local, domain, _ := strings.Cut(address, "@"); domain != "" {
			base, _, _ := strings.Cut(local, "+")
			searches = append(searches, base+"+%@"+domain) // a wildcard to PostHog
			if base != local {
				searches = append(searches, base+"@"+domain)
			}
		}
		for _, search := range searches {
			page, err := r.api.ListPersons(ctx, client.PersonQuery{Search: search, Limit: 100})
			if err != nil {
				return Neighbours{}, err
			}
			n.Cut = n.Cut || page.More
			n.sort(address, page.Results, seen)
		}
	}
	return n, nil
}

// sort takes from a page who carries the address or one of the same inbox.
func (n *Neighbours) sort(address string, page []client.Person, seen map[string]bool) {
	for _, other := range page {
		if seen[other.UUID] {
			continue
		}
		email := strings.TrimSpace(Email(other))
		isAddress := func(id string) bool { return strings.EqualFold(strings.TrimSpace(id), address) }
		why := ""
		switch {
		case email == address:
			why = "same e-mail"
		case strings.EqualFold(email, address):
			why = "same e-mail, in other letters"
		case slices.ContainsFunc(other.DistinctIDs, isAddress):
			why = "has it as distinct id"
		case inbox(email) == inbox(address) || slices.ContainsFunc(other.DistinctIDs, func(id string) bool { return inbox(id) == inbox(address) }):
			n.Inbox = append(n.Inbox, Neighbour{other, "perhaps the same inbox"})
			seen[other.UUID] = true
		}
		if why != "" {
			n.Same = append(n.Same, Neighbour{other, why})
			seen[other.UUID] = true
		}
	}
}

// addresses are the e-mails of a person: the property, and distinct ids that
// look like one.
func addresses(person client.Person) []string {
	candidates := slices.DeleteFunc(slices.Clone(person.DistinctIDs), func(id string) bool { return !looksLikeEmail(strings.TrimSpace(id)) })
	var found []string
	for _, text := range append([]string{Email(person)}, candidates...) {
		text = strings.TrimSpace(text)
		known := slices.ContainsFunc(found, func(other string) bool { return strings.EqualFold(other, text) })
		if text != "" && !known && len(found) < addressesMost {
			found = append(found, text)
		}
	}
	return found
}

// looksLikeEmail is generous: what it takes by mistake is only looked for.
func looksLikeEmail(text string) bool {
	local, domain, found := strings.Cut(text, "@")
	return found && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(text, " /:")
}

// inbox is an address without what follows a plus, in lower case.
func inbox(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}
