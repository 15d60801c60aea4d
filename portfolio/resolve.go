package portfolio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// Find resolves what a person calls an account: its UUID, its external id, its
// name in any spelling, an id of another system kept in its properties, its
// domain, or an address in PostHog. What fits several accounts is refused with
// the candidates.
func (b *Book) Find(ctx context.Context, reference string) (client.Account, Match, error) {
	s, hits, err := b.found(ctx, reference, false)
	if err != nil {
		return client.Account{}, Match{}, err
	}
	switch {
	case len(hits) == 0 || !hits[0].grade.answers():
		return client.Account{}, Match{}, noSuchAccount(s, hits)
	case len(best(hits)) > 1:
		return client.Account{}, Match{}, plain.Ambiguous("account", s.text, candidates(best(hits)))
	}
	return hits[0].account, hits[0].Match, nil
}

// Account reads the account with an id that is on record. One that is gone is
// absent, whoever is called by its id now.
func (b *Book) Account(ctx context.Context, id string) (client.Account, Match, error) {
	account, err := b.read(ctx, id)
	if client.KindOf(err) == client.NotFound {
		return client.Account{}, Match{}, plain.Absent("The account with the id %s is not there any more.", id)
	}
	return account, Match{By: "id", Exact: true}, err
}

// FindToWrite is Find for a write: it never takes an inexact match.
func (b *Book) FindToWrite(ctx context.Context, reference string) (client.Account, Match, error) {
	s, hits, err := b.found(ctx, reference, true)
	if err != nil {
		return client.Account{}, Match{}, err
	}
	switch {
	case len(hits) == 0 || !hits[0].grade.answers():
		return client.Account{}, Match{}, noSuchAccount(s, hits)
	case len(best(hits)) > 1:
		return client.Account{}, Match{}, plain.Ambiguous("account", s.text, candidates(best(hits)))
	case !hits[0].Exact:
		return client.Account{}, hits[0].Match, plain.Refuse("No account is called exactly %q. The nearest is %q (id %s, %s; by %s): repeat the call with that id if it is the one you mean.",
			plain.Short(s.text), plain.Short(hits[0].name), hits[0].id, hits[0].detail, hits[0].Match)
	}
	return hits[0].account, hits[0].Match, nil
}

// found is every account that a reference matches, the best first; one that
// matches better than all others is read.
func (b *Book) found(ctx context.Context, reference string, toWrite bool) (sought, []hit, error) {
	s, err := b.seek(reference)
	if err != nil {
		return s, nil, err
	}
	if s.id != "" {
		hits, err := b.byID(ctx, s)
		if err != nil || len(hits) > 0 || s.isLink {
			return s, hits, err
		}
	}
	near, err := b.near(ctx, s)
	if err != nil {
		return s, nil, err
	}
	hits := near
	if len(near) == 0 || near[0].grade > folded || near[0].grade == folded && s.mayBeForeign() { // else PostHog itself calls it so
		if hits, err = b.known(ctx, s, near, toWrite); err != nil {
			return s, nil, err
		}
	}
	if top := best(hits); len(top) == 1 && top[0].grade.answers() && !top[0].whole {
		hits[0].account, err = b.complete(ctx, top[0].account)
	}
	return s, hits, err
}

// byID reads the account with that id, if there is one.
func (b *Book) byID(ctx context.Context, s sought) ([]hit, error) {
	account, err := b.read(ctx, s.id)
	switch {
	case client.KindOf(err) == client.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []hit{{entry: entryOf(account), Match: Match{By: "id", Exact: true}, account: account, whole: true}}, nil
}

// near is what PostHog's own search finds: every account whose name or external
// id contains the reference, and in newer ones whose address or domain it is.
func (b *Book) near(ctx context.Context, s sought) ([]hit, error) {
	if s.text == "" || s.note != "" {
		return nil, nil
	}
	accounts, err := b.search(ctx, s.text)
	return s.graded(accounts), err
}

// graded are accounts that PostHog's search found for the reference, the best
// first. Why it found those that match in no other way is its own business.
func (s sought) graded(accounts []client.Account) []hit {
	var hits []hit
	for _, account := range accounts {
		h := hit{entry: entryOf(account), account: account}
		if h.Match = s.match(h.entry); h.grade > part {
			h.Match = Match{By: "search", how: "in part", grade: part, off: len(account.Name)}
		}
		hits = append(hits, h)
	}
	return ranked(hits)
}

// search reads every account whose name or external id contains the reference.
func (b *Book) search(ctx context.Context, reference string) ([]client.Account, error) {
	var found []client.Account
	query := client.AccountQuery{Search: reference, Ordering: "created_at", Limit: 200, IncludeChurned: true, IncludeIgnored: true}
	for account, err := range b.api.Accounts(ctx, query) {
		if err != nil {
			return nil, err
		}
		if found = append(found, account); len(found) == indexed {
			break
		}
	}
	return found, nil
}

// known adds what the index knows to what PostHog's search found. Nobody is told
// that an account does not exist, and nothing is written to one because no other
// has its id, because of what was so a while ago.
func (b *Book) known(ctx context.Context, s sought, near []hit, toWrite bool) ([]hit, error) {
	index := b.index()
	now := index.now()
	at := AsOf(now)
	if toWrite && s.mayBeForeign() {
		at = b.sinceOpened(now)
	}
	hits, err := b.knownSince(ctx, s, near, at)
	if err == nil && !s.settledBy(hits, toWrite) {
		hits, err = b.knownSince(ctx, s, near, b.sinceOpened(now))
	}
	if errors.Is(err, errTooSoon) {
		return b.lastKnown(ctx, s, near, toWrite)
	}
	if _, _, partial := index.state(); err == nil && partial && s.mayBeForeign() && (toWrite || !s.settledBy(hits, toWrite)) {
		return nil, plain.Refuse("%q is no account's UUID, external id or name, and this project has more than %d accounts, too many to look through for an id of another system. Use list_accounts with a search.",
			plain.Short(s.text), indexed)
	}
	return hits, err
}

// knownSince is what the search and the index found together, the index as it
// was at that time or later.
func (b *Book) knownSince(ctx context.Context, s sought, near []hit, at time.Time) ([]hit, error) {
	if err := b.index().since(ctx, b.api, at); err != nil {
		return nil, err
	}
	b.index().catchUp(ctx, b.api)
	return b.verified(ctx, s.match, near, b.index())
}

// callLasts is how long what was read at its beginning is good for a call: one
// reading serves all rows of a call that has many.
const callLasts = 30 * time.Second

// sinceOpened is from when on something has to have been read to count as read
// in this call.
func (b *Book) sinceOpened(now time.Time) time.Time {
	if recently := now.Add(-callLasts); recently.After(b.opened) {
		return recently
	}
	return b.opened
}

// settledBy tells whether reading the accounts anew could show nothing better
// that matters.
func (s sought) settledBy(hits []hit, toWrite bool) bool {
	if !s.mayBeForeign() {
		return true
	}
	return len(hits) > 0 && (hits[0].grade == exact || !toWrite && hits[0].grade.answers())
}

// lastKnown answers, where the accounts may not be read again yet, out of what
// was last read. Enough to show an account, but neither to write to it nor to
// say that there is none.
func (b *Book) lastKnown(ctx context.Context, s sought, near []hit, toWrite bool) ([]hit, error) {
	hits, err := b.verified(ctx, s.match, near, b.index())
	answered := len(hits) > 0 && hits[0].grade.answers()
	if err != nil || answered && !toWrite || !s.mayBeForeign() {
		return hits, err
	}
	hint := "Use the account's id or name, or wait a minute."
	if answered {
		hint = fmt.Sprintf("The account %q (id %s) has it: repeat the call with that id if it is the one you mean.", plain.Short(hits[0].name), hits[0].id)
	}
	return nil, plain.Refuse("%q is no account's UUID, external id or name. Which accounts have it as an id of another system cannot be told just now: this server limits the rate at which it reads all accounts to a tenth of what PostHog allows the key. %s",
		plain.Short(s.text), hint)
}

// mostReread bounds how many accounts are read to see whether the index is
// right about them.
const mostReread = 5

// verified is what the search and the index found together. What only the index
// knows is read: it may have changed since.
func (b *Book) verified(ctx context.Context, match matcher, near []hit, index *index) ([]hit, error) {
	hits := slices.Clone(near)
	for _, h := range index.find(match) {
		if !slices.ContainsFunc(near, func(n hit) bool { return n.id == h.id }) {
			hits = append(hits, h)
		}
	}
	hits = ranked(hits)
	for len(hits) > 0 && hits[0].grade.answers() {
		top := best(hits)
		changed, err := b.reread(ctx, match, top[:min(len(top), mostReread)])
		if err != nil || !changed {
			return hits, err
		}
		hits = ranked(slices.DeleteFunc(hits, func(h hit) bool { return h.grade == nothing }))
	}
	return hits, nil
}

// reread reads those of the hits that only the index knows, and tells whether
// one of them does not match as well as it said.
func (b *Book) reread(ctx context.Context, match matcher, hits []hit) (changed bool, err error) {
	readers, ctx := errgroup.WithContext(ctx)
	now := make([]Match, len(hits))
	for i := range hits {
		if now[i] = hits[i].Match; hits[i].account.ID != "" {
			continue
		}
		readers.Go(func() error {
			account, err := b.read(ctx, hits[i].id)
			if client.KindOf(err) == client.NotFound {
				now[i] = Match{grade: nothing}
				return nil
			}
			hits[i].entry, hits[i].account, hits[i].whole = entryOf(account), account, true
			now[i] = match(hits[i].entry)
			return err
		})
	}
	if err := readers.Wait(); err != nil {
		return false, err
	}
	for i := range hits {
		changed = changed || now[i].grade != hits[i].grade
		hits[i].Match = now[i]
	}
	return changed, nil
}

func candidates(hits []hit) []plain.Candidate {
	list := make([]plain.Candidate, len(hits))
	for i, h := range hits {
		list[i] = plain.Candidate{ID: h.id, Name: h.name, Detail: h.detail}
		if h.By != "name" && h.By != "external_id" {
			list[i].Detail += "; by " + h.Match.String()
		}
	}
	return list
}

// noSuchAccount names what comes near, so that the next call can be right.
func noSuchAccount(s sought, near []hit) error {
	switch {
	case s.note != "":
		return plain.Absent("The address is of a note that no account of this project lists.")
	case s.isLink:
		return plain.Absent("The address is of an account that does not exist in this project.")
	case len(near) == 0:
		return plain.Absent("No account has %q as UUID, external id, name or foreign id. list_accounts with a shorter search shows what there is.", plain.Short(s.text))
	}
	const most = 5
	text := "No account is exactly " + quote(s.text) + ". These come near; repeat the call with an id:"
	for _, h := range near[:min(most, len(near))] {
		text += "\n- " + h.id + ": " + quote(h.name) + " (" + h.detail + "; " + h.Match.String() + ")"
	}
	if len(near) > most {
		text += "\n- and more: list_accounts with this search lists them"
	}
	return plain.Absent("%s", text)
}

func quote(text string) string { return `"` + plain.Short(text) + `"` }
