package people

import (
	"context"

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
// only that, and looks what is there afterwards. Events and recordings go
// later: PostHog deletes them in batches.
func (r *Register) Delete(ctx context.Context, person client.Person, options client.DeletePersonOptions) (Result, error) {
	if err := CheckDeletion(person, options); err != nil {
		return Result{}, err
	}
	writeErr := r.api.DeletePerson(ctx, person.UUID, options)
	if writeErr != nil && !unclear(writeErr) {
		return Result{}, writeErr
	}
	result := Result{Outcome: journal.Applied, Person: person}
	_, err := r.api.Person(ctx, person.UUID)
	gone := client.KindOf(err) == client.NotFound
	switch {
	case err != nil && !gone:
		return Result{}, plain.Refuse("Outcome unknown: the person could not be read back (%s). Look with get_person before you repeat anything.", plain.Explain(err))
	case !gone && !options.KeepPerson:
		result.Outcome = journal.Ignored
		result.Note = "PostHog still shows the person."
		return result, nil
	}
	if options.Events || options.Recordings {
		result.Outcome = journal.Pending
		result.Note = "Deleting events and recordings is queued: PostHog does it in batches, events on Sundays at 05:00 UTC. Only what was captured before now goes."
		if gone {
			result.Note = "The person is deleted. " + result.Note
		}
		if writeErr != nil {
			result.Note += " PostHog's answer was lost, so whether they were queued is not known."
		}
	}
	return result, nil
}
