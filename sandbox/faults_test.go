package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

// door is a way into a sandbox: over a socket, or within the process.
type door struct {
	*sandbox.Sandbox
	transport http.RoundTripper
	url       string
}

// doors opens both ways into a sandbox each, for a test that is to hold for
// both.
func doors(t *testing.T, opts sandbox.Options, test func(*testing.T, *door)) {
	t.Run("over HTTP", func(t *testing.T) {
		t.Parallel()
		s := sandbox.New(opts)
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		// One connection per request: net/http sends a GET again by itself when
		// a connection that it kept turns out to be closed.
		test(t, &door{s, &http.Transport{DisableKeepAlives: true}, server.URL})
	})
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		s := sandbox.New(opts)
		test(t, &door{s, s.Transport(), "http://sandbox.invalid"})
	})
}

// send is one request, redirects not followed, and what became of it; the
// error may be one of the body.
func (d *door) send(ctx context.Context, method, path, body string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := d.transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, body: string(read), header: response.Header}, err
}

// accounts counts the accounts, for which nothing may fail any more.
func (d *door) accounts(t *testing.T) int {
	got, err := d.send(t.Context(), "GET", accountsPath+"/", "")
	require.NoError(t, err)
	require.Equal(t, 200, got.status, got.body)
	return int(got.get("count").Int())
}

// Every fault that can be seen in an answer to a write, and whether the write
// took effect all the same.
func TestFaultAnswers(t *testing.T) {
	t.Parallel()
	const page, json = "text/html; charset=utf-8", "application/json"
	throttled := func(detail string) string { return problem("throttled_error", "throttled", detail, "") }
	cases := []struct {
		name        string
		fault       sandbox.Fault
		status      int
		contentType string
		retryAfter  string
		body        string // as JSON; empty is not looked at
		applied     bool
	}{
		{"429: the wait in the text only", sandbox.Fault{Kind: sandbox.FaultThrottled}, 429, json, "", throttled("Request was throttled. Expected available in 1 second."), false},
		{"429: a longer wait", sandbox.Fault{Kind: sandbox.FaultThrottled, Wait: 42 * time.Second}, 429, json, "", throttled("Request was throttled. Expected available in 42 seconds."), false},
		{"429: text and header", sandbox.Fault{Kind: sandbox.FaultThrottled, Wait: 1500 * time.Millisecond, Header: true}, 429, json, "2", throttled("Request was throttled. Expected available in 2 seconds."), false},
		{"429: header only", sandbox.Fault{Kind: sandbox.FaultThrottled, Wait: 7 * time.Second, Header: true, Quiet: true}, 429, json, "7", throttled("Request was throttled."), false},
		{"429: no wait at all", sandbox.Fault{Kind: sandbox.FaultThrottled, Quiet: true}, 429, json, "", throttled("Request was throttled."), false},
		{"500", sandbox.Fault{Kind: sandbox.FaultServerError}, 500, json, "", serverError, false},
		{"500 after the write", sandbox.Fault{Kind: sandbox.FaultServerError, After: true}, 500, json, "", serverError, true},
		{"502 with a page", sandbox.Fault{Kind: sandbox.FaultBadGateway}, 502, page, "", "", false},
		{"502 after the write", sandbox.Fault{Kind: sandbox.FaultBadGateway, After: true}, 502, page, "", "", true},
		{"503 with Retry-After", sandbox.Fault{Kind: sandbox.FaultUnavailable}, 503, json, "1", "", false},
		{"503 with a longer wait", sandbox.Fault{Kind: sandbox.FaultUnavailable, Wait: time.Minute}, 503, json, "60", "", false},
		{"504 with a page", sandbox.Fault{Kind: sandbox.FaultGatewayTimeout}, 504, page, "", "", false},
		{"504 while the write went on", sandbox.Fault{Kind: sandbox.FaultGatewayTimeout, After: true}, 504, page, "", "", true},
		{"a page to sign in", sandbox.Fault{Kind: sandbox.FaultLoginPage}, 200, page, "", "", false},
		{"a redirect", sandbox.Fault{Kind: sandbox.FaultRedirect}, 307, page, "", "", false},
		{"a wrong content type", sandbox.Fault{Kind: sandbox.FaultWrongType}, 201, page, "", "", true},
		{"slow", sandbox.Fault{Kind: sandbox.FaultSlow, Wait: time.Millisecond}, 201, json, "", "", true},
		{"links of another host, in an answer without links", sandbox.Fault{Kind: sandbox.FaultNextHost}, 201, json, "", "", true},
		{"a kind that does not exist", sandbox.Fault{Kind: "none"}, 500, json, "", problem("server_error", "error", `The sandbox has no fault of the kind "none".`, ""), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doors(t, sandbox.Options{Empty: true, Faults: []sandbox.Fault{c.fault}}, func(t *testing.T, d *door) {
				got, err := d.send(t.Context(), "POST", accountsPath+"/", `{"name":"Acme"}`)
				require.NoError(t, err)
				require.Equal(t, c.status, got.status, got.body)
				require.Equal(t, c.contentType, got.header.Get("Content-Type"))
				require.Equal(t, c.retryAfter, got.header.Get("Retry-After"))
				require.NotEmpty(t, got.body)
				if c.body != "" {
					require.JSONEq(t, c.body, got.body)
				}
				want := map[sandbox.FaultKind]int{c.fault.Kind: 1}
				if c.fault.Kind == sandbox.FaultNextHost {
					want = map[sandbox.FaultKind]int{}
				}
				require.Equal(t, want, d.InjectedFaults())
				d.SetFaults()
				require.Equal(t, c.applied, d.accounts(t) == 1)
			})
		})
	}
}

// The faults that leave the caller without an answer, or with half of one.
func TestFaultCuts(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		fault   sandbox.Fault
		status  int // 0 for none
		applied bool
	}{
		{"before", sandbox.Fault{Kind: sandbox.FaultCutBefore}, 0, false},
		{"before, and the write happens all the same", sandbox.Fault{Kind: sandbox.FaultCutBefore, After: true}, 0, true},
		{"after", sandbox.Fault{Kind: sandbox.FaultCutAfter}, 0, true},
		{"in the middle", sandbox.Fault{Kind: sandbox.FaultHalfBody}, 201, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doors(t, sandbox.Options{Empty: true, Faults: []sandbox.Fault{c.fault}}, func(t *testing.T, d *door) {
				got, err := d.send(t.Context(), "POST", accountsPath+"/", `{"name":"Acme"}`)
				require.Error(t, err)
				require.True(t, isCut(err), "%v", err)
				require.Equal(t, c.status, got.status)
				if c.status != 0 {
					require.Equal(t, `{"id":`, got.body[:6], "the first half")
				}
				require.Equal(t, map[sandbox.FaultKind]int{c.fault.Kind: 1}, d.InjectedFaults())
				d.SetFaults()
				require.Equal(t, c.applied, d.accounts(t) == 1)
			})
		})
	}
}

func TestFaultHalfOfNothing(t *testing.T) {
	t.Parallel()
	doors(t, sandbox.Options{Empty: true}, func(t *testing.T, d *door) {
		made, err := d.send(t.Context(), "POST", accountsPath+"/", `{"name":"Acme"}`)
		require.NoError(t, err)
		d.SetFaults(sandbox.Fault{Kind: sandbox.FaultHalfBody})
		_, err = d.send(t.Context(), "DELETE", accountsPath+"/"+made.get("id").String()+"/", "")
		require.True(t, isCut(err), "%v", err)
		d.SetFaults()
		require.Zero(t, d.accounts(t))
	})
}

// isCut tells the errors of a connection that ended too early: before the
// answer net/http says EOF, and so does the transport in its own words.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// A caller that gives up on a server that hangs gets its own error; whether the
// write happened depends on the fault.
func TestFaultHang(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		doors(t, sandbox.Options{Empty: true, Faults: []sandbox.Fault{{Kind: sandbox.FaultHang, After: after}}}, func(t *testing.T, d *door) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				_, err := d.send(ctx, "POST", accountsPath+"/", `{"name":"Acme"}`)
				done <- err
			}()
			require.Eventually(t, func() bool { return d.InjectedFaults()[sandbox.FaultHang] == 1 }, time.Minute, time.Millisecond)
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
			d.SetFaults()
			if after {
				require.Eventually(t, func() bool { return d.accounts(t) == 1 }, time.Minute, time.Millisecond)
			}
			require.Equal(t, after, d.accounts(t) == 1)
		})
	}
}

// A slow write happens even when the caller has long given up.
func TestFaultSlowOutlastsItsCaller(t *testing.T) {
	t.Parallel()
	slow := sandbox.Fault{Kind: sandbox.FaultSlow, Wait: 100 * time.Millisecond, Method: "POST"}
	doors(t, sandbox.Options{Empty: true, Faults: []sandbox.Fault{slow}}, func(t *testing.T, d *door) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := d.send(ctx, "POST", accountsPath+"/", `{"name":"Acme"}`)
			done <- err
		}()
		require.Eventually(t, func() bool { return d.InjectedFaults()[sandbox.FaultSlow] == 1 }, time.Minute, time.Millisecond)
		cancel()
		<-done
		require.Eventually(t, func() bool { return d.accounts(t) == 1 }, time.Minute, time.Millisecond)
	})
}
