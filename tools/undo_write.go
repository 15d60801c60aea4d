package tools

import (
	"context"
	"errors"
	"strings"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// UndoWriteRequest are the arguments of undo_write.
type UndoWriteRequest struct {
	ProjectArg
	Write string `json:"write" jsonschema:"minLength=1,maxLength=60" jsonschema_description:"From a receipt or list_writes, or a plan's id: all its writes."`
}

var undoWriteTool = define(Spec{
	Name:        "undo_write",
	Title:       "Undo a write",
	Description: "Take one write back: what it changed becomes as it was, what it created is deleted. Refuses if somebody changed that since, and says what. Deletions and splits cannot be undone.",
	Toolset:     Journal,
	Effect:      Sets,
}, undoWrite)

func undoWrite(d *Desk, ctx context.Context, in UndoWriteRequest) (Receipt, error) {
	s, book, err := d.scopeOnRecord(ctx, in.ProjectID)
	if err != nil {
		return Receipt{}, err
	}
	if strings.HasPrefix(in.Write, planPrefix) {
		return d.undoPlan(ctx, s, book, in.Write)
	}
	return d.undo(ctx, s, book, in)
}

// undo takes one write back.
func (d *Desk) undo(ctx context.Context, s scope, book *journal.Journal, in UndoWriteRequest) (Receipt, error) {
	entry, err := d.undoable(ctx, s, book, in.Write)
	if err != nil {
		return Receipt{}, err
	}
	var was image
	var asked wish
	var did done
	if err := errors.Join(decodeKept(entry.Before, &was), decodeKept(entry.Wanted, &asked), decodeKept(entry.After, &did)); err != nil {
		return Receipt{}, err
	}
	if did.Met != (image{}) {
		was = did.Met
	}
	w := deed{tool: "undo_write", target: entry.Target, arguments: in, person: entry.Person, undoes: entry.ID}
	switch {
	case did.Made.Account != nil:
		return d.unmakeAccount(ctx, s, w, *did.Made.Account)
	case did.Made.Note != nil:
		return d.unmakeNote(ctx, s, w, *did.Made.Note)
	case did.Edit != nil:
		return d.restoreNote(ctx, s, w, *did.Edit)
	case was.Account != nil && did.Back != nil:
		return d.restoreAccount(ctx, s, w, *was.Account, did)
	case was.Person != nil:
		return d.restorePerson(ctx, s, w, *was.Person, asked, did)
	case was.Property != nil && asked.Property != nil:
		return d.restoreProperty(ctx, s, w, *was.Property, *asked.Property, did)
	}
	return Receipt{}, plain.Refuse("Nothing to undo: %s changed nothing.", entry.ID)
}

// undoable finds a write that can be taken back, looking once more where its
// outcome is not known yet.
func (d *Desk) undoable(ctx context.Context, s scope, book *journal.Journal, id string) (journal.Entry, error) {
	if err := d.settleCrashed(ctx, s, book); err != nil { // an undo that crashed may stand in the way
		return journal.Entry{}, onRecord(err)
	}
	entry, err := book.Entry(ctx, s.principal(), id)
	switch {
	case err != nil:
		return entry, onRecord(err)
	case entry.Tampered:
		return entry, onRecord(journal.ErrTampered)
	case !entry.ErasedAt.IsZero():
		return entry, plain.Refuse("Not done: what this write held was erased with the person, so there is nothing to restore from.")
	case !entry.Reversible:
		return entry, plain.Refuse("Not done: what %s did cannot be undone. %s", entry.Tool, finality(entry))
	case entry.UndoneBy != "":
		return entry, plain.Refuse("Not done: this write has been undone already, or is being undone, by %s.", entry.UndoneBy)
	case entry.Outcome == "" && d.now().Before(entry.Deadline):
		return entry, plain.Refuse("Not done: this write is still under way, or its server has ended. Try again after %s.", clock(entry.Deadline))
	case entry.Outcome == journal.Pending || entry.Outcome == journal.Unknown:
		if entry, err = d.lookAgain(ctx, s, book, entry); err != nil {
			return entry, err
		}
	}
	switch entry.Outcome {
	case journal.Pending:
		return entry, plain.Refuse("Not done: PostHog has not applied this write yet. Try again once it has.")
	case journal.Unknown:
		return entry, plain.Refuse("Not done: what became of this write is not known. Look at the object, and change it back by hand where needed.")
	case journal.Ignored:
		return entry, plain.Refuse("Nothing to undo: this write changed nothing.")
	}
	return entry, nil
}

// finality says why a write cannot be taken back.
func finality(entry journal.Entry) string {
	switch {
	case entry.Tool == "split_person":
		return "PostHog has no safe way to merge persons back."
	case entry.Tool == "set_custom_property" || entry.Plan != "":
		return firstValueStays
	case entry.Undoes != "":
		return "It deleted what had been created; create it again."
	}
	return "PostHog keeps nothing of what is deleted."
}
