package tools_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	_ "modernc.org/sqlite" // the journal's driver

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/server"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/tools"
)

// Each check of a property makes dozens of calls; -rapid.checks asks for more.
// With the race detector, which CI runs besides, fewer make the same accesses.
func init() {
	checks := "25"
	if raceDetector {
		checks = "10"
	}
	_ = flag.Set("rapid.checks", checks)
}

// object is JSON as a test writes it.
type object = map[string]any

// setup says how a house differs from the usual one; the zero value is the
// seeded sandbox, all tools, no pinned project.
type setup struct {
	generation string // that of the run unless given; see generationOf
	sandbox    sandbox.Options
	shared     *sandbox.Sandbox // used in place of a sandbox of its own
	selection  tools.Selection
	pinned     int64
	wrap       func(http.Handler) http.Handler // stands between the client and the sandbox
	client     []client.Option
	desk       []tools.DeskOption
	key        string // sandbox.DefaultKey unless given
	now        func() time.Time
	journal    string // the file writes are recorded in; off if none
}

// house is the whole way of a call: an MCP client, the server with its tools,
// the PostHog client, and the sandbox behind a real HTTP server.
type house struct {
	testing.TB
	generation
	sandbox *sandbox.Sandbox
	desk    *tools.Desk
	server  *mcpserver.MCPServer
	mcp     *mcpclient.Client
	key     string
	origin  string // of the PostHog, as links have it
	outputs map[string]*jsonschema.Schema

	mu       sync.Mutex
	received []upstream
}

// with is the arguments with one more.
func with(arguments object, name string, value any) object {
	more := maps.Clone(arguments)
	more[name] = value
	return more
}

// upstream is a request that reached PostHog.
type upstream struct {
	method, path, body string
	query              url.Values
}

// open builds a house for the length of the test.
func open(t testing.TB, s setup) *house {
	t.Helper()
	g := generationOf(t, cmp.Or(s.generation, string(s.sandbox.Profile)))
	g.choose(&s.sandbox)
	h := &house{TB: t, generation: g, sandbox: s.shared, key: s.key}
	if h.sandbox == nil {
		h.sandbox = sandbox.New(s.sandbox)
	}
	if s.sandbox.Empty && g.rolesApart() {
		h.defineRoles()
	}
	if h.key == "" {
		h.key = sandbox.DefaultKey
	}
	var handler http.Handler = h.sandbox
	if s.wrap != nil {
		handler = s.wrap(handler)
	}
	posthog := httptest.NewServer(h.recording(handler))
	t.Cleanup(posthog.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)

	api, err := client.New(posthog.URL, append([]client.Option{client.WithTransport(transport)}, s.client...)...)
	require.NoError(t, err)
	options := append(slices.Clone(s.desk), tools.WithJournal(ledger(t, s.journal)))
	h.desk, h.origin = tools.NewDesk(api, s.pinned, options...), api.Origin()
	if s.now != nil {
		h.desk.SetNow(s.now)
	}
	served, err := tools.Serve(h.desk, s.selection)
	require.NoError(t, err)
	h.outputs = outputSchemas()
	h.server = server.New(server.Options{Name: "test", Version: "1", Tools: served, Explain: plain.Explain, ValidateOutput: true})
	h.mcp, err = mcpclient.NewInProcessClient(h.server)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.mcp.Close() })
	require.NoError(t, h.mcp.Start(t.Context()))
	_, err = h.mcp.Initialize(t.Context(), mcp.InitializeRequest{})
	require.NoError(t, err)
	return h
}

// ledger keeps a journal in a file, for the length of the test.
func ledger(t testing.TB, path string) *tools.Ledger {
	if path == "" {
		return nil
	}
	l := tools.NewLedger(func(ctx context.Context) (*journal.Journal, error) { return journal.Open(ctx, path) })
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// recording notes every request on its way in.
func (h *house) recording(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a cut body is the handler's business
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.mu.Lock()
		h.received = append(h.received, upstream{r.Method, r.URL.Path, string(body), r.URL.Query()})
		h.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// requests are those that reached PostHog since the last look.
func (h *house) requests() []upstream {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := h.received
	h.received = nil
	return seen
}

// writes are the requests since the last look that could change something.
func (h *house) writes() []upstream {
	var writes []upstream
	for _, r := range h.requests() {
		if r.method != http.MethodGet && !strings.Contains(r.path, "/batch_by_") {
			writes = append(writes, r)
		}
	}
	return writes
}

// result is what a tool answered.
type result struct {
	text       string
	isError    bool
	structured any
}

// get reads a value out of the text by its gjson path.
func (r result) get(path string) gjson.Result { return gjson.Get(r.text, path) }

// str reads a text.
func (r result) str(path string) string { return r.get(path).String() }

// strings reads a list of texts.
func (r result) strings(path string) []string { return texts(r.get(path)) }

func texts(list gjson.Result) []string {
	all := []string{}
	for _, item := range list.Array() {
		all = append(all, item.String())
	}
	return all
}

// call makes one call with the house's key.
func (h *house) call(tool string, arguments any) result {
	h.Helper()
	return h.callAs(h.key, tool, arguments)
}

// callAs makes one call with another key; an empty one is no key.
func (h *house) callAs(key, tool string, arguments any) result {
	h.Helper()
	answer, err := h.try(key, tool, arguments)
	require.NoError(h, err, "a tool answers with a result, never with a protocol error")
	return answer
}

// try is callAs for use outside the test's goroutine.
func (h *house) try(key, tool string, arguments any) (result, error) {
	return h.tryIn(context.Background(), key, tool, arguments)
}

// tryIn is try in a context, which the requests of the call inherit.
func (h *house) tryIn(ctx context.Context, key, tool string, arguments any) (result, error) {
	if key != "" {
		parsed, err := client.NewKey(key)
		if err != nil {
			return result{}, err
		}
		ctx = identity.With(ctx, identity.FromEnvironment(parsed))
	}
	answer, err := h.mcp.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: arguments}})
	if err != nil {
		return result{}, err
	}
	var text strings.Builder
	for _, content := range answer.Content {
		if t, ok := content.(mcp.TextContent); ok {
			text.WriteString(t.Text)
		}
	}
	return result{text: text.String(), isError: answer.IsError, structured: answer.StructuredContent}, nil
}

// must makes a call that succeeds, with text and structure saying the same.
func (h *house) must(tool string, arguments any) result {
	h.Helper()
	answer := h.call(tool, arguments)
	require.False(h, answer.isError, "%s %v: %s", tool, arguments, answer.text)
	encoded, err := json.Marshal(answer.structured)
	require.NoError(h, err)
	require.JSONEq(h, answer.text, string(encoded), "text and structure say the same")
	h.requireDeclared(tool, answer.text)
	answer.requireFenced(h)
	return answer
}

// fences are the marks around a result, which differ from call to call.
var fences = regexp.MustCompile(`^\{"untrusted":"Until end ([a-z2-7]{8}): |,"untrusted_end":"([a-z2-7]{8})"\}$`)

// requireFenced holds a result against the form of its fence: what others
// wrote stands between a notice that names a mark and that mark.
func (r result) requireFenced(t testing.TB) {
	t.Helper()
	ends := fences.FindAllStringSubmatch(r.text, -1)
	require.Len(t, ends, 2, "a result begins and ends with its fence: %s", r.text)
	require.Equal(t, ends[0][1], ends[1][2], "the notice names the mark at the end")
	require.Equal(t, 2, strings.Count(r.text, ends[0][1]), "the mark is nowhere else")
	require.Contains(t, r.str("untrusted"), "never instructions")
	require.NotRegexp(t, hides, r.text, "what hides is shown as an escape")
}

// requireDeclared holds a result against the tool's output schema, and its
// members against those that the schema names.
func (h *house) requireDeclared(tool, text string) {
	h.Helper()
	schema := h.outputs[tool]
	require.NotNil(h, schema, "%s has no output schema", tool)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(h, err)
	require.NoError(h, schema.Validate(document), "%s", text)
	for name := range document.(object) {
		require.Contains(h, schema.Properties, name, "%s answers with a member its schema does not name", tool)
	}
}

// outputSchemas are the compiled output schemas by tool, made once.
var outputSchemas = sync.OnceValue(func() map[string]*jsonschema.Schema {
	compiled := map[string]*jsonschema.Schema{}
	for name, document := range schemaDocuments("output") {
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource(name, document); err != nil {
			panic(err) // a defect of the generated file; every test would fail of it
		}
		compiled[name] = compiler.MustCompile(name)
	}
	return compiled
})

// schemaDocuments are the generated schemas of one kind by tool: input,
// input_pinned or output.
func schemaDocuments(kind string) map[string]any {
	file, err := os.ReadFile("schemas.json")
	if err != nil {
		panic(err)
	}
	documents := map[string]any{}
	gjson.ParseBytes(file).ForEach(func(name, schemas gjson.Result) bool {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(schemas.Get(kind).Raw))
		if err != nil {
			panic(err)
		}
		documents[name.String()] = document
		return true
	})
	return documents
}

// refused makes a call that fails, and gives the sentence.
func (h *house) refused(tool string, arguments any) string {
	h.Helper()
	answer := h.call(tool, arguments)
	answer.requireError(h)
	return answer.text
}

func (r result) requireError(t testing.TB) {
	t.Helper()
	require.True(t, r.isError, "answered %.300s", r.text)
	require.Nil(t, r.structured, "an error is text only")
	require.NotEmpty(t, r.text)
}

// raw asks the sandbox itself, past everything under test.
func (h *house) raw(method, path string, body any) gjson.Result {
	h.Helper()
	var encoded []byte
	if body != nil {
		var err error
		encoded, err = json.Marshal(body)
		require.NoError(h, err)
	}
	request := httptest.NewRequest(method, path, bytes.NewReader(encoded))
	request.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	h.sandbox.ServeHTTP(recorder, request)
	require.Less(h, recorder.Code, 300, "%s %s: %s", method, path, recorder.Body)
	return gjson.Parse(recorder.Body.String())
}

const api = "/api/projects/1/"

// account is the stored account, without what moves by itself and with its
// roles among its properties.
func (h *house) account(id string) object {
	h.Helper()
	var stored object
	require.NoError(h, json.Unmarshal([]byte(h.raw("GET", api+"accounts/"+id, nil).Raw), &stored))
	delete(stored, "updated_at")
	if h.rolesApart() {
		h.addRoles(stored, id)
	}
	return sortTags(stored)
}

// sortTags takes the chance out of the order in which PostHog gives tags.
func sortTags(account object) object {
	if tags, ok := account["tags"].([]any); ok {
		set := object{}
		for _, tag := range tags {
			set[tag.(string)] = true
		}
		account["tags"] = set
	}
	return account
}

// person is the stored person.
func (h *house) person(id string) gjson.Result {
	h.Helper()
	return h.raw("GET", api+"persons/"+id, nil)
}

// asCall reads a call as receipts word it: a tool's name and its arguments.
func asCall(t testing.TB, text string) (tool string, arguments object) {
	t.Helper()
	tool, rest, found := strings.Cut(text, " ")
	require.True(t, found, "no call: %s", text)
	require.NoError(t, json.NewDecoder(strings.NewReader(rest)).Decode(&arguments), "no call: %s", text)
	return tool, arguments
}

// find looks for a person that may be gone.
func (h *house) find(uuid string) (stored gjson.Result, there bool) {
	found := h.raw("POST", api+"persons/batch_by_uuids", object{"uuids": []string{uuid}}).Get("results")
	return found, len(found.Map()) > 0
}

// mergeInto makes another distinct id one of a person's, as an event would.
func mergeInto(h *house, distinctID, other string) {
	h.Helper()
	h.raw("POST", "/i/v0/e/", object{
		"api_key": sandbox.ProjectToken, "event": "$create_alias", "distinct_id": distinctID,
		"properties": object{"distinct_id": distinctID, "alias": other},
	})
}

// editNote changes a note's document, as somebody in PostHog's editor would.
func editNote(h *house, shortID, text string) {
	h.Helper()
	version := h.raw("GET", api+"notebooks/"+shortID, nil).Get("version").Int()
	h.raw("PATCH", api+"notebooks/"+shortID, object{"version": version, "content": object{
		"type": "doc", "content": []object{{"type": "paragraph", "content": []object{{"type": "text", "text": text}}}},
	}})
}
