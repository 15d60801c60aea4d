package sandbox

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// personPage is the envelope of the list. Unlike other lists of PostHog it has
// a count only on demand.
type personPage struct {
	Results  []personRow `json:"results"`
	Next     *string     `json:"next"`
	Previous *string     `json:"previous"`
	Count    *int        `json:"count,omitempty"`
}

const (
	// maxRows is the most rows that PostHog's query layer gives at once. A
	// larger limit is cut silently.
	maxRows = 50_000
	// csvRows is the limit that a CSV export asks for, whatever the caller says.
	csvRows = 300_000
)

// listPersons picks rows by the index and shows them from the store: a person
// that the store has lost leaves a hole in the page.
func (s *Sandbox) listPersons(q *request) reply {
	limit, limitFine := q.number("limit", 0)
	offset, offsetFine := q.number("offset", 0)
	if !limitFine || !offsetFine {
		return serverError()
	}
	if limit == 0 {
		limit = defaultPage
	}
	if asked, _ := requestedFormat(q.Request); asked == formatCSV {
		limit, offset = csvRows, 0
	}
	match, refusal := q.personFilter(&s.persons.index, s.now())
	if refusal != nil {
		return *refusal
	}
	picked, total := s.persons.index.page(match, rowsFor(limit), max(offset, 0), q.has("include_total"))

	page := personPage{Results: s.persons.rows(picked)}
	if len(picked) >= limit {
		page.Next = q.personPageLink(offset + limit)
	}
	if offset-limit >= 0 {
		page.Previous = q.personPageLink(offset - limit)
	}
	if q.has("include_total") {
		page.Count = &total
	}
	return reply{status: http.StatusOK, body: page}
}

// rowsFor is how many rows the query layer gives for a limit. At a negative
// one it falls back to its default.
func rowsFor(limit int) int {
	if limit < 0 {
		return defaultPage
	}
	return min(limit, maxRows)
}

// page cuts a window out of the matching rows, the youngest first and the
// greater UUID first among equals. It counts all matches only if asked to.
func (x *personIndex) page(match func(*indexRow) bool, limit, offset int, count bool) (picked []*indexRow, total int) {
	for _, row := range slices.Backward(x.order) {
		if len(picked) == limit && !count {
			break
		}
		if !match(row) {
			continue
		}
		if total++; total > offset && len(picked) < limit {
			picked = append(picked, row)
		}
	}
	return picked, total
}

// rows shows a page in its final order, which is not the one it was picked in:
// among persons of equal age the smaller UUID comes first.
func (st *personStore) rows(picked []*indexRow) []personRow {
	persons := make([]*person, 0, len(picked))
	for _, row := range picked {
		switch p := st.byUUID[row.UUID]; {
		case p == nil: // deleted, and the index does not know yet
		case row.blank:
			persons = append(persons, row.person)
		default:
			persons = append(persons, p)
		}
	}
	slices.SortFunc(persons, func(a, b *person) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.UUID, b.UUID))
	})
	shown := make([]personRow, len(persons))
	for i, p := range persons {
		shown[i] = st.showRow(p)
	}
	return shown
}

var offsetParameter = regexp.MustCompile(`([&?]offset=)\d+`)

// personPageLink is the request's own URL with another offset. An offset of 0
// counts as none given and leaves the URL as it is, so that the second page's
// previous link leads to the second page.
func (q *request) personPageLink(offset int) *string {
	link := q.absolute(nil)
	if q.URL.RawQuery != "" {
		link += "?" + q.URL.RawQuery
	}
	if offset == 0 {
		return &link
	}
	value := strconv.Itoa(offset)
	switch {
	case offsetParameter.MatchString(link):
		link = offsetParameter.ReplaceAllString(link, "${1}"+value)
	case q.URL.RawQuery == "":
		link += "?offset=" + value
	default:
		link += "&offset=" + value
	}
	return &link
}
