// Package portfolio is accounts as the people who own them think of them:
// found by any name they go by, with roles held by colleagues, changed field
// by field without touching the rest.
package portfolio

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/policy"
	"posthog-accounts-mcp/journal"
)

// Book is the accounts of one project, as the holder of one key may see them.
type Book struct {
	api       *client.Project
	session   *client.Session
	directory *Directory
	policy    policy.Policy

	opened time.Time // what was read since is new enough for the call that the book is for

	seen sync.Map // by account id, or its valuesOf: the last reading of it by itself
}

// Open returns the book of a project. It asks PostHog nothing.
func Open(session *client.Session, project int64, directory *Directory) *Book {
	return &Book{api: session.Project(project), session: session, directory: directory, opened: time.Now()}
}

// Under has the book write only what a policy allows.
func (b *Book) Under(p policy.Policy) *Book {
	b.policy = p
	return b
}

// Result is what became of a change.
type Result struct {
	Outcome journal.Outcome
	Account client.Account // as read back; the zero Account after a delete
	Was     client.Account // as it was right before an update
	Before  map[string]any // the changed fields as they were
	After   map[string]any // the changed fields as read back, nil after a delete
	Note    string         // what the reader should know besides, often empty
	Back    Change         // what takes an update back, and nothing that others did

	RolesApart bool // this PostHog keeps roles as relationships, which keys may not be able to end
}

// PropertyKeys are the property names that PostHog's closed schema accepts
// besides roles, newest generation included (accounts reference 2.1).
var PropertyKeys = []string{
	"stripe_customer_id", "hubspot_deal_id", "billing_id", "sfdc_id", "zendesk_id", "slack_channel_id",
	"usage_dashboard_link", "metabase_link", "website_domain", "email_domains", "known_emails",
}

// State is an account as a flat set of fields: name, external_id, tags, roles
// as e-mails, and each property by its own name. Empty fields are absent.
func State(account client.Account) map[string]any {
	state := map[string]any{"name": account.Name}
	if account.ExternalID != nil {
		state["external_id"] = *account.ExternalID
	}
	if len(account.Tags) > 0 {
		state["tags"] = slices.Sorted(slices.Values(account.Tags))
	}
	for key, raw := range account.Properties {
		if role := Role(key); slices.Contains(Roles, role) {
			if holder := HolderOf(account, role); holder != nil {
				state[key] = holder.Ref()
			}
			continue
		}
		var value any
		if json.Unmarshal(raw, &value) == nil && value != nil {
			state[key] = value
		}
	}
	return state
}

// Identity is all of an account that a confirmation binds: every field but
// updated_at, which moves without anybody changing anything.
func Identity(account client.Account) any {
	account.UpdatedAt = nil
	account.Tags = slices.Sorted(slices.Values(account.Tags))
	account.Notebooks = slices.Sorted(slices.Values(account.Notebooks))
	return account
}

// trimmed is a text as PostHog stores it: without the white space around it,
// which for Python includes the four ASCII separators.
func trimmed(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// same compares two field values by what they say.
func same(a, b any) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && string(left) == string(right)
}

// pick is the named fields of a state; a field that is not there is nil, so
// that a receipt shows it as null.
func pick(state map[string]any, fields map[string]any) map[string]any {
	picked := make(map[string]any, len(fields))
	for field := range maps.Keys(fields) {
		picked[field] = state[field]
	}
	return picked
}

// describe shows what tells an account from its namesakes.
func describe(account client.Account) string {
	external := "no external id"
	if account.ExternalID != nil {
		external = fmt.Sprintf("external id %q", *account.ExternalID)
	}
	switch {
	case account.ChurnedAt != nil:
		external += ", churned"
	case account.IgnoredAt != nil:
		external += ", ignored"
	}
	return external
}
