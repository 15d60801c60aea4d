package portfolio

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"posthog-accounts-mcp/client"
)

// BriefKind is what somebody needs a brief for.
type BriefKind string

// The kinds.
const (
	ForCall     BriefKind = "call"     // what was said last, what is open, who they are
	ForQBR      BriefKind = "qbr"      // what became of the account: changes, figures, reviews
	ForHandover BriefKind = "handover" // who is who, ids, what is open, the history
)

// Section is a part of a brief that is read by itself, and can fail by itself.
type Section string

// The sections.
const (
	SectionRoles      Section = "roles"
	SectionProperties Section = "custom_properties"
	SectionNotes      Section = "notes"
	SectionPeople     Section = "people"
	SectionChanges    Section = "changes"
)

// Brief is what PostHog knows of an account, section by section.
type Brief struct {
	Account    client.Account
	Roles      []Relationship
	Properties []DatedValue
	Notes      []client.Notebook // newest first
	MoreNotes  int               // notes that were not read
	People     []Contact         // last seen first
	MorePeople bool
	Since      time.Time     // of the last note, or review; the zero time if there is none
	Changes    []DatedChange // since then, newest first
	Compared   time.Time     // what the account looked like is known from then; the zero time if it is not

	Failed map[Section]error // what could not be read; its section is not empty but unknown
}

// DatedValue is a custom property that is set, with when that was done.
type DatedValue struct {
	Property
	SetAt time.Time
}

// Remembered is what an account looked like at some time; Fields is nil if
// nothing is known from then.
type Remembered struct {
	Fields  Fields
	At      time.Time
	NoRoles bool // its roles are not known from then
}

// Recall gives what is remembered of an account from about a time.
type Recall func(ctx context.Context, accountID string, since time.Time) (Remembered, error)

// briefNotes is how many notes a brief reads; each comes with its document.
const briefNotes = 20

// Brief reads everything about an account that was just found, at the same
// time. A section that cannot be read fails alone.
func (b *Book) Brief(ctx context.Context, account client.Account, kind BriefKind, recall Recall) (Brief, error) {
	g := gathering{Brief: Brief{Account: account, Failed: map[Section]error{}}}
	var held []client.Relationship
	var then Remembered
	g.read(SectionRoles, func() (err error) {
		g.Roles, held, err = b.holders(ctx, account)
		return err
	})
	g.read(SectionProperties, func() (err error) {
		g.Properties, err = b.datedValues(ctx, account.ID)
		return err
	})
	g.read(SectionPeople, func() (err error) {
		g.People, g.MorePeople, err = b.Contacts(ctx, account)
		return err
	})
	g.read(SectionNotes, func() error {
		page, err := b.Notes(ctx, account, client.NotebookQuery{Ordering: "-created_at", Limit: briefNotes})
		if err != nil {
			return err
		}
		g.take(page, kind)
		var lost error
		then, lost = recall(ctx, account.ID, g.Since)
		g.fail(SectionChanges, lost)
		return nil
	})
	g.reading.Wait()
	if err := ctx.Err(); err != nil {
		return Brief{}, err
	}
	g.change(held, then)
	return g.Brief, nil
}

// gathering is a brief while its sections are being read.
type gathering struct {
	Brief
	reading sync.WaitGroup
	mu      sync.Mutex // of Failed
}

func (g *gathering) read(section Section, read func() error) {
	g.reading.Go(func() { g.fail(section, read()) })
}

func (g *gathering) fail(section Section, err error) {
	if err == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.Failed[section] = err
}

func (g *gathering) take(page client.Page[client.Notebook], kind BriefKind) {
	g.Notes = page.Results
	if page.Count != nil {
		g.MoreNotes = max(0, *page.Count-len(page.Results))
	}
	g.Since = changesSince(g.Notes, kind)
}

// datedValues are the custom properties that an account has, by name.
func (b *Book) datedValues(ctx context.Context, accountID string) ([]DatedValue, error) {
	definitions, err := b.api.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	set, err := b.api.Values(ctx, accountID)
	if err != nil {
		return nil, err
	}
	var values []DatedValue
	for _, definition := range definitions {
		at := slices.IndexFunc(set, func(v client.Value) bool { return v.DefinitionID == definition.ID })
		var decoded any
		if at < 0 || json.Unmarshal(set[at].Value, &decoded) != nil || decoded == nil {
			continue
		}
		values = append(values, DatedValue{Property: Property{Definition: definition, Value: decoded}, SetAt: set[at].CreatedAt})
	}
	return values, nil
}
