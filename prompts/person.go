package prompts

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/internal/plain"
)

// personArgument is the person of a prompt; it completes by e-mail and name.
var personArgument = mcp.PromptArgument{Name: "person", Description: "The person: UUID, distinct id, email or number.", Required: true}

// personFacts are the person that a reference names, and everybody whom it may
// mean besides. That it names nobody, or several, is a fact like the others.
func personFacts(ctx context.Context, o Options, reference string) (string, error) {
	near, err := o.Ask(ctx, "list_persons", map[string]any{
		"search": strings.TrimSpace(reference), "limit": 20,
		"fields": []string{"name", "email", "distinct_ids", "created_at", "last_seen_at"},
	})
	if err != nil {
		return "", err
	}
	person, err := o.Ask(ctx, "get_person", map[string]any{"person": reference})
	if err != nil {
		person = refusal(err)
	}
	named, err := json.Marshal(map[string]string{"person": reference})
	if err != nil {
		return "", err
	}
	text := facts("Who was named", named) + facts("Who has exactly this", person)
	if email := gjson.GetBytes(person, "person.email").String(); email != "" && !strings.EqualFold(email, strings.TrimSpace(reference)) {
		sharing, err := o.Ask(ctx, "list_persons", map[string]any{"search": email, "limit": 20})
		if err != nil {
			return "", err
		}
		text += facts("Whose e-mail, name or id holds the e-mail", sharing)
	}
	return text + facts("Whose e-mail, name or id holds what was named", near), nil
}

// refusal is an answer that is none, as a fact.
func refusal(err error) json.RawMessage {
	encoded, _ := json.Marshal(map[string]string{"not_answered": plain.Explain(err)}) // texts always encode
	return encoded
}

// completePerson completes a person by part of e-mail, name or id: to the
// e-mail where it is theirs alone, else to the UUID. There are too many to
// offer them for nothing.
func (c Completer) completePerson(ctx context.Context, part string) (*mcp.Completion, error) {
	completion := &mcp.Completion{Values: []string{}}
	if strings.TrimSpace(part) == "" {
		return completion, nil
	}
	answer, err := c.Ask(ctx, "list_persons", map[string]any{"search": part, "limit": 50, "max_tokens": 8000})
	if err != nil {
		return nil, err
	}
	rows := gjson.GetBytes(answer, "rows").Array()
	having := map[string]int{}
	for _, row := range rows {
		having[strings.ToLower(row.Get("email").String())]++
	}
	for _, row := range rows {
		value := row.Get("email").String()
		if value == "" || having[strings.ToLower(value)] > 1 || plain.Visible(value) != value {
			value = row.Get("uuid").String()
		}
		completion.Values = append(completion.Values, value)
	}
	completion.Total = max(len(rows), int(gjson.GetBytes(answer, "total").Int()))
	completion.HasMore = completion.Total > len(rows)
	return completion, nil
}
