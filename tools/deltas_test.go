package tools_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// An account with three roles and seven other properties or more, of which one
// is set: everything else is there afterwards as it was before.
func TestUpdateChangesExactlyWhatItNames(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	before := h.account(seed.AcmeID)
	require.GreaterOrEqual(t, len(before["properties"].(object)), 10)

	h.requests()
	r := h.must("update_account", object{"account": seed.AcmeID, "set": object{"billing_id": "bill_new"}})
	require.Equal(t, `{"billing_id":"bill_new"}`, r.get("after").Raw)
	require.Len(t, h.writes(), 1)

	wanted := before
	wanted["properties"].(object)["billing_id"] = "bill_new"
	require.Equal(t, wanted, h.account(seed.AcmeID))
}

// What each argument does to the stored account.
func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	role := func(id float64, email string) object { return object{"id": id, "email": email} }
	tests := []struct {
		name      string
		arguments object
		change    func(account, properties object)
		needs     ability
		refusal   string // where PostHog lacks it
	}{
		{"name, trimmed as PostHog does", object{"name": "  Acme \t"}, func(a, _ object) { a["name"] = "Acme" }, "", ""},
		{"external id", object{"external_id": "acme-2 "}, func(a, _ object) { a["external_id"] = "acme-2" }, "", ""},
		{"no external id", object{"unset": []string{"external_id"}}, func(a, _ object) { a["external_id"] = nil }, "", ""},
		{"unset", object{"unset": []string{"sfdc_id", "zendesk_id"}}, func(_, p object) { delete(p, "sfdc_id"); delete(p, "zendesk_id") }, "", ""},
		{"set as JSON in a string", object{"set": `{"billing_id":"b"}`}, func(_, p object) { p["billing_id"] = "b" }, "", ""},
		{"empty text", object{"set": object{"billing_id": ""}}, func(_, p object) { p["billing_id"] = "" }, "", ""},
		{"tags", object{"tags_add": []string{" NEW ", "us"}, "tags_remove": []string{"Priority", "absent"}}, func(a, _ object) {
			a["tags"] = object{"enterprise": true, "us": true, "new": true}
		}, "", ""},
		{"role by e-mail", object{"csm": "Linus@Example.com"}, func(_, p object) { p["csm"] = role(3, "linus@example.com") }, "", ""},
		{"role by id", object{"account_owner": "2"}, func(_, p object) { p["account_owner"] = role(2, "grace@example.com") }, "", ""},
		{"role for me", object{"account_executive": "me"}, func(_, p object) { p["account_executive"] = role(1, "ada@example.com") }, "", ""},
		{"role none", object{"csm": "none", "account_owner": "unassigned"}, func(_, p object) { delete(p, "csm"); delete(p, "account_owner") }, takeRolesOff, "no API key"},
		{"everything", object{"name": "A", "set": object{"metabase_link": ""}, "unset": []string{"billing_id"}, "tags_add": []string{"x"}, "csm": "me"}, func(a, p object) {
			a["name"], a["tags"].(object)["x"] = "A", true
			p["metabase_link"], p["csm"] = "", role(1, "ada@example.com")
			delete(p, "billing_id")
		}, newProperties, "metabase_link"},
		{"a role off, with more", object{"csm": "none", "name": "A", "account_owner": "3"}, func(a, p object) {
			a["name"], p["account_owner"] = "A", role(3, "linus@example.com")
			delete(p, "csm")
		}, takeRolesOff, "no API key take the csm off"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{})
			before := h.account(seed.AcmeID)
			if !h.can(test.needs) {
				require.Contains(t, h.refused("update_account", with(test.arguments, "account", seed.AcmeID)), test.refusal)
				require.Equal(t, before, h.account(seed.AcmeID), "refused as a whole")
				return
			}
			dry := h.must("update_account", with(with(test.arguments, "account", seed.AcmeID), "dry_run", true))
			require.Equal(t, before, h.account(seed.AcmeID), "a dry run changes nothing")
			require.False(t, dry.get("confirmation").Exists())
			require.False(t, dry.get("outcome").Exists())

			r := h.must("update_account", with(test.arguments, "account", seed.AcmeID))
			require.Equal(t, "applied", r.str("outcome"), r.text)
			require.JSONEq(t, dry.get("preview.after").Raw, r.get("after").Raw, "the dry run told the truth")
			wanted := h.copyOf(before)
			test.change(wanted, wanted["properties"].(object))
			require.Equal(t, wanted, h.account(seed.AcmeID))

			again := h.must("update_account", with(test.arguments, "account", seed.AcmeID))
			require.Equal(t, "ignored", again.str("outcome"), "it is already so")

			undo, arguments := asCall(t, r.str("undo"))
			require.Equal(t, "applied", h.must(undo, arguments).str("outcome"))
			require.Equal(t, before, h.account(seed.AcmeID), "undone by %s", r.str("undo"))
		})
	}
}

func (h *house) copyOf(account object) object {
	clone := maps.Clone(account)
	clone["properties"] = maps.Clone(account["properties"].(object))
	clone["tags"] = maps.Clone(account["tags"].(object))
	return clone
}

// Calls that ask for nothing, for a thing and its opposite or for what cannot
// be are refused before anything is sent.
func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for want, arguments := range map[string]object{
		"Nothing to change: give name":          {},
		"set and unset in the same call":        {"set": object{"billing_id": "1"}, "unset": []string{"billing_id"}},
		"external_id is both set":               {"external_id": "x", "unset": []string{"external_id"}},
		`the tag "a" is both added and removed`: {"tags_add": []string{"A"}, "tags_remove": []string{" a"}},
		"the name is blank":                     {"name": " \u2003"},
		"the external_id is blank":              {"external_id": "\t"},
		`csm: "none"`:                           {"unset": []string{"csm"}},
		`did you mean "zendesk_id"`:             {"unset": []string{"zendesk"}},
		"is longer than 255 characters":         {"tags_add": []string{strings.Repeat("t", 256)}},
		`unknown name in set: "stripe_id", did you mean "stripe_customer_id"?`: {"set": object{"stripe_id": "x"}},
		"set.billing_id must be a string":                                      {"set": object{"billing_id": 5}},
	} {
		require.Contains(t, h.refused("update_account", with(arguments, "account", seed.AcmeID)), want)
		require.Empty(t, h.requests(), "nothing is sent for %q", want)
	}
	require.Contains(t, h.refused("update_account", object{"account": seed.AcmeID, "csm": "nobody@example.com"}), "the members are ada@example.com")
	require.Contains(t, h.refused("update_account", object{"account": seed.AcmeID, "csm": "999"}), "the members are ada@example.com")
	require.Contains(t, h.refused("update_account", object{"account": seed.NorthwindA, "external_id": seed.AcmeExternalID}), "conflict")
	require.Len(t, h.writes(), 1, "only PostHog knows which external ids are taken")
}

// A tag that PostHog once stored in another way than it would today is not
// touched by a change that does not name it.
func TestUpdateLeavesOldTagsAlone(t *testing.T) {
	t.Parallel()
	h := open(t, setup{wrap: replaceInAnswers(`"priority"`, `"Priority"`)})
	h.must("update_account", object{"account": seed.AcmeID, "set": object{"billing_id": "b"}})
	sent := h.writes()
	require.Len(t, sent, 1)
	require.NotContains(t, sent[0].body, "tags")
	h.must("update_account", object{"account": seed.AcmeID, "tags_add": []string{"priority", "x"}})
	sent = h.writes()
	require.Contains(t, sent[0].body, `"Priority"`)
	require.NotContains(t, sent[0].body, `"priority"`)
}

// replaceInAnswers changes a text in what PostHog answers to reads.
func replaceInAnswers(old, replacement string) func(http.Handler) http.Handler {
	return changeAnswers(func(r *http.Request, body string) string {
		if r.Method != http.MethodGet {
			return body
		}
		return strings.ReplaceAll(body, old, replacement)
	})
}

// leavesRoles tells whether a change takes a role off that this PostHog lets
// no key take off.
func (h *house) leavesRoles(before, after object) bool {
	return !h.can(takeRolesOff) && slices.ContainsFunc(slices.Collect(maps.Values(roleNames)), func(role string) bool {
		return before[role] != nil && after[role] == nil
	})
}

// Any sequence of changes leaves the account as a model says: each does what
// it names and nothing else, and each can be taken back.
func TestUpdatesFollowTheModel(t *testing.T) {
	t.Parallel()
	h := open(t, setup{sandbox: sandbox.Options{Empty: true}})
	keys := []string{"stripe_customer_id", "hubspot_deal_id", "billing_id", "sfdc_id", "zendesk_id", "slack_channel_id", "usage_dashboard_link"}
	roles := []string{"csm", "account_executive", "account_owner"}
	people := map[string]object{
		"ada@example.com": {"id": 1.0, "email": "ada@example.com"}, "2": {"id": 2.0, "email": "grace@example.com"},
		"me": {"id": 1.0, "email": "ada@example.com"}, "none": nil, "unassigned": nil,
	}
	rapid.Check(t, func(t *rapid.T) {
		id := h.raw("POST", api+"accounts", object{"name": "Model"}).Get("id").String()
		model := h.account(id)
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			properties, tags := model["properties"].(object), model["tags"].(object)
			call := object{"account": id}
			next := h.copyOf(model)
			wanted, wantedTags := next["properties"].(object), maps.Clone(tags)
			next["tags"] = wantedTags
			if name := rapid.SampledFrom([]string{"", "Model", "Ünïcode 🚀", `"quoted"`}).Draw(t, "name"); name != "" {
				call["name"], next["name"] = name, name
			}
			set, unset := object{}, []string{}
			for _, key := range keys {
				switch rapid.IntRange(0, 5).Draw(t, key) {
				case 0:
					value := rapid.StringMatching(`[a-z0-9 <>&"\\é\x{202e}-]{0,12}`).Draw(t, "value")
					set[key], wanted[key] = value, value
				case 1:
					unset = append(unset, key)
					delete(wanted, key)
				}
			}
			for _, role := range roles {
				if who := rapid.SampledFrom(append([]string{"", ""}, slices.Sorted(maps.Keys(people))...)).Draw(t, role); who != "" {
					call[role], wanted[role] = who, people[who]
					if people[who] == nil {
						delete(wanted, role)
					}
				}
			}
			add := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", " C "}), 0, 3, rapid.ID).Draw(t, "add")
			remove := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"D", "e", "f"}), 0, 3, rapid.ID).Draw(t, "remove")
			if rapid.Bool().Draw(t, "swap") {
				add, remove = remove, add
			}
			for _, tag := range add {
				wantedTags[strings.ToLower(strings.TrimSpace(tag))] = true
			}
			for _, tag := range remove {
				delete(wantedTags, strings.ToLower(strings.TrimSpace(tag)))
			}
			call["set"], call["unset"], call["tags_add"], call["tags_remove"] = set, unset, add, remove
			if len(call) == 5 && len(set)+len(unset)+len(add)+len(remove) == 0 {
				continue // nothing to change is refused
			}
			answer, err := h.try(h.key, "update_account", call)
			require.NoError(t, err)
			if h.leavesRoles(properties, wanted) {
				require.Contains(t, answer.text, "no API key take", "%v on %v", call, properties)
				require.Equal(t, model, h.account(id), "refused as a whole")
				continue
			}
			require.False(t, answer.isError, answer.text)
			require.Equal(t, next, h.account(id), "%v on %v", call, properties)
			if answer.str("outcome") == "ignored" {
				require.Equal(t, model, next)
				continue
			}
			if h.leavesRoles(wanted, properties) {
				require.Contains(t, answer.str("undo"), "end it in the PostHog app")
				model = next
				continue
			}
			undo, arguments := asCall(h.TB, answer.str("undo"))
			undone, err := h.try(h.key, undo, arguments)
			require.NoError(t, err)
			require.False(t, undone.isError, "%s: %s", answer.str("undo"), undone.text)
			require.Equal(t, model, h.account(id), "undone by %s", answer.str("undo"))
			redone, err := h.try(h.key, "update_account", call)
			require.NoError(t, err)
			require.Equal(t, "applied", redone.str("outcome"))
			model = next
		}
	})
}
