// Package policy is what the operator of a server lets be written: which
// fields and which tags. It is asked where accounts and persons are changed, so
// that no tool can forget it.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"posthog-accounts-mcp/internal/plain"
)

// Kind is what a field belongs to, by the name of its toolset.
type Kind string

// The kinds.
const (
	Account  Kind = "accounts"   // name, external_id, roles and properties of an account
	Property Kind = "properties" // a custom property of an account
	Person   Kind = "persons"    // a property of a person
)

var kinds = []Kind{Account, Property, Person}

// Policy is what may be written. The zero Policy allows everything.
type Policy struct {
	fields, tags []pattern
	limitsFields bool
	limitsTags   bool
}

// pattern is a name, or the beginning of names, of one kind or of all.
type pattern struct {
	kind  Kind // empty for all
	name  string
	begin bool // the name goes on in any way
}

// Nothing is the only item of a list that allows nothing at all.
const Nothing = "none"

// New reads the lists of a command line. A list that was not given allows
// everything.
func New(fields, tags []string) (Policy, error) {
	p := Policy{limitsFields: len(fields) > 0, limitsTags: len(tags) > 0}
	var err error
	if p.fields, err = patterns(fields, true); err != nil {
		return Policy{}, fmt.Errorf("--allow-fields: %w", err)
	}
	if p.tags, err = patterns(tags, false); err != nil {
		return Policy{}, fmt.Errorf("--allow-tags: %w", err)
	}
	return p, nil
}

func patterns(given []string, ofKinds bool) ([]pattern, error) {
	if len(given) == 1 && given[0] == Nothing {
		return nil, nil
	}
	list := make([]pattern, 0, len(given))
	for _, text := range given {
		var p pattern
		p.name, p.begin = strings.CutSuffix(text, "*")
		if kind, name, named := strings.Cut(p.name, ":"); ofKinds && named && slices.Contains(kinds, Kind(kind)) {
			p.kind, p.name = Kind(kind), name
		}
		switch {
		case strings.Contains(p.name, "*"):
			return nil, fmt.Errorf("a * stands only at the end of a name, and not as in %q", text)
		case p.name == "" && !p.begin:
			return nil, fmt.Errorf("%q names nothing", text)
		case text == Nothing:
			return nil, fmt.Errorf("%q stands alone", text)
		}
		list = append(list, p)
	}
	return list, nil
}

func (p pattern) fits(kind Kind, name string) bool {
	if p.kind != "" && p.kind != kind {
		return false
	}
	return p.name == name || p.begin && strings.HasPrefix(name, p.name)
}

func (p pattern) String() string {
	text := p.name
	if p.begin {
		text += "*"
	}
	if p.kind != "" {
		text = string(p.kind) + ":" + text
	}
	return text
}

// Fields refuses a write unless each of these fields may be written.
func (p Policy) Fields(kind Kind, names ...string) error {
	return p.check(names, func(name string) bool { return p.allows(kind, name) })
}

// CustomProperty refuses a write to a custom property, which the operator may
// have named by its name or by its id.
func (p Policy) CustomProperty(name, id string) error {
	byID := func(f pattern) bool { return !f.begin && f.fits(Property, id) }
	return p.check([]string{name}, func(name string) bool {
		return p.allows(Property, name) || slices.ContainsFunc(p.fields, byID)
	})
}

// Tags refuses to add or take off any other than the allowed tags, which are
// compared as PostHog stores them, in lower case.
func (p Policy) Tags(tags ...string) error {
	if !p.limitsTags {
		return nil
	}
	var refused []string
	for _, tag := range tags {
		stored := strings.ToLower(strings.TrimSpace(tag))
		fits := func(t pattern) bool {
			t.name = strings.ToLower(t.name)
			return t.fits("", stored)
		}
		if !slices.ContainsFunc(p.tags, fits) {
			refused = append(refused, tag)
		}
	}
	return refusal("tag", refused, p.tags, "--allow-tags")
}

// Says is what the policy does not allow, in words; empty if it allows all.
func (p Policy) Says() (sentences []string) {
	if p.limitsFields {
		sentences = append(sentences, "write other fields than: "+listed(p.fields)+" (set by the operator of this server)")
	}
	if p.limitsTags {
		sentences = append(sentences, "write other tags than: "+listed(p.tags)+" (set by the operator of this server)")
	}
	return sentences
}

func (p Policy) allows(kind Kind, name string) bool {
	return slices.ContainsFunc(p.fields, func(f pattern) bool { return f.fits(kind, name) })
}

func (p Policy) check(names []string, allowed func(string) bool) error {
	if !p.limitsFields {
		return nil
	}
	refused := slices.DeleteFunc(slices.Clone(names), allowed)
	return refusal("field", refused, p.fields, "--allow-fields")
}

// refusal says what may not be written, what may, and who can change that.
func refusal(what string, refused []string, allowed []pattern, flag string) error {
	if len(refused) == 0 {
		return nil
	}
	slices.Sort(refused)
	refused = slices.Compact(refused)
	const most = 10
	shown := make([]string, 0, most)
	for _, name := range refused[:min(len(refused), most)] {
		shown = append(shown, fmt.Sprintf("%q", plain.Short(name)))
	}
	if len(refused) > most {
		shown = append(shown, "...")
	}
	if len(refused) > 1 {
		what += "s"
	}
	return plain.Refuse("Not done, and nothing was sent: this server may not write the %s %s. It may write: %s. Leave out what it may not write; only the operator of the server can change that, with %s.",
		what, strings.Join(shown, ", "), listed(allowed), flag)
}

func listed(allowed []pattern) string {
	if len(allowed) == 0 {
		return "none"
	}
	texts := make([]string, len(allowed))
	for i, p := range allowed {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}
