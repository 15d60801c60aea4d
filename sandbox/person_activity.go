package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// personActivity is one entry of the activity log. The log says that
// properties changed, never from what to what, and it knows nothing of changes
// that events made.
type personActivity struct {
	ID       string
	UserID   int64 // 0 is PostHog itself
	Activity string
	ItemID   int64
	Name     string
	Changes  []activityChange
	At       time.Time
}

type activityChange struct {
	Type   string  `json:"type"`
	Action string  `json:"action"`
	Field  *string `json:"field"`
	Before any     `json:"before"`
	After  any     `json:"after"`
}

// propertiesChanged is the change of a property write. That of a deletion does
// not even name the field.
func propertiesChanged(field string) activityChange {
	return activityChange{Type: "Person", Action: "changed", Field: textOrNull(field)}
}

// logActivity adds an entry in the name of the request's user.
func (s *Sandbox) logActivity(q *request, activity string, p *person, name string, changes ...activityChange) {
	s.persons.activities = append(s.persons.activities, personActivity{
		ID: newID().String(), UserID: q.user.ID, Activity: activity, ItemID: p.ID, Name: name, Changes: changes, At: s.now(),
	})
}

func sortActivities(entries []personActivity) {
	slices.SortStableFunc(entries, func(a, b personActivity) int { return a.At.Compare(b.At) })
}

type activityBody struct {
	ID        string         `json:"id"`
	User      any            `json:"user"`
	Activity  string         `json:"activity"`
	Scope     string         `json:"scope"`
	ItemID    string         `json:"item_id"`
	Detail    activityDetail `json:"detail"`
	CreatedAt string         `json:"created_at"`
}

type activityDetail struct {
	Changes []activityChange `json:"changes"`
	Trigger any              `json:"trigger"`
	Type    *string          `json:"type"`
	Name    *string          `json:"name"`
	ShortID *string          `json:"short_id"`
}

func (s *Sandbox) showActivity(e personActivity) activityBody {
	return activityBody{
		ID: e.ID, User: s.activityUser(e.UserID), Activity: e.Activity, Scope: "Person", ItemID: strconv.FormatInt(e.ItemID, 10),
		Detail: activityDetail{Changes: e.Changes, Name: textOrNull(e.Name)}, CreatedAt: stamp(e.At),
	}
}

func (s *Sandbox) activityUser(id int64) any {
	if u := s.userByID(id); u != nil {
		return struct {
			FirstName string `json:"first_name"`
			Email     string `json:"email"`
		}{u.FirstName, u.Email}
	}
	return struct {
		FirstName string  `json:"first_name"`
		Email     *string `json:"email"`
		IsSystem  bool    `json:"is_system"`
	}{FirstName: "System", IsSystem: true}
}

// activityPage is the envelope of the log: pages by number, total_count
// instead of count.
type activityPage struct {
	Results    []activityBody `json:"results"`
	Next       *string        `json:"next"`
	Previous   *string        `json:"previous"`
	TotalCount int            `json:"total_count"`
}

// listActivity is the log of all persons, deleted ones included.
func (s *Sandbox) listActivity(q *request) reply {
	return s.activityPage(q, func(personActivity) bool { return true })
}

// listOwnActivity is the log of one person.
func (s *Sandbox) listOwnActivity(q *request) reply {
	p, refusal := s.persons.lookUp(q.arg("id"))
	if refusal != nil {
		return *refusal
	}
	return s.activityPage(q, func(e personActivity) bool { return e.ItemID == p.ID })
}

// activityPage cuts a page out of the matching entries, newest first. Numbers
// that are none and pages that do not exist are 500s, as in PostHog.
func (s *Sandbox) activityPage(q *request, match func(personActivity) bool) reply {
	limit, limitFine := q.number("limit", 10)
	number, pageFine := q.number("page", 1)
	if !limitFine || !pageFine || limit < 1 || number < 1 {
		return serverError()
	}
	var matching []personActivity
	for _, e := range slices.Backward(s.persons.activities) {
		if match(e) {
			matching = append(matching, e)
		}
	}
	pages := max(1, (len(matching)+limit-1)/limit)
	if number > pages {
		return serverError()
	}
	page := activityPage{Results: []activityBody{}, TotalCount: len(matching)}
	from := (number - 1) * limit
	for _, e := range matching[from:min(from+limit, len(matching))] {
		page.Results = append(page.Results, s.showActivity(e))
	}
	if number < pages {
		page.Next = q.numberedPage(limit, number+1)
	}
	if number > 1 {
		page.Previous = q.numberedPage(limit, number-1)
	}
	return reply{status: http.StatusOK, body: page}
}

func (q *request) numberedPage(limit, number int) *string {
	query := q.URL.Query()
	query.Set("limit", strconv.Itoa(limit))
	query.Set("page", strconv.Itoa(number))
	link := q.absolute(query)
	return &link
}

// number is an integer parameter, absent or empty its default; false when it
// is no integer at all.
func (q *request) number(name string, absent int) (int, bool) {
	text := q.param(name)
	if text == "" {
		return absent, true
	}
	number, isNumber := parsePythonInt(text)
	return int(number), isNumber
}

// textOrNull is text, or null in place of an empty one.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
