package portfolio

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/recent"
)

// PostHog keeps roles in one of two places. The documented generation keeps
// them in an account's properties; the newer one as relationships, whose names
// every team defines itself. A Book hides the difference: wherever roles are
// kept, an account it gives out shows them in its properties, and a change of
// roles goes where they are kept.

// roleNames are what teams call the roles that people know by these names.
var roleNames = map[Role][]string{
	CSM:              {"csm", "customersuccessmanager", "customersuccess"},
	AccountExecutive: {"accountexecutive", "ae"},
	AccountOwner:     {"accountowner", "owner"},
}

// roleOf is the role that a relationship definition's name stands for, or "".
func roleOf(name string) Role {
	letters := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	for role, names := range roleNames {
		if slices.Contains(names, letters) {
			return role
		}
	}
	return ""
}

// relationshipReaders is how many accounts' relationships are read at a time.
const relationshipReaders = 8

// relationshipCache keeps relationships for a short while, apart by key: a
// list that is filtered by role has to read those of every account.
type relationshipCache = recent.Cache[[]client.Relationship]

func newRelationshipCache() *relationshipCache {
	return recent.New[[]client.Relationship](2*time.Minute, 20_000)
}

// Relationships are who holds which role for an account, team-defined roles
// included, where PostHog keeps them as relationships.
func (b *Book) Relationships(ctx context.Context, accountID string) ([]client.Relationship, error) {
	return b.directory.relationships.Get(ctx, b.cacheKey(accountID), func(ctx context.Context) ([]client.Relationship, error) {
		return b.api.Relationships(ctx, accountID, false)
	})
}

func (b *Book) cacheKey(accountID string) string {
	return fmt.Sprintf("%s %d %s", b.session.Key().Fingerprint(), b.api.ID(), accountID)
}

// Relationship is a colleague's part in an account.
type Relationship struct {
	Role  string `json:"role" jsonschema_description:"csm, account_executive, account_owner, or what the team calls a role of its own."`
	Email string `json:"email,omitempty"`
	User  int64  `json:"user,omitempty"`
	Since string `json:"since,omitempty"`
}

// Holders are who holds which role for an account that was just read:
// team-defined roles included where PostHog keeps roles as relationships.
func (b *Book) Holders(ctx context.Context, account client.Account) ([]Relationship, error) {
	list, _, err := b.holders(ctx, account)
	return list, err
}

// holders is Holders, with the relationships that tell, if they do.
func (b *Book) holders(ctx context.Context, account client.Account) ([]Relationship, []client.Relationship, error) {
	apart, err := b.keepsRolesApart(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	list := []Relationship{}
	if !apart {
		for _, role := range Roles {
			if holder := HolderOf(account, role); holder != nil {
				list = append(list, Relationship{Role: string(role), Email: holder.Email, User: holder.ID})
			}
		}
		return list, nil, nil
	}
	held, err := b.Relationships(ctx, account.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range held {
		one := Relationship{Role: cmp.Or(string(roleOf(r.Definition.Name)), r.Definition.Name), Since: r.StartedAt.UTC().Format(time.DateOnly)}
		if r.User != nil {
			one.Email, one.User = r.User.Email, r.User.ID
		}
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b Relationship) int { return rank(a.Role) - rank(b.Role) })
	return list, held, nil
}

// rank is the place of a role in lists: those that everybody knows come first.
func rank(role string) int {
	if at := slices.Index(Roles, Role(role)); at >= 0 {
		return at
	}
	return len(Roles)
}

// held is the relationships of accounts by their ids, for those accounts that
// keep their roles there.
type held map[string][]client.Relationship

// withRoles gives accounts with their roles among their properties, and the
// relationships that it read for it.
func (b *Book) withRoles(ctx context.Context, accounts []client.Account) ([]client.Account, held, error) {
	shown, read := slices.Clone(accounts), make([][]client.Relationship, len(accounts))
	readers, reading := errgroup.WithContext(ctx)
	readers.SetLimit(relationshipReaders)
	for i, account := range accounts {
		elsewhere, err := b.keepsRelationships(ctx, account)
		if err != nil {
			_ = readers.Wait() // of what they read nothing is needed any more
			return nil, nil, err
		}
		if !elsewhere {
			continue
		}
		readers.Go(func() (err error) {
			read[i], err = b.Relationships(reading, account.ID)
			return err
		})
	}
	if err := readers.Wait(); err != nil {
		return nil, nil, err
	}
	all := held{}
	for i, relationships := range read {
		if relationships == nil {
			continue
		}
		all[accounts[i].ID] = relationships
		shown[i] = b.showHeld(accounts[i], relationships)
	}
	return shown, all, nil
}

// showHeld is showRoles, and learns from it where this PostHog keeps roles.
func (b *Book) showHeld(account client.Account, held []client.Relationship) client.Account {
	shown := showRoles(account, held)
	if !hasAnyRole(account) && hasAnyRole(shown) {
		b.api.LearnRoles(client.RolesInRelationships) // a team's own kinds of relationships prove nothing
	}
	return shown
}

// forget drops what is remembered of the relationships of accounts.
func (b *Book) forget(accounts []client.Account) {
	for _, account := range accounts {
		b.directory.relationships.Drop(b.cacheKey(account.ID))
	}
}

// remembers tells whether the roles of any of these accounts would be shown as
// they were a while ago.
func (b *Book) remembers(accounts []client.Account) bool {
	return slices.ContainsFunc(accounts, func(account client.Account) bool {
		_, kept := b.directory.relationships.Peek(b.cacheKey(account.ID))
		return kept
	})
}

// read reads one account, its roles as they are now. Where roles take a request
// of their own it comes first: what is said of an account then holds at the
// moment of the last answer, and no replace of its properties slips in between.
func (b *Book) read(ctx context.Context, id string) (client.Account, error) {
	var held []client.Relationship
	var err error
	first := b.api.KnownRolesIn()
	if apart := first == client.RolesInRelationships || first == client.RolesUnknown; apart {
		if held, err = b.relationshipsNow(ctx, id); err != nil && client.KindOf(err) != client.NotFound {
			return client.Account{}, err
		}
	}
	account, err := b.readAlone(ctx, id)
	if err != nil {
		return account, err
	}
	elsewhere, err := b.keepsRelationships(ctx, account)
	switch {
	case err != nil:
		return client.Account{}, err
	case !elsewhere:
		return account, nil
	case held == nil: // that roles are kept apart was not known before
		if held, err = b.relationshipsNow(ctx, id); err != nil {
			return client.Account{}, err
		}
		if account, err = b.readAlone(ctx, id); err != nil {
			return account, err
		}
	}
	return b.showHeld(account, held), nil
}

// readAlone reads what one request tells of an account.
func (b *Book) readAlone(ctx context.Context, id string) (client.Account, error) {
	asked := time.Now()
	account, err := b.api.Account(ctx, id)
	switch {
	case client.KindOf(err) == client.NotFound:
		b.note(strings.ToLower(id), nil)
	case err == nil:
		b.note(account.ID, &account)
		b.seen.Store(id, reading{asked: asked, answered: time.Now()})
	}
	return account, err
}

// relationshipsNow reads the relationships of an account anew.
func (b *Book) relationshipsNow(ctx context.Context, id string) ([]client.Relationship, error) {
	b.directory.relationships.Drop(b.cacheKey(id))
	held, err := b.Relationships(ctx, id)
	if err == nil && held == nil {
		held = []client.Relationship{} // read, and nobody holds anything
	}
	return held, err
}

// reading is when an account was asked for and when the answer came.
type reading struct{ asked, answered time.Time }

// isFresh tells whether an account was read just now, by itself, as a list may
// have taken its time, and after the last write of ours.
func (b *Book) isFresh(id string, lastWrite time.Time) bool {
	kept, _ := b.seen.Load(id)
	last, read := kept.(reading)
	return read && time.Since(last.answered) < fresh && last.asked.After(lastWrite)
}

// complete shows the roles of one account that a list showed just now.
func (b *Book) complete(ctx context.Context, account client.Account) (client.Account, error) {
	one := []client.Account{account}
	b.forget(one)
	shown, _, err := b.withRoles(ctx, one)
	if err != nil {
		return client.Account{}, err
	}
	return shown[0], nil
}

// keepsRelationships tells whether an account's roles have to be read from its
// relationships. Where that cannot be known, an account that has a role among
// its properties keeps them there.
func (b *Book) keepsRelationships(ctx context.Context, account client.Account) (bool, error) {
	if account.Newer {
		return true, nil
	}
	place, err := b.api.RolesIn(ctx)
	if err != nil || place == client.RolesInProperties {
		return false, err
	}
	return place == client.RolesInRelationships || !hasAnyRole(account), nil
}

// showRoles is an account with its relationships among its properties, in the
// form the documented generation gives them.
func showRoles(account client.Account, held []client.Relationship) client.Account {
	account.Properties = maps.Clone(account.Properties)
	if account.Properties == nil {
		account.Properties = map[string]json.RawMessage{}
	}
	for _, r := range held {
		role := roleOf(r.Definition.Name)
		if role == "" || r.User == nil || r.EndedAt != nil {
			continue
		}
		if _, shown := account.Properties[string(role)]; !shown { // the newest comes first
			account.Properties[string(role)] = Holder{ID: r.User.ID, Email: r.User.Email}.stored()
		}
	}
	return account
}

// withoutRoles is properties as a PostHog takes them that keeps roles as
// relationships.
func withoutRoles(properties map[string]json.RawMessage) map[string]json.RawMessage {
	properties = maps.Clone(properties)
	for _, role := range Roles {
		delete(properties, string(role))
	}
	return properties
}
