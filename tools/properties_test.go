package tools_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// Each type takes what PostHog would, and what is stored is what the receipt
// says.
func TestCustomPropertyTypes(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, test := range []struct {
		property string
		value    any
		after    string
	}{
		{"Executive sponsor", "Ada \"Countess\" 🚀", `"Ada \"Countess\" 🚀"`},
		{"Executive sponsor", 12.5, `"12.5"`},
		{"Executive sponsor", "", `""`},
		{"Plan", "Scale", `"Scale"`},
		{"Health score", 12, `12`},
		{"Health score", " 12.5 ", `12.5`},
		{"ARR", "1e3", `1000`},
		{"Discount", -3, `-3`},
		{"Security review done", "TRUE", `true`},
		{"Security review done", false, `false`},
		{"Renewal date", "2026-03-31", `"2026-03-31T00:00:00Z"`},
		{"Last QBR", "2026-03-31T09:30:00+02:00", `"2026-03-31T07:30:00Z"`},
		{"Last QBR", "2026-03-31 09:30", `"2026-03-31T09:30:00Z"`},
		{seed.HealthScoreID, 1, `1`},
		{"hEALTH sCORE", 2, `2`},
	} {
		r := h.must("set_custom_property", object{"account": seed.AcmeID, "property": test.property, "value": test.value})
		if r.get("before."+test.property).Raw == test.after {
			require.Equal(t, "ignored", r.str("outcome"), r.text)
			require.Empty(t, h.writes(), "it is already so")
			continue
		}
		require.Equal(t, "applied", r.str("outcome"), r.text)
		for name, after := range r.get("after").Map() {
			require.JSONEq(t, test.after, after.Raw, test.property)
			listed := h.must("list_custom_properties", object{"account": seed.AcmeID})
			require.JSONEq(t, test.after, listed.get(`rows.#(name=="`+name+`").value`).Raw)
		}
		undo, arguments := asCall(t, r.str("undo"))
		require.JSONEq(t, r.get("before").Raw, h.must(undo, arguments).get("after").Raw, "undone")
		h.requests()
	}
}

// What a property does not take is refused before anything is written, and
// the refusal says what it takes.
func TestCustomPropertyRefusals(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, test := range []struct {
		property string
		value    any
		want     string
	}{
		{"Executive sponsor", true, "takes a text"},
		{"Plan", "scale", `did you mean "Scale"?`},
		{"Plan", "Gold plated", "one of Free, Startup, Scale, Enterprise"},
		{"Plan", 3, "one of Free"},
		{"Health score", "70 %", "a number, without currency or percent sign"},
		{"Health score", "NaN", "a number"},
		{"Health score", "inf", "a number"},
		{"Health score", true, "a number"},
		{"Security review done", 1, "true or false"},
		{"Security review done", "yes", "true or false"},
		{"Renewal date", "31.03.2026", "a date such as"},
		{"Renewal date", 20260331, "a date such as"},
		{"Health score (calculated)", 5, "cannot be set by hand"},
		{"Helth score", 5, `did you mean "Health score"?`},
		{"Shoe size", 5, "There are: ARR, Discount"},
		{"0190a1b2-0000-7000-8000-00000000002a", 5, "There is no custom property"},
	} {
		require.Contains(t, h.refused("set_custom_property", object{"account": seed.AcmeID, "property": test.property, "value": test.value}), test.want)
	}
	require.Empty(t, h.writes())
	clearing := h.call("set_custom_property", object{"account": seed.AcmeID, "property": "Plan", "clear": true})
	require.Len(t, h.writes(), 1, "only the attempt tells whether a PostHog can clear")
	left := h.must("list_custom_properties", object{"account": seed.AcmeID}).str(`rows.#(name=="Plan").value`)
	if h.can(clearProperties) {
		require.Equal(t, `{"Plan":"Enterprise"} {"Plan":null}`, clearing.get("before").Raw+" "+clearing.get("after").Raw)
		require.Empty(t, left)
		undo, arguments := asCall(t, clearing.str("undo"))
		require.Equal(t, "Enterprise", h.must(undo, arguments).str("after.Plan"))
	} else {
		clearing.requireError(t)
		require.Contains(t, clearing.text, "cannot clear")
		require.Equal(t, "Enterprise", left)
	}
	h.requests()
	for _, arguments := range []object{{}, {"value": 1, "clear": true}, {"clear": false}} {
		arguments["account"], arguments["property"] = seed.AcmeID, "Plan"
		require.Contains(t, h.refused("set_custom_property", arguments), "Give either a value, or clear: true.")
	}
	require.Empty(t, h.requests())
}

// The first value of a property cannot be taken back where PostHog cannot
// clear. The tool says so, and so do the receipt and the undo that is tried all
// the same, which sends nothing. Where only trying tells, the receipt says that.
func TestFirstValueOfACustomProperty(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	require.Contains(t, description(t, h, "set_custom_property"), "not take it away")
	id := h.must("create_account", object{"name": "Fresh"}).str("target.id")
	r := h.must("set_custom_property", object{"account": id, "property": "Plan", "value": "Free"})
	require.Equal(t, `{"Plan":null}`, r.get("before").Raw)
	values := func() string { return h.raw("GET", api+"accounts/"+id+"/custom_property_values", nil).Raw }
	stored := values()
	undo := object{"write": r.str("write")}
	h.requests()
	switch {
	case h.reported() == "documented":
		require.Equal(t, "This PostHog cannot empty a custom property: set another value instead.", r.str("undo"))
		require.Contains(t, h.refused("undo_write", undo), "cannot be undone. "+r.str("undo"))
		require.Empty(t, h.writes())
	case h.can(clearProperties):
		require.Contains(t, r.str("undo"), "older ones cannot")
		h.must("undo_write", undo)
		stored = "[]"
	default:
		require.Contains(t, r.str("undo"), "older ones cannot")
		require.Contains(t, h.refused("undo_write", undo), "cannot clear")
	}
	require.JSONEq(t, stored, values())
}
