package plain_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{plain.Refuse("Not done: %d things.", 3), "Not done: 3 things."},
		{fmt.Errorf("wrapped: %w", plain.Refuse("As it stands.")), "As it stands."},
		{&schema.Problems{List: []string{"limit must be at least 1"}}, "Not done, because of an argument: limit must be at least 1."},
		{&schema.Problems{List: []string{`unknown argument "limmit", did you mean "limit"?`}}, `Not done, because of an argument: unknown argument "limmit", did you mean "limit"?`},
		{&schema.Problems{List: []string{"a", "b"}}, "Not done, because of 2 problems with the arguments:\n- a\n- b"},
		{opaque.ErrCursor, "The cursor does not belong to this query: pass it with exactly the arguments of the call that gave it, or leave it out to start over."},
		{context.Canceled, "The call was cancelled before it finished."},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), "The call took too long and was given up. Nothing can be said about what was not read."},
	} {
		require.Equal(t, test.want, plain.Explain(test.err))
	}
	unforeseen := plain.Explain(errors.New("dial tcp 10.0.0.1: phx_canary0123456789"))
	require.NotContains(t, unforeseen, "10.0.0.1")
	require.NotContains(t, unforeseen, "canary")
}

// Every kind of failure has a sentence that says what to do next, or that
// nothing is known of what was asked for.
func TestEveryKindOfFailureSaysWhatNext(t *testing.T) {
	t.Parallel()
	next := map[client.Kind]string{
		client.NoKey: "POSTHOG_API_KEY", client.Unauthorized: "POSTHOG_HOST", client.MissingScope: "whoami", client.Forbidden: "whoami",
		client.NoKeyAccess: "PostHog app", client.ProjectNotFound: "whoami", client.RateLimited: "Wait", client.Conflict: "Read it again",
		client.Unavailable: "do not report it as not found", client.TimedOut: "do not report it as not found", client.Unreachable: "do not report it as not found",
		client.BadResponse: "do not report it as not found", client.TooLarge: "do not report it as not found",
	}
	for kind, want := range next {
		text := plain.Explain(fmt.Errorf("wrapped: %w", &client.Error{Kind: kind, Op: "get account", Status: 500}))
		require.Contains(t, text, want, kind)
		require.True(t, strings.HasPrefix(text, "Could not get account: "), text)
		require.True(t, strings.HasSuffix(text, "."), text)
	}
	require.Contains(t, plain.Explain(&client.Error{Kind: client.RateLimited, Op: "x", RetryAfter: 41500 * time.Millisecond}), "Wait 42 seconds")
	require.Contains(t, plain.Explain(&client.Error{Kind: client.TimedOut, Op: "x", Sent: true}), "before you repeat it")
}

func TestAmbiguous(t *testing.T) {
	t.Parallel()
	var many []plain.Candidate
	for n := range 14 {
		many = append(many, plain.Candidate{ID: fmt.Sprint("id-", n), Name: "Acme\n" + strings.Repeat("x", 200), Detail: "d"})
	}
	text := plain.Ambiguous("account", "acme", many).Error()
	require.True(t, strings.HasPrefix(text, `"acme" fits 14 accounts. Repeat the call with the id of the one you mean:`))
	require.Equal(t, 12, len(strings.Split(text, "\n")), "ten candidates and the rest in a line, whatever is in their names")
	require.Contains(t, text, "and 4 more")
	require.Less(t, len(text), 2000)
}

func TestShort(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a b", plain.Short(" a\n\tb "))
	require.Equal(t, strings.Repeat("é", 80)+"…", plain.Short(strings.Repeat("é", 81)))
}
