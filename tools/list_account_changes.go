package tools

import (
	"context"
	"fmt"
	"strings"
	"time"

	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/portfolio"
)

// ListAccountChangesRequest are the arguments of list_account_changes.
type ListAccountChangesRequest struct {
	ProjectArg
	Since   string `json:"since,omitempty" jsonschema:"maxLength=40" jsonschema_description:"Date or ISO time."`
	Account string `json:"account,omitempty" jsonschema:"maxLength=400" jsonschema_description:"Only this."`
	Cursor  string `json:"cursor,omitempty" jsonschema:"maxLength=100" jsonschema_description:"For more."`
	SizeArg
}

// ChangeRow is one field of an account that changed, or an account that came
// or went.
type ChangeRow struct {
	Account string          `json:"account"`
	Name    string          `json:"name,omitempty"`
	Event   portfolio.Event `json:"event" jsonschema:"enum=created,enum=deleted,enum=changed"`
	Field   string          `json:"field,omitempty"`
	From    any             `json:"from,omitempty" jsonschema:"oneof_type=string;number;boolean;object;array" jsonschema_description:"Absent where there was nothing."`
	To      any             `json:"to,omitempty" jsonschema:"oneof_type=string;number;boolean;object;array"`
	Added   any             `json:"added,omitempty" jsonschema:"oneof_type=array" jsonschema_description:"What came to a list, such as tags."`
	Removed any             `json:"removed,omitempty" jsonschema:"oneof_type=array"`
}

// ListAccountChangesResult is a list of changes with what was compared.
type ListAccountChangesResult struct {
	ComparedWith string `json:"compared_with,omitempty" jsonschema_description:"When the accounts looked as they did before these changes."`
	ReadAt       string `json:"read_at"`
	List[ChangeRow]
}

var listAccountChangesTool = define(Spec{
	Name:        "list_account_changes",
	Title:       "List account changes",
	Description: "What changed on accounts, field by field, since a time or since you last asked.",
	Toolset:     Portfolio,
	Effect:      Reads,
}, listAccountChanges)

func listAccountChanges(d *Desk, ctx context.Context, in ListAccountChangesRequest) (ListAccountChangesResult, error) {
	since, err := momentOf(in.Since)
	if err != nil {
		return ListAccountChangesResult{}, err
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return ListAccountChangesResult{}, err
	}
	page, err := d.page(PageArgs{MaxTokens: in.MaxTokens}, "list_account_changes", s.project, in.Since, in.Account)
	if err != nil {
		return ListAccountChangesResult{}, err
	}
	kept := d.snapshotsOf(ctx, s)
	var found comparison
	switch {
	case in.Cursor != "":
		found, err = kept.resume(ctx, page, in.Cursor)
	case in.Account != "":
		found, err = d.compareAccount(ctx, s, kept, since, in.Account)
	default:
		found, err = d.compareAll(ctx, s, kept, since)
	}
	if err != nil {
		return ListAccountChangesResult{}, err
	}
	return found.result(page, s, kept, compactArgs(map[string]any{"since": in.Since, "account": in.Account})), nil
}

// comparison is what was held against what.
type comparison struct {
	from, to taken // to has no id where only one account was read
	changes  []portfolio.Difference
	skip     int // shown before
	note     string
}

const (
	nothingYet = "Nothing to compare yet: what the accounts look like is remembered from now on."
	withoutRef = "Roles were not compared: this project has too many accounts to read theirs one by one. Ask for one account."
)

// compareAll reads every account and remembers what it read.
func (d *Desk) compareAll(ctx context.Context, s scope, kept snapshots, since time.Time) (comparison, error) {
	newest, last, err := kept.at(ctx, time.Time{})
	if err != nil {
		return comparison{}, err
	}
	from, was := newest, last
	if !since.IsZero() {
		if from, was, err = kept.at(ctx, since); err != nil {
			return comparison{}, err
		}
	}
	now, err := s.book.Snapshot(ctx, last)
	if err != nil {
		return comparison{}, err
	}
	read := d.now().UTC()
	id, err := kept.keep(ctx, now, read)
	if err != nil {
		return comparison{}, err
	}
	c := comparison{from: from, to: taken{ID: id, At: read, Seen: read}}
	if from.ID == "" {
		c.note = nothingYet
		return c, nil
	}
	c.changes, c.note = portfolio.Compare(was, now), youngerThan(from, since)
	if was.NoRoles || now.NoRoles {
		c.note = sentences(c.note, withoutRef)
	}
	return c, nil
}

// youngerThan says when nothing is known from as long ago as was asked for.
func youngerThan(from taken, since time.Time) string {
	if since.IsZero() || !from.At.After(since) {
		return ""
	}
	return "What the accounts looked like at that time is not known; these are the changes since the first time known after it."
}

// compareAccount reads one account. As it leaves the others unread, it is not
// what a later call compares with.
func (d *Desk) compareAccount(ctx context.Context, s scope, kept snapshots, since time.Time, reference string) (comparison, error) {
	from, was, err := kept.at(ctx, since)
	if err != nil {
		return comparison{}, err
	}
	if from.ID == "" {
		if _, _, err := s.book.Find(ctx, reference); err != nil {
			return comparison{}, err
		}
		return d.compareAll(ctx, s, kept, since)
	}
	c := comparison{from: from, note: youngerThan(from, since)}
	id, err := accountThenOrNow(ctx, s, was, reference)
	if err != nil {
		return comparison{}, err
	}
	before, now := portfolio.Snapshot{Accounts: map[string]portfolio.Fields{}, NoRoles: was.NoRoles}, portfolio.Snapshot{Accounts: map[string]portfolio.Fields{}}
	if fields, there := was.Accounts[id]; there {
		before.Accounts[id] = fields
	}
	fields, err := s.book.FieldsOf(ctx, id)
	switch {
	case err == nil:
		now.Accounts[id] = fields
	case !plain.IsAbsent(err):
		return comparison{}, err
	}
	c.to.At, c.changes = d.now().UTC(), portfolio.Compare(before, now)
	if was.NoRoles {
		c.note = sentences(c.note, "Its roles were not known then.")
	}
	return c, nil
}

// accountThenOrNow finds an account by what it is called now or was called
// then: it may have been renamed or deleted since.
func accountThenOrNow(ctx context.Context, s scope, was portfolio.Snapshot, reference string) (string, error) {
	if _, known := was.Accounts[reference]; known {
		return reference, nil
	}
	account, _, err := s.book.Find(ctx, reference)
	if err == nil || !plain.IsAbsent(err) {
		return account.ID, err
	}
	var called []string
	for id, fields := range was.Accounts {
		if fields.Named(strings.TrimSpace(reference)) {
			called = append(called, id)
		}
	}
	if len(called) != 1 {
		return "", err
	}
	return called[0], nil
}

// resume compares again what an earlier call compared, and goes on behind what
// it showed. PostHog is not asked.
func (k snapshots) resume(ctx context.Context, page pageOf, cursor string) (comparison, error) {
	place, err := opaque.Row(page.query, cursor)
	if err != nil {
		return comparison{}, err
	}
	var from, to string
	c := comparison{}
	if n, err := fmt.Sscanf(place, "%s %s %d", &from, &to, &c.skip); n != 3 || err != nil || c.skip < 0 {
		return comparison{}, opaque.ErrCursor
	}
	was, err := k.read(ctx, from)
	if err != nil {
		return comparison{}, gone(err)
	}
	now, err := k.read(ctx, to)
	if err != nil {
		return comparison{}, gone(err)
	}
	list, err := k.list(ctx)
	for _, t := range list {
		if t.ID == from {
			c.from = t
		}
		if t.ID == to {
			c.to = t
		}
	}
	c.changes = portfolio.Compare(was, now)
	c.skip = min(c.skip, len(c.changes))
	return c, err
}

// gone words a comparison that cannot be made again.
func gone(err error) error {
	if isLost(err) {
		return plain.Refuse("What this cursor compares is not remembered any more. Leave it out and pass since to start over.")
	}
	return err
}

// result shows what was found.
func (c comparison) result(page pageOf, s scope, kept snapshots, filters map[string]any) ListAccountChangesResult {
	result := ListAccountChangesResult{ReadAt: c.to.At.Format(time.RFC3339)}
	list := List[ChangeRow]{Filters: filters, URLTemplate: s.links.account("{id}"), Note: sentences(c.note, kept.passing)}
	if c.from.ID != "" {
		result.ComparedWith = c.from.At.Format(time.RFC3339)
		total := len(c.changes)
		list.Total = &total
	}
	for _, change := range c.changes[c.skip:] {
		list.Rows = append(list.Rows, changeRow(change))
	}
	page.offset = c.skip
	const longer = 40 // tokens of a cursor that names two snapshots, over those of others
	page.maxTokens -= tokens(result) + longer - tokens(List[ChangeRow]{})
	result.List = listed(page, s, list, false)
	result.NextCursor = ""
	if result.Omitted > 0 && c.to.ID != "" {
		result.NextCursor = opaque.CursorAt(page.query, fmt.Sprint(c.from.ID, " ", c.to.ID, " ", c.skip+result.Shown))
	}
	return result
}

func changeRow(d portfolio.Difference) ChangeRow {
	row := ChangeRow{Account: d.Account, Name: plain.Short(d.Name), Event: d.Event, Field: d.Field}
	from, _ := capValue(d.From, valueRunes)
	to, _ := capValue(d.To, valueRunes)
	if d.List {
		row.Removed, row.Added = from, to
	} else {
		row.From, row.To = from, to
	}
	return row
}
