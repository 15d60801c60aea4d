package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	_ "modernc.org/sqlite" // the journal's driver

	"posthog-accounts-mcp/bench/stage"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// A safeWrite is a write as our tool makes it, beside the request that a thin client would send.
type safeWrite struct {
	tool         string
	arguments    func(time int) object
	method, path string
	body         func(time int) object
}

// theAccount and thePerson are what is written to. The plain PATCH replaces all properties: that is what it does.
const theAccount = "/api/projects/1/accounts/" + seed.AcmeID + "/"

var safeWrites = []safeWrite{
	{"update_account", having(acme, func(time int) object { return object{"set": object{"billing_id": fmt.Sprint("b", time)}} }),
		http.MethodPatch, theAccount, func(time int) object { return object{"properties": object{"billing_id": fmt.Sprint("p", time)}} }},
	{"create_account", func(time int) object { return object{"name": fmt.Sprint("Ours ", time)} },
		http.MethodPost, "/api/projects/1/accounts/", func(time int) object { return object{"name": fmt.Sprint("Plain ", time)} }},
	{"create_notebook", having(acme, func(time int) object {
		return object{"title": fmt.Sprint("Call ", time), "markdown": "Went well.\n\n- send the offer\n"}
	}), http.MethodPost, theAccount + "notebooks/", func(time int) object {
		return object{"title": fmt.Sprint("Plain ", time), "text_content": "Went well.", "content": object{"type": "doc", "content": []object{}}}
	}},
	{"set_custom_property", having(acme, func(time int) object { return object{"property": "Health score", "value": time} }),
		http.MethodPost, theAccount + "custom_property_values/", nil},
	{"update_person_property", having(aTwin, func(time int) object { return object{"key": "plan", "value": fmt.Sprint("ours ", time)} }),
		http.MethodPost, "", nil},
}

var aTwin = always(object{"person": seed.TwinDistinctA})

// slow is an upstream with a round trip in front of it, as PostHog has one.
type slow struct {
	next  http.RoundTripper
	delay time.Duration
}

// RoundTrip implements http.RoundTripper.
func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.delay > 0 {
		time.Sleep(s.delay)
	}
	return s.next.RoundTrip(r)
}

// writer makes the same write one way, over and over.
type writer struct {
	upstream *stage.Counting
	write    func(time int)
	ms       []float64
	requests int64
}

// ourWriter makes a write with the tool, on record or not.
func ourWriter(t testing.TB, w safeWrite, posthog http.RoundTripper, onRecord bool) *writer {
	t.Helper()
	upstream := &stage.Counting{Next: posthog}
	var options []tools.DeskOption
	if onRecord {
		options = append(options, tools.WithJournal(journalIn(t)))
	}
	server, key, err := stage.Product(upstream, options...)
	require.NoError(t, err)
	ctx := identity.With(context.Background(), identity.FromEnvironment(key))
	c, err := mcpclient.NewInProcessClient(server)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.Start(ctx))
	_, err = c.Initialize(ctx, mcp.InitializeRequest{})
	require.NoError(t, err)
	return &writer{upstream: upstream, write: func(time int) {
		result, err := c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: w.tool, Arguments: w.arguments(time)}})
		require.NoError(t, err)
		text := result.Content[0].(mcp.TextContent).Text
		require.Equal(t, "applied", gjson.Get(text, "outcome").String(), "%s: %s", w.tool, text)
	}}
}

// journalIn keeps a journal on this machine's disk.
func journalIn(t testing.TB) *tools.Ledger {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	ledger := tools.NewLedger(func(ctx context.Context) (*journal.Journal, error) { return journal.Open(ctx, path) })
	t.Cleanup(func() { _ = ledger.Close() })
	return ledger
}

// plainWriter sends the one request.
func plainWriter(t testing.TB, w safeWrite, posthog http.RoundTripper) *writer {
	t.Helper()
	upstream := &stage.Counting{Next: posthog}
	w = w.looked(t, posthog)
	return &writer{upstream: upstream, write: func(time int) {
		status, answer := send(t, upstream, w.method, w.path, w.body(time))
		require.Less(t, status, 300, "%s: %s", w.tool, answer)
	}}
}

// looked finds the ids that a plain request has to name.
func (w safeWrite) looked(t testing.TB, posthog http.RoundTripper) safeWrite {
	switch w.tool {
	case "set_custom_property":
		_, all := send(t, posthog, http.MethodGet, "/api/projects/1/custom_property_definitions/?limit=100", nil)
		id := gjson.Get(all, `results.#(name=="Health score").id`).String()
		require.NotEmpty(t, id, all)
		w.body = func(time int) object { return object{"definition": id, "value": time} }
	case "update_person_property":
		_, all := send(t, posthog, http.MethodGet, "/api/projects/1/persons/?distinct_id="+seed.TwinDistinctA, nil)
		w.path = "/api/projects/1/persons/" + gjson.Get(all, "results.0.uuid").String() + "/update_property/"
		w.body = func(time int) object { return object{"key": "plan", "value": fmt.Sprint("plain ", time)} }
	}
	return w
}

func send(t testing.TB, posthog http.RoundTripper, method, path string, body object) (status int, answer string) {
	t.Helper()
	var sent io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		require.NoError(t, err)
		sent = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, "https://sandbox.invalid"+path, sent)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := posthog.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// writers are the ways to make a write, by their place.
const (
	plainly = iota
	unrecorded
	recorded
)

// compare lets each way make the write so many times, in turns, after one that learns what a key may do.
func compare(t testing.TB, w safeWrite, delay time.Duration, rounds int) []*writer {
	t.Helper()
	posthog := slow{sandbox.New(sandbox.Options{}).Transport(), delay}
	all := []*writer{plainly: plainWriter(t, w, posthog), unrecorded: ourWriter(t, w, posthog, false), recorded: ourWriter(t, w, posthog, true)}
	time := 0
	for _, by := range all {
		time++
		by.write(time)
		by.requests = -by.upstream.Requests()
	}
	for range rounds {
		for _, i := range rand.Perm(len(all)) {
			time++
			by := all[i]
			by.ms = append(by.ms, took(func() { by.write(time) }))
		}
	}
	for _, by := range all {
		by.requests = (by.requests + by.upstream.Requests()) / int64(rounds)
	}
	return all
}

// took is how many milliseconds something takes.
func took(do func()) float64 {
	begun := time.Now()
	do()
	return micros(time.Since(begun)) / 1000
}

// BenchmarkSafety compares a write of ours with the request that does the same without looking, recording
// or reading back: over an upstream that answers at once, and over one 50 ms away.
func BenchmarkSafety(b *testing.B) {
	for _, w := range safeWrites {
		b.Run(w.tool, func(b *testing.B) {
			var near, far []*writer
			for b.Loop() {
				near, far = compare(b, w, 0, 30), compare(b, w, 50*time.Millisecond, 10)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(near[plainly].requests), "plain-requests")
			b.ReportMetric(float64(near[recorded].requests), "our-requests")
			b.ReportMetric(median(near[plainly].ms), "plain-ms")
			b.ReportMetric(median(near[unrecorded].ms), "unrecorded-ms")
			b.ReportMetric(median(near[recorded].ms), "recorded-ms")
			b.ReportMetric(median(far[plainly].ms), "plain-far-ms")
			b.ReportMetric(median(far[recorded].ms), "recorded-far-ms")
			b.ReportMetric(median(ratios(far[recorded].ms, far[plainly].ms)), "far-x")
		})
	}
}

func TestSafetyHarness(t *testing.T) {
	for _, w := range safeWrites {
		all := compare(t, w, 0, 2)
		require.EqualValues(t, 1, all[plainly].requests, w.tool)
		require.Greater(t, all[recorded].requests, all[plainly].requests, "%s is read back", w.tool)
		require.Equal(t, all[unrecorded].requests, all[recorded].requests, "%s: a record takes no request", w.tool)
	}
}
