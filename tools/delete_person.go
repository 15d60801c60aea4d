package tools

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/people"
)

// DeletePersonRequest are the arguments of delete_person.
type DeletePersonRequest struct {
	ProjectArg
	PersonArg
	DeleteEvents     bool `json:"delete_events,omitempty" jsonschema_description:"Also delete the person's events."`
	DeleteRecordings bool `json:"delete_recordings,omitempty" jsonschema_description:"Also delete session recordings."`
	KeepPerson       bool `json:"keep_person,omitempty" jsonschema_description:"Delete only the events or recordings."`
	ConfirmationArg
}

var deletePersonTool = define(Spec{
	Name:        "delete_person",
	Title:       "Delete a person",
	Description: "Delete one person for good, on request with events and recordings (erasure). Previews first who it is and who else has the same email; call again with the confirmation once the user agreed.",
	Toolset:     Persons,
	Effect:      Erases,
}, deletePerson)

func deletePerson(d *Desk, ctx context.Context, in DeletePersonRequest) (ReceiptOrPreview, error) {
	if in.KeepPerson && !in.DeleteEvents && !in.DeleteRecordings {
		return ReceiptOrPreview{}, plain.Refuse("Nothing to delete: keep_person needs delete_events or delete_recordings.")
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	person, match, err := s.people.FindToWrite(ctx, in.Person)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	options := client.DeletePersonOptions{Events: in.DeleteEvents, Recordings: in.DeleteRecordings, KeepPerson: in.KeepPerson}
	if err := people.CheckDeletion(person, options); err != nil {
		return ReceiptOrPreview{}, err
	}
	agreement := d.agreement(s, Persons, "delete_person", in.Confirmation, in.unconfirmed(), personIdentity(person))
	answer, agreed, err := agreement.reach(ctx, func(ctx context.Context) (proposal, error) { return proposeErasure(ctx, s, person, in) })
	if !agreed {
		return answer, err
	}
	// Nothing of the person goes on record: it could not be restored anyway.
	w := deed{tool: "delete_person", target: journal.Target{Kind: "person", ID: person.UUID}, arguments: in.unconfirmed(), person: person.UUID, forGood: true}
	receipt, err := d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		result, err := s.people.Delete(ctx, person, options)
		if err != nil {
			return done{}, err
		}
		return personDeleted(s, person, match, in, result), nil
	})
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	agreement.finish(ctx, &receipt)
	if !in.KeepPerson && receipt.Outcome != journal.Ignored {
		d.forget(ctx, person.UUID, &receipt)
	}
	return ReceiptOrPreview{Receipt: &receipt}, nil
}

// personDeleted words what came of a deletion.
func personDeleted(s scope, person client.Person, match people.Match, in DeletePersonRequest, result people.Result) done {
	receipt := Receipt{
		Outcome: result.Outcome, Target: personTarget(person, match), Note: result.Note, Undo: "A deletion cannot be undone.",
		Before: map[string]any{"distinct_ids": len(person.DistinctIDs), "properties": len(person.Properties)},
		URL:    s.links.person(person.UUID), ProjectID: s.project,
	}
	if in.KeepPerson || result.Outcome == journal.Ignored {
		receipt.After = receipt.Before
	}
	return done{Receipt: receipt}
}

// forget erases what the journal holds of a person who is deleted.
func (d *Desk) forget(ctx context.Context, uuid string, receipt *Receipt) {
	if d.ledger == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	book, err := d.ledger.journal(ctx)
	if err == nil {
		_, err = book.ErasePerson(ctx, uuid)
	}
	if err != nil {
		receipt.Note = sentences(receipt.Note, "What the journal holds of this person could not be erased: "+plain.Explain(onRecord(err)))
	}
}

func (in DeletePersonRequest) unconfirmed() DeletePersonRequest { in.Confirmation = ""; return in }

// proposeErasure shows who would be deleted, and who else carries the e-mail.
func proposeErasure(ctx context.Context, s scope, person client.Person, in DeletePersonRequest) (proposal, error) {
	others, err := s.people.SameEmail(ctx, person)
	if err != nil {
		return proposal{}, err
	}
	same := []PersonRow{}
	for _, other := range others[:min(len(others), 10)] {
		same = append(same, personRow(other))
	}
	return proposal{
		shown: map[string]any{
			"person": wholePerson(person, personProjection{}, 1000), "same_email": same, "same_email_count": len(others),
			"deletes": map[string]bool{"person": !in.KeepPerson, "events": in.DeleteEvents, "recordings": in.DeleteRecordings},
		},
		note: erasureNote(in),
		lines: []string{
			"Delete " + in.whatGoes() + " of the person " + personInWords(person) + "?",
			fmt.Sprintf("The person has %s and %s.", count(len(person.DistinctIDs), "distinct id", "distinct ids"), count(len(person.Properties), "property", "properties")),
			fmt.Sprintf("Others with the same e-mail, not touched: %d.", len(others)),
		},
	}, nil
}

// whatGoes names what a deletion takes.
func (in DeletePersonRequest) whatGoes() string {
	var parts []string
	for _, part := range []struct {
		goes bool
		name string
	}{{!in.KeepPerson, "the record"}, {in.DeleteEvents, "all events"}, {in.DeleteRecordings, "all session recordings"}} {
		if part.goes {
			parts = append(parts, part.name)
		}
	}
	return strings.Join(parts, " and ")
}

// personInWords names a person to a person.
func personInWords(person client.Person) string {
	row := personRow(person)
	name := cmp.Or(row.Email, row.Name)
	if name == "" && len(person.DistinctIDs) > 0 {
		name = person.DistinctIDs[0]
	}
	return fmt.Sprintf("%s (UUID %s)", quoted(name), row.UUID)
}

func erasureNote(in DeletePersonRequest) string {
	note := "Deletes this person's record for good. Events and recordings stay."
	switch {
	case in.KeepPerson:
		note = "Keeps the person's record and queues the deletion of what is marked, for good."
	case in.DeleteEvents || in.DeleteRecordings:
		note = "Deletes this person's record for good at once, and queues the deletion of what else is marked."
	}
	return note + " Others with the same e-mail are not touched: each needs a call of its own."
}
