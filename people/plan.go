package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
)

// Step is what a plan does to one person, worked out and good to be kept.
type Step struct {
	UUID, Name string
	Set        map[string]json.RawMessage
	Unset      []string
	Was        map[string]json.RawMessage // the properties that the step names, as they were; absent ones are missing
}

// Planned is a step, or why there can be none.
type Planned struct {
	Step
	Problem string
}

// Difference is what the step changes, as it was and as it shall be; nil for
// absent.
func (s Step) Difference() (before, after map[string]any) {
	before, after = map[string]any{}, map[string]any{}
	for key, raw := range s.Set {
		if was, there := s.Was[key]; !there || !same(decoded(was), decoded(raw)) {
			before[key], after[key] = decoded(was), decoded(raw)
		}
	}
	for _, key := range s.Unset {
		if was, there := s.Was[key]; there {
			before[key], after[key] = decoded(was), nil
		}
	}
	return before, after
}

// IsIdle tells whether everything is already as it shall be.
func (s Step) IsIdle() bool {
	_, after := s.Difference()
	return len(after) == 0
}

// Stale names the properties of a person that are neither as they were when the
// step was planned nor as it wants them: somebody else's change.
func (s Step) Stale(now client.Person) []string {
	var changed []string
	for _, key := range slices.Concat(slices.Sorted(maps.Keys(s.Set)), s.Unset) {
		is, there := now.Properties[key]
		was, had := s.Was[key]
		wanted, sets := s.Set[key]
		isAsPlanned := there == had && same(decoded(is), decoded(was))
		isAsWanted := there == sets && same(decoded(is), decoded(wanted))
		if !isAsPlanned && !isAsWanted {
			changed = append(changed, key)
		}
	}
	return changed
}

// IsDone tells whether a person has all that the step wants.
func (s Step) IsDone(now client.Person) bool {
	for key, raw := range s.Set {
		if is, there := now.Properties[key]; !there || !same(decoded(is), decoded(raw)) {
			return false
		}
	}
	return !slices.ContainsFunc(s.Unset, func(key string) bool { _, there := now.Properties[key]; return there })
}

// planners is how many persons are looked up at a time.
const planners = 4

// Plan works out the same change for several persons, each found exactly. What
// is wrong with one of them is its problem; an error means that PostHog could
// not be asked, and nothing is known.
func (r *Register) Plan(ctx context.Context, references []string, set map[string]json.RawMessage, unset []string) ([]Planned, error) {
	if err := r.Allowed(set, unset); err != nil {
		return nil, err
	}
	planned := make([]Planned, len(references))
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(planners)
	for i, reference := range references {
		group.Go(func() error {
			person, _, err := r.FindToWrite(working, reference)
			var refusal *plain.Refusal
			if errors.As(err, &refusal) {
				planned[i] = Planned{Step: Step{Name: plain.Short(reference)}, Problem: refusal.Text}
				return nil
			}
			planned[i].Step = stepFor(person, set, unset)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	first := map[string]int{}
	for i := range planned {
		step := &planned[i]
		if earlier, twice := first[step.UUID]; twice && step.Problem == "" {
			step.Problem = fmt.Sprintf("Row %d is about the same person already.", earlier+1)
			continue
		}
		first[step.UUID] = i
	}
	return planned, nil
}

func stepFor(person client.Person, set map[string]json.RawMessage, unset []string) Step {
	step := Step{UUID: person.UUID, Name: person.Name, Set: set, Unset: unset, Was: map[string]json.RawMessage{}}
	for _, key := range slices.Concat(slices.Collect(maps.Keys(set)), unset) {
		if raw, there := person.Properties[key]; there {
			step.Was[key] = raw
		}
	}
	return step
}

// Select reads the UUIDs of all persons who fit a query, over all pages. More
// than most are refused with their number: what a plan may touch has a limit.
func (r *Register) Select(ctx context.Context, query client.PersonQuery, most int) (uuids []string, err error) {
	query.Limit, query.IncludeTotal = 100, true
	for {
		page, err := r.api.ListPersons(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, person := range page.Results {
			if !slices.Contains(uuids, person.UUID) {
				uuids = append(uuids, person.UUID)
			}
		}
		switch {
		case page.Count != nil && *page.Count > most:
			return nil, plain.Refuse("Nothing was planned: %d persons fit, and a plan may touch at most %d here. Narrow the filter, or plan in parts.", *page.Count, most)
		case len(uuids) > most:
			return nil, plain.Refuse("Nothing was planned: more than %d persons fit, which is the most a plan may touch here. Narrow the filter, or plan in parts.", most)
		case page.More:
			query.Offset += query.Limit
		case page.Count != nil && *page.Count != len(uuids):
			return nil, plain.Refuse("Nothing was planned: PostHog counts %d persons who fit and shows %d, so it is not known who they are. Try again, or name them by UUID.", *page.Count, len(uuids))
		default:
			return uuids, nil
		}
	}
}
