package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

func TestNewHosts(t *testing.T) {
	t.Parallel()
	for host, origin := range map[string]string{
		"us":                               "https://us.posthog.com",
		" EU ":                             "https://eu.posthog.com",
		"https://eu.posthog.com/":          "https://eu.posthog.com",
		"https://PostHog.Example.com:8443": "https://posthog.example.com:8443",
		"https://example.com/a/b/":         "https://example.com/a/b",
		"http://localhost:8000":            "http://localhost:8000",
		"http://127.0.0.1:1/x":             "http://127.0.0.1:1/x",
		"http://[::1]:8000":                "http://[::1]:8000",
	} {
		c, err := client.New(host)
		require.NoError(t, err, host)
		require.Equal(t, origin, c.Origin())
	}
	for _, host := range []string{
		"", "mars", "us.posthog.com", "localhost:8000", "http://posthog.example.com", "http://10.0.0.1", "http://localhost.evil.example",
		"ftp://example.com", "https://", "https:/x", "https://user:hunter2@example.com", "https://example.com/?a=hunter2",
		"https://example.com/#hunter2", "https://example.com/a/../b", "https://example.com/a%2Fb", "https://example.com//a",
		"https://us.i.posthog.com", "https://exa mple.com/hunter2", "javascript:alert(1)", "https://[::1",
	} {
		_, err := client.New(host)
		require.Error(t, err, host)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	server := answering(200, accountJSON)
	_, err := project7(t, server, client.WithUserAgent("posthog-accounts-mcp/1.2 (claude)")).Account(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "posthog-accounts-mcp/1.2 (claude)", server.one(t).Header.Get("User-Agent"))
	for _, agent := range []string{"", "PostHog/MCP-Server; version: 1", "a\r\nX-Evil: 1", "ü"} {
		_, err := client.New("us", client.WithUserAgent(agent))
		require.Error(t, err, agent)
	}
}
