package people

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// namespace is PostHog's for the UUIDs of persons it derives from a distinct
// id (persons reference 3.10).
var namespace = uuid.MustParse("932979b4-65c3-4424-8467-0b66ec27bc22")

// DerivedUUID is the UUID of the person that PostHog makes for a distinct id.
func DerivedUUID(project int64, distinctID string) string {
	return uuid.NewSHA1(namespace, fmt.Appendf(nil, "%d:%s", project, distinctID)).String()
}

// Partition is who ends up with which distinct ids.
type Partition struct {
	Stays []string
	Moves []Move
	split client.Split
}

// Move is a distinct id that leaves, and the person it becomes.
type Move struct {
	DistinctID string `json:"distinct_id"`
	NewPerson  string `json:"new_person"`
}

// CheckSplit refuses a split that does not say, or says twice, which ids leave.
func CheckSplit(leave []string, main string) error {
	switch {
	case len(leave) > 0 && main != "":
		return plain.Refuse("Give either distinct_ids, the ids that leave, or main_distinct_id, the one that stays; not both.")
	case len(leave) == 0 && main == "":
		return plain.Refuse("Say which distinct_ids leave, or give the main_distinct_id that stays while all others leave. Without either, PostHog would break up the whole person.")
	}
	return nil
}

// Partition works out a split: the named ids leave, or all but main do. It
// refuses what PostHog would take and get wrong.
func (r *Register) Partition(person client.Person, leave []string, main string) (Partition, error) {
	if err := CheckSplit(leave, main); err != nil {
		return Partition{}, err
	}
	if len(leave) > 0 && !person.Newest {
		// An older PostHog ignores the list and splits off every id. Trying is no
		// way to find out, so one that does not show to be newer counts as older.
		return Partition{}, plain.Refuse("Not done: this PostHog gives no sign that it can split off single ids, and one that cannot splits off all of them. Give main_distinct_id instead: the one id that stays while all others leave.")
	}
	if main != "" && !slices.Contains(person.DistinctIDs, main) {
		return Partition{}, plain.Refuse("Not done: %q is no distinct id of this person. PostHog does not check that and would split off every id.", plain.Short(main))
	}
	p := Partition{split: client.Split{DistinctIDs: leave, Main: main}}
	for _, id := range leave {
		if !slices.Contains(person.DistinctIDs, id) {
			return Partition{}, plain.Refuse("Not done: %q is no distinct id of this person. get_person shows its ids.", plain.Short(id))
		}
	}
	for _, id := range person.DistinctIDs {
		leaves := main != "" && id != main || slices.Contains(leave, id)
		if !leaves {
			p.Stays = append(p.Stays, id)
			continue
		}
		move := Move{DistinctID: id, NewPerson: DerivedUUID(r.api.ID(), id)}
		if move.NewPerson == person.UUID {
			return Partition{}, plain.Refuse("Not done: %q is the id this person was created from. PostHog derives the person's own UUID from it, so splitting it off does not move it and blanks the person. Let it stay and split off the others.", plain.Short(id))
		}
		p.Moves = append(p.Moves, move)
	}
	switch {
	case len(p.Moves) == 0:
		return Partition{}, plain.Refuse("Nothing to split: the person has no other distinct id.")
	case len(p.Stays) == 0:
		return Partition{}, plain.Refuse("Not done: at least one distinct id must stay with the person.")
	}
	return p, nil
}

// Split carries out a partition and looks whether the ids have moved.
func (r *Register) Split(ctx context.Context, person client.Person, p Partition) (Result, error) {
	writeErr := r.api.SplitPerson(ctx, person.UUID, p.split)
	if writeErr != nil && !unclear(writeErr) {
		return Result{}, writeErr
	}
	result := Result{Outcome: journal.Pending, Person: person, Before: map[string]any{"distinct_ids": len(person.DistinctIDs)}}
	for _, wait := range patience {
		if err := sleep(ctx, wait); err != nil {
			break
		}
		found, err := r.api.Person(ctx, person.UUID)
		if err != nil {
			return Result{}, plain.Refuse("PostHog accepted the split, but the person could not be read back (%s). Look with get_person before you do anything else.", plain.Explain(err))
		}
		result.Person, result.After = found, map[string]any{"distinct_ids": len(found.DistinctIDs)}
		if !slices.ContainsFunc(p.Moves, func(m Move) bool { return slices.Contains(found.DistinctIDs, m.DistinctID) }) {
			result.Outcome = journal.Applied
			return result, nil
		}
	}
	result.Note = "PostHog accepted the split and has not carried it out yet. Until it has, the ids still lead to the old person: do not delete by them. Look with get_person later."
	if writeErr != nil {
		result.Note = "PostHog's answer was lost and the split is not visible yet; it may still come. Look with get_person before you repeat it."
	}
	return result, nil
}
