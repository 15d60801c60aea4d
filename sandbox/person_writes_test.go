package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

func TestPersonUpdate(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("u", members{"email": "u@example.com", "plan": "pro"}))
	checkAll(t, h, []fact{
		{"3.3 no properties: code and detail swapped", "PATCH", "/1/", `{}`, 400, swapped("properties")},
		{"3.3 the same for null", "PATCH", "/1/", `{"properties":null}`, 400, swapped("properties")},
		{"3.3 the same without a body", "PUT", "/1/", nil, 400, swapped("properties")},
		{"3.3 other members do not help", "PATCH", "/1/", `{"name":"x"}`, 400, swapped("properties")},
		{"3.3 validation comes before the look-up", "PATCH", "/999/", `{}`, 400, swapped("properties")},
		{"3.3 unknown person", "PATCH", "/999/", `{"properties":{}}`, 404, missing},
		{"3.3 PATCH answers 202 and nothing", "PATCH", "/1/", `{"properties":{"plan":"free","seats":3},"name":"ignored"}`, 202, ""},
		{"3.3 PUT is the same", "PUT", "/" + uuidOf("u") + "/", `{"properties":{"city":null}}`, 202, ""},
		{"3.3 nothing to set is fine", "PATCH", "/1/", `{"properties":{}}`, 202, ""},
		{"3.3 properties that are no object are accepted", "PATCH", "/1/", `{"properties":["a"]}`, 202, ""},
		{"3.3 so is a text", "PATCH", "/1/", `{"properties":"plan=free"}`, 202, ""},
	})
	t.Run("3.3 only the listed keys changed, none was removed", func(t *testing.T) {
		want := `{"email":"u@example.com","plan":"free","seats":3,"city":null}`
		require.JSONEq(t, want, h.person("1").Get("properties").Raw)
		require.JSONEq(t, want, h.list("distinct_id", "u")[0].Get("properties").Raw)
		require.Equal(t, "u@example.com", h.person("1").Get("name").String())
	})
}

func TestPersonUpdateProperty(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("u", members{"plan": "pro"}))
	checkAll(t, h, []fact{
		{"3.8 value missing", "POST", "/1/update_property/", `{"key":"plan"}`, 400, swapped("value")},
		{"3.8 value is checked before key", "POST", "/1/update_property/", `{}`, 400, swapped("value")},
		{"3.8 key missing", "POST", "/1/update_property/", `{"value":1}`, 400, swapped("key")},
		{"3.8 key null", "POST", "/1/update_property/", `{"key":null,"value":1}`, 400, swapped("key")},
		{"3.8 the query is ignored", "POST", "/1/update_property/?key=plan&value=free", `{}`, 400, swapped("value")},
		{"3.8 unknown person", "POST", "/999/update_property/", `{"key":"a","value":1}`, 404, missing},
		{"3.8 validation before the look-up", "POST", "/999/update_property/", `{"key":"a"}`, 400, swapped("value")},
		{"3.8 a text", "POST", "/1/update_property/", `{"key":"plan","value":"free"}`, 202, ""},
		{"3.8 any JSON", "POST", "/1/update_property/", `{"key":"deep","value":{"a":[1,true]}}`, 202, ""},
		{"3.8 null is a value", "POST", "/1/update_property/", `{"key":"gone","value":null}`, 202, ""},
		{"3.8 false is a value", "POST", "/1/update_property/", `{"key":"ok","value":false}`, 202, ""},
		{"3.8 a key with a dot", "POST", "/1/update_property/", `{"key":"a.b","value":"c"}`, 202, ""},
	})
	t.Run("3.8 all set", func(t *testing.T) {
		require.JSONEq(t, `{"plan":"free","deep":{"a":[1,true]},"gone":null,"ok":false,"a.b":"c"}`, h.person("1").Get("properties").Raw)
	})
}

func TestPersonDeleteProperty(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("u", members{"plan": "pro", "seats": 1, "city": "Oslo"}))
	const done = `{"success":true}`
	checkAll(t, h, []fact{
		{"3.9 answers 201", "POST", "/1/delete_property/", `{"$unset":"plan"}`, 201, done},
		{"3.9 an absent key succeeds", "POST", "/1/delete_property/", `{"$unset":"plan"}`, 201, done},
		{"3.9 the query is ignored: 500", "POST", "/1/delete_property/?$unset=seats", `{}`, 500, serverError},
		{"3.9 $unset missing is a 500", "POST", "/1/delete_property/", nil, 500, serverError},
		{"3.9 a list is wrapped once more and removes nothing", "POST", "/1/delete_property/", `{"$unset":["seats"]}`, 201, done},
		{"3.9 unknown person is a 500", "POST", "/999/delete_property/", `{"$unset":"plan"}`, 500, serverError},
		{"3.9 a malformed id is a 500", "POST", "/nobody/delete_property/", `{"$unset":"plan"}`, 500, serverError},
	})
	t.Run("3.9 only what was named is gone", func(t *testing.T) {
		require.JSONEq(t, `{"seats":1,"city":"Oslo"}`, h.person("1").Get("properties").Raw)
		require.Empty(t, h.listed("properties", `[{"key":"plan","value":"is_set","operator":"is_set"}]`))
	})
}

func TestPersonCaptureFails(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Empty: true, CaptureFails: true})
	h.capture(set("u", members{"plan": "pro"}))
	checkAll(t, h, []fact{
		{"3.3 PATCH swallows it", "PATCH", "/1/", `{"properties":{"plan":"free"}}`, 202, ""},
		{"3.8 so does update_property", "POST", "/1/update_property/", `{"key":"plan","value":"free"}`, 202, ""},
		{"3.9 delete_property tells, in its own shape", "POST", "/1/delete_property/", `{"$unset":"plan"}`, 502, `{"success":false,"detail":"Unable to delete property"}`},
	})
	t.Run("3.3 nothing was set, and the log has entries", func(t *testing.T) {
		require.Equal(t, "pro", h.person("1").Get("properties.plan").String())
		require.EqualValues(t, 2, h.must(200, "GET", personsPath+"/1/activity/", nil).get("total_count").Int())
	})
}

func TestPersonSplitErrors(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("a", nil), alias("a", "b"), alias("a", "c"))
	const attr = "distinct_ids_to_split"
	checkAll(t, h, []fact{
		{"3.10 not a list", "POST", "/1/split/", `{"distinct_ids_to_split":"b"}`, 400, validation("must be a list of strings", attr)},
		{"3.10 not of strings", "POST", "/1/split/", `{"distinct_ids_to_split":["b",1]}`, 400, validation("must be a list of strings", attr)},
		{"3.10 empty", "POST", "/1/split/", `{"distinct_ids_to_split":[]}`, 400, validation("must not be empty", attr)},
		{"3.10 not on this person, sorted", "POST", "/1/split/", `{"distinct_ids_to_split":["y","b","x"]}`, 400, validation("not on this person: ['x', 'y']", attr)},
		{"3.10 printed as Python does", "POST", "/1/split/", `{"distinct_ids_to_split":["it's","a\\b"]}`, 400, validation(`not on this person: ['a\\b', "it's"]`, attr)},
		{"3.10 both modes at once", "POST", "/1/split/", `{"main_distinct_id":"a","distinct_ids_to_split":["b"]}`, 400, validation("main_distinct_id cannot be combined with distinct_ids_to_split", "")},
		{"3.10 unknown person", "POST", "/999/split/", `{"distinct_ids_to_split":["b"]}`, 404, missing},
		{"2.5 not an id", "POST", "/a/split/", nil, 400, validation("The ID provided does not look like a personID. If you are using a distinctId, please use /persons?distinct_id=a instead.", "")},
	})
	require.Equal(t, []string{"a", "b", "c"}, texts(h.person("1").Get("distinct_ids")), "nothing was split")
}

func TestPersonSplit(t *testing.T) {
	t.Parallel()
	const device = "17787c3099427b-0e8f6c86323ea9-33647309-1aeaa0-17787c30995b7c"
	merged := []members{set("a", members{"email": "a@example.com"}), alias("a", "b"), identify("a", device), alias("a", "c")}
	cases := []struct {
		name string
		body any
		kept []string
	}{
		{"3.10 no body: the first id is kept", nil, []string{"a"}},
		{"3.10 an empty one: the same", `{}`, []string{"a"}},
		{"3.10 nulls count as not given", `{"main_distinct_id":null,"distinct_ids_to_split":null}`, []string{"a"}},
		{"3.10 exactly the listed ids move", members{"distinct_ids_to_split": []string{"c", device, "c"}}, []string{"a", "b"}},
		{"3.10 main is kept, and 13b the creator's own id stays whatever is asked", `{"main_distinct_id":"b"}`, []string{"a", "b"}},
		{"3.10 an unknown main moves every id", `{"main_distinct_id":"nobody"}`, []string{"a"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := withPersons(t, merged...)
			require.JSONEq(t, `{"success":true}`, h.must(201, "POST", personsPath+"/1/split/", c.body).body)
			require.Equal(t, c.kept, texts(h.person("1").Get("distinct_ids")))
			require.Equal(t, "a@example.com", h.person("1").Get("properties.email").String(), "the original keeps its properties")
			for _, id := range []string{"a", "b", "c", device} {
				require.NotEmpty(t, h.owner(id), "nobody's id is lost")
				require.Len(t, h.list("distinct_id", id), 1)
			}
			for _, id := range []string{"b", "c", device} {
				if h.owner(id) == uuidOf("a") {
					continue
				}
				split := h.person(uuidOf(id))
				require.Equal(t, []string{id}, texts(split.Get("distinct_ids")))
				require.JSONEq(t, `{}`, split.Get("properties").Raw)
				require.Equal(t, id, split.Get("name").String())
				require.NotEqual(t, int64(1), split.Get("id").Int())
				require.False(t, h.list("distinct_id", id)[0].Get("is_identified").Bool())
			}
		})
	}
}

func TestPersonSplitUUIDs(t *testing.T) {
	t.Parallel()
	h := withPersons(t, alias("x", "user_1"), alias("x", "é:ü"))
	h.must(201, "POST", personsPath+"/1/split/", nil)
	for id, want := range map[string]string{"user_1": "131ecd7b-7aa1-5121-8fd3-5353d39dd23e", "é:ü": "6f035ac8-ec86-5239-919d-1920edb52178"} {
		t.Run("3.10 UUIDv5 of "+id, func(t *testing.T) { require.Equal(t, want, h.owner(id)) })
	}
}

func TestPersonSplitOfCreator(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("a", members{"email": "a@example.com"}), alias("a", "b"))
	require.JSONEq(t, `{"success":true}`, h.must(201, "POST", personsPath+"/1/split/", `{"distinct_ids_to_split":["a"]}`).body)
	t.Run("13b the original keeps the id", func(t *testing.T) {
		require.Equal(t, uuidOf("a"), h.owner("a"))
		require.Equal(t, []string{"a", "b"}, texts(h.person("1").Get("distinct_ids")))
		require.Equal(t, "a@example.com", h.person("1").Get("properties.email").String())
	})
	t.Run("13b its row in the list is blank", func(t *testing.T) {
		row := h.list("distinct_id", "a")[0]
		require.JSONEq(t, `{}`, row.Get("properties").Raw)
		require.True(t, row.Get("is_identified").Bool())
		require.Equal(t, "a", row.Get("name").String())
		require.Empty(t, h.list("email", "a@example.com"), "and no filter finds it by what it had")
	})
	t.Run("13b until something else is written", func(t *testing.T) {
		h.must(202, "PATCH", personsPath+"/1/", `{"properties":{"n":1}}`)
		require.Len(t, h.list("email", "a@example.com"), 1)
	})
}

func TestPersonSplitOfHeap(t *testing.T) {
	t.Parallel()
	events := []members{set("main", nil)}
	for i := range 300 {
		events = append(events, alias("main", fmt.Sprintf("id%d", i)))
	}
	h := withPersons(t, events...)
	h.must(201, "POST", personsPath+"/1/split/", `{"main_distinct_id":"main"}`)
	require.EqualValues(t, 301, h.must(200, "GET", personsPath+"/?limit=1&include_total", nil).get("count").Int())
	require.Equal(t, []string{"main"}, texts(h.person("1").Get("distinct_ids")))
}

func TestPersonReset(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("u", nil))
	checkAll(t, h, []fact{
		{"3.11 missing", "POST", "/reset_person_distinct_id/", `{}`, 400, validation("distinct_id is required", "")},
		{"3.11 empty", "POST", "/reset_person_distinct_id/", `{"distinct_id":""}`, 400, validation("distinct_id is required", "")},
		{"3.11 not a string", "POST", "/reset_person_distinct_id/", `{"distinct_id":5}`, 400, validation("distinct_id is required", "")},
		{"3.11 unknown", "POST", "/reset_person_distinct_id/", `{"distinct_id":"nobody"}`, 202, ""},
		{"3.11 of a living person", "POST", "/reset_person_distinct_id/", `{"distinct_id":"u"}`, 202, ""},
	})
	require.Equal(t, []string{"u"}, h.listed())

	h.must(202, "DELETE", personsPath+"/1/", nil)
	h.capture(set("u", members{"email": "again@example.com"}))
	t.Run("3.11 a reused id makes a person that the store knows and no list shows", func(t *testing.T) {
		require.Equal(t, uuidOf("u"), h.owner("u"))
		require.EqualValues(t, 2, h.person(uuidOf("u")).Get("id").Int())
		require.Empty(t, h.list())
		require.Empty(t, h.list("distinct_id", "u"))
	})
	t.Run("3.11 an id that joins it brings it back, under that id", func(t *testing.T) {
		h.capture(alias("u", "v"))
		require.Len(t, h.list("distinct_id", "v"), 1)
		require.Empty(t, h.list("distinct_id", "u"))
	})
	t.Run("3.11 the reset lifts it", func(t *testing.T) {
		h.must(202, "POST", personsPath+"/reset_person_distinct_id/", `{"distinct_id":"u"}`)
		require.Len(t, h.list("distinct_id", "u"), 1)
		require.Len(t, h.list("search", "AGAIN@"), 1)
	})
}

func TestPersonDelete(t *testing.T) {
	t.Parallel()
	cases := []struct {
		query        string
		kept, queued bool
	}{
		{"", false, false},
		{"?delete_events", false, true},
		{"?delete_events=true", false, true},
		{"?delete_events=false", false, true},
		{"?keep_person=false", true, false},
		{"?keep_person=true&delete_events=false", true, true},
		{"?delete_recordings=true", false, false},
	}
	for _, c := range cases {
		t.Run("3.4 flags by presence: "+c.query, func(t *testing.T) {
			t.Parallel()
			h := withPersons(t, set("u", nil), alias("u", "v"))
			require.Empty(t, h.must(202, "DELETE", personsPath+"/1/"+c.query, nil).body)
			queued := h.must(200, "GET", personsPath+"/deletion_status/", nil)
			require.Equal(t, c.queued, queued.get("count").Int() == 1)
			if c.kept {
				require.Equal(t, []string{"u", "v"}, texts(h.person("1").Get("distinct_ids")))
				require.Len(t, h.list(), 1)
				return
			}
			require.Equal(t, 404, h.do("GET", personsPath+"/1/", nil).status)
			require.Equal(t, 404, h.do("DELETE", personsPath+"/1/", nil).status, "repeat")
			require.Empty(t, h.owner("u")+h.owner("v"))
			require.Empty(t, h.list())
		})
	}
}

func TestPersonBulkDelete(t *testing.T) {
	t.Parallel()
	many := make([]string, 1001)
	for i := range many {
		many[i] = "x"
	}
	ids := func(n int) string { return `["` + strings.Join(many[:n], `","`) + `"]` }
	h := withPersons(t, set("a", nil), alias("a", "a2"), set("b", nil), set("c", nil), set("d", nil), set("e", nil))
	summary := func(found, deleted int, events, recordings bool) string {
		return fmt.Sprintf(`{"persons_found":%d,"persons_deleted":%d,"events_queued_for_deletion":%t,"recordings_queued_for_deletion":%t,"deletion_errors":[]}`,
			found, deleted, events, recordings)
	}
	checkAll(t, h, []fact{
		{"3.5 both", "POST", "/bulk_delete/", `{"ids":["x"],"distinct_ids":["y"]}`, 400, validation("You must provide either distinct_ids or ids, not both", "")},
		{"3.5 both is checked before the sizes", "POST", "/bulk_delete/", `{"ids":` + ids(1001) + `,"distinct_ids":["y"]}`, 400, validation("You must provide either distinct_ids or ids, not both", "")},
		{"3.5 too many distinct_ids", "POST", "/bulk_delete/", `{"distinct_ids":` + ids(1001) + `}`, 400, validation("You can only pass 1000 distinct_ids in one call", "")},
		{"3.5 too many ids", "POST", "/bulk_delete/", `{"ids":` + ids(1001) + `}`, 400, validation("You can only pass 1000 ids in one call", "")},
		{"3.5 neither", "POST", "/bulk_delete/", `{}`, 400, validation("You need to specify either distinct_ids or ids", "")},
		{"3.5 empty lists", "POST", "/bulk_delete/", `{"ids":[],"distinct_ids":[]}`, 400, validation("You need to specify either distinct_ids or ids", "")},
		{"3.5 1000 unknown distinct ids are no error", "POST", "/bulk_delete/", `{"distinct_ids":` + ids(1000) + `,"delete_events":true}`, 202, summary(0, 0, false, false)},
		{"3.5 keep_person", "POST", "/bulk_delete/", members{"ids": []string{uuidOf("b")}, "keep_person": true, "delete_events": true, "delete_recordings": true}, 202, summary(1, 0, true, true)},
		{"3.5 the text false is true", "POST", "/bulk_delete/", members{"ids": []string{uuidOf("c")}, "keep_person": "false"}, 202, summary(1, 0, false, false)},
		{"3.5 false, 0 and empty are false", "POST", "/bulk_delete/", members{"distinct_ids": []string{"c"}, "keep_person": 0, "delete_events": false, "delete_recordings": ""}, 202, summary(1, 1, false, false)},
		{"3.5 one person by two ids counts once", "POST", "/bulk_delete/", `{"distinct_ids":["a","a2","nobody"]}`, 202, summary(1, 1, false, false)},
		{"3.5 by UUID", "POST", "/bulk_delete/", members{"ids": []string{uuidOf("b"), uuidOf("d"), uuidOf("gone")}, "delete_events": true}, 202, summary(2, 2, true, false)},
	})
	require.Equal(t, []string{"e"}, h.listed())
	require.Equal(t, 404, h.do("GET", personsPath+"/"+uuidOf("a")+"/", nil).status)
}

func TestPersonDeletionStatus(t *testing.T) {
	t.Parallel()
	h, now := startLagging(t)
	h.capture(set("a", nil), set("b", nil))
	now.advance(lag)
	h.must(202, "POST", personsPath+"/1/delete_events/", nil)
	h.must(202, "POST", personsPath+"/1/delete_events/", nil)
	now.advance(lag)
	h.must(202, "POST", personsPath+"/2/delete_events/", `{}`)
	h.must(202, "POST", personsPath+"/2/delete_recordings/", nil)
	a := `{"person_uuid":"` + uuidOf("a") + `","created_at":"2026-03-02T09:31:00Z","status":"completed","delete_verified_at":"2026-03-02T09:32:00Z"}`
	b := `{"person_uuid":"` + uuidOf("b") + `","created_at":"2026-03-02T09:32:00Z","status":"pending","delete_verified_at":null}`
	page := func(count int, rows string) string {
		return fmt.Sprintf(`{"count":%d,"next":null,"previous":null,"results":[%s]}`, count, rows)
	}
	checkAll(t, h, []fact{
		{"3.6 newest first, nobody twice", "GET", "/deletion_status/", nil, 200, page(2, b+","+a)},
		{"3.6 all", "GET", "/deletion_status/?status=all", nil, 200, page(2, b+","+a)},
		{"3.6 pending", "GET", "/deletion_status/?status=pending", nil, 200, page(1, b)},
		{"3.6 completed", "GET", "/deletion_status/?status=completed", nil, 200, page(1, a)},
		{"3.6 one person", "GET", "/deletion_status/?person_uuid=" + uuidOf("a"), nil, 200, page(1, a)},
		{"3.6 a bad status", "GET", "/deletion_status/?status=done", nil, 400, problem("validation_error", "invalid_choice", `"done" is not a valid choice.`, "status")},
		{"3.6 a bad UUID", "GET", "/deletion_status/?person_uuid=a", nil, 400, validation("Must be a valid UUID.", "person_uuid")},
		{"3.6 a bad limit", "GET", "/deletion_status/?limit=x", nil, 400, validation("A valid integer is required.", "limit")},
		{"3.7 unknown person", "POST", "/99/delete_events/", nil, 404, missing},
		{"3.7 unknown person", "POST", "/99/delete_recordings/", nil, 404, missing},
	})
	t.Run("3.6 ordinary paging", func(t *testing.T) {
		got := h.must(200, "GET", personsPath+"/deletion_status/?limit=1", nil)
		require.Equal(t, h.url+personsPath+"/deletion_status/?limit=1&offset=1", got.get("next").String())
		require.EqualValues(t, 2, got.get("count").Int())
	})
}
