package sandbox_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/sandbox"
)

// Whatever is identified, aliased, merged, set, unset, split and deleted, and in
// whatever order it takes effect: a distinct id has at most one person, none is
// lost but by a deletion, and once the queues are empty the store and the index
// say the same.
func TestPersonInvariants(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b", "c", "d", "0190a1b2-0000-7000-8000-00000000002a", "é:ü"}
	rapid.Check(t, func(r *rapid.T) {
		now := newClock()
		indexLag := rapid.SampledFrom([]time.Duration{0, lag / 2, lag, 3 * lag}).Draw(r, "index lag")
		h := start(t, sandbox.Options{Empty: true, Lag: lag, IndexLag: &indexLag, Now: now.Now})
		seen, deleted := map[string]bool{}, map[string]bool{}
		anyID := rapid.SampledFrom(ids)
		capture := func(event members, used ...string) {
			h.capture(event)
			for _, id := range used {
				seen[id] = true
				delete(deleted, id)
			}
		}
		mergeBy := func(event func(id, other string) members) func(*rapid.T) {
			return func(r *rapid.T) {
				id, other := anyID.Draw(r, "id"), anyID.Draw(r, "other")
				capture(event(id, other), id, other)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"identify": mergeBy(identify),
			"alias":    mergeBy(alias),
			"merge":    mergeBy(merge),
			"set": func(r *rapid.T) {
				id := anyID.Draw(r, "id")
				capture(set(id, members{rapid.SampledFrom([]string{"email", "name", "plan"}).Draw(r, "key"): rapid.SampledFrom([]any{"x", 1, nil, true}).Draw(r, "value")}), id)
			},
			"unset": func(r *rapid.T) {
				id := anyID.Draw(r, "id")
				capture(members{"event": "e", "distinct_id": id, "properties": members{"$unset": []string{"email", "plan"}}}, id)
			},
			"split": func(r *rapid.T) {
				if uuid := h.owner(anyID.Draw(r, "id")); uuid != "" {
					body := rapid.SampledFrom([]any{nil, `{"main_distinct_id":"b"}`, `{"main_distinct_id":"nobody"}`,
						members{"distinct_ids_to_split": texts(h.person(uuid).Get("distinct_ids"))[:1]}}).Draw(r, "body")
					h.must(201, "POST", personsPath+"/"+uuid+"/split/", body)
				}
			},
			"delete": func(r *rapid.T) {
				if uuid := h.owner(anyID.Draw(r, "id")); uuid != "" {
					for _, id := range texts(h.person(uuid).Get("distinct_ids")) {
						deleted[id] = true
					}
					h.must(202, "DELETE", personsPath+"/"+uuid+"/", nil)
				}
			},
			"reset": func(r *rapid.T) {
				h.must(202, "POST", personsPath+"/reset_person_distinct_id/", members{"distinct_id": anyID.Draw(r, "id")})
			},
			"wait": func(r *rapid.T) { now.advance(lag / 2) },
			"": func(r *rapid.T) {
				requireOneOwnerEach(r, h, ids)
				requireQueuesInOrder(r, h.PendingJobs(), now.Now())
			},
		})
		now.advance(lag + indexLag)
		require.Empty(r, h.PendingJobs())
		owners := requireOneOwnerEach(r, h, ids)
		for id := range seen {
			if !deleted[id] {
				require.NotEmpty(r, owners[id], "lost %s", id)
			}
		}
		for _, id := range ids {
			h.must(202, "POST", personsPath+"/reset_person_distinct_id/", members{"distinct_id": id})
		}
		now.advance(indexLag)
		requireIndexAgrees(r, h, owners)
	})
}

// requireOneOwnerEach checks that the persons the ids lead to agree about whose
// they are.
func requireOneOwnerEach(t require.TestingT, h *harness, ids []string) map[string]string {
	found := h.must(200, "POST", personsPath+"/batch_by_distinct_ids/", members{"distinct_ids": ids}).get("results")
	owners, claimed := map[string]string{}, map[string]string{}
	found.ForEach(func(id, person gjson.Result) bool {
		uuid := person.Get("uuid").String()
		owners[id.String()] = uuid
		own := texts(person.Get("distinct_ids"))
		require.Contains(t, own, id.String())
		for _, each := range own {
			require.Contains(t, []string{"", uuid}, claimed[each], "%s has two persons", each)
			claimed[each] = uuid
		}
		return true
	})
	require.Equal(t, claimed, owners, "every id of a person leads to it")
	return owners
}

// requireQueuesInOrder checks that what waits is due later, and that neither
// queue overtakes itself.
func requireQueuesInOrder(t require.TestingT, jobs []sandbox.PendingJob, now time.Time) {
	last := map[string]time.Time{}
	for _, job := range jobs {
		require.True(t, job.Due.After(now), "%v should have run", job)
		require.False(t, job.Due.Before(last[job.Into]), "%v stands behind a later one", job)
		last[job.Into] = job.Due
	}
}

// requireIndexAgrees checks that the list has exactly the store's persons, as
// the store has them. Only a row that a split has blanked may differ, and that
// in its properties alone.
func requireIndexAgrees(t require.TestingT, h *harness, owners map[string]string) {
	listed := map[string]bool{}
	for _, row := range h.list() {
		uuid := row.Get("uuid").String()
		listed[uuid] = true
		one := h.person(uuid)
		for _, name := range []string{"distinct_ids", "created_at", "last_seen_at"} {
			require.Equal(t, one.Get(name).Raw, row.Get(name).Raw, name)
		}
		if row.Get("properties").Raw != "{}" || !row.Get("is_identified").Bool() {
			require.JSONEq(t, one.Get("properties").Raw, row.Get("properties").Raw)
		}
		for _, id := range texts(one.Get("distinct_ids")) {
			require.Equal(t, uuid, owners[id])
			require.Len(t, h.list("distinct_id", id), 1)
		}
	}
	for id, uuid := range owners {
		require.True(t, listed[uuid], "%s of %s is not in the list", uuid, id)
	}
}

// What is written under a key, whatever the key, is what is read under it, and
// no other key changes.
func TestPersonPropertyKeys(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("u", nil))
	want := map[string]string{}
	rapid.Check(t, func(r *rapid.T) {
		key := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-c.*?|#@\\!{}\[\]()=<>%$:~"' -]{1,6}`)).Draw(r, "key")
		value := rapid.String().Draw(r, "value")
		want[key] = value
		h.must(202, "POST", personsPath+"/1/update_property/", members{"key": key, "value": value})
		var stored map[string]string
		require.NoError(r, json.Unmarshal([]byte(h.person("1").Get("properties").Raw), &stored))
		require.Equal(r, want, stored)
		if key != "" {
			filter, _ := json.Marshal([]members{{"key": key, "value": value}})
			require.Len(r, h.list("properties", string(filter)), 1)
		}
	})
}

// Concurrent captures, writes and lists: nothing is lost and, under -race,
// nothing is read while it is written.
func TestPersonConcurrency(t *testing.T) {
	t.Parallel()
	var ticks atomic.Int64 // the clock moves on whenever somebody looks at it
	h := start(t, sandbox.Options{Empty: true, Lag: 2, Now: func() time.Time { return time.Unix(1_770_000_000, ticks.Add(1)) }})
	const workers, rounds = 8, 20
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			id := "worker" + strconv.Itoa(worker)
			for round := range rounds {
				anonymous := fmt.Sprintf("%s-%d", id, round)
				h.capture(set(id, members{"n" + strconv.Itoa(round): worker}), set(anonymous, nil), identify(id, anonymous))
				h.list("search", "worker", "limit", "5", "include_total", "")
				h.must(202, "PATCH", personsPath+"/"+uuidOf(id)+"/", `{"properties":{"patched":true}}`)
				h.must(200, "GET", personsPath+"/activity/?limit=3", nil)
				h.must(200, "GET", personsPath+"/values/?key=patched", nil)
				h.must(200, "GET", personsPath+"/?format=csv&search="+id, nil)
			}
		})
	}
	wg.Wait()
	for range 4 { // lets the last writes become due
		h.list()
	}
	require.Len(t, h.list(), workers)
	for worker := range workers {
		id := "worker" + strconv.Itoa(worker)
		p := h.person(uuidOf(id))
		require.Len(t, p.Get("distinct_ids").Array(), rounds+1)
		require.True(t, slices.Contains(texts(p.Get("distinct_ids")), id))
		require.Equal(t, "true", p.Get("properties.patched").Raw)
		for round := range rounds {
			require.EqualValues(t, worker, p.Get("properties.n"+strconv.Itoa(round)).Int())
		}
	}
}

// TestPersonsLoadAtOnce has many callers meet a fresh sandbox at the same time.
func TestPersonsLoadAtOnce(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			require.EqualValues(t, 5000, h.must(200, "GET", personsPath+"/?limit=1&include_total", nil).get("count").Int())
		})
	}
	wg.Wait()
}
