package portfolio

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// PostHog keeps no history of accounts that a key can read, and a change of
// tags or roles does not move updated_at. What changed is therefore found by
// holding what the accounts look like against what they looked like before.

// Snapshot is what every account of a project looked like.
type Snapshot struct {
	Accounts map[string]Fields `json:"accounts"`
	NoRoles  bool              `json:"no_roles,omitempty"` // reading them would have taken too many requests
}

// Fields are what a snapshot keeps of an account, by name: what State gives,
// the colleagues in every role, the linked notes and whether it is churned or
// ignored. Empty ones are absent.
type Fields map[string]any

// Names of fields that State does not have.
const (
	fieldNotes    = "notebooks"
	fieldChurned  = "churned_at"
	fieldIgnored  = "ignored_at"
	fieldNoAccess = "no_access" // the key may not see the account any more
	teamRole      = "role "     // before what a team calls a role of its own
)

const (
	// snapshotPage is the size of a page; most projects fit into one, which
	// PostHog reads in one go.
	snapshotPage = 1000
	// mostRoleReads bounds the accounts whose relationships are read for one
	// snapshot: PostHog takes 480 requests a minute.
	mostRoleReads = 450
	// mostVerified bounds how many missing accounts are looked for by id.
	mostVerified = 300
	// steadyTries is how often the accounts are read until nobody makes or
	// deletes one meanwhile.
	steadyTries = 3
)

// Snapshot reads every account, churned and ignored ones included: all of them
// or an error. Accounts of an earlier snapshot that the list does not have are
// looked for by id, so that none counts as deleted that is not.
func (b *Book) Snapshot(ctx context.Context, earlier Snapshot) (Snapshot, error) {
	var taken Snapshot
	var err error
	for range steadyTries {
		taken, err = b.snapshot(ctx)
		if client.KindOf(err) != client.NotFound { // else an account was deleted while its roles were read
			break
		}
	}
	if err != nil {
		return Snapshot{}, err
	}
	return taken, b.keepUnlisted(ctx, earlier, taken)
}

func (b *Book) snapshot(ctx context.Context) (Snapshot, error) {
	accounts, err := b.all(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	taken := Snapshot{Accounts: make(map[string]Fields, len(accounts))}
	if taken.NoRoles, err = b.tooManyRoles(ctx, accounts); err != nil {
		return Snapshot{}, err
	}
	roles := held{}
	if !taken.NoRoles {
		b.forget(accounts) // what is remembered may be older than the snapshot it is compared with
		if accounts, roles, err = b.withRoles(ctx, accounts); err != nil {
			return Snapshot{}, err
		}
	}
	for _, account := range accounts {
		taken.Accounts[account.ID] = fieldsOf(account, roles[account.ID])
	}
	return taken, nil
}

// FieldsOf reads one account as a snapshot has it.
func (b *Book) FieldsOf(ctx context.Context, id string) (Fields, error) {
	account, err := b.api.AccountAfresh(ctx, id)
	if err != nil {
		return nil, err
	}
	one := []client.Account{account}
	b.forget(one)
	shown, roles, err := b.withRoles(ctx, one)
	if err != nil {
		return nil, err
	}
	return fieldsOf(shown[0], roles[id]), nil
}

var errUnsteady = errors.New("the number of accounts changed while they were read")

// all reads every account. Where that takes several pages, a change of their
// number on the way may have hidden one, and the reading starts again.
func (b *Book) all(ctx context.Context) ([]client.Account, error) {
	for range steadyTries {
		accounts, err := b.allPages(ctx)
		if !errors.Is(err, errUnsteady) {
			return accounts, err
		}
	}
	return nil, plain.Refuse("Accounts are being created or deleted faster than all of them can be read. Nothing was compared; ask again in a moment.")
}

func (b *Book) allPages(ctx context.Context) ([]client.Account, error) {
	var accounts []client.Account
	seen := map[string]bool{}
	query := client.AccountQuery{Ordering: "created_at", Limit: snapshotPage, IncludeChurned: true, IncludeIgnored: true}
	var count *int
	for ; ; query.Offset += query.Limit {
		page, err := b.api.ListAccounts(ctx, query)
		if err != nil {
			return nil, err
		}
		if count != nil && page.Count != nil && *count != *page.Count {
			return nil, errUnsteady
		}
		count = page.Count
		for _, account := range page.Results {
			if !seen[account.ID] {
				seen[account.ID] = true
				accounts = append(accounts, account)
			}
		}
		if !page.More {
			return accounts, nil
		}
	}
}

// tooManyRoles tells whether the roles of these accounts take more requests
// than PostHog allows at once.
func (b *Book) tooManyRoles(ctx context.Context, accounts []client.Account) (bool, error) {
	reads := 0
	for _, account := range accounts {
		apart, err := b.keepsRelationships(ctx, account)
		if err != nil {
			return false, err
		}
		if apart {
			reads++
		}
	}
	return reads > mostRoleReads, nil
}

// keepUnlisted adds to a snapshot those accounts of an earlier one that the
// list left out although they are there.
func (b *Book) keepUnlisted(ctx context.Context, earlier, taken Snapshot) error {
	var missing []string
	for id := range earlier.Accounts {
		if _, listed := taken.Accounts[id]; !listed {
			missing = append(missing, id)
		}
	}
	if len(missing) > mostVerified {
		return nil
	}
	var mu sync.Mutex
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(relationshipReaders)
	for _, id := range missing {
		readers.Go(func() error {
			fields, err := b.FieldsOf(ctx, id)
			switch client.KindOf(err) {
			case client.NotFound:
				return nil
			case client.Forbidden:
				fields, err = maps.Clone(earlier.Accounts[id]), nil
				fields[fieldNoAccess] = true
			}
			mu.Lock()
			defer mu.Unlock()
			taken.Accounts[id] = fields
			return err
		})
	}
	return readers.Wait()
}

// fieldsOf is what a snapshot keeps of an account whose roles are shown among
// its properties, with the relationships that they came from, if they did.
func fieldsOf(account client.Account, relationships []client.Relationship) Fields {
	fields := Fields(State(account))
	for _, role := range Roles {
		if holder := HolderOf(account, role); holder != nil {
			fields[string(role)] = holder
		}
	}
	holders := map[string][]Holder{}
	for _, r := range relationships {
		if r.EndedAt == nil {
			field := fieldOfRole(r.Definition.Name)
			holders[field] = append(holders[field], holderIn(r))
		}
	}
	for field, all := range holders {
		slices.SortFunc(all, func(a, b Holder) int { return strings.Compare(a.Ref(), b.Ref()) })
		fields[field] = all
		if len(all) == 1 {
			fields[field] = &all[0]
		}
	}
	if len(account.Notebooks) > 0 {
		fields[fieldNotes] = slices.Sorted(slices.Values(account.Notebooks))
	}
	if account.ChurnedAt != nil {
		fields[fieldChurned] = account.ChurnedAt.UTC().Format(time.RFC3339)
	}
	if account.IgnoredAt != nil {
		fields[fieldIgnored] = account.IgnoredAt.UTC().Format(time.RFC3339)
	}
	return fields.plain()
}

func fieldOfRole(definition string) string {
	if role := roleOf(definition); role != "" {
		return string(role)
	}
	return teamRole + definition
}

// isRoleField tells fields that a snapshot without roles cannot have.
func isRoleField(field string) bool {
	return slices.Contains(Roles, Role(field)) || strings.HasPrefix(field, teamRole)
}

func holderIn(r client.Relationship) Holder {
	if r.User == nil {
		return Holder{Email: "a deleted user"}
	}
	return Holder{ID: r.User.ID, Email: r.User.Email}
}

// plain are the fields as they are when they were stored and read again, so
// that both compare alike.
func (f Fields) plain() Fields {
	encoded, err := json.Marshal(f)
	var decoded Fields
	if err != nil || json.Unmarshal(encoded, &decoded) != nil {
		return f // not reached: all of it came out of JSON
	}
	return decoded
}
