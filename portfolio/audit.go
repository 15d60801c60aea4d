package portfolio

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// Check is something that may be wrong with accounts.
type Check string

// The checks.
const (
	NoOwner        Check = "no_owner"        // nobody is the account owner
	NoExternalID   Check = "no_external_id"  // events cannot be told to be theirs
	DuplicateNames Check = "duplicate_names" // an older account goes by the same name
	MissingIDs     Check = "missing_ids"     // an id that others have, of a system in use here
	NoNoteSince    Check = "no_note_since"   // no note made or changed since
)

// UsualChecks are those that need nothing but the accounts.
var UsualChecks = []Check{NoOwner, NoExternalID, DuplicateNames, MissingIDs}

// ForeignIDs are the properties that hold an account's id in another system.
var ForeignIDs = PropertyKeys[:6]

// Finding is an account that a check is about.
type Finding struct {
	Account client.Account
	Older   *client.Account // of a duplicate: the oldest of its name
	Missing []string        // the ids it lacks
}

// Report is what one check found.
type Report struct {
	Check    Check
	Findings []Finding
	Missing  map[string]int // how many lack which id
	Unread   int            // accounts that could not be looked at
	Problem  string         // why not
}

// Audit is what several checks found.
type Audit struct {
	Reports  []Report
	Accounts int // looked at
	Inactive int // left out, as they are churned or ignored
}

// Audit looks through all active accounts, the oldest first.
func (b *Book) Audit(ctx context.Context, checks []Check, since time.Time) (Audit, error) {
	accounts, err := b.all(ctx)
	if err != nil {
		return Audit{}, err
	}
	every := len(accounts)
	accounts = slices.DeleteFunc(accounts, func(a client.Account) bool { return a.ChurnedAt != nil || a.IgnoredAt != nil })
	audit := Audit{Accounts: len(accounts), Inactive: every - len(accounts)}
	for _, check := range checks {
		report := Report{Check: check}
		switch check {
		case NoOwner:
			err = b.findNoOwner(ctx, &report, accounts)
		case NoNoteSince:
			err = b.findNoNote(ctx, &report, accounts, since)
		case NoExternalID:
			report.findNoExternalID(accounts)
		case DuplicateNames:
			report.findDuplicates(accounts)
		case MissingIDs:
			report.findMissingIDs(accounts)
		}
		if err != nil {
			return Audit{}, err
		}
		audit.Reports = append(audit.Reports, report)
	}
	return audit, nil
}

func (b *Book) findNoOwner(ctx context.Context, r *Report, accounts []client.Account) error {
	tooMany, err := b.tooManyRoles(ctx, accounts)
	if err != nil {
		return err
	}
	if tooMany {
		r.Unread, r.Problem = len(accounts), "this project has too many accounts to read the roles of each"
		return nil
	}
	shown, held, err := b.withRoles(ctx, accounts)
	if err != nil {
		return err
	}
	err = b.rolesExist(ctx, map[Role]int64{AccountOwner: 0}, accounts, held)
	if refusal := (*plain.Refusal)(nil); errors.As(err, &refusal) {
		r.Unread, r.Problem = len(accounts), refusal.Text
		return nil
	}
	if err != nil {
		return err
	}
	for _, account := range shown {
		if HolderOf(account, AccountOwner) == nil {
			r.Findings = append(r.Findings, Finding{Account: account})
		}
	}
	return nil
}

func (r *Report) findNoExternalID(accounts []client.Account) {
	for _, account := range accounts {
		if value(account.ExternalID) == "" {
			r.Findings = append(r.Findings, Finding{Account: account})
		}
	}
}

// findDuplicates finds the accounts that have the name of an older one, each
// group together. Names are compared as people do.
func (r *Report) findDuplicates(accounts []client.Account) {
	oldest, names := map[string]client.Account{}, []string{}
	younger := map[string][]Finding{}
	for _, account := range accounts {
		key := nameKey(account.Name)
		if key == "" {
			continue
		}
		first, known := oldest[key]
		if !known {
			oldest[key] = account
			names = append(names, key)
			continue
		}
		younger[key] = append(younger[key], Finding{Account: account, Older: &first})
	}
	for _, key := range names {
		r.Findings = append(r.Findings, younger[key]...)
	}
}

// findMissingIDs finds the accounts that lack an id of a system that the team
// uses: one that at least one account has. Those that lack most come first.
func (r *Report) findMissingIDs(accounts []client.Account) {
	used := slices.DeleteFunc(slices.Clone(ForeignIDs), func(id string) bool {
		return !slices.ContainsFunc(accounts, func(a client.Account) bool { return has(a, id) })
	})
	r.Missing = map[string]int{}
	for _, account := range accounts {
		finding := Finding{Account: account}
		for _, id := range used {
			if !has(account, id) {
				r.Missing[id]++
				finding.Missing = append(finding.Missing, id)
			}
		}
		if len(finding.Missing) > 0 {
			r.Findings = append(r.Findings, finding)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(len(b.Missing), len(a.Missing)) })
}

// has tells whether an account has a property with something in it.
func has(account client.Account, property string) bool {
	var text string
	return json.Unmarshal(account.Properties[property], &text) == nil && text != ""
}
