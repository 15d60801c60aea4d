package tools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// readers draw a call of each tool that takes max_tokens, over the whole
// portfolio.
func readers(big string) map[string]func(*rapid.T) object {
	accounts := []string{seed.AcmeID, seed.AcmeName, seed.NorthwindA, seed.OrdersID, big}
	for _, account := range seed.Accounts() {
		accounts = append(accounts, account.ID)
	}
	account := rapid.SampledFrom(accounts)
	person := rapid.SampledFrom([]string{
		seed.MergedPersonUUID, seed.TwinUUIDA, seed.OrdersPersonUUID, seed.InvisiblePersonUUID, seed.BigValuePersonUUID, seed.PersonUUID(seed.InboxDistinctID),
		seed.PersonUUID("user_77013"), seed.PersonUUID("名前-9"), seed.PersonUUID("50%_off"),
	})
	search := rapid.SampledFrom([]string{"a", "zoe", "é", "acme", "the", "日本", "zyzzyva"})
	accountFields := rapid.SliceOfN(rapid.SampledFrom([]string{"name", "csm", "tags", "properties", "stripe_customer_id", "properties.slack_channel_id", `properties["billing_id"]`, "notebooks", "created_at"}), 1, 6)
	personFields := rapid.SliceOfN(rapid.SampledFrom([]string{"name", "email", "distinct_ids", "last_form", "bio", "deep", "deep.a.b", "plan", `properties["$browser"]`, "$initial_current_url", "nosuch"}), 1, 8)
	maybe := func(t *rapid.T, arguments object, name string, draw func() any) {
		if rapid.Bool().Draw(t, "give "+name) {
			arguments[name] = draw()
		}
	}
	list := func(more func(*rapid.T, object)) func(*rapid.T) object {
		return func(t *rapid.T) object {
			arguments := object{}
			maybe(t, arguments, "limit", func() any { return rapid.IntRange(1, 200).Draw(t, "limit") })
			more(t, arguments)
			return arguments
		}
	}
	return map[string]func(*rapid.T) object{
		"list_accounts": list(func(t *rapid.T, a object) {
			maybe(t, a, "search", func() any { return search.Draw(t, "search") })
			maybe(t, a, "fields", func() any { return accountFields.Draw(t, "fields") })
			maybe(t, a, "tags", func() any { return []string{"q4-renewal", strings.Repeat("a long tag ", 20)} })
		}),
		"list_persons": list(func(t *rapid.T, a object) {
			maybe(t, a, "search", func() any { return search.Draw(t, "search") })
			maybe(t, a, "fields", func() any { return personFields.Draw(t, "fields") })
		}),
		"list_writes":          list(func(*rapid.T, object) {}),
		"list_account_changes": func(*rapid.T) object { return object{"since": "2001-01-01"} },
		"audit_accounts": func(t *rapid.T) object {
			arguments := object{}
			maybe(t, arguments, "since", func() any { return "2026-06-01" })
			return arguments
		},
		"get_account_brief": func(t *rapid.T) object {
			return object{"account": account.Draw(t, "account"), "kind": rapid.SampledFrom([]string{"call", "qbr", "handover"}).Draw(t, "kind")}
		},
		"search_notes": list(func(t *rapid.T, a object) {
			maybe(t, a, "query", func() any {
				return rapid.SampledFrom([]string{"exports", "acme", "renewal terms", "zyzzyva", "日本"}).Draw(t, "query")
			})
			maybe(t, a, "author", func() any { return "grace@example.com" })
		}),
		"list_notebooks":         list(func(t *rapid.T, a object) { a["account"] = account.Draw(t, "account") }),
		"list_custom_properties": list(func(t *rapid.T, a object) { maybe(t, a, "account", func() any { return account.Draw(t, "account") }) }),
		"list_person_activity":   list(func(t *rapid.T, a object) { a["person"] = person.Draw(t, "person") }),
		"get_account": func(t *rapid.T) object {
			include := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"custom_properties", "notebooks", "relationships"}), rapid.ID[string])
			return object{"account": account.Draw(t, "account"), "include": include.Draw(t, "include")}
		},
		"get_notebook": func(t *rapid.T) object {
			note := rapid.SampledFrom([]object{
				{"account": seed.AcmeID, "notebook": "latest"}, {"account": big, "notebook": seed.BigNote}, {"account": seed.OrdersID, "notebook": seed.OrdersNote},
			}).Draw(t, "note")
			return object{"account": note["account"], "notebook": note["notebook"]}
		},
		"get_person": func(t *rapid.T) object {
			arguments := object{"person": person.Draw(t, "person")}
			maybe(t, arguments, "fields", func() any { return personFields.Draw(t, "fields") })
			return arguments
		},
		"get_person_properties_timeline": func(t *rapid.T) object { return object{"person": person.Draw(t, "person")} },
	}
}

// Any budget from 200 to 8,000 tokens is kept, and what it leaves out is said:
// together with what is shown it is what a budget without bounds shows.
func TestAnyBudgetIsKept(t *testing.T) {
	t.Parallel()
	count := o200k(t)
	h := open(t, setup{journal: filepath.Join(t.TempDir(), "journal.db")})
	h.must("list_account_changes", object{}) // from now on there is something to compare with
	for n := range 15 {
		h.must("update_person_property", object{"person": seed.TwinUUIDA, "key": "n", "value": n})
		h.must("update_account", object{"account": seed.AcmeID, "set": object{"usage_dashboard_link": strings.Repeat("https://example.com/", n)}, "tags_add": []string{fmt.Sprint("tag ", n)}})
	}
	draw := readers(bigNoteAccount(h))
	for _, tool := range tools.All {
		if tool.Effect != tools.Reads {
			continue
		}
		_, sized := schemaDocuments("input")[tool.Name].(object)["properties"].(object)["max_tokens"]
		require.Equal(t, sized, draw[tool.Name] != nil, "%s takes max_tokens: give readers a line for it", tool.Name)
	}
	names := slices.Sorted(maps.Keys(draw))
	rapid.Check(t, func(t *rapid.T) {
		tool := rapid.SampledFrom(names).Draw(t, "tool")
		arguments := with(draw[tool](t), "project_id", 1)
		most := rapid.OneOf(rapid.IntRange(200, 600), rapid.IntRange(200, 8000)).Draw(t, "max_tokens")
		bounded, err := h.try(h.key, tool, with(arguments, "max_tokens", most))
		require.NoError(t, err)
		if bounded.isError {
			require.Contains(t, bounded.text, "No note", "%s %v: %s", tool, arguments, bounded.text)
			return
		}
		require.True(t, json.Valid([]byte(bounded.text)))
		require.LessOrEqual(t, count(bounded.text), most, "%s %v: %s", tool, arguments, bounded.text)
		whole, err := h.try(h.key, tool, with(arguments, "max_tokens", 50_000))
		require.NoError(t, err)
		requireHonest(t, bounded, whole)
	})
}

// requireHonest holds a result that may be cut against the whole one.
func requireHonest(t *rapid.T, cut, whole result) {
	for _, part := range []struct{ shown, omitted string }{
		{"rows", "omitted"}, {"notebooks", "notebooks_omitted"}, {"points", "omitted"}, {"activity", "activity_omitted"},
		{"person.properties", "person.properties_omitted_count"},
	} {
		if !whole.get(part.shown).Exists() {
			continue
		}
		size := func(r result) int {
			if r.get(part.shown).IsObject() {
				return len(r.get(part.shown).Map()) + int(r.get(part.omitted).Int())
			}
			return len(r.get(part.shown).Array()) + int(r.get(part.omitted).Int())
		}
		require.Equal(t, size(whole), size(cut), "%s and those left out: %s", part.shown, cut.text)
	}
	require.Equal(t, whole.get("total").Raw, cut.get("total").Raw, "what there is does not depend on what is shown")
	rows := cut.get("rows").Array()
	require.Equal(t, cut.get("rows").Exists(), cut.get("shown").Exists())
	require.EqualValues(t, len(rows), cut.get("shown").Int())
	require.True(t, len(rows) > 0 || whole.get("shown").Int() == 0, "a page shows something where there is something")
	for i, row := range rows {
		if whole := whole.get("rows").Array()[i]; whole.Raw != row.Raw && !strings.Contains(cut.str("note"), "Row cut") {
			requireCutValues(t, whole, row)
		}
	}
	requireHonestBrief(t, cut.get("brief"), whole.get("brief"))
	text, all := cut.str("notebook.markdown"), whole.str("notebook.markdown")
	require.True(t, strings.HasPrefix(all, text), "a cut text is the beginning of the whole")
	require.Equal(t, len(text) < len(strings.TrimSpace(all)) && cut.text != whole.text && text != all, cut.get("notebook.cut_tokens").Int() > whole.get("notebook.cut_tokens").Int())
	if cut.get("account").Exists() && cut.get("account").Raw+cut.get("custom_properties").Raw+cut.get("relationships").Raw != whole.get("account").Raw+whole.get("custom_properties").Raw+whole.get("relationships").Raw {
		require.True(t, strings.Contains(cut.str("note"), "Cut to fit max_tokens") || strings.Contains(cut.get("custom_properties").Raw, "…"), cut.text)
	}
}

// requireHonestBrief holds the sections of a brief that may be cut against the
// whole one.
func requireHonestBrief(t *rapid.T, cut, whole gjson.Result) {
	size := func(brief gjson.Result, path string) int {
		section := brief.Get(path)
		name := path[strings.LastIndex(path, ".")+1:]
		omitted := int(brief.Get("omitted." + name).Int())
		if section.IsObject() {
			return len(section.Map()) + omitted
		}
		return len(section.Array()) + omitted
	}
	for _, path := range []string{"notes", "open_points", "people", "custom_properties", "roles", "changes", "account.properties"} {
		require.Equal(t, size(whole, path), size(cut, path), "%s: %s", path, cut.Raw)
	}
	all := map[string]string{}
	for _, note := range whole.Get("notes").Array() {
		all[note.Get("short_id").String()] = note.Get("markdown").String()
	}
	for _, note := range cut.Get("notes").Array() {
		text, said := note.Get("markdown").String(), note.Get("cut_tokens").Int() > 0
		require.True(t, strings.HasPrefix(all[note.Get("short_id").String()], text), "a cut text is the beginning of the whole")
		require.True(t, said || text == "" || text == all[note.Get("short_id").String()], "what is cut is said: %s", note.Raw)
		require.NotEqual(t, note.Get("snippet").Exists(), note.Get("markdown").Exists(), "a snippet or the text: %s", note.Raw)
	}
}

// requireCutValues holds a row whose long values are cut to say so where they
// are cut.
func requireCutValues(t *rapid.T, whole, row gjson.Result) {
	row.ForEach(func(name, value gjson.Result) bool {
		all := whole.Get(gjson.Escape(name.String()))
		require.True(t, value.Raw == all.Raw || strings.Contains(value.Raw, "…"), "%s: %s", name, row.Raw)
		return true
	})
}

// What one row needs is said where it does not fit, and is enough.
func TestARowThatDoesNotFitSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	arguments := object{"search": "Consolidated Northern", "fields": []string{"name", "tags", "csm", "properties"}}
	h.must("list_accounts", arguments) // roles that are remembered from now on get a remark
	cut := h.must("list_accounts", with(arguments, "max_tokens", 200))
	require.Contains(t, cut.str("note"), "Row cut to fit max_tokens; ")
	require.Contains(t, cut.str("rows.0.name"), "…")
	require.EqualValues(t, 1, cut.get("shown").Int())
	needs := strings.Fields(strings.SplitAfter(cut.str("note"), "max_tokens; ")[1])[0]
	whole := h.must("list_accounts", with(arguments, "max_tokens", json.Number(needs)))
	require.NotContains(t, whole.text, "…")
	require.Greater(t, len(whole.str("rows.0.name")), 300)
}
