package tools

import (
	"context"
	"errors"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/notes"
	"posthog-accounts-mcp/portfolio"
)

// AppendNoteRequest are the arguments of append_note.
type AppendNoteRequest struct {
	ProjectArg
	AccountArg
	Notebook string `json:"notebook" jsonschema:"maxLength=40" jsonschema_description:"Short id, or latest."`
	Markdown string `json:"markdown" jsonschema:"maxLength=200000" jsonschema_description:"What to add."`
	Section  string `json:"section,omitempty" jsonschema:"maxLength=200" jsonschema_description:"Heading to add under."`
	Key      string `json:"key,omitempty" jsonschema:"maxLength=200" jsonschema_description:"As in create_notebook."`
}

var appendNoteTool = define(Spec{
	Name:        "append_note",
	Title:       "Add to a note",
	Description: "Add to a note, losing nothing in it; if the key may not edit, as a linked follow-up.",
	Toolset:     Portfolio,
	Effect:      Adds,
}, appendNote)

func appendNote(d *Desk, ctx context.Context, in AppendNoteRequest) (Receipt, error) {
	if strings.TrimSpace(in.Markdown) == "" {
		return Receipt{}, plain.Refuse("Not done: the markdown is blank.")
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return Receipt{}, err
	}
	in.ProjectID = s.project // named or not, it is the same call
	return d.once(ctx, s, "append_note", in.Key, in, func(ctx context.Context) (Receipt, error) {
		account, match, err := s.book.FindToWrite(ctx, in.Account)
		if err != nil {
			return Receipt{}, err
		}
		note, err := s.book.Note(ctx, account, in.Notebook)
		if err != nil {
			return Receipt{}, err
		}
		add := portfolio.Addition{Section: in.Section, Markdown: in.Markdown}
		w := deed{tool: "append_note", target: journal.Target{Kind: "account", ID: account.ID}, arguments: in,
			image: image{Note: &note}, wish: wish{Addition: &add}, key: in.Key}
		return d.record(ctx, s, w, func(ctx context.Context) (done, error) { return addToNote(ctx, s, account, match, note, add) })
	})
}

// addToNote adds to a note in place, or else writes a follow-up and says so.
func addToNote(ctx context.Context, s scope, account client.Account, match portfolio.Match, note client.Notebook, add portfolio.Addition) (done, error) {
	edit, err := s.book.AppendNote(ctx, note.ShortID, add)
	if cannot, refused := errors.AsType[*portfolio.CannotEdit](err); refused {
		return followUp(ctx, s, account, match, note, add, cannot.Why)
	}
	if err != nil {
		return done{}, err
	}
	return noteEdited(s, accountTarget(account, match), edit, add.Section), nil
}

// followUp writes what was to be added as a note of its own that links the first.
func followUp(ctx context.Context, s scope, account client.Account, match portfolio.Match, note client.Notebook, add portfolio.Addition, why string) (done, error) {
	lines := []string{"Follow-up to [" + followed(note) + "](" + s.links.notebook(note.ShortID) + ")"}
	if section := strings.TrimLeft(strings.TrimSpace(add.Section), "# "); section != "" {
		lines = append(lines, "## "+section)
	}
	written, err := s.book.WriteNote(ctx, account, shorten("Follow-up: "+followed(note), 200), strings.Join(append(lines, add.Markdown), "\n\n"))
	if err != nil {
		return done{}, err
	}
	made := noteWritten(s, account, match, written)
	made.Receipt.Note = sentences("Written as a follow-up note, as "+why+". The note itself is as it was.", made.Receipt.Note)
	return made, nil
}

// followed names a note in a link; nothing in the name can end it.
func followed(note client.Notebook) string {
	title := strings.NewReplacer("[", "(", "]", ")", "<", "(", ">", ")", "`", "'", "*", "", `\`, "/").Replace(note.Title)
	if title = shorten(title, 120); title == "" {
		return note.ShortID
	}
	return title
}

// noteEdited words what came of an edit.
func noteEdited(s scope, target *Target, edit portfolio.NoteEdit, section string) done {
	return done{Edit: &noteEdit{Was: edit.Was, Left: edit.Left}, Receipt: Receipt{
		Outcome: edit.Outcome, Note: edit.Remark, Target: target,
		Before: noteEnd(edit.Was, section), After: noteEnd(edit.Left, section),
		Undo: "Take it out again in PostHog's editor.",
		URL:  s.links.notebook(edit.Left.ShortID), ProjectID: s.project,
	}}
}

// noteEnd shows how a note, or a section of it, ends.
func noteEnd(n client.Notebook, section string) map[string]any {
	markdown, _ := notes.Markdown(n.Content, text(n.TextContent))
	ends := []rune(strings.Join(strings.Fields(notes.UpTo(markdown, section)), " "))
	shown := string(ends)
	if len(ends) > snippetRunes {
		shown = "…" + string(ends[len(ends)-snippetRunes:])
	}
	return compactArgs(map[string]any{"short_id": n.ShortID, "title": n.Title, "section": section, "ends": shown})
}

// restoreNote makes a note as it was before an edit.
func (d *Desk) restoreNote(ctx context.Context, s scope, w deed, did noteEdit) (Receipt, error) {
	w.image = image{Note: &did.Left}
	target := &Target{Kind: w.target.Kind, ID: w.target.ID}
	return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		edit, err := s.book.RestoreNote(ctx, did.Was, did.Left)
		if cannot, refused := errors.AsType[*portfolio.CannotEdit](err); refused {
			return done{}, plain.Refuse("Not done: %s.", cannot.Why)
		}
		if err != nil {
			return done{}, err
		}
		return noteEdited(s, target, edit, ""), nil
	})
}
