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

// TestGuardKnowsWhatReads: nothing but the reads passes, however a method or a path is written.
func TestGuardKnowsWhatReads(t *testing.T) {
	t.Parallel()
	var paths []string
	for _, path := range []string{
		"/api/projects/1/accounts/", "/api/projects/1/accounts/a/", "/api/projects/1/persons/bulk_delete/", "/api/projects/1/persons/5/split/",
		"/api/projects/1/persons/5/delete_property/", "/api/projects/1/accounts/a/notebooks/", "/i/v0/e/", "/",
	} {
		const read = "persons/batch_by_uuids/"
		paths = append(paths, path, path+"?"+read, path+"#/"+read, path+read, path+strings.ReplaceAll(read, "/", "%2F"), path+"%2Fpersons%2Fbatch_by_uuids/",
			path+"..%2f"+read, strings.ToUpper(path), path+"/api/projects/x/"+read, path+"api%2Fprojects%2F1%2F"+read, path+read+"5/", path+"%00/"+read)
	}
	tried := 0
	for _, path := range paths {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post", "get", "Get", "head", "MERGE", "GETX"} {
			request, err := http.NewRequestWithContext(t.Context(), method, "https://us.posthog.com"+path, strings.NewReader("{}"))
			require.NoError(t, err)
			_, err = (&guard{next: refuseAll{t}, origin: request.URL, readOnly: true}).RoundTrip(request)
			require.ErrorIs(t, err, errReadOnly, "%s %s", method, path)
			tried++
		}
	}
	t.Logf("%d requests refused", tried)
	for _, path := range []string{"/api/projects/1/persons/batch_by_uuids/", "/behind/api/environments/7/persons/batch_by_distinct_ids/", "/oauth/introspect/"} {
		require.True(t, isRead(http.MethodPost, path), path)
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
