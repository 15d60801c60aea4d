package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Journal is the record of writes. It is safe for concurrent use, and several
// processes may have the same one open.
type Journal struct {
	path      string
	store     store
	key       []byte // of the checksums
	now       func() time.Time
	retention time.Duration

	mu      sync.Mutex
	retired time.Time // when entries past retention were last looked for
}

// Begin puts a write on record that is about to be sent. When it returns, the
// record is on disk. With Undoes it also marks that entry as undone, which two
// cannot do at once: the second gets ErrUndone.
func (j *Journal) Begin(ctx context.Context, intent Intent) (Entry, error) {
	if intent.IdempotencyKey != "" {
		return Entry{}, errors.New("a write with an idempotency key is begun with Reserve")
	}
	entry, _, err := j.begin(ctx, intent)
	return entry, err
}

// Reserve is Begin for a write that must happen once: the first to come with
// an idempotency key puts it on record, everybody after gets that entry, also
// in other processes, as long as it is kept. The same key with other arguments
// is ErrKeyReused. Whose entry exists without an outcome is still at it, or
// crashed: until its deadline nobody can tell.
func (j *Journal) Reserve(ctx context.Context, intent Intent) (entry Entry, existing bool, err error) {
	if intent.IdempotencyKey == "" {
		return Entry{}, false, errors.New("Reserve needs an idempotency key")
	}
	return j.begin(ctx, intent)
}

func (j *Journal) begin(ctx context.Context, intent Intent) (entry Entry, existing bool, err error) {
	if err := intent.check(); err != nil {
		return Entry{}, false, err
	}
	intent.Deadline = plainTime(intent.Deadline)
	r := &record{Entry: Entry{Intent: intent, At: plainTime(j.now())}}
	if intent.IdempotencyKey != "" {
		r.claim = claimOf(j.key, intent)
	}
	err = j.write(ctx, func(t records) error {
		if r.claim != nil {
			earlier, err := t.byClaim(r.claim)
			if err != nil {
				return err
			}
			if earlier != nil {
				existing, entry = true, earlier.Entry
				return j.sameWrite(earlier, intent)
			}
		}
		last, err := t.lastID()
		if err != nil {
			return err
		}
		r.ID = newID(last, r.At)
		if err := j.claimUndo(t, r); err != nil {
			return err
		}
		r.sign(j.key)
		entry = r.Entry
		return t.insert(r)
	})
	if err != nil {
		return Entry{}, false, err
	}
	j.retire(ctx)
	return entry, existing, nil
}

// sameWrite tells whether an entry may answer for a repeated intent.
func (j *Journal) sameWrite(r *record, intent Intent) error {
	switch {
	case !r.intact(j.key):
		return named(r.ID, ErrTampered)
	case !r.ErasedAt.IsZero() || !sameJSON(r.Arguments, intent.Arguments):
		return named(r.ID, ErrKeyReused)
	}
	return nil
}

// claimUndo marks what a new record undoes, if it does.
func (j *Journal) claimUndo(t records, r *record) error {
	if r.Undoes == "" {
		return nil
	}
	original, err := t.byID(r.Undoes)
	switch {
	case err != nil:
		return err
	case original == nil || original.Principal != r.Principal:
		return named(r.Undoes, ErrNotFound)
	case !original.intact(j.key):
		return named(r.Undoes, ErrTampered)
	case original.UndoneBy != "":
		return named(r.Undoes, ErrUndone)
	}
	original.UndoneBy = r.ID
	original.sign(j.key)
	return t.replace(original)
}

// Settle records what became of a write. A pending or unknown outcome can be
// settled again, any other is the last word: ErrSettled. An undo that did not
// work leaves its original open to another one.
//
// What is recorded must be recorded although the caller has gone: pass a
// context that does not end with the call.
func (j *Journal) Settle(ctx context.Context, id string, outcome Outcome, after json.RawMessage, note string, more ...Finding) error {
	if !outcome.known() {
		return fmt.Errorf("%q is no outcome of a write", outcome)
	}
	if err := checkPayload(after); err != nil {
		return err
	}
	return j.write(ctx, func(t records) error {
		r, err := t.byID(id)
		switch {
		case err != nil:
			return err
		case r == nil:
			return named(id, ErrNotFound)
		case !r.intact(j.key):
			return named(id, ErrTampered)
		case r.Outcome.final():
			return named(id, ErrSettled)
		}
		r.Outcome, r.SettledAt = outcome, plainTime(j.now())
		for _, finding := range more {
			finding(r)
		}
		if r.ErasedAt.IsZero() { // else nothing of that person comes back
			r.After, r.Note = after, note
		}
		r.sign(j.key)
		if err := t.replace(r); err != nil {
			return err
		}
		return j.settleUndo(t, r)
	})
}

// Finding is what else is known of a write once it is done.
type Finding func(*record)

// Made names what a create made, which its intent could not. A target that the
// intent did name stays.
func Made(id string) Finding {
	return func(r *record) {
		if r.Target.ID == "" {
			r.Target.ID = id
		}
	}
}

// settleUndo makes what an undo took back say so only if the undo worked.
func (j *Journal) settleUndo(t records, undo *record) error {
	if undo.Undoes == "" {
		return nil
	}
	original, err := t.byID(undo.Undoes)
	if err != nil || original == nil || !original.intact(j.key) {
		return err // without it, or with one nobody may trust, there is nothing to mark
	}
	switch worked := undo.Outcome.worked(); {
	case worked && original.UndoneBy == "":
		original.UndoneBy = undo.ID
	case !worked && original.UndoneBy == undo.ID:
		original.UndoneBy = ""
	default:
		return nil
	}
	original.sign(j.key)
	return t.replace(original)
}

// Entry is one entry of a principal.
func (j *Journal) Entry(ctx context.Context, p Principal, id string) (Entry, error) {
	var found *record
	err := j.read(ctx, func(t records) (err error) {
		found, err = t.byID(id)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	if found == nil || found.Principal != p {
		return Entry{}, named(id, ErrNotFound)
	}
	return j.entries([]*record{found})[0], nil
}

// List gives the newest entries that fit, and whether there are more.
func (j *Journal) List(ctx context.Context, q Query) (entries []Entry, more bool, err error) {
	if q.Limit <= 0 {
		q.Limit = 20
	}
	limit := q.Limit
	q.Limit++
	var found []*record
	err = j.read(ctx, func(t records) (err error) {
		found, err = t.list(q)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if len(found) > limit {
		found, more = found[:limit], true
	}
	return j.entries(found), more, nil
}

// Unsettled gives the entries of a principal that have no outcome, oldest
// first. Those whose deadline has passed crashed between the two; until then
// another process may be about to settle them.
func (j *Journal) Unsettled(ctx context.Context, p Principal) ([]Entry, error) {
	var found []*record
	err := j.read(ctx, func(t records) (err error) {
		found, err = t.open(p)
		return err
	})
	return j.entries(found), err
}

// Close ends the use of the journal. Entries stay.
func (j *Journal) Close() error { return j.store.close() }

// entries are records as callers see them.
func (j *Journal) entries(found []*record) []Entry {
	entries := make([]Entry, 0, len(found))
	for _, r := range found {
		entry := r.Entry
		entry.Tampered = !r.intact(j.key)
		entries = append(entries, entry)
	}
	return entries
}

func (j *Journal) write(ctx context.Context, do func(records) error) error {
	return j.explain(ctx, "written", j.store.write(ctx, do))
}

func (j *Journal) read(ctx context.Context, do func(records) error) error {
	return j.explain(ctx, "read", j.store.read(ctx, do))
}

func (j *Journal) scrub(ctx context.Context) error {
	return j.explain(ctx, "cleaned", j.store.scrub(ctx))
}

// explain turns a failure of the store into one that names the file and the
// way out. Answers of the journal itself pass as they are.
func (j *Journal) explain(ctx context.Context, done string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err() // the caller has gone; nothing is wrong with the store
	}
	for _, answer := range []error{ErrNotFound, ErrKeyReused, ErrTampered, ErrSettled, ErrUndone} {
		if errors.Is(err, answer) {
			return err
		}
	}
	return fmt.Errorf("%w: %s cannot be %s (%w); --journal off works without one", ErrUnavailable, j.path, done, err)
}

func named(id string, err error) error { return fmt.Errorf("%s: %w", id, err) }

// plainTime is a time as it is read back: in UTC and without the clock that
// only this process has.
func plainTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(0, t.UnixNano()).UTC()
}

// sameJSON compares values, not their spelling; numbers count as written.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return bytes.Equal(canonical(a), canonical(b))
}

func canonical(text json.RawMessage) []byte {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil
	}
	canonical, _ := json.Marshal(value) // what was decoded can be encoded
	return canonical
}
