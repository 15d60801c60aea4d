package portfolio

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/journal"
)

// Change is what to change of an account. What it does not name stays.
type Change struct {
	Name       string
	ExternalID string
	Set        map[string]json.RawMessage // properties by name
	Unset      []string                   // properties to remove, or external_id
	TagsAdd    []string
	TagsRemove []string
	Roles      map[Role]string // e-mail, user id, me; none or unassigned removes
}

func (c Change) isEmpty() bool {
	return c.Name == "" && c.ExternalID == "" && len(c.Set)+len(c.Unset)+len(c.TagsAdd)+len(c.TagsRemove)+len(c.Roles) == 0
}

// target is an account as a change wants it.
type target struct {
	account client.Account
	wanted  map[string]any // the fields that differ, as they shall be; nil removes
}

// aim works out what the account becomes, resolving colleagues.
func (b *Book) aim(ctx context.Context, account client.Account, change Change) (target, error) {
	if err := change.Check(); err != nil {
		return target{}, err
	}
	next := account
	next.Properties = maps.Clone(account.Properties)
	if next.Properties == nil {
		next.Properties = map[string]json.RawMessage{}
	}
	if change.Name != "" {
		next.Name = trimmed(change.Name)
	}
	if change.ExternalID != "" {
		external := trimmed(change.ExternalID)
		next.ExternalID = &external
	}
	for _, key := range change.Unset {
		if key == "external_id" {
			next.ExternalID = nil
		}
		delete(next.Properties, key)
	}
	maps.Copy(next.Properties, change.Set)
	for role, who := range change.Roles {
		if who == None || who == Unassigned {
			delete(next.Properties, string(role))
			continue
		}
		holder, err := b.holder(ctx, who)
		if err != nil {
			return target{}, err
		}
		if now := HolderOf(account, role); now != nil && now.ID == holder.ID {
			continue // whatever the e-mail that is on record
		}
		next.Properties[string(role)] = holder.stored()
	}
	next.Tags = change.tags(account.Tags)
	return target{next, difference(State(account), State(next))}, nil
}

// tags are an account's tags after the change. Those it has stay as they are
// stored, even where PostHog would write them differently today.
func (c Change) tags(stored []string) []string {
	add, remove := normalTags(c.TagsAdd), normalTags(c.TagsRemove)
	tags := slices.DeleteFunc(slices.Clone(stored), func(tag string) bool {
		return slices.ContainsFunc(normalTags([]string{tag}), func(tag string) bool { return slices.Contains(remove, tag) })
	})
	return append(tags, without(add, normalTags(tags))...)
}

// Check refuses a change that asks for nothing, for a thing and its opposite,
// or for what cannot be. It asks PostHog nothing.
func (c Change) Check() error {
	switch {
	case c.isEmpty():
		return plain.Refuse("Nothing to change: give name, external_id, set, unset, tags_add, tags_remove, csm, account_executive or account_owner.")
	case c.Name != "" && trimmed(c.Name) == "":
		return plain.Refuse("Not done: the name is blank.")
	case c.ExternalID != "" && trimmed(c.ExternalID) == "":
		return plain.Refuse("Not done: the external_id is blank. To take it away, name external_id in unset.")
	}
	for _, key := range c.Unset {
		if err := unsettable(key); err != nil {
			return err
		}
		if _, set := c.Set[key]; set || key == "external_id" && c.ExternalID != "" {
			return plain.Refuse("Not done: %s is both set and unset in the same call.", key)
		}
	}
	for _, tag := range normalTags(c.TagsRemove) {
		if slices.Contains(normalTags(c.TagsAdd), tag) {
			return plain.Refuse("Not done: the tag %q is both added and removed in the same call.", plain.Short(tag))
		}
	}
	return checkTags(c.TagsAdd)
}

// unsettable refuses to empty what has no such name.
func unsettable(key string) error {
	known := append([]string{"external_id"}, PropertyKeys...)
	switch {
	case slices.Contains(known, key):
		return nil
	case slices.Contains(Roles, Role(key)):
		return plain.Refuse("Not done: to take the %s off an account, give %s: \"none\" instead of naming it in unset.", key, key)
	}
	if near := schema.Nearest(key, known); near != "" {
		return plain.Refuse("Not done: accounts have no %q to empty; did you mean %q?", plain.Short(key), near)
	}
	return plain.Refuse("Not done: accounts have no %q to empty. There are %s.", plain.Short(key), strings.Join(known, ", "))
}

// difference is the fields of next that are not as in base; nil where next has
// none.
func difference(base, next map[string]any) map[string]any {
	changed := map[string]any{}
	for field, value := range next {
		if !same(value, base[field]) {
			changed[field] = value
		}
	}
	for field := range base {
		if _, kept := next[field]; !kept {
			changed[field] = nil
		}
	}
	return changed
}

// Preview tells what a change would do, and does nothing. It refuses what is
// known to be refused.
func (b *Book) Preview(ctx context.Context, account client.Account, change Change) (before, after map[string]any, err error) {
	aimed, err := b.aim(ctx, account, change)
	if err != nil {
		return nil, nil, err
	}
	apart, err := b.keepsRolesApart(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	if _, _, err := b.steps(ctx, account, aimed, apart); err != nil {
		return nil, nil, err
	}
	return pick(State(account), aimed.wanted), aimed.wanted, nil
}

// Update changes an account that was just read. PostHog replaces properties and
// tags as a whole, so both are sent complete, with only the named members
// changed; the account is read back to tell what is there now.
func (b *Book) Update(ctx context.Context, account client.Account, change Change) (Result, error) {
	aimed, err := b.aim(ctx, account, change)
	if err != nil {
		return Result{}, err
	}
	before := pick(State(account), aimed.wanted)
	if len(aimed.wanted) == 0 {
		return Result{Outcome: journal.Ignored, Account: account, Before: before, After: before, Note: "It is already so; nothing was sent."}, nil
	}
	sent, err := b.send(ctx, account, aimed)
	if err != nil {
		return Result{}, err
	}
	found, err := b.read(ctx, account.ID)
	if err != nil {
		return Result{}, unseen(sent.lost, err)
	}
	result := Result{Account: found, Before: before, After: pick(State(found), aimed.wanted), RolesApart: sent.apart}
	result.Outcome = journal.Compare(before, aimed.named(found), result.After, same)
	result.Note = sent.remark(result.Outcome)
	return result, nil
}

// named is what was wanted, with the e-mails of colleagues of whom only the id
// was known, where they hold the role now.
func (t target) named(found client.Account) map[string]any {
	wanted := maps.Clone(t.wanted)
	for role, holder := range t.roles() {
		if now := HolderOf(found, role); now != nil && now.ID == holder.ID {
			wanted[string(role)] = now.Ref()
		}
	}
	return wanted
}
