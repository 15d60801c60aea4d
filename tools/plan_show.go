package tools

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"posthog-accounts-mcp/internal/budget"
	"posthog-accounts-mcp/internal/fence"
	"posthog-accounts-mcp/portfolio"
)

const (
	rowTokens    = 250 // of before and of after in one row, each
	noteRunes    = 80
	warningsMost = 25
)

// within is the rows of a plan as a reader gets them: each one whole if all of
// them fit, beside what else takes tokens. Otherwise what is the same in all
// rows stands once, and the last of them may have to be left out.
func (p plan) within(rest, maxTokens int) (shown []PlanRow, common *PlanRow, omitted int) {
	rows := p.wholeRows()
	if shown = fitted(rows, rest, maxTokens); len(shown) == len(rows) {
		return shown, nil, 0
	}
	rows, common = p.apart(rows)
	if common != nil {
		shown = fitted(rows, rest+tokens(common), maxTokens)
	}
	return shown, common, len(rows) - len(shown)
}

func (p plan) wholeRows() []PlanRow {
	var rows []PlanRow
	for _, step := range p.rows {
		if step.Account != nil || step.Person != nil { // the rest was erased since
			rows = append(rows, step.shown())
		}
	}
	return rows
}

// apart takes what all rows share out of them.
func (p plan) apart(rows []PlanRow) ([]PlanRow, *PlanRow) {
	if len(rows) < 2 {
		return rows, nil
	}
	shared := p.shared(rows)
	if shared == nil {
		return rows, nil
	}
	for i := range rows {
		rows[i].without(*shared)
	}
	return rows, shared
}

func (s planStep) shown() PlanRow {
	before, after := s.difference()
	row := PlanRow{Name: s.name(), Before: capMap(before, rowTokens), After: capMap(after, rowTokens)}
	if s.Person != nil {
		row.Person = s.Person.UUID
		return row
	}
	row.Account, row.Creates = s.Account.Account, s.Account.Creates()
	if row.Note = shorten(s.Account.Note, noteRunes); row.Creates {
		row.Before = nil
	}
	return row
}

// shared is what all rows say, nil for nothing. Tags are shared as what is
// added and taken off, as the rest of them differs from account to account.
func (p plan) shared(rows []PlanRow) *PlanRow {
	shared := PlanRow{Before: sharedBy(rows, func(r PlanRow) map[string]any { return r.Before }), After: sharedBy(rows, func(r PlanRow) map[string]any { return r.After })}
	if p.sameTags() {
		first := p.rows[0].Account.Change
		shared.TagsAdd, shared.TagsRemove = first.TagsAdd, first.TagsRemove
	}
	if template := p.rows[0].template(); !slices.ContainsFunc(p.rows, func(s planStep) bool { return s.template() != template }) {
		shared.Note = shorten(template, noteRunes)
	}
	if tokens(shared) <= tokens(PlanRow{}) {
		return nil
	}
	return &shared
}

// template is the note of a row with the placeholder for the account's name.
func (s planStep) template() string {
	if s.Account == nil {
		return ""
	}
	return strings.ReplaceAll(s.Account.Note, cmp.Or(s.Account.Change.Name, s.Account.Name), portfolio.Placeholder)
}

// sameTags tells whether all rows are about accounts that exist and get the
// same tags.
func (p plan) sameTags() bool {
	return !slices.ContainsFunc(p.rows, func(s planStep) bool {
		if s.Account == nil || p.rows[0].Account == nil || s.Account.Creates() {
			return true
		}
		first, change := p.rows[0].Account.Change, s.Account.Change
		return len(change.TagsAdd)+len(change.TagsRemove) == 0 || !slices.Equal(first.TagsAdd, change.TagsAdd) || !slices.Equal(first.TagsRemove, change.TagsRemove)
	})
}

// sharedBy is the fields that all rows have with the same value.
func sharedBy(rows []PlanRow, part func(PlanRow) map[string]any) map[string]any {
	shared := map[string]any{}
	for field, value := range part(rows[0]) {
		if !slices.ContainsFunc(rows, func(r PlanRow) bool {
			other, there := part(r)[field]
			return !there || !sameValue(other, value)
		}) {
			shared[field] = value
		}
	}
	return shared
}

// without takes out of a row what stands above all of them.
func (r *PlanRow) without(shared PlanRow) {
	for field := range shared.Before {
		delete(r.Before, field)
	}
	for field := range shared.After {
		delete(r.After, field)
	}
	if len(shared.TagsAdd)+len(shared.TagsRemove) > 0 {
		delete(r.Before, "tags")
		delete(r.After, "tags")
	}
	if shared.Note != "" {
		r.Note = ""
	}
}

// fitted are as many rows as fit into the budget of a result beside the rest
// of it.
func fitted[Row any](rows []Row, rest, maxTokens int) []Row {
	if maxTokens == 0 {
		maxTokens = defaultTokens
	}
	const numbers = 10
	return budget.FitRows(rows, rest+numbers+fence.Tokens, safely(maxTokens), tokens[Row])
}

// shownWarnings are as many warnings as a reader can use.
func shownWarnings(warnings []string) []string {
	shown := []string{}
	for i, warning := range warnings {
		if i == warningsMost {
			return append(shown, fmt.Sprintf("and %d more", len(warnings)-warningsMost))
		}
		shown = append(shown, shorten(warning, valueRunes))
	}
	return shown
}

// finalities warn of what a plan does that cannot be taken back.
func (d *Desk) finalities(p plan) []string {
	first := map[string]int{}
	for _, step := range p.rows {
		if step.Account == nil {
			continue
		}
		for _, custom := range step.Account.Custom {
			if custom.Was == nil {
				first[custom.Name]++
			}
		}
	}
	var warnings []string
	for _, name := range sortedNames(first) {
		warnings = append(warnings, fmt.Sprintf("Cannot be undone where PostHog cannot empty a custom property, as older ones cannot: %s gets its first value in %s.", quoted(name), count(first[name], "row", "rows")))
	}
	return warnings
}

// lines tell a person what a plan does.
func (p plan) lines() []string {
	what, names := count(p.Count, p.Kind, p.Kind+"s"), []string{}
	rows, common := p.apart(p.wholeRows())
	creates, notes := 0, 0
	for _, row := range rows {
		names = append(names, row.Name)
	}
	for _, step := range p.rows {
		if step.Account != nil && step.Account.Creates() {
			creates++
		}
		if step.Account != nil && step.Account.Note != "" {
			notes++
		}
	}
	lines := []string{"Change " + what + " (" + some(names) + ")?"}
	switch {
	case common == nil && len(rows) > 0:
		common = &rows[0]
		lines = append(lines, "The first row:")
	case slices.ContainsFunc(rows, func(r PlanRow) bool { return len(r.After) > 0 }):
		lines = append(lines, "Besides what each row changes of its own:")
	}
	if common != nil {
		for _, field := range sortedNames(common.After) {
			lines = append(lines, fmt.Sprintf("%s becomes %s.", field, quoted(fmt.Sprint(common.After[field]))))
		}
		if len(common.TagsAdd)+len(common.TagsRemove) > 0 {
			lines = append(lines, fmt.Sprintf("Tags added: %s; taken off: %s.", some(common.TagsAdd), some(common.TagsRemove)))
		}
	}
	if creates > 0 {
		lines = append(lines, "Created: "+count(creates, "account", "accounts")+".")
	}
	if notes > 0 {
		lines = append(lines, "A note is written on "+count(notes, "account", "accounts")+".")
	}
	return lines
}
