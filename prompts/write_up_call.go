package prompts

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// writeUpCall turns what somebody jotted down into a note on the account.
var writeUpCall = prompt{
	name:        "write_up_call",
	title:       "Write up a call",
	description: "Turn rough notes or a transcript into a note on the account, and update what the call changed.",
	arguments: []mcp.PromptArgument{
		accountArgument,
		{Name: "transcript", Description: "Rough notes or transcript; leave it out to be asked."},
	},
	write: func(ctx context.Context, o Options, given map[string]string) (string, error) {
		account, err := o.Ask(ctx, "get_account", map[string]any{
			"account": given["account"], "include": []string{"custom_properties", "notebooks"},
		})
		if err != nil {
			return "", err
		}
		text := "Write up a call with this customer as a note in Markdown, with these headings: Who was there, What they said, Decisions, " +
			"Next steps (a task list with owner and date). Keep their own words where they matter, and add nothing that was not said."
		if o.ReadOnly {
			text += "\n\nThis server is read-only: show me the note so that I can file it myself."
		} else {
			text += "\n\nShow me the note first. When I agree, file it with create_notebook on the account id below, with a key of its own. " +
				"Then propose, without doing it, what else the call changed: tags or roles (update_account) and custom properties (set_custom_property)."
		}
		if given["transcript"] == "" {
			text += "\n\nAsk me for my rough notes or the transcript now."
		} else {
			text += "\n\nWhat I have from the call:\n\n" + given["transcript"]
		}
		return text + facts("The account", account), nil
	},
}
