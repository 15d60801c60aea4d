package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/people"
	"posthog-accounts-mcp/portfolio"
)

// settleOnce looks after a caller's crashed writes before the first write of
// this process, so that none of them is written over unseen. A PostHog that
// cannot be asked now is asked when the writes are listed.
func (d *Desk) settleOnce(ctx context.Context, s scope, book *journal.Journal) {
	if _, looked := d.settled.LoadOrStore(s.principal(), true); !looked {
		_ = d.settleCrashed(ctx, s, book)
	}
}

// settleCrashed finds out what became of writes whose server ended between
// their intent and their outcome, once they can no longer take effect. One that
// cannot be found out, as the key may not look or a colleague is gone, stays
// open and stops nothing else; an outage does.
func (d *Desk) settleCrashed(ctx context.Context, s scope, book *journal.Journal) error {
	open, err := book.Unsettled(ctx, s.principal())
	if err != nil {
		return err
	}
	for _, entry := range open {
		if d.now().Before(entry.Deadline) || entry.Tampered {
			continue
		}
		if _, err := d.lookAgain(ctx, s, book, entry); err != nil && !isAnswer(err) {
			return err
		}
	}
	return nil
}

// isAnswer tells a refusal, PostHog's or ours, from an outage.
func isAnswer(err error) bool {
	switch client.KindOf(err) {
	case client.MissingScope, client.Forbidden, client.NoKeyAccess, client.Unsupported, client.Invalid:
		return true
	}
	var refusal *plain.Refusal
	return errors.As(err, &refusal)
}

// errUnseen is a write whose effect no look can tell.
var errUnseen = errors.New("what became of the write cannot be seen")

// mayStillCome is said of a change of a person that is not there. PostHog makes
// those later, so no look at a person shows that it will not.
const mayStillCome = "The server ended before it knew what became of it. The change is not there, or not whole; PostHog makes changes of persons later, so it may still come. Look with get_person, and repeat it only if it is not there in some minutes."

// foundLater is said of an outcome that no receipt has told.
const foundLater = "Found out afterwards, by looking."

// lookAgain settles a write whose outcome is not known yet by looking at its
// object. An outage leaves it as it is, and is the error.
func (d *Desk) lookAgain(ctx context.Context, s scope, book *journal.Journal, entry journal.Entry) (journal.Entry, error) {
	var was image
	var asked wish
	if err := errors.Join(decodeKept(entry.Before, &was), decodeKept(entry.Wanted, &asked)); err != nil {
		return entry, err
	}
	if asked.Erasure != nil {
		return d.lookAtErasure(ctx, s, book, entry, *asked.Erasure)
	}
	if entry.Tool == "delete_person" && !entry.ErasedAt.IsZero() {
		if proof := d.certificateOf(ctx, s, entry.Target.ID); proof != nil {
			return d.settleErased(ctx, s, book, entry, *proof)
		}
	}
	result, err := s.look(ctx, was, asked)
	if asked.creates() {
		result, err = s.lookForMade(ctx, book, entry, was, asked)
	}
	outcome, note, err := d.judge(entry, was, asked, result.Receipt.Outcome, err)
	if err != nil || outcome == "" {
		return entry, err
	}
	result.Receipt.Note, result.Receipt.Write, result.Receipt.ProjectID = note, entry.ID, s.project
	if asked.creates() || asked.Addition != nil {
		result.Receipt.Undo = d.undoOf(deed{forGood: !entry.Reversible}, result)
	}
	var after any
	if outcome != journal.Unknown && note != nothingMade {
		after = result
	}
	if err := settle(ctx, book, entry.ID, outcome, after, note); err != nil && !errors.Is(err, journal.ErrSettled) {
		return entry, onRecord(err)
	}
	return book.Entry(ctx, s.principal(), entry.ID)
}

// judge tells what a look says of a write whose outcome is not known. None, if
// it may still come; an error, if the look got no answer.
func (d *Desk) judge(entry journal.Entry, was image, asked wish, seen journal.Outcome, err error) (outcome journal.Outcome, note string, _ error) {
	missing := seen == journal.Ignored || seen == journal.Partial
	var unclear *portfolio.Unclear
	switch {
	case errors.As(err, &unclear):
		return journal.Unknown, crashed + " " + plain.Visible(unclear.Error()) + ".", nil
	case errors.Is(err, errUnseen) || plain.IsAbsent(err):
		return journal.Unknown, crashed, nil
	case err != nil:
		return "", "", err
	case seen == journal.Ignored && d.now().Before(entry.Deadline),
		entry.Outcome == journal.Pending && seen != journal.Applied && seen != journal.Overridden:
		return "", "", nil
	case was.Person != nil && missing: // at any time
		return journal.Unknown, mayStillCome, nil
	case asked.creates() && seen == journal.Ignored:
		return seen, nothingMade, nil
	}
	return seen, foundLater, nil
}

// look reads an object and holds it against what was there and what was asked.
func (s scope) look(ctx context.Context, was image, asked wish) (done, error) {
	switch {
	case asked.Deletion != nil:
		return s.lookForDeleted(ctx, *asked.Deletion)
	case was.Account != nil && asked.Account != nil:
		return s.lookAtAccount(ctx, *was.Account, *asked.Account)
	case was.Person != nil && len(asked.Set)+len(asked.Unset) > 0:
		return s.lookAtPerson(ctx, *was.Person, asked)
	case was.Property != nil && asked.Property != nil:
		return s.lookAtProperty(ctx, *was.Property, *asked.Property)
	case was.Note != nil && asked.Addition != nil:
		return s.lookAtNote(ctx, *was.Note, *asked.Addition)
	}
	return done{}, errUnseen
}

func (s scope) lookAtAccount(ctx context.Context, was client.Account, change portfolio.Change) (done, error) {
	result, err := s.book.Effect(ctx, was, change)
	if err != nil {
		return done{}, err
	}
	return done{After: result.After, Back: &result.Back, Receipt: s.seen("account", was.ID, result.Outcome, result.Before, result.After)}, nil
}

// lookForDeleted looks whether what was to go is gone.
func (s scope) lookForDeleted(ctx context.Context, asked deletionWish) (done, error) {
	gone, err := s.book.IsGone(ctx, asked.Account, asked.Note)
	receipt := Receipt{Outcome: journal.Ignored, Target: &Target{Kind: "account", ID: asked.Account}, Undo: nothingChanged}
	if gone {
		receipt.Outcome, receipt.Undo = journal.Applied, "What is deleted cannot be restored."
	}
	return done{Receipt: receipt}, err
}

func (s scope) lookAtPerson(ctx context.Context, was personImage, asked wish) (done, error) {
	now, _, err := s.byUUID(ctx, was.UUID)
	if err != nil {
		return done{}, err
	}
	before, wanted, found := map[string]any{}, map[string]any{}, map[string]any{}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(asked.Set)), asked.Unset) {
		before[name], found[name], wanted[name] = decodedValue(was.Properties[name]), decodedValue(now.Properties[name]), decodedValue(asked.Set[name])
	}
	return done{After: found, Receipt: s.seen("person", was.UUID, journal.Compare(before, wanted, found, sameValue), before, found)}, nil
}

func (s scope) lookAtProperty(ctx context.Context, was, asked propertyImage) (done, error) {
	now, err := s.propertyNow(ctx, was)
	if err != nil {
		return done{}, err
	}
	before, wanted, found := map[string]any{was.Name: was.Value}, map[string]any{was.Name: asked.Value}, map[string]any{was.Name: now.Value}
	return done{After: found, Receipt: s.seen("account", was.Account, journal.Compare(before, wanted, found, sameValue), before, found)}, nil
}

// lookAtNote finds an addition that arrived. One that is not in the note may be in a follow-up.
func (s scope) lookAtNote(ctx context.Context, was client.Notebook, add portfolio.Addition) (done, error) {
	now, arrived, err := s.book.LookForAddition(ctx, was, add)
	if _, refused := errors.AsType[*portfolio.CannotEdit](err); refused || err == nil && !arrived {
		return done{}, errUnseen
	}
	if err != nil {
		return done{}, err
	}
	return noteEdited(s, nil, portfolio.NoteEdit{Outcome: journal.Applied, Was: was, Left: now}, add.Section), nil
}

// propertyNow is a custom property with the value it has now.
func (s scope) propertyNow(ctx context.Context, was propertyImage) (portfolio.Property, error) {
	all, err := s.book.Properties(ctx, was.Account)
	if err != nil {
		return portfolio.Property{}, err
	}
	at := slices.IndexFunc(all, func(p portfolio.Property) bool { return p.ID == was.ID })
	if at < 0 {
		return portfolio.Property{}, plain.Absent("There is no custom property %q any more.", plain.Short(was.Name))
	}
	return all[at], nil
}

// seen is a receipt for what a look found.
func (s scope) seen(kind, id string, outcome journal.Outcome, before, found map[string]any) Receipt {
	return Receipt{
		Outcome: outcome, Target: &Target{Kind: kind, ID: id},
		Before: capMap(before, changesTokens), After: capMap(found, changesTokens), ProjectID: s.project,
	}
}

// sameValue compares two values by what they say.
func sameValue(a, b any) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && bytes.Equal(left, right)
}

func decodedValue(raw json.RawMessage) any {
	var value any
	_ = json.Unmarshal(raw, &value) // nothing there: nil
	return value
}

// decodeKept reads what the journal keeps; nothing kept is the zero value.
func decodeKept(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// byUUID finds the person of a record.
func (s scope) byUUID(ctx context.Context, uuid string) (client.Person, people.Match, error) {
	person, match, err := s.people.FindToWrite(ctx, uuid)
	if err == nil && person.UUID != uuid {
		return client.Person{}, match, plain.Absent("The person with the UUID %s is not there any more.", uuid)
	}
	return person, match, err
}
