package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/people"
)

// DeletePersonRequest are the arguments of delete_person.
type DeletePersonRequest struct {
	ProjectArg
	PersonArg
	DeleteEvents     bool `json:"delete_events,omitempty" jsonschema_description:"Also delete its events."`
	DeleteRecordings bool `json:"delete_recordings,omitempty" jsonschema_description:"Also delete recordings."`
	KeepPerson       bool `json:"keep_person,omitempty" jsonschema_description:"Delete only these."`
	ConfirmationArg
}

// DeletePersonResult is a preview, or a receipt with the certificate of the
// erasure.
type DeletePersonResult struct {
	ReceiptOrPreview
	Certificate *people.Certificate `json:"certificate,omitempty" jsonschema_description:"What was done and seen afterwards."`
}

// MarshalJSON writes the one that is there.
func (r DeletePersonResult) MarshalJSON() ([]byte, error) {
	if r.Preview != nil {
		return encode(r.Preview)
	}
	return encode(struct {
		*Receipt
		Certificate *people.Certificate `json:"certificate,omitempty"`
	}{r.Receipt, r.Certificate})
}

var deletePersonTool = define(Spec{
	Name:        "delete_person",
	Title:       "Delete a person",
	Description: "Delete one person for good, on request with events and recordings (erasure). Previews first who it is and who else has the email; call again with the confirmation once the user agreed. For a deleted UUID: the certificate, and whether events are gone.",
	Toolset:     Persons,
	Effect:      Erases,
}, deletePerson)

func deletePerson(d *Desk, ctx context.Context, in DeletePersonRequest) (DeletePersonResult, error) {
	if in.KeepPerson && !in.DeleteEvents && !in.DeleteRecordings {
		return DeletePersonResult{}, plain.Refuse("Nothing to delete: keep_person needs delete_events or delete_recordings.")
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return DeletePersonResult{}, err
	}
	person, match, err := s.people.FindToWrite(ctx, in.Person)
	if plain.IsAbsent(err) {
		return d.erasedBefore(ctx, s, in.Person, err)
	} else if err != nil {
		return DeletePersonResult{}, err
	}
	options := client.DeletePersonOptions{Events: in.DeleteEvents, Recordings: in.DeleteRecordings, KeepPerson: in.KeepPerson}
	if err := people.CheckDeletion(person, options); err != nil {
		return DeletePersonResult{}, err
	}
	agreement := d.agreement(s, Persons, "delete_person", in.Confirmation, in.unconfirmed(), personIdentity(person))
	view := erasureView{in: in, person: person, match: match}
	if err := view.look(ctx, s); err != nil {
		return DeletePersonResult{}, err
	}
	if why := view.misled(); why != "" {
		return DeletePersonResult{ReceiptOrPreview: agreement.shown(view.propose(), "Nothing has been done, and there is no confirmation for this: "+why)}, nil
	}
	answer, agreed, err := agreement.reach(ctx, func(ctx context.Context) (proposal, error) { return view.complete(ctx, d, s) })
	if !agreed {
		return DeletePersonResult{ReceiptOrPreview: answer}, err
	}
	receipt, certificate, err := d.erase(ctx, s, view, options)
	if err != nil {
		return DeletePersonResult{}, err
	}
	agreement.finish(ctx, &receipt)
	return DeletePersonResult{ReceiptOrPreview{Receipt: &receipt}, certificate}, nil
}

func (in DeletePersonRequest) unconfirmed() DeletePersonRequest { in.Confirmation = ""; return in }

// erasureView is a deletion as it is shown before.
type erasureView struct {
	in         DeletePersonRequest
	person     client.Person
	match      people.Match
	queued     []string      // distinct ids that a queued split is to take away
	splitsSeen bool          // whether PostHog's log could be read for that
	rival      client.Person // who has the given UUID as distinct id
	hasRival   bool
	neighbours people.Neighbours
	earlier    *people.Certificate // of a deletion of the same UUID
}

// look finds out what must not be deleted by mistake.
func (v *erasureView) look(ctx context.Context, s scope) (err error) {
	if v.queued, v.splitsSeen, err = s.people.QueuedSplit(ctx, v.person); err != nil {
		return err
	}
	v.rival, v.hasRival, err = s.people.Rival(ctx, v.person, v.in.Person)
	return err
}

// misled says why whoever named the person may mean somebody else, if so.
func (v erasureView) misled() string {
	switch {
	case slices.Contains(v.queued, v.in.Person) || slices.Contains(v.queued, strings.TrimSpace(v.in.Person)):
		return fmt.Sprintf("a split is to take the distinct id %q away and has not done so yet. Until then it leads to this person, whom you may not mean. Wait until it leads to its own; to delete this person all the same, name the UUID.", plain.Short(v.in.Person))
	case v.hasRival:
		return fmt.Sprintf("another person (UUID %s) has this UUID as distinct id. To delete the person shown, name the number %s; to delete the other, name its UUID.", v.rival.UUID, v.person.ID)
	}
	return ""
}

// complete shows the deletion with what else somebody may have meant.
func (v erasureView) complete(ctx context.Context, d *Desk, s scope) (p proposal, err error) {
	if v.neighbours, err = s.people.Neighbours(ctx, v.person); err != nil {
		return proposal{}, err
	}
	v.earlier = d.certificateOf(ctx, s, v.person.UUID)
	return v.propose(), nil
}

// NeighbourRow is a person who may be meant instead, or too.
type NeighbourRow struct {
	PersonRow
	Why string `json:"why"`
}

func neighbourRows(all []people.Neighbour) []NeighbourRow {
	const most = 10
	rows := []NeighbourRow{}
	for _, n := range all[:min(len(all), most)] {
		rows = append(rows, NeighbourRow{personRow(n.Person), n.Why})
	}
	return rows
}

// propose shows who would be deleted, with what, and who else carries the
// e-mail.
func (v erasureView) propose() proposal {
	const most = 10
	shown := map[string]any{
		"person": wholePerson(v.person, personProjection{}, 1000), "matched_by": v.match.String(),
		"same_email": neighbourRows(v.neighbours.Same), "same_email_count": len(v.neighbours.Same),
		"deletes": map[string]bool{"person": !v.in.KeepPerson, "events": v.in.DeleteEvents, "recordings": v.in.DeleteRecordings},
	}
	if len(v.neighbours.Inbox) > 0 {
		shown["perhaps_same_inbox"] = neighbourRows(v.neighbours.Inbox)
	}
	if v.neighbours.Cut {
		shown["same_email_incomplete"] = true
	}
	if len(v.queued) > 0 {
		shown["split_queued"] = v.queued[:min(len(v.queued), most)]
	}
	if v.earlier != nil {
		shown["deleted_before"] = v.earlier.At
	}
	return proposal{shown: shown, note: v.note(), lines: v.lines()}
}

// note says what the deletion takes and what it leaves.
func (v erasureView) note() string {
	note := "Deletes this person's record for good."
	switch {
	case v.in.KeepPerson:
		note = "Keeps the person's record and queues the deletion of what is marked, for good."
	case v.in.DeleteEvents || v.in.DeleteRecordings:
		note = "Deletes this person's record for good at once, and queues the deletion of what else is marked."
	}
	if stays := v.in.whatStays(); stays != "" {
		note = sentences(note, stays)
	}
	if v.in.DeleteEvents {
		note += " Events captured before go in batches, on PostHog's cloud on Sundays at 05:00 UTC; later ones stay."
	}
	note += " Others with the same e-mail are not touched: each needs a call of its own."
	if len(v.queued) > 0 {
		note += " A split is to take some distinct ids away and has not done so yet: now they and what belongs to them would go, too."
	}
	if !v.splitsSeen {
		note += " Whether a split is queued cannot be seen: the key lacks activity_log:read, or PostHog has no log."
	}
	if v.earlier != nil {
		note += " A person of this UUID was deleted before: an event has made this one since."
	}
	return note
}

// whatStays names what a deletion leaves.
func (in DeletePersonRequest) whatStays() string {
	switch {
	case !in.DeleteEvents && !in.DeleteRecordings:
		return "Events and recordings stay."
	case !in.DeleteEvents:
		return "Events stay."
	case !in.DeleteRecordings:
		return "Recordings stay."
	}
	return ""
}

// lines are the same for a person who is asked.
func (v erasureView) lines() []string {
	lines := []string{
		"Delete " + v.in.whatGoes() + " of the person " + personInWords(v.person) + "?",
		fmt.Sprintf("The person has %s and %s.", count(len(v.person.DistinctIDs), "distinct id", "distinct ids"), count(len(v.person.Properties), "property", "properties")),
		fmt.Sprintf("Others with the same e-mail, not touched: %d.", len(v.neighbours.Same)),
	}
	if len(v.queued) > 0 {
		lines = append(lines, fmt.Sprintf("A split that is queued was to take %s away first (%s).", count(len(v.queued), "distinct id", "distinct ids"), some(v.queued)))
	}
	return lines
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
