package tools

import (
	"context"
	"encoding/json"

	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// A create whose server ended in the middle: its key answers with what it
// made, or is free again once nothing can come of it any more.

// nothingMade is said of a create of which nothing is there.
const nothingMade = "The server ended before it knew what became of it. It made nothing: that was looked for once its request could no longer take effect."

// creates tells whether a wish makes something new.
func (w wish) creates() bool { return w.Draft != nil && w.Draft.Since != nil || w.Note != nil }

// isLeftOpen tells whether nobody will find out any more what became of a
// write, unless by looking.
func (d *Desk) isLeftOpen(entry journal.Entry) bool {
	return entry.Outcome == journal.Unknown || entry.Outcome == "" && !d.now().Before(entry.Deadline)
}

// lookForMade looks for what a create made. Nothing there is an outcome
// without anything made.
func (s scope) lookForMade(ctx context.Context, book *journal.Journal, entry journal.Entry, was image, asked wish) (done, error) {
	others, err := s.madeByOthers(ctx, book, entry)
	if err != nil {
		return done{}, err
	}
	nothing := done{Receipt: Receipt{Outcome: journal.Ignored}}
	if asked.Draft != nil {
		result, found, err := s.book.FindCreated(ctx, *asked.Draft, others)
		if err != nil || !found {
			return nothing, err
		}
		return accountMade(s, result), nil
	}
	if was.Account == nil {
		return done{}, errUnseen
	}
	written, found, err := s.book.FindWritten(ctx, *was.Account, asked.Note.Title, asked.Note.Markdown, others)
	if err != nil || !found {
		return nothing, err
	}
	return noteWritten(s, *was.Account, portfolio.Match{By: "id", Exact: true}, written), nil
}

// madeByOthers are the ids of what other writes on record made meanwhile.
// Another that wanted the same and has no outcome either makes it impossible to
// tell whose is what is found.
func (s scope) madeByOthers(ctx context.Context, book *journal.Journal, entry journal.Entry) (ids []string, err error) {
	const most = 1000
	window := entry.Deadline.Sub(entry.At) // what began that long before had ended
	since := journal.Query{Principal: s.principal(), Since: entry.At.Add(-window), Limit: most}
	entries, more, err := book.List(ctx, since)
	if err != nil || more {
		return nil, orUnseen(err)
	}
	for _, other := range entries {
		var made done
		switch {
		case other.ID == entry.ID || other.Undoes != "":
			continue
		case other.Tampered && other.Tool == entry.Tool:
			return nil, errUnseen
		case other.After != nil && json.Unmarshal(other.After, &made) == nil:
			if made.Made.Account != nil {
				ids = append(ids, made.Made.Account.ID)
			}
			if made.Made.Note != nil {
				ids = append(ids, made.Made.Note.ShortID)
			}
		case other.Outcome == "" || other.Outcome == journal.Unknown:
			if wantsSame(other, entry) {
				return nil, errUnseen
			}
		}
	}
	return ids, nil
}

func orUnseen(err error) error {
	if err == nil {
		return errUnseen
	}
	return onRecord(err)
}

// wantsSame tells whether two creates are to make the same, under whatever
// key.
func wantsSame(a, b journal.Entry) bool {
	return a.Target.Kind == b.Target.Kind && a.Target.ID == b.Target.ID && sameValue(wishedFor(a), wishedFor(b))
}

// wishedFor is what a create is to make, whatever was there before.
func wishedFor(entry journal.Entry) any {
	var asked wish
	if decodeKept(entry.Wanted, &asked) != nil || !asked.creates() {
		return entry.ID // like no other
	}
	if asked.Draft != nil {
		asked.Draft.Since = nil
	}
	return []any{asked.Draft, asked.Note}
}
