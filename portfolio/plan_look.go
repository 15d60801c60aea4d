package portfolio

import (
	"context"
	"slices"

	"posthog-accounts-mcp/client"
)

// What a step was about to make when its server ended is looked for later: by
// what is new since then and by its content, as after a lost answer.

// WrittenSince looks for a note that was about to be written on an account, as
// the account was read right before. Notes whose ids are known to be others'
// are left out.
func (b *Book) WrittenSince(ctx context.Context, account client.Account, title, markdown string, known []string) (note client.Notebook, there bool, err error) {
	title, markdown = sendable(account, title, markdown)
	_, equal, err := b.writtenSince(ctx, account, title, markdown, func(id string) bool { return slices.Contains(known, id) })
	if err != nil || len(equal) == 0 {
		return client.Notebook{}, false, err
	}
	return equal[0], true, nil
}

// MadeSince looks for an account that was about to be made, when there was none
// of its external id or name.
func (b *Book) MadeSince(ctx context.Context, draft Draft) (account client.Account, there bool, err error) {
	account, there, err = b.Namesake(ctx, draft)
	if err != nil || !there || !b.byMe(ctx, value(account.CreatedBy)) {
		return client.Account{}, false, err
	}
	account, err = b.read(ctx, account.ID)
	return account, err == nil, err
}

// Custom finds custom properties of an account by id, with their values.
func (b *Book) Custom(ctx context.Context, accountID string, ids []string) (map[string]Property, error) {
	all, err := b.Properties(ctx, accountID)
	if err != nil {
		return nil, err
	}
	found := map[string]Property{}
	for _, property := range all {
		if slices.Contains(ids, property.ID) {
			found[property.ID] = property
		}
	}
	return found, nil
}
