package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// with2025 is an empty sandbox with the persons of 2025, into which some events
// were captured.
func with2025(t testing.TB, events ...members) *harness {
	h := start(t, sandbox.Options{Empty: true, Persons2025: true})
	h.capture(events...)
	return h
}

// Where the persons of 2025 differ, action by action. What is not in here is
// the same.
func TestPersons2025(t *testing.T) {
	t.Parallel()
	h := with2025(t, set("a", members{"plan": "pro", "seats": 3}), set("b", members{"plan": "pro"}), set("c", nil), set("d", nil))
	notAnID := func(id string) string {
		return validation("The ID provided does not look like a personID. If you are using a distinctId, please use /persons?distinct_id="+id+" instead.", "")
	}
	noKeys := problem("authentication_error", "permission_denied", "This action does not support Personal API Key access", "")
	endpointMissing := problem("invalid_request", "not_found", "Endpoint not found.", "")
	checkAll(t, h, []fact{
		{"3.16 values are a bare array", "GET", "/values/?key=plan", nil, 200, `[{"name":"pro","count":2}]`},
		{"3.16 numbers too", "GET", "/values/?key=seats", nil, 200, `[{"name":3,"count":1}]`},
		{"3.16 an empty one without a key", "GET", "/values/", nil, 200, `[]`},
		{"3.16 and for a virtual property", "GET", "/values/?key=$virt_x", nil, 200, `[]`},
		{"3.8 null is no value", "POST", "/1/update_property/", `{"key":"plan","value":null}`, 400, swapped("value")},
		{"3.8 value is checked before key", "POST", "/1/update_property/", `{"value":null}`, 400, swapped("value")},
		{"3.8 false is one", "POST", "/1/update_property/", `{"key":"ok","value":false}`, 202, ""},
		{"3.18 no look-up by distinct ids", "POST", "/batch_by_distinct_ids/", `{"distinct_ids":["a"]}`, 403, noKeys},
		{"3.18 nor by UUIDs", "POST", "/batch_by_uuids/", members{"uuids": []string{uuidOf("a")}}, 403, noKeys},
		{"3.6 no deletion status: read as an id", "GET", "/deletion_status/", nil, 400, notAnID("deletion_status")},
		{"3.14 no properties of another time", "GET", "/properties_at_time/?distinct_id=a", nil, 400, notAnID("properties_at_time")},
		{"3.19 no emails", "GET", "/1/emails/", nil, 404, endpointMissing},
		{"6.3 the older words", "GET", "/1/properties_timeline/", nil, 403, noKeys},
		{"3.17 cohorts stumble below a project", "GET", "/cohorts/?person_id=1", nil, 500, serverError},
		{"3.5 both lists: distinct ids win, and no summary", "POST", "/bulk_delete/", members{"distinct_ids": []string{"c"}, "ids": []string{uuidOf("a")}}, 202, ""},
		{"3.5 keep_person is unknown", "POST", "/bulk_delete/", members{"ids": []string{uuidOf("d")}, "keep_person": true, "delete_recordings": true}, 202, ""},
		{"3.5 neither list", "POST", "/bulk_delete/", `{"distinct_ids":[],"ids":[]}`, 400, validation("You need to specify either distinct_ids or ids", "")},
		{"3.5 nobody", "POST", "/bulk_delete/", `{"distinct_ids":["nobody"]}`, 202, ""},
	})
	require.ElementsMatch(t, []string{"a", "b"}, h.listed(), "c and d are deleted")
	require.Empty(t, h.must(200, "GET", personsPath+"/values/?key=plan", nil).header.Get("Cache-Control"))
	t.Run("3.17 and work on the legacy mount", func(t *testing.T) {
		require.JSONEq(t, `{"results":[]}`, h.must(200, "GET", "/api/person/cohorts/?person_id=1", nil).body)
	})
	t.Run("3.4 keep_person is unknown: it deletes", func(t *testing.T) {
		h.must(202, "DELETE", personsPath+"/"+uuidOf("b")+"/?keep_person=true", nil)
		require.Equal(t, []string{"a"}, h.listed())
	})
}

func TestPersons2025Shapes(t *testing.T) {
	t.Parallel()
	h := with2025(t, set("a", members{"Email": "A@example.com"}))
	newer := withPersons(t, set("a", members{"Email": "A@example.com"}))
	t.Run("2.1 no last_seen_at", func(t *testing.T) {
		require.Equal(t, []string{"id", "name", "distinct_ids", "properties", "created_at", "uuid"}, h.must(200, "GET", personsPath+"/1/", nil).keys(""))
	})
	t.Run("2.2 nor in the list, and nothing else is missing", func(t *testing.T) {
		newest := newer.must(200, "GET", personsPath+"/", nil).keys("results.0")
		old := h.must(200, "GET", personsPath+"/", nil).keys("results.0")
		require.Equal(t, []string{"type", "id", "uuid", "created_at"}, old[:4])
		require.Equal(t, newest[5:], old[4:])
		require.Equal(t, "last_seen_at", newest[4])
	})
	t.Run("5 nor in CSV", func(t *testing.T) {
		require.NotContains(t, h.must(200, "GET", personsPath+"/?format=csv", nil).body, "last_seen_at")
	})
	for key, named := range map[string]bool{"email": true, "Email": true, "$email": true, "name": true, "Name": true, "username": true, "Username": true, "UserName": true, "NAME": false} {
		t.Run("2.3 named by "+key, func(t *testing.T) {
			h := with2025(t, set("id", members{key: "Ada"}))
			require.Equal(t, named, h.person("1").Get("name").String() == "Ada")
			require.Equal(t, named, h.list()[0].Get("name").String() == "Ada")
		})
	}
	t.Run("2.3 the newest code knows three of them", func(t *testing.T) {
		require.Equal(t, "a", newer.person("1").Get("name").String())
	})
}

// Splits of 2025: which ids stay, and whether the properties do.
func TestPersons2025Split(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name       string
		body       any
		properties string
	}{
		{"no body wipes", nil, `{}`},
		{"the list form is ignored: all ids move, and it wipes", `{"distinct_ids_to_split":["b"]}`, `{}`},
		{"even one that names nobody's ids", `{"distinct_ids_to_split":["nobody"]}`, `{}`},
		{"and one that is no list", `{"distinct_ids_to_split":"b"}`, `{}`},
		{"a main id keeps the properties", `{"main_distinct_id":"a"}`, `{"plan":"pro"}`},
		{"both forms: main decides", `{"main_distinct_id":"a","distinct_ids_to_split":["b"]}`, `{"plan":"pro"}`},
	}
	for _, c := range cases {
		t.Run("3.10 "+c.name, func(t *testing.T) {
			t.Parallel()
			h := with2025(t, set("a", members{"plan": "pro"}), alias("a", "b"), alias("a", "c"))
			require.JSONEq(t, `{"success":true}`, h.must(201, "POST", personsPath+"/1/split/", c.body).body)
			require.Equal(t, []string{"a"}, texts(h.person("1").Get("distinct_ids")))
			require.JSONEq(t, c.properties, h.person("1").Get("properties").Raw)
			require.JSONEq(t, c.properties, h.list("distinct_id", "a")[0].Get("properties").Raw)
			for _, id := range []string{"b", "c"} {
				require.Equal(t, uuidOf(id), h.list("distinct_id", id)[0].Get("uuid").String())
			}
			after := h.must(200, "GET", personsPath+"/1/activity/", nil).get("results.0.detail.changes.0.after")
			require.Equal(t, []string{"distinct_ids"}, answer{body: after.Raw}.keys(""))
			require.Equal(t, gjson.Null, after.Get("distinct_ids_to_split").Type)
		})
	}
}
