package sandbox

import (
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
	limit, err := strconv.Atoi(q.param("limit"))
	if err != nil || limit <= 0 {
		limit = defaultPage
	}
	offset, err = strconv.Atoi(q.param("offset"))
	if err != nil || offset < 0 {
		offset = 0
	}
	return limit, offset
}

// paginate cuts rows to the request's window and shows each with show.
func paginate[T, R any](q *request, rows []T, show func(T) R) page {
	limit, offset := q.window()
	results := make([]R, 0, min(limit, max(0, len(rows)-offset)))
	for i := offset; i < len(rows) && i < offset+limit; i++ {
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
