package client

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/tidwall/gjson"
)

// Notebook is a note on an account. Content is PostHog's document, byte for byte; TextContent the text
// beside it, which is all that search sees.
type Notebook struct {
	ID, ShortID    string
	Title          string
	Content        json.RawMessage // nil when null
	TextContent    *string
	CreatedAt      time.Time
	CreatedBy      *User
	LastModifiedAt *time.Time
	LastModifiedBy *User
}

// NotebookQuery filters and orders the notebooks of an account.
type NotebookQuery struct {
	Search        string // whole words of title or text, not substrings
	Ordering      string // created_at or created_by, with "-" for descending; default -created_at
	Limit, Offset int    // default 100, at most 1000; each row carries its whole document
}

// NotebookCreate is a new note. With only TextContent PostHog renders it as Markdown; with Content it
// stores that document, and finds by search only what TextContent says.
type NotebookCreate struct {
	Title       string          `json:"title,omitempty"`
	Content     json.RawMessage `json:"content,omitempty"`
	TextContent string          `json:"text_content,omitempty"`
}

var notebookOrderings = []string{"", "created_at", "-created_at", "created_by", "-created_by"}

// ListNotebooks returns one page of the notebooks of an account.
func (p *Project) ListNotebooks(ctx context.Context, accountID string, query NotebookQuery) (Page[Notebook], error) {
	c := p.call(http.MethodGet, "list notebooks", "accounts", accountID, "notebooks")
	w, err := newWindow(c, query.Offset, query.Limit)
	if err != nil {
		return Page[Notebook]{}, err
	}
	if !slices.Contains(notebookOrderings, query.Ordering) {
		return Page[Notebook]{}, c.refused("unknown ordering")
	}
	c.query = w.values()
	if query.Search != "" {
		c.query.Set("search", query.Search)
	}
	if query.Ordering != "" {
		c.query.Set("ordering", query.Ordering)
	}
	return fetch(ctx, p.session, c, page(w, decodeNotebook))
}

// Notebook returns a notebook of the account by its short id.
func (p *Project) Notebook(ctx context.Context, accountID, shortID string) (Notebook, error) {
	c := p.call(http.MethodGet, "get notebook", "accounts", accountID, "notebooks", shortID)
	return fetch(ctx, p.session, c, decodeNotebook)
}

// CreateNotebook adds a notebook to the account. Repeating it adds another.
func (p *Project) CreateNotebook(ctx context.Context, accountID string, create NotebookCreate) (Notebook, error) {
	c := p.call(http.MethodPost, "create notebook", "accounts", accountID, "notebooks")
	c.body = create
	return fetch(ctx, p.session, c, decodeNotebook)
}

// DeleteNotebook deletes a notebook for good.
func (p *Project) DeleteNotebook(ctx context.Context, accountID, shortID string) error {
	return p.session.run(ctx, p.call(http.MethodDelete, "delete notebook", "accounts", accountID, "notebooks", shortID))
}

func decodeNotebook(row gjson.Result) (Notebook, error) {
	notebook := Notebook{
		ID:             text(row, "id"),
		ShortID:        text(row, "short_id"),
		Title:          text(row, "title"),
		Content:        raw(row, "content"),
		TextContent:    textOrNull(row, "text_content"),
		CreatedAt:      since(row, "created_at"),
		CreatedBy:      userOf(row.Get("created_by")),
		LastModifiedAt: moment(row, "last_modified_at"),
		LastModifiedBy: userOf(row.Get("last_modified_by")),
	}
	if notebook.ShortID == "" {
		return Notebook{}, errNoID
	}
	return notebook, nil
}
