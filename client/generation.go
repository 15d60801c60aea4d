package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/tidwall/gjson"
)

// Generation is a stage of PostHog's accounts API.
type Generation string

// The generations; see the accounts reference, section 0.
const (
	Documented Generation = "documented" // roles in account properties, rich-text notes
	Current    Generation = "current"    // roles as relationships, Markdown notes
)

// Generation asks which PostHog this is: the newer one looks accounts up by
// external id and says that none was given; the older one takes the word for
// an account's id, which it does not have.
func (p *Project) Generation(ctx context.Context) (Generation, error) {
	c := p.call(http.MethodGet, "find out which PostHog this is", "accounts", "by_external_id")
	_, err := fetch(ctx, p.session, c, func(gjson.Result) (struct{}, error) { return struct{}{}, nil })
	failure, refused := errors.AsType[*Error](err)
	switch {
	case refused && failure.Kind == NotFound:
		return Documented, nil
	case refused && failure.Status == http.StatusBadRequest:
		return Current, nil
	case err == nil:
		return "", &Error{Kind: BadResponse, Op: c.op, Method: c.method, Status: http.StatusOK, Detail: "it was not expected"}
	}
	return "", err
}
