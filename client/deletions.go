package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tidwall/gjson"
)

// EventDeletion is one person's place in PostHog's queue of event deletions.
type EventDeletion struct {
	PersonUUID string
	CreatedAt  time.Time
	VerifiedAt *time.Time // when PostHog saw that they were gone; nil while it is pending
}

// EventDeletion tells how the deletion of a person's events goes, the newest one if there were several, and
// nil if none was ever asked for. It knows events only, not recordings, and outlives the person. A PostHog
// of 2025 takes the path for a person's id: Invalid.
func (p *Project) EventDeletion(ctx context.Context, uuid string) (*EventDeletion, error) {
	c := p.call(http.MethodGet, "look up the deletion of events", "persons", "deletion_status")
	if uuid == "" {
		return nil, c.refused("the person is not named") // no filter at all to PostHog
	}
	w, err := newWindow(c, 0, 1)
	if err != nil {
		return nil, err
	}
	c.query = w.values()
	c.query.Set("person_uuid", uuid)
	found, err := fetch(ctx, p.session, c, page(w, decodeEventDeletion))
	if err != nil || len(found.Results) == 0 {
		return nil, err
	}
	return &found.Results[0], nil
}

func decodeEventDeletion(row gjson.Result) (EventDeletion, error) {
	deletion := EventDeletion{PersonUUID: text(row, "person_uuid"), CreatedAt: since(row, "created_at"), VerifiedAt: moment(row, "delete_verified_at")}
	switch {
	case deletion.PersonUUID == "":
		return EventDeletion{}, errors.New("an entry in it does not say whose events")
	case text(row, "status") != "completed":
		deletion.VerifiedAt = nil
	case deletion.VerifiedAt == nil:
		return EventDeletion{}, errors.New("an entry in it is completed and does not say when")
	}
	return deletion, nil
}
