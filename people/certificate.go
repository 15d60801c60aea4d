package people

import (
	"time"

	"github.com/google/uuid"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
)

// Erasure is what became of a deletion.
type Erasure struct {
	Outcome     journal.Outcome
	Note        string
	Certificate Certificate
}

func (e *Erasure) note(sentence string) {
	if e.Note != "" {
		e.Note += " "
	}
	e.Note += sentence
}

// Certificate is what an erasure leaves to show: what was asked for, what was
// done and what was seen afterwards. It holds nothing of the person but the
// UUID, so that it can be kept.
type Certificate struct {
	UUID        string    `json:"uuid"`
	At          time.Time `json:"at"`
	Person      Fate      `json:"person,omitempty" jsonschema:"enum=deleted,enum=kept,enum=made_anew,enum=still_there" jsonschema_description:"As read back by UUID."`
	DistinctIDs int       `json:"distinct_ids,omitempty" jsonschema_description:"How many the person had."`
	IDsChecked  int       `json:"distinct_ids_checked,omitempty" jsonschema_description:"How many of these were looked up afterwards."`
	IDsInUse    int       `json:"distinct_ids_in_use" jsonschema_description:"How many of these led to a person then."`
	Events      *Queued   `json:"events,omitempty" jsonschema_description:"Absent if events were not to go: they stay."`
	Recordings  *Queued   `json:"recordings,omitempty" jsonschema_description:"Likewise."`
	Journal     *int      `json:"journal_records_erased,omitempty"`
}

// Fate is what became of the person's own record.
type Fate string

// The fates.
const (
	Deleted    Fate = "deleted"
	Kept       Fate = "kept"
	MadeAnew   Fate = "made_anew" // deleted, and an event has made another under the same UUID
	StillThere Fate = "still_there"
)

// Queued is something that PostHog deletes later.
type Queued struct {
	State    string     `json:"state" jsonschema:"enum=queued,enum=done,enum=unconfirmed" jsonschema_description:"unconfirmed: PostHog does not show that it was queued."`
	Since    *time.Time `json:"since,omitempty"`
	NextRun  *time.Time `json:"next_run,omitempty" jsonschema_description:"When PostHog's cloud next does it."`
	Verified *time.Time `json:"verified,omitempty" jsonschema_description:"When PostHog saw that they were gone."`
}

// The states of what is queued.
const (
	waiting     = "queued"
	finished    = "done"
	Unconfirmed = "unconfirmed"
)

// see takes over what PostHog's queue shows.
func (q *Queued) see(d client.EventDeletion) {
	since := d.CreatedAt.Truncate(time.Second)
	q.State, q.Since = waiting, &since
	if d.VerifiedAt != nil {
		verified := d.VerifiedAt.Truncate(time.Second)
		q.State, q.NextRun, q.Verified = finished, nil, &verified
	}
}

// Gone tells whether the record that was to go is gone.
func (c Certificate) Gone() bool { return c.Person == Deleted || c.Person == MadeAnew }

// Outcome is that of an erasure whose record is gone: pending as long as it is
// not seen that the rest is.
func (c Certificate) Outcome() journal.Outcome {
	if c.Events != nil && c.Events.State != finished || c.Events == nil && c.Recordings != nil {
		return journal.Pending
	}
	return journal.Applied
}

// Certify begins the certificate of a deletion that was asked for: what was
// seen of it is not in it yet.
func Certify(uuid string, distinctIDs int, options client.DeletePersonOptions, now time.Time) Certificate {
	now = now.UTC().Truncate(time.Second)
	c := Certificate{UUID: uuid, At: now, Person: Kept, DistinctIDs: distinctIDs}
	if options.Events {
		next := nextBatch(now)
		c.Events = &Queued{State: waiting, Since: &now, NextRun: &next}
	}
	if options.Recordings {
		c.Recordings = &Queued{State: waiting, Since: &now}
	}
	return c
}

// nextBatch is when PostHog's cloud next deletes events: Sundays at 05:00 UTC.
func nextBatch(now time.Time) time.Time {
	day := time.Date(now.Year(), now.Month(), now.Day(), 5, 0, 0, 0, time.UTC)
	day = day.AddDate(0, 0, (7-int(day.Weekday()))%7)
	if !day.After(now) {
		day = day.AddDate(0, 0, 7)
	}
	return day
}

// FormerUUIDs are the UUIDs under which a person may have been known: its own,
// and those of persons who began with one of its distinct ids and were merged
// into it.
func (r *Register) FormerUUIDs(person client.Person) []string {
	uuids := []string{person.UUID}
	for _, id := range person.DistinctIDs {
		uuids = append(uuids, DerivedUUID(r.api.ID(), id))
	}
	return uuids
}

// PlainUUID is a UUID as PostHog writes it, if the text is one.
func PlainUUID(text string) (string, bool) {
	parsed, err := uuid.Parse(text)
	return parsed.String(), err == nil && len(text) == 36
}
