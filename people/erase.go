package people

import (
	"context"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// CheckDeletion refuses what a PostHog would take and do something else: one of
// 2025 does not know that a person can be kept, and deletes it.
func CheckDeletion(person client.Person, options client.DeletePersonOptions) error {
	if options.KeepPerson && !person.Newest {
		return plain.Refuse("Not done: this PostHog gives no sign that it can keep the person while deleting events or recordings, and one that cannot deletes the person too.")
	}
	return nil
}

// Delete deletes a person that was just read, what else the options name, or
// only that, and looks what is there afterwards: under the UUID, under every
// distinct id, and in the queue where PostHog keeps what it deletes later.
func (r *Register) Delete(ctx context.Context, person client.Person, options client.DeletePersonOptions, now time.Time) (Erasure, error) {
	if err := CheckDeletion(person, options); err != nil {
		return Erasure{}, err
	}
	earlier := r.queuedBefore(ctx, person, options)
	writeErr := r.api.DeletePerson(ctx, person.UUID, options)
	if writeErr != nil && !unclear(writeErr) {
		return Erasure{}, writeErr
	}
	e := Erasure{Outcome: journal.Applied, Certificate: Certify(person.UUID, len(person.DistinctIDs), options, now)}
	found, err := r.api.Person(ctx, person.UUID)
	switch {
	case client.KindOf(err) == client.NotFound:
		e.Certificate.Person = Deleted
	case err != nil:
		return Erasure{}, plain.Refuse("Outcome unknown: the person could not be read back (%s). Look with get_person before you repeat anything.", plain.Explain(err))
	case found.ID != person.ID:
		e.Certificate.Person = MadeAnew
		e.note("An event has made a new person under the same UUID since: PostHog derives it from the distinct id. Whoever still sends events has to stop first.")
	case !options.KeepPerson:
		e.Outcome, e.Certificate.Person = journal.Ignored, StillThere
		e.note("PostHog still shows the person.")
		return e, nil
	}
	if e.Certificate.Gone() {
		r.followIDs(ctx, person, &e)
	}
	r.followQueue(ctx, &e, earlier, writeErr != nil)
	return e, nil
}

// followIDs looks whether a distinct id of a deleted person still leads to
// somebody.
func (r *Register) followIDs(ctx context.Context, person client.Person, e *Erasure) {
	owners, asked, err := r.owners(ctx, person, person.DistinctIDs)
	if err != nil {
		e.note("Whether its distinct ids lead to anybody could not be looked up: " + plain.Explain(err))
		return
	}
	e.Certificate.IDsChecked, e.Certificate.IDsInUse = asked, len(owners)
	if len(owners) > 0 && e.Certificate.Person != MadeAnew {
		e.note("Some of its distinct ids lead to a person again: an event has made one since. list_persons with distinct_id shows who.")
	}
}

// queuedBefore is what PostHog's queue has of the person's events already. It
// keeps one entry for each person, and takes a second request without a word.
func (r *Register) queuedBefore(ctx context.Context, person client.Person, options client.DeletePersonOptions) *client.EventDeletion {
	if !options.Events {
		return nil
	}
	earlier, err := r.api.EventDeletion(ctx, person.UUID)
	if err != nil {
		return nil // what is not known of it is not said
	}
	return earlier
}

// followQueue looks whether what goes later is queued. Of recordings PostHog
// does not tell.
func (r *Register) followQueue(ctx context.Context, e *Erasure, earlier *client.EventDeletion, answerLost bool) {
	c := &e.Certificate
	if c.Events == nil && c.Recordings == nil {
		return
	}
	e.Outcome = journal.Pending
	e.note("Deleting events and recordings is queued: PostHog does it in batches, events on Sundays at 05:00 UTC. Only what was captured before now goes. Calling delete_person with this UUID again tells how it goes.")
	if c.Recordings != nil && answerLost {
		c.Recordings.State = Unconfirmed
		e.note("PostHog's answer was lost, and it does not tell of recordings: whether they were queued is not known.")
	}
	if c.Events == nil {
		return
	}
	found, err := r.api.EventDeletion(ctx, c.UUID)
	switch {
	case err != nil && answerLost:
		c.Events.State = Unconfirmed
		e.note("PostHog's answer was lost, so whether the events were queued is not known.")
	case err != nil: // PostHog accepted it, and cannot be asked how it goes
	case found == nil:
		c.Events.State = Unconfirmed
		e.note("PostHog's queue does not show the deletion of events.")
	case earlier != nil && earlier.VerifiedAt != nil && found.CreatedAt.Equal(earlier.CreatedAt):
		c.Events.State = Unconfirmed
		e.note("PostHog's queue still shows only an earlier deletion of events under this UUID, done at " + earlier.VerifiedAt.UTC().Format(time.RFC3339) + ". It keeps one for each UUID, so events captured since may stay: ask PostHog's support to delete them.")
	default:
		since := found.CreatedAt.UTC().Truncate(time.Second)
		c.Events.Since = &since
	}
}

// skew is how far PostHog's clock may be behind ours.
const skew = 10 * time.Minute

// FollowUp brings the certificate of an earlier erasure up to date by what
// PostHog tells of it now. Without a certificate PostHog's queue alone is
// asked, and nil means that it knows nothing of the person either.
func (r *Register) FollowUp(ctx context.Context, uuid string, kept *Certificate) (*Certificate, error) {
	if kept != nil && kept.Events == nil {
		return kept, nil
	}
	found, err := r.api.EventDeletion(ctx, uuid)
	switch kind := client.KindOf(err); {
	case kind == client.Invalid || kind == client.NotFound: // a PostHog without that queue to look at
		return kept, nil
	case err != nil:
		return nil, err
	case found == nil, kept != nil && found.VerifiedAt != nil && found.VerifiedAt.Before(kept.At.Add(-skew)):
		return kept, nil // what was done before is not what this erasure asked for
	case kept == nil:
		kept = &Certificate{UUID: uuid, At: found.CreatedAt, Person: Deleted, Events: &Queued{}}
	}
	kept.Events.see(*found)
	return kept, nil
}
