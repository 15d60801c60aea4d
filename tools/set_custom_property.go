package tools

import (
	"context"
	"encoding/json"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// SetCustomPropertyRequest are the arguments of set_custom_property.
type SetCustomPropertyRequest struct {
	ProjectArg
	AccountArg
	Property string        `json:"property" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Name or id of the property."`
	Value    schema.Scalar `json:"value,omitempty" jsonschema_description:"An option's label for a select, YYYY-MM-DD or an ISO time for dates."`
	Clear    bool          `json:"clear,omitempty" jsonschema_description:"Instead of a value: empty it, where this PostHog can."`
}

var setCustomPropertyTool = define(Spec{
	Name:        "set_custom_property",
	Title:       "Set a custom property",
	Description: "Set one custom property of an account, such as Health score; its type is checked. Older PostHog can replace a value, not take it away.",
	Toolset:     Properties,
	Effect:      Sets,
}, setCustomProperty)

func setCustomProperty(d *Desk, ctx context.Context, in SetCustomPropertyRequest) (Receipt, error) {
	if (len(in.Value) == 0) == !in.Clear {
		return Receipt{}, plain.Refuse("Give either a value, or clear: true.")
	}
	var value any
	if !in.Clear {
		if err := json.Unmarshal(in.Value, &value); err != nil {
			return Receipt{}, err
		}
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return Receipt{}, err
	}
	account, match, err := s.book.FindToWrite(ctx, in.Account)
	if err != nil {
		return Receipt{}, err
	}
	property, value, err := s.book.PropertyToSet(ctx, account, in.Property, value)
	if err != nil {
		return Receipt{}, err
	}
	w := propertyDeed(ctx, s, account, property, value)
	w.tool, w.arguments = "set_custom_property", in
	return d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		return changeProperty(ctx, s, account, match, property, value, w.forGood)
	})
}

// propertyDeed is the write of a custom property. The first value of one is for
// good where PostHog cannot empty it.
func propertyDeed(ctx context.Context, s scope, account client.Account, property portfolio.Property, value any) deed {
	return deed{
		target: journal.Target{Kind: "account", ID: account.ID},
		image:  image{Property: imageOfProperty(account, property, property.Value)}, wish: wish{Property: imageOfProperty(account, property, value)},
		forGood: property.Value == nil && s.book.KeepsValues(ctx),
	}
}

// changeProperty sets a custom property and words what came of it.
func changeProperty(ctx context.Context, s scope, account client.Account, match portfolio.Match, property portfolio.Property, value any, forGood bool) (done, error) {
	result, err := s.book.SetProperty(ctx, account, property, value)
	if err != nil {
		return done{}, err
	}
	return propertyChanged(s, account, match, property, result, forGood), nil
}

func imageOfProperty(account client.Account, property portfolio.Property, value any) *propertyImage {
	return &propertyImage{Account: account.ID, ID: property.ID, Name: property.Name, Value: value}
}

// firstValueStays is said of a write that PostHog has no way to take back.
const firstValueStays = "This PostHog cannot empty a custom property: set another value instead."

// metProperty is the property as the write met it, if not as it was when the
// write was put on record.
func metProperty(account client.Account, property portfolio.Property, result portfolio.Result) image {
	met := result.Before[property.Name]
	if sameValue(met, property.Value) {
		return image{}
	}
	return image{Property: imageOfProperty(account, property, met)}
}

// propertyChanged words what came of setting a custom property.
func propertyChanged(s scope, account client.Account, match portfolio.Match, property portfolio.Property, result portfolio.Result, forGood bool) done {
	undo, caveat := undoProperty(account.ID, property, result, forGood)
	return done{After: result.After, Met: metProperty(account, property, result), caveat: caveat, Receipt: Receipt{
		Outcome: result.Outcome, Target: accountTarget(account, match), Before: capMap(result.Before, changesTokens), After: capMap(result.After, changesTokens), Note: result.Note,
		Undo: undo,
		URL:  s.links.account(account.ID), ProjectID: s.project,
	}}
}

// undoProperty is the call that sets the former value again, and what it may
// run into.
func undoProperty(account string, p portfolio.Property, result portfolio.Result, forGood bool) (undo, caveat string) {
	call := map[string]any{"account": account, "property": p.Name}
	before := result.Before[p.Name]
	switch {
	case result.Outcome == journal.Ignored || result.Outcome == journal.Overridden: // or somebody else's value is there
		return nothingChanged, ""
	case before == nil && forGood:
		return firstValueStays, ""
	case before == nil:
		call["clear"] = true
		return asCall("set_custom_property", call), " (newer PostHog only; older ones cannot empty a custom property)"
	}
	call["value"] = before
	return undoCall("set_custom_property", call), ""
}
