package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// harness is a sandbox behind a real HTTP server, as a client meets it.
type harness struct {
	testing.TB
	*sandbox.Sandbox
	url string
}

// answer is one HTTP reply.
type answer struct {
	status int
	body   string
	header http.Header
}

// start runs a sandbox for the length of the test.
func start(t testing.TB, opts sandbox.Options) *harness {
	t.Helper()
	s := sandbox.New(opts)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &harness{TB: t, Sandbox: s, url: server.URL}
}

// startEmpty runs a sandbox with members but neither accounts nor persons.
func startEmpty(t testing.TB) *harness {
	t.Helper()
	return start(t, sandbox.Options{Empty: true})
}

// do sends one request with the default key. A string body goes out as it is,
// any other as JSON, nil as no body.
func (h *harness) do(method, path string, body any) answer {
	h.Helper()
	return h.doAs(sandbox.DefaultKey, method, path, body)
}

// doAs is do with another key; an empty one sends no Authorization header.
func (h *harness) doAs(key, method, path string, body any) answer {
	h.Helper()
	header := http.Header{}
	if key != "" {
		header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	return h.send(method, path, header, body)
}

// send is one request with exactly these headers.
func (h *harness) send(method, path string, header http.Header, body any) answer {
	h.Helper()
	request, err := http.NewRequest(method, h.url+path, bytes.NewReader(encodeBody(h, body)))
	require.NoError(h, err)
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	require.NoError(h, err)
	return readAnswer(h, response)
}

func readAnswer(t testing.TB, response *http.Response) answer {
	t.Helper()
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{status: response.StatusCode, body: string(read), header: response.Header}
}

func encodeBody(t testing.TB, body any) []byte {
	t.Helper()
	switch given := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(given)
	case []byte:
		return given
	}
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	return encoded
}

// must is do that insists on a status.
func (h *harness) must(status int, method, path string, body any) answer {
	h.Helper()
	got := h.do(method, path, body)
	require.Equal(h, status, got.status, "%s %s answered %s", method, path, got.body)
	return got
}

// get reads a value out of the body by its gjson path.
func (a answer) get(path string) gjson.Result { return gjson.Get(a.body, path) }

// strings reads a list of texts out of the body by its gjson path.
func (a answer) strings(path string) []string {
	list := []string{}
	for _, item := range a.get(path).Array() {
		list = append(list, item.String())
	}
	return list
}

// keys names the members of an object in the body, in their order; an empty
// path is the body itself.
func (a answer) keys(path string) []string {
	object := gjson.Parse(a.body)
	if path != "" {
		object = a.get(path)
	}
	var names []string
	object.ForEach(func(name, _ gjson.Result) bool {
		names = append(names, name.String())
		return true
	})
	return names
}

// requireProblem insists on the standard error body (shape A); an empty attr
// stands for null.
func (a answer) requireProblem(t testing.TB, status int, kind, code, detail, attr string) {
	t.Helper()
	require.Equal(t, status, a.status, a.body)
	require.Equal(t, []string{"type", "code", "detail", "attr"}, a.keys(""), a.body)
	require.Equal(t, kind, a.get("type").String())
	require.Equal(t, code, a.get("code").String())
	require.Equal(t, detail, a.get("detail").String())
	if attr == "" {
		require.Equal(t, gjson.Null, a.get("attr").Type, a.body)
	} else {
		require.Equal(t, attr, a.get("attr").String())
	}
}

// requireRowNotFound insists on the bare 404 (shape B).
func (a answer) requireRowNotFound(t testing.TB) {
	t.Helper()
	require.Equal(t, http.StatusNotFound, a.status, a.body)
	require.Equal(t, `{"detail":"Not found."}`, a.body)
}

// query is a path with query parameters, given as name and value in turn.
func query(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return path + "?" + values.Encode()
}

// clock is a time that tests move by hand.
type clock struct{ now time.Time }

func newClock() *clock {
	return &clock{now: time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }
