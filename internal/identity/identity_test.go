package identity_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
)

func TestFromGivesWhatWithPut(t *testing.T) {
	t.Parallel()
	key, err := client.NewKey("phx_somebody")
	require.NoError(t, err)
	id := identity.Identity{Key: key, KeySource: identity.SourceRequest, Caller: "ci"}

	outer := identity.With(context.Background(), id)
	inner := identity.With(outer, identity.Identity{Caller: "other"})

	require.Equal(t, id, identity.From(outer))
	require.Equal(t, "other", identity.From(inner).Caller)
	require.True(t, identity.From(inner).Key.IsZero(), "an inner identity must not inherit the outer key")
}

func TestABareContextHoldsNoKey(t *testing.T) {
	t.Parallel()
	require.Equal(t, identity.Identity{}, identity.From(context.Background()))
}

func TestFromEnvironmentNamesTheSourceOnlyWithAKey(t *testing.T) {
	t.Parallel()
	key, err := client.NewKey("phx_process")
	require.NoError(t, err)

	require.Equal(t, identity.SourceEnvironment, identity.FromEnvironment(key).KeySource)
	require.Equal(t, identity.SourceNone, identity.FromEnvironment(client.Key{}).KeySource)
}

func TestAnIdentityNeverPrintsItsKey(t *testing.T) {
	t.Parallel()
	key, err := client.NewKey("phx_canary")
	require.NoError(t, err)
	id := identity.FromEnvironment(key)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		require.NotContains(t, fmt.Sprintf(verb, id), "canary", verb)
	}
}
