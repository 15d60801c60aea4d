package sandbox

import (
	"math"
	"net/url"
	"strconv"
)

// defaultPage is Django REST Framework's page size as PostHog sets it. There
// is no maximum.
const defaultPage = 100

// page is the envelope of a paginated list, in PostHog's order of keys.
type page struct {
	Count    int     `json:"count"`
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  any     `json:"results"`
}

// window reads limit and offset with the framework's silent fall-backs: a
// missing, zero, negative or non-numeric limit is 100, a bad offset 0.
func (q *request) window() (limit, offset int) {
	limit, valid := q.count("limit")
	if !valid || limit == 0 {
		limit = defaultPage
	}
	offset, _ = q.count("offset")
	return limit, offset
}

// count reads a parameter that is a number from zero on, 0 when it is not.
// Numbers beyond all rows are cut, so that adding two cannot overflow.
func (q *request) count(name string) (int, bool) {
	n, ok := parsePythonInt(q.param(name))
	if !ok || n < 0 {
		return 0, false
	}
	return int(min(n, math.MaxInt32)), true
}

// paginate cuts rows to the request's window and shows each with show.
func paginate[T, R any](q *request, rows []T, show func(T) R) page {
	limit, offset := q.window()
	results := make([]R, 0, min(limit, max(0, len(rows)-offset)))
	for i := offset; i < min(len(rows), offset+limit); i++ {
		results = append(results, show(rows[i]))
	}
	p := page{Count: len(rows), Results: results}
	if offset+limit < len(rows) {
		p.Next = q.pageLink(limit, offset+limit)
	}
	if offset > 0 {
		p.Previous = q.pageLink(limit, offset-limit)
	}
	return p
}

// pageLink is the request's own absolute URL with another window. An offset at
// or below zero is left out.
func (q *request) pageLink(limit, offset int) *string {
	query := q.URL.Query()
	query.Set("limit", strconv.Itoa(limit))
	query.Del("offset")
	if offset > 0 {
		query.Set("offset", strconv.Itoa(offset))
	}
	link := q.absolute(query)
	return &link
}

// absolute is the request's URL, as the server believes it was called, with
// another query.
func (q *request) absolute(query url.Values) string {
	link := url.URL{Scheme: "http", Host: q.Host, Path: q.URL.Path, RawQuery: query.Encode()}
	if q.TLS != nil {
		link.Scheme = "https"
	}
	if sent, err := url.ParseRequestURI(q.RequestURI); err == nil {
		link.Path = sent.Path // with the slash the caller used
	}
	return link.String()
}
