package portfolio

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/journal"
)

// Property is a custom property and, for one account, its value.
type Property struct {
	client.Definition
	Value any // nil when not set
}

// Settable tells whether people may set the property, or PostHog fills it.
func (p Property) Settable() bool { return len(p.Source) == 0 && !p.IsCanonical }

// Labels are the options of a select property.
func (p Property) Labels() []string {
	labels := make([]string, len(p.Options))
	for i, option := range p.Options {
		labels[i] = option.Label
	}
	return labels
}

// Properties are all custom properties by name, with the account's values
// joined on unless accountID is empty.
func (b *Book) Properties(ctx context.Context, accountID string) ([]Property, error) {
	definitions, err := b.api.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	if accountID != "" {
		if values, err = b.values(ctx, accountID); err != nil {
			return nil, err
		}
	}
	properties := make([]Property, len(definitions))
	for i, definition := range definitions {
		properties[i] = Property{Definition: definition, Value: values[definition.ID]}
	}
	return properties, nil
}

// values maps an account's property ids to what is set.
func (b *Book) values(ctx context.Context, accountID string) (map[string]any, error) {
	asked := time.Now()
	set, err := b.api.Values(ctx, accountID)
	if err != nil {
		return nil, err
	}
	b.seen.Store(valuesOf(accountID), reading{asked: asked, answered: time.Now()})
	values := map[string]any{}
	for _, v := range set {
		var decoded any
		if json.Unmarshal(v.Value, &decoded) == nil {
			values[v.DefinitionID] = decoded
		}
	}
	return values, nil
}

// KeepsValues tells that this PostHog surely cannot empty a custom property, so
// that the first value of one is there for good. Of a newer one only trying tells.
func (b *Book) KeepsValues(ctx context.Context) bool {
	generation, err := b.api.Generation(ctx)
	return err == nil && generation == client.Documented
}

// valuesOf names the values of an account among what was read.
func valuesOf(accountID string) string { return "values of " + accountID }

// PropertyToSet finds a custom property by name or id, with the account's value,
// and makes of a value what PostHog would store; nil stands for none. What
// cannot be set is refused.
func (b *Book) PropertyToSet(ctx context.Context, account client.Account, reference string, value any) (Property, any, error) {
	properties, err := b.Properties(ctx, account.ID)
	if err != nil {
		return Property{}, nil, err
	}
	property, err := pickProperty(reference, properties)
	if err != nil {
		return Property{}, nil, err
	}
	if err := b.policy.CustomProperty(property.Name, property.ID); err != nil {
		return Property{}, nil, err
	}
	if value, err = property.toStore(value); err != nil {
		return Property{}, nil, err
	}
	return property, value, nil
}

// toStore makes of a value what PostHog would store; nil stands for none. What
// cannot be set is refused.
func (p Property) toStore(value any) (any, error) {
	switch {
	case !p.Settable():
		return nil, plain.Refuse("%s is filled by PostHog from a data source and cannot be set by hand.", quote(p.Name))
	case value == nil:
		return nil, nil
	}
	return p.coerce(value)
}

// SetProperty sets or clears one custom property of an account, both as
// PropertyToSet gave them.
func (b *Book) SetProperty(ctx context.Context, account client.Account, property Property, value any) (Result, error) {
	return b.putProperty(ctx, account, property, value, false)
}

// RestoreProperty is SetProperty for taking a change back: it refuses to replace
// what somebody else has set since the property was read.
func (b *Book) RestoreProperty(ctx context.Context, account client.Account, property Property, value any) (Result, error) {
	return b.putProperty(ctx, account, property, value, true)
}

func (b *Book) putProperty(ctx context.Context, account client.Account, property Property, value any, strict bool) (Result, error) {
	if err := b.policy.CustomProperty(property.Name, property.ID); err != nil {
		return Result{}, err
	}
	turn, err := b.directory.turns.take(ctx, b.turnOf("value", account.ID, property.ID))
	if err != nil {
		return Result{}, err
	}
	defer turn.giveBack()
	before := property.Value
	if !b.isFresh(valuesOf(account.ID), turn.last) {
		now, err := b.values(ctx, account.ID)
		if err != nil {
			return Result{}, err
		}
		before = now[property.ID]
	}
	var meanwhile []string
	if !same(before, property.Value) {
		meanwhile = []string{plain.Short(property.Name)}
	}
	if strict && len(meanwhile) > 0 {
		return Result{}, ChangedSince(meanwhile)
	}
	property.Value = before
	result, err := b.sendProperty(ctx, account, property, value)
	result.Note = strings.TrimSpace(result.Note + " " + replacing(meanwhile))
	return result, err
}

// sendProperty sets a custom property whose value is known, and reads it back.
func (b *Book) sendProperty(ctx context.Context, account client.Account, property Property, value any) (Result, error) {
	result := Result{Account: account, Before: map[string]any{property.Name: property.Value}}
	if same(property.Value, value) {
		result.Outcome, result.After, result.Note = journal.Ignored, result.Before, alreadySo
		return result, nil
	}
	_, writeErr := b.api.SetValue(ctx, account.ID, property.ID, value)
	if value == nil && client.KindOf(writeErr) == client.Invalid {
		return Result{}, plain.Refuse("This PostHog cannot clear a custom property, only overwrite it. Set another value for %s instead.", quote(property.Name))
	}
	if writeErr != nil && !unclear(writeErr) {
		return Result{}, writeErr
	}
	var found map[string]any
	err := b.settle(ctx, writeErr, func(ctx context.Context) (there bool, err error) {
		found, err = b.values(ctx, account.ID)
		return err == nil && same(found[property.ID], value), err
	})
	if err != nil {
		return Result{}, unseen(writeErr, err)
	}
	result.After = map[string]any{property.Name: found[property.ID]}
	result.Outcome = journal.Compare(result.Before, map[string]any{property.Name: value}, result.After, same)
	result.Note = sending{lost: writeErr}.remark(result.Outcome)
	return result, nil
}

// pickProperty finds a property by id or name; case matters only when two
// names differ in nothing else.
func pickProperty(reference string, properties []Property) (Property, error) {
	reference = strings.TrimSpace(reference)
	names := make([]string, len(properties))
	for i, p := range properties {
		names[i] = p.Name
		if p.ID == reference || p.Name == reference {
			return p, nil
		}
	}
	var fits []Property
	for _, p := range properties {
		if strings.EqualFold(p.Name, reference) {
			fits = append(fits, p)
		}
	}
	if len(fits) == 1 {
		return fits[0], nil
	}
	slices.Sort(names)
	if near := schema.Nearest(reference, names); near != "" {
		return Property{}, plain.Refuse("There is no custom property %s; did you mean %s?", quote(reference), quote(near))
	}
	return Property{}, plain.Refuse("There is no custom property %s. There are: %s.", quote(reference), strings.Join(names, ", "))
}

// coerce turns a value into what PostHog would store for the property's type
// (accounts reference 5.3), or says what it expects.
func (p Property) coerce(value any) (any, error) {
	text, isText := value.(string)
	number, isNumber := value.(float64)
	switch p.DisplayType {
	case "text", "link":
		if isText {
			return text, nil
		}
		if isNumber {
			return strconv.FormatFloat(number, 'f', -1, 64), nil
		}
		return nil, p.expects("a text")
	case "select":
		if isText && slices.Contains(p.Labels(), text) {
			return text, nil
		}
		if near := schema.Nearest(text, p.Labels()); isText && near != "" {
			return nil, p.expects("one of " + strings.Join(p.Labels(), ", ") + " (did you mean " + quote(near) + "?)")
		}
		return nil, p.expects("one of " + strings.Join(p.Labels(), ", "))
	case "number", "currency", "percent":
		if isText {
			parsed, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			number, isNumber = parsed, err == nil
		}
		if isNumber && !math.IsInf(number, 0) && !math.IsNaN(number) {
			return number, nil
		}
		return nil, p.expects("a number, without currency or percent sign")
	case "boolean":
		if isText {
			switch strings.ToLower(text) {
			case "true":
				return true, nil
			case "false":
				return false, nil
			}
		}
		if yes, isBool := value.(bool); isBool {
			return yes, nil
		}
		return nil, p.expects("true or false")
	case "date", "datetime":
		if moment, ok := parseTime(text); isText && ok {
			return stored(moment), nil
		}
		return nil, p.expects("a date such as 2026-03-31, or a time such as 2026-03-31T09:00:00Z")
	}
	return value, nil // a type newer than this client: PostHog checks it
}

func (p Property) expects(what string) error {
	return plain.Refuse("Not sent: the custom property %s takes %s.", quote(p.Name), what)
}

var timeLayouts = []string{time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// parseTime reads an ISO 8601 date or time; without a zone it is UTC.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if moment, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return moment.UTC(), true
		}
	}
	return time.Time{}, false
}

// stored is a time in the form PostHog gives back, so that it compares equal.
func stored(t time.Time) string {
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000000Z")
}
