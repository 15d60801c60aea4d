package tools

import "posthog-accounts-mcp/internal/policy"

// DefaultMaxRows is how many rows a plan may touch unless WithMaxRows says
// otherwise.
const DefaultMaxRows = 200

// WithPolicy has a desk write only what a policy allows, whichever tool is
// asked to write it.
func WithPolicy(p policy.Policy) DeskOption { return func(d *Desk) { d.policy = p } }

// WithMaxRows bounds how many rows a plan may touch.
func WithMaxRows(n int) DeskOption { return func(d *Desk) { d.maxRows = n } }
