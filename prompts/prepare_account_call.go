package prompts

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
)

// prepareAccountCall briefs somebody who is about to talk to a customer.
var prepareAccountCall = prompt{
	name:        "prepare_account_call",
	title:       "Prepare a call with an account",
	description: "What to know before a call: who is who, where things stand, what was promised, what to ask.",
	arguments: []mcp.PromptArgument{
		accountArgument,
		{Name: "topic", Description: "What the call is about, if it has a topic."},
	},
	write: func(ctx context.Context, o Options, given map[string]string) (string, error) {
		known, err := brief(ctx, o, given["account"], "call")
		if err != nil {
			return "", err
		}
		topic := ""
		if given["topic"] != "" {
			topic = fmt.Sprintf(" The call is about: %s.", given["topic"])
		}
		return "Brief me for a call with this customer, on one page I can read in two minutes." + topic + ` Write:

1. Who they are to us: plan, size, renewal, health, and who holds which role on our side.
2. Where things stand, from the notes, newest first, and how long ago the last contact was.
3. What was promised and is still open, by whom. Say so where the notes do not tell.
4. Who of their people was seen lately, as far as that can be told.
5. Three questions worth asking.

` + sourced + known, nil
	},
}
