package sandbox

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// PostHog is written in Python, and how Python reads and writes numbers shows
// through its API.

// pythonFloat is a float that JSON shows as Python does: 42.0, not 42.
type pythonFloat float64

// MarshalJSON implements json.Marshaler.
func (f pythonFloat) MarshalJSON() ([]byte, error) {
	return []byte(pythonRepr(float64(f))), nil
}

// pythonRepr is repr() of a float: the shortest digits that read back the
// same, always with a point or an exponent, the exponent from 1e16 on and
// below 1e-4.
func pythonRepr(f float64) string {
	magnitude := math.Abs(f)
	if magnitude != 0 && (magnitude >= 1e16 || magnitude < 1e-4) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// pythonNumber is str() of a JSON number.
func pythonNumber(raw json.RawMessage) string {
	text := strings.TrimSpace(string(raw))
	if pythonType(raw) == "int" {
		if text == "-0" {
			return "0"
		}
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return text
	}
	if math.IsInf(f, 0) {
		return strings.Replace(strconv.FormatFloat(f, 'g', -1, 64), "+", "", 1)
	}
	return pythonRepr(f)
}

var (
	pythonInteger = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)
	pythonDecimal = regexp.MustCompile(`(?i)^[+-]?(([0-9]+(_[0-9]+)*)(\.([0-9]+(_[0-9]+)*)?)?|\.[0-9]+(_[0-9]+)*)(e[+-]?[0-9]+(_[0-9]+)*)?$`)
	pythonSpecial = regexp.MustCompile(`(?i)^[+-]?(inf|infinity|nan)$`)
)

// parsePythonInt is int() of a text: spaces around, a sign and underscores
// between digits are fine. A number too large for an id matches no id, so it
// is held at the end of the range.
func parsePythonInt(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	if !pythonInteger.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	return n, err == nil || errors.Is(err, strconv.ErrRange)
}

// parsePythonFloat is float() of a text. NaN and the infinities are numbers.
func parsePythonFloat(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if pythonSpecial.MatchString(text) {
		return math.Inf(1), true
	}
	if !pythonDecimal.MatchString(text) {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	return f, err == nil || errors.Is(err, strconv.ErrRange)
}
