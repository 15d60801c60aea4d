package tools

import (
	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/notes"
)

// NotebookRow is a note in a list.
type NotebookRow struct {
	ShortID string `json:"short_id"`
	Title   string `json:"title,omitempty"`
	Author  string `json:"author,omitempty"`
	Date    string `json:"date"`
	Edited  string `json:"edited,omitempty" jsonschema_description:"When it was last changed, if on a later day."`
	Snippet string `json:"snippet,omitempty"`
}

const snippetRunes = 140

func notebookRow(n client.Notebook) NotebookRow {
	row := NotebookRow{ShortID: n.ShortID, Title: n.Title, Author: author(n.CreatedBy), Date: day(n.CreatedAt)}
	if n.LastModifiedAt != nil && day(*n.LastModifiedAt) != row.Date {
		row.Edited = day(*n.LastModifiedAt)
	}
	row.Snippet = shorten(notes.Text(n.Content, text(n.TextContent)), snippetRunes)
	return row
}

// Notebook is one note, as Markdown.
type Notebook struct {
	ShortID   string `json:"short_id"`
	Account   string `json:"account" jsonschema_description:"Name of the account."`
	Title     string `json:"title,omitempty"`
	Author    string `json:"author,omitempty"`
	CreatedAt string `json:"created_at"`
	EditedBy  string `json:"edited_by,omitempty"`
	EditedAt  string `json:"edited_at,omitempty"`
	Markdown  string `json:"markdown"`
	CutTokens int    `json:"cut_tokens,omitempty" jsonschema_description:"Left out at the end; ask with a larger max_tokens."`
	ReadFrom  string `json:"read_from,omitempty" jsonschema_description:"Whether the note's text or its edited document was read."`
}

func notebook(account client.Account, n client.Notebook) Notebook {
	markdown, source := notes.Markdown(n.Content, text(n.TextContent))
	shown := Notebook{
		ShortID: n.ShortID, Account: account.Name, Title: n.Title, Author: author(n.CreatedBy), CreatedAt: minute(n.CreatedAt),
		ReadFrom: source.String(), Markdown: markdown,
	}
	if n.LastModifiedAt != nil && !n.LastModifiedAt.Equal(n.CreatedAt) {
		shown.EditedAt, shown.EditedBy = minute(*n.LastModifiedAt), author(n.LastModifiedBy)
	}
	return shown
}

func author(u *client.User) string {
	if u == nil {
		return ""
	}
	return u.Email
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
