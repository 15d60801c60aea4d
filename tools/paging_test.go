package tools_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/sandbox/seed"
)

// Walking a list with its cursors gives every row exactly once, in PostHog's
// order, whatever the limit and the budget.
func TestWalkingGivesEveryRowOnce(t *testing.T) {
	t.Parallel()
	count := o200k(t)
	h := open(t, setup{})
	for n := range 23 {
		h.raw("PATCH", api+"persons/"+seed.TwinUUIDA, object{"properties": object{"n": n}})
	}
	big := bigNoteAccount(h)
	graces := map[string]bool{}
	for _, account := range seed.Accounts() {
		graces[account.ID] = ofGrace(account)
	}
	truth := func(path, field string) []string { return texts(h.raw("GET", api+path, nil).Get("results.#." + field)) }
	lists := []struct {
		tool, key string
		arguments object
		wanted    []string
	}{
		{"list_accounts", "id", object{"tags": []string{"q4-renewal"}}, truth("accounts?limit=1000&tags=%5B%22q4-renewal%22%5D", "id")},
		{"list_accounts", "id", object{"ordering": "name", "csm": "2", "fields": []string{"name"}}, slices.DeleteFunc(truth("accounts?limit=1000&ordering=name", "id"), func(id string) bool { return !graces[id] })},
		{"list_notebooks", "short_id", object{"account": big}, truth("accounts/"+big+"/notebooks?limit=1000", "short_id")},
		{"list_notebooks", "short_id", object{"account": big, "ordering": "created_by"}, truth("accounts/"+big+"/notebooks?limit=1000&ordering=created_by", "short_id")},
		{"list_persons", "uuid", object{"search": "zoe"}, truth("persons?limit=1000&search=zoe", "uuid")},
		{"list_custom_properties", "id", object{"account": seed.AcmeID}, truth("custom_property_definitions?limit=100", "id")},
		{"list_person_activity", "at", object{"person": seed.TwinUUIDA}, nil},
	}
	rapid.Check(t, func(t *rapid.T) {
		list := lists[rapid.IntRange(0, len(lists)-1).Draw(t, "list")]
		limit := rapid.SampledFrom([]int{0, 1, 2, 3, 7, 20, 55, 200}).Draw(t, "limit")
		most := rapid.OneOf(rapid.Just(0), rapid.IntRange(200, 8000)).Draw(t, "max_tokens")
		w := walk{TB: t, house: h, limit: limit, most: most, count: count}
		rows, total := w.all(list.tool, list.arguments)
		if list.wanted == nil {
			require.Len(t, rows, 23)
			require.Equal(t, 23, total)
			return
		}
		var keys []string
		for _, row := range rows {
			keys = append(keys, row.Get(list.key).String())
		}
		require.Equal(t, list.wanted, keys)
		require.Equal(t, len(list.wanted), total)
	})
}

func TestWalkingThroughThePortfolio(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	wanted := texts(h.raw("GET", api+"accounts?limit=1000", nil).Get("results.#.id"))
	for _, size := range []struct{ limit, most int }{{0, 0}, {200, 1000}, {200, 50_000}, {37, 8000}} {
		w := walk{TB: t, house: h, limit: size.limit, most: size.most, count: o200k(t)}
		rows, total := w.all("list_accounts", object{})
		require.Equal(t, h.shown(anyAccount), total)
		var ids []string
		for _, row := range rows {
			ids = append(ids, row.Get("id").String())
		}
		require.Equal(t, wanted, ids)
	}
}

// walk reads a list to its end.
type walk struct {
	rapid.TB
	house       *house
	limit, most int
	count       func(string) int
}

func (w walk) all(tool string, arguments object) (rows []gjson.Result, total int) {
	arguments = with(arguments, "project_id", 1)
	size, most := 20, 2500
	if w.limit > 0 {
		arguments["limit"], size = w.limit, w.limit
	}
	if w.most > 0 {
		arguments["max_tokens"], most = w.most, w.most
	}
	for {
		answer, err := w.house.try(w.house.key, tool, arguments)
		require.NoError(w, err)
		require.False(w, answer.isError, answer.text)
		page := answer.get("rows").Array()
		shown, omitted := int(answer.get("shown").Int()), int(answer.get("omitted").Int())
		require.Len(w, page, shown)
		require.LessOrEqual(w, w.count(answer.text), most, answer.text)
		total = int(answer.get("total").Int())
		require.Equal(w, min(size, total-len(rows)), shown+omitted, "shown and omitted are one page")
		rows = append(rows, page...)
		next := answer.get("next_cursor")
		require.Equal(w, len(rows) < total, next.Exists(), "a cursor exactly where there is more")
		if !next.Exists() {
			return rows, total
		}
		require.Positive(w, shown, "every page gets on")
		arguments["cursor"] = next.String()
	}
}

// A cursor belongs to its query: with any other argument, tool, project or
// account it is refused, and nothing is listed.
func TestCursorBelongsToItsQuery(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	cursor := h.must("list_accounts", object{"limit": 5, "search": "a"}).str("next_cursor")
	require.NotEmpty(t, cursor)
	require.Equal(t, cursor, h.must("list_accounts", object{"limit": 5, "search": "a", "fields": []string{"name"}}).str("next_cursor"), "what is shown of a row is not part of the query")
	h.must("list_accounts", object{"search": "a", "cursor": cursor, "limit": 9})
	for _, other := range []struct {
		tool      string
		arguments object
	}{
		{"list_accounts", object{}},
		{"list_accounts", object{"search": "b"}},
		{"list_accounts", object{"search": "a", "ordering": "name"}},
		{"list_accounts", object{"search": "a", "csm": "me"}},
		{"list_accounts", object{"search": "a", "project_id": 2}},
		{"list_persons", object{"search": "a"}},
		{"list_notebooks", object{"account": seed.AcmeID}},
	} {
		require.Contains(t, h.refused(other.tool, with(other.arguments, "cursor", cursor)), "cursor", "%v", other)
	}
	for _, broken := range []string{"x", cursor[1:], cursor + "A", "=" + cursor, "AAAAAAAAAAA", fmt.Sprint(20)} {
		require.Contains(t, h.refused("list_accounts", object{"search": "a", "cursor": broken}), "cursor")
	}
}
