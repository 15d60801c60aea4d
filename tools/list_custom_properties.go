package tools

import (
	"context"

	"posthog-accounts-mcp/portfolio"
)

// ListCustomPropertiesRequest are the arguments of list_custom_properties.
type ListCustomPropertiesRequest struct {
	ProjectArg
	Account string `json:"account,omitempty" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"An account, to show its values too."`
	PageArgs
}

// PropertyRow is a custom property.
type PropertyRow struct {
	Name        string   `json:"name"`
	ID          string   `json:"id"`
	Type        string   `json:"type"`
	Options     []string `json:"options,omitempty" jsonschema_description:"What a select takes."`
	Description string   `json:"description,omitempty"`
	ReadOnly    bool     `json:"read_only,omitempty" jsonschema_description:"Filled by PostHog; cannot be set."`
	Value       any      `json:"value,omitempty" jsonschema:"oneof_type=string;number;boolean" jsonschema_description:"The account's value; absent when not set."`
}

var listCustomPropertiesTool = define(Spec{
	Name:        "list_custom_properties",
	Title:       "List custom properties",
	Description: "The custom properties that accounts can have, with type and options; with an account also its values.",
	Toolset:     Properties,
	Effect:      Reads,
}, listCustomProperties)

func listCustomProperties(d *Desk, ctx context.Context, in ListCustomPropertiesRequest) (List[PropertyRow], error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return List[PropertyRow]{}, err
	}
	filters := map[string]any{}
	template, accountID := s.links.account("{account_id}"), ""
	if in.Account != "" {
		account, match, err := s.book.Find(ctx, in.Account)
		if err != nil {
			return List[PropertyRow]{}, err
		}
		accountID, template = account.ID, s.links.account(account.ID)
		filters = map[string]any{"account": account.Name, "account_id": account.ID, "matched_by": match.String()}
	}
	page, err := d.page(in.PageArgs, "list_custom_properties", s.project, accountID)
	if err != nil {
		return List[PropertyRow]{}, err
	}
	properties, err := s.book.Properties(ctx, accountID)
	if err != nil {
		return List[PropertyRow]{}, err
	}
	total := len(properties)
	start, end := min(page.offset, total), min(page.offset+page.limit, total)
	rows := make([]PropertyRow, 0, end-start)
	for _, p := range properties[start:end] {
		rows = append(rows, propertyRow(p, page.maxTokens/2))
	}
	return listed(page, s, List[PropertyRow]{Rows: rows, Total: &total, Filters: filters, URLTemplate: template}, end < total), nil
}

// propertyRow is a property with its value, of which a long one is cut: no
// value shall push all others out.
func propertyRow(p portfolio.Property, runes int) PropertyRow {
	value, _ := capValue(p.Value, runes)
	return PropertyRow{
		Name: p.Name, ID: p.ID, Type: p.DisplayType, Options: p.Labels(), ReadOnly: !p.Settable(), Value: value,
		Description: shorten(p.Description, 120),
	}
}
