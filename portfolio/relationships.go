package portfolio

import (
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
	"posthog-accounts-mcp/internal/plain"
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
	Role  string `json:"role" jsonschema_description:"Named as the team names it."`
	Email string `json:"email,omitempty"`
	User  int64  `json:"user,omitempty"`
	Since string `json:"since,omitempty"`
}

// Holders are who holds which role for an account that was just read:
// team-defined roles included where PostHog keeps roles as relationships.
func (b *Book) Holders(ctx context.Context, account client.Account) ([]Relationship, error) {
	apart, err := b.keepsRolesApart(ctx, account)
	if err != nil {
		return nil, err
	}
	list := []Relationship{}
	if !apart {
		for _, role := range Roles {
			if holder := HolderOf(account, role); holder != nil {
				list = append(list, Relationship{Role: string(role), Email: holder.Email, User: holder.ID})
			}
		}
		return list, nil
	}
	held, err := b.Relationships(ctx, account.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range held {
		one := Relationship{Role: r.Definition.Name, Since: r.StartedAt.UTC().Format(time.DateOnly)}
		if r.User != nil {
			one.Email, one.User = r.User.Email, r.User.ID
		}
		list = append(list, one)
	}
	return list, nil
}

// withRoles shows the roles of accounts in their properties, reading the
// relationships of those that keep them there.
func (b *Book) withRoles(ctx context.Context, accounts []client.Account) error {
	var readers errgroup.Group
	readers.SetLimit(relationshipReaders)
	for i := range accounts {
		elsewhere, err := b.keepsRelationships(ctx, accounts[i])
		if err != nil {
			return err
		}
		if !elsewhere {
			continue
		}
		readers.Go(func() error {
			held, err := b.Relationships(ctx, accounts[i].ID)
			if err != nil {
				return err
			}
			if len(held) > 0 {
				b.api.LearnRoles(client.RolesInRelationships)
			}
			accounts[i] = showRoles(accounts[i], held)
			return nil
		})
	}
	return readers.Wait()
}

// read reads one account, its roles as they are now.
func (b *Book) read(ctx context.Context, id string) (client.Account, error) {
	account, err := b.api.Account(ctx, id)
	if err != nil {
		return account, err
	}
	return b.complete(ctx, account)
}

// complete shows the roles of one account that was just read.
func (b *Book) complete(ctx context.Context, account client.Account) (client.Account, error) {
	b.directory.relationships.Drop(b.cacheKey(account.ID))
	one := []client.Account{account}
	err := b.withRoles(ctx, one)
	return one[0], err
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

// keepsRolesApart tells whether changes of an account's roles go into
// relationships. Where that cannot be known they go into its properties, and
// reading back shows whether PostHog kept them there.
func (b *Book) keepsRolesApart(ctx context.Context, account client.Account) (bool, error) {
	if account.Newer {
		return true, nil
	}
	place, err := b.api.RolesIn(ctx)
	return place == client.RolesInRelationships, err
}

// handover is one role to give or to end, worked out before anything is sent.
type handover struct {
	role       Role
	definition string
	user       int64  // 0 ends
	ends       string // the relationship to end
}

// handovers works out what giving roles takes.
func (b *Book) handovers(ctx context.Context, accountID string, roles map[Role]Holder) ([]handover, error) {
	if len(roles) == 0 {
		return nil, nil
	}
	definitions, err := b.api.RelationshipDefinitions(ctx)
	if err != nil {
		return nil, err
	}
	var held []client.Relationship
	if accountID != "" {
		if held, err = b.api.Relationships(ctx, accountID, false); err != nil {
			return nil, err
		}
	}
	var list []handover
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		definition, err := definitionOf(role, definitions)
		if err != nil {
			return nil, err
		}
		h := handover{role: role, definition: definition.ID, user: roles[role].ID}
		if h.user == 0 {
			at := slices.IndexFunc(held, func(r client.Relationship) bool { return r.Definition.ID == definition.ID })
			if at < 0 {
				continue // nobody holds it already
			}
			h.ends = held[at].ID
		}
		list = append(list, h)
	}
	return list, nil
}

// definitionOf finds the team's name for a role.
func definitionOf(role Role, definitions []client.RelationshipDefinition) (client.RelationshipDefinition, error) {
	var fits []client.RelationshipDefinition
	names := make([]string, len(definitions))
	for i, d := range definitions {
		names[i] = d.Name
		if roleOf(d.Name) == role {
			fits = append(fits, d)
		}
	}
	slices.Sort(names)
	switch {
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1:
		return client.RelationshipDefinition{}, plain.Refuse("This project has several relationships that could be the %s: %s. Assign it in PostHog.", role, strings.Join(names, ", "))
	case len(names) == 0:
		return client.RelationshipDefinition{}, plain.Refuse("This project keeps roles as relationships and has defined none, so there is no %s to assign. An admin defines them in PostHog.", role)
	}
	return client.RelationshipDefinition{}, plain.Refuse("This project has no relationship that is the %s. It has: %s.", role, strings.Join(names, ", "))
}

// hand carries out handovers, one after the other, and tells how many are done.
func (b *Book) hand(ctx context.Context, accountID string, list []handover) (done int, err error) {
	defer b.directory.relationships.Drop(b.cacheKey(accountID))
	for _, h := range list {
		if h.user != 0 {
			_, err = b.api.Assign(ctx, accountID, h.definition, h.user)
		} else if err = b.api.EndRelationship(ctx, accountID, h.ends); client.KindOf(err) == client.NoKeyAccess {
			err = plain.Refuse("This PostHog lets no API key take the %s off an account. Give it to somebody else instead, or end it in the PostHog app.", h.role)
		}
		if err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}
