// Package progress lets a tool tell the client how far a call is, without
// knowing how clients are told.
package progress

import "context"

// Reporter takes note of how much of a call is done.
type Reporter func(done, total int, message string)

type key struct{}

// With returns a context whose calls report to somebody.
func With(ctx context.Context, to Reporter) context.Context {
	return context.WithValue(ctx, key{}, to)
}

// Report tells whoever asked how far the call of ctx is. Without anybody who
// asked, it does nothing.
func Report(ctx context.Context, done, total int, message string) {
	if to, asked := ctx.Value(key{}).(Reporter); asked {
		to(done, total, message)
	}
}
