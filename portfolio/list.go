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
	listing := Listing{Total: page.Count, More: page.More, Filters: applied}
	if b.remembers(page.Results) {
		listing.Note = "Roles that somebody changed in the last two minutes may be shown as they were."
	}
	shown, held, err := b.withRoles(ctx, page.Results)
	if err == nil && listing.Note != "" && !obeyed(shown, held, wanted, f.AllRolesUnassigned) {
		b.forget(page.Results) // perhaps only what is remembered contradicts the filter
		listing.Note = ""
		shown, held, err = b.withRoles(ctx, page.Results)
	}
	if err != nil {
		return Listing{}, err
	}
	if !obeyed(shown, held, wanted, f.AllRolesUnassigned) {
		b.api.Forget()
		return b.listByRole(ctx, query, wanted, applied)
	}
	if listing.Accounts = shown; len(shown) == 0 {
		listing.Note, err = b.hidden(ctx, query)
	}
	return listing, err
}

// hidden looks, when a list is empty, whether PostHog only hides what would be
// in it: newer ones leave churned and ignored accounts out unless asked.
func (b *Book) hidden(ctx context.Context, query client.AccountQuery) (string, error) {
	hides, err := b.hides(ctx, query)
	if err != nil || !hides || query.Offset > 0 {
		return "", err
	}
	query.IncludeChurned, query.IncludeIgnored, query.Limit = true, true, 1
	page, err := b.api.ListAccounts(ctx, query)
	if err != nil || page.Count == nil || *page.Count == 0 {
		return "", err
	}
	return fmt.Sprintf("None are active, but %d churned or ignored accounts fit: include_churned and include_ignored list them.", *page.Count), nil
}

// hides tells whether PostHog leaves churned or ignored accounts out of a list.
func (b *Book) hides(ctx context.Context, query client.AccountQuery) (bool, error) {
	if query.IncludeChurned && query.IncludeIgnored {
		return false, nil
	}
	generation, err := b.api.Generation(ctx)
	return generation == client.Current, err
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
	shown, held, err := b.withRoles(ctx, read)
	if err != nil {
		return Listing{}, err
	}
	fit := slices.DeleteFunc(shown, func(account client.Account) bool {
		return !fits(account, held[account.ID], wanted, unassigned)
	})
	total := len(fit)
	note := fmt.Sprintf("This PostHog cannot filter by role: %d accounts and their relationships were read to do it here. What changed in the last two minutes may be missing.", len(read))
	if err := b.rolesExist(ctx, wanted, read, held); err != nil {
		return Listing{}, err
	}
	if total == 0 {
		hides, err := b.hides(ctx, query)
		if err != nil {
			return Listing{}, err
		}
		if hides {
			note += " Churned and ignored accounts were left out: include_churned and include_ignored look through them too."
		}
	}
	page := fit[min(offset, total):min(offset+limit, total)]
	return Listing{Accounts: page, Total: &total, More: offset+limit < total, Filters: applied, Note: note}, nil
}

// rolesExist refuses to filter by a role that the project does not have: its
// team may call it something else, and nobody would seem to hold it.
func (b *Book) rolesExist(ctx context.Context, wanted map[Role]int64, read []client.Account, held held) error {
	place, err := b.api.RolesIn(ctx)
	if err != nil {
		return err
	}
	holdsSome := slices.ContainsFunc(read, func(account client.Account) bool { return len(held[account.ID]) > 0 })
	if place != client.RolesInRelationships && (!holdsSome || slices.ContainsFunc(read, hasAnyRole)) {
		return nil // roles may be in properties
	}
	definitions, err := b.api.RelationshipDefinitions(ctx)
	if err != nil {
		return err
	}
	for role := range wanted {
		if _, err := definitionOf(role, definitions); err != nil {
			return err
		}
	}
	return nil
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
func obeyed(accounts []client.Account, held held, wanted map[Role]int64, allUnassigned bool) bool {
	return !slices.ContainsFunc(accounts, func(account client.Account) bool {
		return !fits(account, held[account.ID], wanted, allUnassigned)
	})
}

// fits tells whether an account with the relationships that it keeps, if any,
// passes the role filters; 0 stands for nobody.
func fits(account client.Account, held []client.Relationship, wanted map[Role]int64, allUnassigned bool) bool {
	for role, id := range wanted {
		holder := HolderOf(account, role)
		switch {
		case id == 0 && holder == nil, holder != nil && holder.ID == id:
		case id == 0 || !slices.ContainsFunc(held, func(r client.Relationship) bool {
			return r.User != nil && r.User.ID == id && roleOf(r.Definition.Name) == role
		}):
			return false // some teams have roles that several colleagues hold at once
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
