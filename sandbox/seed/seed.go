// Package seed is the portfolio the sandbox starts with: the members of one
// organisation, the accounts they look after, the notes and custom properties
// on those accounts, and the persons behind them.
//
// It is plain data: it knows neither HTTP nor which PostHog generation it will
// be shown as. Everything is the same on every start, except that moments are
// given as durations before the start ("Ago"), or resolved against the start
// the caller names, so that a note from yesterday stays a note from yesterday.
//
// Every call builds its values afresh and the caller owns what it gets; two
// sandboxes in one process share nothing they could change.
package seed

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// TeamID is the project everything belongs to. It takes part in the UUIDs of
// persons, as it does in PostHog.
const TeamID = 1

// User is a member of the organisation.
type User struct {
	ID         int64
	UUID       string
	DistinctID string
	FirstName  string
	LastName   string
	Email      string
	// Role is PostHog's role_at_organization.
	Role string
	// Level is the membership level: 1 member, 8 admin, 15 owner.
	Level int
}

// Account is a customer.
type Account struct {
	ID   string
	Name string
	// ExternalID is empty when the account has none.
	ExternalID string
	// CSM, AccountExecutive and AccountOwner are user ids, 0 for nobody.
	CSM, AccountExecutive, AccountOwner int64
	// Properties holds the ids in other systems, only those that are set.
	Properties map[string]string
	Tags       []string
	CreatedAgo time.Duration
	UpdatedAgo time.Duration
	// CreatedBy is a user id, 0 when nobody is on record.
	CreatedBy int64
	// Churned and Ignored mean something to the newer generation only.
	Churned, Ignored bool
	// Domain is the account's own mail and web domain.
	Domain string
	// EmailDomains and KnownEmails are shown by the newer generation only.
	EmailDomains, KnownEmails []string

	facts facts
}

// Note is a notebook on an account.
type Note struct {
	ID        string
	ShortID   string
	AccountID string
	Title     string
	// NullTitle tells a note that never had a title from one with an empty title.
	NullTitle   bool
	Markdown    string
	Author      int64
	Ago         time.Duration
	ModifiedAgo time.Duration
	// Doc is set on notes that somebody edited in the editor: a rich-text
	// document that says more, or something else, than Markdown does.
	Doc json.RawMessage
}

// Option is one choice of a select property.
type Option struct {
	ID, Label, Color string
}

// Definition is a custom property of accounts.
type Definition struct {
	ID          string
	Name        string
	Description string
	// DisplayType is PostHog's display_type: text, number, currency, percent,
	// date, datetime, boolean or select.
	DisplayType string
	IsBigNumber bool
	Options     []Option
	// Source marks a definition fed by a warehouse view: nobody sets it by hand.
	Source bool
	// Canonical marks a definition PostHog manages (newer generation).
	Canonical bool
}

// Value is what an account has for a Definition, in the form PostHog stores:
// string, bool or float64; dates are RFC 3339 strings in UTC.
type Value struct {
	ID           string
	AccountID    string
	DefinitionID string
	Value        any
	Ago          time.Duration
	CreatedBy    int64
}

// Person is somebody, or some browser, that used the customer's product.
type Person struct {
	ID          int64
	UUID        string
	DistinctIDs []string
	Properties  map[string]any
	Identified  bool
	CreatedAgo  time.Duration
	// LastSeenAgo is negative when the person was never seen again.
	LastSeenAgo time.Duration
}

// Activity is an entry of a person's activity log.
type Activity struct {
	ID       string
	PersonID int64
	// User is who did it, 0 for PostHog itself.
	User int64
	// Activity is updated, delete_property, split_person or deleted.
	Activity string
	// Name is the detail's name: the person's UUID on a split or a deletion.
	Name    string
	Changes []Change
	Ago     time.Duration
}

// Change is one change of an Activity. PostHog records that properties
// changed, never their values.
type Change struct {
	Action string
	// Field is empty where PostHog sends null.
	Field string
	After map[string]any
}

// area keeps the random streams of the parts apart, so that a change in one
// does not reshuffle the others.
type area uint64

const (
	areaUsers area = iota + 1
	areaRoles
	areaAccounts
	areaContacts
	areaNotes
	areaNoteShares
	areaValues
	areaPersons
	areaActivities
)

// random is the stream of the n-th thing of an area.
func random(a area, n int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(a)<<32|0x5eed, uint64(n)))
}

// epoch is when the oldest time-ordered id was made. Ids are fixed while dates
// move with the start, so ids keep the order of creation but not its time.
var epoch = time.Date(2025, time.January, 6, 8, 0, 0, 0, time.UTC)

// timeOrderedID is a UUID of version 7 for the moment epoch+after.
func timeOrderedID(r *rand.Rand, after time.Duration) string {
	var id uuid.UUID
	ms := uint64(epoch.Add(after).UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	fillRandom(r, id[6:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// randomID is a UUID of version 4.
func randomID(r *rand.Rand) string {
	var id uuid.UUID
	fillRandom(r, id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

func fillRandom(r *rand.Rand, b []byte) {
	for len(b) > 0 {
		b = b[copy(b, binary.LittleEndian.AppendUint64(nil, r.Uint64())):]
	}
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// token is n characters out of alphabet.
func token(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// pick is one of choices.
func pick[T any](r *rand.Rand, choices []T) T { return choices[r.IntN(len(choices))] }

// chance is true in percent of 100 cases.
func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// between is a whole number from low to high, both included.
func between(r *rand.Rand, low, high int) int { return low + r.IntN(high-low+1) }

// days is n days, shifted within the day so that no two moments look alike.
func days(r *rand.Rand, n int) time.Duration {
	return time.Duration(n)*24*time.Hour + time.Duration(r.Int64N(int64(20*time.Hour/time.Microsecond)))*time.Microsecond
}
