package tools_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// handover gives the accounts of a colleague to another one, with a note.
func handover() object {
	return object{
		"accounts": object{"csm": "grace@example.com"}, "changes": object{"csm": "linus@example.com", "tags_add": []string{"handed-over"}},
		"note": "# Handover of {{name}}\n\nLinus takes over from Grace.",
	}
}

// notesTitled are the accounts that have notes with titles like one, once for
// each note.
func (h *house) notesTitled(title string) []string {
	h.Helper()
	return texts(h.raw("GET", api+"account_notes?limit=100000", nil).Get(`results.#(title%"` + title + `")#.account_id`))
}

// planned makes a plan and gives it with what apply_plan takes.
func (h *house) planned(arguments object) (plan result, apply object) {
	h.Helper()
	plan = h.must("plan_changes", arguments)
	return plan, object{"plan": plan.str("plan"), "confirmation": plan.str("confirmation")}
}

// A portfolio changes hands: one plan, one call that carries it out, one that
// takes it back.
func TestHandover(t *testing.T) {
	t.Parallel()
	count := o200k(t)
	h := open(t, setup{journal: file(t)})
	ours := h.shown(ofGrace)
	plan, apply := h.planned(handover())
	require.Empty(t, h.writes(), "a plan writes nothing")
	t.Logf("%d rows, plan %d tokens: %.300s", ours, count(plan.text), plan.text)
	require.EqualValues(t, ours, plan.get("to_change").Int())
	require.Len(t, plan.get("rows").Array(), ours, "all of them are shown")
	require.LessOrEqual(t, count(plan.text), 1600)

	done := h.must("apply_plan", apply)
	t.Logf("applied: %d tokens, %.1f requests an account: %.300s", count(done.text), float64(len(h.requests()))/float64(ours), done.text)
	require.EqualValues(t, ours, done.get("applied").Int(), done.text)
	require.Len(t, done.get("rows").Array(), 5, "those that are as planned repeat the plan")
	require.EqualValues(t, ours-5, done.get("omitted").Int())
	require.LessOrEqual(t, count(done.text), 600)
	require.Equal(t, fmt.Sprintf("undo_write {\"write\":%q}", apply["plan"]), done.str("undo"))
	for _, row := range plan.get("rows").Array() {
		account := h.account(row.Get("account").String())
		require.Equal(t, "linus@example.com", account["properties"].(object)["csm"].(object)["email"])
		require.Contains(t, account["tags"], "handed-over")
		notes := h.raw("GET", api+"accounts/"+row.Get("account").String()+"/notebooks?search=Linus+takes+over", nil).Get("results").Array()
		require.Len(t, notes, 1)
		require.Equal(t, "Handover of "+row.Get("name").String(), notes[0].Get("title").String())
	}
	again := h.must("apply_plan", apply)
	require.Empty(t, h.writes(), "carried out once")
	require.EqualValues(t, ours, again.get("applied").Int())
	require.Equal(t, done.get("rows.#.write").Raw, again.get("rows.#.write").Raw)

	undone := h.must("undo_write", object{"write": apply["plan"]})
	require.Equal(t, "applied", undone.str("outcome"), undone.text)
	require.EqualValues(t, 2*ours, undone.get("after.undone").Int())
	require.EqualValues(t, ours, h.must("list_accounts", object{"csm": "grace@example.com"}).get("total").Int())
	require.EqualValues(t, 0, h.must("plan_changes", object{"accounts": object{"csm": "grace@example.com"}, "changes": object{"tags_remove": []string{"handed-over"}}}).get("to_change").Int())
	require.Empty(t, h.notesTitled("Handover of *"))
}

// What makes no plan is refused in words, before anything is kept.
func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t), desk: []tools.DeskOption{tools.WithMaxRows(40)}})
	ids := func(ids ...string) object { return object{"ids": ids} }
	tag := object{"tags_add": []string{"x"}}
	for want, arguments := range map[string]object{
		"exactly one of accounts, persons and rows":          {"changes": tag},
		`in changes: unknown argument "tags_ad"`:             {"accounts": ids(seed.AcmeID), "changes": object{"tags_ad": []string{"x"}}},
		`did you mean "account_owner"`:                       {"accounts": object{"account_ownr": "me"}, "changes": tag},
		"neither a filter nor ids":                           {"accounts": object{}, "changes": tag},
		"either ids or filters":                              {"accounts": object{"ids": []string{"a"}, "csm": "me"}, "changes": tag},
		"Nothing to change":                                  {"accounts": ids(seed.AcmeID)},
		"accounts fit, and a plan may touch at most 40":      {"accounts": object{"include_churned": true}, "changes": tag},
		"no account fits":                                    {"accounts": object{"search": "no such thing"}, "changes": tag},
		"name and external_id belong to one account":         {"accounts": ids(seed.NorthwindA, seed.NorthwindB), "changes": object{"name": "Both"}},
		"Nobody in this PostHog organisation":                {"accounts": ids(seed.AcmeID), "changes": object{"csm": "who@example.com"}},
		`no custom property "Helth score"; did you mean`:     {"accounts": ids(seed.AcmeID), "changes": object{"custom_properties": object{"Helth score": 1}}},
		`"Health score" takes a number`:                      {"accounts": ids(seed.AcmeID), "changes": object{"custom_properties": object{"Health score": "fine"}}},
		"persons have no notes":                              {"persons": ids(seed.TwinUUIDA), "changes": object{"set": object{"a": 1}}, "note": "x"},
		"both set and unset":                                 {"persons": ids(seed.TwinUUIDA), "changes": object{"set": object{"a": 1}, "unset": []string{"a"}}},
		"knows no {{csm}}":                                   {"accounts": ids(seed.AcmeID), "note": "Ask {{csm}} about {{name}}"},
		`in row 2: unknown argument "nam"`:                   {"rows": []object{{"name": "A"}, {"nam": "B"}}},
		"Give rows their own changes":                        {"rows": []object{{"name": "A"}}, "changes": tag},
		"neither an account nor the name":                    {"rows": []object{{"tags_add": []string{"x"}}}},
		"rows is empty":                                      {"rows": []object{}},
		"these are 41 rows, and a plan may touch at most 40": {"accounts": ids(slices.Repeat([]string{seed.AcmeID}, 41)...), "changes": tag},
	} {
		require.Contains(t, h.refused("plan_changes", arguments), want)
	}
	require.Contains(t, h.refused("apply_plan", object{"plan": "p_unheard"}), "There is no plan")
	require.Empty(t, h.writes())
	off := open(t, setup{})
	require.Contains(t, off.refused("plan_changes", handover()), "the journal is off")
}

// JSON in strings is read where objects are expected, down to the last.
func TestPlanReadsStrings(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	for _, arguments := range []object{
		{"accounts": `{"ids": ["` + seed.AcmeID + `"]}`, "changes": `{"set": "{\"billing_id\": \"b-1\"}"}`},
		{"rows": `[{"account": "` + seed.AcmeID + `", "set": {"billing_id": "b-1"}}]`},
		{"rows": []any{`{"account": "` + seed.AcmeID + `", "set": {"billing_id": "b-1"}}`}},
	} {
		plan := h.must("plan_changes", arguments)
		require.Equal(t, `{"billing_id":"b-1"}`, plan.get("rows.0.after").Raw, plan.text)
	}
}

// Rows that somebody changed since the plan are skipped and named; what the
// rows do not name may change as it likes.
func TestRowsChangedSinceThePlan(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	accounts := []string{seed.AcmeID, seed.NorthwindA, seed.NorthwindB}
	_, apply := h.planned(object{
		"accounts": object{"ids": accounts}, "changes": object{"set": object{"billing_id": "planned"}, "custom_properties": object{"Health score": 7}}, "note": "# Planned",
	})
	theirs := func(account, property, value string) {
		h.must("update_account", object{"account": account, "set": object{property: value}})
	}
	theirs(seed.AcmeID, "billing_id", "theirs")
	theirs(seed.NorthwindA, "slack_channel_id", "C-theirs")
	h.must("set_custom_property", object{"account": seed.NorthwindB, "property": "Health score", "value": 1})
	done := h.must("apply_plan", apply)
	require.Equal(t, "1 2 0", fmt.Sprint(done.get("applied").Int(), done.get("skipped").Int(), done.get("failed").Int()), done.text)
	notes := map[string]string{}
	for _, row := range done.get("rows").Array() {
		notes[row.Get("account").String()] = row.Get("outcome").String() + " " + row.Get("note").String()
	}
	require.Equal(t, "skipped Changed since the plan: billing_id.", notes[seed.AcmeID])
	require.Equal(t, "skipped Changed since the plan: Health score.", notes[seed.NorthwindB])
	changed := h.account(seed.NorthwindA)["properties"].(object)
	require.Equal(t, "planned C-theirs", fmt.Sprint(changed["billing_id"], " ", changed["slack_channel_id"]))
	require.Equal(t, "theirs", h.account(seed.AcmeID)["properties"].(object)["billing_id"])
	require.Len(t, h.notesTitled("Planned"), 1)
}

// A list of customers as from a spreadsheet: new ones are created, known ones
// updated, and what cannot be is named. The same rows once more change nothing.
func TestImport(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	var rows []object
	for n := range 40 {
		row := object{"name": fmt.Sprint("Imported ", n), "external_id": fmt.Sprint("import-", n), "tags_add": []string{"import"}, "csm": "me", "set": object{"billing_id": fmt.Sprint("b", n)}}
		if n%8 == 0 {
			row["note"] = "# Welcome {{name}}"
		}
		if n < 10 { // known already, two of them as they shall be
			h.raw("POST", api+"accounts", object{"name": row["name"], "external_id": row["external_id"]})
			if n < 2 {
				h.must("update_account", object{"account": row["external_id"], "tags_add": []string{"import"}, "csm": "me", "set": row["set"]})
			}
		}
		rows = append(rows, row)
	}
	h.raw("POST", api+"accounts", object{"name": "Taken name", "external_id": "other"})
	conflicts := []object{
		{"name": "Taken name", "external_id": "import-new"}, {"external_id": "nobody-has-it", "tags_add": []string{"x"}},
		{"account": "acme", "tags_add": []string{"x"}}, {"account": seed.AcmeID, "external_id": "import-3"},
		{"name": "Imported twice", "external_id": "import-39"}, {"account": seed.AcmeID, "custom_properties": object{"Health score": "high"}},
	}
	rows = append(rows, conflicts...)
	for n := range 4 {
		rows = append(rows, object{"name": fmt.Sprint("Nameless ", n), "custom_properties": object{"Health score": n}, "note": "# {{name}} is new"})
	}
	require.Len(t, rows, 50)
	h.writes()
	plan, apply := h.planned(object{"rows": rows, "max_tokens": 20000})
	require.Empty(t, h.writes())
	require.EqualValues(t, 38+4, plan.get("to_change").Int()+0, plan.text)
	require.EqualValues(t, 2, plan.get("unchanged").Int())
	require.EqualValues(t, len(conflicts), plan.get("impossible").Int())
	require.Len(t, plan.get("rows.#(creates==true)#").Array(), 30+4)
	for i := range conflicts {
		require.Contains(t, plan.get("warnings").Raw, fmt.Sprintf("Row %d,", 41+i))
	}
	done := h.must("apply_plan", apply)
	require.EqualValues(t, 42, done.get("applied").Int(), done.text)
	require.Len(t, h.raw("GET", api+"accounts?search=Imported&limit=200", nil).Get("results").Array(), 40)
	require.Len(t, h.raw("GET", api+"accounts?search=Nameless&limit=200", nil).Get("results").Array(), 4)
	require.Len(t, h.notesTitled("Nameless*"), 4)
	h.writes()
	again, _ := h.planned(object{"rows": rows[:40], "max_tokens": 20000})
	require.EqualValues(t, 0, again.get("to_change").Int(), again.text)
	require.EqualValues(t, 40, again.get("unchanged").Int())
	require.Empty(t, h.writes())
}

// A property of many persons: applied once, taken back as a whole; who was
// erased meanwhile is left out, and nothing of them is kept.
func TestPlanOfPersons(t *testing.T) {
	t.Parallel()
	path := file(t)
	h := open(t, setup{journal: path})
	people := h.must("list_persons", object{"limit": 40, "max_tokens": 20000}).strings("rows.#.uuid")
	people = append(people, seed.TwinDistinctA)
	plan, apply := h.planned(object{"persons": object{"ids": people}, "changes": object{"set": object{"plan": "enterprise", "seats": 40}}})
	require.Positive(t, plan.get("to_change").Int(), plan.text)
	rows := plan.strings("rows.#.person")
	h.confirmed("delete_person", object{"person": rows[3]})
	h.raw("POST", api+"persons/"+rows[5]+"/update_property", object{"key": "plan", "value": "theirs"})
	h.writes()
	done := h.must("apply_plan", apply)
	require.EqualValues(t, 2, done.get("skipped").Int(), done.text)
	require.Equal(t, plan.get("to_change").Int()-2, done.get("applied").Int(), done.text)
	require.Len(t, h.writes(), int(done.get("applied").Int()), "one PATCH a row")
	require.Equal(t, "theirs", h.person(rows[5]).Get("properties.plan").String())
	require.Equal(t, "40", h.person(rows[0]).Get("properties.seats").Raw)
	book, principal := kept(t, path)
	items, err := book.Items(t.Context(), principal, "plan_row", apply["plan"].(string))
	require.NoError(t, err)
	require.Len(t, items, int(plan.get("to_change").Int())-1, "the row of who was erased is gone")

	undone := h.must("undo_write", object{"write": apply["plan"]})
	require.Equal(t, "applied", undone.str("outcome"), undone.text)
	require.False(t, h.person(rows[0]).Get("properties.seats").Exists())
}
