package client

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// The helpers below read PostHog's loose JSON: fields may be missing, null, unknown, or of another type
// from one PostHog version to the next. A type that does not fit counts as missing; what may not be missing
// is checked by the decoder that calls them.

// text returns a string field, "" for null and other types. It copies, so that a title kept for long does
// not keep the whole answer in memory.
func text(parent gjson.Result, name string) string {
	if value := parent.Get(name); value.Type == gjson.String {
		return strings.Clone(value.Str)
	}
	return ""
}

// textOrNull returns a string field, nil when it is null or missing.
func textOrNull(parent gjson.Result, name string) *string {
	if value := parent.Get(name); value.Type == gjson.String {
		copied := strings.Clone(value.Str)
		return &copied
	}
	return nil
}

// idText returns an id that may be a string or a number, digits unchanged.
func idText(parent gjson.Result, name string) string {
	switch value := parent.Get(name); value.Type {
	case gjson.String:
		return strings.Clone(value.Str)
	case gjson.Number:
		return strings.Clone(value.Raw)
	}
	return ""
}

// integer returns a whole number, 0 when missing.
func integer(parent gjson.Result, name string) int64 {
	if value := parent.Get(name); value.Type == gjson.Number {
		return value.Int()
	}
	return 0
}

// integerOrNull returns a whole number, nil when null or missing.
func integerOrNull(parent gjson.Result, name string) *int64 {
	if value := parent.Get(name); value.Type == gjson.Number {
		number := value.Int()
		return &number
	}
	return nil
}

// flag returns a boolean, false when missing.
func flag(parent gjson.Result, name string) bool { return parent.Get(name).Type == gjson.True }

// flagOrNull returns a boolean, nil when null or missing.
func flagOrNull(parent gjson.Result, name string) *bool {
	if value := parent.Get(name); value.IsBool() {
		answer := value.Bool()
		return &answer
	}
	return nil
}

// timeLayouts are the forms PostHog writes; those without a zone are UTC.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly}

// moment returns a time in UTC, nil when null, missing or unreadable.
func moment(parent gjson.Result, name string) *time.Time {
	value := parent.Get(name)
	if value.Type != gjson.String {
		return nil
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, value.Str); err == nil {
			at = at.UTC()
			return &at
		}
	}
	return nil
}

// since returns a time, the zero time when missing.
func since(parent gjson.Result, name string) time.Time {
	if at := moment(parent, name); at != nil {
		return *at
	}
	return time.Time{}
}

// texts returns the strings of a list, an empty list when it is null or missing.
func texts(parent gjson.Result, name string) []string {
	list := []string{}
	if value := parent.Get(name); value.IsArray() {
		value.ForEach(func(_, item gjson.Result) bool {
			if item.Type == gjson.String {
				list = append(list, strings.Clone(item.Str))
			}
			return true
		})
	}
	return list
}

// integers returns the whole numbers of a list.
func integers(parent gjson.Result, name string) []int64 {
	list := []int64{}
	if value := parent.Get(name); value.IsArray() {
		value.ForEach(func(_, item gjson.Result) bool {
			if item.Type == gjson.Number {
				list = append(list, item.Int())
			}
			return true
		})
	}
	return list
}

// raw returns a field byte for byte, nil when it is null or missing.
func raw(parent gjson.Result, name string) json.RawMessage {
	value := parent.Get(name)
	if !value.Exists() || value.Type == gjson.Null {
		return nil
	}
	return json.RawMessage(value.Raw)
}

// object returns the members of an object byte for byte, an empty map when it is null or missing.
func object(parent gjson.Result, name string) map[string]json.RawMessage {
	members := map[string]json.RawMessage{}
	if value := parent.Get(name); value.IsObject() {
		value.ForEach(func(key, member gjson.Result) bool {
			members[strings.Clone(key.Str)] = json.RawMessage(member.Raw)
			return true
		})
	}
	return members
}

// rows decodes every element of a list. One element that is not what was promised spoils the answer:
// dropping it would make something that exists look absent.
func rows[T any](list gjson.Result, decode func(gjson.Result) (T, error)) ([]T, error) {
	if !list.IsArray() {
		return nil, errors.New("it has no list where one belongs")
	}
	decoded := []T{}
	var problem error
	list.ForEach(func(_, element gjson.Result) bool {
		var row T
		if row, problem = decode(element); problem != nil {
			return false
		}
		decoded = append(decoded, row)
		return true
	})
	if problem != nil {
		return nil, problem
	}
	return decoded, nil
}
