package tools

import (
	"context"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
)

// Caller tells callers apart: those with the same PostHog key share its limits.
func (d *Desk) Caller(ctx context.Context) string {
	return identity.From(ctx).Key.Fingerprint()
}

// Look gives a digest of what an account looks like, or with an empty id all
// accounts of a project, and how many requests to PostHog it took, also if it
// failed.
func (d *Desk) Look(ctx context.Context, project int64, account string) (digest string, requests int, err error) {
	ctx, counted := client.CountRequests(ctx)
	s, err := d.scope(ctx, project)
	if err != nil {
		return "", int(counted.Load()), err
	}
	digest, err = s.book.Look(ctx, account)
	return digest, int(counted.Load()), err
}
