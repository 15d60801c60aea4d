package portfolio

import (
	"context"
	"fmt"
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
}

// List gives a page of the accounts that fit. A filter that PostHog would not
// understand is resolved first, and one that it turns out to ignore is an
// error: it never answers with accounts that were not asked for.
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
	page, err := b.api.ListAccounts(ctx, query)
	if err != nil {
		return Listing{}, err
	}
	if err := obeyed(page.Results, wanted, f.AllRolesUnassigned); err != nil {
		return Listing{}, err
	}
	return Listing{Accounts: page.Results, Total: page.Count, More: page.More, Filters: applied}, nil
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
func obeyed(accounts []client.Account, wanted map[Role]int64, allUnassigned bool) error {
	for _, account := range accounts {
		for role, id := range wanted {
			var held int64
			if holder := HolderOf(account, role); holder != nil {
				held = holder.ID
			}
			if held != id {
				return ignoredFilter(string(role))
			}
		}
		if allUnassigned && hasAnyRole(account) {
			return ignoredFilter("all_roles_unassigned")
		}
	}
	return nil
}

func hasAnyRole(account client.Account) bool {
	for _, role := range Roles {
		if HolderOf(account, role) != nil {
			return true
		}
	}
	return false
}

func ignoredFilter(name string) error {
	return plain.Refuse("This PostHog does not apply the filter %s: it answered with accounts that do not fit it. Nothing is listed, because the list would be wrong.", name)
}
