package portfolio

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
)

// Candidate is an account that somebody may mean.
type Candidate struct {
	ID, Name, ExternalID string
	State                string // churned or ignored
	By                   string // what of it matched, in words
	Exact                bool
}

// Mention is what a text may mean among the accounts.
type Mention struct {
	Candidates []Candidate    // those that match best, the likeliest first
	More       int            // further ones that match as well, or come as near
	Answers    bool           // they are what was named, and do not only come near it
	Settled    bool           // reading the accounts anew could show nothing that matters
	Age        *time.Duration // of the index, if it took part
	Missing    string         // what the index could not tell
}

// mostCandidates bounds the candidates of a mention.
const mostCandidates = 3

// AsOf is how old an index may be that only points to where to look.
func AsOf(now time.Time) time.Time { return now.Add(-ageToRead) }

// Mentioned finds the accounts that a text may mean, refusing nothing for being
// ambiguous. The index is as it was at that time or later.
func (b *Book) Mentioned(ctx context.Context, reference string, at time.Time) (Mention, error) {
	s, err := b.seek(reference)
	if err != nil {
		return Mention{}, err
	}
	if s.id != "" {
		hits, err := b.byID(ctx, s)
		if err != nil || len(hits) > 0 || s.isLink {
			mention := mentionOf(hits)
			mention.Settled = true
			return mention, err
		}
	}
	var near []hit
	var waited error
	group, asking := errgroup.WithContext(ctx)
	group.Go(func() (err error) { near, err = b.glance(asking, s); return err })
	group.Go(func() error { waited = b.await(asking, at); return nil })
	if err := group.Wait(); err != nil {
		return Mention{}, err
	}
	hits, err := b.verified(ctx, s.match, near, b.index())
	if err != nil {
		return Mention{}, err
	}
	mention := mentionOf(hits)
	mention.Settled = s.settledBy(hits, false)
	return mention, mention.date(b.index(), waited)
}

// glance is what PostHog's search finds at first sight.
func (b *Book) glance(ctx context.Context, s sought) ([]hit, error) {
	if s.text == "" || s.note != "" {
		return nil, nil
	}
	page, err := b.api.ListAccounts(ctx, client.AccountQuery{Search: s.text, Ordering: "created_at", Limit: 200, IncludeChurned: true, IncludeIgnored: true})
	return s.graded(page.Results), err
}

// patience is how long somebody who only wants to know waits for the index.
const patience = 8 * time.Second

// await waits for the index, though not for as long as reading a big project
// may take: it goes on being read meanwhile.
func (b *Book) await(ctx context.Context, at time.Time) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := b.index().since(waiting, b.api, at)
	if err == nil {
		b.index().catchUp(waiting, b.api)
	}
	return err
}

// date says how old the index is that took part, and what it could not tell.
// Where it failed, only what PostHog's search found is an answer.
func (m *Mention) date(index *index, failure error) error {
	age, read, partial := index.state()
	if read {
		m.Age = &age
	}
	switch {
	case errors.Is(failure, errTooSoon):
		m.Missing = "The accounts were read too often lately to be read again: changes since are missing."
	case errors.Is(failure, context.DeadlineExceeded):
		m.Missing = "The accounts are still being read: ids of other systems, domains and other spellings may be missing. Ask again in a few seconds."
	case failure != nil:
		return failure
	case partial:
		m.Missing = "Not all accounts could be looked through: only names and external ids are complete."
	}
	return nil
}

// mentionOf makes a mention of hits, best first.
func mentionOf(hits []hit) Mention {
	if len(hits) == 0 {
		return Mention{}
	}
	mention := Mention{Answers: hits[0].grade.answers()}
	if mention.Answers {
		hits = best(hits)
	}
	for _, h := range hits[:min(len(hits), mostCandidates)] {
		mention.Candidates = append(mention.Candidates, h.candidate())
	}
	mention.More = len(hits) - len(mention.Candidates)
	return mention
}

func (h hit) candidate() Candidate {
	_, state, _ := strings.Cut(h.detail[strings.LastIndexByte(h.detail, '"')+1:], ", ")
	return Candidate{ID: h.id, Name: h.name, ExternalID: h.external, State: state, By: h.Match.String(), Exact: h.Exact}
}
