package tools

import "context"

// GetNotebookRequest are the arguments of get_notebook.
type GetNotebookRequest struct {
	ProjectArg
	AccountArg
	Notebook string `json:"notebook" jsonschema:"minLength=1,maxLength=40" jsonschema_description:"Short id, or latest."`
	SizeArg
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
	result := GetNotebookResult{Notebook: notebook(account, note), URL: s.links.notebook(note.ShortID), ProjectID: s.project}
	result.fit(in.room())
	return result, nil
}

// fit cuts the text at its end, and the names above it only where they leave
// no room for any text.
func (r *GetNotebookResult) fit(room int) {
	if tokens(r) <= room {
		return
	}
	whole := r.Notebook.Markdown
	r.Notebook.Markdown, r.Notebook.CutTokens = "", tokens(whole)
	const some = 40
	fit(r, room-some,
		func() bool { return shrinkText(&r.Notebook.Title) },
		func() bool { return shrinkText(&r.Notebook.Account) },
	)
	r.Notebook.Markdown, r.Notebook.CutTokens = cutMarkdown(whole, room-tokens(r))
}
