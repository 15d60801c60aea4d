package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// The rule: a handler finds what it writes to, checks what it can, and then
// makes every request that writes inside of one call of record. Nothing is
// written outside of it.

// deed is a write about to be made.
type deed struct {
	tool      string
	target    journal.Target
	arguments any
	image     image  // what it could touch, as it was
	wish      wish   // what it is to become
	person    string // UUID of the person whose data all this holds
	forGood   bool   // it cannot be taken back
	key       string // the caller's, for a create
	undoes    string // the write it takes back

	plan    string                                                // the plan it carries out
	retries bool                                                  // an attempt under its key that left something undone may be followed by another
	earlier func(context.Context, journal.Entry) (Receipt, error) // answers for a key that was used before, in place of firstAnswer
}

// image is an object as the journal keeps it: one of these.
type image struct {
	Account  *client.Account  `json:"account,omitempty"`
	Note     *client.Notebook `json:"note,omitempty"`
	Property *propertyImage   `json:"property,omitempty"`
	Person   *personImage     `json:"person,omitempty"`
}

// propertyImage is a custom property of an account and its value.
type propertyImage struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Value   any    `json:"value"`
}

// personImage is the properties of a person that a write names; those that
// were not there are missing.
type personImage struct {
	UUID        string                     `json:"uuid"`
	Properties  map[string]json.RawMessage `json:"properties,omitempty"`
	DistinctIDs []string                   `json:"distinct_ids,omitempty"`
}

// wish is what a write asks for, in the terms of its image.
type wish struct {
	Account  *portfolio.Change          `json:"account,omitempty"`
	Property *propertyImage             `json:"property,omitempty"`
	Set      map[string]json.RawMessage `json:"set,omitempty"`
	Unset    []string                   `json:"unset,omitempty"`
	Erasure  *erasureWish               `json:"erasure,omitempty"`
	Draft    *portfolio.Draft           `json:"draft,omitempty"` // of an account that is to be made
	Note     *noteWish                  `json:"note,omitempty"`
	Addition *portfolio.Addition        `json:"addition,omitempty"` // to the note of the image
	Deletion *deletionWish              `json:"deletion,omitempty"`
	Run      string                     `json:"run,omitempty"` // of a plan's row: the call that is at it
}

// noteWish is a note that is to be written.
type noteWish struct {
	Title    string `json:"title"`
	Markdown string `json:"markdown"`
}

// deletionWish is an account that is to go, or one of its notes.
type deletionWish struct {
	Account string `json:"account"`
	Note    string `json:"note,omitempty"`
}

// noteEdit is a note before and after an edit.
type noteEdit struct {
	Was  client.Notebook `json:"was"`
	Left client.Notebook `json:"left"`
}

// done is what became of a write: the answer, and what it takes to undo it.
// The journal keeps all of it.
type done struct {
	Receipt Receipt           `json:"receipt"`
	After   map[string]any    `json:"after,omitempty"` // the changed fields, whole
	Back    *portfolio.Change `json:"back,omitempty"`  // what takes an account's change back
	Made    image             `json:"made,omitzero"`   // what a create made
	Met     image             `json:"met,omitzero"`    // what a change met, if not the image that is on record
	Edit    *noteEdit         `json:"edit,omitempty"`  // what an edit made of a note

	caveat string // what undoing may run into
}

// slowRequests is how many requests of one write may take as long as a request
// may: what takes longer is given up.
const slowRequests = 4

// writeTime is how long the requests of a write may take in all, and writeWindow
// how long after its intent it may still take effect: a server may go on with
// the last of them for a while.
func (d *Desk) writeTime() time.Duration   { return slowRequests * d.posthog.Timeouts().Write }
func (d *Desk) writeWindow() time.Duration { return d.writeTime() + d.posthog.Timeouts().Settle }

// record makes a write: it puts it on record, does it and records what became
// of it. A write that cannot be recorded is not made.
func (d *Desk) record(ctx context.Context, s scope, w deed, do func(context.Context) (done, error)) (Receipt, error) {
	if d.ledger == nil {
		result, err := do(ctx)
		result.Receipt.Undo += result.caveat
		result.Receipt.Note = sentences(result.Receipt.Note, "Not on record: the journal is off.")
		return result.Receipt, err
	}
	book, err := d.ledger.journal(ctx)
	if err != nil {
		return Receipt{}, err
	}
	d.settleOnce(ctx, s, book)
	entry, earlier, err := d.begin(ctx, s, book, w)
	switch {
	case err != nil:
		return Receipt{}, onRecord(err)
	case earlier && w.earlier != nil:
		return w.earlier(ctx, entry)
	case earlier:
		return d.firstAnswer(entry)
	}
	bounded, cancel := context.WithTimeout(ctx, d.writeTime())
	defer cancel()
	watched, writes := client.WatchWrites(bounded)
	result, err := do(watched)
	if err != nil {
		return Receipt{}, d.failed(ctx, book, entry, err, writes.Effective())
	}
	result.Receipt.Write = entry.ID
	result.Receipt.Undo = d.undoOf(w, result)
	if err := settle(ctx, book, entry.ID, result.Receipt.Outcome, result.nameless(w), result.Receipt.Note); err != nil {
		result.Receipt.Note = sentences(result.Receipt.Note, "What became of it could not be put on record: "+plain.Explain(onRecord(err)))
	}
	return result.Receipt, nil
}

// nameless is what is kept of what became of a write: persons are known by
// UUID there. What they are called may be a distinct id that is another's soon.
func (r done) nameless(w deed) done {
	if w.person != "" {
		r.Receipt.Target = &Target{Kind: w.target.Kind, ID: w.target.ID}
	}
	return r
}

// begin puts the intent on record, or finds the write that a key stands for. A
// first attempt that PostHog refused made nothing: the key is free again, and
// each attempt has a place of its own.
func (d *Desk) begin(ctx context.Context, s scope, book *journal.Journal, w deed) (entry journal.Entry, earlier bool, err error) {
	intent := journal.Intent{
		Principal: s.principal(), Tool: w.tool, Target: w.target, Person: w.person, Undoes: w.undoes, Plan: w.plan,
		Reversible: !w.forGood, Deadline: d.now().Add(d.writeWindow()),
	}
	for _, payload := range []struct {
		kept *json.RawMessage
		from any
	}{{&intent.Arguments, w.arguments}, {&intent.Before, w.image}, {&intent.Wanted, w.wish}} {
		if *payload.kept, err = encode(payload.from); err != nil {
			return journal.Entry{}, false, err
		}
	}
	if w.key == "" {
		entry, err = book.Begin(ctx, intent)
		return entry, false, err
	}
	for attempt := 1; ; attempt++ {
		intent.IdempotencyKey = w.key
		if attempt > 1 {
			intent.IdempotencyKey = fmt.Sprintf("%s\x00%d", w.key, attempt)
		}
		entry, earlier, err = book.Reserve(ctx, intent)
		if err == nil && earlier && w.earlier == nil && d.isLeftOpen(entry) {
			entry, err = d.lookAgain(ctx, s, book, entry)
		}
		if err != nil || !earlier || !w.mayFollow(entry) {
			return entry, earlier, err
		}
	}
}

// mayFollow tells whether an attempt leaves its key to another one.
func (w deed) mayFollow(entry journal.Entry) bool {
	switch {
	case entry.UndoneBy != "":
		return false
	case entry.Outcome == journal.Ignored:
		return entry.After == nil || w.retries
	}
	return entry.Outcome == journal.Partial && w.retries
}

// sinceThen says what is to be known besides of a write that this process
// remembers: whether it was undone, and how long its key is good.
func (d *Desk) sinceThen(ctx context.Context, s scope, write string) string {
	if d.ledger == nil {
		return " The key is remembered until the server restarts: the journal is off."
	}
	book, err := d.ledger.journal(ctx)
	if err != nil {
		return "" // the answer holds without it
	}
	entry, _ := book.Entry(ctx, s.principal(), write) // likewise
	return undone(entry)
}

// undone says that a write was taken back, if it was.
func undone(entry journal.Entry) string {
	if entry.UndoneBy == "" {
		return ""
	}
	return fmt.Sprintf(" What it did was undone since, by %s; to do it once more, call with a new key.", entry.UndoneBy)
}

// firstAnswer is what a key answers that was used before.
func (d *Desk) firstAnswer(entry journal.Entry) (Receipt, error) {
	var first done
	switch {
	case entry.After != nil:
		if err := json.Unmarshal(entry.After, &first); err != nil {
			return Receipt{}, fmt.Errorf("the answer kept in %s: %w", entry.ID, err)
		}
		first.Receipt.Note = sentences(first.Receipt.Note, repeated) + undone(entry)
		return first.Receipt, nil
	case d.now().Before(entry.Deadline):
		return Receipt{}, plain.Refuse("Not done: the first call with this key (%s) is still under way, or what became of it is not known. Repeat this call after %s: until then nobody can tell.", entry.ID, clock(entry.Deadline))
	}
	return Receipt{}, plain.Refuse("Not done: what became of the first call with this key (%s) is not known. %s Look with list_accounts or list_notebooks; if it is not there, call with a new key.", entry.ID, entry.Note)
}

const (
	nothingChanged = "Nothing was changed."

	repeated = "Already done with this key; this is the first answer again."
	crashed  = "The server ended before it knew what became of it. Look at the object before you repeat anything."
)

// failed records a write that has no receipt, and gives the error to answer
// with: as it is if PostHog did nothing, and with the write's id if nobody
// knows.
func (d *Desk) failed(ctx context.Context, book *journal.Journal, entry journal.Entry, failure error, effective bool) error {
	outcome, said := journal.Ignored, plain.Explain(failure)
	if effective {
		outcome = journal.Unknown
		failure = plain.Refuse("%s The write is on record as %s.", said, entry.ID)
	}
	if err := settle(ctx, book, entry.ID, outcome, nil, said); err != nil {
		return plain.Refuse("%s What became of it could not be put on record either: %s", plain.Explain(failure), plain.Explain(onRecord(err)))
	}
	return failure
}

// settle records an outcome, also when the caller has gone.
func settle(ctx context.Context, book *journal.Journal, id string, outcome journal.Outcome, after any, note string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var kept json.RawMessage
	if after != nil {
		encoded, err := encode(after)
		if err != nil {
			return err
		}
		kept = encoded
	}
	var more []journal.Finding
	if result, ok := after.(done); ok && result.Receipt.Target != nil {
		more = append(more, journal.Made(result.Receipt.Target.ID))
	}
	return book.Settle(ctx, id, outcome, kept, note, more...)
}

// undoOf says how to take a recorded write back.
func (d *Desk) undoOf(w deed, result done) string {
	if w.forGood || result.Receipt.Outcome == journal.Ignored || result.Receipt.Undo == nothingChanged || !d.undoes {
		return result.Receipt.Undo + result.caveat
	}
	return asCall("undo_write", map[string]any{"write": result.Receipt.Write}) + result.caveat
}

// clock is a moment of today.
func clock(at time.Time) string { return at.Format(time.TimeOnly + " MST") }

// sentences joins what is to be said.
func sentences(first, second string) string {
	return strings.TrimSpace(first + " " + second)
}
