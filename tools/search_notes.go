package tools

import (
	"context"
	"fmt"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/portfolio"
)

// SearchNotesRequest are the arguments of search_notes.
type SearchNotesRequest struct {
	ProjectArg
	Query   string `json:"query,omitempty" jsonschema:"maxLength=400" jsonschema_description:"Whole words."`
	Account string `json:"account,omitempty" jsonschema:"maxLength=400" jsonschema_description:"Only this."`
	Author  string `json:"author,omitempty" jsonschema_description:"Email or me."`
	Since   string `json:"since,omitempty" jsonschema_description:"Date."`
	PageArgs
}

// FoundNoteRow is a note that was found.
type FoundNoteRow struct {
	ShortID   string `json:"short_id"`
	AccountID string `json:"account_id"`
	Account   string `json:"account,omitempty"`
	Title     string `json:"title,omitempty"`
	Author    string `json:"author,omitempty"`
	Date      string `json:"date"`
	Edited    string `json:"edited,omitempty"`
	Snippet   string `json:"snippet,omitempty" jsonschema_description:"Around the words, or the beginning."`
}

var searchNotesTool = define(Spec{
	Name:        "search_notes",
	Title:       "Search all notes",
	Description: "Find notes across accounts.",
	Toolset:     Portfolio,
	Effect:      Reads,
}, searchNotes)

func searchNotes(d *Desk, ctx context.Context, in SearchNotesRequest) (List[FoundNoteRow], error) {
	q, err := d.noteQuery(ctx, in)
	if err != nil {
		return List[FoundNoteRow]{}, err
	}
	found, err := q.book.SearchNotes(ctx, q.search)
	if err != nil {
		return List[FoundNoteRow]{}, err
	}
	return q.page(ctx, found)
}

// noteQuery is a search, and where in what it finds a page begins.
type noteQuery struct {
	scope
	search portfolio.NoteSearch
	pageOf
	behind  string // the place of the last note shown, "" at the beginning
	filters map[string]any
}

func (d *Desk) noteQuery(ctx context.Context, in SearchNotesRequest) (noteQuery, error) {
	since, err := momentOf(in.Since)
	if err != nil {
		return noteQuery{}, err
	}
	q := noteQuery{
		search:  portfolio.NoteSearch{Query: in.Query, Author: in.Author, Since: since},
		filters: compactArgs(map[string]any{"query": in.Query, "author": in.Author, "since": in.Since}),
	}
	if q.scope, err = d.scope(ctx, in.ProjectID); err != nil {
		return noteQuery{}, err
	}
	sizes := PageArgs{Limit: in.Limit, MaxTokens: in.MaxTokens} // the cursor is a place, not an offset
	if q.pageOf, err = d.page(sizes, "search_notes", q.project, in.Query, in.Account, in.Author, in.Since); err != nil {
		return noteQuery{}, err
	}
	if q.behind, err = opaque.Row(q.query, in.Cursor); err != nil {
		return noteQuery{}, err
	}
	if in.Account == "" {
		return q, nil
	}
	account, _, err := q.book.Find(ctx, in.Account)
	q.search.Account = &account
	q.filters["account"], q.filters["account_id"] = account.Name, account.ID
	return q, err
}

// page is one page of what was found. Its cursor names the last note shown, as
// notes may come and go between two calls.
func (q noteQuery) page(ctx context.Context, found portfolio.SearchedNotes) (List[FoundNoteRow], error) {
	rest, err := notesBehind(found.Notes, q.behind)
	if err != nil {
		return List[FoundNoteRow]{}, err
	}
	shown := rest[:min(len(rest), q.limit)]
	readable := shown[:min(len(shown), q.maxTokens/leastRow+1)] // more rows cannot fit
	if err := q.book.ReadSnippets(ctx, readable, q.search.Query); err != nil {
		return List[FoundNoteRow]{}, err
	}
	list := List[FoundNoteRow]{Filters: q.filters, Note: unsearched(found), URLTemplate: q.links.notebook("{short_id}")}
	for _, note := range shown {
		list.Rows = append(list.Rows, foundNoteRow(note))
	}
	if len(found.Missed) == 0 && !found.Cut {
		total := len(found.Notes)
		list.Total = &total
	}
	list = listed(q.pageOf, q.scope, list, false)
	list.NextCursor = ""
	if list.Shown > 0 && list.Shown < len(rest) {
		list.NextCursor = opaque.CursorAt(q.query, placeOf(rest[list.Shown-1]))
	}
	return list, nil
}

// leastRow is about the tokens of the shortest row there is.
const leastRow = 45

// placeOf is where a note stands in a search, whatever comes and goes around it.
func placeOf(note portfolio.FoundNote) string {
	return fmt.Sprint(note.CreatedAt.UnixMicro(), " ", note.ShortID)
}

// notesBehind are the notes behind a place; the empty place is the beginning.
func notesBehind(notes []portfolio.FoundNote, place string) ([]portfolio.FoundNote, error) {
	if place == "" {
		return notes, nil
	}
	var at int64
	var last portfolio.FoundNote
	if n, err := fmt.Sscan(place, &at, &last.ShortID); n != 2 || err != nil {
		return nil, opaque.ErrCursor
	}
	last.CreatedAt = time.UnixMicro(at)
	for i, note := range notes {
		if note.Compare(last) > 0 {
			return notes[i:], nil
		}
	}
	return nil, nil
}

func foundNoteRow(n portfolio.FoundNote) FoundNoteRow {
	row := FoundNoteRow{
		ShortID: n.ShortID, AccountID: n.AccountID, Account: shorten(n.AccountName, 60), Title: shorten(n.Title, 100),
		Author: author(n.CreatedBy), Date: day(n.CreatedAt), Snippet: n.Snippet,
	}
	if n.LastModifiedAt != nil && day(*n.LastModifiedAt) != row.Date {
		row.Edited = day(*n.LastModifiedAt)
	}
	return row
}

// unsearched says how notes were searched where that left something out.
func unsearched(found portfolio.SearchedNotes) string {
	var said []string
	if found.Looked > 0 {
		said = append(said, fmt.Sprintf("This PostHog cannot search all notes at once: %d accounts were looked through one by one. Notes of the last two minutes may be missing.", found.Looked))
	}
	if missed := len(found.Missed); missed > 0 {
		said = append(said, fmt.Sprintf("Not looked through: %d accounts (%s); nothing may be concluded about their notes.", missed, someNames(found.Missed)))
	}
	if found.Failed != nil {
		said = append(said, "Why: "+plain.Explain(found.Failed))
	}
	if found.Cut {
		said = append(said, "There are more notes than one search goes through; those changed last were. Narrow it down.")
	}
	return strings.Join(said, " ")
}

// someNames are the names of the first few accounts.
func someNames(accounts []client.Account) string {
	const most = 5
	var names []string
	for _, account := range accounts[:min(len(accounts), most)] {
		names = append(names, plain.Short(account.Name))
	}
	if len(accounts) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
