package app

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the journal's driver

	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/tools"
)

// records is where a program keeps its journal.
type records struct {
	ledger *tools.Ledger // nil with the journal off

	mu        sync.Mutex
	temporary string // a directory to remove at the end
}

// recordsOf decides where the journal is. Nothing is made before the first
// write.
func recordsOf(o config.Server) *records {
	r := &records{}
	if o.JournalOff() {
		return r
	}
	r.ledger = tools.NewLedger(func(ctx context.Context) (*journal.Journal, error) {
		path, err := r.place(o)
		if err != nil {
			return nil, err
		}
		return journal.Open(ctx, path, journal.WithRetention(time.Duration(o.Retention)))
	})
	return r
}

// place is the file of the journal. What is written to a look-alike that ends
// with the process is not kept beyond it either.
func (r *records) place(o config.Server) (string, error) {
	switch {
	case o.JournalPath() != "":
		return o.JournalPath(), nil
	case !o.Sandbox:
		return journal.DefaultPath()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.temporary == "" {
		made, err := os.MkdirTemp("", config.Name+"-")
		if err != nil {
			return "", err
		}
		r.temporary = made
	}
	return filepath.Join(r.temporary, "journal.db"), nil
}

// close ends the use of the journal, and removes one that was not to stay.
func (r *records) close() {
	if r.ledger != nil {
		_ = r.ledger.Close() // what was recorded is on disk already
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.temporary != "" {
		_ = os.RemoveAll(r.temporary)
	}
}
