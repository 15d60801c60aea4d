package client_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

// fault is a way of not answering, with what it means for a read and whether a write may have happened.
type fault struct {
	name   string
	kind   client.Kind
	sent   bool
	answer http.HandlerFunc
}

func said(status int, body string) http.HandlerFunc { return answering(status, body).answer }

func faults() []fault {
	return []fault{
		{"401", client.Unauthorized, false, said(401, `{"detail":"Invalid access token."}`)},
		{"403 scope", client.MissingScope, false, said(403, `{"detail":"API key missing required scope 'account:read'"}`)},
		{"409", client.Conflict, false, said(409, `{"type":"server_error","code":"conflict","detail":"taken","attr":null}`)},
		{"429 header", client.RateLimited, false, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "30")
			said(429, `{}`)(w, r)
		}},
		{"429 text", client.RateLimited, false, said(429, `{"detail":"Request was throttled. Expected available in 42 seconds."}`)},
		{"429 neither", client.RateLimited, false, said(429, `{"detail":"Request was throttled."}`)},
		{"500", client.Unavailable, true, said(500, `{"type":"server_error","code":"error","detail":"A server error occurred.","attr":null}`)},
		{"502 HTML", client.Unavailable, true, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(502)
			_, _ = io.WriteString(w, "<html><h1>Bad Gateway</h1></html>")
		}},
		{"hung", client.TimedOut, true, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"hung in the middle", client.TimedOut, true, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}},
		{"cut before the answer", client.Unreachable, true, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"cut in the answer", client.BadResponse, true, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "5000")
			_, _ = io.WriteString(w, `{"id":"a","results":[`)
		}},
		{"half a body", client.BadResponse, true, said(200, `{"id":"a","count":0,"results":[`)},
		{"login page", client.BadResponse, true, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<html>log in</html>")
		}},
		{"JSON marked as text", client.BadResponse, true, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, `{"id":"a","results":[]}`)
		}},
		{"redirect to another host", client.BadResponse, true, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		}},
		{"redirect loop", client.BadResponse, true, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, prefix+r.URL.Path, http.StatusPermanentRedirect)
		}},
	}
}

// TestEveryReadAgainstEveryFault also proves that no read takes an outage for an empty list.
func TestEveryReadAgainstEveryFault(t *testing.T) {
	t.Parallel()
	for _, f := range append(faults(), fault{"an empty object", client.BadResponse, true, said(200, `{}`)},
		fault{"null", client.BadResponse, true, said(200, `null`)},
		fault{"rows that are none", client.BadResponse, true, said(200, `{"results":[null],"points":[5]}`)},
		fault{"nothing", client.BadResponse, true, said(200, ``)},
		fault{"no content", client.BadResponse, true, said(204, ``)},
		fault{"not found", client.NotFound, true, said(404, `{"detail":"Not found."}`)}) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			tryAll(t, f, reads(), false, func(t *testing.T, name string, err error, _ int) {
				assert.Equal(t, f.kind, client.KindOf(err), "%s: %v", name, err)
				assert.NotContains(t, fmt.Sprint(err), "may or may not", name)
			})
		})
	}
}

// TestEveryWriteIsSentOnce under every fault, on a fresh connection and on one that was used before.
func TestEveryWriteIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		for _, reused := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/reused=%t", f.name, reused), func(t *testing.T) {
				t.Parallel()
				tryAll(t, f, writes(), reused, func(t *testing.T, name string, err error, requests int) {
					assert.Equal(t, f.kind, client.KindOf(err), "%s: %v", name, err)
					assert.Equal(t, f.sent, strings.Contains(fmt.Sprint(err), "may or may not"), "%s: %v", name, err)
					assert.Equal(t, 1, requests, name)
				})
			})
		}
	}
}

// tryAll runs operations against a fault, each with a server and a client of its own, all at once: the
// faults that hang cost their time limit once. Only those have a short limit, so that nothing depends on
// how fast the machine answers.
func tryAll(t *testing.T, f fault, operations []operation, reused bool, check func(t *testing.T, name string, err error, requests int)) {
	limits := client.Timeouts{Retry: time.Millisecond}
	if strings.HasPrefix(f.name, "hung") {
		limits.Read, limits.Write = time.Second, time.Second
	}
	var group sync.WaitGroup
	for _, operation := range operations {
		server := answering(200, accountJSON)
		project := project7(t, server, client.WithTimeouts(limits))
		if reused {
			_, err := project.Account(t.Context(), "a")
			require.NoError(t, err)
		}
		before := len(server.all())
		server.replace(f.answer)
		group.Go(func() {
			err := operation.do(t.Context(), project)
			check(t, operation.name, err, len(server.all())-before)
		})
	}
	group.Wait()
}

// TestReadOnlySendsNoWrite at all, and every read.
func TestReadOnlySendsNoWrite(t *testing.T) {
	t.Parallel()
	server := answering(404, `{"detail":"Not found."}`)
	project := project7(t, server, client.WithReadOnly())
	for _, write := range writes() {
		err := write.do(t.Context(), project)
		require.Equal(t, client.ReadOnly, client.KindOf(err), write.name)
		require.False(t, asError(t, err).Sent)
	}
	require.Empty(t, server.all())
	for _, read := range reads() {
		require.Equal(t, client.NotFound, client.KindOf(read.do(t.Context(), project)), read.name)
	}
	require.NotEmpty(t, server.all())
}

func TestIDsStayInTheirPlace(t *testing.T) {
	t.Parallel()
	server := answering(200, accountJSON)
	project := project7(t, server)
	for _, id := range []string{"", ".", "..", "a/b", "../../users/@me", "%2e%2e", "..%2f", `a\b`, "a?b", "a#b", "a\x00b", "a\nb", "42.json", strings.Repeat("a", 300)} {
		for _, do := range []func() error{
			func() error { _, err := project.Account(t.Context(), id); return err },
			func() error { return project.DeleteAccount(t.Context(), id) },
			func() error { return project.DeleteNotebook(t.Context(), "a", id) },
			func() error { _, err := project.SetValue(t.Context(), id, "d", 1); return err },
			func() error { return project.DeletePerson(t.Context(), id, client.DeletePersonOptions{}) },
			func() error { return project.SplitPerson(t.Context(), id, client.Split{Main: "a"}) },
		} {
			err := do()
			require.Equal(t, client.Invalid, client.KindOf(err), "%q", id)
			require.False(t, asError(t, err).Sent)
		}
	}
	for _, id := range []int64{0, -1} {
		_, err := project.Session().Project(id).Account(t.Context(), "a")
		require.Equal(t, client.Invalid, client.KindOf(err))
	}
	require.Empty(t, server.all())
	_, err := project.Account(t.Context(), "ä @;b")
	require.NoError(t, err)
	require.Equal(t, "GET /api/projects/7/accounts/%C3%A4%20@%3Bb/", server.one(t).Line)
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	evil := answering(200, accountJSON)
	other := httptest.NewServer(evil)
	t.Cleanup(other.Close)
	_, err := project7(t, http.RedirectHandler(other.URL, http.StatusTemporaryRedirect)).Account(t.Context(), "a")
	require.Equal(t, client.BadResponse, client.KindOf(err))
	require.Empty(t, evil.all(), "the key stays at home")

	moved := &upstream{}
	moved.answer = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/old/") {
			http.Redirect(w, r, prefix+"/api/projects/7/accounts/new/", http.StatusFound)
			return
		}
		said(200, accountJSON)(w, r)
	}
	_, err = project7(t, moved).Account(t.Context(), "old")
	require.NoError(t, err, "within the origin a read may be sent elsewhere")
	require.Equal(t, "Bearer "+canary, moved.all()[1].Header.Get("Authorization"))
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	limits := client.WithTimeouts(client.Timeouts{Retry: time.Millisecond})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the client that does not trust it
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for host, text := range map[string]string{
		closed:        "connection was refused",
		untrusted.URL: "unknown authority",
		strings.Replace(untrusted.URL, "127.0.0.1", "posthog.invalid", 1): "cannot be resolved",
		"https" + strings.TrimPrefix(httptestPlain(t), "http"):            "connection failed",
	} {
		c, err := client.New(host, limits)
		require.NoError(t, err)
		project := c.As(mustKey(t, canary)).Project(7)
		_, err = project.Account(t.Context(), "a")
		require.Equal(t, client.Unreachable, client.KindOf(err), host)
		require.ErrorContains(t, err, text)
		err = project.DeleteAccount(t.Context(), "a")
		require.Equal(t, client.Unreachable, client.KindOf(err), host)
		require.False(t, asError(t, err).Sent, "what was never connected was never sent")
	}
}

// httptestPlain returns the address of a server without TLS.
func httptestPlain(t testing.TB) string {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnswerSizeIsBounded(t *testing.T) {
	t.Parallel()
	bomb := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		packed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level exists
		block := strings.Repeat(" ", 1<<20)
		for range 40 {
			if _, err := io.WriteString(packed, block); err != nil {
				return
			}
		}
		_ = packed.Close()
	}
	_, err := project7(t, http.HandlerFunc(bomb)).Account(t.Context(), "a")
	require.Equal(t, client.TooLarge, client.KindOf(err))

	deep := answering(200, `{"id":"a","properties":`+strings.Repeat("[", 5<<20)+strings.Repeat("]", 5<<20)+`}`)
	_, err = project7(t, deep).Account(t.Context(), "a")
	require.Equal(t, client.BadResponse, client.KindOf(err), "nesting that would exhaust a recursive reader")
}

// TestSessionsDoNotMix: one client, two keys, many calls at once.
func TestSessionsDoNotMix(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"id":%q}`, r.Header.Get("Authorization"))
	}
	c := testClient(t, http.HandlerFunc(echo))
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			text := fmt.Sprintf("phx_key%d", i%2)
			key, err := client.NewKey(text)
			if err != nil {
				t.Error(err)
				return
			}
			account, err := c.As(key).Project(7).Account(t.Context(), "a")
			if err != nil || account.ID != "Bearer "+text {
				t.Errorf("got %q, %v", account.ID, err)
			}
		})
	}
	group.Wait()
}
