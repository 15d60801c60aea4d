package prompts

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// factTokens bounds the facts that a prompt embeds.
const factTokens = 1900

// accountArgument is the account of a prompt; it completes by name.
var accountArgument = mcp.PromptArgument{Name: "account", Description: "The account: name, external id or any id.", Required: true}

// brief is what is known of an account, for a kind of work.
func brief(ctx context.Context, o Options, account, kind string) (string, error) {
	known, err := o.Ask(ctx, "get_account_brief", map[string]any{"account": account, "kind": kind, "max_tokens": factTokens})
	if err != nil {
		return "", err
	}
	return facts("The account", known), nil
}

// sourced is how a prompt wants statements to be backed.
const sourced = "Use only the facts below, and put behind each statement where it comes from: the note (title, date and short_id), the property's name, the person. " +
	"What stands under not_read is unknown, not empty; omitted counts what is not shown: get_account_brief with a larger max_tokens, get_notebook and search_notes have it. " +
	"Where something is missing or old, say that instead of filling it in."
