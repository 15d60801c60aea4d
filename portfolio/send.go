package portfolio

import (
	"context"
	"errors"
	"slices"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// sending is what happened to a change on its way, apart from its effect.
type sending struct {
	lost    error  // PostHog's answer did not arrive
	trouble string // a later step that failed after an earlier one was done
}

// send makes the requests of a change: one for the account itself, and one for
// each role where PostHog keeps roles as relationships. What can be refused is
// found out before the first of them.
func (b *Book) send(ctx context.Context, account client.Account, aimed target) (sending, error) {
	apart, err := b.keepsRolesApart(ctx, account)
	if err != nil {
		return sending{}, err
	}
	var roles []handover
	if apart {
		if roles, err = b.handovers(ctx, account.ID, aimed.roles()); err != nil {
			return sending{}, err
		}
	}
	patch, needed := aimed.patch(apart)
	if !needed {
		done, err := b.hand(ctx, account.ID, roles)
		if err != nil && done == 0 {
			return sending{}, err
		}
		return sending{trouble: troubled(err)}, nil
	}
	answer, err := b.api.PatchAccount(ctx, account.ID, patch)
	switch {
	case unclear(err):
		return sending{lost: err}, nil
	case err != nil:
		return sending{}, err
	case !apart:
		roles, err = b.droppedRoles(ctx, answer, aimed.roles())
	}
	if err == nil {
		_, err = b.hand(ctx, account.ID, roles)
	}
	return sending{trouble: troubled(err)}, nil
}

// troubled words the failure of a later step.
func troubled(err error) string {
	if err == nil {
		return ""
	}
	return plain.Explain(err)
}

// droppedRoles finds out that a PostHog took roles among the properties and
// kept none of them: it keeps them as relationships, and these are to do.
func (b *Book) droppedRoles(ctx context.Context, answer client.Account, roles map[Role]Holder) ([]handover, error) {
	for role, holder := range roles {
		if holder.ID != 0 && HolderOf(answer, role) == nil {
			b.api.LearnRoles(client.RolesInRelationships)
			return b.handovers(ctx, answer.ID, roles)
		}
	}
	return nil, nil
}

// roles are the roles that change, with the zero Holder for nobody.
func (t target) roles() map[Role]Holder {
	roles := map[Role]Holder{}
	for _, role := range Roles {
		if _, changes := t.wanted[string(role)]; !changes {
			continue
		}
		roles[role] = Holder{}
		if holder := HolderOf(t.account, role); holder != nil {
			roles[role] = *holder
		}
	}
	return roles
}

// patch holds only what differs, and tells whether that is anything. Roles are
// left out where they are kept apart.
func (t target) patch(rolesApart bool) (p client.AccountPatch, needed bool) {
	properties := t.account.Properties
	if rolesApart {
		properties = withoutRoles(properties)
	}
	for field := range t.wanted {
		switch {
		case field == "name":
			p.Name = client.Set(t.account.Name)
		case field == "external_id" && t.account.ExternalID == nil:
			p.ExternalID = client.Null[string]()
		case field == "external_id":
			p.ExternalID = client.Set(*t.account.ExternalID)
		case field == "tags":
			p.Tags = client.Set(t.account.Tags)
		case rolesApart && slices.Contains(Roles, Role(field)):
			continue
		default:
			p.Properties = client.Set(properties)
		}
		needed = true
	}
	return p, needed
}

// unclear tells whether a failed write may have happened all the same.
func unclear(err error) bool {
	failure, ok := errors.AsType[*client.Error](err)
	return ok && failure.Sent
}

// unseen words a write that could not be read back.
func unseen(writeErr, readErr error) error {
	if writeErr != nil {
		return plain.Refuse("Outcome unknown: PostHog did not answer the change, nor the look afterwards. The change may or may not be there. Read the object before you repeat anything.")
	}
	return plain.Refuse("PostHog accepted the change, but it could not be read back (%s). Read the object to see what is there now.", plain.Explain(readErr))
}
