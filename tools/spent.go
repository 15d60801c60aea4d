package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"time"

	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// A confirmation, or a person's answer, is good for one write. What is deleted
// cannot be deleted again anyway; but a person who is kept while their events
// go is as before, and the same confirmation would queue that once more.

// kindSpent is what the journal keeps of a confirmation that was used: a hash
// of it, and the write it was used for.
const kindSpent = "spent"

// spentOn is a confirmation or an answer that was used.
type spentOn struct {
	Write string `json:"write,omitempty"`

	id      string
	expires time.Time
}

// reusable makes a confirmation good until it expires, for what is done in
// several calls and does nothing twice by itself, as applying a plan.
func (a *agreement) reusable() *agreement {
	a.again = true
	return a
}

// spend uses up a confirmation or an answer right before the write. One that
// was used is refused, also by another process with the same journal.
func (a *agreement) spend(ctx context.Context, sealed, what string) error {
	if a.again {
		return nil
	}
	sum := sha256.Sum256([]byte(sealed))
	// It is remembered for longer than it could be used, as clocks differ.
	a.spent = &spentOn{id: hex.EncodeToString(sum[:]), expires: opaque.Expiry(sealed).Add(opaque.Lifetime)}
	if a.desk.ledger == nil {
		if a.desk.spent.add(*a.spent, a.desk.now()) {
			return nil
		}
		return plain.Refuse("Not done: this %s was used already, by an earlier call. Call again without it if the same is wanted once more.", what)
	}
	book, err := a.desk.ledger.journal(ctx)
	if err != nil {
		return err
	}
	isNew, err := book.KeepNew(ctx, a.item())
	if err != nil || isNew {
		return onRecord(err)
	}
	return a.usedAlready(ctx, book, what)
}

// usedAlready names the write that a confirmation was used for.
func (a *agreement) usedAlready(ctx context.Context, book *journal.Journal, what string) error {
	item, err := book.Item(ctx, a.principal, kindSpent, a.spent.id)
	var used spentOn
	if err = errors.Join(err, decodeKept(item.Payload, &used)); err != nil || used.Write == "" {
		return plain.Refuse("Not done: this %s was used already, by an earlier call; list_writes shows what it did. Call again without it if the same is wanted once more.", what)
	}
	return plain.Refuse("Not done: this %s was used already; the write it made is %s, and list_writes shows what became of it. Call again without it if the same is wanted once more.", what, used.Write)
}

func (a *agreement) item() journal.Item {
	payload, _ := json.Marshal(a.spent) // a text always encodes
	return journal.Item{Principal: a.principal, Kind: kindSpent, ID: a.spent.id, Payload: payload, Expires: a.spent.expires}
}

// finish completes the receipt of a write that was agreed to: it says how it
// was agreed to, if it was not, and remembers which write it was.
func (a *agreement) finish(ctx context.Context, receipt *Receipt) {
	receipt.Note = a.admit(receipt.Note)
	switch {
	case a.spent == nil:
	case a.desk.ledger == nil:
		receipt.Note = sentences(receipt.Note, "That its confirmation is used up is known until the server restarts.")
	default:
		a.spent.Write = receipt.Write
		if book, err := a.desk.ledger.journal(ctx); err == nil {
			// Without it a second use is refused all the same, in fewer words.
			_ = book.Keep(context.WithoutCancel(ctx), a.item())
		}
	}
}

// admit adds to a note that nobody was asked, if so.
func (a *agreement) admit(note string) string {
	if a.token != "" || !a.desk.unasked[a.toolset] {
		return note
	}
	return sentences(note, "Done without asking for a confirmation: the operator of this server switched that off.")
}

// spentHere remembers, without a journal, what was used up: as long as it
// could be used.
type spentHere struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// add tells whether something is used for the first time.
func (s *spentHere) add(used spentOn, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.until, func(_ string, end time.Time) bool { return !now.Before(end) })
	if _, known := s.until[used.id]; known {
		return false
	}
	if s.until == nil {
		s.until = map[string]time.Time{}
	}
	s.until[used.id] = used.expires
	return true
}
