package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

func TestPersonBatch(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("a", members{"email": "a@example.com"}), alias("a", "a2"), set("b", nil))
	const none = `{"results":{}}`
	checkAll(t, h, []fact{
		{"3.18 no list", "POST", "/batch_by_distinct_ids/", `{"distinct_ids":"a"}`, 200, none},
		{"3.18 empty", "POST", "/batch_by_distinct_ids/", `{"distinct_ids":[]}`, 200, none},
		{"3.18 missing", "POST", "/batch_by_distinct_ids/", `{}`, 200, none},
		{"3.18 unknown ids are absent", "POST", "/batch_by_distinct_ids/", `{"distinct_ids":["nobody"]}`, 200, none},
		{"3.18 uuids: no list", "POST", "/batch_by_uuids/", `{"uuids":"a"}`, 200, none},
		{"3.18 uuids: unknown", "POST", "/batch_by_uuids/", members{"uuids": []string{uuidOf("x")}}, 200, none},
		{"3.18 uuids: a bad one", "POST", "/batch_by_uuids/", members{"uuids": []string{uuidOf("a"), "x"}}, 400, validation("One or more UUIDs are invalid.", "")},
	})
	t.Run("3.18 the retrieve shape, under every id asked for", func(t *testing.T) {
		got := h.must(200, "POST", personsPath+"/batch_by_distinct_ids/", `{"distinct_ids":["a","a2","nobody","b"]}`)
		require.ElementsMatch(t, []string{"a", "a2", "b"}, got.keys("results"))
		one := h.must(200, "GET", personsPath+"/1/", nil).body
		require.JSONEq(t, one, got.get("results.a").Raw)
		require.JSONEq(t, one, got.get("results.a2").Raw)
		byUUID := h.must(200, "POST", personsPath+"/batch_by_uuids/", members{"uuids": []string{uuidOf("a")}})
		require.JSONEq(t, one, byUUID.get("results."+uuidOf("a")).Raw)
	})
	t.Run("3.18 more than 200 are cut silently", func(t *testing.T) {
		ids, uuids := make([]string, 200), make([]string, 200)
		for i := range ids {
			ids[i], uuids[i] = fmt.Sprintf("nobody%d", i), uuidOf(fmt.Sprintf("nobody%d", i))
		}
		require.JSONEq(t, none, h.must(200, "POST", personsPath+"/batch_by_distinct_ids/", members{"distinct_ids": append(ids, "a")}).body)
		require.JSONEq(t, none, h.must(200, "POST", personsPath+"/batch_by_uuids/", members{"uuids": append(uuids, uuidOf("a"))}).body)
	})
}

func TestPersonValues(t *testing.T) {
	t.Parallel()
	h := withPersons(t,
		set("a", members{"plan": "Pro", "seats": 3}), set("b", members{"plan": "free", "seats": "3"}), set("c", members{"plan": "Pro", "$virt_x": 1}), set("d", members{"plan": nil, "deep": members{"a": 1}}))
	results := func(rows string) string { return `{"results":[` + rows + `],"refreshing":false}` }
	checkAll(t, h, []fact{
		{"3.16 most frequent first", "GET", "/values/?key=plan", nil, 200, results(`{"name":"Pro","count":2},{"name":"free","count":1}`)},
		{"3.16 value is a substring, case-insensitive", "GET", "/values/?key=plan&value=PR", nil, 200, results(`{"name":"Pro","count":2}`)},
		{"3.16 refresh is taken", "GET", "/values/?key=plan&value=fr&refresh=force_blocking", nil, 200, results(`{"name":"free","count":1}`)},
		{"3.16 JSON values are parsed", "GET", "/values/?key=deep", nil, 200, results(`{"name":{"a":1},"count":1}`)},
		{"3.16 no key is no error", "GET", "/values/", nil, 200, results("")},
		{"3.16 nor is a virtual one", "GET", "/values/?key=$virt_x", nil, 200, results("")},
		{"3.16 nor one that nobody has", "GET", "/values/?key=nothing", nil, 200, results("")},
	})
	t.Run("3.16 cached for ten seconds", func(t *testing.T) {
		require.Equal(t, "max-age=10", h.must(200, "GET", personsPath+"/values/?key=plan", nil).header.Get("Cache-Control"))
	})
}

func TestPersonCohortsAndEmails(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("a", nil))
	checkAll(t, h, []fact{
		{"3.17 by integer id", "GET", "/cohorts/?person_id=1", nil, 200, `{"results":[]}`},
		{"3.17 by UUID", "GET", "/cohorts/?person_id=" + uuidOf("a"), nil, 200, `{"results":[]}`},
		{"3.17 unknown person", "GET", "/cohorts/?person_id=99", nil, 404, missing},
		{"3.17 no person_id is a 500", "GET", "/cohorts/", nil, 500, serverError},
		{"3.19 the flag is off", "GET", "/1/emails/", nil, 404, missing},
	})
}

func TestPersonPropertiesAtTime(t *testing.T) {
	t.Parallel()
	now := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: now.Now})
	h.capture(members{"event": "e", "distinct_id": "u", "properties": members{"$set": members{"plan": "free", "n": 1}, "$set_once": members{"first": "x", "plan": "never"}}})
	now.advance(time.Hour)
	h.must(202, "PATCH", personsPath+"/1/", `{"properties":{"plan":"pro"}}`)
	h.must(201, "POST", personsPath+"/1/delete_property/", `{"$unset":"n"}`)

	const path = "/api/person/properties_at_time/"
	const early, late = "2026-03-02T09:45:00", "2026-03-02T12:30:00%2B01:00"
	t.Run("3.14 rebuilt from $set, removals not replayed", func(t *testing.T) {
		got := h.must(200, "GET", path+"?distinct_id=u&timestamp="+early, nil)
		require.JSONEq(t, `{"plan":"free","n":1}`, got.get("properties").Raw)
		require.EqualValues(t, 1, got.get("id").Int())
		require.JSONEq(t, `{"queried_timestamp":"2026-03-02T09:45:00Z","include_set_once":false,"distinct_id_used":"u","person_id_used":null,
			"query_mode":"distinct_id","distinct_ids_queried":["u"],"distinct_ids_count":1}`, got.get("point_in_time_metadata").Raw)
		require.JSONEq(t, `{"plan":"pro","n":1}`, h.must(200, "GET", path+"?person_id="+uuidOf("u")+"&timestamp="+late, nil).get("properties").Raw)
	})
	t.Run("3.14 before everything", func(t *testing.T) {
		require.JSONEq(t, `{}`, h.must(200, "GET", path+"?distinct_id=u&timestamp=2020-01-01", nil).get("properties").Raw)
	})
	t.Run("3.14 include_set_once", func(t *testing.T) {
		require.JSONEq(t, `{"plan":"pro","n":1,"first":"x"}`, h.must(200, "GET", path+"?distinct_id=u&include_set_once=true&timestamp="+late, nil).get("properties").Raw)
	})
	for _, c := range []struct {
		name, query string
		status      int
		text        string
	}{
		{"3.14 both", "?distinct_id=u&person_id=x", 400, "Cannot provide both distinct_id and person_id - choose one"},
		{"3.14 neither", "?timestamp=x", 400, "Must provide either distinct_id or person_id parameter"},
		{"3.14 no timestamp", "?distinct_id=u", 400, "timestamp parameter is required (ISO format: 2023-06-15T14:30:00Z)"},
		{"3.14 a bad timestamp", "?distinct_id=u&timestamp=noon", 400, "Invalid timestamp format. Use ISO format like 2023-06-15T14:30:00Z"},
		{"3.14 unknown distinct id", "?distinct_id=x&timestamp=" + early, 404, "Person with distinct_id 'x' not found"},
		{"3.14 unknown person", "?person_id=x&timestamp=" + early, 404, "Person with person_id 'x' not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.JSONEq(t, `{"error":"`+c.text+`"}`, h.must(c.status, "GET", path+c.query, nil).body)
		})
	}
	checkAll(t, h, []fact{{"3.14 below a project it fails", "GET", "/properties_at_time/?distinct_id=u&timestamp=" + early, nil, 500, serverError}})
	t.Run("3.5 deleted events are not replayed", func(t *testing.T) {
		h.must(202, "POST", personsPath+"/1/delete_events/", nil)
		require.JSONEq(t, `{}`, h.must(200, "GET", path+"?distinct_id=u&timestamp="+late, nil).get("properties").Raw)
	})
}
