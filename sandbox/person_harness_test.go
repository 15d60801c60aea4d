package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// personsPath is the collection below the mount that clients should use.
const personsPath = "/api/projects/1/persons"

// members is a JSON object.
type members map[string]any

// withPersons is an empty sandbox into which some events were captured.
func withPersons(t testing.TB, events ...members) *harness {
	h := startEmpty(t)
	h.capture(events...)
	return h
}

// startLagging is an empty sandbox whose queues take a minute, with the clock
// that moves them.
func startLagging(t testing.TB) (*harness, *clock) {
	now := newClock()
	return start(t, sandbox.Options{Empty: true, Lag: time.Minute, Now: now.Now}), now
}

// capture sends events as a batch, as the SDKs do.
func (h *harness) capture(events ...members) {
	h.Helper()
	if len(events) == 0 {
		return
	}
	got := h.send(http.MethodPost, "/batch/", http.Header{}, members{"api_key": sandbox.ProjectToken, "batch": events})
	require.Equal(h, 200, got.status, got.body)
	require.JSONEq(h, `{"status":"Ok"}`, got.body)
}

// set is an event that sets properties.
func set(id string, properties members) members {
	return members{"event": "used", "distinct_id": id, "properties": members{"$set": properties}}
}

// identify is an event that says that an anonymous id is somebody's.
func identify(id, anonymous string) members {
	return members{"event": "$identify", "distinct_id": id, "properties": members{"$anon_distinct_id": anonymous}}
}

// alias is an event that merges the person of an id away into another's.
func alias(id, merged string) members {
	return members{"event": "$create_alias", "distinct_id": id, "properties": members{"alias": merged}}
}

// merge is alias without its caution.
func merge(id, merged string) members {
	event := alias(id, merged)
	event["event"] = "$merge_dangerously"
	return event
}

// uuidOf is the UUID of the person that capture makes for a distinct id.
func uuidOf(distinctID string) string {
	return uuid.NewSHA1(uuid.MustParse("932979b4-65c3-4424-8467-0b66ec27bc22"), []byte("1:"+distinctID)).String()
}

// person reads a person by UUID or integer id from the store.
func (h *harness) person(id string) gjson.Result {
	h.Helper()
	return gjson.Parse(h.must(200, "GET", personsPath+"/"+id+"/", nil).body)
}

// owner is the UUID of the person that owns a distinct id by the store, empty
// when nobody does.
func (h *harness) owner(distinctID string) string {
	h.Helper()
	got := h.must(200, "POST", personsPath+"/batch_by_distinct_ids/", members{"distinct_ids": []string{distinctID}})
	return got.get("results").Get(gjson.Escape(distinctID)).Get("uuid").String()
}

// list reads the rows that a list with these parameters gives.
func (h *harness) list(pairs ...string) []gjson.Result {
	h.Helper()
	return h.must(200, "GET", query(personsPath+"/", pairs...), nil).get("results").Array()
}

// listed are the first distinct ids of the rows of a list.
func (h *harness) listed(pairs ...string) []string {
	h.Helper()
	ids := []string{}
	for _, row := range h.list(pairs...) {
		ids = append(ids, row.Get("distinct_ids.0").String())
	}
	return ids
}

// texts turns a JSON list into Go's.
func texts(list gjson.Result) []string {
	all := []string{}
	for _, item := range list.Array() {
		all = append(all, item.String())
	}
	return all
}

// fact is one request and its answer, word by word; an empty want is an empty
// body.
type fact struct {
	name   string
	method string
	path   string // below the persons of the project
	body   any
	status int
	want   string
}

func (f fact) check(h *harness) {
	h.Helper()
	got := h.do(f.method, personsPath+f.path, f.body)
	require.Equal(h, f.status, got.status, got.body)
	if f.want == "" {
		require.Empty(h, got.body)
		return
	}
	require.JSONEq(h, f.want, got.body)
}

// checkAll checks facts one by one against the same sandbox.
func checkAll(t *testing.T, h *harness, facts []fact) {
	t.Helper()
	for _, f := range facts {
		t.Run(f.name, func(t *testing.T) { f.check(&harness{TB: t, Sandbox: h.Sandbox, url: h.url}) })
	}
}

// problem is the standard error body.
func problem(kind, code, detail, attr string) string {
	body := members{"type": kind, "code": code, "detail": detail, "attr": nil}
	if attr != "" {
		body["attr"] = attr
	}
	encoded, _ := json.Marshal(body)
	return string(encoded)
}

func validation(detail, attr string) string {
	return problem("validation_error", "invalid_input", detail, attr)
}

// The bodies that many actions share.
var (
	missing     = problem("invalid_request", "not_found", "Not found.", "")
	serverError = problem("server_error", "error", "A server error occurred.", "")
	noScope     = problem("authentication_error", "permission_denied", "This action does not support personal API key access", "")
)

// needsScope is the 403 that names the first missing scope.
func needsScope(scope string) string {
	return problem("authentication_error", "permission_denied", "API key missing required scope '"+scope+"'", "")
}

// swapped is the hand-written 400 whose code and detail changed places.
func swapped(attr string) string {
	return `{"attr":"` + attr + `","code":"This field is required.","detail":"required","type":"validation_error"}`
}
