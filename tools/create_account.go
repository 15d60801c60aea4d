package tools

import (
	"context"

	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// CreateAccountRequest are the arguments of create_account.
type CreateAccountRequest struct {
	ProjectArg
	Name       string            `json:"name" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Name of the company."`
	ExternalID string            `json:"external_id,omitempty" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Your own id of the company (the group key); unique."`
	Set        AccountProperties `json:"set,omitzero" jsonschema_description:"Ids and links."`
	RoleArgs
	Tags []string `json:"tags,omitempty" jsonschema:"maxItems=50" jsonschema_description:"Tags; PostHog stores them in lower case."`
	KeyArg
}

var createAccountTool = define(Spec{
	Name:        "create_account",
	Title:       "Create an account",
	Description: "Create a customer account. If the external_id is taken, the existing account is returned and nothing is changed.",
	Toolset:     Accounts,
	Effect:      AddsOnce,
}, createAccount)

func createAccount(d *Desk, ctx context.Context, in CreateAccountRequest) (Receipt, error) {
	draft := portfolio.Draft{Name: in.Name, ExternalID: in.ExternalID, Set: in.Set.members(), Roles: in.byRole(), Tags: in.Tags}
	if err := draft.Check(); err != nil {
		return Receipt{}, err
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return Receipt{}, err
	}
	in.ProjectID = s.project // named or not, it is the same call
	return d.once(ctx, s, "create_account", in.Key, in, func(ctx context.Context) (Receipt, error) {
		before, err := s.book.Horizon(ctx, draft)
		if err != nil {
			return Receipt{}, err
		}
		draft.Since = &before
		w := deed{tool: "create_account", target: journal.Target{Kind: "account"}, arguments: in, key: in.Key, wish: wish{Draft: &draft}}
		return d.record(ctx, s, w, func(ctx context.Context) (done, error) { return makeAccount(ctx, s, draft) })
	})
}

// makeAccount creates an account and words what came of it.
func makeAccount(ctx context.Context, s scope, draft portfolio.Draft) (done, error) {
	made, err := s.book.Create(ctx, draft)
	if err != nil {
		return done{}, err
	}
	return accountMade(s, made), nil
}

// accountMade words what came of a create.
func accountMade(s scope, made portfolio.Result) done {
	result := done{Receipt: Receipt{
		Outcome: made.Outcome, After: capMap(made.After, changesTokens), Note: made.Note,
		Target: &Target{Kind: "account", ID: made.Account.ID, Name: made.Account.Name},
		Undo:   nothingChanged,
		URL:    s.links.account(made.Account.ID), ProjectID: s.project,
	}}
	if made.Outcome != journal.Ignored {
		result.Made.Account = &made.Account
		result.Receipt.Undo = asCall("delete_account", map[string]any{"account": made.Account.ID})
	}
	return result
}
