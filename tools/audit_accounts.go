package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/portfolio"
)

// AuditAccountsRequest are the arguments of audit_accounts.
type AuditAccountsRequest struct {
	ProjectArg
	Checks []portfolio.Check `json:"checks,omitempty" jsonschema:"maxItems=5,enum=no_owner,enum=no_external_id,enum=duplicate_names,enum=missing_ids,enum=no_note_since" jsonschema_description:"Default all but the last."`
	Since  string            `json:"since,omitempty" jsonschema:"maxLength=40" jsonschema_description:"For no_note_since."`
	SizeArg
}

// AuditAccountsResult is what the checks found.
type AuditAccountsResult struct {
	Findings    []AuditGroup `json:"findings"`
	Accounts    int          `json:"accounts" jsonschema_description:"How many were looked at."`
	Note        string       `json:"note,omitempty"`
	URLTemplate string       `json:"url_template,omitempty"`
	ProjectID   int64        `json:"project_id"`
}

// AuditGroup is what one check found.
type AuditGroup struct {
	Check   portfolio.Check `json:"check"`
	Total   int             `json:"total" jsonschema_description:"Exact."`
	Shown   int             `json:"shown"`
	Omitted int             `json:"omitted" jsonschema_description:"Left out for max_tokens; ask for this check alone, with more."`
	Unread  int             `json:"unread,omitempty" jsonschema_description:"Accounts that could not be looked at; the total does not count them."`
	Missing map[string]int  `json:"missing,omitempty" jsonschema_description:"How many accounts lack which id."`
	Rows    []AuditRow      `json:"rows"`
}

// AuditRow is an account that needs something.
type AuditRow struct {
	Name       string         `json:"name,omitempty"`
	ExternalID string         `json:"external_id,omitempty"`
	CSM        string         `json:"csm,omitempty"`
	Executive  string         `json:"account_executive,omitempty"`
	SameAs     string         `json:"same_as,omitempty" jsonschema_description:"Id of the oldest account of that name."`
	Notes      *int           `json:"notes,omitempty" jsonschema_description:"How many notes it has in all."`
	Change     map[string]any `json:"change" jsonschema_description:"A row for plan_changes, with the account's id; fill in what is null."`
}

var auditAccountsTool = define(Spec{
	Name:        "audit_accounts",
	Title:       "Audit accounts",
	Description: "Accounts with no owner, external id or foreign id, an older one's name, or (when asked) no recent note; each with a change for plan_changes.",
	Toolset:     Portfolio,
	Effect:      Reads,
}, auditAccounts)

func auditAccounts(d *Desk, ctx context.Context, in AuditAccountsRequest) (AuditAccountsResult, error) {
	since, err := momentOf(in.Since)
	if err != nil {
		return AuditAccountsResult{}, err
	}
	checks, err := checksToRun(in.Checks, since)
	if err != nil {
		return AuditAccountsResult{}, err
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return AuditAccountsResult{}, err
	}
	audit, err := s.book.Audit(ctx, checks, since)
	if err != nil {
		return AuditAccountsResult{}, err
	}
	result := AuditAccountsResult{
		Findings: []AuditGroup{}, Accounts: audit.Accounts, URLTemplate: s.links.account("{id}"),
		ProjectID: s.project, Note: auditNote(audit),
	}
	for _, report := range audit.Reports {
		result.Findings = append(result.Findings, AuditGroup{Check: report.Check, Total: len(report.Findings), Unread: report.Unread, Missing: report.Missing, Rows: []AuditRow{}})
	}
	result.fill(audit.Reports, in.room())
	return result, nil
}

// checksToRun are the checks asked for, in the order of the usual ones.
func checksToRun(asked []portfolio.Check, since time.Time) ([]portfolio.Check, error) {
	usual := portfolio.UsualChecks
	if len(asked) == 0 {
		asked = usual
		if !since.IsZero() {
			asked = append(slices.Clone(usual), portfolio.NoNoteSince)
		}
	}
	switch looksAtNotes := slices.Contains(asked, portfolio.NoNoteSince); {
	case looksAtNotes && since.IsZero():
		return nil, plain.Refuse("The check no_note_since needs since: a date such as 2026-03-31.")
	case !looksAtNotes && !since.IsZero():
		return nil, plain.Refuse("since belongs to the check no_note_since: add that to checks, or leave since out.")
	}
	return slices.DeleteFunc(append(slices.Clone(usual), portfolio.NoNoteSince), func(c portfolio.Check) bool { return !slices.Contains(asked, c) }), nil
}

// auditNote says what was left out.
func auditNote(a portfolio.Audit) string {
	note := ""
	if a.Inactive > 0 {
		note = fmt.Sprintf("%d churned or ignored accounts were left out.", a.Inactive)
	}
	for _, report := range a.Reports {
		if report.Unread > 0 {
			note = sentences(note, fmt.Sprintf("%s: nothing is known of %d accounts: %s.", report.Check, report.Unread, strings.TrimSuffix(report.Problem, ".")))
		}
	}
	return note
}

// fill shows as many rows as fit behind the counts, giving every check an equal share of the
// room, and what the shorter ones leave to the longer ones.
func (r *AuditAccountsResult) fill(reports []portfolio.Report, most int) {
	const numbers = 10 // tokens that the counts grow by
	fit(r, most-numbers,
		func() bool { dropped := r.URLTemplate != ""; r.URLTemplate = ""; return dropped },
		r.dropMissing,
		func() bool { return shrinkText(&r.Note) },
	)
	room := most - numbers - tokens(*r)
	shortestFirst := make([]int, len(reports))
	for i := range reports {
		shortestFirst[i] = i
	}
	slices.SortStableFunc(shortestFirst, func(a, b int) int { return len(reports[a].Findings) - len(reports[b].Findings) })
	for done, i := range shortestFirst {
		group, share := &r.Findings[i], max(room, 0)/(len(reports)-done)
		for _, finding := range reports[i].Findings {
			row := auditRow(group.Check, finding)
			cost := tokens(row)
			if cost > share {
				break
			}
			share, room = share-cost, room-cost
			group.Rows = append(group.Rows, row)
		}
		group.Shown, group.Omitted = len(group.Rows), group.Total-len(group.Rows)
	}
}

// dropMissing is a step that leaves out how many accounts lack which id.
func (r *AuditAccountsResult) dropMissing() bool {
	at := slices.IndexFunc(r.Findings, func(g AuditGroup) bool { return g.Missing != nil })
	if at >= 0 {
		r.Findings[at].Missing = nil
	}
	return at >= 0
}

// The tags that ready changes put on what only a person can put right.
const (
	duplicateTag = "possible-duplicate"
	noNoteTag    = "no-recent-note"
)

func auditRow(check portfolio.Check, f portfolio.Finding) AuditRow {
	full := fullRow(f.Account)
	row := AuditRow{Name: plain.Short(full.Name), ExternalID: plain.Short(full.ExternalID), Change: map[string]any{"account": full.ID}}
	switch check {
	case portfolio.NoOwner:
		row.CSM, row.Executive = full.CSM, full.AccountExecutive
		row.Change["account_owner"] = nil
	case portfolio.NoExternalID:
		row.Change["external_id"] = nil
	case portfolio.DuplicateNames:
		row.SameAs = f.Older.ID
		row.Change["tags_add"] = []string{duplicateTag}
	case portfolio.MissingIDs:
		set := map[string]any{}
		for _, id := range f.Missing {
			set[id] = nil
		}
		row.Change["set"] = set
	case portfolio.NoNoteSince:
		row.Notes = &full.Notebooks
		row.Change["tags_add"] = []string{noNoteTag}
	}
	return row
}
