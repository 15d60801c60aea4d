package prompts

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// untanglePerson takes several people apart who became one person.
var untanglePerson = prompt{
	name:        "untangle_person",
	title:       "Untangle a person",
	description: "Find out whether a person is several people merged by mistake, and which distinct ids are whose; then split.",
	arguments: []mcp.PromptArgument{
		personArgument,
		{Name: "symptom", Description: "What looks wrong, if you know."},
	},
	write: func(ctx context.Context, o Options, given map[string]string) (string, error) {
		found, err := personFacts(ctx, o, given["person"])
		if err != nil {
			return "", err
		}
		log, err := o.Ask(ctx, "list_person_activity", map[string]any{"person": given["person"], "limit": 20})
		if err != nil {
			log = refusal(err)
		}
		text := "Find out whether this person in PostHog is several people."
		if given["symptom"] != "" {
			text += " What looks wrong: " + given["symptom"] + "."
		}
		text += `

1. Group the distinct ids: which look like people (addresses, user numbers), which like devices, which like a shared terminal or a constant that a bad setup sends for everybody ("undefined", "null", a team inbox). Say what speaks for each group, and what the properties, which are those of whoever wrote last, say against it.
2. Say which ids are whose, and where you cannot tell. An id alone on one side is cheap to be wrong about; a split cannot be undone.
3. Name what made them one: an identify call on a shared device, an alias, an id that everybody gets. A split does not hold as long as that goes on.`
		if o.ReadOnly {
			text += "\n4. This server is read-only: end with the ids that ought to leave."
		} else {
			text += `
4. When I agree, preview with split_person: distinct_ids for the ids that leave, or main_distinct_id for the one that stays. The id the person was created from stays. Show me both sides whole, and confirm only at my word.
5. Afterwards look with get_person whether each id leads to its new person. Until it does, delete nobody by it. Properties and past events stay with the original.`
		}
		return text + found + facts("What was done to the person by hand or by key", log), nil
	},
}
