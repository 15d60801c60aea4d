package tools

import (
	"context"
	"errors"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// rowWork carries out one row: the writes that it takes, one after the other,
// each under a key of its own, so that each happens once however often the
// plan is carried out.
type rowWork struct {
	*planRun
	number   int
	step     planStep
	shown    AppliedRow
	receipts []Receipt

	account *client.Account               // as it was last read
	custom  map[string]portfolio.Property // those the row sets, as they were read, by id
}

// skipped is a row, or the rest of one, that is not carried out.
type skipped struct{ error }

// Unwrap gives the reason.
func (s skipped) Unwrap() error { return s.error }

func skip(format string, args ...any) error { return skipped{plain.Refuse(format, args...)} }

// changedSincePlan skips what somebody else changed.
func changedSincePlan(fields ...string) error {
	return skip("Changed since the plan: %s.", plain.Short(strings.Join(fields, ", ")))
}

// Why a row goes no further.
var (
	errElsewhere = plain.Refuse("Another call is at this row.")
	errEnded     = plain.Refuse("The rest of the row was left out, as a write of it did not end as asked.")
)

// do carries the row out, or what is left of it.
func (w *rowWork) do(ctx context.Context) error {
	switch {
	case w.step.Person != nil:
		return w.changePerson(ctx)
	case w.step.Account != nil:
		return w.changeAccount(ctx)
	}
	return skip("What the plan held of this person was erased.")
}

func (w *rowWork) changeAccount(ctx context.Context) error {
	step := *w.step.Account
	id := step.Account
	if step.Creates() {
		made, err := w.create(ctx, step)
		if err != nil {
			return err
		}
		id = made.ID
		w.shown.Account = id
	} else if err := w.check(ctx, step); err != nil {
		return err
	}
	switch lacks := w.worst() == journal.Partial; {
	case step.Creates() && lacks:
		if err := w.update(ctx, id, step); err != nil {
			return err
		}
		w.receipts[0].Outcome = journal.Applied // with the update it has all it was to have
	case !step.Creates() && step.Changes():
		if err := w.update(ctx, id, step); err != nil {
			return err
		}
	}
	for _, custom := range step.Custom {
		if err := w.setCustom(ctx, id, custom); err != nil {
			return err
		}
	}
	if step.Note == "" {
		return nil
	}
	return w.writeNote(ctx, id, step)
}

// check looks before a row's first write whether somebody changed what it
// names. A row that was begun goes on.
func (w *rowWork) check(ctx context.Context, step portfolio.Step) error {
	if w.isBegun() {
		return nil
	}
	account, err := w.read(ctx, step.Account)
	if err != nil {
		return err
	}
	changed, done := step.Stale(account), step.IsDone(account)
	for _, custom := range step.Custom {
		property, err := w.property(ctx, step.Account, custom)
		if err != nil {
			return err
		}
		isWanted := sameValue(property.Value, custom.Value)
		done = done && isWanted
		if !isWanted && !sameValue(property.Value, custom.Was) {
			changed = append(changed, custom.Name)
		}
	}
	onlyNote := !step.Changes() && len(step.Custom) == 0
	if len(changed) == 0 && (!done || onlyNote) {
		return nil
	}
	// Another call may have carried the row out since this one began.
	if err := w.refresh(ctx); err != nil || w.isBegun() {
		return err
	}
	if len(changed) > 0 {
		return changedSincePlan(changed...)
	}
	return skip("Somebody else made the same change since the plan.")
}

// isBegun tells whether any write of the row was begun.
func (w *rowWork) isBegun() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.begun {
		if strings.HasPrefix(key, w.key("")) {
			return true
		}
	}
	return false
}

// read is the account, as it was last read in this call.
func (w *rowWork) read(ctx context.Context, id string) (client.Account, error) {
	if w.account == nil {
		account, _, err := w.scope.book.Account(ctx, id)
		if plain.IsAbsent(err) {
			return account, skip("The account is not there any more.")
		}
		if err != nil {
			return account, err
		}
		w.account = &account
	}
	return *w.account, nil
}

// property is a custom property that the row sets, with its value.
func (w *rowWork) property(ctx context.Context, id string, custom portfolio.CustomStep) (portfolio.Property, error) {
	if w.custom == nil {
		var ids []string
		for _, c := range w.step.Account.Custom {
			ids = append(ids, c.ID)
		}
		found, err := w.scope.book.Custom(ctx, id, ids)
		if err != nil {
			return portfolio.Property{}, err
		}
		w.custom = found
	}
	property, there := w.custom[custom.ID]
	if !there {
		return property, skip("There is no custom property %q any more.", plain.Short(custom.Name))
	}
	return property, nil
}

// worst is the outcome of the row so far that is furthest from what was asked.
func (w *rowWork) worst() journal.Outcome {
	rank := []journal.Outcome{journal.Applied, journal.Pending, journal.Ignored, journal.Partial, journal.Overridden, journal.Unknown}
	worst := 0
	for _, receipt := range w.receipts {
		for i, outcome := range rank {
			if outcome == receipt.Outcome {
				worst = max(worst, i)
			}
		}
	}
	return rank[worst]
}

// finish says what became of the row.
func (w *rowWork) finish(err error) AppliedRow {
	row := w.shown
	row.Outcome = string(w.worst())
	for _, receipt := range w.receipts {
		if row.Write == "" {
			row.Write = receipt.Write
		}
		if receipt.Outcome != journal.Applied && row.Note == "" {
			row.Note = shorten(receipt.Note, valueRunes)
		}
	}
	if err == nil {
		return row
	}
	var left skipped
	switch isLeft := errors.As(err, &left); {
	case isLeft && len(w.receipts) == 0:
		row.Outcome = rowSkipped
	case errors.Is(err, errElsewhere), retryAfter(err) >= 0, errors.Is(err, context.Canceled):
		row.Outcome = rowRemaining
	case errors.Is(err, errEnded) && len(w.receipts) == 1:
		return row
	case len(w.receipts) > 0:
		row.Outcome = string(journal.Partial)
	default:
		row.Outcome = rowFailed
	}
	if !errors.Is(err, errEnded) {
		row.Note = shorten(plain.Explain(err), valueRunes)
	}
	return row
}
