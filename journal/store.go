package journal

import (
	"context"
	"time"
)

// store is where records are kept. It is small, so that a shared database can
// take the place of the file.
type store interface {
	// write runs do in one transaction that excludes every other writer, also
	// of other processes. When it returns nil, what was written survives a
	// power cut.
	write(ctx context.Context, do func(records) error) error
	// read runs do on one state of the store, and waits for no writer.
	read(ctx context.Context, do func(records) error) error
	// scrub removes what storage still holds of bytes that were overwritten.
	scrub(ctx context.Context) error
	close() error
}

// records are the statements the journal needs. One that finds nothing
// answers with no record and no error.
type records interface {
	byID(id string) (*record, error)
	byClaim(claim []byte) (*record, error)
	list(q Query) ([]*record, error)        // newest first
	open(p Principal) ([]*record, error)    // without outcome, oldest first
	of(persons []string) ([]*record, error) // not erased yet; letters' case is no difference
	lastID() (string, error)                // the highest, empty if there is none
	summary() (Summary, error)
	insert(r *record) error
	replace(r *record) error
	// drop removes entries that were put on record before and are settled or can
	// no longer take effect. expired counts them, and items that have expired.
	expired(before, now time.Time) (int, error)
	drop(before, now time.Time) (int, error)
	// forgetPlans removes the items of plans that entries belong to which drop
	// removes: those with the plan's id, and with ids that begin with it and a slash.
	forgetPlans(before, now time.Time) error

	item(p Principal, kind, id string) (*kept, error)
	items(p Principal, kind, prefix string) ([]*kept, error) // by id
	keep(k *kept) error                                      // in the place of one with its name
	forget(p Principal, kind, id string) error
	forgetPersons(persons []string) (int, error)
	forgetExpired(now time.Time) error
}
