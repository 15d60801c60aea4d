package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// propertyValue is an account's active value for a definition. A new value is
// a new row; the rows it supersedes are history that the API does not show,
// so the sandbox does not keep them.
type propertyValue struct {
	id         uuid.UUID
	account    uuid.UUID
	definition uuid.UUID
	value      any // string, float64, bool or time.Time
	createdAt  time.Time
	createdBy  *int64
}

// valueBody is a value as the API shows it, without the property's name.
type valueBody struct {
	ID           string `json:"id"`
	AccountID    string `json:"account_id"`
	DefinitionID string `json:"definition_id"`
	Value        any    `json:"value"`
	CreatedAt    string `json:"created_at"`
	CreatedByID  *int64 `json:"created_by_id"`
}

func (v *propertyValue) body(d *definition) valueBody {
	return valueBody{ID: v.id.String(), AccountID: v.account.String(), DefinitionID: v.definition.String(),
		Value: v.shown(storageOf[d.displayType]), CreatedAt: stamp(v.createdAt), CreatedByID: v.createdBy}
}

// shown is the value as it reads from a column. After a definition changed to
// a type with another column its old values read as null.
func (v *propertyValue) shown(column storage) any {
	switch value := v.value.(type) {
	case string:
		if column == textStorage {
			return value
		}
	case float64:
		if column == numberStorage {
			return pythonFloat(value)
		}
	case bool:
		if column == booleanStorage {
			return value
		}
	case time.Time:
		if column == datetimeStorage {
			return stamp(value)
		}
	}
	return nil
}

// ForceValueConflicts makes the next n writes of a custom property value lose
// a race: they answer 409 and change nothing. It is for tests of clients.
func (s *Sandbox) ForceValueConflicts(n int) {
	s.customProperties.forcedConflicts.Store(int32(n))
}

// listValues is a bare array, newest first.
func (s *Sandbox) listValues(q *request) reply {
	a := s.accountAbove(q)
	if a == nil {
		return rowNotFound()
	}
	store := s.customPropertyRows()
	rows := slices.Clone(store.values[a.id])
	slices.SortStableFunc(rows, func(a, b *propertyValue) int { return a.createdAt.Compare(b.createdAt) })
	bodies := make([]valueBody, 0, len(rows))
	for _, v := range slices.Backward(rows) {
		bodies = append(bodies, v.body(store.definitions[v.definition]))
	}
	return ok(bodies)
}

// setValue looks for the account before it reads the body, unlike the writes
// of accounts and notebooks.
func (s *Sandbox) setValue(q *request) reply {
	a := s.accountAbove(q)
	if a == nil {
		return rowNotFound()
	}
	body, refusal := q.object()
	if refusal != nil {
		return *refusal
	}
	d, raw, refusal := s.valueInput(body)
	if refusal != nil {
		return *refusal
	}
	if string(raw) == "null" {
		s.customPropertyRows().clear(a.id, d.id)
		return noContent()
	}
	value, expected := coerceValue(d, raw)
	if expected != "" {
		return invalid("value", "", fmt.Sprintf("Custom property '%s' expects %s", d.name, expected))
	}
	store := s.customPropertyRows()
	if store.forcedConflicts.Load() > 0 && store.forcedConflicts.Add(-1) >= 0 {
		return conflict(fmt.Sprintf("An active value for custom property '%s' was set concurrently.", d.name))
	}
	row := &propertyValue{id: newID(), account: a.id, definition: d.id, value: value, createdAt: s.rowTime(), createdBy: &q.user.ID}
	store.clear(a.id, d.id)
	store.values[a.id] = append(store.values[a.id], row)
	return created(row.body(d))
}

// clear takes an account's value for a definition away, if it has one.
func (store *customPropertyStore) clear(account, definition uuid.UUID) {
	store.values[account] = slices.DeleteFunc(slices.Clone(store.values[account]), func(v *propertyValue) bool { return v.definition == definition })
}

// valueInput checks the body and finds the definition. An unknown one is an
// invalid field here, not a 404. The newest server takes null, to clear.
func (s *Sandbox) valueInput(body fields) (*definition, json.RawMessage, *reply) {
	id, refusal := definitionID(body)
	if refusal != nil {
		return nil, nil, refusal
	}
	raw, verb := body["value"], "set"
	switch {
	case !body.sent("value"):
		return nil, nil, required("value")
	case body.isNull("value") && s.gen.newest():
		verb = "cleared"
	case body.isNull("value"):
		return nil, nil, refuse("value", "null", "This field may not be null.")
	case pythonType(raw) == "list" || pythonType(raw) == "dict":
		return nil, nil, refuse("value", "", "Value must be a string, number, or boolean.")
	}
	d := s.customPropertyRows().definitions[id]
	switch {
	case d == nil:
		return nil, nil, refuse("definition", "", "Custom property definition not found.")
	case d.source != nil:
		return nil, nil, refuse("definition", "", "This custom property is managed by a data warehouse source and can't be "+verb+" manually.")
	case d.canonical && s.gen.tracksAccounts():
		return nil, nil, refuse("definition", "", "This custom property is managed by PostHog and can't be edited manually.")
	}
	return d, raw, nil
}

func definitionID(body fields) (uuid.UUID, *reply) {
	raw := body["definition"]
	switch {
	case !body.sent("definition"):
		return uuid.UUID{}, required("definition")
	case body.isNull("definition"):
		return uuid.UUID{}, refuse("definition", "null", "This field may not be null.")
	case pythonType(raw) == "str":
		if id, ok := pythonUUID(decodeString(raw)); ok {
			return id, nil
		}
	}
	return uuid.UUID{}, refuse("definition", "", "Must be a valid UUID.")
}

// coerceValue turns a JSON scalar into what a definition stores, or says what
// it expects instead.
func coerceValue(d *definition, raw json.RawMessage) (value any, expected string) {
	switch d.displayType {
	case "select":
		return coerceSelect(d, raw)
	case "link":
		return coerceLink(raw)
	}
	switch storageOf[d.displayType] {
	case numberStorage:
		return coerceNumber(raw)
	case booleanStorage:
		return coerceBoolean(raw)
	case datetimeStorage:
		if pythonType(raw) == "str" {
			if moment, ok := parseISO(decodeString(raw)); ok {
				return moment, ""
			}
		}
		return nil, "an ISO-8601 datetime"
	}
	if text, ok := textOf(raw); ok {
		return text, ""
	}
	return nil, "a text value"
}

// coerceSelect takes a label, letter by letter; never the id of an option.
func coerceSelect(d *definition, raw json.RawMessage) (value any, expected string) {
	labels := make([]string, 0, len(d.options))
	for _, o := range d.options {
		labels = append(labels, o.Label)
	}
	if pythonType(raw) == "str" && slices.Contains(labels, decodeString(raw)) {
		return decodeString(raw), ""
	}
	return nil, "one of its options: " + strings.Join(labels, ", ")
}

// coerceLink takes an absolute web address.
func coerceLink(raw json.RawMessage) (value any, expected string) {
	if pythonType(raw) == "str" {
		link, err := url.Parse(decodeString(raw))
		if err == nil && (link.Scheme == "http" || link.Scheme == "https") && link.Host != "" {
			return decodeString(raw), ""
		}
	}
	return nil, "an HTTP or HTTPS URL"
}

func coerceNumber(raw json.RawMessage) (value any, expected string) {
	var number float64
	valid := false
	switch pythonType(raw) {
	case "int", "float":
		parsed, err := strconv.ParseFloat(string(raw), 64)
		number, valid = parsed, err == nil || errors.Is(err, strconv.ErrRange)
	case "str":
		number, valid = parsePythonFloat(decodeString(raw))
	}
	switch {
	case !valid:
		return nil, "a numeric value"
	case math.IsInf(number, 0):
		return nil, "a finite numeric value"
	}
	return number, ""
}

func coerceBoolean(raw json.RawMessage) (value any, expected string) {
	text := string(raw)
	if pythonType(raw) == "str" {
		text = strings.ToLower(strings.TrimSpace(decodeString(raw)))
	}
	switch text {
	case "true":
		return true, ""
	case "false":
		return false, ""
	}
	return nil, "a boolean value"
}

// The forms of ISO 8601 that Python's datetime.fromisoformat reads, but for
// its week dates.
var (
	isoDates = []string{"2006-01-02", "20060102"}
	isoTimes = []string{"15:04:05", "15:04", "15", "150405", "1504"}
	isoZones = []string{"", "Z07:00", "Z0700", "Z07"}
)

// parseISO reads a date or a datetime; without a zone it is UTC. Any one
// character may stand between date and time.
func parseISO(text string) (time.Time, bool) {
	for _, date := range isoDates {
		if moment, err := time.Parse(date, text); err == nil {
			return storable(moment)
		}
		if len(text) <= len(date)+1 {
			continue
		}
		day, clock := text[:len(date)], text[len(date)+1:]
		for _, layout := range isoTimes {
			for _, zone := range isoZones {
				if moment, err := time.Parse(date+"T"+layout+zone, day+"T"+clock); err == nil {
					return storable(moment)
				}
			}
		}
	}
	return time.Time{}, false
}

// storable is a moment in UTC and microseconds. Python knows no year 0.
func storable(moment time.Time) (time.Time, bool) {
	return moment.UTC().Truncate(time.Microsecond), moment.Year() > 0
}
