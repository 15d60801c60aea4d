package httpserver_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/httpserver"
)

// hashOfCI is what `printf %s token-of-ci | sha256sum` prints.
const hashOfCI = "d1968d6184b8eddf4b0d9fee136141d5f88a53784b9aa94e0d648ffc5b952caf"

func TestCallersFile(t *testing.T) {
	t.Parallel()
	hash := hashOfCI
	for _, c := range []struct {
		name, file, says string
	}{
		{"a named hash", "ci:" + hash, ""},
		{"a bare hash, as sha256sum prints it", hash + "  -\n", ""},
		{"comments and blank lines", "# who may call\n\n  ci:" + strings.ToUpper(hash) + " # the build\n", ""},
		{"empty", "", "no caller"},
		{"only comments", "# nobody yet\n", "no caller"},
		{"a token where its hash belongs", "ci:" + hash + "\nmy-secret-token", "line 2"},
		{"a short hash", "\n\nci:" + hash[:62], "line 3"},
		{"a name with a space", "the ci:" + hash, "line 1"},
		{"an empty name", ":" + hash, "line 1"},
		{"two colons", "a:b:" + hash, "line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "callers")
			require.NoError(t, os.WriteFile(path, []byte(c.file), 0o600))
			_, err := httpserver.LoadCallers(path)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "my-secret-token")
			require.NotContains(t, err.Error(), hash[:20])
		})
	}
}

func TestAMissingCallersFileIsAnError(t *testing.T) {
	t.Parallel()
	_, err := httpserver.LoadCallers(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestACallerWithoutANameGoesByItsHash(t *testing.T) {
	t.Parallel()
	c, err := httpserver.ParseCallers(strings.NewReader(hashOfCI))
	require.NoError(t, err)
	s := serve(t, newFixture().server(), httpserver.Options{Callers: c})
	_, messages := s.post(call(1, "whoami", nil), map[string]string{"Authorization": "Bearer token-of-ci"})
	require.Equal(t, "//sha256:"+hashOfCI[:8], messages[0].text())
	answer, _ := s.send(http.MethodPost, "/mcp", "{}", map[string]string{"Authorization": "Bearer token-of-bot"})
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
}
