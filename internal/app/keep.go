package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"time"

	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/journal"
)

// onJournal shows the journal, or removes what is old from it. No key is
// needed: it shows no entry, only how many there are.
func onJournal(ctx context.Context, o config.Journal, streams Streams) (err error) {
	path := o.JournalPath()
	if path == "" {
		if path, err = journal.DefaultPath(); err != nil {
			return err
		}
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		_, err := fmt.Fprintf(streams.Out, "There is no journal at %s: nothing has been recorded there.\n", path)
		return err
	}
	// Opening must remove nothing by itself: what goes is what was asked for, and is counted.
	book, err := journal.Open(ctx, path, journal.WithRetention(math.MaxInt64))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if o.Removes {
		return purge(ctx, book, o.OlderThan(), streams)
	}
	return summarize(ctx, book, path, streams)
}

// purge removes entries of an age. Those that can still take effect stay.
func purge(ctx context.Context, book *journal.Journal, age time.Duration, streams Streams) error {
	removed, err := book.Purge(ctx, time.Now().Add(-age))
	if err != nil && removed == 0 {
		return err
	}
	if err != nil { // they are gone, what storage holds of them is not
		fmt.Fprintf(streams.Err, "%s: %s\n", config.Name, err)
	}
	left, err := book.Summary(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(streams.Out, "Removed %s older than %s; %d left.\n", entries(removed), config.Age(age), left.Entries)
	return err
}

func summarize(ctx context.Context, book *journal.Journal, path string, streams Streams) error {
	all, err := book.Summary(ctx)
	if err != nil {
		return err
	}
	if all.Entries == 0 {
		_, err = fmt.Fprintf(streams.Out, "The journal at %s is empty.\n", path)
		return err
	}
	_, err = fmt.Fprintf(streams.Out, "The journal at %s holds %s, from %s to %s; %d without an outcome yet.\n",
		path, entries(all.Entries), all.Oldest.Format(time.DateTime), all.Newest.Format(time.DateTime), all.Open)
	return err
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
