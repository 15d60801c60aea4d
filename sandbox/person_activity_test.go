package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

func TestPersonActivityEntries(t *testing.T) {
	t.Parallel()
	now := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: now.Now, Keys: []sandbox.Key{{Value: "phx_grace", Scopes: []string{"*"}, User: 2}}})
	h.capture(set("a", members{"plan": "pro"}), alias("a", "b"))
	t.Run("3.12 what events did is not in the log", func(t *testing.T) {
		require.JSONEq(t, `{"results":[],"next":null,"previous":null,"total_count":0}`, h.must(200, "GET", personsPath+"/1/activity/", nil).body)
	})
	entry := func(activity, changes, name string) string {
		return fmt.Sprintf(`{"user":{"first_name":"Ada","email":"ada@example.com"},"activity":%q,"scope":"Person","item_id":"1",
			"detail":{"changes":%s,"trigger":null,"type":null,"name":%s,"short_id":null},"created_at":"2026-03-02T09:30:00Z"}`, activity, changes, name)
	}
	const changed = `[{"type":"Person","action":"changed","field":%s,"before":null,"after":null}]`
	uuid := `"` + uuidOf("a") + `"`
	cases := []struct {
		name, method, path string
		body               any
		status             int
		want               string
	}{
		{"3.3 updated, values never recorded", "PATCH", "/1/", `{"properties":{"plan":"free"}}`, 202, entry("updated", fmt.Sprintf(changed, `"properties"`), "null")},
		{"3.8 updated", "POST", "/1/update_property/", `{"key":"plan","value":1}`, 202, entry("updated", fmt.Sprintf(changed, `"properties"`), "null")},
		{"3.9 delete_property, without the key", "POST", "/1/delete_property/", `{"$unset":"plan"}`, 201, entry("delete_property", fmt.Sprintf(changed, `null`), "null")},
		{"3.10, 13b split_person by main", "POST", "/1/split/", `{"main_distinct_id":"b"}`, 201,
			entry("split_person", `[{"type":"Person","action":"split","field":null,"before":null,"after":{"distinct_ids":["a","b"]}}]`, uuid)},
		{"3.10, 13b split_person by list", "POST", "/1/split/", `{"distinct_ids_to_split":["b"]}`, 201,
			entry("split_person", `[{"type":"Person","action":"split","field":null,"before":null,"after":{"distinct_ids":["a","b"],"distinct_ids_to_split":["b"]}}]`, uuid)},
		{"3.4 deleted, the UUID as name", "DELETE", "/1/", nil, 202, entry("deleted", "null", uuid)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h.must(c.status, c.method, personsPath+c.path, c.body)
			newest := h.must(200, "GET", personsPath+"/activity/?limit=1", nil).get("results.0")
			require.Len(t, newest.Get("id").String(), 36)
			require.JSONEq(t, c.want, strings.Replace(newest.Raw, `"id":"`+newest.Get("id").String()+`",`, "", 1))
		})
	}
	t.Run("3.12 a deleted person's own log is 404, the common one keeps it", func(t *testing.T) {
		require.Equal(t, 404, h.do("GET", personsPath+"/1/activity/", nil).status)
		require.EqualValues(t, len(cases), h.must(200, "GET", personsPath+"/activity/", nil).get("total_count").Int())
	})
	t.Run("3.12 the entry names the key's owner", func(t *testing.T) {
		h.capture(set("c", nil))
		id := h.person(uuidOf("c")).Get("id").String()
		require.Equal(t, 202, h.doAs("phx_grace", "PATCH", personsPath+"/"+id+"/", `{"properties":{}}`).status)
		require.Equal(t, "grace@example.com", h.must(200, "GET", personsPath+"/"+id+"/activity/", nil).get("results.0.user.email").String())
	})
	t.Run("3.5 bulk_delete logs each, keep_person none", func(t *testing.T) {
		h.capture(set("d", nil), set("e", nil))
		before := h.must(200, "GET", personsPath+"/activity/", nil).get("total_count").Int()
		h.must(202, "POST", personsPath+"/bulk_delete/", `{"distinct_ids":["d","e"],"keep_person":true}`)
		h.must(202, "POST", personsPath+"/bulk_delete/", `{"distinct_ids":["d","e"]}`)
		require.Equal(t, before+2, h.must(200, "GET", personsPath+"/activity/", nil).get("total_count").Int())
	})
}

func TestPersonActivityPaging(t *testing.T) {
	t.Parallel()
	now := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: now.Now})
	h.capture(set("a", nil), set("b", nil))
	for i := range 12 {
		now.advance(time.Second)
		h.must(202, "PATCH", fmt.Sprintf("%s/%d/", personsPath, 1+i%2), `{"properties":{"n":1}}`)
	}
	cases := []struct {
		path           string
		rows           int
		next, previous string
		total          int64
	}{
		{"/activity/", 10, "/activity/?limit=10&page=2", "", 12},
		{"/activity/?page=2", 2, "", "/activity/?limit=10&page=1", 12},
		{"/1/activity/?limit=4", 4, "/1/activity/?limit=4&page=2", "", 6},
		{"/1/activity/?limit=4&page=2", 2, "", "/1/activity/?limit=4&page=1", 6},
		{"/" + uuidOf("a") + "/activity/?limit=2&page=2", 2, "/" + uuidOf("a") + "/activity/?limit=2&page=3", "/" + uuidOf("a") + "/activity/?limit=2&page=1", 6},
		{"/1/activity/?limit=6&offset=3", 6, "", "", 6},
		{"/1/activity/?limit=&page=", 6, "", "", 6},
	}
	for _, c := range cases {
		t.Run("3.12 "+c.path, func(t *testing.T) {
			got := h.must(200, "GET", personsPath+c.path, nil)
			require.Equal(t, []string{"results", "next", "previous", "total_count"}, got.keys(""))
			require.Len(t, got.get("results").Array(), c.rows)
			require.Equal(t, c.total, got.get("total_count").Int())
			for name, want := range map[string]string{"next": c.next, "previous": c.previous} {
				if want != "" {
					want = h.url + personsPath + want
				}
				require.Equal(t, want, got.get(name).String(), name)
			}
		})
	}
	t.Run("3.12 newest first", func(t *testing.T) {
		stamps := h.must(200, "GET", personsPath+"/activity/?limit=12", nil).strings("results.#.created_at")
		require.Equal(t, "2026-03-02T09:30:12Z", stamps[0])
		require.Equal(t, "2026-03-02T09:30:01Z", stamps[11])
	})
	checkAll(t, h, []fact{
		{"3.12 limit=abc is a 500", "GET", "/activity/?limit=abc", nil, 500, serverError},
		{"3.12 page=abc is a 500", "GET", "/1/activity/?page=abc", nil, 500, serverError},
		{"3.12 a page past the end is a 500", "GET", "/activity/?page=3", nil, 500, serverError},
		{"3.12 page 0 is a 500", "GET", "/activity/?page=0", nil, 500, serverError},
		{"3.12 limit 0 is a 500", "GET", "/activity/?limit=0", nil, 500, serverError},
		{"3.12 unknown person", "GET", "/99/activity/", nil, 404, missing},
	})
}

func TestPersonActivityOfSeed(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{})
	got := h.must(200, "GET", personsPath+"/activity/?limit=1000", nil)
	stamps := got.strings("results.#.created_at")
	require.Greater(t, len(stamps), 200)
	for i := 1; i < len(stamps); i++ {
		newer, err := time.Parse(time.RFC3339, stamps[i-1])
		require.NoError(t, err)
		older, err := time.Parse(time.RFC3339, stamps[i])
		require.NoError(t, err)
		require.False(t, older.After(newer), "newest first")
	}
	own := got.get("results.#.item_id").Array()[0].String()
	require.NotEmpty(t, own)
}
