package sandbox_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// finding is what became of a row.
type finding struct {
	claim
	verdict
}

// report is what a PostHog said to every row that only reads.
type report struct{ findings []finding }

// examine holds the rows that only read against a server.
func examine(ask asker, known map[string]string) report {
	var r report
	for _, c := range contract() {
		if c.untouched() {
			v := verdict{appliesNo, c.here}
			if c.readsOnly() {
				v = c.against(ask, known)
			}
			r.findings = append(r.findings, finding{c, v})
		}
	}
	return r
}

// server is the one whose facts fit best.
func (r report) server() servers {
	best, fewest := everywhere, len(r.findings)+1
	for _, l := range lookAlikes {
		if wrong := r.as(l.is).count(differs); wrong < fewest {
			best, fewest = l.is, wrong
		}
	}
	return best
}

// as judges the findings for a server: facts of other servers are not expected
// of it, and differ if they hold all the same.
func (r report) as(server servers) report {
	judged := report{slices.Clone(r.findings)}
	for i, f := range judged.findings {
		switch {
		case f.on&server != 0 || f.outcome == appliesNo:
		case f.outcome == agrees:
			judged.findings[i].verdict = verdict{differs, "it holds here too, and not only on " + f.on.names()}
		default:
			judged.findings[i].verdict = verdict{appliesNo, "it is a fact of " + f.on.names()}
		}
	}
	return judged
}

func (r report) count(outcome string) int {
	n := 0
	for _, f := range r.findings {
		if f.outcome == outcome {
			n++
		}
	}
	return n
}

// String is the report as it is printed: a line for each row, and what was
// said where it differs.
func (r report) String() string {
	var b strings.Builder
	for _, f := range r.findings {
		fmt.Fprintf(&b, "%-14s %-7s %s\n", f.outcome, f.section, f.fact)
		if f.why != "" {
			fmt.Fprintf(&b, "%-22s %s\n", "", f.why)
		}
	}
	fmt.Fprintf(&b, "%d agree, %d differ, %d do not apply.\n", r.count(agrees), r.count(differs), r.count(appliesNo))
	return b.String()
}

// shape is an answer with its values reduced to their types. The words of an
// error are PostHog's own and are shown, masked.
func shape(a answer) string {
	body := gjson.Parse(a.body)
	switch {
	case a.body == "":
		return "with an empty body"
	case !gjson.Valid(a.body):
		return fmt.Sprintf("with a body that is no JSON (%d bytes)", len(a.body))
	case a.status >= 400 && body.IsObject():
		return fmt.Sprintf("%s type=%s code=%s attr=%s detail=%q", typesOf(body, "", 2),
			word(body.Get("type")), word(body.Get("code")), word(body.Get("attr")), mask(body.Get("detail").String()))
	}
	return typesOf(body, "", 3)
}

// freeKeys are members whose own members are named by whoever uses PostHog:
// names of properties, distinct ids. Their names are not shown.
var freeKeys = []string{"properties", "results", "hedgehog_config", "content", "attrs", "after", "before"}

// typesOf shows the members of objects and the first item of lists, so deep.
func typesOf(value gjson.Result, name string, depth int) string {
	switch {
	case value.IsArray() && len(value.Array()) == 0:
		return "[]"
	case value.IsArray() && depth > 0:
		return "[" + typesOf(value.Array()[0], "", depth-1) + fmt.Sprintf(" x%d]", len(value.Array()))
	case value.IsArray():
		return "[...]"
	case value.IsObject() && (depth == 0 || slices.Contains(freeKeys, name)):
		return fmt.Sprintf("{%d members}", len(value.Map()))
	case value.IsObject():
		var members []string
		value.ForEach(func(key, member gjson.Result) bool {
			members = append(members, key.String()+":"+typesOf(member, key.String(), depth-1))
			return true
		})
		return "{" + strings.Join(members, " ") + "}"
	case value.Type == gjson.String:
		return "text"
	case value.Type == gjson.Number:
		return "number"
	case value.Type == gjson.Null:
		return "null"
	}
	return "boolean"
}

var (
	plainWord = regexp.MustCompile(`^[a-z][a-z_]{0,40}$`)
	// notPlain are the parts of an error text that could be somebody's data:
	// what is quoted unless it is a scope, and what has a digit or an @ in it.
	notPlain = regexp.MustCompile(`'[^']*'|"[^"]*"|\S*[0-9@]\S*`)
	scope    = regexp.MustCompile(`^'[a-z_]+:(read|write)'$`)
)

// word shows a value that is one word of PostHog's vocabulary.
func word(value gjson.Result) string {
	if value.Type == gjson.String && plainWord.MatchString(value.Str) {
		return value.Str
	}
	return typesOf(value, "", 0)
}

// mask shows an error text without what could be somebody's data.
func mask(text string) string {
	return notPlain.ReplaceAllStringFunc(text, func(part string) string {
		if scope.MatchString(part) {
			return part
		}
		return "…"
	})
}
