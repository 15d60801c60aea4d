package portfolio

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/recent"
)

// PostHog finds accounts by parts of their names and external ids, and by
// nothing else. The index is what else people call them, read from the list of
// accounts when somebody first needs it. It belongs to one key and one project
// and forgets itself. PostHog does not say what changed since it was read
// (updated_at does not move on every change), so what it knows is only where to
// look: whatever it finds is read before it is used, and what it does not know
// is read anew before anybody is told that it does not exist.

const (
	// indexed bounds the accounts of an index, and so its memory.
	indexed = 5000
	// indexPage is how many accounts are read at a time.
	indexPage = 500
	// indexLasts is how long an index is kept at most.
	indexLasts = 30 * time.Minute
	// indexes is how many are kept.
	indexes = 32

	// ageToRead is how old an index may be to say where to look.
	ageToRead = 5 * time.Minute
	// ageOfNewest is how old it may be before a look at the newest accounts.
	ageOfNewest = 30 * time.Second
)

// errTooSoon: the index has used up its share of what PostHog allows the key.
var errTooSoon = errors.New("the accounts may not be read again yet")

// index is what the accounts of a project can be found by.
type index struct {
	share *share
	now   func() time.Time

	mu      sync.Mutex
	entries map[string]entry // nil before the first reading
	begun   time.Time        // when the reading of them began
	newest  time.Time        // when the newest were looked at
	partial bool             // there are more accounts than an index holds
	under   *indexing        // the reading under way, or nil
}

// indexing is one reading of all accounts.
type indexing struct {
	begun time.Time
	done  chan struct{} // closed at its end
	err   error
	noted map[string]*entry // what was learned meanwhile, nil for gone
}

// indexCache keeps the indexes of all keys and projects.
type indexCache struct {
	kept   *recent.Cache[*index]
	shares *recent.Cache[*share]
}

func newIndexCache() indexCache {
	return indexCache{recent.New[*index](indexLasts, indexes), recent.New[*share](time.Hour, 1000)}
}

// index is the index of the book's key and project; there may be nothing in it.
func (b *Book) index() *index {
	key := b.session.Key().Fingerprint()
	ofKey, _ := b.directory.indexes.shares.Get(context.Background(), key, func(context.Context) (*share, error) { return &share{}, nil })
	kept, _ := b.directory.indexes.kept.Get(context.Background(), b.indexKey(), func(context.Context) (*index, error) {
		return &index{share: ofKey, now: time.Now}, nil
	})
	return kept
}

func (b *Book) indexKey() string {
	return fmt.Sprintf("%s %d", b.session.Key().Fingerprint(), b.api.ID())
}

// note tells the index, if there is one, what an account is now; nil for gone.
func (b *Book) note(id string, account *client.Account) {
	kept, there := b.directory.indexes.kept.Peek(b.indexKey())
	if !there {
		return
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if account == nil {
		kept.learn(id, nil)
		return
	}
	learned := entryOf(*account)
	kept.learn(id, &learned)
}

// learn puts an account in its place. It needs the lock.
func (x *index) learn(id string, learned *entry) {
	if x.under != nil {
		x.under.noted[id] = learned
	}
	switch {
	case x.entries == nil:
	case learned == nil:
		delete(x.entries, id)
	default:
		x.entries[id] = *learned
	}
}

// since makes the index as it was at that time or later, reading all accounts
// if need be. The reading goes on when the caller stops waiting.
func (x *index) since(ctx context.Context, api *client.Project, at time.Time) error {
	for {
		reading, err := x.join(ctx, api, at)
		if reading == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-reading.done:
			if !reading.begun.Before(at) {
				return reading.err
			}
		}
	}
}

// join returns the reading to wait for, nil if none is needed or allowed.
func (x *index) join(ctx context.Context, api *client.Project, at time.Time) (*indexing, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.entries != nil && !x.begun.Before(at) {
		return nil, nil
	}
	if x.under != nil {
		return x.under, nil
	}
	now := x.now()
	if !x.share.take(now, max(1, pagesOf(len(x.entries)))) {
		return nil, errTooSoon
	}
	x.under = &indexing{begun: now, done: make(chan struct{}), noted: map[string]*entry{}}
	go x.read(context.WithoutCancel(ctx), api, x.under)
	return x.under, nil
}

// read reads all accounts and makes them the index.
func (x *index) read(ctx context.Context, api *client.Project, reading *indexing) {
	const most = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	entries, partial := map[string]entry{}, false
	query := client.AccountQuery{Ordering: "created_at", Limit: indexPage, IncludeChurned: true, IncludeIgnored: true}
	for account, err := range api.Accounts(ctx, query) {
		if err != nil {
			reading.err = err
			break
		}
		if partial = len(entries) == indexed; partial {
			break
		}
		entries[account.ID] = entryOf(account)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.under = nil; reading.err == nil {
		x.share.take(x.now(), pagesOf(len(entries))-max(1, pagesOf(len(x.entries))))
		x.entries, x.partial, x.begun, x.newest = entries, partial, reading.begun, reading.begun
		for id, learned := range reading.noted {
			x.learn(id, learned)
		}
	}
	close(reading.done)
}

// pagesOf is how many requests it takes to read that many accounts.
func pagesOf(accounts int) int { return (accounts + indexPage - 1) / indexPage }

// catchUp adds the accounts that were made since the last look. Failing is no
// matter: they are missing in what nobody takes for complete.
func (x *index) catchUp(ctx context.Context, api *client.Project) {
	x.mu.Lock()
	now := x.now()
	due := x.entries != nil && now.Sub(x.newest) > ageOfNewest && x.share.take(now, 1)
	if due {
		x.newest = now
	}
	x.mu.Unlock()
	if !due {
		return
	}
	page, err := api.ListAccounts(ctx, client.AccountQuery{Ordering: "-created_at", IncludeChurned: true, IncludeIgnored: true})
	if err != nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, account := range page.Results {
		if learned := entryOf(account); len(x.entries) < indexed {
			x.learn(account.ID, &learned)
		}
	}
}

// matcher tells how well an account matches what is looked for.
type matcher func(entry) Match

// find holds all accounts against what is looked for, best matches first.
func (x *index) find(match matcher) []hit {
	x.mu.Lock()
	defer x.mu.Unlock()
	var hits []hit
	for _, e := range x.entries {
		if m := match(e); m.grade < nothing {
			hits = append(hits, hit{entry: e, Match: m})
		}
	}
	return ranked(hits)
}

// held counts the accounts of which a user holds each role among the
// properties, nil if no account has a role there.
func (x *index) held(user int64) map[Role]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	counts, some := map[Role]int{}, false
	for _, e := range x.entries {
		for role, holder := range e.roles {
			some = true
			if holder == user {
				counts[role]++
			}
		}
	}
	if !some {
		return nil
	}
	return counts
}

// state is how old the index is, if it was read at all, and whether there are
// more accounts than it holds.
func (x *index) state() (age time.Duration, read, partial bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.entries == nil {
		return 0, false, false
	}
	return x.now().Sub(x.begun), true, x.partial
}

// share is what all indexes of one key may take of its rate limit: a tenth of
// the 480 requests a minute and 4,800 an hour that PostHog allows.
type share struct {
	mu    sync.Mutex
	taken []time.Time // within the last hour, oldest first
}

const (
	sharePerMinute = 48
	sharePerHour   = 480
)

// take counts requests, unless they are more than the share.
func (s *share) take(now time.Time, requests int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.taken) > 0 && now.Sub(s.taken[0]) >= time.Hour {
		s.taken = s.taken[1:]
	}
	lately := 0
	for i := len(s.taken) - 1; i >= 0 && now.Sub(s.taken[i]) < time.Minute; i-- {
		lately++
	}
	if lately+requests > sharePerMinute || len(s.taken)+requests > sharePerHour {
		return false
	}
	for range requests {
		s.taken = append(s.taken, now)
	}
	return true
}
