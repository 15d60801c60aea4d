package tools

import (
	"context"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/notes"
	"posthog-accounts-mcp/portfolio"
)

// CreateNotebookRequest are the arguments of create_notebook.
type CreateNotebookRequest struct {
	ProjectArg
	AccountArg
	Title    string `json:"title,omitempty" jsonschema:"maxLength=256" jsonschema_description:"Default: the first heading or line."`
	Markdown string `json:"markdown" jsonschema:"minLength=1,maxLength=200000" jsonschema_description:"The note's text."`
	KeyArg
}

var createNotebookTool = define(Spec{
	Name:        "create_notebook",
	Title:       "Write a note",
	Description: "Write a new note (call notes, QBR, handover) on an account, in Markdown. PostHog shows it on the account's page and finds it by its words.",
	Toolset:     Notebooks,
	Effect:      Adds,
}, createNotebook)

func createNotebook(d *Desk, ctx context.Context, in CreateNotebookRequest) (Receipt, error) {
	if strings.TrimSpace(in.Markdown) == "" {
		return Receipt{}, plain.Refuse("Not done: the markdown is blank.")
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return Receipt{}, err
	}
	in.ProjectID = s.project // named or not, it is the same call
	return d.once(ctx, s, "create_notebook", in.Key, in, func(ctx context.Context) (Receipt, error) {
		account, match, err := s.book.FindToWrite(ctx, in.Account)
		if err != nil {
			return Receipt{}, err
		}
		note := noteWish{Title: titleOf(in), Markdown: in.Markdown}
		w := deed{
			tool: "create_notebook", target: journal.Target{Kind: "account", ID: account.ID}, arguments: in, key: in.Key,
			image: image{Account: &account}, wish: wish{Note: &note},
		}
		return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
			written, err := s.book.WriteNote(ctx, account, note.Title, note.Markdown)
			if err != nil {
				return done{}, err
			}
			return noteWritten(s, account, match, written), nil
		})
	})
}

// noteWritten words what came of writing a note.
func noteWritten(s scope, account client.Account, match portfolio.Match, written portfolio.NoteResult) done {
	row := notebookRow(written.Note)
	return done{Made: image{Note: &written.Note}, Receipt: Receipt{
		Outcome: written.Outcome, Note: written.Remark,
		Target: accountTarget(account, match),
		After:  compactArgs(map[string]any{"short_id": row.ShortID, "title": row.Title, "author": row.Author, "date": row.Date, "snippet": row.Snippet}),
		Undo:   asCall("delete_notebook", map[string]any{"account": account.ID, "notebook": row.ShortID}),
		URL:    s.links.notebook(row.ShortID), ProjectID: s.project,
	}}
}

// titleOf is the given title, or the first line of the note that says
// something.
func titleOf(in CreateNotebookRequest) string {
	if title := strings.TrimSpace(in.Title); title != "" {
		return title
	}
	for line := range strings.Lines(in.Markdown) {
		if text := notes.Text(nil, line); text != "" {
			return shorten(text, 200)
		}
	}
	return ""
}
