package sandbox_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

func TestPersonPropertyFilters(t *testing.T) {
	t.Parallel()
	now := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: now.Now})
	h.capture(
		set("ada", members{"plan": "pro", "seats": 12, "ok": true, "note": "", "joined": "2026-02-10", "city.name": "Oslo"}),
		set("bob", members{"plan": "Pro", "seats": "9", "ok": false, "gone": nil, "joined": "2026-02-10T15:00:00+02:00"}),
		set("cyn", members{"plan": "free_1", "seats": 100.0, "joined": 1767225600}),
		set("dan", members{"list": []any{"a", "b"}}),
	)
	type item = members
	ada, bob, cyn, dan := "ada", "bob", "cyn", "dan"
	cases := []struct {
		name string
		item item
		want []string
	}{
		{"operator defaults to exact", item{"key": "plan", "value": "pro", "type": "person"}, []string{ada}},
		{"exact", item{"key": "plan", "value": "Pro", "operator": "exact", "type": "person"}, []string{bob}},
		{"exact, array is OR", item{"key": "plan", "value": []string{"pro", "Pro"}, "operator": "exact", "type": "person"}, []string{ada, bob}},
		{"exact, a number found by its text", item{"key": "seats", "value": "12"}, []string{ada}},
		{"exact, a text found by its number", item{"key": "seats", "value": 9}, []string{bob}},
		{"exact, 100 is 100.0", item{"key": "seats", "value": 100}, []string{cyn}},
		{"exact, a boolean", item{"key": "ok", "value": true}, []string{ada}},
		{"exact, a boolean by its text", item{"key": "ok", "value": "false"}, []string{bob}},
		{"exact, the empty text", item{"key": "note", "value": ""}, []string{ada}},
		{"exact, a key with a dot", item{"key": "city.name", "value": "Oslo"}, []string{ada}},
		{"exact, an empty array does not restrict", item{"key": "plan", "value": []string{}}, []string{ada, bob, cyn, dan}},
		{"is_not passes those without the property", item{"key": "plan", "value": "pro", "operator": "is_not"}, []string{bob, cyn, dan}},
		{"is_not, array: none of them", item{"key": "plan", "value": []string{"pro", "Pro"}, "operator": "is_not"}, []string{cyn, dan}},
		{"icontains", item{"key": "plan", "value": "PR", "operator": "icontains"}, []string{ada, bob}},
		{"icontains, wildcards", item{"key": "plan", "value": "f__e", "operator": "icontains"}, []string{cyn}},
		{"icontains, array is OR", item{"key": "plan", "value": []string{"free", "PRO"}, "operator": "icontains"}, []string{ada, bob, cyn}},
		{"icontains, in a list as JSON", item{"key": "list", "value": `"b"`, "operator": "icontains"}, []string{dan}},
		{"not_icontains", item{"key": "plan", "value": "pro", "operator": "not_icontains"}, []string{cyn, dan}},
		{"regex, case-sensitive", item{"key": "plan", "value": "^[pf]r", "operator": "regex"}, []string{ada, cyn}},
		{"not_regex", item{"key": "plan", "value": "^[pf]r", "operator": "not_regex"}, []string{bob, dan}},
		{"gt as numbers", item{"key": "seats", "value": 9, "operator": "gt"}, []string{ada, cyn}},
		{"gt, the value as text", item{"key": "seats", "value": "9", "operator": "gt"}, []string{ada, cyn}},
		{"gte", item{"key": "seats", "value": 9, "operator": "gte"}, []string{ada, bob, cyn}},
		{"lt", item{"key": "seats", "value": 12, "operator": "lt"}, []string{bob}},
		{"lte", item{"key": "seats", "value": 12, "operator": "lte"}, []string{ada, bob}},
		{"lt of texts", item{"key": "plan", "value": "g", "operator": "lt"}, []string{bob, cyn}},
		{"gt, a text is on neither side of a number", item{"key": "plan", "value": 1, "operator": "gt"}, []string{}},
		{"is_set", item{"key": "plan", "value": "is_set", "operator": "is_set", "type": "person"}, []string{ada, bob, cyn}},
		{"is_set, an empty text is one", item{"key": "note", "value": "is_set", "operator": "is_set"}, []string{ada}},
		{"is_set, null is none", item{"key": "gone", "value": "is_set", "operator": "is_set"}, []string{}},
		{"is_not_set", item{"key": "plan", "value": "is_not_set", "operator": "is_not_set"}, []string{dan}},
		{"is_date_exact, the day", item{"key": "joined", "value": "2026-02-10", "operator": "is_date_exact"}, []string{ada, bob}},
		{"is_date_exact, the moment in another zone", item{"key": "joined", "value": "2026-02-10T13:00:00Z", "operator": "is_date_exact"}, []string{bob}},
		{"is_date_after, the whole day", item{"key": "joined", "value": "2026-02-09", "operator": "is_date_after"}, []string{ada, bob}},
		{"is_date_after excludes the day itself", item{"key": "joined", "value": "2026-02-10", "operator": "is_date_after"}, []string{}},
		{"is_date_after, relative", item{"key": "joined", "value": "-30d", "operator": "is_date_after"}, []string{ada, bob}},
		{"is_date_before, a moment", item{"key": "joined", "value": "2026-02-10 12:00", "operator": "is_date_before"}, []string{ada, cyn}},
		{"is_date_before, seconds since 1970 count as a date", item{"key": "joined", "value": "2026-01-02", "operator": "is_date_before"}, []string{cyn}},
		{"in", item{"key": "plan", "value": []string{"pro", "x"}, "operator": "in"}, []string{ada}},
		{"not_in", item{"key": "plan", "value": []string{"pro", "x"}, "operator": "not_in"}, []string{bob, cyn, dan}},
	}
	for _, c := range cases {
		t.Run("3.1.1 "+c.name, func(t *testing.T) {
			encoded, err := json.Marshal([]item{c.item})
			require.NoError(t, err)
			got := h.listed("properties", string(encoded))
			slices.Sort(got)
			require.Equal(t, c.want, got)
		})
	}
	t.Run("3.1.1 items are ANDed", func(t *testing.T) {
		require.Equal(t, []string{ada}, h.listed("properties", `[{"key":"plan","value":"pro"},{"key":"seats","value":5,"operator":"gt"}]`))
		require.Empty(t, h.listed("properties", `[{"key":"plan","value":"pro"},{"key":"seats","value":50,"operator":"gt"}]`))
	})
	for name, properties := range map[string]string{"empty text": "", "empty array": "[]", "null": "null"} {
		t.Run("3.1.1 "+name+" does not restrict", func(t *testing.T) { require.Len(t, h.list("properties", properties), 4) })
	}
	for name, properties := range map[string]string{
		"text": "plan=pro", "a quoted key without quotes": "[{key:1}]", "cut off": `[{"key":"plan"`,
	} {
		t.Run("3.1.1 not JSON: "+name, func(t *testing.T) {
			require.JSONEq(t, validation("Properties are unparsable!", ""), h.must(400, "GET", query(personsPath+"/", "properties", properties), nil).body)
		})
	}
	for name, properties := range map[string]string{
		"a group":                  `{"type":"AND","values":[{"key":"plan","value":"pro"}]}`,
		"one object":               `{"key":"plan","value":"pro"}`,
		"a text":                   `"plan"`,
		"a number":                 `5`,
		"items that are texts":     `["plan"]`,
		"an unknown type":          `[{"key":"plan","value":"pro","type":"event"}]`,
		"an unknown operator":      `[{"key":"plan","value":"pro","operator":"contains"}]`,
		"no key":                   `[{"value":"pro"}]`,
		"an object as value":       `[{"key":"plan","value":{"a":1}}]`,
		"an unknown member":        `[{"key":"plan","value":"pro","negate":true}]`,
		"a broken expression":      `[{"key":"plan","value":"(","operator":"regex"}]`,
		"a date that is none":      `[{"key":"joined","value":"soon","operator":"is_date_after"}]`,
		"a cohort nobody has made": `[{"key":"id","value":4,"type":"cohort"}]`,
	} {
		t.Run("3.1.1 a 500: "+name, func(t *testing.T) {
			require.JSONEq(t, serverError, h.must(500, "GET", query(personsPath+"/", "properties", properties), nil).body)
		})
	}
}
