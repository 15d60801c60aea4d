package people

import (
	"context"
	"encoding/json"
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

// Separation is what became of a split.
type Separation struct {
	Result
	Moved   []Move // the ids that lead to their new persons, as read back
	Checked int    // of how many that left this was looked up
}

// Split carries out a partition and looks who has which ids then.
func (r *Register) Split(ctx context.Context, person client.Person, p Partition) (Separation, error) {
	writeErr := r.api.SplitPerson(ctx, person.UUID, p.split)
	if writeErr != nil && !unclear(writeErr) {
		return Separation{}, writeErr
	}
	s := Separation{Result: Result{Outcome: journal.Pending, Person: person, Before: map[string]any{"distinct_ids": len(person.DistinctIDs)}}}
	for _, wait := range patience {
		if err := sleep(ctx, wait); err != nil {
			break
		}
		found, err := r.api.Person(ctx, person.UUID)
		if err != nil {
			return Separation{}, plain.Refuse("PostHog accepted the split, but the person could not be read back (%s). Look with get_person before you do anything else.", plain.Explain(err))
		}
		s.Person, s.After = found, map[string]any{"distinct_ids": len(found.DistinctIDs)}
		if slices.ContainsFunc(p.Moves, func(m Move) bool { return slices.Contains(found.DistinctIDs, m.DistinctID) }) {
			continue
		}
		if arrived, err := r.follow(ctx, person, p, &s); err != nil || arrived {
			return s, err
		}
	}
	switch {
	case writeErr != nil:
		s.Note = "PostHog's answer was lost and the split is not visible yet; it may still come. Look with get_person before you repeat it."
	default:
		s.Note = "PostHog accepted the split and has not carried it out yet. Until it has, the ids still lead to the old person: do not delete by them. Look with get_person later: it is done when each id that leaves is found under the UUID of its new person."
	}
	return s, nil
}

// follow looks where the ids that left lead to.
func (r *Register) follow(ctx context.Context, person client.Person, p Partition, s *Separation) (arrived bool, err error) {
	ids := make([]string, len(p.Moves))
	for i, move := range p.Moves {
		ids[i] = move.DistinctID
	}
	owners, asked, err := r.owners(ctx, person, ids)
	if err != nil {
		return false, plain.Refuse("The ids have left the person, but where they lead to could not be read back (%s). Look with get_person before you do anything else.", plain.Explain(err))
	}
	s.Checked, s.Moved = asked, nil
	elsewhere := 0
	for _, move := range p.Moves[:asked] {
		switch owner, found := owners[move.DistinctID]; {
		case !found:
			return false, nil // it has left and not arrived yet
		case owner.UUID == move.NewPerson:
			s.Moved = append(s.Moved, move)
		default:
			elsewhere++
		}
	}
	s.Outcome = journal.Applied
	if elsewhere > 0 {
		s.Outcome = journal.Overridden
		s.Note = fmt.Sprintf("%d of the ids that left lead to other persons than the split gave them: an event may have merged them at the same time.", elsewhere)
	}
	return true, nil
}

// QueuedSplit tells which of a person's distinct ids a split is to take away
// and has not taken yet, as PostHog's log has it. An id that left and came
// back looks the same: who names the person by UUID is not to be stopped by it.
// readable is false where PostHog does not let the key read the log.
func (r *Register) QueuedSplit(ctx context.Context, person client.Person) (ids []string, readable bool, err error) {
	const entries = 20
	log, err := r.api.PersonActivity(ctx, person.UUID, 1, entries)
	switch kind := client.KindOf(err); {
	case kind == client.MissingScope || kind == client.Forbidden || kind == client.NoKeyAccess || kind == client.NotFound || kind == client.Unsupported:
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	leaving := map[string]bool{}
	for _, entry := range log.Results {
		for _, change := range entry.Changes {
			if entry.Name == "split_person" {
				markLeaving(leaving, change.After, person)
			}
		}
	}
	ids = slices.DeleteFunc(slices.Clone(person.DistinctIDs), func(id string) bool { return !leaving[id] })
	return ids, true, nil
}

// markLeaving marks the ids of a person that an entry of the log says were to
// leave. Where all but one were, it does not say which one stays: as long as
// there are several, any may leave.
func markLeaving(leaving map[string]bool, after json.RawMessage, person client.Person) {
	var change struct {
		All   []string `json:"distinct_ids"`
		Named []string `json:"distinct_ids_to_split"`
	}
	if json.Unmarshal(after, &change) != nil {
		return // not the form of a split's entry: it tells nothing
	}
	ids := change.Named
	if len(ids) == 0 {
		ids = slices.DeleteFunc(change.All, func(id string) bool { return !slices.Contains(person.DistinctIDs, id) })
		if len(ids) < 2 {
			return
		}
	}
	for _, id := range ids {
		leaving[id] = true
	}
}
