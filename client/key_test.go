package client_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

const canary = "phx_canaryCANARY0123456789canary"

func mustKey(t testing.TB, text string) client.Key {
	t.Helper()
	key, err := client.NewKey(text)
	require.NoError(t, err)
	return key
}

func TestNewKey(t *testing.T) {
	t.Parallel()
	accepted := map[string]string{
		"personal":  canary,
		"oauth":     "pha_abc123",
		"old":       "h7Qk3prefixless0000000000000000000000000000",
		"trimmable": "  " + canary + "\n",
	}
	for name, text := range accepted {
		key, err := client.NewKey(text)
		require.NoError(t, err, name)
		require.False(t, key.IsZero(), name)
	}
	refused := map[string]string{
		"":                        "empty",
		"   ":                     "empty",
		"phc_projecttoken":        "project token",
		"phs_projectsecret":       "project secret",
		"Bearer phx_abc":          "Bearer",
		"phx_abc\r\nX-Evil: 1":    "character",
		`"phx_abc"`:               "quotes",
		"phx_ключ":                "character",
		strings.Repeat("a", 5000): "too long",
	}
	for text, want := range refused {
		key, err := client.NewKey(text)
		require.ErrorContains(t, err, want)
		require.True(t, key.IsZero())
		if secret := strings.TrimSpace(text); len(secret) > 4 {
			require.NotContains(t, err.Error(), secret)
		}
	}
}

func TestKeyNeverPrints(t *testing.T) {
	t.Parallel()
	key := mustKey(t, canary)
	holder := struct {
		hidden client.Key
		Shown  client.Key
	}{key, key}
	session := testClient(t, nil).As(key)

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+verb, key, &key, holder, session)
	}
	encoded, err := json.Marshal(map[client.Key]client.Key{key: key})
	require.NoError(t, err)
	out.Write(encoded)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", key, "in", holder, "session", session)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", key, "in", holder, "session", session)

	require.NotContains(t, out.String(), "canary")
	require.NotContains(t, out.String(), fmt.Sprintf("%x", "canary"))
	require.Contains(t, out.String(), "redacted")
	require.Contains(t, out.String(), key.Fingerprint(), "log lines tell keys apart")
}

func TestKeyDerivation(t *testing.T) {
	t.Parallel()
	key, same, other := mustKey(t, canary), mustKey(t, " "+canary), mustKey(t, canary+"x")
	require.Equal(t, key, same)
	require.Len(t, key.Derive("a"), 32)
	require.Equal(t, key.Derive("a"), same.Derive("a"))
	require.NotEqual(t, key.Derive("a"), key.Derive("b"))
	require.NotEqual(t, key.Derive("a"), other.Derive("a"))
	require.Len(t, key.Fingerprint(), 16)
	require.NotEqual(t, key.Fingerprint(), other.Fingerprint())
	require.Empty(t, client.Key{}.Fingerprint())
}
