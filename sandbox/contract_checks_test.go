package sandbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// check is something an answer shows.
type check struct {
	says  string // without values of the answer
	holds func(a answer, fill func(string) string) bool
}

// that is a check of its own kind.
func that(says string, holds func(answer) bool) check {
	return check{says, func(a answer, _ func(string) string) bool { return holds(a) }}
}

func hasStatus(status int) check {
	return that(fmt.Sprintf("status %d", status), func(a answer) bool { return a.status == status })
}

// is compares a value with JSON; an empty path is the whole body.
func is(path, want string) check {
	return check{fmt.Sprintf("%s is %s", named(path), want), func(a answer, fill func(string) string) bool {
		got := a.at(path)
		return got.Exists() && sameJSON(got.Raw, fill(want))
	}}
}

// isA wants a value of a kind, of which several may be joined by "|".
func isA(path, kind string) check {
	return that(fmt.Sprintf("%s is of the kind %s", named(path), kind), func(a answer) bool { return isKind(a.at(path), kind) })
}

// each wants every item of a list to be of a kind, an empty list included.
func each(path, kind string) check {
	return that(fmt.Sprintf("each of %s is of the kind %s", named(path), kind), func(a answer) bool {
		items := a.at(path)
		return items.IsArray() && !slices.ContainsFunc(items.Array(), func(item gjson.Result) bool { return !isKind(item, kind) })
	})
}

// has wants an object to have exactly these members, in any order.
func has(path string, members ...string) check {
	return that(fmt.Sprintf("%s has exactly the members %s", named(path), strings.Join(members, ", ")), func(a answer) bool {
		got, want := slices.Sorted(maps.Keys(a.at(path).Map())), slices.Sorted(slices.Values(members))
		return slices.Equal(got, want)
	})
}

// matches wants a text that fits a regular expression.
func matches(path, expression string) check {
	re := regexp.MustCompile(expression)
	return that(fmt.Sprintf("%s matches %s", named(path), expression), func(a answer) bool { return re.MatchString(a.at(path).String()) })
}

func header(name, expression string) check {
	re := regexp.MustCompile(expression)
	return that(fmt.Sprintf("the header %s matches %s", name, expression), func(a answer) bool { return re.MatchString(a.header.Get(name)) })
}

// nothing wants an empty body.
func nothing() check { return that("no body", func(a answer) bool { return a.body == "" }) }

// refusal wants the standard error body; an empty attr is null.
func refusal(kind, code, detail, attr string) check {
	want := problem(kind, code, detail, attr)
	return check{"the body " + want, func(a answer, fill func(string) string) bool { return sameJSON(a.body, fill(want)) }}
}

func badInput(attr, detail string) check {
	return refusal("validation_error", "invalid_input", detail, attr)
}

func forbidden(detail string) check {
	return refusal("authentication_error", "permission_denied", detail, "")
}

// bare is the 404 of account views, without type, code and attr.
func bare() check { return is("", `{"detail":"Not found."}`) }

// at reads a value by its gjson path; an empty one is the body.
func (a answer) at(path string) gjson.Result {
	switch {
	case !gjson.Valid(a.body):
		return gjson.Result{}
	case path == "":
		return gjson.Parse(a.body)
	}
	return a.get(path)
}

func named(path string) string {
	if path == "" {
		return "the body"
	}
	return path
}

// sameJSON compares JSON texts, numbers as they are written.
func sameJSON(got, want string) bool {
	a, aFine := decoded(got)
	b, bFine := decoded(want)
	return aFine && bFine && reflect.DeepEqual(a, b)
}

func decoded(text string) (value any, fine bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return value, decoder.Decode(&value) == nil
}

var kinds = map[string]*regexp.Regexp{
	"uuid":    regexp.MustCompile(`^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$`),
	"time":    regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"$`),
	"link":    regexp.MustCompile(`^"https?://`),
	"text":    regexp.MustCompile(`^"`),
	"integer": regexp.MustCompile(`^-?\d+$`),
	"number":  regexp.MustCompile(`^-?\d`),
	"boolean": regexp.MustCompile(`^(true|false)$`),
	"null":    regexp.MustCompile(`^null$`),
	"list":    regexp.MustCompile(`^\[`),
	"object":  regexp.MustCompile(`^\{`),
}

func isKind(value gjson.Result, kind string) bool {
	return slices.ContainsFunc(strings.Split(kind, "|"), func(k string) bool { return kinds[k].MatchString(value.Raw) })
}
