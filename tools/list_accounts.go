package tools

import (
	"context"

	"posthog-accounts-mcp/portfolio"
)

// ListAccountsRequest are the arguments of list_accounts.
type ListAccountsRequest struct {
	ProjectArg
	Search             string   `json:"search,omitempty" jsonschema:"maxLength=400" jsonschema_description:"Part of name or external id."`
	Tags               []string `json:"tags,omitempty" jsonschema:"maxItems=50" jsonschema_description:"Any of these tags."`
	CSM                string   `json:"csm,omitempty" jsonschema:"minLength=1,maxLength=254" jsonschema_description:"Email, user id, me or unassigned."`
	AccountExecutive   string   `json:"account_executive,omitempty" jsonschema:"minLength=1,maxLength=254" jsonschema_description:"Likewise."`
	AccountOwner       string   `json:"account_owner,omitempty" jsonschema:"minLength=1,maxLength=254" jsonschema_description:"Likewise."`
	AllRolesUnassigned bool     `json:"all_roles_unassigned,omitempty" jsonschema_description:"Nobody holds any role."`
	Ordering           string   `json:"ordering,omitempty" jsonschema:"enum=name,enum=-name,enum=created_at,enum=-created_at,enum=updated_at,enum=-updated_at" jsonschema_description:"Default -created_at."`
	IncludeChurned     bool     `json:"include_churned,omitempty" jsonschema_description:"Also churned ones."`
	IncludeIgnored     bool     `json:"include_ignored,omitempty" jsonschema_description:"Also ignored ones."`
	Fields             []string `json:"fields,omitempty" jsonschema:"maxItems=30" jsonschema_description:"Columns to show, e.g. tags, stripe_customer_id."`
	PageArgs
}

var listAccountsTool = define(Spec{
	Name:        "list_accounts",
	Title:       "List accounts",
	Description: "Find customer accounts (companies) by name, tag or who holds a role, as slim rows. Filters combine with AND and are echoed as applied.",
	Toolset:     Accounts,
	Effect:      Reads,
}, listAccounts)

func listAccounts(d *Desk, ctx context.Context, in ListAccountsRequest) (List[AccountRow], error) {
	projection, err := projectAccounts(in.Fields)
	if err != nil {
		return List[AccountRow]{}, err
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return List[AccountRow]{}, err
	}
	page, err := d.page(in.PageArgs, "list_accounts", s.project, in.withoutPaging())
	if err != nil {
		return List[AccountRow]{}, err
	}
	found, err := s.book.List(ctx, in.filter(), page.offset, page.limit)
	if err != nil {
		return List[AccountRow]{}, err
	}
	rows := make([]AccountRow, len(found.Accounts))
	for i, account := range found.Accounts {
		rows[i] = projection.row(account)
	}
	return listed(page, s, List[AccountRow]{Rows: rows, Total: found.Total, Filters: found.Filters, Note: found.Note, URLTemplate: s.links.account("{id}")}, found.More), nil
}

// withoutPaging is what decides which rows come in which order.
func (in ListAccountsRequest) withoutPaging() ListAccountsRequest {
	in.PageArgs, in.Fields, in.ProjectID = PageArgs{}, nil, 0
	return in
}

// filter is which accounts are meant.
func (in ListAccountsRequest) filter() portfolio.Filter {
	return portfolio.Filter{
		Search: in.Search, Tags: in.Tags,
		Roles:              RoleArgs{in.CSM, in.AccountExecutive, in.AccountOwner}.byRole(),
		AllRolesUnassigned: in.AllRolesUnassigned, Ordering: in.Ordering,
		IncludeChurned: in.IncludeChurned, IncludeIgnored: in.IncludeIgnored,
	}
}
