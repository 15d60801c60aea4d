package tools

import (
	"context"
	"errors"
	"fmt"
	"time"

	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/internal/plain"
)

// ConfirmationArg goes ahead with what was previewed.
type ConfirmationArg struct {
	Confirmation string `json:"confirmation,omitempty" jsonschema:"maxLength=100" jsonschema_description:"From the preview."`
}

// agreement is the two steps of a write that cannot be taken back: a preview
// that issues a confirmation, and the same call with it.
//
// The confirmation is sealed with a key derived from the PostHog key, so it
// survives a restart, works on every replica and needs no memory. It proves
// that exactly this was previewed, not that a person agreed.
type agreement struct {
	desk    *Desk
	key     []byte
	project int64
	token   string
	bound   opaque.Binding
}

func (d *Desk) agreement(s scope, tool, token string, arguments, object any) agreement {
	return agreement{
		desk: d, key: s.session.Key().Derive("confirmation"), project: s.project, token: token,
		bound: opaque.Binding{Tool: tool, Project: s.project, Arguments: arguments, Object: object},
	}
}

// given tells whether the call carries a confirmation.
func (a agreement) given() bool { return a.token != "" }

// check holds the confirmation against what is there now.
func (a agreement) check() error {
	err := opaque.Check(a.key, a.bound, a.token, a.desk.now())
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

// preview shows what would happen, with a confirmation for it.
func (a agreement) preview(shown map[string]any, note string) ReceiptOrPreview {
	expires := a.desk.now().Add(opaque.Lifetime)
	return ReceiptOrPreview{Preview: &Preview{
		Preview: shown, Confirmation: opaque.Seal(a.key, a.bound, expires), ExpiresAt: expires.UTC().Format(time.RFC3339),
		Note: note + " Nothing has been done yet.", ProjectID: a.project, Untrusted: untrusted,
	}}
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
		kept.receipt.Note = repeated
		if d.ledger == nil {
			kept.receipt.Note += " The key is remembered until the server restarts: the journal is off."
		}
	}
	return kept.receipt, nil
}
