package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

const definitionsPath = "/api/projects/1/custom_property_definitions"

// define creates a definition and answers its id; options are labels.
func (h *harness) define(name, displayType string, options ...string) string {
	h.Helper()
	body := object{"name": name, "display_type": displayType}
	if len(options) > 0 {
		body["options"] = labelled(options...)
	}
	return h.must(201, "POST", definitionsPath, body).get("id").String()
}

func labelled(labels ...string) []object {
	options := make([]object, len(labels))
	for i, label := range labels {
		options[i] = object{"label": label, "color": fmt.Sprintf("preset-%d", i+1)}
	}
	return options
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	for _, path := range []string{definitionsPath, "/api/environments/1/custom_property_definitions"} {
		t.Run(path, func(t *testing.T) {
			h := startEmpty(t)
			made := h.must(201, "POST", path, object{"name": " Plan ", "display_type": "select", "description": "What they pay for", "options": labelled("Free", "Paid"), "is_big_number": true})
			one := path + "/" + made.get("id").String()
			require.Equal(t, []string{"id", "name", "description", "display_type", "is_big_number", "options", "source", "created_at", "created_by", "updated_at", "references"}, made.keys(""), "6.1")
			require.Equal(t, "Plan", made.get("name").String())
			require.Equal(t, []string{"Free", "Paid"}, made.strings("options.#.label"))
			require.NotEmpty(t, made.get("options.0.id").String(), "6.1 ids are made by the server")
			require.False(t, made.get("is_big_number").Bool(), "6.1 forced false for a type without numbers")
			require.Equal(t, gjson.Null, made.get("source").Type)
			require.Equal(t, int64(1), made.get("created_by").Int())
			require.Equal(t, made.body, h.must(200, "GET", one, nil).body)

			patched := h.must(200, "PATCH", one, object{"description": nil})
			require.Equal(t, "Plan", patched.get("name").String())
			require.Equal(t, made.get("options").Raw, patched.get("options").Raw, "6.1 PATCH leaves the rest")
			h.do("PUT", one, object{"name": "Plan"}).requireProblem(t, 400, "validation_error", "required", "This field is required.", "display_type")
			h.must(200, "PUT", one, object{"name": "Plan", "display_type": "select"})

			require.Empty(t, h.must(204, "DELETE", one, nil).body)
			for _, method := range []string{"GET", "PATCH", "DELETE"} {
				h.do(method, one, nil).requireRowNotFound(t)
			}
			h.do("GET", path+"/nonsense", nil).requireRowNotFound(t)
		})
	}
}

func TestDefinitionList(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	for _, name := range []string{"b", "C", "a"} {
		h.define(name, "text")
	}
	got := h.must(200, "GET", definitionsPath+"/?limit=2", nil)
	require.Equal(t, []string{"a", "b"}, got.strings("results.#.name"), "6.1 ordered by name")
	require.Equal(t, int64(3), got.get("count").Int(), "6.1 paginated")
	require.Equal(t, int64(3), h.must(200, "GET", definitionsPath+"/?search=a", nil).get("count").Int(), "6.1 no search")

	taken := "A custom property with this name already exists for this team."
	h.do("POST", definitionsPath, object{"name": " a ", "display_type": "text"}).requireProblem(t, 409, "server_error", "conflict", taken, "")
	id := got.get("results.1.id").String()
	h.do("PATCH", definitionsPath+"/"+id, object{"name": "a"}).requireProblem(t, 409, "server_error", "conflict", taken, "")
	h.must(200, "PATCH", definitionsPath+"/"+id, object{"name": "b"})
	h.define("A", "text") // case matters
}

func TestDefinitionErrors(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	option := func(members string) string {
		return `{"name":"x","display_type":"select","options":[` + members + `]}`
	}
	for _, c := range []struct{ name, body, attr, code, detail string }{
		{"6.1 name required", `{"display_type":"text"}`, "name", "required", "This field is required."},
		{"6.1 name too long", `{"name":"` + strings.Repeat("x", 401) + `","display_type":"text"}`, "name", "max_length", "Ensure this field has no more than 400 characters."},
		{"6.1 display_type required", `{"name":"x"}`, "display_type", "required", "This field is required."},
		{"6.1 display_type null", `{"name":"x","display_type":null}`, "display_type", "null", "This field may not be null."},
		{"9a a bad choice", `{"name":"x","display_type":"colour"}`, "display_type", "invalid_choice", `"colour" is not a valid choice.`},
		{"6.1 link is of the next generation", `{"name":"x","display_type":"link"}`, "display_type", "invalid_choice", `"link" is not a valid choice.`},
		{"6.1 is_big_number", `{"name":"x","display_type":"number","is_big_number":"big"}`, "is_big_number", "invalid_input", "Must be a valid boolean."},
		{"6.1 a select without options", `{"name":"x","display_type":"select"}`, "options", "invalid_input", "A select property needs at least one option."},
		{"6.1 a select with no options", option(``), "options", "invalid_input", "A select property needs at least one option."},
		{"6.1 a select with null options", `{"name":"x","display_type":"select","options":null}`, "options", "invalid_input", "A select property needs at least one option."},
		{"6.1 options no list", `{"name":"x","display_type":"select","options":"a"}`, "options", "not_a_list", `Expected a list of items but got type "str".`},
		{"6.1 a blank label", option(`{"label":" ","color":"preset-1"}`), "options", "invalid_input", "Option labels can't be blank."},
		{"6.1 a double label", option(`{"label":"X","color":"preset-1"},{"label":" X ","color":"preset-2"}`), "options", "invalid_input", "Duplicate option label: 'X'."},
		{"6.1 a colour that is none", option(`{"label":"X","color":"x"}`), "options", "invalid_input", "Invalid option color: 'x'."},
		{"6.1 preset-11 is no colour", option(`{"label":"X","color":"preset-11"}`), "options", "invalid_input", "Invalid option color: 'preset-11'."},
		{"6.1 an invented id", option(`{"id":"x","label":"X","color":"preset-1"}`), "options", "invalid_input", "Option ids are assigned by the server; omit them for new options."},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", definitionsPath, c.body).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
		})
	}
	t.Run("6.1 ids are echoed to rename an option", func(t *testing.T) {
		id := h.define("Plan", "select", "Free", "Paid")
		options := h.must(200, "GET", definitionsPath+"/"+id, nil).get("options").Raw
		renamed := strings.Replace(options, "Free", "Gratis", 1)
		got := h.must(200, "PATCH", definitionsPath+"/"+id, `{"options":`+renamed+`}`)
		require.JSONEq(t, renamed, got.get("options").Raw)
		other := h.must(200, "PATCH", definitionsPath+"/"+id, object{"display_type": "text"})
		require.Equal(t, gjson.Null, other.get("options").Type, "6.1 cleared for other types")
	})
	t.Run("6.1 big numbers are numbers", func(t *testing.T) {
		got := h.must(201, "POST", definitionsPath, object{"name": "ARR", "display_type": "currency", "is_big_number": true, "options": labelled("x")})
		require.True(t, got.get("is_big_number").Bool())
		require.Equal(t, gjson.Null, got.get("options").Type)
	})
}

func TestCoercion(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	values := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/custom_property_values"
	ids := map[string]string{}
	for _, kind := range []string{"text", "number", "currency", "percent", "date", "datetime", "boolean"} {
		ids[kind] = h.define("My "+kind, kind)
	}
	ids["select"] = h.define("My select", "select", "Free", "Paid")
	for _, c := range []struct{ kind, sent, want string }{ // want: JSON as stored, or what is expected
		{"text", `"x"`, `"x"`}, {"text", `""`, `""`}, {"text", `" x "`, `" x "`}, {"text", `42`, `"42"`}, {"text", `1.50`, `"1.5"`}, {"text", `1e3`, `"1000.0"`},
		{"text", `true`, "a text value"},
		{"number", `42`, `42.0`}, {"number", `-0.5`, `-0.5`}, {"number", `"42"`, `42.0`}, {"number", `" 1_000.25 "`, `1000.25`}, {"number", `"1e3"`, `1000.0`},
		{"number", `1e20`, `1e+20`}, {"number", `0.00001`, `1e-05`},
		{"number", `true`, "a numeric value"}, {"number", `"12 apples"`, "a numeric value"}, {"number", `""`, "a numeric value"}, {"number", `"0x10"`, "a numeric value"},
		{"number", `"nan"`, "a finite numeric value"}, {"number", `"-Infinity"`, "a finite numeric value"}, {"number", `1e999`, "a finite numeric value"},
		{"currency", `"1200.50"`, `1200.5`}, {"currency", `"$12"`, "a numeric value"}, {"percent", `250`, `250.0`}, {"percent", `"5%"`, "a numeric value"},
		{"boolean", `true`, `true`}, {"boolean", `" False "`, `false`}, {"boolean", `1`, "a boolean value"}, {"boolean", `0`, "a boolean value"}, {"boolean", `"yes"`, "a boolean value"},
		{"date", `"2026-01-31"`, `"2026-01-31T00:00:00Z"`}, {"date", `"20260131"`, `"2026-01-31T00:00:00Z"`}, {"date", `"2026-01-31T23:30:00-02:00"`, `"2026-02-01T01:30:00Z"`},
		{"datetime", `"2026-01-31T10:20"`, `"2026-01-31T10:20:00Z"`}, {"datetime", `"2026-01-31 10:20:30.123456Z"`, `"2026-01-31T10:20:30.123456Z"`}, {"datetime", `"2026-01-31T10:20:30+0530"`, `"2026-01-31T04:50:30Z"`},
		{"datetime", `"31.01.2026"`, "an ISO-8601 datetime"}, {"datetime", `"2026-02-30"`, "an ISO-8601 datetime"}, {"datetime", `1769817600`, "an ISO-8601 datetime"}, {"date", `"tomorrow"`, "an ISO-8601 datetime"},
		{"date", `""`, "an ISO-8601 datetime"}, {"date", `true`, "an ISO-8601 datetime"},
		{"select", `"Free"`, `"Free"`}, {"select", `"free"`, "one of its options: Free, Paid"}, {"select", `" Free"`, "one of its options: Free, Paid"}, {"select", `1`, "one of its options: Free, Paid"},
	} {
		t.Run("5.3 "+c.kind+" "+c.sent, func(t *testing.T) {
			got := h.do("POST", values, `{"definition":"`+ids[c.kind]+`","value":`+c.sent+`}`)
			if got.status == 201 {
				require.Equal(t, c.want, got.get("value").Raw)
				require.Equal(t, c.want, h.must(200, "GET", values, nil).get(`#(definition_id=="`+ids[c.kind]+`").value`).Raw)
				return
			}
			got.requireProblem(t, 400, "validation_error", "invalid_input", "Custom property 'My "+c.kind+"' expects "+c.want, "value")
		})
	}
	t.Run("5.3 an option's id is no value", func(t *testing.T) {
		id := h.must(200, "GET", definitionsPath+"/"+ids["select"], nil).get("options.0.id").String()
		require.Equal(t, 400, h.do("POST", values, object{"definition": ids["select"], "value": id}).status)
	})
}

func TestValueErrors(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{})
	values := accountsPath + "/" + h.must(200, "GET", accountsPath+"?limit=1", nil).get("results.0.id").String() + "/custom_property_values"
	text := h.define("Free text", "text")
	unknown := "0192d1aa-5c1e-7000-8000-00000000dead"
	for _, c := range []struct{ name, body, attr, code, detail string }{
		{"5.2 definition missing", `{"value":1}`, "definition", "required", "This field is required."},
		{"5.2 definition no UUID", `{"definition":"arr","value":1}`, "definition", "invalid_input", "Must be a valid UUID."},
		{"5.2 definition null", `{"definition":null,"value":1}`, "definition", "null", "This field may not be null."},
		{"5.2 definition unknown is a 400", `{"definition":"` + unknown + `","value":1}`, "definition", "invalid_input", "Custom property definition not found."},
		{"5.2 value missing", `{"definition":"` + text + `"}`, "value", "required", "This field is required."},
		{"5.2 value null", `{"definition":"` + text + `","value":null}`, "value", "null", "This field may not be null."},
		{"5.2 value a list", `{"definition":"` + text + `","value":[1]}`, "value", "invalid_input", "Value must be a string, number, or boolean."},
		{"5.2 value an object", `{"definition":"` + text + `","value":{}}`, "value", "invalid_input", "Value must be a string, number, or boolean."},
		{"1.4 definition is checked first", `{"definition":"arr"}`, "definition", "invalid_input", "Must be a valid UUID."},
		{"5.2 the value's shape before the definition's existence", `{"definition":"` + unknown + `","value":[]}`, "value", "invalid_input", "Value must be a string, number, or boolean."},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", values, c.body).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
		})
	}
	t.Run("5.2 fed by a warehouse view", func(t *testing.T) {
		fed := h.must(200, "GET", definitionsPath, nil).get(`results.#(source.id!="").id`).String()
		require.NotEmpty(t, fed)
		h.do("POST", values, object{"definition": fed, "value": "x"}).requireProblem(t, 400, "validation_error", "invalid_input",
			"This custom property is managed by a data warehouse source and can't be set manually.", "definition")
	})
	t.Run("5.2 a missing account comes first", func(t *testing.T) {
		h.do("POST", accountsPath+"/x/custom_property_values", object{}).requireRowNotFound(t)
		h.do("GET", accountsPath+"/x/custom_property_values", nil).requireRowNotFound(t)
	})
	t.Run("5.2 lost race", func(t *testing.T) {
		before := h.must(200, "GET", values, nil).body
		h.ForceValueConflicts(1)
		h.do("POST", values, object{"definition": text, "value": "x"}).requireProblem(t, 409, "server_error", "conflict",
			"An active value for custom property 'Free text' was set concurrently.", "")
		require.Equal(t, before, h.must(200, "GET", values, nil).body)
		h.must(201, "POST", values, object{"definition": text, "value": "x"}) // retrying is safe
	})
}

func TestValuesAreAppended(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now, Keys: []sandbox.Key{{Value: "phx_linus", Scopes: []string{"*"}, User: 3}}})
	account, other := h.createAccount(object{"name": "Acme"}), h.createAccount(object{"name": "Other"})
	values := accountsPath + "/" + account + "/custom_property_values/"
	plan, arr := h.define("Plan", "text"), h.define("ARR", "number")

	require.Equal(t, "[]", h.must(200, "GET", values, nil).body, "5.1 a bare array, unset ones absent")
	first := h.must(201, "POST", values, object{"definition": plan, "value": "Free"})
	require.Equal(t, []string{"id", "account_id", "definition_id", "value", "created_at", "created_by_id"}, first.keys(""), "5.1")
	require.Equal(t, account, first.get("account_id").String())
	require.Equal(t, int64(1), first.get("created_by_id").Int())
	c.advance(time.Second)
	h.must(201, "POST", values, object{"definition": arr, "value": 5})
	c.advance(time.Second)
	again := h.doAs("phx_linus", "POST", values, object{"definition": strings.ToUpper(plan), "value": "Free"})
	require.Equal(t, 201, again.status)
	require.NotEqual(t, first.get("id").String(), again.get("id").String(), "5.2 a new row even for the same value")
	require.NotEqual(t, first.get("created_at").String(), again.get("created_at").String())
	require.Equal(t, int64(3), again.get("created_by_id").Int())

	list := h.must(200, "GET", values, nil)
	require.Equal(t, []string{plan, arr}, list.strings("#.definition_id"), "5.1 newest first, one active value each")
	require.Equal(t, "[]", h.must(200, "GET", accountsPath+"/"+other+"/custom_property_values", nil).body)

	h.must(200, "PATCH", definitionsPath+"/"+arr, object{"display_type": "percent"})
	require.Equal(t, "5.0", h.must(200, "GET", values, nil).get("1.value").Raw, "5.3 the same storage type keeps the value")
	h.must(200, "PATCH", definitionsPath+"/"+arr, object{"display_type": "text"})
	require.Equal(t, "null", h.must(200, "GET", values, nil).get("1.value").Raw, "5.3 another storage type reads null")
	h.must(204, "DELETE", definitionsPath+"/"+arr, nil)
	require.Equal(t, []string{plan}, h.must(200, "GET", values, nil).strings("#.definition_id"), "6.1 its values go with a definition")
}
