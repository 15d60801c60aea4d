package config_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/sandbox"
)

func parseSandbox(arguments ...string) (*config.Sandbox, error) {
	chosen, err := config.Parse(append([]string{"sandbox", "--listen", "127.0.0.1:0"}, arguments...), io.Discard)
	return chosen.Sandbox, err
}

func TestSandboxFaults(t *testing.T) {
	got, err := parseSandbox("--fault", "429:rate=0.1:method=GET:path=/accounts,persons", "--fault", "half-body", "--seed=-7", "--persons-2025")
	require.NoError(t, err)
	require.Equal(t, []sandbox.Fault{
		{Kind: sandbox.FaultThrottled, Rate: 0.1, Method: "GET", Path: "/accounts,persons"}, {Kind: sandbox.FaultHalfBody},
	}, got.Faults)
	require.EqualValues(t, -7, got.Seed)
	require.True(t, got.Persons2025)
}

func TestSandboxWithoutFaults(t *testing.T) {
	got, err := parseSandbox()
	require.NoError(t, err)
	require.Empty(t, got.Faults)
	require.Nil(t, got.IndexLag, "the index takes as long as the store unless somebody says so")
	require.False(t, got.Persons2025)
}

func TestSandboxIndexLag(t *testing.T) {
	for text, want := range map[string]time.Duration{"0s": 0, "90s": 90 * time.Second} {
		got, err := parseSandbox("--index-lag", text)
		require.NoError(t, err)
		require.Equal(t, &want, got.IndexLag)
	}
}

func TestSandboxUnknownFault(t *testing.T) {
	_, err := parseSandbox("--fault", "418")
	var usage *config.UsageError
	require.ErrorAs(t, err, &usage)
	require.ErrorContains(t, err, `--fault: there is no fault "418"`)
}
