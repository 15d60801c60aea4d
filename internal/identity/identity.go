// Package identity carries who is calling from the transport, which knows, to the code that talks to
// PostHog. It travels in the context of each request and nowhere else: one process serves many callers,
// and a global would sooner or later hand one caller's key to another.
package identity

import (
	"context"

	"posthog-accounts-mcp/client"
)

// Source says where the PostHog key of a request came from.
type Source string

// The sources of a key.
const (
	SourceNone        Source = ""            // there is no key: a call answers how to set one
	SourceEnvironment Source = "environment" // the key of the process: stdio, or HTTP on loopback without callers
	SourceRequest     Source = "request"     // the key came with this HTTP request
)

// Identity is who calls, and with which PostHog key.
type Identity struct {
	// Key is what PostHog sees. It is zero when the request brought none and none may be lent to it.
	Key client.Key
	// KeySource says where Key came from, so that a missing key can be explained in the caller's terms.
	KeySource Source
	// Caller is the label of the bearer token that let this request in: a name from the callers file or
	// the start of the token's hash. It is empty on stdio and where no callers are configured.
	Caller string
}

// FromEnvironment is the identity of everything a process does with its own key, which may be zero.
func FromEnvironment(key client.Key) Identity {
	if key.IsZero() {
		return Identity{}
	}
	return Identity{Key: key, KeySource: SourceEnvironment}
}

type contextKey struct{}

// With returns a context that carries id.
func With(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// From returns the identity ctx carries. A context without one gives the zero Identity, which holds no
// key: forgetting to set it can only ever refuse a call, never lend it somebody's rights.
func From(ctx context.Context) Identity {
	id, _ := ctx.Value(contextKey{}).(Identity)
	return id
}
