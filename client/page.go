package client

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"

	"github.com/tidwall/gjson"
)

const (
	defaultLimit = 100
	// maxLimit is ours: PostHog has no maximum for accounts and cuts persons silently at 50,000.
	maxLimit = 1000
	// maxRows bounds walks over all pages; reaching it is an error, never a silent cut.
	maxRows = 100_000
)

// Page is one page of a list.
type Page[T any] struct {
	Results []T
	// Count is the number of objects on all pages, nil where PostHog does not tell.
	Count *int
	// More reports that PostHog has further rows, at Offset+Limit. A page may be shorter than Limit and
	// still have More.
	More          bool
	Offset, Limit int
}

// window is the part of a list to get.
type window struct{ offset, limit int }

// newWindow checks and completes the caller's bounds. PostHog answers bad ones with other rows or a crash.
func newWindow(c call, offset, limit int) (window, error) {
	if limit == 0 {
		limit = defaultLimit
	}
	if offset < 0 || limit < 0 || limit > maxLimit {
		return window{}, c.refused("limit must be 1 to 1000 and offset not negative")
	}
	return window{offset, limit}, nil
}

// values starts a query with the window. The limit is always explicit.
func (w window) values() url.Values {
	query := url.Values{"limit": {strconv.Itoa(w.limit)}}
	if w.offset > 0 {
		query.Set("offset", strconv.Itoa(w.offset))
	}
	return query
}

// page returns a decoder for the envelope {count, next, results}. Only whether next is there counts: its
// URL is never followed, as behind a proxy it names a host of PostHog's own imagination.
func page[T any](w window, decode func(gjson.Result) (T, error)) func(gjson.Result) (Page[T], error) {
	return func(root gjson.Result) (Page[T], error) {
		results, err := rows(root.Get("results"), decode)
		if err != nil {
			return Page[T]{}, err
		}
		answer := Page[T]{Results: results, More: text(root, "next") != "", Offset: w.offset, Limit: w.limit}
		if count := root.Get("count"); count.Type == gjson.Number {
			total := int(count.Int())
			answer.Count = &total
			if !root.Get("next").Exists() {
				answer.More = w.offset+w.limit < total
			}
		}
		return answer, nil
	}
}

// walk yields the rows of all pages from start on, asking for a page only when the caller wants its rows.
func walk[T any](ctx context.Context, c call, start window, get func(context.Context, window) (Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for at := start; ; at.offset += at.limit {
			if at.offset-start.offset >= maxRows {
				yield(none, &Error{Kind: TooLarge, Op: c.op, Method: c.method, Detail: "the list is over 100,000 rows"})
				return
			}
			got, err := get(ctx, at)
			if err != nil {
				yield(none, err)
				return
			}
			for _, row := range got.Results {
				if !yield(row, nil) {
					return
				}
			}
			if !got.More {
				return
			}
		}
	}
}

// all collects a walk.
func all[T any](seq iter.Seq2[T, error]) ([]T, error) {
	collected := []T{}
	for row, err := range seq {
		if err != nil {
			return nil, err
		}
		collected = append(collected, row)
	}
	return collected, nil
}

// every returns the rows of all pages of a list.
func every[T any](ctx context.Context, s *Session, c call, decode func(gjson.Result) (T, error)) ([]T, error) {
	return all(walk(ctx, c, window{limit: maxLimit}, func(ctx context.Context, w window) (Page[T], error) {
		c.query = w.values()
		return fetch(ctx, s, c, page(w, decode))
	}))
}

// errNoID is a row that cannot be what was asked for.
var errNoID = errors.New("an object in it has no id")
