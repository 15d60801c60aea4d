package sandbox_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// lag is how long each queue of startLagging takes.
const lag = time.Minute

func TestPersonLag(t *testing.T) {
	t.Parallel()
	plan := func(want string) string { return `[{"key":"plan","value":"` + want + `"}]` }

	t.Run("4, 13a captured: the store first, the index later still", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("u", nil))
		require.Empty(t, h.owner("u"))
		now.advance(lag - time.Nanosecond)
		require.Empty(t, h.owner("u"))
		now.advance(time.Nanosecond)
		require.Equal(t, uuidOf("u"), h.owner("u"))
		require.Empty(t, h.list())
		now.advance(lag)
		require.Len(t, h.list(), 1)
	})
	t.Run("4 PATCH: a filter matches the old value while the row shows the new one, and the reverse", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("u", members{"plan": "old"}))
		now.advance(2 * lag)
		h.must(202, "PATCH", personsPath+"/1/", `{"properties":{"plan":"new"}}`)
		require.Equal(t, "old", h.person("1").Get("properties.plan").String(), "accepted, not yet visible")
		now.advance(lag)
		require.Equal(t, "new", h.person("1").Get("properties.plan").String())
		require.Equal(t, "new", h.list("properties", plan("old"))[0].Get("properties.plan").String())
		require.Empty(t, h.list("properties", plan("new")))
		now.advance(lag)
		require.Empty(t, h.list("properties", plan("old")))
		require.Len(t, h.list("properties", plan("new")), 1)
	})
	t.Run("4 writes take effect in their order", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("u", members{"n": 0}))
		now.advance(lag)
		h.must(202, "PATCH", personsPath+"/1/", `{"properties":{"n":1,"m":1}}`)
		h.must(201, "POST", personsPath+"/1/delete_property/", `{"$unset":"n"}`)
		now.advance(lag / 2)
		h.must(202, "POST", personsPath+"/1/update_property/", `{"key":"m","value":2}`)
		now.advance(lag / 2)
		require.JSONEq(t, `{"m":1}`, h.person("1").Get("properties").Raw)
		now.advance(lag / 2)
		require.JSONEq(t, `{"m":2}`, h.person("1").Get("properties").Raw)
	})
	t.Run("3.10 a split-off id resolves to the original until the job ran", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("a", nil), alias("a", "b"))
		now.advance(2 * lag)
		h.must(201, "POST", personsPath+"/1/split/", `{"distinct_ids_to_split":["b"]}`)
		require.Equal(t, uuidOf("a"), h.owner("b"))
		require.Equal(t, 404, h.do("GET", personsPath+"/"+uuidOf("b")+"/", nil).status)
		now.advance(lag)
		require.Equal(t, uuidOf("b"), h.owner("b"))
		require.Equal(t, uuidOf("a"), h.list("distinct_id", "b")[0].Get("uuid").String(), "the index still leads to the original")
		now.advance(lag)
		require.Equal(t, uuidOf("b"), h.list("distinct_id", "b")[0].Get("uuid").String())
	})
	t.Run("3.10 deleting by the split-off id too early deletes the original", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("a", nil), alias("a", "b"))
		now.advance(2 * lag)
		h.must(201, "POST", personsPath+"/1/split/", `{"distinct_ids_to_split":["b"]}`)
		h.must(202, "POST", personsPath+"/bulk_delete/", `{"distinct_ids":["b"]}`)
		now.advance(2 * lag)
		require.Empty(t, h.owner("a")+h.owner("b"))
	})
	t.Run("3.1.2, 4 a deletion leaves a hole: a short page that still has a next", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("a", nil), set("b", nil), set("c", nil))
		now.advance(2 * lag)
		h.must(202, "DELETE", personsPath+"/2/", nil)
		require.Equal(t, 404, h.do("GET", personsPath+"/2/", nil).status, "the store at once")
		got := h.must(200, "GET", personsPath+"/?limit=3&include_total", nil)
		require.Len(t, got.get("results").Array(), 2)
		require.EqualValues(t, 3, got.get("count").Int())
		require.NotEqual(t, "null", got.get("next").Raw)
		now.advance(lag)
		got = h.must(200, "GET", personsPath+"/?limit=3&include_total", nil)
		require.EqualValues(t, 2, got.get("count").Int())
		require.Equal(t, "null", got.get("next").Raw)
	})
	t.Run("3.10, 13b a creator's split blanks the row late", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("a", members{"plan": "pro"}), alias("a", "b"))
		now.advance(2 * lag)
		h.must(201, "POST", personsPath+"/1/split/", `{"distinct_ids_to_split":["a"]}`)
		now.advance(lag)
		require.Len(t, h.list("properties", plan("pro")), 1)
		now.advance(lag)
		require.Empty(t, h.list("properties", plan("pro")))
		require.JSONEq(t, `{}`, h.list("distinct_id", "a")[0].Get("properties").Raw)
	})
	t.Run("3.3 an event that comes after a deletion makes a new person", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("u", members{"plan": "pro"}))
		now.advance(2 * lag)
		h.must(202, "PATCH", personsPath+"/1/", `{"properties":{"late":true}}`)
		h.must(202, "DELETE", personsPath+"/1/", nil)
		now.advance(2 * lag)
		require.JSONEq(t, `{"late":true}`, h.person(uuidOf("u")).Get("properties").Raw)
		require.Empty(t, h.list(), "under the tombstone of its id")
	})
	t.Run("4 a reset shows in the index after the lag", func(t *testing.T) {
		t.Parallel()
		h, now := startLagging(t)
		h.capture(set("u", nil))
		now.advance(2 * lag)
		h.must(202, "DELETE", personsPath+"/1/", nil)
		h.capture(set("u", nil))
		now.advance(2 * lag)
		require.Empty(t, h.list())
		h.must(202, "POST", personsPath+"/reset_person_distinct_id/", `{"distinct_id":"u"}`)
		require.Empty(t, h.list())
		now.advance(lag)
		require.Len(t, h.list(), 1)
	})
}

// Store and index wait each for itself: when a write shows in either.
func TestPersonLagsApart(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name             string
		lag              time.Duration
		indexLag         *time.Duration
		inStore, inIndex time.Duration // from the write on
	}{
		{"none", 0, nil, 0, 0},
		{"the index takes as long again", lag, nil, lag, 2 * lag},
		{"only the store lags", lag, new(time.Duration(0)), lag, lag},
		{"only the index lags", 0, new(lag), 0, lag},
		{"both, each in its own time", lag, new(3 * lag), lag, 4 * lag},
	}
	for _, c := range cases {
		t.Run("4 "+c.name, func(t *testing.T) {
			t.Parallel()
			now := newClock()
			h := start(t, sandbox.Options{Empty: true, Lag: c.lag, IndexLag: c.indexLag, Now: now.Now})
			h.capture(set("u", nil))
			for waited := time.Duration(0); waited <= c.inIndex; waited += lag / 2 {
				require.Equal(t, waited >= c.inStore, h.owner("u") != "", "in the store after %v", waited)
				require.Equal(t, waited >= c.inIndex, len(h.list()) == 1, "in the index after %v", waited)
				now.advance(lag / 2)
			}
			h.must(202, "DELETE", personsPath+"/1/", nil)
			require.Empty(t, h.owner("u"), "a deletion reaches the store at once")
			gone := h.must(200, "GET", personsPath+"/?limit=1&include_total", nil)
			require.Equal(t, c.inIndex == c.inStore, gone.get("count").Int() == 0, "and the index as a write does")
			require.Empty(t, gone.get("results").Array())
		})
	}
}

func TestPendingJobs(t *testing.T) {
	t.Parallel()
	now := newClock()
	h := start(t, sandbox.Options{Empty: true, Lag: lag, IndexLag: new(3 * lag), Now: now.Now})
	begin := now.Now()
	require.Empty(t, h.PendingJobs())
	h.capture(set("a", nil), alias("a", "b"), identify("c", "d"), merge("a", "c"))
	now.advance(time.Second)
	due := begin.Add(lag)
	require.Equal(t, []sandbox.PendingJob{
		{Into: "store", What: "used", Due: due}, {Into: "store", What: "$create_alias", Due: due},
		{Into: "store", What: "$identify", Due: due}, {Into: "store", What: "$merge_dangerously", Due: due},
	}, h.PendingJobs())

	now.advance(lag - time.Second)
	due = begin.Add(4 * lag)
	require.Equal(t, []sandbox.PendingJob{
		{Into: "index", What: "put", Due: due}, {Into: "index", What: "put", Due: due}, {Into: "index", What: "put", Due: due},
		{Into: "index", What: "remove", Due: due}, {Into: "index", What: "put", Due: due},
	}, h.PendingJobs(), "nobody had to look for them to run")

	now.advance(3 * lag)
	require.Empty(t, h.PendingJobs())
	h.must(202, "PATCH", personsPath+"/1/", `{"properties":{}}`)
	h.must(201, "POST", personsPath+"/1/delete_property/", `{"$unset":"x"}`)
	h.must(201, "POST", personsPath+"/1/split/", `{"distinct_ids_to_split":["a"]}`)
	h.must(202, "POST", personsPath+"/1/delete_events/", nil)
	h.must(202, "POST", personsPath+"/reset_person_distinct_id/", `{"distinct_id":"a"}`)
	require.Equal(t, []string{"store $set", "store $delete_person_property", "store split", "store delete_events", "index reset"}, jobNames(h))
	now.advance(lag)
	require.Equal(t, []string{"index reset", "index put", "index put", "index put", "index blank"}, jobNames(h))
	h.must(202, "DELETE", personsPath+"/1/", nil)
	require.Equal(t, "index bury", jobNames(h)[5])
}

func jobNames(h *harness) []string {
	names := []string{}
	for _, job := range h.PendingJobs() {
		names = append(names, job.Into+" "+job.What)
	}
	return names
}

// Deletions make holes in pages until the index knows, and shift what comes
// after once it does.
func TestPersonDeletionsInAWalk(t *testing.T) {
	t.Parallel()
	h, now := startLagging(t)
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		h.capture(at(id, int(id[0]-'a')))
	}
	now.advance(2 * lag)
	page := func(offset int) []string {
		return h.listed("limit", "2", "offset", strconv.Itoa(offset))
	}
	require.Equal(t, []string{"f", "e"}, page(0))
	h.must(202, "POST", personsPath+"/bulk_delete/", `{"distinct_ids":["f","d","c"]}`)
	t.Run("3.1.2 a page short of one row", func(t *testing.T) {
		require.Equal(t, []string{"e"}, page(0))
	})
	t.Run("3.1.2 a page without any row that is not the last", func(t *testing.T) {
		require.Empty(t, page(2))
		require.Equal(t, gjson.String, h.must(200, "GET", personsPath+"/?limit=2&offset=2", nil).get("next").Type)
		require.Equal(t, []string{"b", "a"}, page(4))
	})
	now.advance(lag)
	t.Run("3.1 a walk that goes on at its offset misses who moved up", func(t *testing.T) {
		require.Equal(t, []string{"e", "b"}, page(0))
		require.Equal(t, []string{"a"}, page(2))
		require.Empty(t, page(4))
	})
}
