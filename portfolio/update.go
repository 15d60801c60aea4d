package portfolio

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/policy"
	"posthog-accounts-mcp/internal/schema"
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

// IsEmpty tells that nothing is to be changed.
func (c Change) IsEmpty() bool {
	return c.Name == "" && c.ExternalID == "" && len(c.Set)+len(c.Unset)+len(c.TagsAdd)+len(c.TagsRemove)+len(c.Roles) == 0
}

// fields are the fields that a change names, besides tags.
func (c Change) fields() []string {
	named := slices.Concat(c.Unset, slices.Collect(maps.Keys(c.Set)))
	for role := range c.Roles {
		named = append(named, string(role))
	}
	if c.Name != "" {
		named = append(named, "name")
	}
	if c.ExternalID != "" {
		named = append(named, "external_id")
	}
	return named
}

// allowed refuses a change that names what the operator lets nobody write.
func (b *Book) allowed(c Change) error {
	if err := b.policy.Fields(policy.Account, c.fields()...); err != nil {
		return err
	}
	return b.policy.Tags(slices.Concat(c.TagsAdd, c.TagsRemove)...)
}

// target is an account as a change wants it.
type target struct {
	account client.Account
	wanted  map[string]any // the fields that differ, as they shall be; nil removes
}

// delta is a change that needs to ask nobody any more: it can be laid over
// whatever state the account is found in.
type delta struct {
	Change
	holders map[Role]Holder // the zero Holder takes the role off
}

// resolve checks a change and finds out which colleagues it means.
func (b *Book) resolve(ctx context.Context, change Change) (delta, error) {
	if err := change.Check(); err != nil {
		return delta{}, err
	}
	d := delta{change, map[Role]Holder{}}
	for role, who := range change.Roles {
		if who == None || who == Unassigned {
			d.holders[role] = Holder{}
			continue
		}
		holder, err := b.holder(ctx, who)
		if err != nil {
			return delta{}, err
		}
		d.holders[role] = holder
	}
	return d, nil
}

// on is what the account becomes. Laid over a state that has the change
// already, it wants nothing.
func (d delta) on(account client.Account) target {
	next := account
	next.Properties = maps.Clone(account.Properties)
	if next.Properties == nil {
		next.Properties = map[string]json.RawMessage{}
	}
	if d.Name != "" {
		next.Name = trimmed(d.Name)
	}
	if d.ExternalID != "" {
		external := trimmed(d.ExternalID)
		next.ExternalID = &external
	}
	for _, key := range d.Unset {
		if key == "external_id" {
			next.ExternalID = nil
		}
		delete(next.Properties, key)
	}
	maps.Copy(next.Properties, d.Set)
	for role, holder := range d.holders {
		now := HolderOf(account, role)
		switch {
		case holder.ID == 0:
			delete(next.Properties, string(role))
		case now == nil || now.ID != holder.ID: // whatever the e-mail that is on record
			next.Properties[string(role)] = holder.stored()
		}
	}
	next.Tags = d.tags(account.Tags)
	return target{next, difference(State(account), State(next))}
}

// only is the part of a delta that concerns these fields.
func (d delta) only(fields []string) delta {
	named := func(field string) bool { return slices.Contains(fields, field) }
	part := delta{holders: maps.Clone(d.holders)}
	if named("name") {
		part.Name = d.Name
	}
	if named("external_id") {
		part.ExternalID = d.ExternalID
	}
	if named("tags") {
		part.TagsAdd, part.TagsRemove = d.TagsAdd, d.TagsRemove
	}
	part.Set = maps.Clone(d.Set)
	maps.DeleteFunc(part.Set, func(key string, _ json.RawMessage) bool { return !named(key) })
	part.Unset = slices.DeleteFunc(slices.Clone(d.Unset), func(key string) bool { return !named(key) })
	maps.DeleteFunc(part.holders, func(role Role, _ Holder) bool { return !named(string(role)) })
	return part
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
	case c.IsEmpty():
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
	if err := b.allowed(change); err != nil {
		return nil, nil, err
	}
	delta, err := b.resolve(ctx, change)
	if err != nil {
		return nil, nil, err
	}
	aimed := delta.on(account)
	apart, err := b.keepsRolesApart(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	if apart {
		if _, err := b.handovers(ctx, aimed.roles(), nil); err != nil {
			return nil, nil, err
		}
	}
	return pick(State(account), aimed.wanted), aimed.wanted, nil
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
