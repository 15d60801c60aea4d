package tools

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// drawn is what became of an order: the rows that change something, and what
// is to be said of the others.
type drawn struct {
	kind       string
	steps      []planStep
	unchanged  int
	impossible int
	warnings   []string
	filters    map[string]any
}

// draw works an order out, row by row.
func (asked planOrder) draw(ctx context.Context, s scope, most int) (drawn, error) {
	if asked.persons != nil {
		return asked.drawPersons(ctx, s, most)
	}
	result := drawn{kind: "account"}
	orders, err := asked.orders(ctx, s, most, &result)
	if err != nil {
		return drawn{}, err
	}
	planned, err := s.book.Plan(ctx, orders)
	if err != nil {
		return drawn{}, err
	}
	for i, p := range planned {
		result.add(i, planStep{Account: &p.Step}, p.Step.Name, p.Problem, p.Step.IsIdle())
	}
	return result.unlessAllFail()
}

func (r *drawn) add(i int, step planStep, name, problem string, idle bool) {
	switch {
	case problem != "":
		r.impossible++
		r.warnings = append(r.warnings, fmt.Sprintf("Row %d, %s, is left out: %s", i+1, quoted(name), problem))
	case idle:
		r.unchanged++
	default:
		r.steps = append(r.steps, step)
	}
}

// unlessAllFail refuses a plan of which no row is possible: what is wrong is
// then likely the same in all of them.
func (r drawn) unlessAllFail() (drawn, error) {
	if r.impossible > 0 && r.unchanged+len(r.steps) == 0 {
		if len(r.warnings) == 1 {
			return r, plain.Refuse("Nothing was planned. %s", r.warnings[0])
		}
		return r, plain.Refuse("Nothing was planned: none of %d rows is possible. %s", r.impossible, r.warnings[0])
	}
	return r, nil
}

// orders are the rows of accounts that an order means.
func (asked planOrder) orders(ctx context.Context, s scope, most int, result *drawn) ([]portfolio.Order, error) {
	if asked.accounts == nil {
		if err := tooMany(len(asked.rows), most); err != nil {
			return nil, err
		}
		orders := make([]portfolio.Order, len(asked.rows))
		for i, row := range asked.rows {
			if row.Note == "" {
				row.Note = asked.note
			}
			order, err := row.order()
			if err != nil {
				return nil, err
			}
			orders[i] = order
		}
		return orders, nil
	}
	asked.changes.Note = asked.note
	same, err := asked.changes.order()
	if err != nil {
		return nil, err
	}
	var orders []portfolio.Order
	if ids := asked.accounts.IDs; len(ids) > 0 {
		if err := tooMany(len(ids), most); err != nil {
			return nil, err
		}
		for _, id := range ids {
			same.Account = id
			orders = append(orders, same)
		}
	} else if orders, err = selected(ctx, s, asked.accounts.filter(), same, most, result); err != nil {
		return nil, err
	}
	if c := same.Change; len(orders) > 1 && (c.Name != "" || c.ExternalID != "") {
		return nil, plain.Refuse("Nothing was planned: name and external_id belong to one account each, and these are %d. Use rows.", len(orders))
	}
	return orders, nil
}

// selected is the same order for every account that fits a filter.
func selected(ctx context.Context, s scope, filter portfolio.Filter, same portfolio.Order, most int, result *drawn) ([]portfolio.Order, error) {
	listing, err := s.book.Select(ctx, filter, most)
	if err != nil {
		return nil, err
	}
	if len(listing.Accounts) == 0 {
		return nil, plain.Refuse("Nothing was planned: no account fits. %s", listing.Note)
	}
	result.filters = listing.Filters
	if listing.Note != "" {
		result.warnings = append(result.warnings, listing.Note)
	}
	orders := make([]portfolio.Order, len(listing.Accounts))
	for i := range listing.Accounts {
		orders[i] = same
		orders[i].Found = &listing.Accounts[i]
	}
	return orders, nil
}

func (asked planOrder) drawPersons(ctx context.Context, s scope, most int) (drawn, error) {
	result := drawn{kind: "person"}
	who := asked.persons.IDs
	if len(who) == 0 {
		query, err := asked.persons.query()
		if err != nil {
			return drawn{}, err
		}
		if who, err = s.people.Select(ctx, query, most); err != nil {
			return drawn{}, err
		}
		if len(who) == 0 {
			return drawn{}, plain.Refuse("Nothing was planned: no person fits.")
		}
		result.filters = asked.persons.ListPersonsRequest.filters()
		result.warnings = append(result.warnings, "Filters of persons read an index that lags behind recent changes: who came to fit in the last minutes may be missing.")
	}
	if err := tooMany(len(who), most); err != nil {
		return drawn{}, err
	}
	planned, err := s.people.Plan(ctx, who, asked.person.Set, asked.person.Unset)
	if err != nil {
		return drawn{}, err
	}
	for i, p := range planned {
		result.add(i, planStep{Person: &p.Step}, p.Step.Name, p.Problem, p.Step.IsIdle())
	}
	return result.unlessAllFail()
}

func tooMany(rows, most int) error {
	if rows > most {
		return plain.Refuse("Nothing was planned: these are %d rows, and a plan may touch at most %d here. Plan in parts.", rows, most)
	}
	return nil
}

// scopeForPlans is where a call works that makes or carries out plans.
func (d *Desk) scopeForPlans(ctx context.Context, project int64) (scope, *journal.Journal, error) {
	if d.ledger == nil {
		return scope{}, nil, refusePlans()
	}
	return d.scopeOnRecord(ctx, project)
}

// sortedNames are the keys of a map in order.
func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
