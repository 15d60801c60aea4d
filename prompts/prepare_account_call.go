package prompts

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"
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
		account, err := o.Ask(ctx, "get_account", map[string]any{
			"account": given["account"], "include": []string{"custom_properties", "notebooks", "relationships"},
		})
		if err != nil {
			return "", err
		}
		notes, err := latestNotes(ctx, o, account, 3)
		if err != nil {
			return "", err
		}
		topic := ""
		if given["topic"] != "" {
			topic = fmt.Sprintf(" The call is about: %s.", given["topic"])
		}
		return "Brief me for a call with this customer, on one page I can read in two minutes." + topic + ` Write:

1. Who they are to us: plan, size, renewal, health, and who holds which role on our side.
2. Where things stand, from the notes, newest first. Cite the date and title of the note behind each statement.
3. What was promised, by whom, and whether it was done. Say so where the notes do not tell.
4. Three questions worth asking.

Use only the facts below. Where something is missing or old, say that instead of filling it in; get_notebook reads further notes.` +
			facts("The account", account) + notes, nil
	},
}

// latestNotes are the newest notes of an account, whole as far as they fit.
func latestNotes(ctx context.Context, o Options, account []byte, most int) (string, error) {
	text := ""
	for i, note := range gjson.GetBytes(account, "notebooks").Array() {
		if i == most {
			break
		}
		whole, err := o.Ask(ctx, "get_notebook", map[string]any{
			"account": gjson.GetBytes(account, "account.id").String(), "notebook": note.Get("short_id").String(), "max_tokens": 1500,
		})
		if err != nil {
			return "", err
		}
		text += facts("A note of "+note.Get("date").String(), whole)
	}
	if text == "" {
		text = "\n\nThe account has no notes."
	}
	return text, nil
}
