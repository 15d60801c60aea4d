package tools

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/people"
	"posthog-accounts-mcp/portfolio"
)

// attempt is a write of a row, ready to be made.
type attempt struct {
	deed
	make func(context.Context) (done, error)
}

// errBegun is a write that some call has begun already.
var errBegun = errors.New("the write was begun by another call")

// errAlreadySo is a write that has nothing left to do.
var errAlreadySo = errors.New("it is already so")

// key names a write of the row, in the journal and across all calls.
func (w *rowWork) key(part string) string {
	return fmt.Sprintf("%s/%d %s", w.plan.ID, w.number, part)
}

// attemptOf is the key of a write, whichever attempt at it an entry is.
func attemptOf(entry journal.Entry) string {
	key, _, _ := strings.Cut(entry.IdempotencyKey, "\x00")
	return key
}

// write makes one write of the row unless it was made. One that was begun is
// settled first; prepare is asked only if it is to be made, or made again.
func (w *rowWork) write(ctx context.Context, part string, retries bool, prepare func(context.Context) (attempt, error)) (done, error) {
	key := w.key(part)
	for {
		entry, begun := w.last(key)
		if begun {
			result, again, err := w.settled(ctx, key, entry, retries)
			if err != nil || !again {
				return w.took(result, err)
			}
		}
		a, err := prepare(ctx)
		if begun && errors.Is(err, errAlreadySo) {
			return w.took(done{Receipt: Receipt{Outcome: journal.Applied, Write: entry.ID}}, nil)
		}
		if err != nil {
			return done{}, err
		}
		result, err := w.attempt(ctx, key, retries, a)
		if !errors.Is(err, errBegun) {
			return w.took(result, err)
		}
	}
}

// attempt makes a write, as one of the plan.
func (w *rowWork) attempt(ctx context.Context, key string, retries bool, a attempt) (result done, err error) {
	var cause error
	a.tool, a.key, a.plan, a.retries, a.wish.Run = applyPlanName, key, w.plan.ID, retries, w.id
	a.earlier = func(_ context.Context, entry journal.Entry) (Receipt, error) {
		w.learn(key, entry)
		return Receipt{}, errBegun
	}
	receipt, err := w.desk.record(ctx, w.scope, a.deed, func(ctx context.Context) (done, error) {
		result, cause = a.make(ctx)
		return result, cause
	})
	if retryAfter(cause) >= 0 {
		return done{}, cause // not sent: to be made again after the wait
	}
	result.Receipt = receipt
	return result, err
}

// took keeps what became of a write.
func (w *rowWork) took(result done, err error) (done, error) {
	if err == nil {
		w.receipts = append(w.receipts, result.Receipt)
	}
	return result, err
}

// ends stops a row whose write did not end as asked: the rest of it may speak of
// what has not happened.
func ends(result done) error {
	switch result.Receipt.Outcome {
	case journal.Applied, journal.Pending:
		return nil
	}
	return errEnded
}

// create makes the account of the row.
func (w *rowWork) create(ctx context.Context, step portfolio.Step) (client.Account, error) {
	draft := step.Draft()
	result, err := w.write(ctx, "create", false, func(ctx context.Context) (attempt, error) {
		account, taken, err := w.scope.book.Namesake(ctx, draft)
		if err == nil && taken {
			err = skip("Since the plan there is an account with this name or external_id: %s.", account.ID)
		}
		return attempt{
			deed: deed{target: journal.Target{Kind: "account"}, arguments: step.Change, wish: wish{Account: &step.Change}},
			make: func(ctx context.Context) (done, error) { return makeAccount(ctx, w.scope, draft) },
		}, err
	})
	switch {
	case err != nil:
		return client.Account{}, err
	case result.Made.Account == nil:
		return client.Account{}, ends(result)
	}
	w.account = result.Made.Account
	return *w.account, nil
}

// update makes the one PATCH of the row.
func (w *rowWork) update(ctx context.Context, id string, step portfolio.Step) error {
	result, err := w.write(ctx, "update", true, func(ctx context.Context) (attempt, error) {
		account, err := w.read(ctx, id)
		switch changed := step.Stale(account); {
		case err != nil:
			return attempt{}, err
		case step.IsDone(account):
			return attempt{}, errAlreadySo
		case len(changed) > 0:
			return attempt{}, changedSincePlan(changed...)
		}
		return attempt{
			deed: deed{target: journal.Target{Kind: "account", ID: id}, arguments: step.Change, image: image{Account: &account}, wish: wish{Account: &step.Change}},
			make: func(ctx context.Context) (done, error) {
				result, err := w.scope.book.Update(ctx, account, step.Change)
				if err != nil {
					return done{}, err
				}
				w.account = &result.Account
				return accountChanged(w.scope, account, byID, result), nil
			},
		}, nil
	})
	if errors.Is(err, errAlreadySo) {
		return nil
	}
	if err != nil {
		return err
	}
	return ends(result)
}

// byID is how a row finds its account.
var byID = portfolio.Match{By: "id", Exact: true}

// setCustom sets one custom property of the row's account.
func (w *rowWork) setCustom(ctx context.Context, id string, custom portfolio.CustomStep) error {
	result, err := w.write(ctx, "property "+custom.ID, true, func(ctx context.Context) (attempt, error) {
		account, err := w.read(ctx, id)
		if err != nil {
			return attempt{}, err
		}
		property, err := w.property(ctx, id, custom)
		switch {
		case err != nil:
			return attempt{}, err
		case sameValue(property.Value, custom.Value):
			return attempt{}, errAlreadySo
		case !sameValue(property.Value, custom.Was):
			return attempt{}, changedSincePlan(custom.Name)
		}
		deed := propertyDeed(ctx, w.scope, account, property, custom.Value)
		deed.arguments = custom
		return attempt{deed: deed, make: func(ctx context.Context) (done, error) {
			return changeProperty(ctx, w.scope, account, byID, property, custom.Value, deed.forGood)
		}}, nil
	})
	if errors.Is(err, errAlreadySo) {
		return nil
	}
	if err != nil {
		return err
	}
	return ends(result)
}

// writeNote writes the note of the row.
func (w *rowWork) writeNote(ctx context.Context, id string, step portfolio.Step) error {
	note := noteWish{Title: titleOf(CreateNotebookRequest{Markdown: step.Note}), Markdown: step.Note}
	_, err := w.write(ctx, "note", false, func(ctx context.Context) (attempt, error) {
		account, err := w.read(ctx, id)
		return attempt{
			deed: deed{target: journal.Target{Kind: "account", ID: id}, arguments: note, image: image{Account: &account}, wish: wish{Note: &note}},
			make: func(ctx context.Context) (done, error) {
				written, err := w.scope.book.WriteNote(ctx, account, note.Title, note.Markdown)
				if err != nil {
					return done{}, err
				}
				return noteWritten(w.scope, account, byID, written), nil
			},
		}, err
	})
	return err
}

// changePerson sets and removes the properties of the row's person.
func (w *rowWork) changePerson(ctx context.Context) error {
	step := *w.step.Person
	_, err := w.write(ctx, "person", true, func(ctx context.Context) (attempt, error) {
		person, match, err := w.scope.byUUID(ctx, step.UUID)
		switch {
		case err != nil:
			return attempt{}, err
		case step.IsDone(person):
			return attempt{}, errAlreadySo
		}
		if changed := step.Stale(person); len(changed) > 0 {
			return attempt{}, changedSincePlan(changed...)
		}
		return w.personAttempt(step, person, match), nil
	})
	if errors.Is(err, errAlreadySo) {
		return skip("Somebody else made the same change since the plan.")
	}
	return err
}

func (w *rowWork) personAttempt(step people.Step, person client.Person, match people.Match) attempt {
	return attempt{
		deed: deed{
			target: journal.Target{Kind: "person", ID: person.UUID}, person: person.UUID,
			arguments: wish{Set: step.Set, Unset: step.Unset},
			image:     image{Person: imageOf(person, step.Set, step.Unset)}, wish: wish{Set: step.Set, Unset: step.Unset},
		},
		make: func(ctx context.Context) (done, error) {
			result, err := w.scope.people.Update(ctx, person, step.Set, step.Unset)
			if err != nil {
				return done{}, err
			}
			return personChanged(w.scope, person, match, result), nil
		},
	}
}
