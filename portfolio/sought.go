package portfolio

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
)

// Match says by what a reference was found.
type Match struct {
	By    string // "id", "external_id", "name", "note", or the property that holds what matched
	Exact bool   // false for what is good for reading, and not for writing
	how   string // in what way it is not exact
	grade grade
	off   int // how far from it, to compare matches of one grade
}

// String is the match in words for a result.
func (m Match) String() string {
	if m.how == "" {
		return m.By
	}
	return m.By + ", " + m.how
}

// grade is how good a match is; the lower, the better.
type grade int

const (
	exact   grade = iota // the same text
	folded               // the same but for case
	linked               // an id that a pasted address of another system has in its path
	alike                // the same name, spelled otherwise
	address              // an e-mail address on record
	domain               // a domain on record
	part                 // contains it
	typo                 // a few letters off
	nothing
)

// answers tells a match that names an account from one that only comes near.
func (g grade) answers() bool { return g <= domain }

// sought is a reference, taken apart once to be held against many accounts.
type sought struct {
	text     string
	key      string   // of a name
	email    string   // "" unless it is one
	domain   string   // "" unless it names one
	segments []string // of the path of an address
	id       string   // it is, or leads to, the account with this id
	note     string   // it leads to this note
	isLink   bool     // it is an address in PostHog
}

// seek takes a reference apart. Addresses in PostHog that lead to no account
// here are refused.
func (b *Book) seek(reference string) (sought, error) {
	s := sought{text: strings.TrimSpace(reference)}
	link, problem := b.api.Link(s.text)
	if problem != "" {
		return s, plain.Refuse("Not looked up: this address %s.", problem)
	}
	switch link.Kind {
	case "":
	case client.AccountLink:
		s.id, s.isLink = link.ID, true
		return s, nil
	case client.NotebookLink:
		s.note, s.isLink = link.ID, true
		return s, nil
	default:
		return s, plain.Refuse("This is the address of a person, not of an account. resolve tells whose account the person's may be.")
	}
	if _, err := uuid.Parse(s.text); err == nil && len(s.text) == 36 {
		s.id = s.text
	}
	s.email, s.domain = emailIn(s.text), domainIn(s.text)
	if address, err := url.Parse(s.text); err == nil && (address.Scheme == "http" || address.Scheme == "https") {
		s.segments = strings.FieldsFunc(address.Path, func(r rune) bool { return r == '/' })
	} else if s.id == "" && s.email == "" {
		s.key = nameKey(s.text)
	}
	return s, nil
}

// mayBeForeign tells whether an account may keep the reference as an id of
// another system, which PostHog cannot search for. No such id has white space.
func (s sought) mayBeForeign() bool {
	return s.note != "" || s.text != "" && !s.isLink && !strings.ContainsAny(s.text, " \t\r\n")
}

// named is a text that an account can be found by, and what it is.
type named struct{ by, text string }

// entry is what an account can be found by.
type entry struct {
	id, name, external string
	detail             string // what tells it from its namesakes
	key, externalKey   string // of its name and of its external id
	created            time.Time
	foreign            []named
	domains, emails    []named
	notes              []string
	roles              map[Role]int64
}

// What one account may take of an index's memory.
const (
	longestID = 400
	mostNotes = 500
)

// entryOf reads an account.
func entryOf(account client.Account) entry {
	e := entry{
		id: account.ID, name: strings.TrimSpace(account.Name), detail: describe(account), key: nameKey(account.Name),
		created: account.CreatedAt, notes: account.Notebooks[:min(len(account.Notebooks), mostNotes)], roles: map[Role]int64{},
	}
	if account.ExternalID != nil {
		e.external, e.externalKey = *account.ExternalID, nameKey(*account.ExternalID)
	}
	for _, key := range PropertyKeys {
		switch texts := textsOf(account.Properties[key]); key {
		case "website_domain", "email_domains":
			for _, text := range texts {
				if on := domainIn(text); on != "" && !slices.Contains(mailboxes, on) {
					e.domains = append(e.domains, named{key, on})
				}
			}
		case "known_emails":
			for _, text := range texts {
				e.emails = append(e.emails, named{key, strings.ToLower(text)})
			}
		default:
			for _, text := range texts {
				e.foreign = append(e.foreign, named{key, text})
			}
		}
	}
	for _, role := range Roles {
		if holder := HolderOf(account, role); holder != nil {
			e.roles[role] = holder.ID
		}
	}
	return e
}

// textsOf are the texts that a property holds: one, or a list.
func textsOf(raw json.RawMessage) []string {
	var one string
	var list []string
	if json.Unmarshal(raw, &one) == nil {
		list = []string{one}
	} else if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	for i, text := range list {
		list[i] = strings.TrimSpace(text)
	}
	return slices.DeleteFunc(list, func(text string) bool { return text == "" || len(text) > longestID })
}

// match holds the reference against an account.
func (s sought) match(e entry) Match {
	if s.note != "" {
		if slices.Contains(e.notes, s.note) {
			return Match{By: "note", Exact: true}
		}
		return Match{grade: nothing}
	}
	names := append([]named{{"external_id", e.external}, {"name", e.name}}, e.foreign...)
	for _, n := range names {
		if n.text == s.text {
			return Match{By: n.by, Exact: true}
		}
	}
	for _, n := range names {
		switch {
		case n.text == "":
		case strings.EqualFold(n.text, s.text):
			return Match{By: n.by, how: "ignoring case", grade: folded}
		case slices.Contains(s.segments, n.text) && n.by != "name":
			return Match{By: n.by, how: "in the address", grade: linked}
		}
	}
	return cmp.Or(s.matchName(e), s.matchDomain(e), s.matchNear(e), Match{grade: nothing})
}

// matchName compares names by what their spellings have in common.
func (s sought) matchName(e entry) Match {
	switch s.key {
	case "":
	case e.key:
		return Match{By: "name", how: "spelled otherwise", grade: alike}
	case e.externalKey:
		return Match{By: "external_id", how: "spelled otherwise", grade: alike}
	}
	return Match{}
}

// matchDomain looks for the address or its domain among those on record.
func (s sought) matchDomain(e entry) Match {
	for _, known := range e.emails {
		if s.email == known.text {
			return Match{By: known.by, how: "an address on record", grade: address}
		}
	}
	best := Match{}
	for _, known := range e.domains {
		off := len(s.domain) - len(known.text)
		if s.domain != "" && under(s.domain, known.text) && (best.By == "" || off < best.off) {
			best = Match{By: known.by, how: "the domain", grade: domain, off: off}
		}
	}
	return best
}

// matchNear finds what only comes near: a name that contains the reference, or
// one that is a few letters off.
func (s sought) matchNear(e entry) Match {
	length := utf8.RuneCountInString(s.key)
	if length < 3 {
		return Match{}
	}
	best, most := Match{}, min(length/4, 3)
	for _, n := range []named{{"name", e.key}, {"external_id", e.externalKey}} {
		apart := utf8.RuneCountInString(n.text) - length
		if apart > 0 && strings.Contains(n.text, s.key) {
			return Match{By: n.by, how: "in part", grade: part, off: apart}
		}
		if apart > most || -apart > most {
			continue
		}
		if off := schema.Distance(s.key, n.text); off <= most && (best.By == "" || off < best.off) {
			best = Match{By: n.by, how: "a few letters off", grade: typo, off: off}
		}
	}
	return best
}

// hit is an account that matches.
type hit struct {
	entry
	Match
	account client.Account // as PostHog just gave it; empty when only the index knows it
	whole   bool           // with the roles that it keeps elsewhere
}

// ranked are the hits, the best first.
func ranked(hits []hit) []hit {
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.grade, b.grade), cmp.Compare(a.off, b.off), a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	return hits
}

// best are those that match as well as the first of the ranked.
func best(hits []hit) []hit {
	end := 0
	for end < len(hits) && hits[end].grade == hits[0].grade && (hits[0].grade != domain || hits[end].off == hits[0].off) {
		end++
	}
	return hits[:end]
}
