package portfolio

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
)

// Contact is a person who may belong to an account. What speaks for it is
// evidence that anybody with the public project token can write; see Belongs.
type Contact struct {
	client.Person
	By string // what speaks for it
}

const (
	contactsMost = 25 // persons asked for in each way to find them
	domainsMost  = 3  // domains looked for
)

// What projects call the properties that say for whom a person works.
var (
	externalIDKeys = []string{"org_id", "organization_id", "company_id", "account_id"}
	companyKeys    = []string{"company", "organization"}
)

// trace is one way to find the persons of an account.
type trace struct {
	query client.PersonQuery
	by    string
	fits  func(client.Person) bool // PostHog's search takes wildcards and parts
}

// Contacts finds the persons who may belong to an account, last seen first, and
// tells whether there may be more.
func (b *Book) Contacts(ctx context.Context, account client.Account) (contacts []Contact, more bool, err error) {
	found := map[string]Contact{}
	var mu sync.Mutex
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(relationshipReaders)
	for _, t := range traces(account) {
		asking.Go(func() error {
			t.query.Limit = contactsMost
			page, err := b.api.ListPersons(ctx, t.query)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			more = more || page.More
			for _, person := range page.Results {
				if by := found[person.UUID].By; t.fits(person) && (by == "" || t.by < by) {
					found[person.UUID] = Contact{Person: person, By: t.by}
				}
			}
			return nil
		})
	}
	if err := asking.Wait(); err != nil {
		return nil, false, err
	}
	contacts = slices.SortedFunc(maps.Values(found), func(a, b Contact) int {
		return cmp.Or(value(b.LastSeenAt).Compare(value(a.LastSeenAt)), strings.Compare(a.UUID, b.UUID))
	})
	return contacts, more, nil
}

// traces are the ways to find the persons of an account.
func traces(account client.Account) []trace {
	var all []trace
	for _, domain := range domainsOf(account) {
		all = append(all, trace{client.PersonQuery{Search: "@" + domain}, "email domain " + domain, func(p client.Person) bool {
			return domainIn(emailOf(p)) == domain
		}})
	}
	having := func(key string, value any, by string) trace {
		filter := client.PropertyFilter{Key: key, Value: value}
		return trace{client.PersonQuery{Properties: []client.PropertyFilter{filter}}, by, func(client.Person) bool { return true }}
	}
	if known := textsOf(account.Properties["known_emails"]); len(known) > 0 {
		all = append(all, having("email", known[:min(len(known), contactsMost)], "known_emails"))
	}
	if account.ExternalID != nil {
		for _, key := range externalIDKeys {
			all = append(all, having(key, *account.ExternalID, "property "+key))
		}
	}
	if account.Name != "" {
		for _, key := range companyKeys {
			all = append(all, having(key, account.Name, "property "+key))
		}
	}
	return all
}

// domainsOf are the domains of an account's own people.
func domainsOf(account client.Account) []string {
	var domains []string
	for _, text := range append(textsOf(account.Properties["email_domains"]), textsOf(account.Properties["website_domain"])...) {
		domain := domainIn(text)
		if domain != "" && !slices.Contains(mailboxes, domain) && !slices.Contains(domains, domain) {
			domains = append(domains, domain)
		}
	}
	return domains[:min(len(domains), domainsMost)]
}
