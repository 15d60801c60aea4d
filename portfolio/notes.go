package portfolio

import (
	"context"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/notes"
)

// Latest is the word for an account's newest note.
const Latest = "latest"

// Notes gives a page of an account's notes.
func (b *Book) Notes(ctx context.Context, account client.Account, query client.NotebookQuery) (client.Page[client.Notebook], error) {
	return b.api.ListNotebooks(ctx, account.ID, query)
}

// Note finds one note of an account, by short id or as the latest.
func (b *Book) Note(ctx context.Context, account client.Account, reference string) (client.Notebook, error) {
	reference = strings.TrimSpace(reference)
	if !strings.EqualFold(reference, Latest) {
		note, err := b.api.Notebook(ctx, account.ID, reference)
		if client.KindOf(err) == client.NotFound {
			return note, plain.Absent("The account %s has no note %q. list_notebooks shows the short ids of its notes; \"latest\" is the newest.", quote(account.Name), plain.Short(reference))
		}
		return note, err
	}
	page, err := b.api.ListNotebooks(ctx, account.ID, client.NotebookQuery{Ordering: "-created_at", Limit: 1})
	if err != nil {
		return client.Notebook{}, err
	}
	if len(page.Results) == 0 {
		return client.Notebook{}, plain.Absent("The account %s has no notes yet.", quote(account.Name))
	}
	return page.Results[0], nil
}

// NoteResult is what became of a note that was written or deleted.
type NoteResult struct {
	Outcome journal.Outcome
	Note    client.Notebook
	Remark  string
}

// WriteNote adds a note. It goes out as Markdown text without a document: that
// is what every PostHog renders and its search finds.
//
// PostHog trims both texts; a receipt would otherwise call every note with a
// line break at its end altered.
func (b *Book) WriteNote(ctx context.Context, account client.Account, title, markdown string) (NoteResult, error) {
	title, markdown = sendable(account, title, markdown)
	if markdown == "" {
		return NoteResult{}, plain.Refuse("Not done: the markdown is blank.")
	}
	made, remark, err := b.write(ctx, account, title, markdown)
	if err != nil {
		return NoteResult{}, err
	}
	found, err := b.api.Notebook(ctx, account.ID, made.ShortID)
	if err != nil {
		return NoteResult{}, unseen(nil, err)
	}
	result := NoteResult{Outcome: journal.Applied, Note: found, Remark: remark}
	if stored, _ := notes.Markdown(found.Content, value(found.TextContent)); stored != markdown || found.Title != title {
		result.Outcome = journal.Partial
		result.Remark = strings.TrimSpace(remark + " PostHog stored the note differently from what was sent; get_notebook shows it.")
	}
	return result, nil
}

// sendable is a note as it goes out: trimmed, and free of what PostHog's
// converter never returns from. Newer ones render tags in notes live, which
// what people or models write must not do.
func sendable(account client.Account, title, markdown string) (string, string) {
	markdown = notes.Sendable(notes.Sendable(trimmed(markdown)))
	if account.Newer {
		markdown = notes.Inert(markdown)
	}
	return strings.TrimSpace(trimmed(title)), strings.TrimSpace(markdown)
}

// write makes the note, or finds that the request made it although the answer
// was lost, and says so then.
func (b *Book) write(ctx context.Context, account client.Account, title, markdown string) (made client.Notebook, remark string, err error) {
	mine, err := b.directory.turns.take(ctx, b.turnOf("note", account.ID, title))
	if err != nil {
		return made, "", err
	}
	defer mine.giveBack()
	made, err = b.api.CreateNotebook(ctx, account.ID, client.NotebookCreate{Title: title, TextContent: markdown})
	if unclear(err) {
		remark = foundAgain
		made, err = b.findWritten(ctx, account, title, markdown, mine, err)
	}
	if err == nil {
		mine.made[made.ShortID] = true
	}
	return made, remark, err
}

// DeleteNote deletes a note that was just read, and looks that it is gone.
func (b *Book) DeleteNote(ctx context.Context, account client.Account, note client.Notebook) (NoteResult, error) {
	writeErr := b.api.DeleteNotebook(ctx, account.ID, note.ShortID)
	if writeErr != nil && !unclear(writeErr) {
		return NoteResult{}, writeErr
	}
	err := b.settle(ctx, writeErr, func(ctx context.Context) (gone bool, err error) {
		_, err = b.api.Notebook(ctx, account.ID, note.ShortID)
		return client.KindOf(err) == client.NotFound, err
	})
	switch {
	case client.KindOf(err) == client.NotFound:
		return NoteResult{Outcome: journal.Applied, Note: note}, nil
	case err != nil:
		return NoteResult{}, unseen(writeErr, err)
	}
	return NoteResult{Outcome: journal.Ignored, Note: note, Remark: "PostHog still shows the note."}, nil
}

// IsGone tells whether PostHog has no such account, or if a note is given none
// such of the account.
func (b *Book) IsGone(ctx context.Context, account, note string) (bool, error) {
	var err error
	if note == "" {
		_, err = b.readAlone(ctx, account)
	} else {
		_, err = b.api.Notebook(ctx, account, note)
	}
	if client.KindOf(err) == client.NotFound {
		return true, nil
	}
	return false, err
}

// value is what a pointer points to, or the zero value.
func value[T any](pointer *T) (pointed T) {
	if pointer != nil {
		pointed = *pointer
	}
	return pointed
}
