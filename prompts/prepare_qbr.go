package prompts

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// prepareQBR collects what a quarterly business review is made of.
var prepareQBR = prompt{
	name:        "prepare_qbr",
	title:       "Prepare a business review",
	description: "The story of a quarter with an account: what was agreed, what became of it, figures, risks, what to propose.",
	arguments: []mcp.PromptArgument{
		accountArgument,
		{Name: "goal", Description: "What the review is to achieve, if you know."},
	},
	write: func(ctx context.Context, o Options, given map[string]string) (string, error) {
		known, err := brief(ctx, o, given["account"], "qbr")
		if err != nil {
			return "", err
		}
		goal := ""
		if given["goal"] != "" {
			goal = " The review is to achieve this: " + given["goal"] + "."
		}
		text := "Prepare the quarterly business review with this customer." + goal + ` Write:

1. What was agreed in the last review, and what became of each point.
2. What changed since: figures, roles, people, contract. Only changes that the facts show; a figure without an earlier one is no trend.
3. What they got out of it, in their own words where a note has them.
4. Risks and sore points, the renewal among them, each with who said it and when.
5. Three proposals for the next quarter, and what we ask of them.

` + sourced + " Earlier reviews: search_notes with the account and the word QBR."
		if !o.ReadOnly {
			text += " When I agree with the page, file it with create_notebook, under a key of its own."
		}
		return text + known, nil
	},
}
