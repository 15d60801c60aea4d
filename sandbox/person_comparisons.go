package sandbox

import (
	"cmp"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// comparison makes the test of an operator for one value; false for a value
// that the operator cannot take. Relative dates count from now.
type comparison func(want gjson.Result, now time.Time) (propertyTest, bool)

var comparisons = map[string]comparison{
	"exact":          exactly,
	"in":             exactly,
	"icontains":      containing,
	"regex":          matching,
	"gt":             ordered(func(c int) bool { return c > 0 }),
	"gte":            ordered(func(c int) bool { return c >= 0 }),
	"lt":             ordered(func(c int) bool { return c < 0 }),
	"lte":            ordered(func(c int) bool { return c <= 0 }),
	"is_date_exact":  dated(func(own, from, until time.Time) bool { return !own.Before(from) && !own.After(until) }),
	"is_date_after":  dated(func(own, _, until time.Time) bool { return own.After(until) }),
	"is_date_before": dated(func(own, from, _ time.Time) bool { return own.Before(from) }),
}

// exactly compares texts, or numbers where both sides are numbers: a property
// that was sent as 5 is found by "5", and the other way round.
func exactly(want gjson.Result, _ time.Time) (propertyTest, bool) {
	text := want.String()
	number, isNumber := numeric(want)
	return func(own gjson.Result) bool {
		if own.String() == text {
			return true
		}
		mine, mineIsNumber := numeric(own)
		return isNumber && mineIsNumber && mine == number
	}, true
}

func containing(want gjson.Result, _ time.Time) (propertyTest, bool) {
	matches := like(want.String())
	return func(own gjson.Result) bool { return matches(strings.ToLower(own.String())) }, true
}

func matching(want gjson.Result, _ time.Time) (propertyTest, bool) {
	pattern, err := regexp.Compile("(?s)" + want.String())
	if err != nil {
		return nil, false
	}
	return func(own gjson.Result) bool { return pattern.MatchString(own.String()) }, true
}

// ordered compares numbers as numbers and other texts as texts. A property
// that is no number is on neither side of one.
func ordered(accept func(int) bool) comparison {
	return func(want gjson.Result, _ time.Time) (propertyTest, bool) {
		number, isNumber := numeric(want)
		return func(own gjson.Result) bool {
			mine, mineIsNumber := numeric(own)
			if isNumber {
				return mineIsNumber && accept(cmp.Compare(mine, number))
			}
			return accept(strings.Compare(own.String(), want.String()))
		}, true
	}
}

// numeric reads a number, or a text that is one.
func numeric(value gjson.Result) (float64, bool) {
	if value.Type != gjson.Number && value.Type != gjson.String {
		return 0, false
	}
	number, err := strconv.ParseFloat(value.String(), 64)
	return number, err == nil && !math.IsNaN(number)
}

// dated compares moments. A bare date stands for its whole day, so that "after"
// means after its end.
func dated(accept func(own, from, until time.Time) bool) comparison {
	return func(want gjson.Result, now time.Time) (propertyTest, bool) {
		from, wholeDay, fine := readMoment(want.String())
		if !fine {
			from, fine = relativeMoment(want.String(), now)
		}
		until := from
		if wholeDay {
			until = from.Add(24*time.Hour - time.Nanosecond)
		}
		return func(own gjson.Result) bool {
			moment, isMoment := momentOf(own)
			return isMoment && accept(moment, from, until)
		}, fine
	}
}

// momentOf reads a property as a moment: a date, or seconds since 1970.
func momentOf(own gjson.Result) (time.Time, bool) {
	if own.Type == gjson.Number {
		return time.Unix(int64(own.Num), 0).UTC(), true
	}
	moment, _, fine := readMoment(own.String())
	return moment, fine
}

// momentLayouts are the forms of a date with a time; without a zone it is UTC.
var momentLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02 15:04:05Z07:00"}

// readMoment reads a date, which stands for a whole day, or a date with a time.
func readMoment(text string) (moment time.Time, wholeDay, fine bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, true, true
	}
	for _, layout := range momentLayouts {
		if moment, err := time.Parse(layout, text); err == nil {
			return moment.UTC(), false, true
		}
	}
	return time.Time{}, false, false
}

var relativeDate = regexp.MustCompile(`^-(\d{1,4})([hdwmqy])$`)

// relativeMoment reads the likes of -30d: hours, days, weeks, months, quarters
// or years before now.
func relativeMoment(text string, now time.Time) (time.Time, bool) {
	parts := relativeDate.FindStringSubmatch(text)
	if parts == nil {
		return time.Time{}, false
	}
	n, _ := strconv.Atoi(parts[1])
	switch parts[2] {
	case "h":
		return now.Add(-time.Duration(n) * time.Hour), true
	case "d":
		return now.AddDate(0, 0, -n), true
	case "w":
		return now.AddDate(0, 0, -7*n), true
	case "m":
		return now.AddDate(0, -n, 0), true
	case "q":
		return now.AddDate(0, -3*n, 0), true
	}
	return now.AddDate(-n, 0, 0), true
}
