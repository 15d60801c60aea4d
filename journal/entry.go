package journal

import (
	"encoding/json"
	"errors"
	"time"
)

// Errors a caller can tell apart. What wraps them names ids and files, never
// what an entry holds.
var (
	ErrNotFound  = errors.New("no such entry in the journal")
	ErrKeyReused = errors.New("this idempotency key was used for a write with other arguments, or for one that has been erased")
	ErrTampered  = errors.New("the entry was changed by something other than the journal")
	ErrSettled   = errors.New("what became of this write is already recorded")
	ErrUndone    = errors.New("the write has been undone, or is being undone")
	// ErrUnavailable means that the journal cannot be read or written at all.
	ErrUnavailable = errors.New("the journal cannot be used")
)

// Principal is whose writes they are: the fingerprint of the key, never the
// key, and the project.
type Principal struct {
	Key     string
	Project int64
}

// Target is what a write is about. It has no name: names are data of others.
type Target struct {
	Kind string // such as account, notebook, person
	ID   string
}

// Intent is a write about to be sent.
type Intent struct {
	Principal
	Tool   string
	Target Target

	Arguments json.RawMessage // what the caller asked for
	Before    json.RawMessage // everything the write could touch, as it was
	Wanted    json.RawMessage // what is to be there afterwards

	IdempotencyKey string // only with Reserve
	Person         string // UUID of the person whose data the payloads hold, for ErasePerson
	Reversible     bool
	Deadline       time.Time // until when the request may still take effect
	Plan           string    // the plan it belongs to
	Undoes         string    // the entry it takes back
}

// Entry is a write on record.
type Entry struct {
	ID string // sorts by when the write began, and cannot be guessed
	Intent

	Outcome Outcome // empty while nobody has recorded it
	After   json.RawMessage
	Note    string

	UndoneBy  string    // the entry that takes this one back: it worked, or is under way
	At        time.Time // when it was put on record
	SettledAt time.Time
	ErasedAt  time.Time // the payloads were erased then: key, arguments, images and note are empty

	// Tampered means that the record is not as the journal wrote it. Nothing
	// in it can be relied on.
	Tampered bool
}

// final tells whether an outcome is the last word. Pending and unknown ones
// are settled again once more is known.
func (o Outcome) final() bool {
	return o == Applied || o == Ignored || o == Overridden || o == Partial
}

// worked tells whether an undo with this outcome takes the original back.
func (o Outcome) worked() bool { return o == Applied || o == Pending }

func (o Outcome) known() bool { return o.final() || o == Pending || o == Unknown }

// Query selects entries of one principal. Zero fields do not restrict.
type Query struct {
	Principal
	Since  time.Time
	Target Target // by kind, by id or by both
	Plan   string
	Before string // only entries older than the one with this id: the cursor
	Limit  int    // 20 if it is not given
}

// check refuses an intent that could not be read back as it was given.
func (i Intent) check() error {
	if i.Principal.Key == "" || i.Tool == "" {
		return errors.New("an intent needs a principal and a tool")
	}
	for _, payload := range []json.RawMessage{i.Arguments, i.Before, i.Wanted} {
		if err := checkPayload(payload); err != nil {
			return err
		}
	}
	return nil
}

func checkPayload(payload json.RawMessage) error {
	if payload != nil && !json.Valid(payload) {
		return errors.New("a payload of the journal must be JSON")
	}
	return nil
}
