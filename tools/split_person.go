package tools

import (
	"context"
	"fmt"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/people"
)

// SplitPersonRequest are the arguments of split_person.
type SplitPersonRequest struct {
	ProjectArg
	PersonArg
	DistinctIDs    []string `json:"distinct_ids,omitempty" jsonschema:"maxItems=2000" jsonschema_description:"The ids that leave, each to a new person of its own."`
	MainDistinctID string   `json:"main_distinct_id,omitempty" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Instead: the one id that stays, all others leave."`
	ConfirmationArg
}

// SplitPersonResult is a preview, or a receipt that says who has which ids now.
type SplitPersonResult struct {
	ReceiptOrPreview
	Moved      []people.Move `json:"moved,omitempty" jsonschema_description:"The first ids that left, and the persons they were then found to lead to."`
	MovedCount *int          `json:"moved_count,omitempty" jsonschema_description:"How many ids were found to lead to their new persons."`
}

// MarshalJSON writes the one that is there.
func (r SplitPersonResult) MarshalJSON() ([]byte, error) {
	if r.Preview != nil {
		return encode(r.Preview)
	}
	return encode(struct {
		*Receipt
		Moved      []people.Move `json:"moved,omitempty"`
		MovedCount *int          `json:"moved_count,omitempty"`
	}{r.Receipt, r.Moved, r.MovedCount})
}

// movesShown is how many ids of each side of a split are listed.
const movesShown = 20

var splitPersonTool = define(Spec{
	Name:        "split_person",
	Title:       "Split a person",
	Description: "Take a wrongly merged person apart, for good; properties and past events stay with the original. Previews first who gets which ids; call again with the confirmation once the user agreed.",
	Toolset:     Persons,
	Effect:      Erases,
}, splitPerson)

func splitPerson(d *Desk, ctx context.Context, in SplitPersonRequest) (SplitPersonResult, error) {
	if err := people.CheckSplit(in.DistinctIDs, in.MainDistinctID); err != nil {
		return SplitPersonResult{}, err
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return SplitPersonResult{}, err
	}
	person, match, err := s.people.FindToWrite(ctx, in.Person)
	if err != nil {
		return SplitPersonResult{}, err
	}
	partition, err := s.people.Partition(person, in.DistinctIDs, in.MainDistinctID)
	if err != nil {
		return SplitPersonResult{}, err
	}
	agreement := d.agreement(s, Persons, "split_person", in.Confirmation, in.unconfirmed(), personIdentity(person))
	answer, agreed, err := agreement.reach(ctx, func(context.Context) (proposal, error) { return proposeSplit(person, partition), nil })
	if !agreed {
		return SplitPersonResult{ReceiptOrPreview: answer}, err
	}
	w := deed{
		tool: "split_person", target: journal.Target{Kind: "person", ID: person.UUID}, arguments: onSplit(partition), person: person.UUID,
		image: image{Person: &personImage{UUID: person.UUID, DistinctIDs: partition.Stays}}, forGood: true,
	}
	var split people.Separation
	receipt, err := d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		if split, err = s.people.Split(ctx, person, partition); err != nil {
			return done{}, err
		}
		return personSplit(s, person, match, split.Result), nil
	})
	if err != nil {
		return SplitPersonResult{}, err
	}
	agreement.finish(ctx, &receipt)
	return splitResult(receipt, split), nil
}

// splitOnRecord is a split as the journal keeps it. The ids that leave are data
// of the new persons, whom erasing the old one does not erase, nor the other way
// round: they stand there by the UUIDs that PostHog derives from them.
type splitOnRecord struct {
	NewPersons []string `json:"new_persons"`
}

func onSplit(p people.Partition) splitOnRecord {
	var kept splitOnRecord
	for _, move := range p.Moves {
		kept.NewPersons = append(kept.NewPersons, move.NewPerson)
	}
	return kept
}

// splitResult adds to a receipt where the ids were found to lead to.
func splitResult(receipt Receipt, split people.Separation) SplitPersonResult {
	result := SplitPersonResult{ReceiptOrPreview: ReceiptOrPreview{Receipt: &receipt}}
	if split.Checked > 0 {
		found := len(split.Moved)
		result.Moved, result.MovedCount = split.Moved[:min(found, movesShown)], &found
	}
	return result
}

// personSplit words what came of a split.
func personSplit(s scope, person client.Person, match people.Match, result people.Result) done {
	return done{Receipt: Receipt{
		Outcome: result.Outcome, Target: personTarget(person, match), Before: result.Before, After: result.After, Note: result.Note,
		Undo: "A split cannot be undone.", URL: s.links.person(person.UUID), ProjectID: s.project,
	}}
}

func (in SplitPersonRequest) unconfirmed() SplitPersonRequest { in.Confirmation = ""; return in }

// proposeSplit shows both sides, long ones in part.
func proposeSplit(person client.Person, p people.Partition) proposal {
	leaving := make([]string, len(p.Moves))
	for i, move := range p.Moves {
		leaving[i] = move.DistinctID
	}
	return proposal{
		shown: map[string]any{
			"person":      personRow(person),
			"stays":       p.Stays[:min(len(p.Stays), movesShown)],
			"stays_count": len(p.Stays),
			"moves":       p.Moves[:min(len(p.Moves), movesShown)],
			"moves_count": len(p.Moves),
		},
		note: "Splits the person for good: there is no way to merge back safely. Properties stay with the original, past events keep their distinct ids.",
		lines: []string{
			"Split the person " + personInWords(person) + "?",
			fmt.Sprintf("Stays: %s (%s).", count(len(p.Stays), "distinct id", "distinct ids"), some(p.Stays)),
			fmt.Sprintf("Leaves, each to a new person: %s (%s).", count(len(leaving), "distinct id", "distinct ids"), some(leaving)),
		},
	}
}

// personIdentity is what a confirmation about a person binds.
func personIdentity(person client.Person) any { return people.Identity(person) }
