package app_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/app"
	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/sandbox"
)

// The look-alike of the command line has what its flags ask for.
func TestSandboxCommand(t *testing.T) {
	t.Parallel()
	base := startSandbox(t, "--empty", "--persons-2025", "--index-lag", "1h", "--fault", "500:path=/accounts", "--seed", "1")

	status, _ := call(t, "GET", base+"/api/projects/1/accounts/", "")
	require.Equal(t, http.StatusInternalServerError, status)

	status, _ = call(t, "POST", base+"/capture/", `{"api_key":"`+sandbox.ProjectToken+`","event":"e","distinct_id":"u"}`)
	require.Equal(t, http.StatusOK, status)
	status, body := call(t, "GET", base+"/api/projects/1/persons/1/", "")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, body, "last_seen_at", "a person of 2025")
	_, body = call(t, "GET", base+"/api/projects/1/persons/", "")
	require.JSONEq(t, `{"results":[],"next":null,"previous":null}`, body, "in an index that lags behind")
}

// startSandbox runs the sandbox command for the length of the test and tells
// where it listens.
func startSandbox(t *testing.T, arguments ...string) string {
	t.Helper()
	chosen, err := config.Parse(append([]string{"sandbox", "--listen", "127.0.0.1:0"}, arguments...), io.Discard)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	said, says := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx, chosen, app.Streams{Out: io.Discard, Err: says}) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	lines := bufio.NewReader(said)
	first, err := lines.ReadString('\n')
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	base := regexp.MustCompile(`http://\S+`).FindString(first)
	require.NotEmpty(t, base, first)
	return base
}

func call(t *testing.T, method, url, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(read)
}
