package tools

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/people"
	"posthog-accounts-mcp/portfolio"
)

// A plan is made by plan_changes and carried out by apply_plan, in another
// call, perhaps in another process. Between the two the journal keeps it: one
// item for the plan and one for each of its rows, so that erasing a person
// takes that person's row out of it.

// planLifetime is how long a plan can be carried out, and resumed.
const planLifetime = 24 * time.Hour

// Kinds of items in the journal.
const (
	planItem    = "plan"
	planRowItem = "plan_row"
)

// planPrefix begins the id of a plan, as "w_" does that of a write.
const planPrefix = "p_"

// plan is what apply_plan carries out.
type plan struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"` // of its rows: account or person
	Count   int       `json:"count"`
	Expires time.Time `json:"expires"`

	rows []planStep
}

// planStep is a row of a plan: one of these, or none once it was erased.
type planStep struct {
	Account *portfolio.Step `json:"account,omitempty"`
	Person  *people.Step    `json:"person,omitempty"`
}

// name is what a reader calls the object of a row.
func (s planStep) name() string {
	switch {
	case s.Account != nil:
		return shorten(s.Account.Name, nameRunes)
	case s.Person != nil:
		return shorten(s.Person.Name, nameRunes)
	}
	return ""
}

// id is that of the object, empty while it does not exist.
func (s planStep) id() string {
	switch {
	case s.Account != nil:
		return s.Account.Account
	case s.Person != nil:
		return s.Person.UUID
	}
	return ""
}

// difference is what the row changes, as it was and as it shall be.
func (s planStep) difference() (before, after map[string]any) {
	if s.Person != nil {
		return s.Person.Difference()
	}
	return s.Account.Difference()
}

// newPlan gives rows an id.
func (d *Desk) newPlan(kind string, rows []planStep) plan {
	const letters = 16 // of five bits: nobody guesses one
	return plan{
		ID: planPrefix + strings.ToLower(rand.Text()[:letters]), Kind: kind, Count: len(rows),
		Expires: d.now().Add(planLifetime).Truncate(time.Second).UTC(), rows: rows,
	}
}

// keepPlan puts a plan into the journal, all of it or nothing.
func keepPlan(ctx context.Context, s scope, book *journal.Journal, p plan) error {
	items := make([]journal.Item, 0, len(p.rows)+1)
	add := func(kind, id, person string, payload any) error {
		encoded, err := json.Marshal(payload)
		items = append(items, journal.Item{Principal: s.principal(), Kind: kind, ID: id, Person: person, Payload: encoded, Expires: p.Expires})
		return err
	}
	err := add(planItem, p.ID, "", p)
	for i, row := range p.rows {
		person := ""
		if row.Person != nil {
			person = row.Person.UUID
		}
		err = errors.Join(err, add(planRowItem, rowID(p.ID, i), person, row))
	}
	if err != nil {
		return err
	}
	return onRecord(book.Keep(ctx, items...))
}

// rowID names a row of a plan.
func rowID(plan string, row int) string { return fmt.Sprintf("%s/%05d", plan, row) }

// planOf is a plan that was made with this key in this project.
func planOf(ctx context.Context, s scope, book *journal.Journal, id string) (plan, error) {
	item, err := book.Item(ctx, s.principal(), planItem, id)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return plan{}, plain.Absent("There is no plan %q for this key and project, or it has expired: a plan is good for %d hours. Make a new one with plan_changes.", plain.Short(id), int(planLifetime.Hours()))
	case err != nil:
		return plan{}, onRecord(err)
	}
	var p plan
	if err := json.Unmarshal(item.Payload, &p); err != nil {
		return plan{}, err
	}
	items, err := book.Items(ctx, s.principal(), planRowItem, id+"/")
	if err != nil {
		return plan{}, onRecord(err)
	}
	p.rows = make([]planStep, p.Count)
	for _, item := range items {
		n, err := strconv.Atoi(strings.TrimPrefix(item.ID, id+"/"))
		if err != nil || n >= len(p.rows) {
			return plan{}, fmt.Errorf("the plan %s has a row %s", id, item.ID)
		}
		if err := json.Unmarshal(item.Payload, &p.rows[n]); err != nil {
			return plan{}, err
		}
	}
	return p, nil
}

// agreementOn is what stands before carrying out a plan. What it holds is
// sealed in the journal and does not change, so the id stands for it. A
// confirmation is good as long as the plan, to resume it.
func (d *Desk) agreementOn(s scope, p plan, token string) *agreement {
	a := d.agreement(s, Portfolio, applyPlanName, token, p.ID, nil).reusable()
	a.until = p.Expires
	return a
}
