package tools

import (
	"context"
	"errors"
	"sync"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// Ledger is the journal that a desk keeps. It is opened when it is first
// needed: a server that only reads pays nothing for it.
type Ledger struct {
	open func(context.Context) (*journal.Journal, error)

	mu   sync.Mutex
	book *journal.Journal
}

// NewLedger returns a ledger that is opened like this. An attempt that fails
// is repeated by whoever needs the journal next.
func NewLedger(open func(context.Context) (*journal.Journal, error)) *Ledger {
	return &Ledger{open: open}
}

// WithJournal has a desk put every write on record.
func WithJournal(l *Ledger) DeskOption { return func(d *Desk) { d.ledger = l } }

// journal opens what is not open yet.
func (l *Ledger) journal(ctx context.Context) (*journal.Journal, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.book == nil {
		opened, err := l.open(context.WithoutCancel(ctx))
		if err != nil {
			return nil, onRecord(err)
		}
		l.book = opened
	}
	return l.book, nil
}

// Close ends the use of the journal, if there was any.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.book == nil {
		return nil
	}
	closing := l.book
	l.book = nil
	return closing.Close()
}

// onRecord words what the journal answers.
func onRecord(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, journal.ErrUnavailable):
		return plain.Refuse("Not done, because every write is put on record first and that failed: %s. Reads work without it.", err)
	case errors.Is(err, journal.ErrUndone):
		return plain.Refuse("Not done: this write has been undone already, or is being undone. list_writes shows by which.")
	case errors.Is(err, journal.ErrTampered):
		return plain.Refuse("Not done: this record was changed by something other than the journal, so nothing in it can be relied on. Look at the object itself.")
	case errors.Is(err, journal.ErrKeyReused):
		return plain.Refuse("Not done: this key was used for another write with other arguments. Use a new key for a new thing.")
	case errors.Is(err, journal.ErrNotFound):
		return plain.Absent("There is no such write on record for this key and project. list_writes shows those there are.")
	}
	return err
}

// principal is whose writes a call may see.
func (s scope) principal() journal.Principal {
	return journal.Principal{Key: s.session.Key().Fingerprint(), Project: s.project}
}
