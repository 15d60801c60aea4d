package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tidwall/gjson"
)

// Definition is a custom property that accounts of a project can have.
type Definition struct {
	ID, Name, Description string
	// DisplayType is text, link, select, number, currency, percent, boolean, date or datetime.
	DisplayType string
	IsBigNumber bool
	Options     []SelectOption  // of a select
	Source      json.RawMessage // the warehouse view that feeds it, nil when people do
	IsCanonical bool            // managed by PostHog itself (newer PostHog only)
	CreatedAt   time.Time
	UpdatedAt   *time.Time
}

// SelectOption is a choice of a select. Values hold its Label, not its ID.
type SelectOption struct{ ID, Label, Color string }

// Value is what an account has for a definition. PostHog makes a new row for every change.
type Value struct {
	ID, AccountID, DefinitionID string
	Value                       json.RawMessage
	CreatedAt                   time.Time
	CreatedBy                   *int64
}

// Definitions returns the custom properties of accounts, by name. Those of persons and groups, which newer
// versions keep in the same list, are left out.
func (p *Project) Definitions(ctx context.Context) ([]Definition, error) {
	c := p.call(http.MethodGet, "list custom properties", "custom_property_definitions")
	found, err := every(ctx, p.session, c, decodeDefinition)
	if err != nil {
		return nil, err
	}
	forAccounts := []Definition{}
	for _, definition := range found {
		if definition.ID != "" {
			forAccounts = append(forAccounts, definition)
		}
	}
	return forAccounts, nil
}

// Values returns the custom property values an account has, newest first. Join them with Definitions by
// DefinitionID; properties without a value are absent.
func (p *Project) Values(ctx context.Context, accountID string) ([]Value, error) {
	c := p.callUnder("projects", http.MethodGet, "list custom property values", "accounts", accountID, "custom_property_values")
	return fetch(ctx, p.session, c, func(root gjson.Result) ([]Value, error) { return rows(root, decodeValue) })
}

// SetValue sets a custom property of an account to a string, number or boolean, or clears it with nil. Only
// newer PostHog can clear, others answer Invalid; a clear returns the zero Value.
func (p *Project) SetValue(ctx context.Context, accountID, definitionID string, value any) (Value, error) {
	c := p.callUnder("projects", http.MethodPost, "set custom property", "accounts", accountID, "custom_property_values")
	if !isScalar(value) {
		return Value{}, c.refused("a custom property is a string, a number or a boolean")
	}
	c.body = map[string]any{"definition": definitionID, "value": value}
	if value == nil {
		return Value{}, p.session.run(ctx, c)
	}
	return fetch(ctx, p.session, c, decodeValue)
}

// isScalar reports whether value becomes a JSON string, number, boolean or null.
func isScalar(value any) bool {
	encoded, err := json.Marshal(value)
	return err == nil && encoded[0] != '{' && encoded[0] != '['
}

// decodeDefinition reads a definition; one that is not of accounts comes back without an ID.
func decodeDefinition(row gjson.Result) (Definition, error) {
	definition := Definition{
		ID:          text(row, "id"),
		Name:        text(row, "name"),
		Description: text(row, "description"),
		DisplayType: text(row, "display_type"),
		IsBigNumber: flag(row, "is_big_number"),
		Source:      raw(row, "source"),
		IsCanonical: flag(row, "is_canonical"),
		CreatedAt:   since(row, "created_at"),
		UpdatedAt:   moment(row, "updated_at"),
	}
	if definition.ID == "" || definition.Name == "" {
		return Definition{}, errNoID
	}
	if target := text(row, "target_type"); target != "" && target != "account" {
		return Definition{}, nil
	}
	if options := row.Get("options"); options.IsArray() {
		var err error
		if definition.Options, err = rows(options, decodeOption); err != nil {
			return Definition{}, err
		}
	}
	return definition, nil
}

func decodeOption(row gjson.Result) (SelectOption, error) {
	return SelectOption{ID: idText(row, "id"), Label: text(row, "label"), Color: text(row, "color")}, nil
}

func decodeValue(row gjson.Result) (Value, error) {
	value := Value{
		ID:           text(row, "id"),
		AccountID:    text(row, "account_id"),
		DefinitionID: text(row, "definition_id"),
		Value:        raw(row, "value"),
		CreatedAt:    since(row, "created_at"),
		CreatedBy:    integerOrNull(row, "created_by_id"),
	}
	if value.ID == "" || value.DefinitionID == "" {
		return Value{}, errNoID
	}
	return value, nil
}
