package portfolio

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/notes"
)

// PostHog has no idempotency keys. When the answer to a create is lost, what it
// made is told from everything else by being new and by its content. New means
// that it was not among the ids seen before the request: clocks need not agree
// for that. What another call of this process made of the same name is known
// and left out, so that two notes that are meant to be alike remain two; for
// that, calls that make things of the same name take turns.

// turnOf names the turn of doing one thing in this project.
func (b *Book) turnOf(what string, names ...string) string {
	return fmt.Sprintf("%s %d %q", what, b.api.ID(), names)
}

// byMe tells whether the owner of the key may have made a thing; where it
// cannot be known, it may be.
func (b *Book) byMe(ctx context.Context, author int64) bool {
	me, err := b.directory.self(ctx, b.session)
	return err != nil || me == 0 || author == 0 || author == me
}

// Horizon is what was there before an account was made: the newest ones that it
// could be confused with.
type Horizon struct {
	IDs    []string  `json:"ids,omitempty"`
	Oldest time.Time `json:"oldest,omitzero"` // what is older was there before; zero when IDs are all
}

// horizonRows is how many accounts are listed before one is made. More than one,
// as the clocks of PostHog's servers may differ a little.
const horizonRows = 20

func likeness(create client.AccountCreate) string {
	if create.ExternalID != nil {
		return *create.ExternalID
	}
	return create.Name
}

// newest is a query for the newest accounts that are like one to be made.
func newest(create client.AccountCreate, rows int) client.AccountQuery {
	return client.AccountQuery{Search: likeness(create), Ordering: "-created_at", Limit: rows, IncludeChurned: true, IncludeIgnored: true}
}

// Horizon looks what is there before a draft becomes an account.
func (b *Book) Horizon(ctx context.Context, draft Draft) (Horizon, error) {
	return b.horizon(ctx, draft.create())
}

func (b *Book) horizon(ctx context.Context, create client.AccountCreate) (Horizon, error) {
	page, err := b.api.ListAccounts(ctx, newest(create, horizonRows))
	if err != nil {
		return Horizon{}, err
	}
	var h Horizon
	for _, account := range page.Results {
		h.IDs = append(h.IDs, account.ID)
	}
	if len(h.IDs) == horizonRows {
		h.Oldest = page.Results[horizonRows-1].CreatedAt
	}
	return h, nil
}

// madeSince are the new accounts that could be the one to be made, and those of
// them that are exactly it. Known ones are new too, and somebody else's work.
func (b *Book) madeSince(ctx context.Context, create client.AccountCreate, before Horizon, known func(id string) bool) (alike, equal []client.Account, err error) {
	for account, err := range b.api.Accounts(ctx, newest(create, 5*horizonRows)) {
		if err != nil || account.CreatedAt.Before(before.Oldest) {
			return alike, equal, err
		}
		if slices.Contains(before.IDs, account.ID) || known(account.ID) || !isLike(account, create) || !b.byMe(ctx, value(account.CreatedBy)) {
			continue
		}
		alike = append(alike, account)
		if isMadeOf(account, create) {
			equal = append(equal, account)
		}
	}
	return alike, equal, nil
}

// findMade looks for the account of a create whose answer was lost.
func (b *Book) findMade(ctx context.Context, create client.AccountCreate, before Horizon, mine *turn, lost error) (client.Account, error) {
	var alike, equal []client.Account
	err := b.settle(ctx, lost, func(ctx context.Context) (there bool, err error) {
		alike, equal, err = b.madeSince(ctx, create, before, func(id string) bool { return mine.made[id] })
		return len(alike) > 0, err
	})
	switch {
	case err != nil:
		return client.Account{}, plain.Refuse("Outcome unknown: PostHog did not answer, nor the look afterwards, so the account may or may not have been created. Look with list_accounts {\"search\": %s} before you repeat the call, or two accounts may come of it.", quote(create.Name))
	case len(equal) == 1:
		return equal[0], nil
	case len(alike) > 0:
		return client.Account{}, plain.Refuse("Outcome unknown: PostHog did not answer. Since then there is %s, and it cannot be told whether this call made it. Look with get_account before you repeat the call.", strings.Join(idsOf(alike), ", "))
	}
	return client.Account{}, notMade("account", lost)
}

func idsOf(accounts []client.Account) []string {
	ids := make([]string, len(accounts))
	for i, account := range accounts {
		ids[i] = account.ID
	}
	return ids
}

// isLike tells whether an account could be taken for the one to be made.
func isLike(account client.Account, create client.AccountCreate) bool {
	if create.ExternalID != nil {
		return account.ExternalID != nil && *account.ExternalID == *create.ExternalID
	}
	return account.Name == create.Name
}

// isMadeOf tells whether an account is exactly as it was to be made. Roles are
// left out: where they are kept apart, they come later.
func isMadeOf(account client.Account, create client.AccountCreate) bool {
	asked := client.Account{Name: create.Name, ExternalID: create.ExternalID, Properties: create.Properties, Tags: create.Tags}
	return same(withoutRoleFields(State(account)), withoutRoleFields(State(asked)))
}

func withoutRoleFields(state map[string]any) map[string]any {
	maps.DeleteFunc(state, func(field string, _ any) bool { return slices.Contains(Roles, Role(field)) })
	return state
}

// writtenSince are the new notes of an account that could be the one to be
// written, and those of them that are exactly it. The account is as it was
// before, and knows all notes that were there then.
func (b *Book) writtenSince(ctx context.Context, account client.Account, title, markdown string, known func(id string) bool) (alike, equal []client.Notebook, err error) {
	added, err := b.notesSince(ctx, account)
	for _, note := range added {
		if known(note.ShortID) || note.Title != title || !b.byMe(ctx, value(note.CreatedBy).ID) {
			continue
		}
		alike = append(alike, note)
		if holds(note, markdown) {
			equal = append(equal, note)
		}
	}
	return alike, equal, err
}

// findWritten looks for the note of a create whose answer was lost.
func (b *Book) findWritten(ctx context.Context, account client.Account, title, markdown string, mine *turn, lost error) (client.Notebook, error) {
	var alike, equal []client.Notebook
	err := b.settle(ctx, lost, func(ctx context.Context) (there bool, err error) {
		alike, equal, err = b.writtenSince(ctx, account, title, markdown, func(id string) bool { return mine.made[id] })
		return len(alike) > 0, err
	})
	switch {
	case err != nil:
		return client.Notebook{}, plain.Refuse("Outcome unknown: PostHog did not answer, nor the look afterwards, so the note may or may not have been written. Look with list_notebooks before you repeat the call, or two notes may come of it.")
	case len(equal) == 1:
		return equal[0], nil
	case len(alike) > 0:
		return client.Notebook{}, plain.Refuse("Outcome unknown: PostHog did not answer. Since then there is the note %s, and it cannot be told whether this call wrote it. Look with get_notebook before you repeat the call.", strings.Join(shortIDs(alike), ", "))
	}
	return client.Notebook{}, notMade("note", lost)
}

func shortIDs(notes []client.Notebook) []string {
	ids := make([]string, len(notes))
	for i, note := range notes {
		ids[i] = note.ShortID
	}
	return ids
}

// notesSince are the notes that were added since an account was read.
func (b *Book) notesSince(ctx context.Context, account client.Account) (added []client.Notebook, err error) {
	for query := (client.NotebookQuery{Ordering: "-created_at", Limit: horizonRows}); ; query.Offset += query.Limit {
		page, err := b.api.ListNotebooks(ctx, account.ID, query)
		if err != nil {
			return nil, err
		}
		reached := !page.More
		for _, note := range page.Results {
			again := slices.ContainsFunc(added, func(n client.Notebook) bool { return n.ShortID == note.ShortID })
			switch {
			case slices.Contains(account.Notebooks, note.ShortID):
				reached = true // the rest was there before
			case !again: // rows move to the next page while others write
				added = append(added, note)
			}
		}
		if reached {
			return added, nil
		}
	}
}

// holds tells whether a note has exactly this text.
func holds(note client.Notebook, markdown string) bool {
	stored, _ := notes.Markdown(note.Content, value(note.TextContent))
	return stored == markdown || value(note.TextContent) == markdown
}

// notMade words a create of which nothing is there.
func notMade(what string, lost error) error {
	return plain.Refuse("Not done: PostHog gave no answer to the create, and there is no such %s (%s). It was looked for until the request could be taken for dead; repeat the call if it is still wanted.",
		what, strings.TrimSuffix(plain.Explain(lost), "."))
}

const foundAgain = "PostHog's answer was lost; what it made was found by its content."
