package people

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/policy"
	"posthog-accounts-mcp/journal"
)

// Result is what became of a write.
type Result struct {
	Outcome journal.Outcome
	Person  client.Person  // as read back; as it was, after a delete
	Before  map[string]any // the changed properties as they were; nil for absent
	After   map[string]any // the same as read back
	Note    string

	Theirs []string // the changed properties that somebody else has set to something else by then
}

// patience is when an accepted write is looked for. PostHog applies person
// writes later, and says nothing when it does not.
var patience = []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond, time.Second}

// Allowed refuses a change that names what the operator lets nobody write.
func (r *Register) Allowed(set map[string]json.RawMessage, unset []string) error {
	return r.policy.Fields(policy.Person, slices.Concat(slices.Collect(maps.Keys(set)), unset)...)
}

// Update sets and removes properties of a person, leaving the others, and looks
// whether the change arrives.
func (r *Register) Update(ctx context.Context, person client.Person, set map[string]json.RawMessage, unset []string) (Result, error) {
	if err := r.Allowed(set, unset); err != nil {
		return Result{}, err
	}
	wanted := map[string]any{}
	sets := map[string]any{}
	for key, raw := range set {
		if bytes.Equal(compact(person.Properties[key]), compact(raw)) {
			continue
		}
		wanted[key], sets[key] = decoded(raw), raw
	}
	var removals []string
	for _, key := range slices.Sorted(slices.Values(unset)) {
		if _, present := person.Properties[key]; present {
			wanted[key] = absent
			removals = append(removals, key)
		}
	}
	before := shown(person, wanted)
	if len(wanted) == 0 {
		return Result{Outcome: journal.Ignored, Person: person, Before: before, After: before, Note: "It is already so; nothing was sent."}, nil
	}
	trouble, lost, err := r.send(ctx, person.UUID, sets, removals)
	if err != nil {
		return Result{}, err
	}
	result := Result{Before: before, Note: trouble}
	for _, wait := range patience {
		if err := sleep(ctx, wait); err != nil {
			break
		}
		found, err := r.api.Person(ctx, person.UUID)
		switch {
		case err != nil && lost:
			return Result{}, plain.Refuse("Outcome unknown: PostHog did not answer the change, nor the look afterwards (%s). Look with get_person before you repeat anything.", plain.Explain(err))
		case err != nil:
			return Result{}, plain.Refuse("PostHog accepted the change, but the person could not be read back (%s). Look with get_person before you repeat anything.", plain.Explain(err))
		}
		result.Person, result.After = found, shown(found, wanted)
		result.Outcome = journal.Compare(before, visible(wanted), result.After, same)
		if result.Outcome == journal.Applied {
			return result, nil
		}
	}
	if result.Outcome == "" {
		return Result{}, plain.Refuse("Outcome unknown: the call ended before the person could be read back. Look with get_person before you repeat anything.")
	}
	for name, want := range visible(wanted) {
		if is := result.After[name]; !same(is, want) && !same(is, before[name]) {
			result.Theirs = append(result.Theirs, name)
		}
	}
	return unfinished(result, lost), nil
}

// answerLost is what a receipt says of a request without an answer.
const answerLost = "PostHog's answer was lost; this is what was read afterwards."

// send makes the requests of an update. The first may fail it; after that,
// trouble is told in the receipt. A lost answer leaves open whether PostHog has
// the change.
func (r *Register) send(ctx context.Context, id string, sets map[string]any, removals []string) (trouble string, lost bool, err error) {
	sent := false
	if len(sets) > 0 {
		if err := r.api.PatchPerson(ctx, id, sets); err != nil && !unclear(err) {
			return "", false, err
		} else if err != nil {
			trouble, lost = answerLost, true
		}
		sent = true
	}
	for _, key := range removals {
		err := r.api.DeletePersonProperty(ctx, id, key)
		switch {
		case unclear(err) && !reported(err):
			trouble, lost = answerLost, true
		case err != nil && !sent && !unclear(err):
			return "", false, err
		case err != nil:
			trouble = "Removing " + plain.Short(key) + " did not go through: " + plain.Explain(err)
		}
		sent = true
	}
	return trouble, lost, nil
}

// unfinished words a change that is not there yet.
func unfinished(result Result, lost bool) Result {
	missing := result.Outcome == journal.Ignored || result.Outcome == journal.Partial
	switch {
	case missing && lost:
		result.Outcome = journal.Pending
		result.Note = "PostHog's answer was lost and the change is not there yet: it may still come, or never have arrived. Look with get_person in a minute; repeat it only if it is not there then."
	case missing && result.Note == "":
		result.Outcome = journal.Pending
		result.Note = "PostHog accepted the change and has not applied it yet; it can take seconds to minutes, and can fail silently. Look with get_person later; do not repeat it now."
	case result.Outcome == journal.Overridden:
		result.Note = strings.TrimSpace(result.Note + " Something else is there now than was asked for: an event may have set it at the same time.")
	}
	return result
}

func unclear(err error) bool {
	failure, ok := errors.AsType[*client.Error](err)
	return ok && failure.Sent
}

// reported tells a removal of which PostHog itself says that it failed: with a
// status like a proxy's, but in its own words.
func reported(err error) bool {
	failure, ok := errors.AsType[*client.Error](err)
	return ok && strings.HasPrefix(failure.Detail, "Unable to delete property")
}

// absent stands for a property that shall not be there.
const absent = "\x00absent"

// visible is wanted as a receipt shows it: nil for absent.
func visible(wanted map[string]any) map[string]any {
	fields := make(map[string]any, len(wanted))
	for key, value := range wanted {
		if value == absent {
			value = nil
		}
		fields[key] = value
	}
	return fields
}

// shown is the properties of a person that a change names.
func shown(person client.Person, wanted map[string]any) map[string]any {
	fields := make(map[string]any, len(wanted))
	for key := range wanted {
		fields[key] = decoded(person.Properties[key])
	}
	return fields
}

func decoded(raw json.RawMessage) any {
	var value any
	_ = json.Unmarshal(raw, &value) // nothing there: nil
	return value
}

func compact(raw json.RawMessage) []byte {
	encoded, _ := json.Marshal(decoded(raw))
	if len(raw) == 0 {
		return nil
	}
	return encoded
}

func same(a, b any) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && bytes.Equal(left, right)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
