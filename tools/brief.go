package tools

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/people"
	"posthog-accounts-mcp/portfolio"
)

// AccountBrief is an account as somebody needs it who is about to work with it.
// Each row of a section says where it comes from: by short_id, by uuid, by the
// property's name, or in source.
type AccountBrief struct {
	Kind             portfolio.BriefKind `json:"kind"`
	Account          AccountRow          `json:"account"`
	LastContact      *LastContact        `json:"last_contact,omitempty"`
	Notes            []BriefNote         `json:"notes,omitempty" jsonschema_description:"Those that matter most for the kind first; the first of them in full where there is room."`
	OpenPoints       []OpenPoint         `json:"open_points,omitempty" jsonschema_description:"Tasks in notes that are not ticked off."`
	People           []BriefPerson       `json:"people,omitempty" jsonschema_description:"Persons who may belong to the account, last seen first."`
	CustomProperties map[string]any      `json:"custom_properties,omitempty" jsonschema_description:"Values that are set, by name."`
	Roles            []BriefRole         `json:"roles,omitempty"`
	ChangesSince     string              `json:"changes_since,omitempty" jsonschema_description:"Of the last note; for a qbr, of the last review."`
	Changes          []BriefChange       `json:"changes,omitempty" jsonschema_description:"Newest first."`
	Omitted          map[string]int      `json:"omitted,omitempty" jsonschema_description:"Rows of each section that are not shown."`
	NotRead          map[string]string   `json:"not_read,omitempty" jsonschema_description:"Sections that could not be read, and why: unknown, not empty."`
	Remarks          []string            `json:"remarks,omitempty"`
	Sources          map[string]string   `json:"sources,omitempty" jsonschema_description:"Where short_id and uuid lead."`
}

// LastContact is the newest note's date. What was not written down is not known.
type LastContact struct {
	Date string `json:"date"`
	Days int    `json:"days_ago"`
	Note string `json:"note" jsonschema_description:"short_id"`
}

// BriefNote is a note in a brief: a snippet, or its text as far as there is room.
type BriefNote struct {
	NotebookRow
	Markdown  string `json:"markdown,omitempty"`
	CutTokens int    `json:"cut_tokens,omitempty" jsonschema_description:"Left out at the end; get_notebook has all."`
}

// OpenPoint is a task that is not ticked off.
type OpenPoint struct {
	Snippet string `json:"snippet"`
	Note    string `json:"note" jsonschema_description:"short_id"`
	Date    string `json:"date"`
}

// BriefPerson is a person of the account.
type BriefPerson struct {
	UUID     string `json:"uuid"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	LastSeen string `json:"last_seen,omitempty"`
	By       string `json:"by" jsonschema_description:"Why the person counts as one of the account; users can forge it."`
}

// BriefRole is a colleague's part.
type BriefRole struct {
	Role  string `json:"role"`
	Email string `json:"email,omitempty"`
	User  int64  `json:"user,omitempty"`
	Since string `json:"since,omitempty"`
}

// BriefChange is what changed since then.
type BriefChange struct {
	Date   string `json:"date" jsonschema_description:"With after: some time after that."`
	Field  string `json:"field"`
	From   any    `json:"from,omitempty" jsonschema:"oneof_type=string;number;boolean;object;array"`
	To     any    `json:"to,omitempty" jsonschema:"oneof_type=string;number;boolean;object;array"`
	By     string `json:"by,omitempty"`
	Source string `json:"source"`
}

// accountBrief shapes what is known, all of it; fit makes it fit.
func accountBrief(known portfolio.Brief, ranked []client.Notebook, kind portfolio.BriefKind, l links, now time.Time) AccountBrief {
	brief := AccountBrief{
		Kind: kind, Account: fullRow(known.Account), CustomProperties: map[string]any{},
		Omitted: map[string]int{}, NotRead: map[string]string{}, Sources: map[string]string{},
	}
	for _, note := range ranked {
		brief.Notes = append(brief.Notes, BriefNote{NotebookRow: notebookRow(note)})
	}
	for _, point := range portfolio.OpenPoints(known.Notes) {
		brief.OpenPoints = append(brief.OpenPoints, OpenPoint{Snippet: shorten(point.Text, snippetRunes), Note: point.Note.ShortID, Date: day(point.Note.CreatedAt)})
	}
	for _, contact := range known.People {
		brief.People = append(brief.People, briefPerson(contact))
	}
	for _, property := range known.Properties {
		brief.CustomProperties[property.Name], _ = capValue(property.Value, valueRunes)
	}
	for _, role := range known.Roles {
		if role.Email != "" {
			role.User = 0 // the address says it
		}
		brief.Roles = append(brief.Roles, BriefRole(role))
	}
	for _, change := range known.Changes {
		brief.Changes = append(brief.Changes, briefChange(change, known.Compared))
	}
	brief.date(known, now)
	brief.account(known)
	brief.admit(known)
	if len(brief.Notes) > 0 {
		brief.Sources["short_id"] = l.notebook("{short_id}")
	}
	if len(brief.People) > 0 {
		brief.Sources["uuid"] = l.person("{uuid}")
	}
	return brief
}

// date says when the account was last written about.
func (b *AccountBrief) date(known portfolio.Brief, now time.Time) {
	if len(known.Notes) == 0 {
		return
	}
	last := known.Notes[0]
	b.LastContact = &LastContact{Date: day(last.CreatedAt), Days: int(now.Sub(last.CreatedAt).Hours() / 24), Note: last.ShortID}
	b.ChangesSince = day(known.Since)
}

// account leaves out of the account what has a section of its own.
func (b *AccountBrief) account(known portfolio.Brief) {
	if known.Failed[portfolio.SectionRoles] == nil {
		b.Account.CSM, b.Account.AccountExecutive, b.Account.AccountOwner = "", "", ""
	}
	b.Account.UpdatedAt = "" // moves without anybody changing anything
}

// admit says what is not known, and what the sections do not hold.
func (b *AccountBrief) admit(known portfolio.Brief) {
	for section, failure := range known.Failed {
		b.NotRead[string(section)] = plain.Explain(failure)
	}
	if known.MoreNotes > 0 {
		b.Omitted["notes"] = known.MoreNotes
		b.Remarks = append(b.Remarks, fmt.Sprintf("Only the newest %d notes were read, for open points, too.", len(known.Notes)))
	}
	if known.Failed[portfolio.SectionNotes] == nil && len(known.Notes) == 0 {
		b.Remarks = append(b.Remarks, "The account has no notes.")
	}
	if known.MorePeople {
		b.Remarks = append(b.Remarks, "There are more people than were looked at; list_persons finds them.")
	}
	if known.Compared.IsZero() && known.Failed[portfolio.SectionChanges] == nil {
		b.Remarks = append(b.Remarks, "Changes of the account's own fields are not known: nothing was remembered before. list_account_changes remembers from its first call on.")
	}
}

func briefPerson(c portfolio.Contact) BriefPerson {
	person := BriefPerson{UUID: c.UUID, Email: shorten(people.Email(c.Person), 100), By: c.By}
	if name := shorten(c.Name, 60); name != person.Email {
		person.Name = name
	}
	if c.LastSeenAt != nil {
		person.LastSeen = day(*c.LastSeenAt)
	}
	return person
}

func briefChange(c portfolio.DatedChange, compared time.Time) BriefChange {
	change := BriefChange{Field: c.Field, By: c.By, Source: string(c.Source)}
	change.From, _ = capValue(c.From, valueRunes)
	change.To, _ = capValue(c.To, valueRunes)
	if c.Note != "" {
		change.Source += " " + c.Note
	}
	if change.Date = day(c.At); c.At.IsZero() {
		change.Date = "after " + minute(compared)
	}
	return change
}

// readFirst are the sections of a brief in the order of a kind; the rest
// follows as it is declared.
var readFirst = map[portfolio.BriefKind][]string{
	portfolio.ForCall:     {"kind", "account", "roles", "last_contact", "open_points", "notes", "people"},
	portfolio.ForQBR:      {"kind", "account", "custom_properties", "changes_since", "changes", "notes", "last_contact", "open_points"},
	portfolio.ForHandover: {"kind", "account", "roles", "custom_properties", "open_points", "notes", "people"},
}

// MarshalJSON writes what matters most for the kind first.
func (b AccountBrief) MarshalJSON() ([]byte, error) {
	type declared AccountBrief // without this method
	encoded, err := encode(declared(b))
	if err != nil {
		return nil, err
	}
	var first, rest []string
	member := func(name string, value gjson.Result) string { return fmt.Sprintf("%q:%s", name, value.Raw) }
	whole := gjson.ParseBytes(encoded)
	for _, name := range readFirst[b.Kind] {
		if value := whole.Get(name); value.Exists() {
			first = append(first, member(name, value))
		}
	}
	whole.ForEach(func(name, value gjson.Result) bool {
		if !slices.Contains(readFirst[b.Kind], name.String()) {
			rest = append(rest, member(name.String(), value))
		}
		return true
	})
	return []byte("{" + strings.Join(append(first, rest...), ",") + "}"), nil
}
