package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

func gzipped(t testing.TB, text string) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return packed.Bytes()
}

// Every way in which an SDK may send an event for the distinct id "u".
func TestCaptureForms(t *testing.T) {
	t.Parallel()
	const single = `{"api_key":"phc_sandbox","event":"e","distinct_id":"u","properties":{}}`
	browser := `[{"event":"e","properties":{"token":"phc_sandbox","distinct_id":"u"}}]`
	cases := []struct {
		name, path string
		header     http.Header
		body       any
	}{
		{"/i/v0/e/", "/i/v0/e/", nil, single},
		{"/e/", "/e/", nil, single},
		{"/capture/", "/capture/", nil, single},
		{"without a slash", "/capture", nil, single},
		{"a batch", "/batch/", nil, `{"api_key":"phc_sandbox","historical_migration":false,"batch":[{"event":"e","distinct_id":"u"}]}`},
		{"a batch elsewhere", "/e/", nil, `{"token":"phc_sandbox","batch":[{"event":"e","distinct_id":"u"}]}`},
		{"token in place of api_key", "/e/", nil, `{"token":"phc_sandbox","event":"e","distinct_id":"u"}`},
		{"token in the query", "/e/?token=phc_sandbox", nil, `{"event":"e","distinct_id":"u"}`},
		{"an array, ids and token in the properties", "/e/?ip=1&_=1&ver=1.2", http.Header{"Content-Type": {"text/plain"}}, browser},
		{"compression=gzip-js", "/e/?compression=gzip-js", http.Header{"Content-Type": {"text/plain"}}, gzipped(t, browser)},
		{"Content-Encoding: gzip", "/batch/", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, gzipped(t, single)},
		{"a form in base64", "/e/?compression=base64", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(browser)))},
		{"a number as distinct id beside it", "/e/", nil, `[{"api_key":"phc_sandbox","event":"e","distinct_id":"u"},{"api_key":"phc_sandbox","event":"e","distinct_id":5}]`},
	}
	for _, c := range cases {
		t.Run("13a "+c.name, func(t *testing.T) {
			t.Parallel()
			h := startEmpty(t)
			got := h.send(http.MethodPost, c.path, c.header, c.body)
			require.Equal(t, 200, got.status, got.body)
			require.JSONEq(t, `{"status":"Ok"}`, got.body)
			require.Equal(t, uuidOf("u"), h.owner("u"))
		})
	}
}

func TestCaptureRefusals(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	cases := []struct {
		name   string
		body   any
		status int
	}{
		{"an unknown token", `{"api_key":"phc_other","event":"e","distinct_id":"u"}`, 401},
		{"a personal key", `{"api_key":"phx_sandbox","event":"e","distinct_id":"u"}`, 401},
		{"no token", `{"event":"e","distinct_id":"u"}`, 401},
		{"no token in one of many", `[{"event":"e","distinct_id":"u","api_key":"phc_sandbox"},{"event":"e","distinct_id":"u"}]`, 401},
		{"an empty batch of nobody", `{"batch":[]}`, 401},
		{"no distinct id", `{"api_key":"phc_sandbox","event":"e"}`, 400},
		{"no event name", `{"api_key":"phc_sandbox","distinct_id":"u"}`, 400},
		{"no JSON", `api_key=phc_sandbox`, 400},
		{"broken gzip", []byte{0x1f, 0x8b, 1, 2, 3}, 400},
		{"a form without data", "data=", 400},
	}
	for _, c := range cases {
		t.Run("13a "+c.name, func(t *testing.T) {
			got := h.send(http.MethodPost, "/e/", http.Header{}, c.body)
			require.Equal(t, c.status, got.status, got.body)
			require.Empty(t, h.list())
		})
	}
	t.Run("13a an empty batch with a token", func(t *testing.T) {
		require.Equal(t, 200, h.send(http.MethodPost, "/batch/", http.Header{}, `{"api_key":"phc_sandbox","batch":[]}`).status)
	})
	t.Run("a body that unpacks beyond the limit", func(t *testing.T) {
		bomb := gzipped(t, `{"api_key":"phc_sandbox","event":"`+string(bytes.Repeat([]byte("x"), 21<<20))+`","distinct_id":"u"}`)
		require.Equal(t, 413, h.send(http.MethodPost, "/e/", http.Header{}, bomb).status)
	})
}

func TestCaptureStart(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	for _, path := range []string{"/flags/?v=2", "/flags", "/decide/?v=3"} {
		t.Run("SDKs ask at their start: "+path, func(t *testing.T) {
			got := h.send(http.MethodPost, path, http.Header{}, `{"token":"phc_sandbox","distinct_id":"u"}`)
			require.Equal(t, 200, got.status)
			require.JSONEq(t, `{}`, got.get("flags").Raw)
			require.JSONEq(t, `{}`, got.get("featureFlags").Raw)
			require.Equal(t, "false", got.get("errorsWhileComputingFlags").Raw)
			require.Equal(t, 401, h.send(http.MethodPost, path, http.Header{}, `{"token":"phc_other","distinct_id":"u"}`).status)
		})
	}
	require.Empty(t, h.list(), "asking makes nobody")
}

func TestCaptureProperties(t *testing.T) {
	t.Parallel()
	with := func(name, id string, properties members) members {
		return members{"event": name, "distinct_id": id, "properties": properties}
	}
	cases := []struct {
		name   string
		events []members
		want   string
	}{
		{"$set overwrites", []members{set("u", members{"a": 1, "b": 1}), set("u", members{"a": 2})}, `{"a":2,"b":1}`},
		{"$set_once fills what is missing", []members{set("u", members{"a": 1}), with("e", "u", members{"$set_once": members{"a": 2, "b": 2}})}, `{"a":1,"b":2}`},
		{"$set_once leaves a null alone", []members{set("u", members{"a": nil}), with("e", "u", members{"$set_once": members{"a": 2}})}, `{"a":null}`},
		{"$set wins over $set_once of the same event", []members{with("e", "u", members{"$set": members{"a": 1}, "$set_once": members{"a": 2}})}, `{"a":1}`},
		{"$unset removes", []members{set("u", members{"a": 1, "b": 1}), with("e", "u", members{"$unset": []string{"a", "x"}})}, `{"b":1}`},
		{"$unset as an object", []members{set("u", members{"a": 1, "b": 1}), with("e", "u", members{"$unset": members{"a": ""}})}, `{"b":1}`},
		{"on an event of any name", []members{with("$pageview", "u", members{"$set": members{"a": 1}})}, `{"a":1}`},
		{"beside the properties, as posthog-js sends it", []members{{"event": "$set", "distinct_id": "u", "$set": members{"a": 1, "b": 1}, "properties": members{"$set": members{"b": 2}}}}, `{"a":1,"b":2}`},
		{"other properties of the event are not the person's", []members{with("e", "u", members{"plan": "pro", "$set": members{"a": 1}})}, `{"a":1}`},
		{"$process_person_profile false changes nobody", []members{set("u", members{"a": 1}), with("e", "u", members{"$process_person_profile": false, "$set": members{"a": 2}})}, `{"a":1}`},
		{"numbers and scripts are kept as they are", []members{set("u", members{"n": 12.5, "s": "שלום <b>&\u2028", "l": []any{1, "x"}})}, `{"n":12.5,"s":"שלום <b>&\u2028","l":[1,"x"]}`},
		{"a $set that is no object is nothing", []members{set("u", members{"a": 1}), with("e", "u", members{"$set": "a"})}, `{"a":1}`},
	}
	for _, c := range cases {
		t.Run("13a "+c.name, func(t *testing.T) {
			t.Parallel()
			h := withPersons(t, c.events...)
			require.JSONEq(t, c.want, h.person(uuidOf("u")).Get("properties").Raw)
			require.JSONEq(t, c.want, h.list("distinct_id", "u")[0].Get("properties").Raw)
		})
	}
	t.Run("13a $process_person_profile false creates nobody", func(t *testing.T) {
		t.Parallel()
		h := withPersons(t, with("e", "u", members{"$process_person_profile": false}), with("$identify", "v", members{"$process_person_profile": false, "$anon_distinct_id": "u"}))
		require.Empty(t, h.list())
	})
}

func TestCaptureDates(t *testing.T) {
	t.Parallel()
	now := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: now.Now})
	h.capture(at("past", 5), set("undated", nil), members{"event": "e", "distinct_id": "future", "timestamp": "2030-01-01T00:00:00Z"})
	for id, want := range map[string]string{"past": "2026-03-01T05:00:00Z", "undated": "2026-03-02T09:30:00Z", "future": "2026-03-02T09:30:00Z"} {
		t.Run("13a first seen: "+id, func(t *testing.T) {
			require.Equal(t, want, h.person(uuidOf(id)).Get("created_at").String())
			require.Equal(t, want, h.person(uuidOf(id)).Get("last_seen_at").String())
		})
	}
	t.Run("13a an old event does not make a person unseen", func(t *testing.T) {
		now.advance(time.Hour)
		h.capture(set("past", nil), at("past", 3))
		require.Equal(t, "2026-03-02T10:30:00Z", h.person(uuidOf("past")).Get("last_seen_at").String())
	})
}

func TestCaptureMerges(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name       string
		events     []members
		survivor   string   // whose UUID
		ids        []string // of the survivor
		properties string
		others     []string // ids that stay persons of their own
		gone       []string // ids whose UUIDs answer 404
	}{
		{"$identify merges the anonymous person away; the survivor's values stay",
			[]members{set("anon", members{"a": 1, "b": 1}), set("u", members{"a": 2}), identify("u", "anon")},
			"u", []string{"u", "anon"}, `{"a":2,"b":1}`, nil, []string{"anon"}},
		{"the event's own $set applies after the merge",
			[]members{set("anon", members{"a": 1}), set("u", members{"a": 2}), {"event": "$identify", "distinct_id": "u", "properties": members{"$anon_distinct_id": "anon", "$set": members{"a": 3}}}},
			"u", []string{"u", "anon"}, `{"a":3}`, nil, []string{"anon"}},
		{"$identify of a new id gives it to the anonymous person",
			[]members{set("anon", members{"a": 1}), identify("u", "anon")}, "anon", []string{"anon", "u"}, `{"a":1}`, nil, []string{"u"}},
		{"$identify of two unknown ids begins with its own", []members{identify("u", "anon")}, "u", []string{"u", "anon"}, `{}`, nil, []string{"anon"}},
		{"$identify adds an unknown anonymous id", []members{set("u", nil), identify("u", "anon")}, "u", []string{"u", "anon"}, `{}`, nil, []string{"anon"}},
		{"$identify without an anonymous id merges nothing", []members{set("anon", nil), {"event": "$identify", "distinct_id": "u"}}, "u", []string{"u"}, `{}`, []string{"anon"}, nil},
		{"$identify with itself merges nothing", []members{identify("u", "u")}, "u", []string{"u"}, `{}`, nil, nil},
		{"$create_alias merges the alias's person away", []members{set("old", members{"a": 1}), set("u", nil), alias("u", "old")}, "u", []string{"u", "old"}, `{"a":1}`, nil, []string{"old"}},
		{"all ids move", []members{alias("old", "old2"), merge("u", "old2")}, "old", []string{"old", "old2", "u"}, `{}`, nil, []string{"u", "old2"}},
		{"all ids of a person that has several", []members{set("u", nil), alias("old", "old2"), merge("u", "old2")}, "u", []string{"u", "old", "old2"}, `{}`, nil, []string{"old", "old2"}},
		{"$identify refuses silently to merge an identified person away",
			[]members{identify("u", "anon1"), identify("v", "anon2"), identify("v", "u")}, "v", []string{"v", "anon2"}, `{}`, []string{"u"}, nil},
		{"$create_alias refuses as well", []members{identify("u", "anon1"), set("v", nil), alias("v", "u")}, "v", []string{"v"}, `{}`, []string{"u"}, nil},
		{"the refused event's $set still applies",
			[]members{identify("u", "anon1"), set("v", nil), {"event": "$create_alias", "distinct_id": "v", "properties": members{"alias": "u", "$set": members{"a": 1}}}},
			"v", []string{"v"}, `{"a":1}`, []string{"u"}, nil},
		{"$merge_dangerously does not refuse", []members{identify("u", "anon1"), identify("v", "anon2"), merge("v", "u")}, "v", []string{"v", "anon2", "u", "anon1"}, `{}`, nil, []string{"u", "anon1"}},
		{"order is kept within a batch", []members{set("u", members{"n": 1}), set("anon", members{"n": 2}), identify("u", "anon"), set("anon", members{"n": 3})}, "u", []string{"u", "anon"}, `{"n":3}`, nil, []string{"anon"}},
	}
	for _, c := range cases {
		t.Run("13a "+c.name, func(t *testing.T) {
			t.Parallel()
			h := withPersons(t, c.events...)
			p := h.person(uuidOf(c.survivor))
			require.Equal(t, c.ids, texts(p.Get("distinct_ids")))
			require.JSONEq(t, c.properties, p.Get("properties").Raw)
			for _, id := range c.ids {
				require.Equal(t, uuidOf(c.survivor), h.owner(id))
				require.Equal(t, uuidOf(c.survivor), h.list("distinct_id", id)[0].Get("uuid").String())
			}
			for _, id := range c.others {
				require.Equal(t, uuidOf(id), h.owner(id))
			}
			for _, id := range c.gone {
				require.Equal(t, 404, h.do("GET", personsPath+"/"+uuidOf(id)+"/", nil).status, id)
			}
			require.Len(t, h.list(), 1+len(c.others))
		})
	}
	t.Run("13a the survivor is marked identified, who was not merged is not", func(t *testing.T) {
		t.Parallel()
		h := withPersons(t, set("anon", nil), set("plain", nil), identify("u", "anon"), alias("v", "w"))
		for id, want := range map[string]bool{"u": true, "v": true, "plain": false} {
			require.Equal(t, want, h.list("distinct_id", id)[0].Get("is_identified").Bool(), id)
		}
	})
	t.Run("13a the older date survives", func(t *testing.T) {
		t.Parallel()
		h := withPersons(t, at("u", 9), at("anon", 3), identify("u", "anon"))
		require.Equal(t, "2026-03-01T03:00:00Z", h.person(uuidOf("u")).Get("created_at").String())
	})
	t.Run("3.10 a merged-away person comes back by a split, under its old UUID and empty", func(t *testing.T) {
		t.Parallel()
		h := withPersons(t, set("anon", members{"a": 1}), set("u", nil), identify("u", "anon"))
		h.must(201, "POST", personsPath+"/"+uuidOf("u")+"/split/", `{"distinct_ids_to_split":["anon"]}`)
		require.JSONEq(t, `{}`, h.person(uuidOf("anon")).Get("properties").Raw)
		require.EqualValues(t, 3, h.person(uuidOf("anon")).Get("id").Int())
	})
}
