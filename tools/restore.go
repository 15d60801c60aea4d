package tools

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/portfolio"
)

// restoreAccount turns an account's changed fields back, and no other.
func (d *Desk) restoreAccount(ctx context.Context, s scope, w deed, was client.Account, did done) (Receipt, error) {
	now, match, err := s.book.Account(ctx, was.ID)
	if err != nil {
		return Receipt{}, err
	}
	changed := foreign(*did.Back, portfolio.State(now), did.After)
	if did.Back.IsEmpty() { // nothing was left of the write when it was read back
		changed = slices.Collect(maps.Keys(did.After))
	}
	if err := portfolio.ChangedSince(changed); err != nil {
		return Receipt{}, err
	}
	back := exactly(*did.Back, was)
	w.image, w.wish = image{Account: &now}, wish{Account: &back}
	return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		result, err := s.book.Restore(ctx, now, back)
		if err != nil {
			return done{}, err
		}
		return accountChanged(s, now, match, result), nil
	})
}

// foreign names the fields of an undo that are not as the write left them. Of
// the tags only those count that it added or took off.
func foreign(back portfolio.Change, now, left map[string]any) []string {
	var fields []string
	named := slices.Concat(back.Unset, slices.Collect(maps.Keys(back.Set)))
	for role := range back.Roles {
		named = append(named, string(role))
	}
	if back.Name != "" {
		named = append(named, "name")
	}
	if back.ExternalID != "" {
		named = append(named, "external_id")
	}
	for _, field := range named {
		if !sameValue(now[field], left[field]) {
			fields = append(fields, field)
		}
	}
	tags, _ := now["tags"].([]string)
	returned := func(tag string) bool { return slices.Contains(tags, tag) }
	gone := func(tag string) bool { return !slices.Contains(tags, tag) }
	if slices.ContainsFunc(back.TagsAdd, returned) || slices.ContainsFunc(back.TagsRemove, gone) {
		fields = append(fields, "tags")
	}
	return fields
}

// exactly makes an undo restore properties as PostHog stored them: an e-mail
// on record, an empty value, a null.
func exactly(back portfolio.Change, was client.Account) portfolio.Change {
	set := map[string]json.RawMessage{}
	restore := func(field string) bool {
		raw, stored := was.Properties[field]
		if stored {
			set[field] = raw
		}
		return stored
	}
	back.Unset = slices.DeleteFunc(slices.Clone(back.Unset), restore)
	back.Roles = maps.Clone(back.Roles)
	maps.DeleteFunc(back.Roles, func(role portfolio.Role, _ string) bool { return restore(string(role)) })
	for field, value := range back.Set {
		if !restore(field) {
			set[field] = value
		}
	}
	back.Set = set
	return back
}

// restorePerson turns a person's changed properties back. What was not as asked
// when it was read back is somebody else's, and stays.
func (d *Desk) restorePerson(ctx context.Context, s scope, w deed, was personImage, asked wish, did done) (Receipt, error) {
	now, match, err := s.byUUID(ctx, was.UUID)
	if err != nil {
		return Receipt{}, err
	}
	var changed, unset []string
	set := map[string]json.RawMessage{}
	for name, left := range did.After {
		if !sameValue(left, decodedValue(asked.Set[name])) {
			continue
		}
		if !sameValue(decodedValue(now.Properties[name]), left) {
			changed = append(changed, name)
		}
		if raw, there := was.Properties[name]; there {
			set[name] = raw
		} else {
			unset = append(unset, name)
		}
	}
	if len(set)+len(unset) == 0 {
		changed = slices.Collect(maps.Keys(did.After))
	}
	if err := portfolio.ChangedSince(changed); err != nil {
		return Receipt{}, err
	}
	w.image, w.wish = image{Person: imageOf(now, set, unset)}, wish{Set: set, Unset: unset}
	return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		result, err := s.people.Update(ctx, now, set, unset)
		if err != nil {
			return done{}, err
		}
		return personChanged(s, now, match, result), nil
	})
}

// restoreProperty sets a custom property to its former value.
func (d *Desk) restoreProperty(ctx context.Context, s scope, w deed, was, asked propertyImage, did done) (Receipt, error) {
	account, match, err := s.book.Account(ctx, was.Account)
	if err != nil {
		return Receipt{}, err
	}
	now, err := s.propertyNow(ctx, was)
	if err != nil {
		return Receipt{}, err
	}
	if left := did.After[was.Name]; !sameValue(left, asked.Value) || !sameValue(now.Value, left) {
		return Receipt{}, portfolio.ChangedSince([]string{was.Name})
	}
	w.image, w.wish = image{Property: imageOfProperty(account, now, now.Value)}, wish{Property: imageOfProperty(account, now, was.Value)}
	return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		result, err := s.book.RestoreProperty(ctx, account, now, was.Value)
		if err != nil {
			return done{}, err
		}
		return propertyChanged(s, account, match, now, result, false), nil
	})
}

// unmakeAccount deletes an account that is still exactly as it was made.
func (d *Desk) unmakeAccount(ctx context.Context, s scope, w deed, made client.Account) (Receipt, error) {
	properties, err := s.book.Properties(ctx, made.ID)
	if err != nil {
		return Receipt{}, err
	}
	now, match, err := s.book.Account(ctx, made.ID) // last, as most can change in it
	if err != nil {
		return Receipt{}, err
	}
	if err := portfolio.ChangedSince(accountDiffers(made, now, properties)); err != nil {
		return Receipt{}, err
	}
	w.target.ID, w.image, w.forGood = now.ID, image{Account: &now}, true
	w.wish.Deletion = &deletionWish{Account: now.ID}
	return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		result, err := s.book.Delete(ctx, now)
		if err != nil {
			return done{}, err
		}
		return accountDeleted(s, now, match, result), nil
	})
}

// accountDiffers names what of an account is not as it was made.
func accountDiffers(made, now client.Account, properties []portfolio.Property) []string {
	var fields []string
	was, is := portfolio.State(made), portfolio.State(now)
	for field := range maps.Keys(is) {
		if !sameValue(was[field], is[field]) {
			fields = append(fields, field)
		}
	}
	for field := range was {
		if _, kept := is[field]; !kept {
			fields = append(fields, field)
		}
	}
	if len(now.Notebooks) > 0 {
		fields = append(fields, "notes")
	}
	if len(setValues(properties)) > 0 {
		fields = append(fields, "custom properties")
	}
	if len(fields) == 0 && !sameValue(portfolio.Identity(made), portfolio.Identity(now)) {
		fields = append(fields, "its state in PostHog")
	}
	return fields
}

// unmakeNote deletes a note that is still exactly as it was written.
func (d *Desk) unmakeNote(ctx context.Context, s scope, w deed, made client.Notebook) (Receipt, error) {
	account, match, err := s.book.Account(ctx, w.target.ID)
	if err != nil {
		return Receipt{}, err
	}
	now, err := s.book.Note(ctx, account, made.ShortID)
	if err != nil {
		return Receipt{}, err
	}
	if !sameValue(noteIdentity(made), noteIdentity(now)) {
		return Receipt{}, portfolio.ChangedSince([]string{"the note"})
	}
	w.image, w.forGood = image{Note: &now}, true
	w.wish.Deletion = &deletionWish{Account: account.ID, Note: now.ShortID}
	return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		deleted, err := s.book.DeleteNote(ctx, account, now)
		if err != nil {
			return done{}, err
		}
		return noteDeleted(s, account, match, deleted), nil
	})
}
