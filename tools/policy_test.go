package tools_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/policy"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// only is a desk that may write these fields and tags.
func only(t *testing.T, fields, tags []string) []tools.DeskOption {
	t.Helper()
	allowed, err := policy.New(fields, tags)
	require.NoError(t, err)
	return []tools.DeskOption{tools.WithPolicy(allowed)}
}

// In whichever way a write names a field or a tag, it is refused before
// anything is sent, with what is allowed and who can change that.
func TestWhatTheOperatorDoesNotAllow(t *testing.T) {
	t.Parallel()
	h := open(t, setup{desk: only(t, []string{"accounts:billing_id", "Executive*", "persons:plan"}, []string{"vip*"}), journal: filepath.Join(t.TempDir(), "journal.db")})
	account, person, before := object{"account": seed.AcmeID}, object{"person": seed.TwinUUIDA}, h.world()
	for _, test := range []struct {
		tool    string
		in      object
		refused string
	}{
		{"update_account", with(account, "name", "Acme"), "name"},
		{"update_account", with(with(account, "name", "Acme"), "dry_run", true), "name"},
		{"update_account", with(account, "external_id", "acme-9"), "external_id"},
		{"update_account", with(account, "unset", []string{"external_id"}), "external_id"},
		{"update_account", with(account, "set", object{"billing_id": "b", "sfdc_id": "s"}), "sfdc_id"},
		{"update_account", with(account, "set", `{"sfdc_id":"s"}`), "sfdc_id"},
		{"update_account", with(account, "unset", []string{"sfdc_id"}), "sfdc_id"},
		{"update_account", with(account, "csm", "me"), "csm"},
		{"update_account", with(account, "account_owner", "none"), "account_owner"},
		{"update_account", with(account, "account_executive", "grace@example.com"), "account_executive"},
		{"update_account", with(account, "tags_add", []string{"vip", "gold"}), "gold"},
		{"update_account", with(account, "tags_remove", []string{"priority"}), "priority"},
		{"update_account", with(with(account, "set", object{"billing_id": "b"}), "tags_add", []string{" GOLD "}), "GOLD"},
		{"create_account", object{"name": "New", "set": object{"billing_id": "b"}}, "name"},
		{"create_account", object{"name": "New", "key": "k"}, "name"},
		{"set_custom_property", with(with(account, "property", "Health score"), "value", 5), "Health score"},
		{"set_custom_property", with(with(account, "property", seed.HealthScoreID), "value", 5), "Health score"},
		{"set_custom_property", with(with(account, "property", "Plan"), "clear", true), "Plan"},
		{"update_person", with(person, "set", object{"plan": "a", "billing_id": "b"}), "billing_id"},
		{"update_person", with(person, "unset", []string{"email"}), "email"},
		{"update_person_property", with(with(person, "key", "email"), "value", "x@example.com"), "email"},
		{"delete_person_property", with(person, "key", "email"), "email"},
	} {
		text := h.refused(test.tool, test.in)
		require.Contains(t, text, `"`+test.refused+`"`, test.tool)
		require.Contains(t, text, "nothing was sent")
		require.Contains(t, text, "only the operator of the server can change that, with --allow-")
		require.Empty(t, h.writes(), "%s %v", test.tool, test.in)
	}
	require.Equal(t, before, h.world())
	require.Contains(t, h.must("whoami", object{}).str("cannot"), "accounts:billing_id, Executive*, persons:plan")
}

// What is allowed goes through, and can be undone.
func TestWhatTheOperatorAllows(t *testing.T) {
	t.Parallel()
	h := open(t, setup{
		desk:      only(t, []string{"name", "accounts:billing_id", "properties:" + seed.HealthScoreID, "Executive*", "persons:pla*"}, []string{"vip*"}),
		selection: tools.Selection{}, journal: filepath.Join(t.TempDir(), "journal.db"),
	})
	account, before := object{"account": seed.AcmeID}, h.world()
	for _, call := range []struct {
		tool string
		in   object
	}{
		{"update_account", with(with(account, "set", object{"billing_id": "b-1"}), "tags_add", []string{"VIP-1"})},
		{"set_custom_property", with(with(account, "property", "Executive sponsor"), "value", "Ada")},
		{"set_custom_property", with(with(account, "property", "health score"), "value", 7)},
		{"update_person", object{"person": seed.TwinUUIDA, "set": object{"plan": "b"}}},
		{"create_account", object{"name": "New", "tags": []string{"vip"}}},
	} {
		done := h.must(call.tool, call.in)
		require.Equal(t, "applied", done.str("outcome"), done.text)
		require.Equal(t, "applied", h.must("undo_write", object{"write": done.str("write")}).str("outcome"))
	}
	require.Equal(t, before, h.world())
}

// An undo is a write like any other: what may not be written any more is not
// written back either.
func TestAnUndoOfWhatIsNotAllowed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	free := open(t, setup{journal: path})
	account := object{"account": seed.AcmeID}
	var writes []string
	for tool, in := range map[string]object{
		"update_account":      with(account, "set", object{"billing_id": "b-1"}),
		"set_custom_property": with(with(account, "property", "Health score"), "value", 7),
		"update_person":       {"person": seed.TwinUUIDA, "set": object{"plan": "b"}},
	} {
		writes = append(writes, free.must(tool, in).str("write"))
	}
	before := free.world()
	bound := open(t, setup{shared: free.sandbox, journal: path, desk: only(t, []string{"none"}, nil)})
	for _, write := range writes {
		require.Contains(t, bound.refused("undo_write", object{"write": write}), "It may write: none.")
	}
	require.Empty(t, bound.writes())
	require.Equal(t, before, free.world())
	for _, write := range writes { // and stays undoable for who may
		require.Equal(t, "applied", free.must("undo_write", object{"write": write}).str("outcome"))
	}
}

// A plan may not write what a single call may not: it is refused when it is
// made, and one that was made before, when it is carried out.
func TestPlansOfWhatIsNotAllowed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	free := open(t, setup{journal: path})
	bound := open(t, setup{shared: free.sandbox, journal: path, desk: only(t, []string{"billing_id"}, []string{"vip*"})})
	accounts, persons := object{"accounts": object{"ids": []string{seed.AcmeID}}}, object{"persons": object{"ids": []string{seed.TwinUUIDA}}}
	before := free.world()
	for refused, plan := range map[string]object{
		"sfdc_id":       with(accounts, "changes", object{"set": object{"sfdc_id": "s"}}),
		"account_owner": with(accounts, "changes", object{"account_owner": "none"}),
		"gold":          with(accounts, "changes", object{"tags_add": []string{"gold"}}),
		"Health score":  with(accounts, "changes", object{"custom_properties": object{"Health score": 5}}),
		"plan":          with(persons, "changes", object{"set": object{"plan": "x"}}),
		"name":          {"rows": []object{{"name": "New"}}},
	} {
		require.Contains(t, bound.refused("plan_changes", plan), `"`+refused+`"`)
		made := free.must("plan_changes", plan)
		applied := bound.must("apply_plan", object{"plan": made.str("plan"), "confirmation": made.str("confirmation")})
		require.EqualValues(t, 0, applied.get("applied").Int(), applied.text)
		require.Contains(t, applied.text, "only the operator")
		require.Empty(t, bound.writes(), refused)
	}
	require.Equal(t, before, free.world())
}
