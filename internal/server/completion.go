package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// maxCompletions is what the protocol allows in one answer.
const maxCompletions = 100

// completion wires the providers, if there are any.
func completion(o Options, e explainer) []mcpserver.ServerOption {
	if o.CompletePrompt == nil && o.CompleteResource == nil {
		return nil
	}
	c := completer{prompts: o.CompletePrompt, resources: o.CompleteResource, known: map[string]bool{}, explainer: e}
	for _, p := range o.Prompts {
		c.known[p.Prompt.Name] = true
	}
	for _, t := range o.Templates {
		c.known[t.Template.URITemplate.Raw()] = true
	}
	return []mcpserver.ServerOption{
		mcpserver.WithCompletions(),
		mcpserver.WithPromptCompletionProvider(c),
		mcpserver.WithResourceCompletionProvider(c),
	}
}

// completer keeps completion harmless: it is a convenience while somebody types, so a failure, a panic or an
// unknown reference completes to nothing, and no answer exceeds the protocol's limit.
type completer struct {
	prompts   mcpserver.PromptCompletionProvider
	resources mcpserver.ResourceCompletionProvider
	known     map[string]bool // prompts by name and resource templates by URI, the references there are
	explainer
}

// CompletePromptArgument completes an argument of a prompt.
func (c completer) CompletePromptArgument(ctx context.Context, prompt string, argument mcp.CompleteArgument, known mcp.CompleteContext) (*mcp.Completion, error) {
	if c.prompts == nil || !c.known[prompt] {
		return noCompletion(), nil
	}
	return c.complete(func() (*mcp.Completion, error) {
		return c.prompts.CompletePromptArgument(ctx, prompt, argument, known)
	})
}

// CompleteResourceArgument completes a variable of a resource template.
func (c completer) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, known mcp.CompleteContext) (*mcp.Completion, error) {
	if c.resources == nil || !c.known[uri] {
		return noCompletion(), nil
	}
	return c.complete(func() (*mcp.Completion, error) {
		return c.resources.CompleteResourceArgument(ctx, uri, argument, known)
	})
}

func (c completer) complete(ask func() (*mcp.Completion, error)) (completion *mcp.Completion, err error) {
	defer func() {
		if value := recover(); value != nil {
			c.logPanic("completing an argument", value)
			completion, err = noCompletion(), nil
		}
	}()
	completion, err = ask()
	if err != nil || completion == nil {
		return noCompletion(), nil
	}
	if len(completion.Values) > maxCompletions {
		cut := *completion
		cut.Values, cut.HasMore = completion.Values[:maxCompletions], true
		if cut.Total == 0 {
			cut.Total = len(completion.Values)
		}
		return &cut, nil
	}
	return completion, nil
}

func noCompletion() *mcp.Completion { return &mcp.Completion{Values: []string{}} }
