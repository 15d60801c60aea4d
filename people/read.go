package people

import (
	"context"

	"posthog-accounts-mcp/client"
)

// List gives a page of persons.
func (r *Register) List(ctx context.Context, query client.PersonQuery) (client.Page[client.Person], error) {
	return r.api.ListPersons(ctx, query)
}

// Timeline gives a person's properties timeline, where PostHog lets the key.
func (r *Register) Timeline(ctx context.Context, person client.Person, query client.TimelineQuery) (client.Timeline, error) {
	return r.api.PropertiesTimeline(ctx, person.UUID, query)
}

// Activity gives entries of a person's log from an offset on, newest first.
// PostHog pages this log by number and crashes past its end, so the entries
// are cut from the pages they lie on.
func (r *Register) Activity(ctx context.Context, person client.Person, offset, limit int) (entries []client.Activity, total int, more bool, err error) {
	first, skip := offset/limit+1, offset%limit
	for number := first; len(entries) < skip+limit; number++ {
		page, err := r.api.PersonActivity(ctx, person.UUID, number, limit)
		if err != nil {
			return nil, 0, false, err
		}
		entries, total = append(entries, page.Results...), page.Total
		if !page.More {
			break
		}
	}
	entries = entries[min(skip, len(entries)):]
	entries = entries[:min(limit, len(entries))]
	return entries, total, offset+len(entries) < total, nil
}
