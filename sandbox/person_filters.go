package sandbox

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// rowFilter decides whether a row of the index is in a list.
type rowFilter func(*indexRow) bool

// personFilter builds the filter of a list: search, email, distinct_id and
// properties, all of which must match.
func (q *request) personFilter(x *personIndex, now time.Time) (rowFilter, *reply) {
	filters, refusal := propertyFilters(q.param("properties"), now)
	if refusal != nil {
		return nil, refusal
	}
	if text := strings.TrimSpace(q.param("search")); text != "" {
		matches := like(text)
		filters = append(filters, func(row *indexRow) bool { return matches(row.haystack) })
	}
	if email := q.param("email"); email != "" {
		filters = append(filters, func(row *indexRow) bool {
			own, given := row.Properties.text("email")
			return given && own == email
		})
	}
	if id := q.param("distinct_id"); id != "" {
		filters = append(filters, func(row *indexRow) bool { return x.owns(row, id) })
	}
	return func(row *indexRow) bool {
		for _, matches := range filters {
			if !matches(row) {
				return false
			}
		}
		return true
	}, nil
}

// like is ClickHouse's ILIKE '%text%' on texts that are in lower case already.
// A % or _ in the text works as a wildcard, since PostHog does not escape it.
func like(text string) func(lower string) bool {
	text = strings.ToLower(text)
	if !strings.ContainsAny(text, `%_\`) {
		return func(lower string) bool { return strings.Contains(lower, text) }
	}
	var pattern strings.Builder
	escaped := false
	for _, r := range text {
		switch {
		case escaped, r != '%' && r != '_' && r != '\\':
			pattern.WriteString(regexp.QuoteMeta(string(r)))
			escaped = false
		case r == '\\':
			escaped = true
		case r == '%':
			pattern.WriteString("[^" + separator + "]*")
		case r == '_':
			pattern.WriteString("[^" + separator + "]")
		}
	}
	return regexp.MustCompile(pattern.String()).MatchString
}

// propertyItem is one element of the properties parameter.
type propertyItem struct {
	Key      string          `json:"key"`
	Label    *string         `json:"label"`
	Operator string          `json:"operator"`
	Type     string          `json:"type"`
	Value    json.RawMessage `json:"value"`
}

// propertyFilters reads the properties parameter, a JSON array in one query
// value. Only text that is no JSON at all gets a 400. Everything else that
// PostHog does not expect fails where nobody catches it, with a 500: groups,
// unknown operators and types, members that do not belong.
func propertyFilters(text string, now time.Time) ([]rowFilter, *reply) {
	if text == "" {
		return nil, nil
	}
	if !gjson.Valid(text) {
		refusal := invalid("", "", "Properties are unparsable!")
		return nil, &refusal
	}
	if !truthy(gjson.Parse(text)) {
		return nil, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var items []propertyItem
	if err := decoder.Decode(&items); err != nil {
		return nil, stumble()
	}
	var filters []rowFilter
	for _, item := range items {
		filter, fine := item.filter(now)
		if !fine {
			return nil, stumble()
		}
		filters = append(filters, filter)
	}
	return filters, nil
}

// filter turns an item into a test of rows. Cohorts do not exist here and
// expressions in PostHog's query language are beyond a look-alike: to name
// either is an error, as an unknown cohort is in PostHog.
func (item propertyItem) filter(now time.Time) (rowFilter, bool) {
	if item.Operator == "" {
		item.Operator = "exact"
	}
	if item.Key == "" || item.Type != "" && item.Type != "person" {
		return nil, false
	}
	values, fine := item.values()
	if !fine {
		return nil, false
	}
	test, fine := operatorTest(item.Operator, values, now)
	return func(row *indexRow) bool { return test(row.Properties.get(item.Key)) }, fine
}

// values is what to compare with: a scalar, or a list of scalars of which any
// may match.
func (item propertyItem) values() ([]gjson.Result, bool) {
	value := gjson.ParseBytes(item.Value)
	if value.IsObject() {
		return nil, false
	}
	values := value.Array()
	return values, !slices.ContainsFunc(values, func(v gjson.Result) bool { return v.Type == gjson.JSON || v.Type == gjson.Null })
}

// propertyTest decides about the value of one property.
type propertyTest func(gjson.Result) bool

// operatorTest is the test of an operator; false for an operator that does not
// exist or values that it cannot take.
func operatorTest(operator string, values []gjson.Result, now time.Time) (propertyTest, bool) {
	switch operator {
	case "is_set":
		return isSet, true
	case "is_not_set":
		return not(isSet), true
	case "is_not", "not_icontains", "not_regex", "not_in":
		// None of the values may match. A person without the property passes.
		positive := map[string]string{"is_not": "exact", "not_icontains": "icontains", "not_regex": "regex", "not_in": "in"}
		test, fine := operatorTest(positive[operator], values, now)
		if len(values) == 0 {
			return test, fine
		}
		return not(test), fine
	}
	compile, exists := comparisons[operator]
	if !exists {
		return nil, false
	}
	if len(values) == 0 { // an empty list does not restrict
		return func(gjson.Result) bool { return true }, true
	}
	var tests []propertyTest
	for _, value := range values {
		test, fine := compile(value, now)
		if !fine {
			return nil, false
		}
		tests = append(tests, test)
	}
	return func(own gjson.Result) bool {
		return isSet(own) && slices.ContainsFunc(tests, func(matches propertyTest) bool { return matches(own) })
	}, true
}

func isSet(own gjson.Result) bool { return own.Type != gjson.Null }

// not turns a test round.
func not(test propertyTest) propertyTest {
	return func(own gjson.Result) bool { return !test(own) }
}
