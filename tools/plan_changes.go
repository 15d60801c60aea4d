package tools

import (
	"context"
	"time"

	"posthog-accounts-mcp/internal/elicit"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
)

// PlanChangesRequest are the arguments of plan_changes. What stands in its
// objects is held against the schemas of the tools it is taken from.
type PlanChangesRequest struct {
	ProjectArg
	Accounts  schema.Object   `json:"accounts,omitempty" jsonschema_description:"Which accounts: filters as in list_accounts, or ids: a list of references. All that fit are taken, not one page."`
	Persons   schema.Object   `json:"persons,omitempty" jsonschema_description:"Which persons: filters as in list_persons, or ids."`
	Changes   schema.Object   `json:"changes,omitempty" jsonschema_description:"For each of them. Accounts: arguments of update_account (tags_add, csm, set{} and so on) and custom_properties {name: value}. Persons: set{} and unset[]."`
	Rows      []schema.Object `json:"rows,omitempty" jsonschema:"maxItems=1000" jsonschema_description:"Instead of these: one object a row, as from a CSV, each with account, or with the name and external_id of one that is created unless it is there, and its own changes and note at the same level."`
	Note      string          `json:"note,omitempty" jsonschema:"maxLength=50000" jsonschema_description:"Markdown of a note to write on each changed account; {{name}} stands for its name."`
	MaxTokens int             `json:"max_tokens,omitempty" jsonschema:"minimum=200,maximum=50000" jsonschema_description:"Default 2500."`
}

// PlanResult is a plan.
type PlanResult struct {
	Plan         string         `json:"plan" jsonschema_description:"Its id, for apply_plan, and afterwards for undo_write."`
	ToChange     int            `json:"to_change" jsonschema_description:"Rows that would change something."`
	Unchanged    int            `json:"unchanged" jsonschema_description:"Rows that are already so; nothing is sent for them."`
	Impossible   int            `json:"impossible,omitempty" jsonschema_description:"Rows that are left out, each with a warning."`
	EveryRow     *PlanRow       `json:"every_row,omitempty" jsonschema_description:"What is the same in all rows, left out of them."`
	Rows         []PlanRow      `json:"rows"`
	Omitted      int            `json:"omitted" jsonschema_description:"Rows of the plan that are not shown, for max_tokens."`
	Warnings     []string       `json:"warnings"`
	Filters      map[string]any `json:"filters,omitempty" jsonschema_description:"The filters as they were applied."`
	Confirmation string         `json:"confirmation,omitempty" jsonschema_description:"Pass to apply_plan once the user agreed."`
	ExpiresAt    string         `json:"expires_at"`
	Note         string         `json:"note"`
	ProjectID    int64          `json:"project_id"`
}

// PlanRow is what a plan does to one object.
type PlanRow struct {
	Account    string         `json:"account,omitempty" jsonschema_description:"Id; absent for one to be created."`
	Person     string         `json:"person,omitempty" jsonschema_description:"UUID."`
	Name       string         `json:"name,omitempty"`
	Creates    bool           `json:"creates,omitempty"`
	Before     map[string]any `json:"before,omitempty" jsonschema_description:"The fields that change, as they are."`
	After      map[string]any `json:"after,omitempty"`
	TagsAdd    []string       `json:"tags_add,omitempty"`
	TagsRemove []string       `json:"tags_remove,omitempty"`
	Note       string         `json:"note,omitempty" jsonschema_description:"How the note begins."`
}

var planChangesTool = define(Spec{
	Name:        "plan_changes",
	Title:       "Plan changes of many",
	Description: "Plan one change for many accounts or persons (hand over a portfolio, tag renewals, set a plan), or an import row by row. Writes nothing: shows per row what would change, what is already so and what cannot be. apply_plan carries it out.",
	Toolset:     Portfolio,
	Effect:      Adds,
	OnRecord:    true,
}, planChanges)

func planChanges(d *Desk, ctx context.Context, in PlanChangesRequest) (PlanResult, error) {
	asked, err := in.read()
	if err != nil {
		return PlanResult{}, err
	}
	s, book, err := d.scopeForPlans(ctx, in.ProjectID)
	if err != nil {
		return PlanResult{}, err
	}
	drawn, err := asked.draw(ctx, s, d.maxRows)
	if err != nil {
		return PlanResult{}, err
	}
	p := d.newPlan(drawn.kind, drawn.steps)
	if err := keepPlan(ctx, s, book, p); err != nil {
		return PlanResult{}, err
	}
	result := PlanResult{
		Plan: p.ID, ToChange: p.Count, Unchanged: drawn.unchanged, Impossible: drawn.impossible,
		Warnings: shownWarnings(append(drawn.warnings, d.finalities(p)...)), Filters: capMap(drawn.filters, changesTokens),
		ExpiresAt: p.Expires.Format(time.RFC3339), ProjectID: s.project, Note: "Nothing has been written.",
	}
	switch {
	case p.Count == 0:
		result.Note += " There is nothing to carry out."
	case d.unasked[Portfolio]:
		result.Note += " apply_plan carries it out at once: the operator of this server switched confirmation off."
	case elicit.From(ctx).Way != elicit.Unreachable:
		result.Note += " apply_plan asks the user before it carries it out."
	default:
		result.Confirmation = d.agreementOn(s, p, "").seal(confirmations)
		result.Note += " Show the user the plan; call apply_plan with the confirmation only once they agreed."
	}
	return result.fit(p, in.MaxTokens), nil
}

// fit completes a plan's result with as many rows as its budget holds.
func (r PlanResult) fit(p plan, maxTokens int) PlanResult {
	r.Rows = []PlanRow{}
	rows, common, omitted := p.within(tokens(r), maxTokens)
	r.Rows, r.EveryRow, r.Omitted = append(r.Rows, rows...), common, omitted
	return r
}

// refusePlans says why there are no plans without a journal.
func refusePlans() error {
	return plain.Refuse("Not done: the journal is off, and without it a plan cannot be carried out exactly once. Run the server without --journal off, or change the objects one by one.")
}
