package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// A field reaches a property by its name, what lies inside of it by dots, and
// in brackets names that hold dots themselves.
func TestFieldsReachProperties(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.raw("PATCH", api+"persons/"+seed.TwinUUIDA, object{"properties": object{
		"a.b": object{"size": 1}, "a": object{"b": object{"size": 2, "c.d": 3}, "list": []any{"x", "y"}}, "properties": "own", "#|@this": 4, "email": "second@example.com",
	}})
	for field, want := range map[string]struct{ name, value string }{
		"plan":                        {"plan", `"startup"`},
		"properties.plan":             {"plan", `"startup"`},
		`properties["plan"]`:          {`["plan"]`, `"startup"`},
		"a.b.size":                    {"a.b.size", "1"},
		`properties["a.b"].size`:      {`["a.b"].size`, "1"},
		`properties["a"].b.size`:      {`["a"].b.size`, "2"},
		`a["b"]["c.d"]`:               {`a["b"]["c.d"]`, "3"},
		"a.list.1":                    {"a.list.1", `"y"`},
		"properties.properties":       {"properties", `"own"`},
		"properties":                  {"properties", `"own"`},
		"#|@this":                     {"#|@this", "4"},
		"properties.email":            {"email", `"second@example.com"`},
		`properties["properties.no"]`: {},
	} {
		one := h.must("get_person", object{"person": seed.TwinUUIDA, "fields": []string{field}})
		listed := h.must("list_persons", object{"distinct_id": seed.TwinDistinctA, "fields": []string{field}})
		for _, properties := range []map[string]string{raws(one, "person.properties"), raws(listed, "rows.0.properties")} {
			if want.name == "" {
				require.Empty(t, properties, field)
				continue
			}
			require.Equal(t, map[string]string{want.name: want.value}, properties, field)
		}
		require.Equal(t, want.name == "", one.get("person.missing_fields").Exists(), field)
	}
	for _, broken := range []string{`properties["a`, "a..b", ".", "a.", `a["b`, "properties."} {
		for tool, arguments := range map[string]object{"get_person": {"person": seed.TwinUUIDA}, "list_persons": {}} {
			require.Contains(t, h.refused(tool, with(arguments, "fields", []string{broken})), "is no path", broken)
		}
	}
	require.Equal(t, seed.AcmeStripeID, h.must("list_accounts", object{"search": seed.AcmeExternalID, "ordering": "name", "fields": []string{`properties["stripe_customer_id"]`}}).str("rows.0.properties.stripe_customer_id"))
	require.Contains(t, h.refused("list_accounts", object{"fields": []string{"properties.stripe_custmer_id"}}), `did you mean "stripe_customer_id"`)
}

// raws are the members of an object as they stand in the text.
func raws(r result, path string) map[string]string {
	members := map[string]string{}
	for name, value := range r.get(path).Map() {
		members[name] = value.Raw
	}
	return members
}

// A name that nobody shown has is named, with the one that was likely meant.
func TestAPropertyThatNobodyHas(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	require.Equal(t, `Nobody shown has the property "emial" (did you mean "email"?) or "zyzzyva".`,
		h.must("list_persons", object{"fields": []string{"emial", "zyzzyva", "name"}}).str("note"))
	require.Empty(t, h.must("list_persons", object{"email": seed.TwinEmail, "fields": []string{"plan"}}).str("note"))
	require.Empty(t, h.must("list_persons", object{"search": "zyzzyva", "fields": []string{"zyzzyva"}}).str("note"))
}

// What says nothing is left out of a person, unless it was asked for.
func TestEmptyPropertiesAreLeftOut(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.raw("PATCH", api+"persons/"+seed.TwinUUIDA, object{"properties": object{"null": nil, "text": "", "list": []any{}, "map": object{}, "zero": 0, "no": false}})
	whole := raws(h.must("get_person", object{"person": seed.TwinUUIDA}), "person.properties")
	require.Equal(t, "0", whole["zero"])
	require.Equal(t, "false", whole["no"])
	for _, name := range []string{"null", "text", "list", "map"} {
		require.NotContains(t, whole, name)
	}
	asked := raws(h.must("get_person", object{"person": seed.TwinUUIDA, "fields": []string{"null", "text", "list", "map"}}), "person.properties")
	require.Equal(t, map[string]string{"null": "null", "text": `""`, "list": "[]", "map": "{}"}, asked)
}
