package sandbox_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

func TestPersonShapes(t *testing.T) {
	t.Parallel()
	now := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: now.Now})
	h.capture(members{"event": "e", "distinct_id": "u-42", "timestamp": "2026-03-01T09:00:00.5Z", "properties": members{"$set": members{"email": "ada@example.com", "plan": "pro"}}})

	t.Run("2.1 retrieve: integer id, no is_identified", func(t *testing.T) {
		require.JSONEq(t, `{"id":1,"name":"ada@example.com","distinct_ids":["u-42"],"properties":{"email":"ada@example.com","plan":"pro"},
			"created_at":"2026-03-01T09:00:00.500000Z","uuid":"`+uuidOf("u-42")+`","last_seen_at":"2026-03-01T09:00:00.500000Z"}`,
			h.must(200, "GET", personsPath+"/1/", nil).body)
	})
	t.Run("2.2 list row: id is the UUID", func(t *testing.T) {
		require.JSONEq(t, `{"results":[{"type":"person","id":"`+uuidOf("u-42")+`","uuid":"`+uuidOf("u-42")+`",
			"created_at":"2026-03-01T09:00:00.500000Z","last_seen_at":"2026-03-01T09:00:00.500000Z","properties":{"email":"ada@example.com","plan":"pro"},
			"is_identified":false,"name":"ada@example.com","distinct_ids":["u-42"],"matched_recordings":[],"value_at_data_point":null}],
			"next":null,"previous":null}`, h.must(200, "GET", personsPath+"/?distinct_id=u-42&limit=2", nil).body)
	})
	t.Run("2.1 microseconds are left out when zero", func(t *testing.T) {
		now.advance(time.Second)
		h.capture(set("u-42", nil))
		require.Equal(t, "2026-03-02T09:30:01Z", h.person("1").Get("last_seen_at").String())
	})
	t.Run("13 integer ids come from a sequence", func(t *testing.T) {
		h.capture(set("second", nil), set("third", nil))
		require.EqualValues(t, 2, h.person(uuidOf("second")).Get("id").Int())
		require.EqualValues(t, 3, h.person(uuidOf("third")).Get("id").Int())
	})
}

func TestPersonDistinctIDOrder(t *testing.T) {
	t.Parallel()
	const device, browser = "17787c3099427b-0e8f6c86323ea9-33647309-1aeaa0-17787c30995b7c", "0190A1B2-0000-7000-8000-00000000002a"
	h := withPersons(t, set(device, nil), identify("named-a-b-c-d", device), identify("named-a-b-c-d", browser), alias("named-a-b-c-d", "zoe"))
	t.Run("2.1 named ids first, anonymous-looking last, else in their order", func(t *testing.T) {
		want := []string{"named-a-b-c-d", "zoe", device, browser}
		require.Equal(t, want, texts(h.person("1").Get("distinct_ids")))
		require.Equal(t, want, texts(h.list()[0].Get("distinct_ids")))
	})

	merged := start(t, sandbox.Options{})
	t.Run("2.1, 2.2 all ids on retrieve, 1000 in a row, 10 in a batch", func(t *testing.T) {
		one := merged.person(seed.MergedPersonUUID)
		require.Len(t, one.Get("distinct_ids").Array(), 2000)
		id := one.Get("distinct_ids.0").String()
		require.Len(t, merged.list("distinct_id", id)[0].Get("distinct_ids").Array(), 1000)
		batch := merged.must(200, "POST", personsPath+"/batch_by_uuids/", members{"uuids": []string{seed.MergedPersonUUID}})
		require.Len(t, batch.get("results."+seed.MergedPersonUUID+".distinct_ids").Array(), 10)
	})
}

func TestPersonDisplayName(t *testing.T) {
	t.Parallel()
	const device = "17787c3099427b-0e8f6c86323ea9-33647309-1aeaa0-17787c30995b7c"
	cases := []struct {
		name       string
		properties members
		want       string
	}{
		{"2.3 email first", members{"email": "a@example.com", "name": "A", "username": "aa"}, "a@example.com"},
		{"2.3 then name", members{"name": "A", "username": "aa"}, "A"},
		{"2.3 then username", members{"username": "aa"}, "aa"},
		{"2.3 a falsy property does not count", members{"email": "", "name": 0, "username": "aa"}, "aa"},
		{"2.3 empty lists and objects are falsy", members{"email": []any{}, "name": members{}, "username": "aa"}, "aa"},
		{"2.3 other spellings do not count", members{"Email": "x", "$email": "y"}, "named"},
		{"2.3 a number is a name too", members{"name": 12}, "12"},
		{"2.3 else the first named distinct id", nil, "named"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := withPersons(t, set(device, c.properties), alias(device, "named"))
			require.Equal(t, c.want, h.person("1").Get("name").String())
			require.Equal(t, c.want, h.list()[0].Get("name").String())
		})
	}
}

func TestPersonIDs(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("u", nil))
	id := uuidOf("u")
	undashed := strings.ReplaceAll(id, "-", "")
	for name, path := range map[string]string{
		"2.5 integer": "1", "2.5 UUID": id, "2.5 upper case": strings.ToUpper(id), "2.5 undashed": undashed,
		"2.5 braces": "%7B" + id + "%7D", "2.5 URN": "urn:uuid:" + id, "2.5 dashes anywhere": undashed[:3] + "-" + undashed[3:], "2.5 a sign": "+1",
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, id, h.person(path).Get("uuid").String())
		})
	}
	text := func(id string) string {
		return validation("The ID provided does not look like a personID. If you are using a distinctId, please use /persons?distinct_id="+id+" instead.", "")
	}
	checkAll(t, h, []fact{
		{"2.5 13b not an id: the text names it", "GET", "/NOT_A_UUID/", nil, 400, text("NOT_A_UUID")},
		{"2.5 the same on a write", "PATCH", "/NOT_A_UUID/", `{"properties":{}}`, 400, text("NOT_A_UUID")},
		{"2.5 the same on delete", "DELETE", "/u/", nil, 400, text("u")},
		{"2.5 unknown integer", "GET", "/999/", nil, 404, missing},
		{"2.5 unknown UUID", "GET", "/0190a1b2-0000-7000-8000-00000000002a/", nil, 404, missing},
		{"2.5 integer beyond 64 bits", "GET", "/99999999999999999999/", nil, 404, missing},
		{"2.5 a dot makes the rest a format: plain 404", "GET", "/a@b.com/", nil, 404, missing},
		{"2.5 an escaped slash matches no route", "GET", "/a%2Fb/", nil, 404, problem("invalid_request", "not_found", "Endpoint not found.", "")},
		{"2.5 two dots match no route", "GET", "/a.b@c.com/", nil, 404, problem("invalid_request", "not_found", "Endpoint not found.", "")},
	})
}

func TestPersonMounts(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("u", nil))
	for _, mount := range []string{"/api/projects/1/persons", "/api/environments/1/persons", "/api/projects/@current/persons", "/api/person"} {
		for _, slash := range []string{"", "/"} {
			t.Run("1, 8 "+mount+slash, func(t *testing.T) {
				require.Len(t, h.must(200, "GET", mount+slash, nil).get("results").Array(), 1)
				require.Equal(t, uuidOf("u"), h.must(200, "GET", mount+"/1"+slash, nil).get("uuid").String())
				require.Empty(t, h.must(202, "PATCH", mount+"/1"+slash, `{"properties":{"a":1}}`).body)
			})
		}
	}
	t.Run("6.3 unknown project", func(t *testing.T) {
		h.do("GET", "/api/projects/2/persons/", nil).requireProblem(t, 404, "invalid_request", "not_found", "Project not found.", "")
		h.do("GET", "/api/projects/x/persons/", nil).requireProblem(t, 404, "invalid_request", "not_found", "Project not found.", "")
	})
	t.Run("8 a project token in the query overrides the project", func(t *testing.T) {
		require.Len(t, h.must(200, "GET", "/api/projects/2/persons/?token=phc_sandbox", nil).get("results").Array(), 1)
		require.Len(t, h.must(200, "GET", "/api/projects/2/persons/?api_key=phc_sandbox", nil).get("results").Array(), 1)
		require.Equal(t, 401, h.do("GET", "/api/projects/1/persons/?token=phc_other", nil).status)
		require.Equal(t, 404, h.do("POST", "/api/projects/2/persons/batch_by_uuids/?token=phc_sandbox", `{}`).status, "only a GET")
	})
}

func TestPersonScopes(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Empty: true, Keys: []sandbox.Key{
		{Value: "phx_reader", Scopes: []string{"person:read"}},
		{Value: "phx_writer", Scopes: []string{"person:write"}},
		{Value: "phx_log", Scopes: []string{"activity_log:read"}},
		{Value: "phx_cohorts", Scopes: []string{"cohort:read"}},
		{Value: "phx_other", Scopes: []string{"*"}, Projects: []int64{7}},
	}})
	h.capture(set("u", nil))
	const read, write = "person:read", "person:write"
	cases := []struct {
		key, method, path string
		body              any
		status            int
		scope             string
	}{
		{"phx_reader", "GET", "/", nil, 200, ""},
		{"phx_writer", "GET", "/", nil, 200, ""},
		{"phx_log", "GET", "/", nil, 403, read},
		{"phx_reader", "POST", "/", `{}`, 403, write},
		{"phx_reader", "PATCH", "/1/", `{}`, 403, write},
		{"phx_reader", "PUT", "/1/", `{}`, 403, write},
		{"phx_reader", "DELETE", "/1/", nil, 403, write},
		{"phx_reader", "POST", "/bulk_delete/", `{}`, 403, write},
		{"phx_reader", "POST", "/1/delete_events/", nil, 403, write},
		{"phx_reader", "POST", "/1/delete_recordings/", nil, 403, write},
		{"phx_reader", "POST", "/1/update_property/", `{}`, 403, write},
		{"phx_reader", "POST", "/1/delete_property/", `{}`, 403, write},
		{"phx_reader", "POST", "/1/split/", `{}`, 403, write},
		{"phx_reader", "POST", "/reset_person_distinct_id/", `{}`, 403, write},
		{"phx_reader", "GET", "/deletion_status/", nil, 200, ""},
		{"phx_reader", "GET", "/values/?key=a", nil, 200, ""},
		{"phx_reader", "POST", "/batch_by_distinct_ids/", `{}`, 200, ""},
		{"phx_reader", "POST", "/batch_by_uuids/", `{}`, 200, ""},
		{"phx_writer", "GET", "/activity/", nil, 403, "activity_log:read"},
		{"phx_writer", "GET", "/1/activity/", nil, 403, "activity_log:read"},
		{"phx_log", "GET", "/activity/", nil, 200, ""},
		{"phx_log", "GET", "/1/activity/", nil, 200, ""},
		{"phx_reader", "GET", "/cohorts/?person_id=1", nil, 403, "cohort:read"},
		{"phx_cohorts", "GET", "/cohorts/?person_id=1", nil, 403, read},
		{"phx_reader", "GET", "/1/emails/", nil, 404, ""},
		{"phx_log", "GET", "/1/emails/", nil, 403, read},
	}
	for _, c := range cases {
		t.Run("1.1 "+c.key+" "+c.method+" "+c.path, func(t *testing.T) {
			got := h.doAs(c.key, c.method, personsPath+c.path, c.body)
			require.Equal(t, c.status, got.status, got.body)
			if c.scope != "" {
				require.JSONEq(t, needsScope(c.scope), got.body)
			}
		})
	}
	t.Run("6.3 a key of other projects", func(t *testing.T) {
		h.doAs("phx_other", "GET", personsPath+"/", nil).requireProblem(t, 403, "authentication_error", "permission_denied",
			"API key does not have access to the requested project: ID 1.", "")
	})
	checkAll(t, h, []fact{
		{"3.13 properties_timeline is closed to every key", "GET", "/1/properties_timeline/", nil, 403, noScope},
		{"3.20 funnel", "GET", "/funnel/", nil, 403, noScope},
		{"3.20 funnel by POST", "POST", "/funnel/", `{}`, 403, noScope},
		{"3.20 trends", "GET", "/trends/", nil, 403, noScope},
		{"3.20 lifecycle", "GET", "/lifecycle/", nil, 403, noScope},
		{"6.3 DELETE on the collection", "DELETE", "/?distinct_id=u", nil, 403, noScope},
		{"6.3 PATCH on the collection", "PATCH", "/", `{}`, 403, noScope},
		{"6.3 GET on an action for POST", "GET", "/bulk_delete/", nil, 403, noScope},
		{"3.15 POST on the collection", "POST", "/", `{"properties":{}}`, 405, problem("invalid_request", "method_not_allowed",
			"Creating persons via this API is not allowed. Please create persons by sending an $identify event. See https://posthog.com/docs/product-analytics/identify for details.", "")},
	})
}

func TestPersonBodies(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("u", nil))
	for _, path := range []string{"/1/", "/1/update_property/", "/1/split/", "/bulk_delete/", "/batch_by_uuids/"} {
		t.Run("1, 11.8 JSON only: "+path, func(t *testing.T) {
			method := "POST"
			if path == "/1/" {
				method = "PATCH"
			}
			for _, media := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"} {
				got := h.send(method, personsPath+path, map[string][]string{"Authorization": {"Bearer phx_sandbox"}, "Content-Type": {media}}, "name=string")
				got.requireProblem(t, 415, "invalid_request", "unsupported_media_type", `Unsupported media type "`+media+`" in request.`, "")
			}
		})
	}
	checkAll(t, h, []fact{
		{"6.1 broken JSON", "PATCH", "/1/", `{"properties":`, 400, problem("invalid_request", "parse_error", "JSON parse error - Expecting value: line 1 column 1 (char 0)", "")},
		{"6.1 a list as a body", "PATCH", "/1/", `[]`, 500, serverError},
		{"6.1 null as a body", "POST", "/1/split/", `null`, 500, serverError},
	})
}

func TestPersonThrottles(t *testing.T) {
	t.Parallel()
	now := newClock()
	h := start(t, sandbox.Options{Empty: true, Throttle: true, Now: now.Now})
	h.capture(set("u", nil))
	t.Run("7 reads and property writes share 240 a minute", func(t *testing.T) {
		for i := range 240 {
			if i%2 == 0 {
				h.must(200, "GET", personsPath+"/1/", nil)
			} else {
				h.must(202, "PATCH", personsPath+"/1/", members{"properties": members{"n": i}})
			}
		}
		got := h.do("GET", personsPath+"/?limit=1", nil)
		got.requireProblem(t, 429, "throttled_error", "throttled", "Request was throttled. Expected available in 60 seconds.", "")
		require.Empty(t, got.header.Get("Retry-After"), "6.4 no Retry-After")
		require.Equal(t, 429, h.do("POST", personsPath+"/1/split/", nil).status)
	})
	t.Run("7 deletions have a bucket of their own, 480 a minute", func(t *testing.T) {
		for range 480 {
			require.Equal(t, 404, h.do("DELETE", personsPath+"/"+strconv.Itoa(99)+"/", nil).status)
		}
		for _, path := range []string{"/bulk_delete/", "/1/delete_events/", "/1/delete_recordings/"} {
			require.Equal(t, 429, h.do("POST", personsPath+path, `{}`).status)
		}
	})
	t.Run("7 a minute later both are open", func(t *testing.T) {
		now.advance(time.Minute)
		h.must(200, "GET", personsPath+"/1/", nil)
		h.must(202, "DELETE", personsPath+"/1/", nil)
	})
}
