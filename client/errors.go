package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Kind says what a failure means for the caller, whatever shape PostHog gave it.
type Kind string

// The kinds of Error.
const (
	NotFound        Kind = "not_found"         // the object does not exist, or the key's owner may not know of it
	ProjectNotFound Kind = "project_not_found" // no such project for this key
	Unsupported     Kind = "unsupported"       // this PostHog does not offer the operation
	Invalid         Kind = "invalid"           // the request is wrong; sending it again will not help
	TooLarge        Kind = "too_large"         // request or answer over the limit
	Unauthorized    Kind = "unauthorized"      // the key is unknown, expired, or of another region
	Forbidden       Kind = "forbidden"         // the key's owner, or the key's project limit, does not allow it
	MissingScope    Kind = "missing_scope"     // the key lacks the scope in Error.MissingScope
	NoKeyAccess     Kind = "no_key_access"     // PostHog lets no API key do this; no scope can help
	Conflict        Kind = "conflict"          // taken, or changed by somebody else meanwhile
	RateLimited     Kind = "rate_limited"      // too many requests; see Error.RetryAfter
	Unavailable     Kind = "unavailable"       // PostHog answered 5xx, or reported that it failed
	TimedOut        Kind = "timed_out"         // no complete answer in time
	Unreachable     Kind = "unreachable"       // DNS, connection, TLS, proxy, or cut before an answer
	BadResponse     Kind = "bad_response"      // an answer that is not PostHog's API: HTML, half a body, a redirect
	Canceled        Kind = "canceled"          // the caller gave up
	ReadOnly        Kind = "read_only"         // refused here: this client does not write
	NoKey           Kind = "no_key"            // refused here: the session has no key
)

// Error is every failure of this package that concerns a request. Its text is one English sentence; it
// holds no key, no URL and nothing of a body but PostHog's own capped explanation.
type Error struct {
	Kind   Kind
	Op     string // what was tried, such as "list accounts"
	Method string // the HTTP method
	Status int    // the HTTP status, 0 without an answer
	Code   string // PostHog's machine-readable code, such as "required"; often empty
	Detail string // PostHog's explanation or ours; untrusted text, one line, at most 300 runes
	Attr   string // the request field PostHog complains about

	// RetryAfter is how long PostHog asks to wait; 0 when it did not say.
	RetryAfter time.Duration
	// MissingScope is the scope PostHog named, such as "account:write".
	MissingScope string
	// Sent reports that a write left this machine and its effect is unknown.
	Sent bool

	cause     error
	retryable bool // whether a read may be sent again
}

// Error returns a sentence for people and models.
func (e *Error) Error() string {
	text := "could not " + e.Op + ": " + e.reason()
	if e.Detail != "" {
		text += ": " + strings.TrimSuffix(e.Detail, ".")
	}
	if e.Attr != "" {
		text += " (field " + e.Attr + ")"
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf("; try again in %s", e.RetryAfter.Round(time.Second))
	}
	if e.Sent {
		text += "; the change may or may not have been made"
	}
	return text
}

// reason words the kind.
func (e *Error) reason() string {
	switch e.Kind {
	case NotFound:
		return "PostHog does not have it, or this key may not see it"
	case ProjectNotFound:
		return "PostHog has no such project for this key"
	case Unsupported:
		return "this PostHog does not offer that operation"
	case Invalid:
		if e.Status == 0 {
			return "the request is not valid and was not sent"
		}
		return "PostHog refused the request as invalid"
	case TooLarge:
		return "too much data"
	case Unauthorized:
		return "PostHog does not accept the key (wrong, expired, or from another region)"
	case Forbidden:
		return "PostHog does not allow this for the key or its owner"
	case MissingScope:
		if e.MissingScope == "" {
			return "the key lacks a scope"
		}
		return "the key lacks the scope " + e.MissingScope
	case NoKeyAccess:
		return "PostHog allows this to no API key, whatever its scopes"
	case Conflict:
		return "PostHog reports a conflict"
	case RateLimited:
		return "PostHog limits the rate of requests"
	case Unavailable:
		return fmt.Sprintf("PostHog failed (HTTP %d)", e.Status)
	case TimedOut:
		return "PostHog did not answer in time"
	case Unreachable:
		return "PostHog could not be reached"
	case BadResponse:
		return fmt.Sprintf("the answer (HTTP %d) is not one of PostHog's API", e.Status)
	case Canceled:
		return "the call was canceled"
	case ReadOnly:
		return "this server is read-only and did not send it"
	case NoKey:
		return "no PostHog key is set"
	}
	return "it failed"
}

// Unwrap returns the network or context error behind e, if any, freed of the URL net/http puts into it.
func (e *Error) Unwrap() error { return e.cause }

// LogValue leaves out Detail, which may quote personal data.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("kind", string(e.Kind)), slog.String("op", e.Op), slog.String("method", e.Method),
		slog.Int("status", e.Status), slog.String("code", e.Code), slog.String("attr", e.Attr),
		slog.Duration("retry_after", e.RetryAfter), slog.Bool("sent", e.Sent))
}

// KindOf returns the kind of the first *Error in err's chain; Canceled or TimedOut for a bare context
// error; and "" for nil and for errors of other packages.
func KindOf(err error) Kind {
	if failure, ok := errors.AsType[*Error](err); ok {
		return failure.Kind
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return ""
}

// kindOfStatus maps an HTTP status outside 2xx to a kind. Bodies refine it (see refuse).
func kindOfStatus(status int) Kind {
	switch status {
	case http.StatusUnauthorized:
		return Unauthorized
	case http.StatusPaymentRequired, http.StatusForbidden, http.StatusUnavailableForLegalReasons:
		return Forbidden
	case http.StatusNotFound, http.StatusGone:
		return NotFound
	case http.StatusMethodNotAllowed:
		return Unsupported
	case http.StatusProxyAuthRequired:
		return Unreachable
	case http.StatusRequestTimeout:
		return TimedOut
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusLocked:
		return Conflict
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong:
		return TooLarge
	case http.StatusTooManyRequests:
		return RateLimited
	}
	switch {
	case status >= 500:
		return Unavailable
	case status >= 400:
		return Invalid
	}
	return BadResponse
}
