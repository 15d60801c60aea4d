package tools

import (
	"context"
	"strconv"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// UpdateAccountRequest are the arguments of update_account.
type UpdateAccountRequest struct {
	ProjectArg
	AccountArg
	Name       string            `json:"name,omitempty" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"New name."`
	ExternalID string            `json:"external_id,omitempty" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"New external id."`
	Set        AccountProperties `json:"set,omitzero" jsonschema_description:"Ids and links to set; others stay."`
	Unset      []string          `json:"unset,omitempty" jsonschema:"maxItems=20" jsonschema_description:"Names to empty: those of set, or external_id."`
	TagsAdd    []string          `json:"tags_add,omitempty" jsonschema:"maxItems=50" jsonschema_description:"Tags to add; others stay."`
	TagsRemove []string          `json:"tags_remove,omitempty" jsonschema:"maxItems=50" jsonschema_description:"Tags to take off."`
	RoleArgs
	DryRun bool `json:"dry_run,omitempty" jsonschema_description:"Only show what would change."`
}

var updateAccountTool = define(Spec{
	Name:        "update_account",
	Title:       "Update an account",
	Description: "Change named fields, ids, tags or roles of one account; nothing unnamed changes. Answers with before and after as read back.",
	Toolset:     Accounts,
	Effect:      Sets,
}, updateAccount)

func updateAccount(d *Desk, ctx context.Context, in UpdateAccountRequest) (ReceiptOrPreview, error) {
	change := in.change()
	if err := change.Check(); err != nil {
		return ReceiptOrPreview{}, err
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	account, match, err := s.book.FindToWrite(ctx, in.Account)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	if in.DryRun {
		before, after, err := s.book.Preview(ctx, account, change)
		if err != nil {
			return ReceiptOrPreview{}, err
		}
		shown := map[string]any{"account": account.ID, "name": account.Name, "before": capMap(before, changesTokens), "after": capMap(after, changesTokens)}
		return ReceiptOrPreview{Preview: &Preview{Preview: shown, Note: "Nothing was changed.", ProjectID: s.project}}, nil
	}
	w := deed{tool: "update_account", target: journal.Target{Kind: "account", ID: account.ID}, arguments: in, image: image{Account: &account}, wish: wish{Account: &change}}
	receipt, err := d.record(ctx, s, w, func(ctx context.Context) (done, error) { return changeAccount(ctx, s, account, match, change) })
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	return ReceiptOrPreview{Receipt: &receipt}, nil
}

// change is what the arguments ask for.
func (in UpdateAccountRequest) change() portfolio.Change {
	return portfolio.Change{
		Name: in.Name, ExternalID: in.ExternalID, Set: in.Set.members(), Unset: in.Unset,
		TagsAdd: in.TagsAdd, TagsRemove: in.TagsRemove, Roles: in.byRole(),
	}
}

// changeAccount updates an account and words what came of it.
func changeAccount(ctx context.Context, s scope, account client.Account, match portfolio.Match, change portfolio.Change) (done, error) {
	result, err := s.book.Update(ctx, account, change)
	if err != nil {
		return done{}, err
	}
	return accountChanged(s, account, match, result), nil
}

// accountChanged words what came of an update.
func accountChanged(s scope, account client.Account, match portfolio.Match, result portfolio.Result) done {
	undo, caveat := undoUpdate(result.Was, result.Back, result.RolesApart)
	var met image
	if !sameValue(portfolio.Identity(result.Was), portfolio.Identity(account)) {
		met.Account = &result.Was
	}
	return done{After: result.After, Back: &result.Back, Met: met, caveat: caveat, Receipt: Receipt{
		Outcome: result.Outcome, Target: accountTarget(result.Account, match), Before: capMap(result.Before, changesTokens), After: capMap(result.After, changesTokens),
		Note: result.Note, Undo: undo,
		URL: s.links.account(account.ID), ProjectID: s.project,
	}}
}

// undoUpdate is the call that restores what an update changed and leaves what
// others did, and what it may run into.
func undoUpdate(account client.Account, back portfolio.Change, rolesApart bool) (undo, caveat string) {
	call := compactArgs(map[string]any{
		"account": account.ID, "name": back.Name, "external_id": back.ExternalID, "set": back.Set, "unset": back.Unset,
		"tags_add": back.TagsAdd, "tags_remove": back.TagsRemove,
	})
	for role, who := range back.Roles {
		call[string(role)] = who
		if holder := portfolio.HolderOf(account, role); holder != nil {
			call[string(role)] = strconv.FormatInt(holder.ID, 10) // good even for a key that may not look up e-mails
		} else if rolesApart {
			caveat = " (where PostHog lets no API key take a role off, leave it out and end it in the PostHog app)"
		}
	}
	if len(call) == 1 {
		return nothingChanged, ""
	}
	return undoCall("update_account", call), caveat
}
