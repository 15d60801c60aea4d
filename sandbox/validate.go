package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// textRule is what a text field takes, in Django REST Framework's terms.
type textRule struct {
	required bool
	null     bool
	blank    bool
	max      int // in characters, 0 for no limit
}

// textField is a text field of a request body.
type textField struct {
	sent  bool
	value *string // nil for null, and when not sent
}

// text reads and checks a text field. A partial update requires nothing.
func (f fields) text(name string, rule textRule, partial bool) (textField, *reply) {
	raw, sent := f[name]
	if !sent {
		if rule.required && !partial {
			return textField{}, required(name)
		}
		return textField{}, nil
	}
	value, refusal := checkText(name, raw, rule)
	return textField{sent: true, value: value}, refusal
}

// checkText applies the framework's checks in its order: blank, null, type,
// length. Texts are trimmed first; numbers become text.
func checkText(attr string, raw json.RawMessage, rule textRule) (*string, *reply) {
	if string(raw) == "null" {
		if rule.null {
			return nil, nil
		}
		return nil, refuse(attr, "null", "This field may not be null.")
	}
	text, ok := textOf(raw)
	if !ok {
		return nil, refuse(attr, "", "Not a valid string.")
	}
	text = strings.TrimSpace(text)
	switch {
	case text == "" && !rule.blank:
		return nil, refuse(attr, "blank", "This field may not be blank.")
	case rule.max > 0 && utf8.RuneCountInString(text) > rule.max:
		return nil, refuse(attr, "max_length", fmt.Sprintf("Ensure this field has no more than %d characters.", rule.max))
	case strings.ContainsRune(text, 0):
		return nil, refuse(attr, "null_characters_not_allowed", "Null characters are not allowed.")
	}
	return &text, nil
}

// textOf reads a JSON string or number as text.
func textOf(raw json.RawMessage) (string, bool) {
	switch pythonType(raw) {
	case "str":
		return decodeString(raw), true
	case "int", "float":
		return pythonNumber(raw), true
	}
	return "", false
}

// decodeString reads a JSON string that is known to be one.
func decodeString(raw json.RawMessage) string {
	var text string
	_ = json.Unmarshal(raw, &text)
	return text
}

// boolean reads a BooleanField, which takes the many spellings of Django.
func (f fields) boolean(name string) (value bool, refusal *reply) {
	if f.isNull(name) {
		return false, refuse(name, "null", "This field may not be null.")
	}
	text := string(f[name])
	if pythonType(f[name]) == "str" {
		text = strings.TrimSpace(decodeString(f[name]))
	}
	switch strings.ToLower(text) {
	case "true", "t", "1", "1.0", "y", "yes", "on":
		return true, nil
	case "false", "f", "0", "0.0", "n", "no", "off":
		return false, nil
	}
	return false, refuse(name, "", "Must be a valid boolean.")
}

// choice reads a ChoiceField.
func (f fields) choice(name string, choices ...string) (string, *reply) {
	if f.isNull(name) {
		return "", refuse(name, "null", "This field may not be null.")
	}
	text, _ := textOf(f[name])
	for _, c := range choices {
		if c == text {
			return text, nil
		}
	}
	if text == "" {
		text = string(f[name])
	}
	return "", refuse(name, "invalid_choice", fmt.Sprintf("%q is not a valid choice.", strings.Trim(text, `"`)))
}

// integer reads a required IntegerField: a number, or a text of digits, of
// which a fraction of zeros is cut.
func (f fields) integer(name string) (int64, *reply) {
	switch {
	case !f.sent(name):
		return 0, required(name)
	case f.isNull(name):
		return 0, refuse(name, "null", "This field may not be null.")
	}
	text, _ := textOf(f[name])
	if whole, fraction, cut := strings.Cut(text, "."); cut && strings.Trim(fraction, "0") == "" {
		text = whole
	}
	number, ok := parsePythonInt(text)
	if !ok {
		return 0, refuse(name, "", "A valid integer is required.")
	}
	return number, nil
}

// list reads a JSON array.
func (f fields) list(name string) ([]json.RawMessage, *reply) {
	raw := f[name]
	if f.isNull(name) {
		return nil, refuse(name, "null", "This field may not be null.")
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, refuse(name, "not_a_list", fmt.Sprintf("Expected a list of items but got type %q.", pythonType(raw)))
	}
	return items, nil
}

func required(attr string) *reply {
	return refuse(attr, "required", "This field is required.")
}

// refuse is invalid for functions that answer a refusal or nothing.
func refuse(attr, code, detail string) *reply {
	refusal := invalid(attr, code, detail)
	return &refusal
}
