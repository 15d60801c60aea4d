package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

func TestCurrentDefinitions(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	made := h.must(201, "POST", definitionsPath, object{"name": "Site", "display_type": "link", "is_canonical": true, "options": labelled("x")})
	one := definitionsPath + "/" + made.get("id").String()
	require.Equal(t, []string{"id", "name", "description", "display_type", "target_type", "group_type_index", "is_big_number", "is_canonical", "options",
		"source", "created_at", "created_by", "updated_at", "references", "has_workflow_reference"}, made.keys(""), "6.1")
	require.Equal(t, "account", made.get("target_type").String(), "6.1 by default")
	require.Equal(t, gjson.Null, made.get("group_type_index").Type)
	require.False(t, made.get("is_canonical").Bool(), "6.1 read-only")
	require.Equal(t, "account", h.must(200, "PATCH", one, object{"target_type": "person"}).get("target_type").String(), "6.1 fixed once it is made")

	for _, c := range []struct{ name, body, attr, code, detail string }{
		{"6.1 person targets are not rolled out", `"target_type":"person"`, "target_type", "invalid_input", "Person/group properties from warehouse data are not enabled yet."},
		{"6.1 nor are groups", `"target_type":"group","group_type_index":0`, "target_type", "invalid_input", "Person/group properties from warehouse data are not enabled yet."},
		{"6.1 a target that is none", `"target_type":"team"`, "target_type", "invalid_choice", `"team" is not a valid choice.`},
		{"6.1 a group needs its index", `"target_type":"group"`, "group_type_index", "invalid_input", "Required when target_type is 'group'."},
		{"6.1 others have none", `"group_type_index":1`, "group_type_index", "invalid_input", "Only valid when target_type is 'group'."},
		{"6.1 the index is at least 0", `"group_type_index":-1`, "group_type_index", "min_value", "Ensure this value is greater than or equal to 0."},
		{"6.1 the index is at most 4", `"group_type_index":5`, "group_type_index", "max_value", "Ensure this value is less than or equal to 4."},
		{"6.1 the index is a number", `"group_type_index":"x"`, "group_type_index", "invalid_input", "A valid integer is required."},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", definitionsPath, `{"name":"x","display_type":"text",`+c.body+`}`).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
		})
	}
	t.Run("6.1 DELETE is for project admins", func(t *testing.T) {
		h.doAs(member.Value, "DELETE", one, nil).requireProblem(t, 403, "authentication_error", "permission_denied", "You don't have sufficient permissions in the project.", "")
		h.must(204, "DELETE", one, nil)
	})
}

func TestLinkCoercion(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	values := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/custom_property_values"
	id := h.define("Site", "link")
	for sent, taken := range map[string]bool{
		`"https://acme.example/a?b=c"`: true, `"http://localhost:8000"`: true, `"ftp://acme.example"`: false, `"acme.example"`: false, `"https://"`: false,
		`"javascript:alert(1)"`: false, `""`: false, `5`: false, `true`: false,
	} {
		t.Run("5.3 "+sent, func(t *testing.T) {
			got := h.do("POST", values, `{"definition":"`+id+`","value":`+sent+`}`)
			if taken {
				require.Equal(t, 201, got.status)
				require.Equal(t, sent, got.get("value").Raw)
				return
			}
			got.requireProblem(t, 400, "validation_error", "invalid_input", "Custom property 'Site' expects an HTTP or HTTPS URL", "value")
		})
	}
}

func TestClearValues(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Profile: sandbox.Current})
	values := accountsPath + "/" + seed.AcmeID + "/custom_property_values"
	plan := func() string {
		return h.must(200, "GET", values, nil).get(`#(definition_id=="` + seed.PlanID + `").value`).Raw
	}
	require.NotEmpty(t, plan())
	for _, name := range []string{"5.2 null clears, without a body", "5.2 also when nothing was set"} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, h.must(204, "POST", values, object{"definition": seed.PlanID, "value": nil}).body)
			require.Empty(t, plan())
		})
	}
	h.must(201, "POST", values, object{"definition": seed.PlanID, "value": "Scale"})
	require.Equal(t, `"Scale"`, plan())

	canonical := h.must(200, "GET", definitionsPath, nil).get(`results.#(is_canonical==true).id`).String()
	require.NotEmpty(t, canonical)
	for _, c := range []struct {
		name, definition string
		value            any
		attr, detail     string
	}{
		{"5.2 fed by a view: set", seed.HealthScoreSourceID, 5, "definition", "This custom property is managed by a data warehouse source and can't be set manually."},
		{"5.2 fed by a view: clear", seed.HealthScoreSourceID, nil, "definition", "This custom property is managed by a data warehouse source and can't be cleared manually."},
		{"5.2 canonical: set", canonical, 5, "definition", "This custom property is managed by PostHog and can't be edited manually."},
		{"5.2 canonical: clear", canonical, nil, "definition", "This custom property is managed by PostHog and can't be edited manually."},
		{"5.2 unknown: clear", "0192d1aa-5c1e-7000-8000-00000000dead", nil, "definition", "Custom property definition not found."},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", values, object{"definition": c.definition, "value": c.value}).requireProblem(t, 400, "validation_error", "invalid_input", c.detail, c.attr)
		})
	}
	t.Run("5.2 value missing is not null", func(t *testing.T) {
		h.do("POST", values, object{"definition": seed.PlanID}).requireProblem(t, 400, "validation_error", "required", "This field is required.", "value")
	})
	t.Run("6.1 a canonical definition keeps name and type", func(t *testing.T) {
		for _, body := range []object{{"name": "Mine"}, {"display_type": "text"}} {
			got := h.do("PATCH", definitionsPath+"/"+canonical, body)
			require.Equal(t, 400, got.status)
			require.Equal(t, gjson.Null, got.get("attr").Type)
		}
		h.must(200, "PATCH", definitionsPath+"/"+canonical, object{"description": "Ours"})
	})
}

func TestValueSuggestions(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	id := map[string]string{"text": h.define("Text", "text"), "select": h.define("Select", "select", "Free", "Paid"), "number": h.define("Number", "number"),
		"date": h.define("Date", "date"), "boolean": h.define("Boolean", "boolean")}
	for i := range 60 {
		account := h.createAccount(object{"name": fmt.Sprint(i)})
		for kind, value := range map[string]any{"text": fmt.Sprintf("Value %02d", i/2), "number": i % 3, "date": "2026-01-01", "boolean": i%2 == 0} {
			h.must(201, "POST", accountsPath+"/"+account+"/custom_property_values", object{"definition": id[kind], "value": value})
		}
		if i >= 30 {
			h.must(201, "POST", accountsPath+"/"+account+"/custom_property_values", object{"definition": id["text"], "value": fmt.Sprintf("Single %02d", i)})
		}
	}
	names := func(pairs ...string) []string {
		got := h.must(200, "GET", query(definitionsPath+"/values/", pairs...), nil)
		require.Equal(t, []string{"results", "refreshing"}, got.keys(""), "6.1")
		return got.strings("results.#.name")
	}
	require.Equal(t, []string{"0.0", "1.0", "2.0"}, names("key", id["number"]))
	require.Equal(t, []string{"false", "true"}, names("key", id["boolean"]))
	require.Equal(t, []string{"Free", "Paid"}, names("key", id["select"]), "6.1 options, used or not")
	require.Equal(t, []string{"Paid"}, names("key", id["select"], "value", "AI"), "6.1 a substring in any case")
	require.Len(t, names("key", id["text"]), 45, "each value once")
	require.Equal(t, []string{"Value 07"}, names("key", id["text"], "value", "value 07"))
	require.Empty(t, names("key", id["date"]), "6.1 nothing for dates")
	require.Empty(t, names("key", "nonsense"), "6.1 nothing for unknown keys")
	require.Empty(t, names(), "6.1 nothing for nothing")
	for i := range 20 {
		account := h.createAccount(object{"name": fmt.Sprint(i)})
		h.must(201, "POST", accountsPath+"/"+account+"/custom_property_values", object{"definition": id["text"], "value": fmt.Sprintf("More %02d", i)})
	}
	require.Len(t, names("key", id["text"]), 50, "6.1 at most 50")
}
