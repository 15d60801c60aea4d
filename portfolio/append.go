package portfolio

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/notes"
)

// Addition is Markdown that is added to a note.
type Addition struct {
	Section  string `json:"section,omitempty"` // a heading; the end of the note without one
	Markdown string `json:"markdown"`
}

// NoteEdit is what became of an edit of a note.
type NoteEdit struct {
	Outcome   journal.Outcome
	Was, Left client.Notebook // right before the edit, and as read back
	Remark    string
}

// CannotEdit means that a note cannot be changed in place, with the reason in words for a reader.
type CannotEdit struct{ Why string }

func (e *CannotEdit) Error() string { return "the note cannot be changed in place: " + e.Why }

// editAttempts is how often an edit is made again because somebody else was faster.
const editAttempts = 6

// AppendNote adds to a note. PostHog takes an edit only of the version that was read, so that what others wrote in
// between is never replaced: the note is read again and the addition made to that.
func (b *Book) AppendNote(ctx context.Context, shortID string, add Addition) (NoteEdit, error) {
	add.Section, add.Markdown = trimmed(add.Section), trimmed(add.Markdown)
	return b.edit(ctx, shortID, func(was client.Notebook) (noteDraft, error) {
		update, err := appended(was, add)
		there := notes.Holds(was.Content, add.Markdown)
		return noteDraft{update, func(now client.Notebook) bool { return notes.Holds(now.Content, add.Markdown) > there }}, err
	})
}

// noteDraft is an edit about to be sent, and how to find it in a note that others went on editing.
type noteDraft struct {
	client.NotebookUpdate
	isIn func(now client.Notebook) bool
}

// RestoreNote makes a note as it was before an edit, if it still is as that edit left it.
func (b *Book) RestoreNote(ctx context.Context, was, left client.Notebook) (NoteEdit, error) {
	return b.edit(ctx, was.ShortID, func(now client.Notebook) (noteDraft, error) {
		if !sameNote(now, left) {
			return noteDraft{}, ChangedSince([]string{"the note"})
		}
		text := client.Null[string]()
		if was.TextContent != nil {
			text = client.Set(*was.TextContent)
		}
		update := client.NotebookUpdate{Content: was.Content, TextContent: text}
		return noteDraft{update, func(now client.Notebook) bool { return sameNote(now, was) }}, nil
	})
}

// edit reads a note, changes it and reads it back, again as long as others are faster.
func (b *Book) edit(ctx context.Context, shortID string, change func(client.Notebook) (noteDraft, error)) (NoteEdit, error) {
	mine, err := b.directory.turns.take(ctx, b.turnOf("edit", shortID))
	if err != nil {
		return NoteEdit{}, err
	}
	defer mine.giveBack()
	wait := 20 * time.Millisecond
	for range editAttempts {
		was, err := b.api.VersionedNotebook(ctx, shortID)
		if err != nil {
			return NoteEdit{}, cannotEdit(err)
		}
		draft, err := change(was.Notebook)
		if err != nil {
			return NoteEdit{}, err
		}
		draft.Version = was.Version
		_, err = b.api.UpdateNotebook(ctx, shortID, draft.NotebookUpdate)
		switch {
		case client.KindOf(err) == client.Conflict:
			if err := pause(ctx, jittered(wait)); err != nil {
				return NoteEdit{}, err
			}
			wait *= 2
			continue
		case err != nil && !unclear(err):
			return NoteEdit{}, cannotEdit(err)
		}
		return b.edited(ctx, was, draft, err)
	}
	return NoteEdit{}, plain.Refuse("Not done: others edited the note each time it was about to be changed. Try again in a minute.")
}

// edited reads an edited note back. Where the answer was lost, the note is read until the edit is there or the request
// can be taken for dead; once the version has moved on without it, PostHog will refuse it.
func (b *Book) edited(ctx context.Context, was client.VersionedNotebook, draft noteDraft, lost error) (NoteEdit, error) {
	var now client.VersionedNotebook
	err := b.settle(ctx, lost, func(ctx context.Context) (settled bool, err error) {
		now, err = b.api.VersionedNotebook(ctx, was.ShortID)
		return err == nil && now.Version != was.Version, err
	})
	if err != nil {
		return NoteEdit{}, unseen(lost, err)
	}
	edit := NoteEdit{Outcome: journal.Applied, Was: was.Notebook, Left: now.Notebook}
	switch {
	case sameJSON(now.Content, draft.Content):
	case draft.isIn(now.Notebook):
		edit.Remark = "The note has more changes than this one: somebody else edited it right after."
	case lost != nil:
		return NoteEdit{}, plain.Refuse("Not done: PostHog gave no answer to the edit, and the note does not have it (%s). It was looked for until the request could be taken for dead; repeat the call if it is still wanted.",
			strings.TrimSuffix(plain.Explain(lost), "."))
	default:
		edit.Outcome = journal.Overridden
		edit.Remark = "PostHog took the edit, but the note reads otherwise now: somebody edited it at the same time. get_notebook shows it."
	}
	if lost != nil {
		edit.Remark = strings.TrimSpace("PostHog's answer was lost; the edit was found in the note. " + edit.Remark)
	}
	return edit, nil
}

// cannotEdit tells a key or a PostHog that does not edit notes from a failure.
func cannotEdit(err error) error {
	failure, _ := errors.AsType[*client.Error](err)
	switch client.KindOf(err) {
	case client.MissingScope:
		scope := "notebook:write"
		if failure.MissingScope != "" {
			scope = failure.MissingScope
		}
		return &CannotEdit{"the key lacks the scope " + scope}
	case client.Forbidden, client.NoKeyAccess:
		return &CannotEdit{"PostHog does not let this key edit notes"}
	case client.NotFound, client.Unsupported:
		return &CannotEdit{"this PostHog does not offer this note for editing"}
	}
	return err
}

// appended is the update that adds to a note: to its document, and to the text beside it, which is what PostHog's
// search reads.
func appended(note client.Notebook, add Addition) (client.NotebookUpdate, error) {
	text := value(note.TextContent)
	_, source := notes.Markdown(note.Content, text)
	longer, textErr := notes.AppendText(text, add.Section, add.Markdown)
	var content json.RawMessage
	var err error
	if note.Content == nil && text != "" && textErr == nil {
		content = notes.RichText(longer) // a page that shows nothing, beside a text
	} else {
		content, err = notes.AppendTo(note.Content, add.Section, add.Markdown)
	}
	switch {
	case errors.Is(err, notes.ErrSections):
		return client.NotebookUpdate{}, plain.Refuse("Not done: the note has several sections called %s. Add at the end of the note, without section, or rename one in PostHog.", quote(add.Section))
	case errors.Is(err, notes.ErrOpenCode):
		return client.NotebookUpdate{}, &CannotEdit{"it has a code block that was not closed, and the addition would become code"}
	case err != nil:
		return client.NotebookUpdate{}, &CannotEdit{"what PostHog keeps of it cannot be read as a document"}
	}
	if source != notes.SourceText || textErr != nil {
		if longer, err = notes.ToMarkdown(content); err != nil {
			return client.NotebookUpdate{}, &CannotEdit{"what PostHog keeps of it cannot be read as a document"}
		}
	}
	return client.NotebookUpdate{Content: content, TextContent: client.Set(longer)}, nil
}

// LookForAddition reads a note and tells whether an addition to it arrived; what else is there may be by others.
func (b *Book) LookForAddition(ctx context.Context, was client.Notebook, add Addition) (now client.Notebook, arrived bool, err error) {
	found, err := b.api.VersionedNotebook(ctx, was.ShortID)
	if err != nil {
		return found.Notebook, false, cannotEdit(err)
	}
	update, err := appended(was, Addition{trimmed(add.Section), trimmed(add.Markdown)})
	return found.Notebook, err == nil && sameJSON(found.Content, update.Content), nil
}

// sameNote tells whether a note still says what it said.
func sameNote(a, b client.Notebook) bool {
	return sameJSON(a.Content, b.Content) && value(a.TextContent) == value(b.TextContent)
}

// sameJSON compares documents by their values: PostgreSQL orders keys its own way.
func sameJSON(a, b json.RawMessage) bool {
	var left, right any
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	if json.Unmarshal(a, &left) != nil || json.Unmarshal(b, &right) != nil {
		return false
	}
	return same(left, right)
}
