package tools

import (
	"context"

	"posthog-accounts-mcp/client"
)

// ListNotebooksRequest are the arguments of list_notebooks.
type ListNotebooksRequest struct {
	ProjectArg
	AccountArg
	Search   string `json:"search,omitempty" jsonschema:"maxLength=400" jsonschema_description:"Whole words of title or text; all must occur."`
	Ordering string `json:"ordering,omitempty" jsonschema:"enum=created_at,enum=-created_at,enum=created_by,enum=-created_by" jsonschema_description:"Default -created_at, newest first."`
	PageArgs
}

var listNotebooksTool = define(Spec{
	Name:        "list_notebooks",
	Title:       "List an account's notes",
	Description: "The notes (notebooks) of one account: title, author, date and a snippet, without bodies.",
	Toolset:     Notebooks,
	Effect:      Reads,
}, listNotebooks)

func listNotebooks(d *Desk, ctx context.Context, in ListNotebooksRequest) (List[NotebookRow], error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return List[NotebookRow]{}, err
	}
	account, match, err := s.book.Find(ctx, in.Account)
	if err != nil {
		return List[NotebookRow]{}, err
	}
	page, err := d.page(in.PageArgs, "list_notebooks", s.project, account.ID, in.Search, in.Ordering)
	if err != nil {
		return List[NotebookRow]{}, err
	}
	found, err := s.book.Notes(ctx, account, client.NotebookQuery{Search: in.Search, Ordering: in.Ordering, Limit: page.limit, Offset: page.offset})
	if err != nil {
		return List[NotebookRow]{}, err
	}
	rows := make([]NotebookRow, len(found.Results))
	for i, note := range found.Results {
		rows[i] = notebookRow(note)
	}
	filters := compactArgs(map[string]any{
		"account": account.Name, "account_id": account.ID, "matched_by": match.String(), "search": in.Search, "ordering": in.Ordering,
	})
	return listed(page, s, List[NotebookRow]{Rows: rows, Total: found.Count, Filters: filters, URLTemplate: s.links.notebook("{short_id}")}, found.More), nil
}
