package tools

import (
	"context"
)

// GetNotebookRequest are the arguments of get_notebook.
type GetNotebookRequest struct {
	ProjectArg
	AccountArg
	Notebook  string `json:"notebook" jsonschema:"minLength=1,maxLength=40" jsonschema_description:"Short id, or latest."`
	MaxTokens int    `json:"max_tokens,omitempty" jsonschema:"minimum=200,maximum=50000" jsonschema_description:"Default 2500."`
}

// GetNotebookResult is one note.
type GetNotebookResult struct {
	Notebook  Notebook `json:"notebook"`
	URL       string   `json:"url"`
	ProjectID int64    `json:"project_id"`
}

var getNotebookTool = define(Spec{
	Name:        "get_notebook",
	Title:       "Read a note",
	Description: "One note of an account, as Markdown.",
	Toolset:     Notebooks,
	Effect:      Reads,
}, getNotebook)

func getNotebook(d *Desk, ctx context.Context, in GetNotebookRequest) (GetNotebookResult, error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return GetNotebookResult{}, err
	}
	account, _, err := s.book.Find(ctx, in.Account)
	if err != nil {
		return GetNotebookResult{}, err
	}
	note, err := s.book.Note(ctx, account, in.Notebook)
	if err != nil {
		return GetNotebookResult{}, err
	}
	most := in.MaxTokens
	if most == 0 {
		most = defaultTokens
	}
	return GetNotebookResult{
		Notebook: notebook(account, note, safely(most)), URL: s.links.notebook(note.ShortID), ProjectID: s.project,
	}, nil
}
