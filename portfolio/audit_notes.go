package portfolio

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
)

// mostNoteReads bounds the accounts whose notes are read one by one, where
// PostHog has no list of all notes: it takes 480 requests a minute.
const mostNoteReads = 300

// findNoNote finds the accounts without a note made or changed since.
func (b *Book) findNoNote(ctx context.Context, r *Report, accounts []client.Account, since time.Time) error {
	noted, unread, err := b.notedSince(ctx, accounts, since)
	if err != nil {
		return err
	}
	if len(unread) > 0 {
		r.Problem = "their notes could not be read, or are too many to read one account after the other"
	}
	for _, account := range accounts {
		switch {
		case noted[account.ID]:
		case unread[account.ID]:
			r.Unread++
		default:
			r.Findings = append(r.Findings, Finding{Account: account})
		}
	}
	return nil
}

// notedSince tells which accounts have a note made or changed since, and of
// which that is not known.
func (b *Book) notedSince(ctx context.Context, accounts []client.Account, since time.Time) (noted, unread map[string]bool, err error) {
	noted, err = b.listedNotesSince(ctx, since)
	switch client.KindOf(err) {
	case client.Unsupported, client.NotFound, client.NoKeyAccess:
		return b.notesOneByOne(ctx, accounts, since)
	}
	return noted, nil, err
}

// listedNotesSince reads the list of all notes, the last changed first, as far back
// as needed.
func (b *Book) listedNotesSince(ctx context.Context, since time.Time) (map[string]bool, error) {
	noted := map[string]bool{}
	for query := (client.NotesQuery{Limit: 500}); ; query.Offset += query.Limit {
		page, err := b.api.AccountNotes(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, note := range page.Results {
			touched := note.CreatedAt
			if last := note.LastModifiedAt; last != nil && last.After(touched) {
				touched = *last
			}
			switch {
			case !touched.Before(since):
				noted[note.AccountID] = true
			case note.LastModifiedAt != nil:
				return noted, nil
			}
		}
		if !page.More {
			return noted, nil
		}
	}
}

// notesOneByOne reads the newest note of every account that has any.
func (b *Book) notesOneByOne(ctx context.Context, accounts []client.Account, since time.Time) (noted, unread map[string]bool, err error) {
	noted, unread = map[string]bool{}, map[string]bool{}
	var mu sync.Mutex
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(relationshipReaders)
	reads := 0
	for _, account := range accounts {
		if len(account.Notebooks) == 0 {
			continue
		}
		if reads++; reads > mostNoteReads {
			mu.Lock()
			unread[account.ID] = true
			mu.Unlock()
			continue
		}
		readers.Go(func() error {
			page, err := b.api.ListNotebooks(ctx, account.ID, client.NotebookQuery{Ordering: "-created_at", Limit: 20})
			mu.Lock()
			defer mu.Unlock()
			switch client.KindOf(err) {
			case client.NotFound, client.Forbidden: // nested lists of accounts that the key may not see
				unread[account.ID] = true
				return nil
			}
			for _, note := range page.Results {
				changed := note.LastModifiedAt != nil && !note.LastModifiedAt.Before(since)
				noted[account.ID] = noted[account.ID] || changed || !note.CreatedAt.Before(since)
			}
			if page.More && !noted[account.ID] {
				unread[account.ID] = true // an older note may have been changed since
			}
			return err
		})
	}
	return noted, unread, readers.Wait()
}
