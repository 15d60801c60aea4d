// Package client speaks PostHog's HTTP API for accounts and persons.
//
// A Client is one PostHog; a Session is the client seen with one key; a Project is where the calls are:
//
//	posthog, err := client.New("eu")
//	key, err := client.NewKey(os.Getenv("POSTHOG_API_KEY"))
//	project := posthog.As(key).Project(42)
//	for account, err := range project.Accounts(ctx, client.AccountQuery{Tags: []string{"enterprise"}}) {
//		...
//	}
//
// Reads are retried within a time budget; writes are sent exactly once, and an Error says with Sent when
// the outcome of one is unknown. Every failure of a request is an *Error with a Kind that callers can act
// on. An answer that is not what PostHog promises is a failure too: no call returns "nothing found" unless
// PostHog said so.
//
// PostHog is not the same everywhere. A Project finds out which generation it talks to (Generation, RolesIn),
// mostly from the accounts it reads anyway. After PostHog has refused a key for its rate, the wait it named and
// the limit it has are kept here, for that key and that kind of request only. Equal reads at the same time are
// one request.
//
// The package knows nothing of MCP and imports no other package of this module.
package client
