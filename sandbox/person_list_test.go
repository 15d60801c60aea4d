package sandbox_test

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

// at is an event at a moment of the day before the tests' clock.
func at(id string, hour int) members {
	return members{"event": "e", "distinct_id": id, "timestamp": fmt.Sprintf("2026-03-01T%02d:00:00Z", hour)}
}

func TestPersonSearch(t *testing.T) {
	t.Parallel()
	h := withPersons(t,
		set("sally-id", members{"email": "Sally@Example.com", "name": "Sally O'Hara"}),
		set("u_1", members{"email": "under_score@example.com"}),
		set("u-1", members{"name": "100% Ångström"}),
		set("plain", members{"plan": "sally", "email": 47114711}),
	)
	h.capture(alias("plain", "second-ID"))
	cases := []struct {
		name, search string
		want         []string
	}{
		{"substring of the email", "al", []string{"sally-id"}},
		{"case-insensitive", "SALLY@EXAMPLE", []string{"sally-id"}},
		{"of the name", "o'hara", []string{"sally-id"}},
		{"of any distinct id", "COND-i", []string{"plain"}},
		{"of the UUID", uuidOf("u-1")[3:20], []string{"u-1"}},
		{"no other property", "pro plan", []string{}},
		{"an email that is a number", "711471", []string{"plain"}},
		{"trimmed", "  sally@  ", []string{"sally-id"}},
		{"only spaces is no search", "  ", []string{"plain", "sally-id", "u-1", "u_1"}},
		{"_ stands for one character", "u_1", []string{"u-1", "u_1"}},
		{"% stands for any number", "s%y@", []string{"sally-id"}},
		{"% alone is everybody", "%", []string{"plain", "sally-id", "u-1", "u_1"}},
		{"a backslash escapes", `u\_1`, []string{"u_1"}},
		{"a literal percent sign", `100\%`, []string{"u-1"}},
		{"a wildcard does not run from one field into the next", "hara%sally-id", []string{}},
		{"other scripts have cases too", "ÅNGSTRÖM", []string{"u-1"}},
		{"a point is a point", "example.com", []string{"sally-id", "u_1"}},
		{"nothing", "nobody", []string{}},
	}
	for _, c := range cases {
		t.Run("3.1 search: "+c.name, func(t *testing.T) {
			got := h.listed("search", c.search)
			slices.Sort(got)
			require.Equal(t, c.want, got)
		})
	}
}

func TestPersonExactFilters(t *testing.T) {
	t.Parallel()
	h := withPersons(t, set("a", members{"email": "a@example.com", "plan": "pro"}), set("b", members{"email": "A@example.com", "plan": "pro"}), set("c", members{"name": "a@example.com"}))
	h.capture(alias("b", "b2"))
	cases := []struct {
		name  string
		pairs []string
		want  []string
	}{
		{"email is equality, case-sensitive", []string{"email", "a@example.com"}, []string{"a"}},
		{"email is no substring", []string{"email", "a@example"}, []string{}},
		{"distinct_id is exact", []string{"distinct_id", "b2"}, []string{"b"}},
		{"distinct_id is no substring", []string{"distinct_id", "b2x"}, []string{}},
		{"all filters are ANDed", []string{"search", "example", "email", "a@example.com", "distinct_id", "b"}, []string{}},
		{"AND that matches", []string{"search", "example", "email", "A@example.com", "distinct_id", "b", "properties", `[{"key":"plan","value":"pro","type":"person"}]`}, []string{"b"}},
		{"unknown parameters are ignored", []string{"name", "x", "distinct_id", "c"}, []string{"c"}},
	}
	for _, c := range cases {
		t.Run("3.1 "+c.name, func(t *testing.T) { require.Equal(t, c.want, h.listed(c.pairs...)) })
	}
}

func TestPersonListOrder(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	var ties []string
	for i := range 6 {
		id := "tie" + strconv.Itoa(i)
		ties = append(ties, uuidOf(id))
		h.capture(at(id, 5))
	}
	h.capture(at("old", 1), at("young", 9))
	slices.Sort(ties)

	t.Run("3.1 youngest first; within a page equal ages by UUID upwards", func(t *testing.T) {
		require.Equal(t, slices.Concat([]string{uuidOf("young")}, ties, []string{uuidOf("old")}), rowIDs(h))
	})
	t.Run("3.1 pages pick equal ages by UUID downwards, and stay disjoint and complete", func(t *testing.T) {
		require.Equal(t, []string{ties[4], ties[5]}, rowIDs(h, "limit", "2", "offset", "1"))
		require.Equal(t, []string{ties[2], ties[3]}, rowIDs(h, "limit", "2", "offset", "3"))
		require.Equal(t, []string{ties[0], ties[1]}, rowIDs(h, "limit", "2", "offset", "5"))
	})
}

func rowIDs(h *harness, pairs ...string) []string {
	ids := []string{}
	for _, row := range h.list(pairs...) {
		ids = append(ids, row.Get("id").String())
	}
	return ids
}

func TestPersonPaging(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	for i := range 10 {
		h.capture(at("p"+strconv.Itoa(i), i))
	}
	full := func(path string) string { return h.url + personsPath + path }
	cases := []struct {
		name, path     string
		rows           int
		next, previous string // empty is null
	}{
		{"3.1 no paging: 100 rows, no count", "/", 10, "", ""},
		{"3.1 limit 0 and empty are the default", "/?limit=0&offset=", 10, "", ""},
		{"3.1.2 next gets an offset appended, limit is kept", "/?limit=4", 4, "/?limit=4&offset=4", ""},
		{"3.1.2 next replaces the offset and keeps the rest in place", "/?offset=4&limit=4&search=p", 4, "/?offset=8&limit=4&search=p", "/?offset=4&limit=4&search=p"},
		{"3.1.2 previous of a third page", "/?limit=4&offset=8", 2, "", "/?limit=4&offset=4"},
		{"3.1.2 previous of the second page is the second page", "/?limit=4&offset=4", 4, "/?limit=4&offset=8", "/?limit=4&offset=4"},
		{"3.1.2 previous is null below one page although rows exist", "/?limit=4&offset=3", 4, "/?limit=4&offset=7", ""},
		{"3.1.2 a full last page has a next", "/?limit=5&offset=5", 5, "/?limit=5&offset=10", "/?limit=5&offset=5"},
		{"3.1.2 which leads to an empty page", "/?limit=5&offset=10", 0, "", "/?limit=5&offset=5"},
		{"3.1.2 a negative limit gives the default, and nonsense for next", "/?limit=-5", 10, "/?limit=-5&offset=-5", "/?limit=-5&offset=5"},
		{"3.1.2 a negative offset is not rejected", "/?limit=4&offset=-2", 4, "/?limit=4&offset=-2&offset=2", ""},
		{"3.1.2 no slash in, no slash out", "?limit=4", 4, "?limit=4&offset=4", ""},
		{"3.1 no maximum of 100", "/?limit=1000", 10, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := h.must(200, "GET", personsPath+c.path, nil)
			require.Len(t, got.get("results").Array(), c.rows)
			for name, want := range map[string]string{"next": c.next, "previous": c.previous} {
				if want == "" {
					require.Equal(t, "null", got.get(name).Raw, name)
				} else {
					require.Equal(t, full(want), got.get(name).String(), name)
				}
			}
			require.Equal(t, []string{"results", "next", "previous"}, got.keys(""))
		})
	}
	t.Run("3.1 include_total counts by presence, even if false", func(t *testing.T) {
		for _, value := range []string{"include_total", "include_total=true", "include_total=false"} {
			got := h.must(200, "GET", personsPath+"/?limit=2&search=p&"+value, nil)
			require.EqualValues(t, 10, got.get("count").Int())
			require.Len(t, got.get("results").Array(), 2)
		}
	})
	checkAll(t, h, []fact{
		{"3.1.2 limit=abc is a 500", "GET", "/?limit=abc", nil, 500, serverError},
		{"3.1.2 offset=abc is a 500", "GET", "/?offset=abc", nil, 500, serverError},
		{"3.1.2 limit=1.5 is a 500", "GET", "/?limit=1.5", nil, 500, serverError},
	})
}

// A limit above 50,000 is cut without a word. It takes that many persons to
// see, made in a few batches.
func TestPersonRowCap(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	const many, batch = 50_010, 10_002
	for first := 0; first < many; first += batch {
		events := make([]members, batch)
		for i := range events {
			events[i] = members{"event": "e", "distinct_id": "p" + strconv.Itoa(first+i)}
		}
		h.capture(events...)
	}
	got := h.must(200, "GET", personsPath+"/?limit=60000&include_total", nil)
	require.EqualValues(t, 50_000, got.get("results.#").Int(), "3.1.2 at most 50,000 rows")
	require.EqualValues(t, many, got.get("count").Int())
	require.Equal(t, "null", got.get("next").Raw, "3.1.2 and next is null")
	export := h.must(200, "GET", personsPath+"/?format=csv", nil).body
	require.Equal(t, 50_001, strings.Count(export, "\r\n"), "5 CSV is capped as well")
}

func TestPersonCSV(t *testing.T) {
	t.Parallel()
	h := withPersons(t,
		members{"event": "e", "distinct_id": "a", "timestamp": "2026-03-01T09:00:00Z", "properties": members{"$set": members{"email": "a@example.com", "$os": "Linux", "ok": true, "gone": nil, "deep": members{"x": []any{1, members{"y": "a,b"}}}}}},
		members{"event": "e", "distinct_id": "b", "timestamp": "2026-03-01T08:00:00Z"},
		alias("b", "b2"))
	want := "created_at,distinct_ids.0,distinct_ids.1,id,is_identified,last_seen_at,name,properties.$os,properties.deep.x.0,properties.deep.x.1.y,properties.email,properties.gone,properties.ok,type,uuid,value_at_data_point\r\n" +
		"2026-03-01T09:00:00Z,a,," + uuidOf("a") + ",False,2026-03-01T09:00:00Z,a@example.com,Linux,1,\"a,b\",a@example.com,,True,person," + uuidOf("a") + ",\r\n"
	for _, path := range []string{"/?format=csv&distinct_id=a", ".csv?distinct_id=a", ".csv/?search=a@example"} {
		t.Run("5 list "+path, func(t *testing.T) {
			got := h.must(200, "GET", personsPath+path, nil)
			require.Equal(t, "text/csv; charset=utf-8", got.header.Get("Content-Type"))
			require.Equal(t, strings.ReplaceAll(strings.ReplaceAll(want, "distinct_ids.1,", ""), ",a,,", ",a,"), got.body)
		})
	}
	t.Run("5 the header is the sorted union, flattened with dots", func(t *testing.T) {
		got := h.must(200, "GET", personsPath+"/?format=csv", nil)
		require.True(t, strings.HasPrefix(got.body, want), got.body)
		require.Equal(t, 3, strings.Count(got.body, "\r\n"))
	})
	t.Run("5 limit and offset are ignored", func(t *testing.T) {
		require.Equal(t, 3, strings.Count(h.must(200, "GET", personsPath+"/?format=csv&limit=1&offset=5", nil).body, "\r\n"))
	})
	t.Run("5 by Accept header, and 13b by the suffix of the legacy mount", func(t *testing.T) {
		accept := map[string][]string{"Authorization": {"Bearer phx_sandbox"}, "Accept": {"text/csv"}}
		require.True(t, strings.HasPrefix(h.send("GET", personsPath+"/", accept, nil).body, want))
		require.True(t, strings.HasPrefix(h.must(200, "GET", "/api/person.csv", nil).body, want))
	})
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
	}{
		{"5 retrieve is an empty body", "GET", "/1/?format=csv", nil, 200},
		{"5 so it is by suffix", "GET", "/1.csv", nil, 200},
		{"5 an error is an empty body", "GET", "/99/?format=csv", nil, 404},
		{"5 an action without a body fails", "PATCH", "/1/?format=csv", `{"properties":{"plan":"pro"}}`, 500},
	} {
		t.Run(c.name, func(t *testing.T) { require.Empty(t, h.must(c.status, c.method, personsPath+c.path, c.body).body) })
	}
	t.Run("5 after doing its work", func(t *testing.T) {
		require.Equal(t, "pro", h.person("1").Get("properties.plan").String())
	})
	checkAll(t, h, []fact{
		{"5 unknown format", "GET", "/?format=xml", nil, 404, missing},
		{"5 json is the default", "GET", "/99/?format=json", nil, 404, missing},
	})
}

func TestPersonListOfSeed(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{})
	t.Run("5,000 persons, once each over all pages", func(t *testing.T) {
		seen := map[string]bool{}
		for offset := 0; ; offset += 1000 {
			got := h.must(200, "GET", query(personsPath+"/", "limit", "1000", "offset", strconv.Itoa(offset)), nil)
			for _, row := range got.get("results").Array() {
				require.False(t, seen[row.Get("uuid").String()])
				seen[row.Get("uuid").String()] = true
			}
			if got.get("next").Raw == "null" {
				break
			}
		}
		require.Len(t, seen, 5000)
	})
	t.Run("dates count back from the start", func(t *testing.T) {
		newest, err := time.Parse(time.RFC3339, h.list("limit", "1")[0].Get("created_at").String())
		require.NoError(t, err)
		require.Less(t, time.Since(newest), 60*24*time.Hour)
	})
	t.Run("next works for the one who follows it", func(t *testing.T) {
		link, err := url.Parse(h.must(200, "GET", personsPath+"/?limit=3", nil).get("next").String())
		require.NoError(t, err)
		require.Len(t, h.must(200, "GET", link.RequestURI(), nil).get("results").Array(), 3)
	})
}

func BenchmarkPersonList(b *testing.B) {
	h := start(b, sandbox.Options{})
	for name, path := range map[string]string{
		"page of 100":    "/?limit=100",
		"search all":     "/?search=zzzz",
		"wildcards":      "/?search=z_z%25z",
		"property regex": "/?properties=" + url.QueryEscape(`[{"key":"email","value":"^zzz","operator":"regex"}]`),
		"values":         "/values/?key=plan",
	} {
		b.Run(name, func(b *testing.B) {
			h.must(200, "GET", personsPath+path, nil)
			for b.Loop() {
				h.must(200, "GET", personsPath+path, nil)
			}
		})
	}
}
