package jobs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
)

// An entity is an account, a note or a person as facts that can be compared one by one: a field and its value.
// What is a set, such as tags or distinct ids, has one fact for each member.
type entity map[string]string

// A book is all that PostHog has stored, by kind and id: "account/0194...", "note/AcmeCa11", "person/5d41...".
// What the agent makes has no id before, and goes by what it is called: see reader.name.
type book map[string]entity

const (
	accountKind = "account/"
	noteKind    = "note/"
	personKind  = "person/"

	tagFact   = "tag "
	idFact    = "id " // a distinct id
	valueFact = "custom "
)

// of gives the entities of a kind that fit, sorted by key.
func (b book) of(kind string, fits func(entity) bool) []string {
	var keys []string
	for key, e := range b {
		if strings.HasPrefix(key, kind) && fits(e) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// names gives what entities are called.
func (b book) names(keys []string) []string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = b[key]["name"]
	}
	return names
}

// shown tells whether PostHog lists an account: newer ones leave out what is churned or ignored.
func (e entity) shown() bool { return e["hidden"] == "" }

// accounts gives the listed accounts that fit.
func (b book) accounts(fits func(entity) bool) []string {
	return b.of(accountKind, func(e entity) bool { return e.shown() && fits(e) })
}

// having tells whether a fact is there at all.
func having(fact string) func(entity) bool {
	return func(e entity) bool { _, has := e[fact]; return has }
}

// change sets facts of an entity, and takes away those given as "". The book shares its other entities with the
// one it was cloned from.
func (b book) change(key string, facts entity) {
	changed := maps.Clone(b[key])
	if changed == nil {
		changed = entity{}
	}
	for fact, value := range facts {
		if changed[fact] = value; value == "" {
			delete(changed, fact)
		}
	}
	b[key] = changed
}

// present is the value of a fact that is only there or not.
const present = "yes"

// harm is what a job did beside what it was to do.
type harm struct {
	lost    []string // facts that should be there and are not, or not so
	created []string // facts and things that should not be there
}

func (h harm) none() bool { return len(h.lost)+len(h.created) == 0 }

// String tells how much.
func (h harm) String() string {
	var said []string
	if n := len(h.lost); n > 0 {
		said = append(said, fmt.Sprint(n, " facts lost or wrong"))
	}
	if n := len(h.created); n > 0 {
		said = append(said, fmt.Sprint(n, " too many"))
	}
	return strings.Join(said, ", ")
}

// example is one of the facts.
func (h harm) example() string {
	return strings.Join(append(h.lost, h.created...)[:min(1, len(h.lost)+len(h.created))], "")
}

// harmTo compares what is with what should be.
func (b book) harmTo(is book) harm {
	var h harm
	for key, should := range b {
		if same(should, is[key]) {
			continue
		}
		for fact, want := range should {
			if got, there := is[key][fact]; !there || got != want {
				h.lost = append(h.lost, fmt.Sprintf("%s: %s is %q, not %q", key, fact, got, want))
			}
		}
	}
	for key, e := range is {
		if same(e, b[key]) {
			continue
		}
		for fact, got := range e {
			if _, there := b[key][fact]; !there {
				h.created = append(h.created, fmt.Sprintf("%s: %s %q", key, fact, got))
			}
		}
	}
	slices.Sort(h.lost)
	slices.Sort(h.created)
	return h
}

// same tells whether two entities are one and the same reading.
func same(a, b entity) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }

// words is a text without its form: PostHog keeps notes as documents, and what counts is what they say.
func words(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// members are the facts of an object's members, nulls left out.
func members(of gjson.Result, into entity, prefix string) {
	of.ForEach(func(name, value gjson.Result) bool {
		if value.Type != gjson.Null {
			into[prefix+name.String()] = canonical(value)
		}
		return true
	})
}

// canonical writes a value such that equal values are equal texts.
func canonical(value gjson.Result) string {
	if value.Type == gjson.String {
		return value.String()
	}
	encoded, _ := json.Marshal(value.Value()) // came as JSON
	return string(encoded)
}
