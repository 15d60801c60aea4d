package prompts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"posthog-accounts-mcp/internal/plain"
)

// kindArgument is what kind of note is to be written.
var kindArgument = mcp.PromptArgument{Name: "kind", Description: "call (the default), qbr, handover or escalation: decides the headings."}

// templates are the headings of each kind of note.
var templates = []struct{ kind, headings string }{
	{"call", "Who was there, What they said, Decisions, Next steps (a task list with owner and date)"},
	{"qbr", "Who was there, Agreed last time and what became of it, Figures (a table: before, now), Value they see, Risks, Agreed, Next steps (a task list with owner and date)"},
	{"handover", "Who is who (theirs and ours), Where they stand (plan, renewal, health), History in five lines, Open threads (a task list with owner and date), Risks, What they do not like"},
	{"escalation", "What happened (timeline with times), What it means for them, Who is affected, What we told them, Cause as far as known, Next steps (a task list with owner and date)"},
}

// writeUpCall turns what somebody jotted down into a note on the account.
var writeUpCall = prompt{
	name:        "write_up_call",
	title:       "Write up a call",
	description: "Turn rough notes or a transcript into a note on the account, and update what the call changed.",
	arguments: []mcp.PromptArgument{
		accountArgument,
		{Name: "transcript", Description: "Rough notes or transcript; leave it out to be asked."},
		kindArgument,
	},
	write: func(ctx context.Context, o Options, given map[string]string) (string, error) {
		headings, err := headingsOf(given["kind"])
		if err != nil {
			return "", err
		}
		known, err := brief(ctx, o, given["account"], "call")
		if err != nil {
			return "", err
		}
		text := "Write up a call with this customer as a note in Markdown, with these headings: " + headings +
			". Keep their own words where they matter, and add nothing that was not said. Say which of the open points below the call settled."
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
		return text + known, nil
	},
}

// headingsOf are the headings of a kind of note.
func headingsOf(kind string) (string, error) {
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind == "" {
		kind = templates[0].kind
	}
	at := slices.IndexFunc(templates, func(t struct{ kind, headings string }) bool { return t.kind == kind })
	if at < 0 {
		return "", fmt.Errorf("%w: %w", mcp.ErrInvalidParams, plain.Refuse("kind takes call, qbr, handover or escalation."))
	}
	return templates[at].headings, nil
}
