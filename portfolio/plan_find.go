package portfolio

import (
	"context"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// find is the account that an order is about, the zero Account for a new one,
// and what the order changes of it.
func (p *planner) find(ctx context.Context, order Order) (client.Account, Change, error) {
	switch {
	case order.Found != nil:
		return *order.Found, order.Change, nil
	case order.Account != "":
		account, _, err := p.FindToWrite(ctx, order.Account)
		return account, order.Change, err
	}
	if name, external := trimmed(order.Change.Name), trimmed(order.Change.ExternalID); name == "" && external == "" {
		return client.Account{}, order.Change, plain.Refuse("The row names neither an account nor the name or external_id of a new one.")
	}
	account, err := p.takenBy(ctx, order.Change)
	if err != nil || account.ID == "" {
		return client.Account{}, order.Change, err
	}
	account, err = p.complete(ctx, account)
	return account, order.Change.besides(account), err
}

// besides is a change without the name and the external id that the account has
// already: they said which one is meant.
func (c Change) besides(account client.Account) Change {
	if trimmed(c.Name) == account.Name {
		c.Name = ""
	}
	if trimmed(c.ExternalID) == value(account.ExternalID) {
		c.ExternalID = ""
	}
	return c
}

// takenBy is the account that a new one would be twice, the zero Account if
// there is none. The external id decides; without one the exact name does.
func (b *Book) takenBy(ctx context.Context, change Change) (client.Account, error) {
	name, external := trimmed(change.Name), trimmed(change.ExternalID)
	if external != "" {
		holders, err := b.byExternalID(ctx, external)
		if err != nil {
			return client.Account{}, err
		}
		if len(holders) > 0 {
			return holders[0], nil
		}
	}
	if name == "" {
		return client.Account{}, plain.Refuse("No account has the external_id %s, and a new one needs a name.", quote(external))
	}
	found, err := b.search(ctx, name)
	if err != nil {
		return client.Account{}, err
	}
	namesakes := slices.DeleteFunc(found, func(a client.Account) bool { return strings.TrimSpace(a.Name) != name })
	switch {
	case len(namesakes) == 0:
		return client.Account{}, nil
	case len(namesakes) > 1:
		return client.Account{}, plain.Ambiguous("account", name, candidates(sought{text: name}.graded(namesakes)))
	case external != "":
		return client.Account{}, plain.Refuse("There is an account %s already (id %s, %s), with another external_id than %s. Give account: the id to change that one, or another name for a new one.",
			quote(name), namesakes[0].ID, describe(namesakes[0]), quote(external))
	}
	return namesakes[0], nil
}

// Namesake is the account that keeps a draft from being made, if there is one.
func (b *Book) Namesake(ctx context.Context, draft Draft) (account client.Account, taken bool, err error) {
	account, err = b.takenBy(ctx, Change{Name: draft.Name, ExternalID: draft.ExternalID})
	return account, account.ID != "", err
}

// byExternalID finds who has exactly this external id.
func (b *Book) byExternalID(ctx context.Context, external string) ([]client.Account, error) {
	found, err := b.search(ctx, external)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(a client.Account) bool { return value(a.ExternalID) != external }), nil
}

// maxWalks is how often the accounts that fit are read, when others move them
// from page to page meanwhile.
const maxWalks = 3

// Select reads all accounts that fit a filter, over all pages. More than most
// are refused with their number: what a plan may touch has a limit.
func (b *Book) Select(ctx context.Context, f Filter, most int) (Listing, error) {
	if f.Ordering == "" {
		f.Ordering = "created_at" // what comes into being meanwhile comes last, and moves no page
	}
	for range maxWalks {
		all, whole, err := b.walk(ctx, f, most)
		if err != nil || whole {
			return all, err
		}
	}
	return Listing{}, plain.Refuse("The accounts that fit changed each time they were read, so it is not known which they are. Nothing was planned; try again, or name them by id.")
}

// walk reads the pages of a filter once, and tells whether that is all of it.
func (b *Book) walk(ctx context.Context, f Filter, most int) (all Listing, whole bool, err error) {
	const page = 100
	seen, read := map[string]bool{}, 0
	for offset := 0; ; offset += page {
		next, err := b.List(ctx, f, offset, page)
		if err != nil {
			return Listing{}, false, err
		}
		read += len(next.Accounts)
		accounts := append(all.Accounts, slices.DeleteFunc(next.Accounts, func(a client.Account) bool { return seen[a.ID] })...)
		for _, account := range accounts[len(all.Accounts):] {
			seen[account.ID] = true
		}
		all = next
		all.Accounts = accounts
		switch {
		case all.Total != nil && *all.Total > most:
			return Listing{}, false, plain.Refuse("Nothing was planned: %d accounts fit, and a plan may touch at most %d here. Narrow the filter, or plan in parts.", *all.Total, most)
		case len(accounts) > most:
			return Listing{}, false, plain.Refuse("Nothing was planned: more than %d accounts fit, which is the most a plan may touch here. Narrow the filter, or plan in parts.", most)
		case !next.More:
			return all, len(accounts) == read && (all.Total == nil || *all.Total == len(accounts)), nil
		}
	}
}
