package sandbox

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/tidwall/gjson"
)

// routeCapture registers where SDKs send events, and what they ask for when
// they start. None of it takes a personal key: the public project token is in
// the body.
func (s *Sandbox) routeCapture() {
	for _, path := range []string{"/i/v0/e", "/e", "/capture", "/batch"} {
		s.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.receiveEvents(r).send(w) })
	}
	for _, path := range []string{"/flags", "/decide"} {
		s.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.noFlags(r).send(w) })
	}
}

// receiveEvents takes a single event, an array of them or a batch, and answers
// before anything came of it, unless there is no lag.
func (s *Sandbox) receiveEvents(r *http.Request) reply {
	body, refusal := captureBody(r)
	if refusal != nil {
		return *refusal
	}
	items := body.Array()
	if batch := body.Get("batch"); batch.IsArray() {
		items = batch.Array()
	}
	now, token := s.now(), envelopeToken(r, body)
	if len(items) == 0 && token != ProjectToken {
		return unknownToken()
	}
	events := make([]event, 0, len(items))
	for _, item := range items {
		if token != ProjectToken && (token != "" || eventToken(item) != ProjectToken) {
			return unknownToken()
		}
		e, usable := readEvent(item, now)
		if !usable {
			return invalid("", "", "Invalid payload: every event needs an event name and a distinct_id.")
		}
		events = append(events, e)
	}
	received := ok(struct {
		Status string `json:"status"`
	}{"Ok"})
	if losesEvents(r.Context()) {
		return received
	}
	s.settlePersons()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		s.persons.capture(e, now)
	}
	s.persons.settle(now)
	return received
}

// envelopeToken is the project token of all events of a body: in the body or
// the query.
func envelopeToken(r *http.Request, body gjson.Result) string {
	query := r.URL.Query()
	return cmp.Or(body.Get("api_key").String(), body.Get("token").String(), query.Get("api_key"), query.Get("token"))
}

// eventToken is the project token that an event carries itself.
func eventToken(item gjson.Result) string {
	return cmp.Or(item.Get("api_key").String(), item.Get("token").String(), item.Get("properties.token").String())
}

func unknownToken() reply {
	return unauthenticated("invalid_api_key", "Project API key invalid. You can find your project API key in your PostHog project settings.")
}

// captureBody reads what SDKs send: JSON whatever its media type says, plain
// or compressed, or as the form field data in base64.
func captureBody(r *http.Request) (gjson.Result, *reply) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err == nil && bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		raw, err = gunzip(raw)
	}
	if err == nil && bytes.HasPrefix(raw, []byte("data=")) {
		raw, err = formData(raw)
	}
	switch {
	case len(raw) > maxBody:
		refusal := fail(http.StatusRequestEntityTooLarge, "invalid_request", "request_too_large", "Request body too large.", "")
		return gjson.Result{}, &refusal
	case err != nil || !json.Valid(raw):
		refusal := invalid("", "invalid_payload", "Malformed request data: invalid JSON.")
		return gjson.Result{}, &refusal
	}
	return gjson.ParseBytes(bytes.ToValidUTF8(raw, []byte("\uFFFD"))), nil
}

// gunzip decompresses, up to the limit of a body. The first bytes tell a
// compressed body better than headers and parameters, of which SDKs send
// either, both or neither.
func gunzip(raw []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(reader, maxBody+1))
}

func formData(raw []byte) ([]byte, error) {
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, err
	}
	data := form.Get("data")
	if data == "" {
		return nil, errors.New("no data")
	}
	return base64.StdEncoding.DecodeString(data)
}

// readEvent reads an event as far as it concerns persons; false if it has no
// name or belongs to nobody.
func readEvent(item gjson.Result, now time.Time) (event, bool) {
	e := event{
		name:       item.Get("event").String(),
		distinctID: cmp.Or(item.Get("distinct_id").String(), item.Get("properties.distinct_id").String()),
		at:         eventTime(item.Get("timestamp").String(), now),
		change: propertyChange{
			set:     eventMembers(item, "$set"),
			setOnce: eventMembers(item, "$set_once"),
			unset:   eventKeys(item, "$unset"),
		},
		personless: item.Get(`properties.$process_person_profile`).Type == gjson.False,
	}
	switch e.name {
	case "$identify":
		e.other = item.Get(`properties.$anon_distinct_id`).String()
	case "$create_alias", "$merge_dangerously":
		e.other = item.Get("properties.alias").String()
	}
	return e, e.name != "" && e.distinctID != ""
}

// eventTime is when an event happened: not in the future, and now if it does
// not say.
func eventTime(text string, now time.Time) time.Time {
	at, _, fine := readMoment(text)
	if !fine || at.After(now) {
		at = now
	}
	return at.UTC().Truncate(time.Microsecond)
}

// eventMembers reads an object like $set from the properties of an event, or
// from the event itself, where some SDKs put it too; the former wins.
func eventMembers(item gjson.Result, name string) map[string]json.RawMessage {
	members := objectMembers(json.RawMessage(item.Get(name).Raw))
	inner := objectMembers(json.RawMessage(item.Get("properties." + name).Raw))
	if members == nil {
		return inner
	}
	for key, value := range inner {
		members[key] = value
	}
	return members
}

// eventKeys reads $unset: a list of keys, or an object whose keys count.
func eventKeys(item gjson.Result, name string) []string {
	var keys []string
	for _, given := range []gjson.Result{item.Get("properties." + name), item.Get(name)} {
		given.ForEach(func(key, value gjson.Result) bool {
			if given.IsObject() {
				value = key
			}
			if value.Type == gjson.String {
				keys = append(keys, value.Str)
			}
			return true
		})
	}
	return keys
}

// noFlags answers what SDKs ask at their start: this project has no feature
// flags, no recordings, no surveys.
func (s *Sandbox) noFlags(r *http.Request) reply {
	body, refusal := captureBody(r)
	if refusal != nil {
		return *refusal
	}
	if envelopeToken(r, body) != ProjectToken {
		return unknownToken()
	}
	return ok(map[string]any{
		"flags": map[string]any{}, "featureFlags": map[string]any{}, "featureFlagPayloads": map[string]any{},
		"errorsWhileComputingFlags": false, "sessionRecording": false, "surveys": false, "supportedCompression": []string{"gzip", "gzip-js"},
		"requestId": newID().String(),
	})
}
