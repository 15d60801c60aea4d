package resources

import (
	"context"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"
)

// CompleteResourceArgument completes the variables of the templates: a project
// by number, an account by part of its name, a note by part of its title. What
// comes back is the id that the variable takes. Persons are not completed: a
// search for people on each keystroke is nobody's wish.
func (s *Shelf) CompleteResourceArgument(ctx context.Context, _ string, argument mcp.CompleteArgument, known mcp.CompleteContext) (*mcp.Completion, error) {
	project, err := s.project(known)
	if err != nil {
		return nil, err
	}
	switch argument.Name {
	case "project_id":
		return s.completeProject(ctx, argument.Value)
	case "account_id":
		return s.completeAccount(ctx, project, argument.Value)
	case "short_id":
		return s.completeNote(ctx, project, known.Arguments["account_id"], argument.Value)
	}
	return &mcp.Completion{Values: []string{}}, nil
}

// project is the one chosen before, or the only one.
func (s *Shelf) project(known mcp.CompleteContext) (int64, error) {
	if s.pinned != 0 {
		return s.pinned, nil
	}
	if text := known.Arguments["project_id"]; text != "" {
		return strconv.ParseInt(text, 10, 64)
	}
	return 0, nil // the tools find the only one
}

func (s *Shelf) completeProject(ctx context.Context, typed string) (*mcp.Completion, error) {
	ids, err := s.projects(ctx)
	if err != nil {
		return nil, err
	}
	values := []string{}
	for _, id := range ids {
		if text := strconv.FormatInt(id, 10); strings.HasPrefix(text, typed) {
			values = append(values, text)
		}
	}
	return &mcp.Completion{Values: values, Total: len(values)}, nil
}

func (s *Shelf) completeAccount(ctx context.Context, project int64, typed string) (*mcp.Completion, error) {
	rows, total, err := s.rows(ctx, "list_accounts", map[string]any{
		"project_id": project, "search": typed, "ordering": "name", "limit": mostCompletions, "max_tokens": 8000, "fields": []string{"name"},
	})
	if err != nil {
		return nil, err
	}
	completion := &mcp.Completion{Values: []string{}, Total: total}
	for _, row := range rows {
		completion.Values = append(completion.Values, row.Get("id").String())
	}
	completion.HasMore = total > len(completion.Values)
	return completion, nil
}

func (s *Shelf) completeNote(ctx context.Context, project int64, account, typed string) (*mcp.Completion, error) {
	if account == "" {
		return &mcp.Completion{Values: []string{}}, nil
	}
	rows, _, err := s.rows(ctx, "list_notebooks", map[string]any{"project_id": project, "account": account, "limit": mostCompletions, "max_tokens": 20_000})
	if err != nil {
		return nil, err
	}
	completion := &mcp.Completion{Values: []string{}}
	for _, row := range rows {
		title, id := row.Get("title").String(), row.Get("short_id").String()
		if strings.HasPrefix(id, typed) || strings.Contains(strings.ToLower(title), strings.ToLower(typed)) {
			completion.Values = append(completion.Values, id)
		}
	}
	completion.Total = len(completion.Values)
	return completion, nil
}

// mostCompletions is what the protocol allows in one answer.
const mostCompletions = 100

func (s *Shelf) rows(ctx context.Context, tool string, arguments map[string]any) ([]gjson.Result, int, error) {
	answer, err := s.ask(ctx, tool, arguments)
	if err != nil {
		return nil, 0, err
	}
	return gjson.GetBytes(answer, "rows").Array(), int(gjson.GetBytes(answer, "total").Int()), nil
}
