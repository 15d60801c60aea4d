package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// refuseAll fails the test when a request gets through to the network.
type refuseAll struct{ t *testing.T }

func (r refuseAll) RoundTrip(*http.Request) (*http.Response, error) {
	r.t.Error("the guard let a request through")
	return nil, io.EOF
}

// closeCounter is a body that counts being closed.
type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error { c.closed++; return nil }

// TestGuardHoldsOnItsOwn: even if the code above it built such a request, it would not leave.
func TestGuardHoldsOnItsOwn(t *testing.T) {
	t.Parallel()
	origin := &url.URL{Scheme: "https", Host: "us.posthog.com"}
	for target, want := range map[string]error{
		"https://evil.example/api/":         errForeignHost,
		"http://us.posthog.com/api/":        errForeignHost,
		"https://us.posthog.com:8443/api/":  errForeignHost,
		"https://us.posthog.com/api/x/":     errReadOnly,
		"https://US.posthog.com/api/split/": errReadOnly,
	} {
		body := &closeCounter{Reader: strings.NewReader("{}")}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, body)
		require.NoError(t, err)
		_, err = (&guard{next: refuseAll{t}, origin: origin, readOnly: true}).RoundTrip(request)
		require.ErrorIs(t, err, want, target)
		require.Equal(t, 1, body.closed)
	}
}

func TestNetworkErrorsAreWorded(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error {
		return &url.Error{Op: "Get", URL: "https://x/?email=private@example.com", Err: err}
	}
	for _, test := range []struct {
		err       error
		detail    string
		retryable bool
	}{
		{&net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}, "the proxy cannot be reached", true},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "the connection was refused", true},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "the connection was cut before an answer came", true},
		{&net.OpError{Op: "dial", Err: slow{}}, "the connection took too long", true},
		{&net.DNSError{Name: "x", IsNotFound: true}, "its host name cannot be resolved", false},
		{&net.DNSError{Name: "x", IsTemporary: true}, "its host name cannot be resolved", true},
		{&tls.CertificateVerificationError{Err: errors.New("name mismatch")}, "its TLS certificate is not valid for it", false},
		{fmt.Errorf("malformed HTTP response %q", "private"), "the connection failed", true},
	} {
		failure := networkFailure(t.Context(), wrap(test.err))
		require.Equal(t, Unreachable, failure.Kind)
		require.Equal(t, test.detail, failure.Detail)
		require.Equal(t, test.retryable, failure.retryable, test.detail)
		require.NotContains(t, fmt.Sprintf("%v %v", failure, failure.Unwrap()), "private")
	}
}

// slow is the timeout of a handshake.
type slow struct{}

func (slow) Error() string   { return "handshake timeout" }
func (slow) Timeout() bool   { return true }
func (slow) Temporary() bool { return true }

// TestTransportUsesTheProxy of the environment, as any Go program does.
func TestTransportUsesTheProxy(t *testing.T) {
	t.Parallel()
	transport, ok := newTransport().(*http.Transport)
	require.True(t, ok)
	require.NotNil(t, transport.Proxy)
	require.Nil(t, transport.TLSClientConfig, "the system's certificates, and SSL_CERT_FILE's")
}
