package tools

import (
	"context"
	"errors"
	"fmt"
	"time"

	"posthog-accounts-mcp/internal/elicit"
	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// ConfirmationArg goes ahead with what was previewed.
type ConfirmationArg struct {
	Confirmation string `json:"confirmation,omitempty" jsonschema:"maxLength=100" jsonschema_description:"From the preview."`
}

// agreement is what stands before a write that cannot be taken back. Where the
// client can ask the person, the person decides. Elsewhere there are two steps:
// a preview that issues a confirmation, and the same call with it.
//
// Confirmations and the state of questions are sealed with keys derived from
// the PostHog key, so they survive a restart and work on every replica. A
// confirmation proves that exactly this was previewed, not that a person
// agreed. Each is good for one write; see spend.
type agreement struct {
	desk      *Desk
	key       func(purpose string) []byte
	toolset   Toolset
	token     string
	bound     opaque.Binding
	principal journal.Principal

	until time.Time // when what is issued ends; after opaque.Lifetime unless given
	again bool      // good for more than one call; see reusable
	spent *spentOn  // the confirmation or answer that was used up for this write
}

// What is sealed. Each has a key of its own: the state of a question that
// nobody answered must not pass for the confirmation of a preview.
const (
	confirmations = "confirmation"
	questions     = "question"
)

func (d *Desk) agreement(s scope, toolset Toolset, tool, token string, arguments, object any) *agreement {
	return &agreement{
		desk: d, key: s.session.Key().Derive, toolset: toolset, principal: s.principal(), token: token,
		bound: opaque.Binding{Tool: tool, Project: s.project, Arguments: arguments, Object: object},
	}
}

// reach tells whether to go ahead. If not, there is an answer to give instead:
// a preview, what came of asking, or a failure, which may be the question that
// the person is to be asked.
func (a *agreement) reach(ctx context.Context, propose func(context.Context) (proposal, error)) (answer ReceiptOrPreview, agreed bool, err error) {
	talk := elicit.From(ctx)
	switch {
	case a.token != "":
		if err = a.checkToken(); err == nil {
			err = a.spend(ctx, a.token, "confirmation")
		}
		return answer, err == nil, err
	case a.desk.unasked[a.toolset]:
		return answer, true, nil
	case talk.Answered():
		if err = a.checkState(talk.State); err != nil {
			return answer, false, err
		}
		if talk.Answer == elicit.Yes {
			err = a.spend(ctx, talk.State, "answer")
			return answer, err == nil, err
		}
	}
	p, err := propose(ctx)
	if err != nil {
		return answer, false, err
	}
	answer, err = a.instead(p, talk)
	return answer, false, err
}

// instead answers a call that does not go ahead.
func (a *agreement) instead(p proposal, talk elicit.Talk) (ReceiptOrPreview, error) {
	switch talk.Answer {
	case elicit.Declined:
		return a.shown(p, "Nothing has been done: the user said no. Do not try again unless the user asks for it."), nil
	case elicit.Cancelled:
		return a.shown(p, "Nothing has been done: the user closed the question without an answer. Ask what they want before you try again."), nil
	case elicit.Silent:
		return a.shown(p, "Nothing has been done: the client was made to ask the user, and nobody answered. Tell the user what waits for their answer; call again once they are there to give it."), nil
	case elicit.Failed:
		return a.preview(p, "Nothing has been done: the client could not ask the user. Show the user this preview, and call again with the confirmation only once they agreed."), nil
	}
	if talk.Way != elicit.Unreachable {
		return ReceiptOrPreview{}, a.ask(p)
	}
	return a.preview(p, "Nothing has been done yet."), nil
}

func (a *agreement) seal(purpose string) string {
	return opaque.Seal(a.key(purpose), a.bound, a.expires())
}

func (a *agreement) expires() time.Time {
	if !a.until.IsZero() {
		return a.until
	}
	return a.desk.now().Add(opaque.Lifetime)
}

// checkToken holds the confirmation against what is there now.
func (a *agreement) checkToken() error {
	err := opaque.Check(a.key(confirmations), a.bound, a.token, a.desk.now())
	switch {
	case errors.Is(err, opaque.ErrExpired):
		return plain.Refuse("Not done: the confirmation has expired, it is good for %d minutes. Call again without it for a fresh preview.", int(opaque.Lifetime.Minutes()))
	case errors.Is(err, opaque.ErrChanged):
		return plain.Refuse("Not done: what was previewed has changed since. Call again without the confirmation and look at the fresh preview.")
	case err != nil:
		return plain.Refuse("Not done: this confirmation was not issued for exactly this call. Tool, arguments, project and key must be those of the preview; call without confirmation for one.")
	}
	return nil
}

// checkState holds the question that was answered against this call and what
// is there now.
func (a *agreement) checkState(state string) error {
	err := opaque.Check(a.key(questions), a.bound, state, a.desk.now())
	switch {
	case errors.Is(err, opaque.ErrExpired):
		return plain.Refuse("Not done: the answer came too late, a question is good for %d minutes. Call again, and the user is asked again.", int(opaque.Lifetime.Minutes()))
	case errors.Is(err, opaque.ErrChanged):
		return plain.Refuse("Not done: what the user was shown has changed since. Call again, and the user is asked about it as it is now.")
	case err != nil:
		return plain.Refuse("Not done: this answer is not to a question about exactly this call. Tool, arguments, project and key must be those of the question; call again without an answer, and the user is asked.")
	}
	return nil
}

// preview shows what would happen, with a confirmation for it.
func (a *agreement) preview(p proposal, note string) ReceiptOrPreview {
	preview := a.shown(p, note)
	preview.Confirmation, preview.ExpiresAt = a.seal(confirmations), a.expires().UTC().Format(time.RFC3339)
	return preview
}

// shown shows what would happen.
func (a *agreement) shown(p proposal, note string) ReceiptOrPreview {
	return ReceiptOrPreview{Preview: &Preview{Preview: p.shown, Note: p.note + " " + note, ProjectID: a.principal.Project}}
}

// KeyArg makes a create repeatable.
type KeyArg struct {
	Key string `json:"key,omitempty" jsonschema:"minLength=1,maxLength=200" jsonschema_description:"Any text of yours: repeating the call with it creates nothing twice."`
}

// madeOnce is what a create with a key answered, and to which arguments.
type madeOnce struct {
	arguments string
	receipt   Receipt
}

// once makes a create repeatable under the caller's key: the same key with the
// same arguments gets the first answer, with others it is refused. What is
// answered within this process is remembered here; a journal remembers it
// across restarts and processes.
func (d *Desk) once(ctx context.Context, s scope, tool, key string, arguments any, create func(context.Context) (Receipt, error)) (Receipt, error) {
	if key == "" {
		return create(ctx)
	}
	encoded, err := encode(arguments)
	if err != nil {
		return Receipt{}, err
	}
	place := fmt.Sprintf("%s %d %s %s", s.session.Key().Fingerprint(), s.project, tool, key)
	fresh := false
	kept, err := d.written.Get(ctx, place, func(ctx context.Context) (madeOnce, error) {
		fresh = true
		receipt, err := create(ctx)
		return madeOnce{arguments: string(encoded), receipt: receipt}, err
	})
	if err != nil {
		return Receipt{}, err
	}
	if kept.arguments != string(encoded) {
		return Receipt{}, plain.Refuse("Not done: the key %q was used for another %s with other arguments. Use a new key for a new thing.", plain.Short(key), tool)
	}
	if !fresh {
		kept.receipt.Note = repeated + d.sinceThen(ctx, s, kept.receipt.Write)
	}
	return kept.receipt, nil
}
