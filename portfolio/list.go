package portfolio

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// Filter chooses accounts. Filters combine with AND.
type Filter struct {
	Search             string
	Tags               []string        // any of them
	Roles              map[Role]string // e-mail, user id, me or unassigned
	AllRolesUnassigned bool
	IncludeChurned     bool
	IncludeIgnored     bool
	Ordering           string
}

// Listing is one page of accounts.
type Listing struct {
	Accounts []client.Account
	Total    *int // over all pages, nil where PostHog does not tell
	More     bool
	Filters  map[string]any // as they were applied
	Note     string         // how the list came about, where that is unusual
}

// List gives a page of the accounts that fit. A filter that PostHog would not
// understand is resolved first, and one that it ignores is applied here: it
// never answers with accounts that were not asked for.
func (b *Book) List(ctx context.Context, f Filter, offset, limit int) (Listing, error) {
	query := client.AccountQuery{
		Search: f.Search, Tags: normalTags(f.Tags), AllRolesUnassigned: f.AllRolesUnassigned, Ordering: f.Ordering,
		IncludeChurned: f.IncludeChurned, IncludeIgnored: f.IncludeIgnored, Limit: limit, Offset: offset,
	}
	applied := f.echo()
	wanted := map[Role]int64{}
	for role, who := range f.Roles {
		if who == Unassigned || who == None {
			setRole(&query, role, Unassigned)
			wanted[role] = 0
			applied[string(role)] = Unassigned
			continue
		}
		holder, err := b.userID(ctx, who)
		if err != nil {
			return Listing{}, err
		}
		setRole(&query, role, strconv.FormatInt(holder.ID, 10))
		wanted[role] = holder.ID
		applied[string(role)] = echoHolder(who, holder)
	}
	if len(wanted) > 0 {
		place, err := b.api.RolesIn(ctx)
		if err != nil {
			return Listing{}, err
		}
		if place != client.RolesInProperties { // PostHog's own filter knows nothing of relationships
			return b.listByRole(ctx, query, wanted, applied)
		}
	}
	page, err := b.api.ListAccounts(ctx, query)
	if err != nil {
		return Listing{}, err
	}
	if err := b.withRoles(ctx, page.Results); err != nil {
		return Listing{}, err
	}
	if !obeyed(page.Results, wanted, f.AllRolesUnassigned) {
		b.api.Forget()
		return b.listByRole(ctx, query, wanted, applied)
	}
	listing := Listing{Accounts: page.Results, Total: page.Count, More: page.More, Filters: applied}
	listing.Note, err = b.hidden(ctx, query, listing)
	return listing, err
}

// hidden looks, when a list is empty, whether PostHog only hides what would be
// in it: newer ones leave churned and ignored accounts out unless asked.
func (b *Book) hidden(ctx context.Context, query client.AccountQuery, listing Listing) (string, error) {
	asked := query.IncludeChurned && query.IncludeIgnored
	if len(listing.Accounts) > 0 || query.Offset > 0 || asked {
		return "", nil
	}
	generation, err := b.api.Generation(ctx)
	if err != nil || generation != client.Current {
		return "", err
	}
	query.IncludeChurned, query.IncludeIgnored, query.Limit = true, true, 1
	page, err := b.api.ListAccounts(ctx, query)
	if err != nil || page.Count == nil || *page.Count == 0 {
		return "", err
	}
	return fmt.Sprintf("None are active, but %d churned or ignored accounts fit: include_churned and include_ignored list them.", *page.Count), nil
}

// mostByRole bounds how many accounts are read to filter them by role.
const mostByRole = 1000

// listByRole filters by role here, for a PostHog that does not: it reads every
// account that fits the other filters, with its roles, and pages what is left.
func (b *Book) listByRole(ctx context.Context, query client.AccountQuery, wanted map[Role]int64, applied map[string]any) (Listing, error) {
	offset, limit, unassigned := query.Offset, query.Limit, query.AllRolesUnassigned
	query.CSM, query.AccountExecutive, query.AccountOwner = "", "", ""
	query.Offset, query.Limit = 0, 500
	var read []client.Account
	for account, err := range b.api.Accounts(ctx, query) {
		if err != nil {
			return Listing{}, err
		}
		if read = append(read, account); len(read) > mostByRole {
			return Listing{}, plain.Refuse("This PostHog cannot filter accounts by role, and more than %d accounts would have to be read to do it here. Narrow the list down with search or tags.", mostByRole)
		}
	}
	if err := b.withRoles(ctx, read); err != nil {
		return Listing{}, err
	}
	fit := slices.DeleteFunc(slices.Clone(read), func(account client.Account) bool {
		return !fits(account, wanted, unassigned)
	})
	total := len(fit)
	page := fit[min(offset, total):min(offset+limit, total)]
	return Listing{
		Accounts: page, Total: &total, More: offset+limit < total, Filters: applied,
		Note: fmt.Sprintf("This PostHog cannot filter by role: %d accounts and their relationships were read to do it here. What changed in the last two minutes may be missing.", len(read)),
	}, nil
}

func setRole(query *client.AccountQuery, role Role, value string) {
	switch role {
	case CSM:
		query.CSM = value
	case AccountExecutive:
		query.AccountExecutive = value
	case AccountOwner:
		query.AccountOwner = value
	}
}

func echoHolder(asked string, h Holder) string {
	if h.Email != "" {
		return fmt.Sprintf("%s (user %d)", h.Email, h.ID)
	}
	if asked == Me {
		return fmt.Sprintf("me (user %d)", h.ID)
	}
	return fmt.Sprintf("user %d", h.ID)
}

// echo shows the filters that need no resolving.
func (f Filter) echo() map[string]any {
	applied := map[string]any{}
	if f.Search != "" {
		applied["search"] = f.Search
	}
	if tags := normalTags(f.Tags); len(tags) > 0 {
		applied["tags"] = tags
	}
	for name, set := range map[string]bool{"all_roles_unassigned": f.AllRolesUnassigned, "include_churned": f.IncludeChurned, "include_ignored": f.IncludeIgnored} {
		if set {
			applied[name] = true
		}
	}
	applied["ordering"] = f.Ordering
	if f.Ordering == "" {
		applied["ordering"] = "-created_at"
	}
	return applied
}

// obeyed holds the rows against the role filters: a PostHog that does not know
// a filter answers with all accounts.
func obeyed(accounts []client.Account, wanted map[Role]int64, allUnassigned bool) bool {
	return !slices.ContainsFunc(accounts, func(account client.Account) bool { return !fits(account, wanted, allUnassigned) })
}

// fits tells whether an account passes the role filters; 0 stands for nobody.
func fits(account client.Account, wanted map[Role]int64, allUnassigned bool) bool {
	for role, id := range wanted {
		var held int64
		if holder := HolderOf(account, role); holder != nil {
			held = holder.ID
		}
		if held != id {
			return false
		}
	}
	return !allUnassigned || !hasAnyRole(account)
}

func hasAnyRole(account client.Account) bool {
	for _, role := range Roles {
		if HolderOf(account, role) != nil {
			return true
		}
	}
	return false
}
