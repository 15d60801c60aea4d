package tools

import (
	"cmp"
	"context"
	"fmt"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// DeleteNotebookRequest are the arguments of delete_notebook.
type DeleteNotebookRequest struct {
	ProjectArg
	AccountArg
	Notebook string `json:"notebook" jsonschema:"minLength=1,maxLength=40" jsonschema_description:"Short id, or latest."`
	ConfirmationArg
}

var deleteNotebookTool = define(Spec{
	Name:        "delete_notebook",
	Title:       "Delete a note",
	Description: "Delete one note of an account for good. Previews first; call again with the confirmation once the user agreed.",
	Toolset:     Notebooks,
	Effect:      Erases,
}, deleteNotebook)

func deleteNotebook(d *Desk, ctx context.Context, in DeleteNotebookRequest) (ReceiptOrPreview, error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	account, match, err := s.book.FindToWrite(ctx, in.Account)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	note, err := s.book.Note(ctx, account, in.Notebook)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	row := notebookRow(note)
	agreement := d.agreement(s, Notebooks, "delete_notebook", in.Confirmation, in.unconfirmed(), noteIdentity(note))
	answer, agreed, err := agreement.reach(ctx, func(context.Context) (proposal, error) { return proposeNoteDeletion(account, row), nil })
	if !agreed {
		return answer, err
	}
	w := deed{tool: "delete_notebook", target: journal.Target{Kind: "account", ID: account.ID}, arguments: in.unconfirmed(), image: image{Note: &note},
		wish: wish{Deletion: &deletionWish{Account: account.ID, Note: note.ShortID}}, forGood: true}
	receipt, err := d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		deleted, err := s.book.DeleteNote(ctx, account, note)
		if err != nil {
			return done{}, err
		}
		return noteDeleted(s, account, match, deleted), nil
	})
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	agreement.finish(ctx, &receipt)
	return ReceiptOrPreview{Receipt: &receipt}, nil
}

// noteDeleted words what came of a deletion.
func noteDeleted(s scope, account client.Account, match portfolio.Match, deleted portfolio.NoteResult) done {
	return done{Receipt: Receipt{
		Outcome: deleted.Outcome, Note: deleted.Remark, Target: accountTarget(account, match),
		Before: map[string]any{"notebook": notebookRow(deleted.Note)}, Undo: "A deleted note cannot be restored.",
		URL: s.links.account(account.ID), ProjectID: s.project,
	}}
}

func (in DeleteNotebookRequest) unconfirmed() DeleteNotebookRequest { in.Confirmation = ""; return in }

func proposeNoteDeletion(account client.Account, note NotebookRow) proposal {
	return proposal{
		shown: map[string]any{"account": account.Name, "account_id": account.ID, "notebook": note},
		note:  "Deletes the note for good; get_notebook reads it whole, to keep a copy.",
		lines: []string{
			fmt.Sprintf("Delete the note %s (%s, written by %s, %s)?", quoted(note.Title), note.ShortID, quoted(cmp.Or(note.Author, "unknown")), note.Date),
			"It belongs to the account " + accountInWords(account) + ".",
			"It begins: " + quoted(note.Snippet),
		},
	}
}

// noteIdentity is all of a note that a confirmation binds: which note it is
// and everything in it.
func noteIdentity(note client.Notebook) any {
	return []any{note.ID, note.ShortID, note.Title, string(note.Content), text(note.TextContent)}
}
