package prompts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"posthog-accounts-mcp/internal/plain"
)

// alsoArgument says what of a person goes besides the record.
var alsoArgument = mcp.PromptArgument{Name: "also", Description: "What goes besides the record: events, recordings, both or nothing."}

// erasures are its values, with the flags of delete_person that they mean.
var erasures = []struct{ also, flags string }{
	{"both", "delete_events: true and delete_recordings: true"},
	{"events", "delete_events: true"},
	{"recordings", "delete_recordings: true"},
	{"nothing", "neither delete_events nor delete_recordings"},
}

// erasePerson handles a request to be forgotten.
var erasePerson = prompt{
	name:        "erase_person",
	title:       "Erase a person",
	description: "Handle a request to be forgotten: find every person it is about, and nobody else, erase them one by one, keep the certificates.",
	arguments:   []mcp.PromptArgument{personArgument, alsoArgument},
	write: func(ctx context.Context, o Options, given map[string]string) (string, error) {
		flags := "what I answer when you ask me whether events and recordings are to go, too"
		if also := strings.TrimSpace(given["also"]); also != "" {
			at := slices.IndexFunc(erasures, func(e struct{ also, flags string }) bool { return e.also == also })
			if at < 0 {
				return "", fmt.Errorf("%w: %w", mcp.ErrInvalidParams, plain.Refuse("also takes events, recordings, both or nothing."))
			}
			flags = erasures[at].flags
		}
		found, err := personFacts(ctx, o, given["person"])
		if err != nil {
			return "", err
		}
		text := `Somebody asked to be forgotten. The person is named below, and everybody in PostHog who may be meant.

1. Tell me who of them is the person, and by what you know: UUID, e-mail, number of distinct ids, when first and last seen. One human can be several persons (devices, addresses in other letters or with a plus), and an inbox that several people share is not one human.
2. Ask me about each one of whom you are not sure. Leave out whoever only has a similar name or address.`
		if o.ReadOnly {
			return text + "\n3. This server is read-only: end with the list of UUIDs, so that I can have them erased." + found, nil
		}
		return text + `
3. Erase one after the other with delete_person, by UUID, with ` + flags + `. Show me each preview whole and wait for my word before you confirm it.
4. End with a table of the certificates: UUID, what is deleted, what is queued and until when. Call delete_person with a UUID again after the date to see that its events are gone.

A person who still sends events comes back: say so if one was seen today.` + found, nil
	},
}
