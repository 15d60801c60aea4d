package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// ActivityPage is one page of the log of what people and keys did to a person, newest first. Values are
// never in it, nor what events changed.
type ActivityPage struct {
	Results     []Activity
	Total       int
	More        bool
	Page, Limit int
}

// Activity is one entry of the log.
type Activity struct {
	ID        string
	Name      string // updated, deleted, delete_property, split_person
	Scope     string
	ItemID    string // the person's number
	UserName  string // who did it, "System" for PostHog itself
	UserEmail string
	IsSystem  bool
	Subject   string // the name PostHog noted for the object, often its UUID
	Changes   []Change
	CreatedAt time.Time
}

// Change is one change within an Activity.
type Change struct {
	Type, Action, Field string
	Before, After       json.RawMessage // nil for null
}

// TimelineQuery narrows a properties timeline. Dates are absolute or relative such as -30d.
type TimelineQuery struct {
	DateFrom, DateTo string
	Properties       []PropertyFilter
}

// Timeline is how the person's properties went, as its events saw them.
type Timeline struct {
	Points              []TimelinePoint
	CrucialPropertyKeys []string
	DateFrom, DateTo    string // the effective range
}

// TimelinePoint is a stretch of events with the same crucial properties.
type TimelinePoint struct {
	Timestamp          time.Time
	Properties         map[string]json.RawMessage
	RelevantEventCount int
}

// PersonActivity returns a page of the person's log (scope activity_log:read). Pages start at 1; PostHog
// crashes on one past the end, so ask for the next only when More is set.
func (p *Project) PersonActivity(ctx context.Context, id string, page, limit int) (ActivityPage, error) {
	c := p.call(http.MethodGet, "list the activity of the person", "persons", id, "activity")
	if page == 0 {
		page = 1
	}
	if limit == 0 {
		limit = 10
	}
	if page < 0 || limit < 0 || limit > maxLimit {
		return ActivityPage{}, c.refused("page must be positive and limit 1 to 1000")
	}
	c.query = url.Values{"page": {strconv.Itoa(page)}, "limit": {strconv.Itoa(limit)}}
	return fetch(ctx, p.session, c, func(root gjson.Result) (ActivityPage, error) {
		entries, err := rows(root.Get("results"), decodeActivity)
		if err != nil {
			return ActivityPage{}, err
		}
		return ActivityPage{Results: entries, Total: int(integer(root, "total_count")),
			More: text(root, "next") != "", Page: page, Limit: limit}, nil
	})
}

// PropertiesTimeline returns the person's timeline. PostHog gives it to no scoped key: expect NoKeyAccess.
func (p *Project) PropertiesTimeline(ctx context.Context, id string, query TimelineQuery) (Timeline, error) {
	c := p.call(http.MethodGet, "get the properties timeline", "persons", id, "properties_timeline")
	filters, problem := encodeFilters(query.Properties)
	if problem != "" {
		return Timeline{}, c.refused(problem)
	}
	c.query = url.Values{}
	for name, value := range map[string]string{"date_from": query.DateFrom, "date_to": query.DateTo, "properties": filters} {
		if value != "" {
			c.query.Set(name, value)
		}
	}
	return fetch(ctx, p.session, c, decodeTimeline)
}

func decodeActivity(row gjson.Result) (Activity, error) {
	user, detail := row.Get("user"), row.Get("detail")
	entry := Activity{
		ID:        text(row, "id"),
		Name:      text(row, "activity"),
		Scope:     text(row, "scope"),
		ItemID:    idText(row, "item_id"),
		UserName:  text(user, "first_name"),
		UserEmail: text(user, "email"),
		IsSystem:  flag(user, "is_system"),
		Subject:   text(detail, "name"),
		CreatedAt: since(row, "created_at"),
	}
	if entry.Name == "" {
		return Activity{}, errors.New("an entry in it does not say what was done")
	}
	if changes := detail.Get("changes"); changes.IsArray() {
		var err error
		if entry.Changes, err = rows(changes, decodeChange); err != nil {
			return Activity{}, err
		}
	}
	return entry, nil
}

func decodeChange(row gjson.Result) (Change, error) {
	return Change{Type: text(row, "type"), Action: text(row, "action"), Field: text(row, "field"),
		Before: raw(row, "before"), After: raw(row, "after")}, nil
}

func decodeTimeline(root gjson.Result) (Timeline, error) {
	points, err := rows(root.Get("points"), decodePoint)
	if err != nil {
		return Timeline{}, err
	}
	return Timeline{Points: points, CrucialPropertyKeys: texts(root, "crucial_property_keys"),
		DateFrom: text(root, "effective_date_from"), DateTo: text(root, "effective_date_to")}, nil
}

func decodePoint(row gjson.Result) (TimelinePoint, error) {
	at := moment(row, "timestamp")
	if at == nil {
		return TimelinePoint{}, errors.New("a point in it has no time")
	}
	return TimelinePoint{Timestamp: *at, Properties: object(row, "properties"),
		RelevantEventCount: int(integer(row, "relevant_event_count"))}, nil
}
