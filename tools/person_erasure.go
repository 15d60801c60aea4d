package tools

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/people"
)

const (
	erasures      = "erasure"           // the kind of a certificate in the journal
	certificate   = 90 * 24 * time.Hour // how long one is kept
	deletedForAll = "A deletion cannot be undone."
)

// erasureWish is what it takes to finish a deletion that another call, or
// another process, has begun: nothing of the person but ids.
type erasureWish struct {
	Number  string                     `json:"number"`
	Former  []string                   `json:"former"` // the UUIDs to erase from the journal
	IDs     int                        `json:"ids"`
	Options client.DeletePersonOptions `json:"options"`
}

// erase makes the deletion that a view shows, and leaves a certificate of it.
func (d *Desk) erase(ctx context.Context, s scope, v erasureView, options client.DeletePersonOptions) (Receipt, *people.Certificate, error) {
	var proof *people.Certificate
	// Nothing of the person goes on record: it could not be restored anyway.
	asked := erasureWish{Number: v.person.ID, Former: s.people.FormerUUIDs(v.person), IDs: len(v.person.DistinctIDs), Options: options}
	w := deed{
		tool: "delete_person", target: journal.Target{Kind: "person", ID: v.person.UUID}, arguments: options,
		wish: wish{Erasure: &asked}, person: v.person.UUID, forGood: true,
	}
	receipt, err := d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		result, err := s.people.Delete(ctx, v.person, options, d.now())
		if err != nil {
			return done{}, err
		}
		proof = &result.Certificate
		deleted := personDeleted(s, v, result)
		// Before the outcome is recorded: as long as there is none, a server that ends here is noticed.
		deleted.Receipt.Note = sentences(deleted.Receipt.Note, d.conclude(ctx, s, asked.Former, proof))
		return deleted, nil
	})
	if err != nil {
		return Receipt{}, nil, err
	}
	return receipt, proof, nil
}

// personDeleted words what came of a deletion.
func personDeleted(s scope, v erasureView, result people.Erasure) done {
	receipt := Receipt{
		Outcome: result.Outcome, Target: personTarget(v.person, v.match), Note: result.Note, Undo: deletedForAll,
		Before: map[string]any{"distinct_ids": len(v.person.DistinctIDs), "properties": len(v.person.Properties)},
		URL:    s.links.persons(), ProjectID: s.project,
	}
	if !result.Certificate.Gone() {
		receipt.After, receipt.URL = receipt.Before, s.links.person(v.person.UUID)
	}
	return done{Receipt: receipt}
}

// conclude erases what the journal holds of a person who is gone, keeps the
// certificate, which holds nothing of them, and says what of that failed.
func (d *Desk) conclude(ctx context.Context, s scope, former []string, proof *people.Certificate) (trouble string) {
	if d.ledger == nil || proof.Person == people.StillThere {
		return ""
	}
	ctx = context.WithoutCancel(ctx)
	book, err := d.ledger.journal(ctx)
	if err == nil {
		err = d.keepCertificate(ctx, s, book, *proof) // first, as the deletion cannot be told any more once it is erased
	}
	if err != nil {
		trouble = "The certificate could not be kept: " + plain.Explain(onRecord(err))
	}
	if book == nil || !proof.Gone() {
		return trouble
	}
	erased, err := book.ErasePerson(ctx, former...)
	if err == nil || erased > 0 {
		proof.Journal = &erased
	}
	if err != nil {
		return sentences(trouble, "What the journal holds of this person could not be erased, or not all of it; calling delete_person with the UUID tries again: "+plain.Explain(onRecord(err)))
	}
	if err := d.keepCertificate(ctx, s, book, *proof); err != nil && trouble == "" {
		trouble = "How many records were erased could not be kept: " + plain.Explain(onRecord(err))
	}
	return trouble
}

// lookAtErasure finishes a deletion whose outcome was not known: if the person
// is gone, so is what the journal holds of them.
func (d *Desk) lookAtErasure(ctx context.Context, s scope, book *journal.Journal, entry journal.Entry, asked erasureWish) (journal.Entry, error) {
	proof := people.Certify(entry.Target.ID, asked.IDs, asked.Options, entry.At)
	found, _, err := s.byUUID(ctx, entry.Target.ID)
	switch {
	case plain.IsAbsent(err):
		proof.Person = people.Deleted
	case err != nil:
		return entry, err
	case found.ID != asked.Number:
		proof.Person = people.MadeAnew
	}
	outcome := journal.Ignored
	switch {
	case proof.Gone():
		outcome = proof.Outcome()
	case d.now().Before(entry.Deadline):
		return entry, nil // it may still come
	case asked.Options.KeepPerson:
		outcome = journal.Unknown // a person who is kept shows nothing of it
	}
	if proof.Gone() {
		if trouble := d.conclude(ctx, s, asked.Former, &proof); trouble != "" {
			return entry, plain.Refuse("%s", trouble)
		}
	}
	if err := settle(ctx, book, entry.ID, outcome, nil, foundLater); err != nil && !errors.Is(err, journal.ErrSettled) {
		return entry, onRecord(err)
	}
	return book.Entry(ctx, s.principal(), entry.ID)
}

// settleErased settles a deletion whose server ended when the person was erased
// from the journal already, and the deletion with them.
func (d *Desk) settleErased(ctx context.Context, s scope, book *journal.Journal, entry journal.Entry, proof people.Certificate) (journal.Entry, error) {
	if err := settle(ctx, book, entry.ID, proof.Outcome(), nil, foundLater); err != nil && !errors.Is(err, journal.ErrSettled) {
		return entry, onRecord(err)
	}
	return book.Entry(ctx, s.principal(), entry.ID)
}

// isUnfinished tells whether a deletion has something left to do once the
// person is gone: to find that out, or to erase what the journal holds.
func isUnfinished(entry journal.Entry) bool {
	if entry.Tool != "delete_person" || entry.Tampered || !entry.ErasedAt.IsZero() {
		return false
	}
	var asked wish
	switch entry.Outcome {
	case "", journal.Unknown:
		return true
	case journal.Applied, journal.Pending:
		return decodeKept(entry.Wanted, &asked) == nil && asked.Erasure != nil && !asked.Erasure.Options.KeepPerson
	}
	return false
}

// finishErasure finishes deletions of a UUID that nobody has any more, where
// this is not on record yet.
func (d *Desk) finishErasure(ctx context.Context, s scope, uuid string) error {
	if d.ledger == nil {
		return nil
	}
	book, err := d.ledger.journal(ctx)
	if err != nil {
		return nil // what PostHog knows can be told without it
	}
	entries, _, err := book.List(ctx, journal.Query{Principal: s.principal(), Target: journal.Target{Kind: "person", ID: uuid}, Limit: 20})
	if err != nil {
		return onRecord(err)
	}
	for _, entry := range entries {
		if !isUnfinished(entry) {
			continue
		}
		if _, err := d.lookAgain(ctx, s, book, entry); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) keepCertificate(ctx context.Context, s scope, book *journal.Journal, proof people.Certificate) error {
	payload, err := encode(proof)
	if err != nil {
		return err
	}
	return book.Keep(ctx, journal.Item{
		Principal: s.principal(), Kind: erasures, ID: proof.UUID, Payload: payload, Expires: d.now().Add(certificate),
	})
}

// certificateOf is the certificate of an earlier erasure, nil if none is kept
// or none can be read: then it is not known.
func (d *Desk) certificateOf(ctx context.Context, s scope, uuid string) *people.Certificate {
	if d.ledger == nil {
		return nil
	}
	book, err := d.ledger.journal(ctx)
	if err != nil {
		return nil
	}
	item, err := book.Item(ctx, s.principal(), erasures, uuid)
	if err != nil {
		return nil
	}
	var kept people.Certificate
	if json.Unmarshal(item.Payload, &kept) != nil || !kept.Gone() {
		return nil
	}
	return &kept
}

// erasedBefore answers for a UUID that nobody has any more: with how its
// erasure went, if there was one.
func (d *Desk) erasedBefore(ctx context.Context, s scope, reference string, absent error) (DeletePersonResult, error) {
	uuid, isUUID := people.PlainUUID(reference)
	if !isUUID {
		return DeletePersonResult{}, absent
	}
	if err := d.finishErasure(ctx, s, uuid); err != nil {
		return DeletePersonResult{}, err
	}
	proof, err := s.people.FollowUp(ctx, uuid, d.certificateOf(ctx, s, uuid))
	switch {
	case err != nil:
		return DeletePersonResult{}, err
	case proof == nil:
		return DeletePersonResult{}, absent
	}
	receipt := Receipt{
		Outcome: proof.Outcome(), Target: &Target{Kind: "person", ID: uuid, MatchedBy: "uuid"}, Note: followUpNote(*proof), Undo: deletedForAll,
		URL: s.links.persons(), ProjectID: s.project,
	}
	return DeletePersonResult{ReceiptOrPreview{Receipt: &receipt}, proof}, nil
}

// followUpNote says how an earlier erasure stands.
func followUpNote(proof people.Certificate) string {
	note := fmt.Sprintf("Nothing was done now: nobody has this UUID, and its deletion of %s is on record.", minute(proof.At))
	if proof.DistinctIDs == 0 {
		note = fmt.Sprintf("Nothing was done now: nobody has this UUID. PostHog's queue has a deletion of its events, asked for at %s.", minute(proof.At))
	}
	switch events := proof.Events; {
	case events == nil:
	case events.Verified != nil:
		note += fmt.Sprintf(" Its events are gone: PostHog verified that at %s.", minute(*events.Verified))
	case events.State == people.Unconfirmed:
		note += " PostHog's queue does not show the deletion of its events."
	default:
		note += " Its events are queued for deletion and not gone yet. Ask again after PostHog's next run."
	}
	if proof.Recordings != nil {
		note += " Of recordings PostHog does not tell whether they are gone."
	}
	return note
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
