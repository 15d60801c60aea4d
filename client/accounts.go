package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// Account is a customer account. Properties are the exact bytes PostHog stores, so that reading, changing
// one member and writing all of them back loses nothing.
type Account struct {
	ID         string
	Name       string
	ExternalID *string
	Properties map[string]json.RawMessage
	Tags       []string // unsorted, as PostHog gives them
	Notebooks  []string // short ids of all linked notebooks, also of such that cannot be read
	CreatedAt  time.Time
	CreatedBy  *int64
	UpdatedAt  *time.Time
	ChurnedAt  *time.Time // newer PostHog only
	IgnoredAt  *time.Time // newer PostHog only
	// Newer: the answer has fields that only the current generation sends. Project.Generation knows more.
	Newer bool
}

// AccountQuery filters and orders accounts; filters combine with AND.
type AccountQuery struct {
	Search string   // substring of name or external id, any case
	Tags   []string // any of them; PostHog stores tags in lower case and compares exactly

	// The role filters take a user's number or "unassigned". Anything else PostHog would ignore, and
	// answer with all accounts, so it is refused here. Newer PostHog ignores the filters altogether.
	CSM, AccountExecutive, AccountOwner string

	AllRolesUnassigned bool
	IncludeChurned     bool   // newer PostHog hides churned accounts otherwise
	IncludeIgnored     bool   // newer PostHog hides ignored accounts otherwise
	Ordering           string // name, created_at or updated_at, with "-" for descending; default -created_at
	Limit, Offset      int    // default 100, at most 1000
}

// AccountCreate is a new account.
type AccountCreate struct {
	Name       string                     `json:"name"`
	ExternalID *string                    `json:"external_id,omitempty"`
	Properties map[string]json.RawMessage `json:"properties,omitempty"`
	Tags       []string                   `json:"tags,omitempty"`
}

// AccountPatch changes the fields that are set and no others. Properties and Tags REPLACE what is stored:
// to change one member, read the account, change the copy and send all of it.
type AccountPatch struct {
	Name       Optional[string]                     `json:"name,omitzero"`
	ExternalID Optional[string]                     `json:"external_id,omitzero"`
	Properties Optional[map[string]json.RawMessage] `json:"properties,omitzero"`
	Tags       Optional[[]string]                   `json:"tags,omitzero"`
	ChurnedAt  Optional[time.Time]                  `json:"churned_at,omitzero"` // newer PostHog only
}

var accountOrderings = []string{"", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"}

// ListAccounts returns one page of accounts.
func (p *Project) ListAccounts(ctx context.Context, query AccountQuery) (Page[Account], error) {
	c := p.call(http.MethodGet, "list accounts", "accounts")
	w, err := newWindow(c, query.Offset, query.Limit)
	if err != nil {
		return Page[Account]{}, err
	}
	if problem := query.problem(); problem != "" {
		return Page[Account]{}, c.refused(problem)
	}
	c.query = query.filters(w)
	return fetch(ctx, p.session, c, page(w, p.decodeAccount))
}

// problem names the first filter that PostHog would misread.
func (q AccountQuery) problem() string {
	for _, role := range []struct{ name, value string }{
		{"csm", q.CSM}, {"account_executive", q.AccountExecutive}, {"account_owner", q.AccountOwner},
	} {
		if role.value == "" || role.value == "unassigned" {
			continue
		}
		if id, err := strconv.ParseInt(role.value, 10, 64); err != nil || id <= 0 {
			return "the filter " + role.name + " must be a user's number or unassigned"
		}
	}
	if !slices.Contains(accountOrderings, q.Ordering) {
		return "unknown ordering"
	}
	return ""
}

// filters encodes the query.
func (q AccountQuery) filters(w window) map[string][]string {
	query := w.values()
	for name, value := range map[string]string{
		"search": q.Search, "csm": q.CSM, "account_executive": q.AccountExecutive,
		"account_owner": q.AccountOwner, "ordering": q.Ordering,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, set := range map[string]bool{
		"all_roles_unassigned": q.AllRolesUnassigned, "include_churned": q.IncludeChurned,
		"include_ignored": q.IncludeIgnored,
	} {
		if set {
			query.Set(name, "true")
		}
	}
	if len(q.Tags) > 0 {
		encoded, _ := json.Marshal(q.Tags) // strings always encode
		query.Set("tags", string(encoded))
	}
	return query
}

// Accounts walks all accounts of the query, page by page, starting at its Offset. PostHog pages over a
// live table: an account that moves while the walk goes on may be missed; one seen twice is given once.
func (p *Project) Accounts(ctx context.Context, query AccountQuery) iter.Seq2[Account, error] {
	return func(yield func(Account, error) bool) {
		c := p.call(http.MethodGet, "list accounts", "accounts")
		start, err := newWindow(c, query.Offset, query.Limit)
		if err != nil {
			yield(Account{}, err)
			return
		}
		seen := map[string]bool{}
		for account, err := range walk(ctx, c, start, func(ctx context.Context, w window) (Page[Account], error) {
			query.Offset, query.Limit = w.offset, w.limit
			return p.ListAccounts(ctx, query)
		}) {
			if err == nil && seen[account.ID] {
				continue
			}
			seen[account.ID] = true
			if !yield(account, err) {
				return
			}
		}
	}
}

// Account returns the account with that UUID. Churned and ignored accounts are found too.
func (p *Project) Account(ctx context.Context, id string) (Account, error) {
	return fetch(ctx, p.session, p.call(http.MethodGet, "get account", "accounts", id), p.decodeAccount)
}

// AccountAfresh is Account, asked now: it joins no question that is under way and may have been answered
// before somebody's change. Whoever is about to replace something needs that.
func (p *Project) AccountAfresh(ctx context.Context, id string) (Account, error) {
	p.session.client.flights.part()
	return p.Account(ctx, id)
}

// CreateAccount creates an account. A taken external id is a Conflict. Without an external id a repeated
// create makes a second account.
func (p *Project) CreateAccount(ctx context.Context, create AccountCreate) (Account, error) {
	c := p.call(http.MethodPost, "create account", "accounts")
	if create.ExternalID != nil && *create.ExternalID == "" {
		return Account{}, c.refused(emptyExternalID)
	}
	c.body = create
	return fetch(ctx, p.session, c, p.decodeAccount)
}

// PatchAccount changes an account and returns all of it. See AccountPatch for what replaces what.
func (p *Project) PatchAccount(ctx context.Context, id string, patch AccountPatch) (Account, error) {
	c := p.call(http.MethodPatch, "update account", "accounts", id)
	if patch.isEmpty() {
		return Account{}, c.refused("there is nothing to change")
	}
	if external, ok := patch.ExternalID.Get(); ok && external == "" {
		return Account{}, c.refused(emptyExternalID)
	}
	if tags, ok := patch.Tags.Get(); ok && tags == nil {
		patch.Tags = Set([]string{}) // a nil slice would be sent as null, which PostHog refuses
	}
	c.body = patch
	return fetch(ctx, p.session, c, p.decodeAccount)
}

func (a AccountPatch) isEmpty() bool {
	return a.Name.IsZero() && a.ExternalID.IsZero() && a.Properties.IsZero() && a.Tags.IsZero() && a.ChurnedAt.IsZero()
}

// emptyExternalID: PostHog would store "" and let it collide with the next account that has it.
const emptyExternalID = "an empty external_id is a value to PostHog; leave it out or clear it with null"

// DeleteAccount deletes an account for good, with its custom property values and relationships. Its
// notebooks survive where no list shows them.
func (p *Project) DeleteAccount(ctx context.Context, id string) error {
	return p.session.run(ctx, p.call(http.MethodDelete, "delete account", "accounts", id))
}

func decodeAccount(row gjson.Result) (Account, error) {
	account := Account{
		ID:         text(row, "id"),
		Name:       text(row, "name"),
		ExternalID: textOrNull(row, "external_id"),
		Properties: object(row, "properties"),
		Tags:       texts(row, "tags"),
		Notebooks:  texts(row, "notebooks"),
		CreatedAt:  since(row, "created_at"),
		CreatedBy:  integerOrNull(row, "created_by"),
		UpdatedAt:  moment(row, "updated_at"),
		ChurnedAt:  moment(row, "churned_at"),
		IgnoredAt:  moment(row, "ignored_at"),
		Newer:      row.Get("churned_at").Exists() || row.Get("slack_summary_cadence").Exists(),
	}
	if account.ID == "" {
		return Account{}, errNoID
	}
	return account, nil
}
