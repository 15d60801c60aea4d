// Package prompts is what a person picks from a menu: each file one prompt,
// with the live facts it needs embedded, so that a client without resources
// works too.
package prompts

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/internal/fence"
	"posthog-accounts-mcp/internal/plain"
)

// Ask runs one of the tools that read and gives its result as JSON.
type Ask func(ctx context.Context, tool string, arguments map[string]any) (json.RawMessage, error)

// Options say what the prompts may count on.
type Options struct {
	Ask      Ask
	ReadOnly bool // no tool writes: prompts do not tell the model to
	Plans    bool // there are tools that plan changes of many accounts
}

// prompt is one prompt: what a client sees of it and how it is written.
type prompt struct {
	name, title, description string
	arguments                []mcp.PromptArgument
	write                    func(ctx context.Context, o Options, arguments map[string]string) (string, error)
}

// all is the table of contents.
var all = []prompt{
	prepareAccountCall,
	writeUpCall,
	prepareQBR,
	handOverAccounts,
	reviewUnassignedAccounts,
	untanglePerson,
	erasePerson,
}

// Prompts are the prompts as MCP serves them.
func Prompts(o Options) []server.ServerPrompt {
	list := make([]server.ServerPrompt, len(all))
	for i, p := range all {
		list[i] = server.ServerPrompt{
			Prompt:  mcp.Prompt{Name: p.name, Title: p.title, Description: p.description, Arguments: p.arguments},
			Handler: p.serve(o),
		}
	}
	return list
}

func (p prompt) serve(o Options) server.PromptHandlerFunc {
	return func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		given := request.Params.Arguments
		if err := p.check(given); err != nil {
			return nil, err
		}
		text, err := p.write(ctx, o, given)
		switch {
		case plain.IsAbsent(err): // what an argument names is not there
			return nil, fmt.Errorf("%w: %w", mcp.ErrInvalidParams, err)
		case err != nil:
			return nil, err
		}
		return mcp.NewGetPromptResult(p.description, []mcp.PromptMessage{
			mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text)),
		}), nil
	}
}

// check refuses arguments that are missing or unknown.
func (p prompt) check(given map[string]string) error {
	known := map[string]bool{}
	for _, argument := range p.arguments {
		known[argument.Name] = true
		if argument.Required && strings.TrimSpace(given[argument.Name]) == "" {
			return fmt.Errorf("%w: %w", mcp.ErrInvalidParams, plain.Refuse("The prompt %s needs the argument %s.", p.name, argument.Name))
		}
	}
	for name := range given {
		if !known[name] {
			return fmt.Errorf("%w: %w", mcp.ErrInvalidParams, plain.Refuse("The prompt %s has no argument %q.", p.name, plain.Short(name)))
		}
	}
	return nil
}

// facts fences what PostHog holds from what the prompt says. In JSON a line
// break inside of a text is escaped, so no text can end the code block either.
func facts(heading string, answer json.RawMessage) string {
	return fmt.Sprintf("\n\n%s, as PostHog has it now:\n\n%s", heading, fence.Text("```json\n"+string(answer)+"\n```"))
}

// Completer completes the arguments of all prompts.
type Completer struct {
	Ask        Ask
	Colleagues func(ctx context.Context) ([]string, error) // the e-mails of all colleagues
}

// CompletePromptArgument completes the arguments that name something in
// PostHog, and those of few values.
func (c Completer) CompletePromptArgument(ctx context.Context, _ string, argument mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	completion := &mcp.Completion{Values: []string{}}
	switch argument.Name {
	case accountArgument.Name:
		return c.completeAccount(ctx, argument.Value)
	case fromArgument.Name, toArgument.Name:
		return c.completeColleague(ctx, argument.Value)
	case kindArgument.Name:
		for _, t := range templates {
			if strings.HasPrefix(t.kind, strings.ToLower(argument.Value)) {
				completion.Values = append(completion.Values, t.kind)
			}
		}
	case personArgument.Name:
		return c.completePerson(ctx, argument.Value)
	case alsoArgument.Name:
		for _, e := range erasures {
			if strings.HasPrefix(e.also, strings.ToLower(argument.Value)) {
				completion.Values = append(completion.Values, e.also)
			}
		}
	}
	return completion, nil
}

// completeAccount completes an account by part of its name. Namesakes complete
// to their external id, or else their id, and so do names in which something is
// hidden: nobody could check what they chose.
func (c Completer) completeAccount(ctx context.Context, part string) (*mcp.Completion, error) {
	answer, err := c.Ask(ctx, "list_accounts", map[string]any{
		"search": part, "ordering": "name", "limit": 50, "max_tokens": 8000, "fields": []string{"name", "external_id"},
	})
	if err != nil {
		return nil, err
	}
	rows := gjson.GetBytes(answer, "rows").Array()
	named := map[string]int{}
	for _, row := range rows {
		named[row.Get("name").String()]++
	}
	completion := &mcp.Completion{Values: []string{}, Total: int(gjson.GetBytes(answer, "total").Int())}
	for _, row := range rows {
		value := row.Get("name").String()
		if named[value] > 1 || plain.Visible(value) != value {
			value = row.Get("external_id").String()
		}
		if value == "" {
			value = row.Get("id").String()
		}
		completion.Values = append(completion.Values, value)
	}
	completion.HasMore = completion.Total > len(completion.Values)
	return completion, nil
}

// completeColleague completes a colleague by part of the e-mail.
func (c Completer) completeColleague(ctx context.Context, part string) (*mcp.Completion, error) {
	completion := &mcp.Completion{Values: []string{}}
	if c.Colleagues == nil {
		return completion, nil
	}
	emails, err := c.Colleagues(ctx)
	if err != nil {
		return nil, err
	}
	part = strings.ToLower(strings.TrimSpace(part))
	for _, email := range emails {
		if strings.Contains(strings.ToLower(email), part) && plain.Visible(email) == email {
			completion.Values = append(completion.Values, email)
		}
	}
	const most = 100 // of the protocol
	completion.Total = len(completion.Values)
	completion.HasMore = completion.Total > most
	completion.Values = completion.Values[:min(most, completion.Total)]
	return completion, nil
}
