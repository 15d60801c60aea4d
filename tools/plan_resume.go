package tools

import (
	"context"
	"errors"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// planEntries are all writes of a plan, newest first.
func planEntries(ctx context.Context, s scope, book *journal.Journal, plan string) ([]journal.Entry, error) {
	var all []journal.Entry
	query := journal.Query{Principal: s.principal(), Plan: plan, Limit: 1000}
	for {
		entries, more, err := book.List(ctx, query)
		if err != nil {
			return nil, onRecord(err)
		}
		all = append(all, entries...)
		if !more {
			return all, nil
		}
		query.Before = entries[len(entries)-1].ID
	}
}

// settled is what became of a write that was begun, and whether it is to be
// made again.
func (w *rowWork) settled(ctx context.Context, key string, entry journal.Entry, retries bool) (result done, again bool, err error) {
	switch {
	case entry.Tampered:
		return done{}, false, onRecord(journal.ErrTampered)
	case entry.UndoneBy != "":
		return done{}, false, skip("It was undone by %s.", entry.UndoneBy)
	case entry.Outcome == journal.Pending:
		entry, err = w.desk.lookAgain(ctx, w.scope, w.book, entry)
	case entry.Outcome == "" || entry.Outcome == journal.Unknown:
		entry, err = w.settleOpen(ctx, entry)
	}
	if err != nil {
		return done{}, false, err
	}
	w.learn(key, entry)
	if (deed{retries: retries}).mayFollow(entry) {
		return done{}, true, nil
	}
	err = decodeKept(entry.After, &result)
	result.Receipt.Outcome, result.Receipt.Write = entry.Outcome, entry.ID
	return result, false, err
}

const (
	// openPatience is how long a call waits for another one that is at the same
	// row.
	openPatience  = time.Minute
	firstOpenLook = 50 * time.Millisecond
	lastOpenLook  = 500 * time.Millisecond
)

// settleOpen finds out what became of a write that has no outcome. Whose call
// lives settles it itself. After a call that died its effect is looked for
// until it is there, or until the request can be taken for dead; then what is
// there is the outcome.
func (w *rowWork) settleOpen(ctx context.Context, entry journal.Entry) (journal.Entry, error) {
	var died time.Time // when its call was found dead
	for begin, pause := time.Now(), firstOpenLook; ; pause = min(2*pause, lastOpenLook) {
		now, err := w.book.Entry(ctx, w.scope.principal(), entry.ID)
		if err != nil {
			return entry, onRecord(err)
		}
		if now.Outcome != "" && now.Outcome != journal.Unknown {
			return now, nil
		}
		alive, err := w.isAtWork(ctx, now)
		switch {
		case err != nil:
			return now, err
		case alive && time.Since(begin) > openPatience:
			return now, errElsewhere
		case alive:
			died = time.Time{}
		default:
			if died.IsZero() {
				died = time.Now()
			}
			isDead := time.Since(died) >= w.scope.session.Settle()
			if settled, is, err := w.settleDead(ctx, now, isDead); err != nil || is {
				return settled, err
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return now, err
		}
	}
}

// isAtWork tells whether the call lives that has begun a write.
func (w *rowWork) isAtWork(ctx context.Context, entry journal.Entry) (bool, error) {
	var asked wish
	if err := decodeKept(entry.Wanted, &asked); err != nil || entry.Outcome == journal.Unknown {
		return false, err
	}
	return w.isAlive(ctx, asked.Run)
}

// settleDead looks for the effect of a write whose call has died. What is not
// there, or not whole, becomes its outcome only once the request is dead, too.
func (w *rowWork) settleDead(ctx context.Context, entry journal.Entry, isDead bool) (journal.Entry, bool, error) {
	result, err := w.effect(ctx, entry)
	outcome := result.Receipt.Outcome
	switch {
	case plain.IsAbsent(err):
		return entry, false, skip("What it was about is not there any more.")
	case err != nil:
		return entry, false, err
	case outcome != journal.Applied && !isDead:
		return entry, false, nil
	}
	result.Receipt.Note, result.Receipt.Write, result.Receipt.ProjectID = foundLater, entry.ID, w.scope.project
	var after any
	if outcome != journal.Ignored {
		after = result
	}
	if err := settle(ctx, w.book, entry.ID, outcome, after, foundLater); err != nil && !errors.Is(err, journal.ErrSettled) {
		return entry, false, onRecord(err)
	}
	entry, err = w.book.Entry(ctx, w.scope.principal(), entry.ID)
	return entry, true, onRecord(err)
}

// effect looks for what a write of a plan was to do.
func (w *rowWork) effect(ctx context.Context, entry journal.Entry) (done, error) {
	var was image
	var asked wish
	if err := errors.Join(decodeKept(entry.Before, &was), decodeKept(entry.Wanted, &asked)); err != nil {
		return done{}, err
	}
	switch {
	case asked.Note != nil && was.Account != nil:
		return w.writtenNote(ctx, *was.Account, *asked.Note)
	case asked.Account != nil && was.Account == nil:
		return w.madeAccount(ctx, *asked.Account)
	}
	return w.scope.look(ctx, was, asked)
}

func (w *rowWork) writtenNote(ctx context.Context, account client.Account, asked noteWish) (done, error) {
	known, err := w.notesOnRecord(ctx, account)
	if err != nil {
		return done{}, err
	}
	note, there, err := w.scope.book.WrittenSince(ctx, account, asked.Title, asked.Markdown, known)
	if err != nil || !there {
		return done{Receipt: Receipt{Outcome: journal.Ignored}}, err
	}
	return noteWritten(w.scope, account, byID, portfolio.NoteResult{Outcome: journal.Applied, Note: note}), nil
}

// notesOnRecord are the notes of an account that other writes are known to have
// made.
func (w *rowWork) notesOnRecord(ctx context.Context, account client.Account) (ids []string, err error) {
	entries, _, err := w.book.List(ctx, journal.Query{Principal: w.scope.principal(), Target: journal.Target{Kind: "account", ID: account.ID}, Limit: 200})
	for _, entry := range entries {
		var result done
		if decodeKept(entry.After, &result) == nil && result.Made.Note != nil {
			ids = append(ids, result.Made.Note.ShortID)
		}
	}
	return ids, onRecord(err)
}

func (w *rowWork) madeAccount(ctx context.Context, change portfolio.Change) (done, error) {
	account, there, err := w.scope.book.MadeSince(ctx, portfolio.Step{Change: change}.Draft())
	if err != nil || !there {
		return done{Receipt: Receipt{Outcome: journal.Ignored}}, err
	}
	outcome := journal.Partial // what it lacks is for an update
	if w.step.Account.IsDone(account) {
		outcome = journal.Applied
	}
	return accountMade(w.scope, portfolio.Result{Outcome: outcome, Account: account, After: portfolio.State(account)}), nil
}

// sleep waits, or tells that the caller gave up.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
