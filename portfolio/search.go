package portfolio

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// NoteSearch is what notes are searched by; all of it may be empty.
type NoteSearch struct {
	Query   string          // whole words of title or text, as PostHog searches them
	Account *client.Account // nil for all
	Author  string          // e-mail, user id or me
	Since   time.Time       // written then or later
}

// FoundNote is a note that a search found, without its body.
type FoundNote struct {
	client.AccountNote
	Snippet string // around the hit; empty where the body was not read
}

// Compare orders notes newest first, no two alike.
func (n FoundNote) Compare(other FoundNote) int {
	return cmp.Or(other.CreatedAt.Compare(n.CreatedAt), strings.Compare(n.ShortID, other.ShortID))
}

// SearchedNotes are what a search found, newest first.
type SearchedNotes struct {
	Notes  []FoundNote
	Looked int              // accounts that were looked through one by one, 0 where PostHog searched all at once
	Missed []client.Account // accounts that were not looked through
	Failed error            // why, if not because they are too many
	Cut    bool             // there may be more notes than a search goes through
}

const (
	notePage     = 1000
	mostPages    = 5   // of notes that PostHog finds
	mostSearched = 400 // accounts that are looked through; PostHog takes 480 requests a minute
	notesAtOnce  = 200 // of one account; each comes with its document
	searchesKept = 2 * time.Minute
)

// SearchNotes searches the notes of all accounts. The list that newer PostHog
// has of them is used where there is one, else each account is asked.
func (b *Book) SearchNotes(ctx context.Context, s NoteSearch) (SearchedNotes, error) {
	s.Query = strings.TrimSpace(s.Query)
	author, err := b.authorOf(ctx, s.Author)
	if err != nil {
		return SearchedNotes{}, err
	}
	found, err := b.notesFor(ctx, s)
	if err != nil {
		return SearchedNotes{}, err
	}
	found.Notes = slices.DeleteFunc(found.Notes, func(note FoundNote) bool {
		return note.CreatedAt.Before(s.Since) || !author.wrote(note.CreatedBy)
	})
	slices.SortFunc(found.Notes, FoundNote.Compare)
	if len(found.Notes) == 0 && author.email != "" {
		var nobody *plain.Refusal
		if _, err := b.userID(ctx, author.email); errors.As(err, &nobody) {
			return SearchedNotes{}, err // rather a slip than somebody who wrote nothing
		}
	}
	return found, nil
}

// notesFor asks in the way that takes the fewest requests.
func (b *Book) notesFor(ctx context.Context, s NoteSearch) (SearchedNotes, error) {
	if s.Account != nil {
		found, err := b.askAccounts(ctx, []client.Account{*s.Account}, s.Query, b.askAccount)
		found.Looked = 0
		return found, err
	}
	found, err := b.listNotes(ctx, s.Query)
	if client.KindOf(err) == client.Unsupported {
		return b.askEach(ctx, s.Query)
	}
	return found, err
}

// listNotes has PostHog search all accounts. It also gives all notes of
// accounts whose name has the words; these are asked which of theirs have them.
func (b *Book) listNotes(ctx context.Context, query string) (SearchedNotes, error) {
	var found SearchedNotes
	seen, named := map[string]bool{}, map[string]client.Account{}
	for offset := 0; offset < mostPages*notePage; offset += notePage {
		page, err := b.api.AccountNotes(ctx, client.NotesQuery{Search: query, Limit: notePage, Offset: offset})
		if err != nil {
			return SearchedNotes{}, err
		}
		for _, note := range page.Results {
			switch {
			case query != "" && strings.Contains(strings.ToUpper(note.AccountName), strings.ToUpper(query)):
				named[note.AccountID] = client.Account{ID: note.AccountID, Name: note.AccountName}
			case !seen[note.ShortID]:
				seen[note.ShortID] = true
				found.Notes = append(found.Notes, FoundNote{AccountNote: note})
			}
		}
		if found.Cut = page.More; !page.More {
			break
		}
	}
	if len(named) == 0 {
		return found, nil
	}
	own, err := b.askAccounts(ctx, slices.Collect(maps.Values(named)), query, b.askAccount)
	own.Notes, own.Cut, own.Looked = append(own.Notes, found.Notes...), own.Cut || found.Cut, 0
	return own, err
}

// askEach searches account by account, for a PostHog that has no list of all
// notes. What they answer is remembered for a short while, as the next page
// asks the same. Accounts without notes need not be asked.
func (b *Book) askEach(ctx context.Context, query string) (SearchedNotes, error) {
	accounts, err := b.all(ctx)
	if err != nil {
		return SearchedNotes{}, err
	}
	noted := slices.DeleteFunc(accounts, func(account client.Account) bool { return len(account.Notebooks) == 0 })
	return b.askAccounts(ctx, noted, query, func(ctx context.Context, account client.Account, query string) ([]FoundNote, error) {
		return b.directory.searches.Get(ctx, b.cacheKey(account.ID)+" "+query, func(ctx context.Context) ([]FoundNote, error) {
			return b.askAccount(ctx, account, query)
		})
	})
}

// askAccounts has PostHog search the notes of each account. One that fails is
// one that was not looked through.
func (b *Book) askAccounts(ctx context.Context, accounts []client.Account, query string,
	ask func(context.Context, client.Account, string) ([]FoundNote, error),
) (SearchedNotes, error) {
	asked := accounts[:min(len(accounts), mostSearched)]
	found := SearchedNotes{Missed: slices.Clone(accounts[len(asked):])}
	var mu sync.Mutex
	var asking errgroup.Group
	asking.SetLimit(relationshipReaders)
	for _, account := range asked {
		asking.Go(func() error {
			notes, err := ask(ctx, account, query)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				found.Missed, found.Failed = append(found.Missed, account), err
				return nil
			}
			found.Looked++
			found.Notes = append(found.Notes, notes...)
			return nil
		})
	}
	_ = asking.Wait() // failures are told apart by account
	if found.Failed != nil && (found.Looked == 0 || ctx.Err() != nil) {
		return SearchedNotes{}, found.Failed
	}
	return found, nil
}

func (b *Book) askAccount(ctx context.Context, account client.Account, query string) ([]FoundNote, error) {
	notes := []FoundNote{}
	for offset := 0; ; offset += notesAtOnce {
		page, err := b.api.ListNotebooks(ctx, account.ID, client.NotebookQuery{Search: query, Limit: notesAtOnce, Offset: offset})
		if err != nil {
			return nil, err
		}
		for _, note := range page.Results {
			notes = append(notes, FoundNote{Snippet: Snippet(note, query), AccountNote: client.AccountNote{
				ShortID: note.ShortID, Title: note.Title, AccountID: account.ID, AccountName: account.Name,
				CreatedAt: note.CreatedAt, CreatedBy: note.CreatedBy, LastModifiedAt: note.LastModifiedAt,
			}})
		}
		if !page.More {
			return notes, nil
		}
	}
}

// ReadSnippets reads those of the notes whose bodies were not read yet. A note
// that is gone has none; with any other failure the search would tell less than
// there is.
func (b *Book) ReadSnippets(ctx context.Context, found []FoundNote, query string) error {
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(relationshipReaders)
	for i := range found {
		if found[i].Snippet != "" {
			continue
		}
		readers.Go(func() error {
			note, err := b.api.Notebook(ctx, found[i].AccountID, found[i].ShortID)
			if client.KindOf(err) == client.NotFound {
				return nil
			}
			found[i].Snippet = Snippet(note, query)
			return err
		})
	}
	return readers.Wait()
}

// authorship is whose notes are wanted; the zero value is anybody's.
type authorship struct {
	email string
	id    int64
}

// authorOf reads who is meant. An address is not looked up: who left the
// organisation has written notes, too.
func (b *Book) authorOf(ctx context.Context, who string) (authorship, error) {
	who = strings.TrimSpace(who)
	if who == "" {
		return authorship{}, nil
	}
	if _, err := strconv.ParseInt(who, 10, 64); err == nil || who == Me {
		holder, err := b.userID(ctx, who)
		return authorship{id: holder.ID}, err
	}
	return authorship{email: who}, nil
}

func (a authorship) wrote(by *client.User) bool {
	switch {
	case a.email != "":
		return by != nil && strings.EqualFold(by.Email, a.email)
	case a.id != 0:
		return by != nil && by.ID == a.id
	}
	return true
}
