package tools_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// tagging is a plan for the accounts of a colleague that takes one PATCH a row.
func tagging() object {
	return object{"accounts": object{"csm": "grace@example.com"}, "changes": object{"tags_add": []string{"planned"}}}
}

// counts are applied, skipped, failed and remaining rows.
func counts(answer result) [4]int64 {
	return [4]int64{answer.get("applied").Int(), answer.get("skipped").Int(), answer.get("failed").Int(), answer.get("remaining").Int()}
}

// Where PostHog limits the rate, a short wait is waited for by all rows; a long
// one ends the call, which says what remains and for how long to wait.
func TestPlanUnderARateLimit(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	_, apply := h.planned(tagging())
	ours := int64(h.shown(ofGrace))
	h.sandbox.SetFaults(sandbox.Fault{Kind: sandbox.FaultThrottled, Method: http.MethodPatch, Wait: time.Minute})
	h.writes()
	stopped := h.must("apply_plan", apply)
	require.Equal(t, [4]int64{0, 0, 0, ours}, counts(stopped), stopped.text)
	require.Contains(t, stopped.str("note"), "limits the rate")
	require.LessOrEqual(t, len(h.writes()), 4, "no more than were on their way")
	require.Equal(t, "Nothing was changed.", stopped.str("undo"))
}

// A wait of a second is waited for, by all rows together.
func TestPlanWaitsForAShortRateLimit(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	_, apply := h.planned(object{"accounts": object{"ids": []string{seed.AcmeID, seed.NorthwindA, seed.NorthwindB}}, "changes": object{"tags_add": []string{"planned"}}})
	h.sandbox.SetFaults(sandbox.Fault{Kind: sandbox.FaultThrottled, Method: http.MethodPatch, Path: seed.AcmeID, Times: 1, Wait: time.Second})
	h.writes()
	done := h.must("apply_plan", apply)
	require.Equal(t, [4]int64{3, 0, 0, 0}, counts(done), done.text)
	require.Len(t, h.writes(), 4, "the one that was refused, once more")
}

// However many rows are skipped, the others are carried out.
func TestSkippedRowsStopNothing(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	plan, apply := h.planned(object{"accounts": object{"csm": "grace@example.com"}, "changes": object{"set": object{"billing_id": "planned"}}})
	rows := plan.strings("rows.#.account")
	const changed = 20
	for _, account := range rows[:changed] {
		h.raw("PATCH", api+"accounts/"+account, object{"properties": object{"billing_id": "theirs"}})
	}
	done := h.must("apply_plan", apply)
	require.Equal(t, [4]int64{int64(len(rows)) - changed, changed, 0, 0}, counts(done), done.text)
}

// What no row can escape ends the call at once; an outage ends it after a few
// rows. Either says what remains, and the same call goes on later.
func TestPlanStopsEarly(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(http.Handler) http.Handler{
		"refused": problem(403, "authentication_error", "permission_denied", "API key missing required scope 'account:write'"),
		"outage":  answering(502, "text/html", htmlPage),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failing atomic.Bool
			meant := func(r *http.Request) bool { return failing.Load() && r.Method == http.MethodPatch }
			h := open(t, setup{journal: file(t), wrap: onlyFor(meant, fault), client: []client.Option{client.WithTimeouts(client.Timeouts{Settle: 50 * time.Millisecond})}})
			_, apply := h.planned(tagging())
			ours := int64(h.shown(ofGrace))
			failing.Store(true)
			stopped := h.must("apply_plan", apply)
			failing.Store(false)
			got := counts(stopped)
			require.Zero(t, got[0]+got[1], stopped.text)
			require.Greater(t, got[3], ours/2, "most are not tried: %s", stopped.text)
			require.Contains(t, stopped.str("note"), "Stopped early")
			h.writes()
			done := h.must("apply_plan", apply)
			require.Equal(t, [4]int64{ours, 0, 0, 0}, counts(done), done.text)
		})
	}
}

// A row that PostHog refuses, or whose answers are lost, stops no other; the
// same call afterwards makes up for it without doing anything twice.
func TestPlanWithTroubleInSomeRows(t *testing.T) {
	t.Parallel()
	d := &door{passed: map[string]int{}}
	h := open(t, setup{journal: file(t), wrap: d.wrap, client: []client.Option{client.WithTimeouts(client.Timeouts{Settle: 50 * time.Millisecond})}})
	plan, apply := h.planned(handover())
	ours := int64(h.shown(ofGrace))
	h.sandbox.SetFaults(
		sandbox.Fault{Kind: sandbox.FaultServerError, Method: http.MethodPatch, Path: seed.AcmeID, Times: 1},
		sandbox.Fault{Kind: sandbox.FaultCutAfter, Method: http.MethodPatch, Rate: 0.2},
		sandbox.Fault{Kind: sandbox.FaultCutAfter, Method: http.MethodPost, Path: "notebooks", Rate: 0.2},
		sandbox.Fault{Kind: sandbox.FaultCutBefore, Method: http.MethodPost, Path: "notebooks", Rate: 0.2},
	)
	d.set(0, false, nil)
	first := h.must("apply_plan", apply)
	require.Positive(t, first.get("failed").Int(), "something went wrong: %s", first.text)
	require.Zero(t, first.get("remaining").Int(), first.text)
	h.sandbox.SetFaults()
	last := h.must("apply_plan", apply)
	require.Equal(t, [4]int64{ours, 0, 0, 0}, counts(last), last.text)
	written := map[string]int{}
	for _, account := range h.notesTitled("Handover of *") {
		written[account]++
	}
	for _, row := range plan.strings("rows.#.account") {
		require.Equal(t, 1, written[row], "notes of %s", row)
	}
}

// Where the person can be asked, a plan issues no confirmation and applying
// asks, with what is going to happen; an answer of no does nothing. An operator
// can do without.
func TestApplyingAsks(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	plan := h.rpc("plan_changes", handover(), asked{}).Get("structuredContent")
	require.False(t, plan.Get("confirmation").Exists(), plan.Raw)
	require.Contains(t, plan.Get("note").String(), "asks the user")
	apply := object{"plan": plan.Get("plan").String()}
	state, message := func() (string, string) {
		question := h.rpc("apply_plan", apply, asked{})
		requireQuestion(t, question)
		return question.Get("requestState").String(), question.Get("inputRequests.confirmation.params.message").String()
	}()
	for _, words := range []string{fmt.Sprint(h.shown(ofGrace), " accounts"), "linus@example.com", "handed-over", "A note is written", "can be undone"} {
		require.Contains(t, message, words)
	}
	h.requireUndone("apply_plan", h.rpc("apply_plan", apply, asked{state: state, answer: decline}))
	done := h.rpc("apply_plan", apply, asked{state: state, answer: goAhead}).Get("structuredContent")
	require.EqualValues(t, h.shown(ofGrace), done.Get("applied").Int(), done.Raw)

	preview := h.must("apply_plan", apply)
	require.NotEmpty(t, preview.str("confirmation"), "where nobody can be asked, a preview with a fresh confirmation")
	other, _ := h.planned(object{"accounts": object{"ids": []string{seed.NorthwindA}}, "changes": object{"tags_add": []string{"other"}}})
	h.writes()
	for _, wrong := range []object{{"plan": other.str("plan"), "confirmation": preview.str("confirmation")}, {"plan": other.str("plan"), "confirmation": "yes"}} {
		require.Contains(t, h.refused("apply_plan", wrong), "Not done")
	}
	require.Empty(t, h.writes())

	never := open(t, setup{journal: file(t), desk: []tools.DeskOption{tools.WithoutConfirmation(tools.Portfolio)}})
	require.Contains(t, never.descriptions()["apply_plan"], "the operator switched confirmation off")
	plan = gjson.Parse(never.must("plan_changes", handover()).text)
	require.Contains(t, never.must("apply_plan", object{"plan": plan.Get("plan").String()}).str("note"), "without asking")
}

// A plan and its confirmation end after a day; another key knows nothing of it.
func TestPlanExpires(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t), sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_second", Scopes: []string{"*"}}}}})
	plan, apply := h.planned(handover())
	expires, err := time.Parse(time.RFC3339, plan.str("expires_at"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(24*time.Hour), expires, time.Minute)
	h.writes()
	others := h.callAs("phx_second", "apply_plan", apply)
	others.requireError(t)
	require.Contains(t, others.text, "no plan")
	h.desk.SetNow(func() time.Time { return expires.Add(time.Second) })
	require.Contains(t, h.refused("apply_plan", apply), "expired")
	require.Empty(t, h.writes())
}

// Undoing a plan leaves what others changed since, says so, and can be repeated
// for the rest.
func TestUndoOfAPlanAmongOthers(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	accounts := []string{seed.AcmeID, seed.NorthwindA, seed.NorthwindB}
	plan, apply := h.planned(object{"accounts": object{"ids": accounts}, "changes": object{"set": object{"billing_id": "planned"}}, "note": "# Planned"})
	require.EqualValues(t, 3, plan.get("to_change").Int())
	before := h.account(seed.NorthwindA)
	require.Contains(t, h.refused("undo_write", object{"write": apply["plan"]}), "Nothing to undo")
	h.must("apply_plan", apply)
	h.must("update_account", object{"account": seed.AcmeID, "set": object{"billing_id": "theirs"}})
	undone := h.must("undo_write", object{"write": apply["plan"]})
	require.Equal(t, "partial", undone.str("outcome"), undone.text)
	require.Equal(t, "5 1", fmt.Sprint(undone.get("after.undone").Int(), undone.get("after.not_undone").Int()))
	require.Contains(t, undone.str("after.left.0"), "billing_id")
	require.Equal(t, "theirs", h.account(seed.AcmeID)["properties"].(object)["billing_id"])
	require.Equal(t, before, h.account(seed.NorthwindA))
	h.must("update_account", object{"account": seed.AcmeID, "set": object{"billing_id": "planned"}})
	again := h.must("undo_write", object{"write": apply["plan"]})
	require.Equal(t, "applied 1", again.str("outcome")+" "+again.str("after.undone"))
	require.Equal(t, int64(3), counts(h.must("apply_plan", apply))[1], "what was undone is not done again")
	require.Empty(t, h.notesTitled("Planned"))
}

// A client that asked is told of each row, in order, before the answer.
func TestPlanReportsProgress(t *testing.T) {
	h := open(t, setup{journal: file(t)})
	plan, apply := h.planned(tagging())
	c := clientOf(t, h.overStdio(patience), legacyVersion, says(mcp.ElicitationResponseActionDecline, nil))
	var told []float64
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method == "notifications/progress" && n.Params.AdditionalFields["progressToken"] == "token" {
			told = append(told, n.Params.AdditionalFields["progress"].(float64))
		}
	})
	request := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "apply_plan", Arguments: apply, Meta: &mcp.Meta{ProgressToken: "token"}}}
	_, err := c.CallTool(t.Context(), request)
	require.NoError(t, err)
	require.Len(t, told, int(plan.get("to_change").Int()))
	for i, done := range told {
		require.EqualValues(t, i+1, done)
	}
}

// What a plan says there will be is what there is afterwards, whatever is
// planned for whichever accounts.
func TestPlannedIsWhatComes(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	accounts := []string{seed.AcmeID, seed.NorthwindA, seed.NorthwindB}
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		changes := object{
			"tags_add":          rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", " C "}), 1, 2).Draw(t, "add"),
			"tags_remove":       rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "us"}), 0, 2).Draw(t, "remove"),
			"set":               object{"billing_id": rapid.StringMatching(`[a-z]{1,4}`).Draw(t, "billing")},
			"unset":             rapid.SampledFrom([][]string{{}, {"sfdc_id"}, {"slack_channel_id", "external_id"}}).Draw(t, "unset"),
			"custom_properties": object{"Health score": rapid.IntRange(0, 9).Draw(t, "health")},
			"csm":               rapid.SampledFrom([]string{"me", "2", "linus@example.com"}).Draw(t, "csm"),
		}
		var rows []object
		for _, account := range rapid.SliceOfNDistinct(rapid.SampledFrom(accounts), 1, 3, rapid.ID).Draw(t, "accounts") {
			rows = append(rows, with(changes, "account", account))
		}
		if rapid.Bool().Draw(t, "new") {
			rows = append(rows, with(changes, "name", fmt.Sprint("Planned anew ", number)))
		}
		plan, apply := h.planned(object{"rows": rows})
		done := h.must("apply_plan", apply)
		if counts(done) != [4]int64{plan.get("to_change").Int(), 0, 0, 0} {
			t.Fatalf("%s became %s", plan.text, done.text)
		}
		for _, row := range plan.get("rows").Array() {
			reference := row.Get("account").String()
			if row.Get("creates").Bool() {
				reference = row.Get("name").String()
			}
			now := h.must("get_account", object{"account": reference, "include": []string{"custom_properties"}})
			for field, wanted := range row.Get("after").Map() {
				found := now.get("account." + field)
				if !found.Exists() {
					found = now.get("account.properties." + field)
				}
				if field == "Health score" {
					found = now.get("custom_properties.Health score")
				}
				if found.Raw != wanted.Raw && (found.Exists() || wanted.Type != gjson.Null) {
					t.Fatalf("%s of %s is %s, planned was %s: %s", field, reference, found.Raw, wanted.Raw, now.text)
				}
			}
		}
	})
}
