package tools

import (
	"context"
	"fmt"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// ApplyPlanRequest are the arguments of apply_plan.
type ApplyPlanRequest struct {
	ProjectArg
	Plan string `json:"plan" jsonschema:"minLength=1,maxLength=60" jsonschema_description:"Id of the plan."`
	ConfirmationArg
}

// AppliedPlan is what became of a plan.
type AppliedPlan struct {
	Plan      string       `json:"plan"`
	Applied   int          `json:"applied" jsonschema_description:"Rows that are as planned, or that PostHog accepted and will apply (outcome pending)."`
	Skipped   int          `json:"skipped" jsonschema_description:"Rows that somebody changed since the plan, or that were undone or erased."`
	Failed    int          `json:"failed" jsonschema_description:"Rows that are not, or not wholly, as planned."`
	Remaining int          `json:"remaining" jsonschema_description:"Rows not tried; apply_plan with the same plan goes on with them."`
	Rows      []AppliedRow `json:"rows" jsonschema_description:"Those that are not as planned come first. Of a plan of more than 20 rows, few of the others are shown; list_writes has all."`
	Omitted   int          `json:"omitted"`
	Undo      string       `json:"undo"`
	Note      string       `json:"note,omitempty"`
	ProjectID int64        `json:"project_id"`
}

// AppliedRow is what became of a row.
type AppliedRow struct {
	Account string `json:"account,omitempty"`
	Person  string `json:"person,omitempty"`
	Name    string `json:"name,omitempty"`
	Outcome string `json:"outcome" jsonschema_description:"As of a write, or skipped, failed or remaining."`
	Write   string `json:"write,omitempty" jsonschema_description:"Its first write, for undo_write; list_writes has all."`
	Note    string `json:"note,omitempty"`
}

// AppliedPlanOrPreview is the answer of apply_plan: exactly one of the two.
type AppliedPlanOrPreview struct {
	*AppliedPlan
	*Preview
}

// MarshalJSON writes the one that is there.
func (r AppliedPlanOrPreview) MarshalJSON() ([]byte, error) {
	if r.Preview != nil {
		return encode(r.Preview)
	}
	return encode(r.AppliedPlan)
}

const applyPlanName = "apply_plan"

var applyPlanTool = define(Spec{
	Name:        "apply_plan",
	Title:       "Carry out a plan",
	Description: "Carry out a plan of plan_changes, each row exactly once. If it was interrupted, the same call goes on where it stopped. Rows that changed since the plan are skipped.",
	Toolset:     Portfolio,
	Effect:      Sets,
	OnRecord:    true,
	Asks:        true,
}, applyPlan)

func applyPlan(d *Desk, ctx context.Context, in ApplyPlanRequest) (AppliedPlanOrPreview, error) {
	s, book, err := d.scopeForPlans(ctx, in.ProjectID)
	if err != nil {
		return AppliedPlanOrPreview{}, err
	}
	p, err := planOf(ctx, s, book, in.Plan)
	if err != nil {
		return AppliedPlanOrPreview{}, err
	}
	agreement := d.agreementOn(s, p, in.Confirmation)
	answer, agreed, err := agreement.reach(ctx, func(context.Context) (proposal, error) { return p.proposal(), nil })
	if !agreed {
		return AppliedPlanOrPreview{Preview: answer.Preview}, err
	}
	run, err := d.startRun(ctx, s, book, p)
	if err != nil {
		return AppliedPlanOrPreview{}, err
	}
	rows, err := run.rows(ctx)
	if err != nil {
		return AppliedPlanOrPreview{}, err
	}
	result := run.result(rows)
	result.Note = agreement.admit(result.Note)
	return AppliedPlanOrPreview{AppliedPlan: &result}, nil
}

// proposal shows a plan once more before it is carried out.
func (p plan) proposal() proposal {
	shown := map[string]any{"plan": p.ID, "to_change": p.Count}
	rows, common, omitted := p.within(tokens(shown), 0)
	if common != nil {
		shown["every_row"] = common
	}
	shown["rows"] = rows
	if omitted > 0 {
		shown["omitted"] = omitted
	}
	return proposal{shown: shown, note: "Carries the plan out, as far as nobody changed what it names.", lines: p.lines(), undoable: true}
}

// outcomes of a row besides those of a write.
const (
	rowSkipped   = "skipped"
	rowFailed    = "failed"
	rowRemaining = "remaining"
)

// asPlannedRows is how many of the rows without trouble the result of a long
// plan shows: they repeat the plan.
const asPlannedRows = 5

// result counts and shows what became of the rows.
func (r *planRun) result(rows []AppliedRow) AppliedPlan {
	result := AppliedPlan{Plan: r.plan.ID, Rows: []AppliedRow{}, ProjectID: r.scope.project, Undo: nothingChanged}
	var first, rest []AppliedRow
	written := false
	for _, row := range rows {
		written = written || row.Write != ""
		switch row.Outcome {
		case string(journal.Applied), string(journal.Pending):
			result.Applied++
			rest = append(rest, row)
			continue
		case rowSkipped:
			result.Skipped++
		case rowRemaining:
			result.Remaining++
			rest = append(rest, row)
			continue
		default:
			result.Failed++
		}
		first = append(first, row)
	}
	switch {
	case written && r.desk.undoes:
		result.Undo = asCall(undoWriteTool.Name, map[string]any{"write": r.plan.ID})
	case written:
		result.Undo = "undo_write is not listed on this server; list_writes, or the account's log in PostHog, shows what was changed."
	}
	result.Note = r.brake.note(result.Remaining)
	if len(rows) > defaultLimit {
		rest = rest[:min(len(rest), asPlannedRows)]
	}
	result.Rows = append(result.Rows, fitted(append(first, rest...), tokens(result), 0)...)
	result.Omitted = len(rows) - len(result.Rows)
	return result
}

// note says why rows remain.
func (b *brake) note(remaining int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reason == "" || remaining == 0 {
		return ""
	}
	return fmt.Sprintf("Stopped early, %s not tried: %s Call apply_plan again with the same plan to go on.", count(remaining, "row was", "rows were"), plain.Visible(b.reason))
}
