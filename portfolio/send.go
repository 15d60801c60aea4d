package portfolio

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// sending is what happened to a change on its way, apart from its effect.
type sending struct {
	lost    error // PostHog's answer to a step did not arrive
	trouble error // a later step failed after an earlier one was done
	apart   bool  // roles went into relationships, or would have
}

// step is one request of a change.
type step func(context.Context) error

// run makes the requests of a change, one after the other. Only the first can
// be refused as if nothing had happened; after that, what was done stands.
func run(ctx context.Context, steps []step) (sending, error) {
	for i, do := range steps {
		switch err := do(ctx); {
		case unclear(err):
			return sending{lost: err}, nil
		case err != nil && i == 0:
			return sending{}, err
		case err != nil:
			return sending{trouble: err}, nil
		}
	}
	return sending{}, nil
}

// then is what is to be said of two runs, one after the other.
func (s sending) then(next sending, err error) sending {
	return sending{cmp.Or(s.lost, next.lost), cmp.Or(s.trouble, err, next.trouble), s.apart || next.apart}
}

// remark is what a receipt says besides its outcome.
func (s sending) remark(outcome journal.Outcome) string {
	var texts []string
	if s.trouble != nil {
		texts = append(texts, "A step failed after an earlier one was done: "+plain.Explain(s.trouble))
	}
	if s.lost != nil {
		texts = append(texts, "PostHog's answer was lost; this is what was read afterwards.")
	}
	switch outcome {
	case journal.Ignored:
		if s.lost != nil {
			texts = append(texts, "The change is not there: it was not made, as far as can be seen. Repeat the call if it is still wanted.")
			break
		}
		texts = append(texts, "PostHog took the request but changed nothing.")
	case journal.Partial:
		texts = append(texts, "Only part of the change is there: compare after with what was asked.")
	case journal.Overridden:
		texts = append(texts, "Something else is there now than was asked for: somebody changed it at the same time.")
	}
	return strings.Join(texts, " ")
}

// steps are the requests of a change: one for the account itself, and one for
// each role where PostHog keeps roles as relationships. Taking a role off comes
// first, as PostHog may let no key do it, and then nothing else is done either.
func (b *Book) steps(accountID string, roles []handover, patch step) (steps []step) {
	for _, role := range roles {
		if role.user == 0 {
			steps = append(steps, b.handoverSteps(accountID, role)...)
		}
	}
	if patch != nil {
		steps = append(steps, patch)
	}
	for _, role := range roles {
		if role.user != 0 {
			steps = append(steps, b.handoverSteps(accountID, role)...)
		}
	}
	return steps
}

// giveDropped finds out that a PostHog took roles among the properties and
// kept none of them: it keeps them as relationships, and there they go, unless
// it has said that it has none.
func (b *Book) giveDropped(ctx context.Context, answer client.Account, roles map[Role]Holder) (sending, error) {
	dropped := false
	for role, holder := range roles {
		dropped = dropped || holder.ID != 0 && HolderOf(answer, role) == nil
	}
	if !dropped || b.api.KnownRolesIn() == client.RolesInProperties {
		return sending{}, nil
	}
	b.api.LearnRoles(client.RolesInRelationships)
	return b.hand(ctx, answer.ID, roles)
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
