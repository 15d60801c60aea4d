package portfolio

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// Match says by what a reference was found.
type Match struct {
	By    string // "id", "external_id", "name", or the property that holds the id
	Exact bool   // false when only the case differs: good for reading, not for writing
}

// String is the match in words for a result.
func (m Match) String() string {
	if !m.Exact {
		return m.By + ", ignoring case"
	}
	return m.By
}

// scanLimit bounds how many accounts are read to find a foreign id, which
// PostHog cannot search for.
const scanLimit = 5000

// Find resolves what a person calls an account: its UUID, its external id, its
// exact name, or an id of another system kept in its properties. What fits
// several accounts is refused with the candidates.
func (b *Book) Find(ctx context.Context, reference string) (client.Account, Match, error) {
	reference = strings.TrimSpace(reference)
	if _, err := uuid.Parse(reference); err == nil && len(reference) == 36 {
		account, err := b.read(ctx, reference)
		if client.KindOf(err) != client.NotFound {
			return account, Match{By: "id", Exact: true}, err
		}
	}
	near, err := b.search(ctx, reference)
	if err != nil {
		return client.Account{}, Match{}, err
	}
	account, match, found, err := pickExact(reference, near)
	if !found && err == nil {
		account, match, found, err = b.findForeign(ctx, reference)
	}
	switch {
	case err != nil:
		return client.Account{}, Match{}, err
	case found:
		account, err = b.complete(ctx, account)
		return account, match, err
	}
	return client.Account{}, Match{}, noSuchAccount(reference, near)
}

// FindToWrite is Find for a write: it never takes an inexact match.
func (b *Book) FindToWrite(ctx context.Context, reference string) (client.Account, Match, error) {
	account, match, err := b.Find(ctx, reference)
	if err == nil && !match.Exact {
		return client.Account{}, match, plain.Refuse("No account is called exactly %q. The nearest is %q (id %s, %s): repeat the call with that id if it is the one you mean.",
			plain.Short(reference), plain.Short(account.Name), account.ID, describe(account))
	}
	return account, match, err
}

// search reads every account whose name or external id contains the reference.
func (b *Book) search(ctx context.Context, reference string) ([]client.Account, error) {
	var found []client.Account
	query := client.AccountQuery{Search: reference, Ordering: "created_at", Limit: 200, IncludeChurned: true, IncludeIgnored: true}
	for account, err := range b.api.Accounts(ctx, query) {
		if err != nil {
			return nil, err
		}
		if found = append(found, account); len(found) == scanLimit {
			break
		}
	}
	return found, nil
}

// pickExact takes the one account that the reference names. Exact matches come
// before those that differ in case.
func pickExact(reference string, accounts []client.Account) (client.Account, Match, bool, error) {
	for _, exact := range []bool{true, false} {
		equal := func(s string) bool { return s == reference || !exact && strings.EqualFold(s, reference) }
		var fits []client.Account
		by := "name"
		for _, account := range accounts {
			external := account.ExternalID != nil && equal(*account.ExternalID)
			if external {
				by = "external_id"
			}
			if external || equal(strings.TrimSpace(account.Name)) {
				fits = append(fits, account)
			}
		}
		if len(fits) == 1 {
			return fits[0], Match{By: by, Exact: exact}, true, nil
		}
		if len(fits) > 1 {
			return client.Account{}, Match{}, true, plain.Ambiguous("account", reference, candidates(fits))
		}
	}
	return client.Account{}, Match{}, false, nil
}

// findForeign reads through the accounts for one that keeps the reference as
// an id of another system.
func (b *Book) findForeign(ctx context.Context, reference string) (client.Account, Match, bool, error) {
	if strings.ContainsAny(reference, " \t\n") || reference == "" {
		return client.Account{}, Match{}, false, nil // no such id has white space
	}
	var fits []client.Account
	var by string
	read := 0
	query := client.AccountQuery{Ordering: "created_at", Limit: 500, IncludeChurned: true, IncludeIgnored: true}
	for account, err := range b.api.Accounts(ctx, query) {
		if err != nil {
			return client.Account{}, Match{}, false, err
		}
		if read++; read > scanLimit {
			return client.Account{}, Match{}, true, plain.Refuse("%q is no account's UUID, external id or name, and this project has more than %d accounts, too many to look through for an id of another system. Use list_accounts with a search.",
				plain.Short(reference), scanLimit)
		}
		if key := foreignKey(account, reference); key != "" {
			fits, by = append(fits, account), key
		}
	}
	switch len(fits) {
	case 0:
		return client.Account{}, Match{}, false, nil
	case 1:
		return fits[0], Match{By: by, Exact: true}, true, nil
	}
	return client.Account{}, Match{}, true, plain.Ambiguous("account", reference, candidates(fits))
}

// foreignKey is the property of an account that holds exactly this text.
func foreignKey(account client.Account, text string) string {
	for _, key := range PropertyKeys {
		var value string
		if json.Unmarshal(account.Properties[key], &value) == nil && value == text {
			return key
		}
	}
	return ""
}

func candidates(accounts []client.Account) []plain.Candidate {
	list := make([]plain.Candidate, len(accounts))
	for i, account := range accounts {
		list[i] = plain.Candidate{ID: account.ID, Name: account.Name, Detail: describe(account)}
	}
	return list
}

// noSuchAccount names what comes near, so that the next call can be right.
func noSuchAccount(reference string, near []client.Account) error {
	if len(near) == 0 {
		return plain.Absent("No account has %q as UUID, external id, name or foreign id. list_accounts with a shorter search shows what there is.", plain.Short(reference))
	}
	const most = 5
	text := "No account is exactly " + quote(reference) + ". These contain it; repeat the call with an id:"
	for _, account := range near[:min(most, len(near))] {
		text += "\n- " + account.ID + ": " + quote(account.Name) + " (" + describe(account) + ")"
	}
	if len(near) > most {
		text += "\n- and more: list_accounts with this search lists them"
	}
	return plain.Absent("%s", text)
}

func quote(text string) string { return `"` + plain.Short(text) + `"` }

// longestTag is what PostHog can store; a longer one crashes it.
const longestTag = 255

func checkTags(tags []string) error {
	for _, tag := range normalTags(tags) {
		if utf8.RuneCountInString(tag) > longestTag {
			return plain.Refuse("Not done: the tag %q is longer than %d characters.", plain.Short(tag), longestTag)
		}
	}
	return nil
}

// normalTags are tags as PostHog stores them: trimmed, lower case, each once.
func normalTags(tags []string) []string {
	var normal []string
	for _, tag := range tags {
		tag = strings.ToLower(strings.TrimSpace(tag))
		if tag != "" && !slices.Contains(normal, tag) {
			normal = append(normal, tag)
		}
	}
	return normal
}
