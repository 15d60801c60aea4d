package client

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tidwall/gjson"
)

const (
	maxDetailRunes = 300
	maxRetryAfter  = 24 * time.Hour
)

var (
	missingScopeText = regexp.MustCompile(`(?i)missing required scopes? '([a-z_]+:[a-z]+)'`)
	noKeyAccessText  = regexp.MustCompile(`(?i)does not support personal api key access`)
	waitText         = regexp.MustCompile(`(?i)available in (\d{1,9}) seconds?`)
	codeText         = regexp.MustCompile(`^[a-z][a-z_]*$`)
	tokenText        = regexp.MustCompile(`ph[a-z]_[A-Za-z0-9_\-]{6,}`)
)

// complaint is what an error body says, whichever of PostHog's shapes it has.
type complaint struct {
	known              bool // the body is one of the shapes
	code, detail, attr string
}

// parseComplaint reads an error body. PostHog has the full {"type","code","detail","attr"}; a bare
// {"detail"} for missing rows; a hand-written variant with code and detail swapped; {"success":false,
// "detail"}; {"error"}; and {"message","detail"}. Anything else (HTML from a proxy, plain text, half a
// body) is unknown, and none of it is repeated.
func parseComplaint(body []byte) complaint {
	if !json.Valid(body) {
		return complaint{}
	}
	root := gjson.ParseBytes(body)
	if !root.IsObject() {
		return complaint{}
	}
	field := func(name string) string {
		if value := root.Get(name); value.Type == gjson.String {
			return value.Str
		}
		return ""
	}
	c := complaint{code: field("code"), detail: field("detail"), attr: field("attr")}
	if strings.Contains(c.code, " ") && codeText.MatchString(c.detail) {
		c.code, c.detail = c.detail, c.code
	}
	switch message, failure := field("message"), field("error"); {
	case c.detail == "" && failure != "":
		c.detail = failure
	case c.detail == "":
		c.detail = message
	case message != "" && message != c.detail:
		c.detail = message + ": " + c.detail
	}
	c.known = c.detail != "" || c.code != ""
	if !codeText.MatchString(c.code) {
		c.code = ""
	}
	return c
}

// refuse turns an HTTP answer outside 2xx into an Error.
func refuse(answer *response, key Key) *Error {
	said := parseComplaint(answer.body)
	failure := &Error{
		Kind:       kindOfStatus(answer.status),
		Status:     answer.status,
		Code:       clip(said.code, 60),
		Detail:     explain(said.detail, key),
		Attr:       clip(explain(said.attr, key), 100),
		RetryAfter: waitOf(answer.header, said.detail),
	}
	switch {
	case failure.Kind == NotFound && !said.known:
		// A 404 page of a proxy or of another site says nothing about the object. Calling it "not found"
		// would make a wrong address look like a missing account.
		failure.Kind = BadResponse
		failure.Detail = "a 404 that is not PostHog's; check the PostHog host and path prefix"
	case (failure.Kind == Forbidden || failure.Kind == Unauthorized) && !said.known:
		// A firewall's page, or half an answer, says nothing about the key either. Blaming the key would
		// send people to change one that is right.
		failure.Kind = BadResponse
		failure.Detail = "a refusal in words that are not PostHog's, as of a firewall or a proxy on the way; the key need not be the reason"
	case (failure.Kind == Invalid || failure.Kind == Conflict) && !json.Valid(answer.body):
		// Nor does it say that the request was wrong.
		failure.Kind = BadResponse
		failure.Detail = "a refusal in words that are not PostHog's, or half of one"
	case failure.Kind == NotFound && strings.HasPrefix(said.detail, "Project not found"):
		failure.Kind = ProjectNotFound
	case failure.Kind == NotFound && strings.HasPrefix(said.detail, "Endpoint not found"):
		failure.Kind = Unsupported
	case failure.Kind == Forbidden && noKeyAccessText.MatchString(said.detail):
		failure.Kind = NoKeyAccess
	case failure.Kind == Forbidden && missingScopeText.MatchString(said.detail):
		failure.Kind = MissingScope
		failure.MissingScope = clip(missingScopeText.FindStringSubmatch(said.detail)[1], 60)
	case failure.Kind == Forbidden && strings.Contains(said.detail, "has no scopes"):
		failure.Kind = MissingScope
	case failure.Kind == BadResponse:
		failure.Detail = "a redirect, which is not followed; check the PostHog host"
	}
	switch answer.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		failure.retryable = true
	}
	return failure
}

// explain makes upstream text fit for an error: one line, capped, no control or bidirectional override
// characters, and no token, should a server echo the one it was sent.
func explain(text string, key Key) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	// After the clean-up, so that invisible characters inside an echoed token do not hide it.
	if secret := key.reveal(); secret != "" {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return clip(tokenText.ReplaceAllString(text, "[redacted]"), maxDetailRunes)
}

// clip shortens text to at most limit runes, the mark of the cut included.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}

// waitOf returns how long PostHog asks to wait. Its own throttle says so only in the text; a proxy, and
// PostHog's database error, use the header.
func waitOf(header http.Header, detail string) time.Duration {
	if value := strings.TrimSpace(header.Get("Retry-After")); value != "" {
		if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
			return min(max(time.Duration(seconds)*time.Second, 0), maxRetryAfter)
		}
		if at, err := http.ParseTime(value); err == nil {
			return min(max(time.Until(at), 0), maxRetryAfter)
		}
	}
	if found := waitText.FindStringSubmatch(detail); found != nil {
		seconds, _ := strconv.Atoi(found[1]) // at most nine digits, by the expression
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	return 0
}

// jitter returns a random part of d, to spread clients that failed together.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}
