package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Refusals of the guard. They reach callers as the kinds ReadOnly and BadResponse.
var (
	errReadOnly    = errors.New("read-only client")
	errForeignHost = errors.New("request to a host that is not the configured PostHog")
)

// newTransport returns the network side of a client: proxy from the environment, HTTP/2, and idle
// connections dropped before the usual proxies drop them, since a write that meets a connection closed at
// that moment fails with an unknown outcome.
func newTransport() http.RoundTripper {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 8 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   8 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		ForceAttemptHTTP2:     true,
	}
	return transport
}

// guard is the last stop before the network: whatever the code above does, no key travels to another
// host, and a read-only client sends no write.
type guard struct {
	next     http.RoundTripper
	origin   *url.URL
	readOnly bool
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(request *http.Request) (*http.Response, error) {
	var refusal error
	switch {
	case !sameOrigin(request.URL, g.origin):
		refusal = errForeignHost
	case g.readOnly && !isRead(request.Method, request.URL.EscapedPath()):
		refusal = errReadOnly
	default:
		return g.next.RoundTrip(request)
	}
	if request.Body != nil {
		_ = request.Body.Close() // a RoundTripper must close the body it does not send
	}
	return nil, refusal
}

// readPosts are the POST endpoints that change nothing: they are POSTs for the size of their input. A slash that
// is written as %2F is none, as it would let an id pass for such an endpoint.
var readPosts = regexp.MustCompile(`/(api/(projects|environments)/[0-9]+/persons/batch_by_(distinct_ids|uuids)|oauth/introspect)/$`)

// isRead reports whether a request, by its path as it is sent, cannot change anything in PostHog.
func isRead(method, path string) bool {
	switch method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPost:
		return readPosts.MatchString(path)
	}
	return false
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// checkRedirect follows redirects of GET within the origin. Every other redirect is handed back as the
// answer: following it would take the key to another host, or turn a write into something else.
func checkRedirect(origin *url.URL) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if len(via) > 3 || via[0].Method != http.MethodGet || !sameOrigin(next.URL, origin) {
			return http.ErrUseLastResponse
		}
		return nil
	}
}

// networkFailure classifies the error of a request that got no answer.
func networkFailure(ctx context.Context, err error) *Error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // its text holds the URL, and with it search words and e-mail addresses
	}
	switch {
	case errors.Is(err, errReadOnly):
		return &Error{Kind: ReadOnly}
	case errors.Is(err, errForeignHost):
		return &Error{Kind: BadResponse, Detail: "a redirect to another host, which is not followed"}
	case errors.Is(ctx.Err(), context.Canceled):
		return &Error{Kind: Canceled, cause: context.Canceled}
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: TimedOut, cause: context.DeadlineExceeded}
	}
	failure := &Error{Kind: Unreachable, retryable: true}
	failure.Detail, failure.cause = describeNetwork(err)
	switch cause := failure.cause.(type) {
	case *tls.CertificateVerificationError:
		failure.retryable = false
	case *net.DNSError:
		failure.retryable = !cause.IsNotFound
	}
	return failure
}

// describeNetwork words a network error. The cause is kept only for types whose text cannot hold bytes of
// a request or an answer.
func describeNetwork(err error) (detail string, cause error) {
	if invalid, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
			return "its TLS certificate is from an unknown authority (a private one goes into SSL_CERT_FILE)", invalid
		}
		return "its TLS certificate is not valid for it", invalid
	}
	if unresolved, ok := errors.AsType[*net.DNSError](err); ok {
		return "its host name cannot be resolved", unresolved
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		cause = operation
		if operation.Op == "proxyconnect" {
			return "the proxy cannot be reached", cause
		}
	}
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused", cause
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was cut before an answer came", cause
	case isNet && timeout.Timeout():
		return "the connection took too long", cause
	}
	return "the connection failed", cause
}
