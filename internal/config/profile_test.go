package config_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/sandbox"
)

func TestProfiles(t *testing.T) {
	for name, want := range map[string]sandbox.Profile{"": sandbox.Documented, "documented": sandbox.Documented, "current": sandbox.Current} {
		var flag []string
		if name != "" {
			flag = []string{"--profile", name}
		}
		alone, err := parseSandbox(flag...)
		require.NoError(t, err)
		require.Equal(t, want, alone.Profile)
		embedded, err := config.Parse(append([]string{"--sandbox"}, flag...), io.Discard)
		require.NoError(t, err)
		require.Equal(t, want, embedded.Serve.Profile)
	}
	_, err := parseSandbox("--profile", "ancient")
	require.Error(t, err)
}
