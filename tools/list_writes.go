package tools

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// ListWritesRequest are the arguments of list_writes.
type ListWritesRequest struct {
	ProjectArg
	Since   string `json:"since,omitempty" jsonschema:"maxLength=40" jsonschema_description:"Date or ISO time."`
	Account string `json:"account,omitempty" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"As elsewhere; by id also a deleted one."`
	Person  string `json:"person,omitempty" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Likewise."`
	PageArgs
}

// WriteRow is a write on record.
type WriteRow struct {
	Write    string          `json:"write"`
	At       string          `json:"at"`
	Tool     string          `json:"tool"`
	Target   *Target         `json:"target,omitempty"`
	Outcome  journal.Outcome `json:"outcome"`
	Plan     string          `json:"plan,omitempty" jsonschema_description:"The plan it belongs to; undo_write takes that, too."`
	Undoes   string          `json:"undoes,omitempty" jsonschema_description:"The write that this one took back."`
	UndoneBy string          `json:"undone_by,omitempty"`
	Note     string          `json:"note,omitempty"`
}

var listWritesTool = define(Spec{
	Name:        "list_writes",
	Title:       "List writes",
	Description: "What was written with this key through this server, newest first, with outcomes. undo_write takes one back.",
	Toolset:     Journal,
	Effect:      Reads,
}, listWrites)

func listWrites(d *Desk, ctx context.Context, in ListWritesRequest) (List[WriteRow], error) {
	since, err := momentOf(in.Since)
	if err != nil {
		return List[WriteRow]{}, err
	}
	s, book, err := d.scopeOnRecord(ctx, in.ProjectID)
	if err != nil {
		return List[WriteRow]{}, err
	}
	target, err := targetOf(ctx, s, in.Account, in.Person)
	if err != nil {
		return List[WriteRow]{}, err
	}
	page, err := d.page(PageArgs{Limit: in.Limit, MaxTokens: in.MaxTokens}, "list_writes", s.project, since, target)
	if err != nil {
		return List[WriteRow]{}, err
	}
	page.maxTokens -= 30 // a cursor after a write is longer than others
	after, err := opaque.Row(page.query, in.Cursor)
	if err != nil {
		return List[WriteRow]{}, err
	}
	list := List[WriteRow]{Filters: compactArgs(map[string]any{target.Kind: target.ID, "since": in.Since})}
	if err := d.settleCrashed(ctx, s, book); err != nil {
		list.Note = "What became of writes whose server ended could not be looked up: " + plain.Explain(onRecord(err))
	}
	entries, more, err := book.List(ctx, journal.Query{Principal: s.principal(), Since: since, Target: target, Before: after, Limit: page.limit})
	if err != nil {
		return List[WriteRow]{}, onRecord(err)
	}
	for _, entry := range entries {
		list.Rows = append(list.Rows, d.writeRow(entry))
	}
	list = listed(page, s, list, more)
	if list.NextCursor != "" && list.Shown > 0 {
		list.NextCursor = opaque.CursorAt(page.query, list.Rows[list.Shown-1].Write)
	}
	return list, nil
}

// scopeOnRecord is where a call works that needs the journal.
func (d *Desk) scopeOnRecord(ctx context.Context, project int64) (scope, *journal.Journal, error) {
	s, err := d.scope(ctx, project)
	if err != nil {
		return scope{}, nil, err
	}
	if d.ledger == nil {
		return scope{}, nil, plain.Refuse("The journal is off: nothing is on record.")
	}
	book, err := d.ledger.journal(ctx)
	return s, book, err
}

// targetOf is what a list of writes is narrowed to. An id counts as it stands:
// what it named may be deleted.
func targetOf(ctx context.Context, s scope, account, person string) (journal.Target, error) {
	switch {
	case account != "" && person != "":
		return journal.Target{}, plain.Refuse("Give either an account or a person: no write is about both.")
	case isUUID(account):
		return journal.Target{Kind: "account", ID: account}, nil
	case isUUID(person):
		return journal.Target{Kind: "person", ID: person}, nil
	case account != "":
		found, _, err := s.book.FindToWrite(ctx, account)
		return journal.Target{Kind: "account", ID: found.ID}, err
	case person != "":
		found, _, err := s.people.FindToWrite(ctx, person)
		return journal.Target{Kind: "person", ID: found.UUID}, err
	}
	return journal.Target{}, nil
}

// writeRow shows an entry. Of one that was tampered with nothing is shown, as
// nothing in it can be relied on.
func (d *Desk) writeRow(e journal.Entry) WriteRow {
	if e.Tampered {
		return WriteRow{Write: e.ID, Outcome: journal.Unknown, Note: "This record was changed by something other than the journal; nothing in it can be relied on."}
	}
	row := WriteRow{
		Write: e.ID, At: e.At.Format(time.RFC3339), Tool: e.Tool, Target: &Target{Kind: e.Target.Kind, ID: e.Target.ID},
		Outcome: e.Outcome, Plan: e.Plan, Undoes: e.Undoes, UndoneBy: e.UndoneBy, Note: shorten(e.Note, 300),
	}
	if e.Target.ID == "" { // a create knows its object only afterwards
		var result done
		row.Target = nil
		if json.Unmarshal(e.After, &result) == nil && result.Receipt.Target != nil {
			row.Target = &Target{Kind: result.Receipt.Target.Kind, ID: result.Receipt.Target.ID}
		}
	}
	switch {
	case e.Outcome == "" && d.now().Before(e.Deadline):
		row.Outcome, row.Note = journal.Unknown, "Under way, or its server has ended: known after "+clock(e.Deadline)+"."
	case e.Outcome == "":
		row.Outcome, row.Note = journal.Unknown, crashed
	case !e.ErasedAt.IsZero():
		row.Note = "What it held was erased with the person."
	}
	return row
}

// momentOf reads a date or an ISO time; the empty text is no limit.
func momentOf(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if moment, err := time.Parse(layout, text); err == nil && moment.Year() > 1970 && moment.Year() < 2200 {
			return moment.UTC(), nil
		}
	}
	if text == "" {
		return time.Time{}, nil
	}
	return time.Time{}, plain.Refuse("since takes a date such as 2026-03-31, or a time such as 2026-03-31T09:00:00Z.")
}

func isUUID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil && len(text) == 36
}
