package portfolio

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
)

// DatedChange is something that changed on an account since its last note.
type DatedChange struct {
	At       time.Time // the zero time where only Compared tells: some time after that
	Field    string
	From, To any
	By       string // e-mail, where PostHog tells
	Source   ChangeSource
	Note     string // short id, of an edited note
}

// ChangeSource says by what a change is known.
type ChangeSource string

// The sources.
const (
	FromProperty     ChangeSource = "custom property"  // the value's own date
	FromRelationship ChangeSource = "relationship"     // the day it began
	FromAccount      ChangeSource = "account"          // a date the account carries
	FromNote         ChangeSource = "note"             // when it was edited
	FromComparison   ChangeSource = "earlier snapshot" // what the account looked like before
)

// change finds what changed since the last note or review, out of the dates that PostHog
// gives and of what the account is remembered to have looked like.
func (g *gathering) change(held []client.Relationship, then Remembered) {
	if g.Failed[SectionNotes] != nil {
		g.fail(SectionChanges, g.Failed[SectionNotes]) // since when is not known
		return
	}
	g.Changes = slices.Concat(g.changedValues(), g.changedNotes(), g.changedState())
	begun := g.begunRoles()
	if then.Fields != nil {
		g.Compared = then.At
		now, noRoles := fieldsOf(g.Account, held), then.NoRoles || g.Failed[SectionRoles] != nil
		for _, d := range CompareAccount(g.Account.ID, then.Fields, now, noRoles) {
			if d.Field == fieldNotes || d.Field == fieldChurned || d.Field == fieldIgnored {
				continue // with their dates in other sections
			}
			change := DatedChange{Field: d.Field, From: d.From, To: d.To, Source: FromComparison}
			at := slices.IndexFunc(begun, func(b DatedChange) bool { return b.Field == d.Field })
			if at >= 0 && !d.List {
				change.At = begun[at].At
				begun = slices.Delete(begun, at, at+1)
			}
			g.Changes = append(g.Changes, change)
		}
	}
	g.Changes = append(g.Changes, begun...)
	slices.SortStableFunc(g.Changes, func(a, b DatedChange) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Field, b.Field))
	})
}

// changesSince is the time of the last note; of the last review where the next
// one is prepared.
func changesSince(newestFirst []client.Notebook, kind BriefKind) time.Time {
	if len(newestFirst) == 0 {
		return time.Time{}
	}
	at := 0
	if kind == ForQBR {
		at = max(0, slices.IndexFunc(newestFirst, func(note client.Notebook) bool { return titled(note, reviews) }))
	}
	return newestFirst[at].CreatedAt
}

// isSince tells whether a time is after the last note or review.
func (g *gathering) isSince(at time.Time) bool { return at.After(g.Since) }

func (g *gathering) changedValues() (changes []DatedChange) {
	for _, value := range g.Properties {
		if g.isSince(value.SetAt) {
			changes = append(changes, DatedChange{At: value.SetAt, Field: value.Name, To: value.Value, Source: FromProperty})
		}
	}
	return changes
}

func (g *gathering) changedNotes() (changes []DatedChange) {
	for _, note := range g.Notes {
		edited := note.LastModifiedAt
		if edited == nil || !edited.After(note.CreatedAt) || !g.isSince(*edited) {
			continue
		}
		change := DatedChange{At: *edited, Field: fieldNotes, To: note.Title, Source: FromNote, Note: note.ShortID}
		if note.LastModifiedBy != nil {
			change.By = note.LastModifiedBy.Email
		}
		changes = append(changes, change)
	}
	return changes
}

func (g *gathering) changedState() (changes []DatedChange) {
	for field, at := range map[string]*time.Time{fieldChurned: g.Account.ChurnedAt, fieldIgnored: g.Account.IgnoredAt} {
		if at != nil && g.isSince(*at) {
			changes = append(changes, DatedChange{At: *at, Field: field, Source: FromAccount})
		}
	}
	return changes
}

// begunRoles are the roles that somebody holds since a day after the last note.
func (g *gathering) begunRoles() (changes []DatedChange) {
	for _, role := range g.Roles {
		began, err := time.Parse(time.DateOnly, role.Since)
		if err == nil && g.isSince(began) {
			field := role.Role
			if roleOf(field) == "" {
				field = fieldOfRole(field)
			}
			changes = append(changes, DatedChange{At: began, Field: field, To: role.Email, Source: FromRelationship})
		}
	}
	return changes
}
