package portfolio

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// A plan is made in two halves. Here orders become steps: every account is
// found exactly, every colleague and custom property is looked up, and what
// would change is worked out, while nothing is written. Later a step is
// carried out, if what it names is still as it was.

// Order is what a plan is to do with one account.
type Order struct {
	Account string          // what it is called; empty for one that may be new
	Found   *client.Account // the account itself, where a filter selected it
	Change  Change          // of one that may be new also its name and external id
	Custom  map[string]any  // custom properties by name or id
	Note    string          // Markdown of a note to write; see Placeholder
}

// Placeholder stands for the account's name in the note of an order.
const Placeholder = "{{name}}"

// Step is an order worked out. It needs no more looking up, and can be kept.
type Step struct {
	Account string // id; empty for one to be made
	Name    string
	Change  Change // colleagues as user ids
	Custom  []CustomStep
	Note    string

	Was    map[string]any // the fields that the change names, as they were; of tags only those it names
	Wanted map[string]any // the same fields as they shall be
	Tags   []string       // all tags, as they were
}

// CustomStep is a custom property to be set.
type CustomStep struct {
	ID, Name   string
	Was, Value any
}

// Planned is a step, or why there can be none.
type Planned struct {
	Step
	Problem string
}

// Creates tells whether the step makes an account.
func (s Step) Creates() bool { return s.Account == "" }

// IsIdle tells whether everything is already as it shall be.
func (s Step) IsIdle() bool {
	return !s.Creates() && len(s.Custom) == 0 && s.Note == "" && !s.Changes()
}

// Changes tells whether fields of the account itself change.
func (s Step) Changes() bool { return !same(s.Was, s.Wanted) }

// Difference is what the step changes, as it was and as it shall be. Custom
// properties stand by their names.
func (s Step) Difference() (before, after map[string]any) {
	after = difference(s.Was, s.Wanted)
	if s.Creates() {
		maps.DeleteFunc(after, func(_ string, value any) bool { return value == nil })
	}
	before = pick(s.Was, after)
	if _, tagged := after["tags"]; tagged && !s.Creates() {
		before["tags"] = slices.Sorted(slices.Values(s.Tags))
		after["tags"] = slices.Sorted(slices.Values(s.Change.tags(s.Tags)))
	}
	for _, custom := range s.Custom {
		before[custom.Name], after[custom.Name] = custom.Was, custom.Value
	}
	return before, after
}

// Draft is the account that a step makes.
func (s Step) Draft() Draft {
	return Draft{Name: s.Change.Name, ExternalID: s.Change.ExternalID, Set: s.Change.Set, Roles: s.Change.Roles, Tags: s.Change.TagsAdd}
}

// Stale names the fields of an account that are neither as they were when the
// step was planned nor as it wants them: somebody else's change. A tag is there
// or not, so it cannot be in the way.
func (s Step) Stale(now client.Account) []string {
	var fields []string
	for field, value := range s.Change.watched(now) {
		if field != "tags" && !same(value, s.Was[field]) && !s.has(now, field, value) {
			fields = append(fields, field)
		}
	}
	slices.Sort(fields)
	return fields
}

// IsDone tells whether an account has all that the step wants of its fields.
func (s Step) IsDone(now client.Account) bool {
	for field, value := range s.Change.watched(now) {
		if !s.has(now, field, value) {
			return false
		}
	}
	return true
}

// has tells whether a field of an account is as the step wants it. Of a
// colleague the user id counts: not every key is shown the e-mail.
func (s Step) has(now client.Account, field string, value any) bool {
	if who, isRole := s.Change.Roles[Role(field)]; isRole {
		holder := HolderOf(now, Role(field))
		return holder == nil && who == None || holder != nil && who == strconv.FormatInt(holder.ID, 10)
	}
	return same(value, s.Wanted[field])
}

// watched is the part of an account that a change names. Of the tags these are
// only those that it adds or takes off.
func (c Change) watched(account client.Account) map[string]any {
	state, fields := State(account), map[string]any{}
	for _, field := range c.fields() {
		fields[field] = state[field]
	}
	if named := normalTags(slices.Concat(c.TagsAdd, c.TagsRemove)); len(named) > 0 {
		fields["tags"] = slices.DeleteFunc(slices.Sorted(slices.Values(normalTags(account.Tags))), func(tag string) bool { return !slices.Contains(named, tag) })
	}
	return fields
}

// planners is how many accounts are worked out at a time.
const planners = 4

// Plan works out orders. What is wrong with one of them is its problem; an
// error means that PostHog could not be asked, and nothing is known.
func (b *Book) Plan(ctx context.Context, orders []Order) ([]Planned, error) {
	p := planner{Book: b}
	for _, order := range orders {
		if len(order.Custom) > 0 && p.properties == nil {
			var err error
			if p.properties, err = b.Properties(ctx, ""); err != nil {
				return nil, err
			}
		}
	}
	planned := make([]Planned, len(orders))
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(planners)
	for i, order := range orders {
		group.Go(func() (err error) {
			planned[i], err = p.workOut(working, order)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	clash(planned)
	return planned, nil
}

// planner works out orders with what it looked up once for all of them.
type planner struct {
	*Book
	properties []Property
}

func (p *planner) workOut(ctx context.Context, order Order) (Planned, error) {
	step, err := p.step(ctx, order)
	var refusal *plain.Refusal
	if errors.As(err, &refusal) {
		if step.Name == "" {
			step.Name = strings.TrimSpace(order.Account + " " + order.Change.Name)
		}
		return Planned{Step: step, Problem: refusal.Text}, nil
	}
	return Planned{Step: step}, err
}

func (p *planner) step(ctx context.Context, order Order) (Step, error) {
	account, change, err := p.find(ctx, order)
	if err != nil {
		return Step{}, err
	}
	step := Step{Account: account.ID, Name: account.Name, Change: change}
	if step.Creates() {
		step.Name = trimmed(change.Name)
		if err := step.Draft().Check(); err != nil {
			return step, err
		}
	}
	if !change.IsEmpty() {
		if err := p.aim(ctx, account, &step); err != nil {
			return step, err
		}
	}
	if err := p.setCustom(ctx, order.Custom, &step); err != nil {
		return step, err
	}
	if changesNothing := !step.Creates() && len(step.Custom) == 0 && !step.Changes(); changesNothing && (!change.IsEmpty() || len(order.Custom) > 0) {
		return step, nil // no note about a change that is none
	}
	name := step.Name
	if change.Name != "" {
		name = trimmed(change.Name)
	}
	step.Note = strings.ReplaceAll(order.Note, Placeholder, strings.Join(strings.Fields(name), " "))
	return step, nil
}

// aim works out what a change makes of the account, and refuses what PostHog
// is known to refuse.
func (p *planner) aim(ctx context.Context, account client.Account, step *Step) error {
	if err := p.allowed(step.Change); err != nil {
		return err
	}
	delta, err := p.resolve(ctx, step.Change)
	if err != nil {
		return err
	}
	step.Change = delta.pinned()
	aimed := delta.on(account)
	apart, err := p.keepsRolesApart(ctx, account)
	if err != nil {
		return err
	}
	if apart {
		if _, err := p.handovers(ctx, aimed.roles(), nil); err != nil {
			return err
		}
	}
	if external, changes := aimed.wanted["external_id"].(string); changes && !step.Creates() {
		holders, err := p.byExternalID(ctx, external)
		if err != nil {
			return err
		}
		if len(holders) > 0 {
			return plain.Refuse("The external_id %s is taken by %s (id %s).", quote(external), quote(holders[0].Name), holders[0].ID)
		}
	}
	step.Was, step.Wanted, step.Tags = step.Change.watched(account), step.Change.watched(aimed.account), account.Tags
	if step.Creates() {
		step.Was = map[string]any{}
	}
	return nil
}

// pinned is a change with the colleagues that it was found to mean.
func (d delta) pinned() Change {
	change := d.Change
	change.Roles = map[Role]string{}
	for role, holder := range d.holders {
		change.Roles[role] = None
		if holder.ID != 0 {
			change.Roles[role] = strconv.FormatInt(holder.ID, 10)
		}
	}
	return change
}

// setCustom works out the custom properties of an order.
func (p *planner) setCustom(ctx context.Context, asked map[string]any, step *Step) error {
	if len(asked) == 0 {
		return nil
	}
	values := map[string]any{}
	if !step.Creates() {
		var err error
		if values, err = p.values(ctx, step.Account); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		property, err := pickProperty(name, p.properties)
		if err != nil {
			return err
		}
		if err := p.policy.CustomProperty(property.Name, property.ID); err != nil {
			return err
		}
		value, err := property.toStore(asked[name])
		if err != nil {
			return err
		}
		if was := values[property.ID]; !same(was, value) {
			step.Custom = append(step.Custom, CustomStep{ID: property.ID, Name: property.Name, Was: was, Value: value})
		}
	}
	return nil
}

// clash finds orders that stand in each other's way: the first of them stays.
func clash(planned []Planned) {
	first := map[string]int{}
	for i := range planned {
		step := &planned[i]
		if step.Problem != "" {
			continue
		}
		keys := []string{"account " + step.Account}
		if step.Creates() {
			keys = []string{"name " + step.Name}
		}
		if external := step.Change.ExternalID; external != "" {
			keys = append(keys, "external id "+trimmed(external))
		}
		for _, key := range keys {
			if earlier, taken := first[key]; taken && earlier != i {
				step.Problem = fmt.Sprintf("Row %d is about the same %s already.", earlier+1, key)
			}
		}
		for _, key := range keys {
			if step.Problem == "" {
				first[key] = i
			}
		}
	}
}
