package journal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// ErasePerson removes the payloads of every entry about a person, whoever
// wrote it, and every item that holds their data, from the file and from its
// log, and tells how many there were. Who had several UUIDs, because persons
// were merged, is erased under all of them at once.
// That a write happened, when and with what outcome stays, and stays provable.
// A number with an error: they are erased, but old bytes may stay in the log
// until every process has closed the journal.
func (j *Journal) ErasePerson(ctx context.Context, uuids ...string) (int, error) {
	if len(uuids) == 0 || slices.ContainsFunc(uuids, func(uuid string) bool { return strings.TrimSpace(uuid) == "" }) {
		return 0, errors.New("whom to erase is not said")
	}
	erased := 0
	err := j.write(ctx, func(t records) error {
		found, err := t.of(uuids)
		if err != nil {
			return err
		}
		for _, r := range found {
			r.erase(j.key, plainTime(j.now()))
			if err := t.replace(r); err != nil {
				return err
			}
		}
		forgotten, err := t.forgetPersons(uuids)
		erased = len(found) + forgotten
		return err
	})
	if err != nil {
		return 0, err
	}
	return erased, j.scrub(ctx)
}

// Purge removes entries put on record before a moment, and tells how many. An
// entry without outcome stays while its request can still take effect. Items
// that have expired go with them, and those of plans whose entries go: without
// these nobody could tell what was done of the plan.
func (j *Journal) Purge(ctx context.Context, olderThan time.Time) (int, error) {
	purged := 0
	err := j.write(ctx, func(t records) (err error) {
		if err := t.forgetExpired(j.now()); err != nil {
			return err
		}
		if err := t.forgetPlans(olderThan, j.now()); err != nil {
			return err
		}
		purged, err = t.drop(olderThan, j.now())
		return err
	})
	if err != nil {
		return 0, err
	}
	return purged, j.scrub(ctx)
}

// Summary is how much is on record, of all principals.
type Summary struct {
	Entries, Open  int // Open have no outcome
	Oldest, Newest time.Time
}

// Summary counts the entries.
func (j *Journal) Summary(ctx context.Context) (Summary, error) {
	var s Summary
	err := j.read(ctx, func(t records) (err error) {
		s, err = t.summary()
		return err
	})
	return s, err
}

// retire purges what is past retention, once a day. A write does not fail for
// it: what could not be removed now is removed next time.
func (j *Journal) retire(ctx context.Context) {
	now := j.now()
	j.mu.Lock()
	due := now.Sub(j.retired) >= 24*time.Hour
	if due {
		j.retired = now
	}
	j.mu.Unlock()
	if !due {
		return
	}
	past, expired := now.Add(-j.retention), 0
	err := j.read(ctx, func(t records) (err error) {
		expired, err = t.expired(past, now)
		return err
	})
	if err == nil && expired > 0 {
		_, _ = j.Purge(ctx, past)
	}
}
