package sandbox_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

func TestSeededPortfolio(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{})
	acme := h.must(200, "GET", accountsPath+"/"+seed.AcmeID, nil)
	require.Equal(t, "Acme Robotics", acme.get("name").String())
	require.Equal(t, "acme-robotics", acme.get("external_id").String())
	require.Equal(t, `{"id":2,"email":"grace@example.com"}`, acme.get("properties.csm").Raw)
	require.Equal(t, int64(3), acme.get("properties.account_executive.id").Int())
	require.Equal(t, int64(1), acme.get("properties.account_owner.id").Int())
	require.GreaterOrEqual(t, len(acme.keys("properties")), 9, "three roles and at least six ids")

	notes := h.must(200, "GET", accountsPath+"/"+seed.AcmeID+"/notebooks/", nil)
	require.Equal(t, int64(6), notes.get("count").Int())
	require.ElementsMatch(t, notes.strings("results.#.short_id"), acme.strings("notebooks"))
	require.Equal(t, int64(1200), h.must(200, "GET", "/api/projects/1/account_notes/?limit=1", nil).get("count").Int())

	definitions := h.must(200, "GET", definitionsPath, nil)
	require.Equal(t, int64(15), definitions.get("count").Int())
	types := map[string]bool{}
	for _, displayType := range definitions.strings("results.#.display_type") {
		types[displayType] = true
	}
	require.Len(t, types, 8, "every type is there")
	require.Len(t, h.must(200, "GET", accountsPath+"/"+seed.AcmeID+"/custom_property_values", nil).get("@this").Array(), 15)
}

func TestSeededContentIsWhole(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{})
	for _, account := range h.must(200, "GET", accountsPath+"?limit=80&ordering=name", nil).get("results").Array() {
		id := account.Get("id").String()
		require.Equal(t, gjson.Null, account.Get("churned_at").Type, "the documented generation knows no churn")
		for _, note := range h.must(200, "GET", accountsPath+"/"+id+"/notebooks?limit=100", nil).get("results").Array() {
			// Mostly documents; a few old rows hold a bare list or a JSON text, as in PostHog.
			require.NotEqual(t, gjson.Null, note.Get("content").Type, "note %s of %s", note.Get("short_id"), id)
			require.NotEmpty(t, note.Get("created_by.email").String())
		}
		for _, value := range h.must(200, "GET", accountsPath+"/"+id+"/custom_property_values", nil).get("@this").Array() {
			require.NotEqual(t, gjson.Null, value.Get("value").Type, "value %s of %s", value.Get("id"), id)
		}
	}
}

// Two starts give the same portfolio, and what one sandbox changes the other
// does not see.
func TestSeededPortfolioIsTheSame(t *testing.T) {
	t.Parallel()
	c := newClock()
	first, second := start(t, sandbox.Options{Now: c.Now}), start(t, sandbox.Options{Now: c.Now})
	list := func(h *harness) string {
		return gjson.Get(h.must(200, "GET", accountsPath+"?limit=1000", nil).body, "results.#.{id,name,external_id,properties,notebooks,created_at,updated_at,created_by}").Raw
	}
	require.Equal(t, list(first), list(second))
	h := first
	h.must(200, "PATCH", accountsPath+"/"+seed.AcmeID, object{"name": "Changed", "tags": []string{"changed"}, "properties": nil})
	h.must(204, "DELETE", accountsPath+"/"+seed.NorthwindA, nil)
	require.NotEqual(t, list(first), list(second))
	require.Equal(t, "Acme Robotics", second.must(200, "GET", accountsPath+"/"+seed.AcmeID, nil).get("name").String())
}

func TestEmptySandbox(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	for _, path := range []string{accountsPath, "/api/projects/1/account_notes", definitionsPath} {
		got := h.must(200, "GET", path, nil)
		require.Zero(t, got.get("count").Int(), path)
		require.Equal(t, "[]", got.get("results").Raw, path)
	}
}

// Readers and writers at once, for the race detector; and no update is lost
// or half seen.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	for name, profile := range map[string]sandbox.Profile{"documented": sandbox.Documented, "current": sandbox.Current} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testConcurrentUse(t, profile)
		})
	}
}

func testConcurrentUse(t *testing.T, profile sandbox.Profile) {
	const writers, rounds, acme = 8, 4, accountsPath + "/" + seed.AcmeID
	h := start(t, sandbox.Options{Profile: profile})
	everything := accountsPath + "?include_churned=true&include_ignored=true&limit=1"
	properties, csm := fullProperties(), ""
	if profile == sandbox.Current {
		for _, role := range []string{"csm", "account_executive", "account_owner"} {
			delete(properties, role)
		}
		csm = h.must(200, "GET", relationshipDefinitionsPath, nil).get(`results.#(name=="CSM").id`).String()
	}
	call := func(status int, method, path string, body any) (answer, error) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, path, bytes.NewReader(encodeBody(t, body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
		h.ServeHTTP(w, r)
		if w.Code != status {
			return answer{}, fmt.Errorf("%s %s: status %d, not %d: %.200s", method, path, w.Code, status, w.Body.String())
		}
		return answer{status: w.Code, body: w.Body.String()}, nil
	}
	round := func(writer, n int) error {
		made, err := call(http.StatusCreated, "POST", accountsPath, object{"name": fmt.Sprintf("W%d", writer), "external_id": fmt.Sprintf("w%d-%d", writer, n), "tags": []string{"a", "b"}})
		if err != nil {
			return err
		}
		path := accountsPath + "/" + made.get("id").String()
		steps := []struct {
			status       int
			method, path string
			body         any
		}{
			{200, "PATCH", acme, object{"tags": []string{fmt.Sprint(writer), fmt.Sprint(n)}}},
			{200, "PATCH", acme, object{"properties": properties}},
			{200, "GET", accountsPath + "?search=w&ordering=name&all_roles_unassigned=true", nil},
			{200, "GET", "/api/projects/1/account_notes?limit=5&created_by=1&assigned_to=2", nil},
			{200, "GET", path + "/notebooks", nil},
			{201, "POST", path + "/notebooks", object{"text_content": "hello"}},
		}
		if csm != "" {
			steps = append(steps, struct {
				status       int
				method, path string
				body         any
			}{201, "POST", acme + "/relationships", object{"definition": csm, "user": 1 + (writer+n)%3}})
		}
		for _, step := range steps {
			if _, err := call(step.status, step.method, step.path, step.body); err != nil {
				return err
			}
		}
		if n%2 == 0 {
			_, err = call(http.StatusNoContent, "DELETE", path, nil)
		}
		return err
	}
	var group errgroup.Group
	for writer := range writers {
		group.Go(func() error {
			for n := range rounds {
				if err := round(writer, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, int64(412+writers*rounds/2), h.must(200, "GET", everything, nil).get("count").Int())
	require.Len(t, h.must(200, "GET", acme, nil).keys("properties"), len(properties), "the last PATCH is whole")
	if csm != "" {
		held := h.must(200, "GET", acme+"/relationships", nil).get(`#(definition.name=="CSM")#`).Array()
		require.Len(t, held, 1, "a single holder, however many hand-overs meet")
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		sandbox.New(sandbox.Options{})
	}
}

// BenchmarkFirstList is what the first request of a session waits for: the
// accounts and notes are made then.
func BenchmarkFirstList(b *testing.B) {
	for _, profile := range []sandbox.Profile{sandbox.Documented, sandbox.Current} {
		b.Run(string(profile), func(b *testing.B) {
			for b.Loop() {
				get(b, sandbox.New(sandbox.Options{Profile: profile}), accountsPath+"?limit=20&all_roles_unassigned=true")
			}
		})
	}
}

func BenchmarkListAll(b *testing.B) {
	for _, profile := range []sandbox.Profile{sandbox.Documented, sandbox.Current} {
		b.Run(string(profile), func(b *testing.B) {
			s := sandbox.New(sandbox.Options{Profile: profile})
			get(b, s, accountsPath)
			for b.Loop() {
				get(b, s, accountsPath+"?limit=1000&include_churned=true&include_ignored=true")
			}
		})
	}
}

func BenchmarkListUnassigned(b *testing.B) {
	for _, profile := range []sandbox.Profile{sandbox.Documented, sandbox.Current} {
		b.Run(string(profile), func(b *testing.B) {
			s := sandbox.New(sandbox.Options{Profile: profile})
			get(b, s, accountsPath)
			for b.Loop() {
				get(b, s, accountsPath+"?all_roles_unassigned=true&search=example.com&limit=20")
			}
		})
	}
}

func BenchmarkSearchNotes(b *testing.B) {
	s := sandbox.New(sandbox.Options{})
	get(b, s, "/api/projects/1/account_notes")
	for b.Loop() {
		get(b, s, "/api/projects/1/account_notes?search=renewal+export&limit=20")
	}
}

// BenchmarkMemory tells what the accounts side of the seeded portfolio keeps.
func BenchmarkMemory(b *testing.B) {
	for _, profile := range []sandbox.Profile{sandbox.Documented, sandbox.Current} {
		b.Run(string(profile), func(b *testing.B) {
			before := heap()
			s := sandbox.New(sandbox.Options{Profile: profile})
			get(b, s, accountsPath+"?all_roles_unassigned=true")
			get(b, s, accountsPath+"/"+seed.AcmeID+"/custom_property_values")
			kept := float64(heap()-before) / (1 << 20)
			for b.Loop() {
				runtime.KeepAlive(s)
			}
			b.ReportMetric(kept, "MiB")
		})
	}
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func get(b *testing.B, s *sandbox.Sandbox, path string) {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(b, http.StatusOK, w.Code)
}
