package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

// roundTrip sends a request to a sandbox within the process.
func roundTrip(ctx context.Context, transport http.RoundTripper, method, url, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
	request.Header.Set("Content-Type", "application/json")
	return (&http.Client{Transport: transport}).Do(request)
}

func TestTransport(t *testing.T) {
	t.Parallel()
	transport := sandbox.New(sandbox.Options{Empty: true}).Transport()
	send := func(method, url, body string) (*http.Response, string) {
		response, err := roundTrip(t.Context(), transport, method, url, body)
		require.NoError(t, err)
		read, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response, string(read)
	}
	t.Run("requests reach the sandbox and replies come back", func(t *testing.T) {
		response, body := send("POST", "http://sandbox.invalid"+accountsPath+"/", `{"name":"Acme"}`)
		require.Equal(t, 201, response.StatusCode)
		require.Equal(t, "201 Created", response.Status)
		require.Equal(t, "application/json", response.Header.Get("Content-Type"))
		require.Equal(t, int64(len(body)), response.ContentLength)
		require.Equal(t, "Acme", answer{body: body}.get("name").String())
	})
	t.Run("links name the host that was called", func(t *testing.T) {
		send("POST", "https://posthog.test"+accountsPath, `{"name":"Bolt"}`)
		_, body := send("GET", "http://posthog.test:99"+accountsPath+"/?limit=1&search=", "")
		require.Equal(t, "http://posthog.test:99"+accountsPath+"/?limit=1&offset=1&search=", answer{body: body}.get("next").String())
	})
	t.Run("a reply without a body", func(t *testing.T) {
		_, body := send("POST", "http://sandbox.invalid"+accountsPath, `{"name":"Gone"}`)
		response, body := send("DELETE", "http://sandbox.invalid"+accountsPath+"/"+answer{body: body}.get("id").String(), "")
		require.Equal(t, 204, response.StatusCode)
		require.Empty(t, body)
	})
	t.Run("a request cancelled before is not served", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := roundTrip(ctx, transport, "GET", "http://sandbox.invalid"+accountsPath, "")
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a reply that nobody reads does not hold the sandbox", func(t *testing.T) {
		for range 10 {
			response, err := roundTrip(t.Context(), transport, "GET", "http://sandbox.invalid"+accountsPath, "")
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
		}
		response, _ := send("POST", "http://sandbox.invalid"+accountsPath, `{"name":"still here"}`)
		require.Equal(t, 201, response.StatusCode)
	})
}

func TestTransportCancelledWhileSending(t *testing.T) {
	t.Parallel()
	transport := sandbox.New(sandbox.Options{Empty: true}).Transport()
	ctx, cancel := context.WithCancel(t.Context())
	body, feed := io.Pipe() // a body that never ends
	defer func() { _ = feed.Close() }()
	request, err := http.NewRequestWithContext(ctx, "POST", "http://sandbox.invalid"+accountsPath, body)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		response, err := transport.RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		done <- err
	}()
	_, err = feed.Write([]byte(`{"name":`)) // returns once the sandbox reads
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestTransportCancelledWhileReading(t *testing.T) {
	t.Parallel()
	transport := sandbox.New(sandbox.Options{}).Transport()
	ctx, cancel := context.WithCancel(t.Context())
	response, err := roundTrip(ctx, transport, "GET", "http://sandbox.invalid"+accountsPath+"?limit=1000", "")
	require.NoError(t, err)
	_, err = io.ReadFull(response.Body, make([]byte, 10))
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(response.Body)
	require.ErrorIs(t, err, context.Canceled)
}
