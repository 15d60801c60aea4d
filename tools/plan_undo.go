package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/progress"
	"posthog-accounts-mcp/journal"
)

// undoPlan takes all writes of a plan back: those of one row the last one
// first, rows side by side. Each is an undo of its own, so that what cannot be
// taken back stops nothing else, and doing it again takes back what is left.
func (d *Desk) undoPlan(ctx context.Context, s scope, book *journal.Journal, plan string) (Receipt, error) {
	if err := d.settleCrashed(ctx, s, book); err != nil { // an undo that crashed may look as if it had worked
		return Receipt{}, onRecord(err)
	}
	entries, err := planEntries(ctx, s, book, plan)
	if err != nil {
		return Receipt{}, err
	}
	var rows [][]journal.Entry
	at := map[string]int{}
	total := 0
	for _, entry := range entries { // newest first
		if entry.Undoes != "" || entry.Outcome == journal.Ignored {
			continue
		}
		row, _, _ := strings.Cut(attemptOf(entry), " ")
		if _, known := at[row]; !known {
			at[row] = len(rows)
			rows = append(rows, nil)
		}
		rows[at[row]] = append(rows[at[row]], entry)
		total++
	}
	if total == 0 {
		return Receipt{}, plain.Absent("Nothing to undo: nothing of a plan %q is on record for this key and project.", plain.Short(plan))
	}
	u := planUndo{desk: d, scope: s, book: book, total: total}
	var workers errgroup.Group
	workers.SetLimit(planWorkers)
	for _, row := range rows {
		workers.Go(func() error { u.row(ctx, row); return nil })
	}
	_ = workers.Wait() // what fails is kept
	return u.receipt(plan), nil
}

// planUndo counts what became of the undos of a plan.
type planUndo struct {
	desk  *Desk
	scope scope
	book  *journal.Journal
	total int
	brake brake

	mu      sync.Mutex
	tried   int
	undone  int
	earlier int // undone before
	left    []string
}

// row takes the writes of one row back.
func (u *planUndo) row(ctx context.Context, writes []journal.Entry) {
	for _, entry := range writes {
		if entry.UndoneBy != "" {
			u.took(ctx, entry, u.isUndone(ctx, entry), true)
			continue
		}
		u.took(ctx, entry, u.undo(ctx, entry), false)
	}
}

// isUndone tells whether the undo of a write has ended.
func (u *planUndo) isUndone(ctx context.Context, entry journal.Entry) error {
	undo, err := u.book.Entry(ctx, u.scope.principal(), entry.UndoneBy)
	if err == nil && undo.Outcome == "" {
		return plain.Refuse("It is being undone by %s, or the server of that ended: known after two minutes.", undo.ID)
	}
	return onRecord(err)
}

// undo takes one write back, after a wait that PostHog asked for.
func (u *planUndo) undo(ctx context.Context, entry journal.Entry) error {
	for u.brake.wait(ctx) {
		receipt, err := u.desk.undo(ctx, u.scope, u.book, UndoWriteRequest{Write: entry.ID})
		if wait := retryAfter(err); err != nil && wait >= 0 && u.brake.hold(wait) {
			continue
		}
		if hitsAll(err) {
			u.brake.saw(ctx, err)
		}
		if err == nil && receipt.Outcome != journal.Applied && receipt.Outcome != journal.Pending {
			err = plain.Refuse("It was tried (%s), with the outcome %s. %s", receipt.Write, receipt.Outcome, receipt.Note)
		}
		return err
	}
	return plain.Refuse("Not tried.")
}

func (u *planUndo) took(ctx context.Context, entry journal.Entry, err error, before bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tried++
	switch {
	case err == nil && before:
		u.earlier++
	case err == nil:
		u.undone++
	default:
		u.left = append(u.left, fmt.Sprintf("%s (%s %s): %s", entry.ID, entry.Target.Kind, entry.Target.ID, shorten(plain.Explain(err), valueRunes)))
	}
	progress.Report(ctx, u.tried, u.total, fmt.Sprintf("%d of %d writes", u.tried, u.total))
}

// receipt is the answer: the writes that were taken back, and why others were
// not.
func (u *planUndo) receipt(plan string) Receipt {
	outcome := journal.Applied
	switch {
	case len(u.left) > 0 && u.undone > 0:
		outcome = journal.Partial
	case u.undone == 0:
		outcome = journal.Ignored
	}
	slices.Sort(u.left)
	after := map[string]any{"undone": u.undone, "undone_before": u.earlier, "not_undone": len(u.left)}
	note := count(u.undone, "write was", "writes were") + " taken back."
	if len(u.left) > 0 {
		after["left"] = shownWarnings(u.left)
		note += " " + count(len(u.left), "write was", "writes were") + " not: see left. Calling again takes back what can be by then."
	}
	if u.brake.reason != "" {
		note += " Stopped early: " + u.brake.reason
	}
	return Receipt{
		Outcome: outcome, Write: plan, Target: &Target{Kind: "plan", ID: plan}, After: after, Note: note,
		Undo: "Each undo is a write of its own: list_writes shows them, and undo_write takes one back.", ProjectID: u.scope.project,
	}
}
