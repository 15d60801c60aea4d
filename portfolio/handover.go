package portfolio

import (
	"context"
	"maps"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

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
	user       int64    // 0 for nobody
	ends       []string // the relationships to end then
}

// handovers works out what giving roles takes, for an account with these
// relationships.
func (b *Book) handovers(ctx context.Context, roles map[Role]Holder, held []client.Relationship) ([]handover, error) {
	if len(roles) == 0 {
		return nil, nil
	}
	definitions, err := b.api.RelationshipDefinitions(ctx)
	if err != nil {
		return nil, err
	}
	var list []handover
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		definition, err := definitionOf(role, definitions)
		if err != nil {
			return nil, err
		}
		h := handover{role: role, definition: definition.ID, user: roles[role].ID}
		if h.user == 0 {
			for _, r := range held {
				if r.Definition.ID == definition.ID {
					h.ends = append(h.ends, r.ID)
				}
			}
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

// handoverSteps are the requests of a handover.
func (b *Book) handoverSteps(accountID string, h handover) []step {
	if h.user != 0 {
		return []step{func(ctx context.Context) error {
			_, err := b.api.Assign(ctx, accountID, h.definition, h.user)
			return err
		}}
	}
	steps := make([]step, len(h.ends))
	for i, relationship := range h.ends {
		steps[i] = func(ctx context.Context) error { return b.end(ctx, accountID, h.role, relationship) }
	}
	return steps
}

// end ends a relationship. One that has ended meanwhile is as good.
func (b *Book) end(ctx context.Context, accountID string, role Role, relationship string) error {
	err := b.api.EndRelationship(ctx, accountID, relationship)
	switch client.KindOf(err) {
	case client.NotFound:
		return nil
	case client.NoKeyAccess:
		return plain.Refuse("This PostHog lets no API key take the %s off an account. Give it to somebody else, or end it in the PostHog app; without %[1]s the rest of the call goes through.", role)
	}
	return err
}

// hand gives roles as relationships, when that turns out to be their place.
func (b *Book) hand(ctx context.Context, accountID string, roles map[Role]Holder) (sending, error) {
	held, err := b.relationshipsNow(ctx, accountID)
	if err != nil {
		return sending{}, err
	}
	list, err := b.handovers(ctx, roles, held)
	if err != nil {
		return sending{}, err
	}
	var steps []step
	for _, role := range list {
		steps = append(steps, b.handoverSteps(accountID, role)...)
	}
	sent, err := run(ctx, steps)
	sent.apart = true
	return sent, err
}
