package portfolio

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/notes"
)

// A server may end between a create and its answer. What it made is found
// later in the way a lost answer is: by being new since, and equal. Others are
// ids that are known to be somebody else's work.

// Unclear are things that a create may have made, or somebody else.
type Unclear struct{ IDs []string }

// Error names them.
func (u *Unclear) Error() string {
	return fmt.Sprintf("since then there is %s, and it cannot be told whether this call made it", strings.Join(u.IDs, ", "))
}

// FindCreated looks for the account that a draft with Since became, and tells
// whether there is one. *Unclear if that cannot be told.
func (b *Book) FindCreated(ctx context.Context, draft Draft, others []string) (result Result, found bool, err error) {
	m, err := b.making(ctx, draft)
	if err != nil {
		return Result{}, false, err
	}
	alike, equal, err := b.madeSince(ctx, m.create, value(draft.Since), func(id string) bool { return slices.Contains(others, id) })
	switch {
	case err != nil:
		return Result{}, false, err
	case len(alike) == 0:
		return Result{}, false, nil
	case len(equal) != 1:
		return Result{}, false, &Unclear{idsOf(alike)}
	}
	account, err := b.read(ctx, equal[0].ID)
	return m.result(account), err == nil, err
}

// FindWritten looks for the note that was to be added to an account, which is
// as it was before that, and tells whether there is one. *Unclear if that
// cannot be told.
func (b *Book) FindWritten(ctx context.Context, account client.Account, title, markdown string, others []string) (result NoteResult, found bool, err error) {
	title, markdown = sendable(account, title, markdown)
	alike, equal, err := b.writtenSince(ctx, account, title, markdown, func(id string) bool { return slices.Contains(others, id) })
	switch {
	case err != nil:
		return NoteResult{}, false, err
	case len(alike) == 0:
		return NoteResult{}, false, nil
	case len(equal) != 1:
		return NoteResult{}, false, &Unclear{shortIDs(alike)}
	}
	note, err := b.api.Notebook(ctx, account.ID, equal[0].ShortID)
	if err != nil {
		return NoteResult{}, false, err
	}
	if stored, _ := notes.Markdown(note.Content, value(note.TextContent)); stored != markdown {
		return NoteResult{}, false, &Unclear{shortIDs(equal)} // edited since: an undo must not take that for what was written
	}
	return NoteResult{Outcome: journal.Applied, Note: note}, true, nil
}
