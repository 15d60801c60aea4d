package journal

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// Item is something other than a write that has to be known in a later call,
// also after a restart and in another process: a plan, what an account looked
// like, a confirmation that was used. It is named by principal, kind and id,
// and gone when it expires.
type Item struct {
	Principal
	Kind    string
	ID      string
	Person  string // UUID of the person whose data it holds: erasing that person removes it
	Payload json.RawMessage
	Expires time.Time
	At      time.Time // when it was kept; set by the journal
}

// check refuses an item that could not be found again.
func (i Item) check() error {
	if i.Principal.Key == "" || i.Kind == "" || i.ID == "" || i.Expires.IsZero() {
		return errors.New("an item needs a principal, a kind, an id and an end")
	}
	return checkPayload(i.Payload)
}

// kept is an item as it is stored, with what proves that it is as written.
type kept struct {
	Item
	seal []byte
}

const keptColumns = `principal, project, kind, id, person, at, expires, payload, seal`

func (k *kept) sealed() []any {
	return []any{
		&k.Principal.Key, &k.Project, &k.Kind, &k.ID, &k.Person,
		(*instant)(&k.At), (*instant)(&k.Expires), (*document)(&k.Payload),
	}
}

func (k *kept) fields() []any { return append(k.sealed(), &k.seal) }

func (k *kept) sign(key []byte) { k.seal = checksum(key, "item", k.sealed()) }

func (k *kept) intact(key []byte) bool {
	return hmac.Equal(k.seal, checksum(key, "item", k.sealed()))
}

// Keep keeps items, all or none, each in the place of one with its name.
func (j *Journal) Keep(ctx context.Context, items ...Item) error {
	return j.keep(ctx, items, records.keep)
}

// KeepNew keeps an item unless there is one with its name, and tells which it
// was. Of several that try at the same time, also in other processes, one is
// told that it kept it.
func (j *Journal) KeepNew(ctx context.Context, item Item) (isNew bool, err error) {
	err = j.keep(ctx, []Item{item}, func(t records, k *kept) error {
		if err := t.forgetExpired(k.At); err != nil {
			return err
		}
		found, err := t.item(k.Principal, k.Kind, k.ID)
		if err != nil || found != nil {
			return err
		}
		isNew = true
		return t.keep(k)
	})
	return isNew && err == nil, err
}

func (j *Journal) keep(ctx context.Context, items []Item, put func(records, *kept) error) error {
	for _, item := range items {
		if err := item.check(); err != nil {
			return err
		}
	}
	err := j.write(ctx, func(t records) error {
		for _, item := range items {
			item.At, item.Expires = plainTime(j.now()), plainTime(item.Expires)
			k := &kept{Item: item}
			k.sign(j.key)
			if err := put(t, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		j.retire(ctx)
	}
	return err
}

// Item is one item of a principal, ErrNotFound without it, and ErrTampered if
// it is not as it was kept.
func (j *Journal) Item(ctx context.Context, p Principal, kind, id string) (Item, error) {
	var found *kept
	err := j.read(ctx, func(t records) (err error) {
		found, err = t.item(p, kind, id)
		return err
	})
	switch {
	case err != nil:
		return Item{}, err
	case found == nil || !found.Expires.After(j.now()):
		return Item{}, named(id, ErrNotFound)
	case !found.intact(j.key):
		return Item{}, named(id, ErrTampered)
	}
	return found.Item, nil
}

// Items are the items of a kind whose id begins with a prefix, by id.
// ErrTampered if one of them is not as it was kept.
func (j *Journal) Items(ctx context.Context, p Principal, kind, prefix string) ([]Item, error) {
	var found []*kept
	err := j.read(ctx, func(t records) (err error) {
		found, err = t.items(p, kind, prefix)
		return err
	})
	if err != nil {
		return nil, err
	}
	now := j.now()
	found = slices.DeleteFunc(found, func(k *kept) bool { return !k.Expires.After(now) })
	items := make([]Item, len(found))
	for i, k := range found {
		if !k.intact(j.key) {
			return nil, named(k.ID, ErrTampered)
		}
		items[i] = k.Item
	}
	return items, nil
}

// Forget removes items. Those that are not there are no error.
func (j *Journal) Forget(ctx context.Context, p Principal, kind string, ids ...string) error {
	return j.write(ctx, func(t records) error {
		for _, id := range ids {
			if err := t.forget(p, kind, id); err != nil {
				return err
			}
		}
		return nil
	})
}
