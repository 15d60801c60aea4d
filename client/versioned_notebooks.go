package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/tidwall/gjson"
)

// VersionedNotebook is a notebook as PostHog's general notebooks API shows it, which is the only way to change one. It
// takes the scopes notebook:read and notebook:write.
type VersionedNotebook struct {
	Notebook
	Version int64
	Deleted bool // in the bin, and on no list
}

// NotebookUpdate is a change to a notebook's document and to the text beside it. PostHog takes it only if the version
// is the one that the notebook has; otherwise it is a Conflict.
type NotebookUpdate struct {
	Version     int64            `json:"version"`
	Content     json.RawMessage  `json:"content"` // nil empties the page
	TextContent Optional[string] `json:"text_content,omitzero"`
}

// VersionedNotebook returns a notebook, whatever it belongs to, by its short id.
func (p *Project) VersionedNotebook(ctx context.Context, shortID string) (VersionedNotebook, error) {
	c := p.call(http.MethodGet, "get notebook with its version", "notebooks", shortID)
	return fetch(ctx, p.session, c, decodeVersioned)
}

// UpdateNotebook changes a notebook that is still in that version.
func (p *Project) UpdateNotebook(ctx context.Context, shortID string, update NotebookUpdate) (VersionedNotebook, error) {
	c := p.call(http.MethodPatch, "update notebook", "notebooks", shortID)
	c.body = update
	return fetch(ctx, p.session, c, decodeVersioned)
}

func decodeVersioned(row gjson.Result) (VersionedNotebook, error) {
	notebook, err := decodeNotebook(row)
	return VersionedNotebook{Notebook: notebook, Version: row.Get("version").Int(), Deleted: row.Get("deleted").Bool()}, err
}
