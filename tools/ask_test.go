package tools_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// asked is one raw call of the 2026-07-28 revision, as clients make it that
// can show a form; the zero value of the rest asks for the first time.
type asked struct {
	key          string // sandbox.DefaultKey unless given
	legacy       bool   // without what the revision adds to a request
	capabilities object // of forms unless given
	state        string
	answer       object // to the form
	responses    object // instead of answer: all inputResponses
}

var (
	goAhead = object{"action": "accept", "content": object{"go_ahead": true}}
	decline = object{"action": "decline"}
	forms   = object{"elicitation": object{"form": object{}}}
)

// rpc makes the call and gives the JSON-RPC result.
func (h *house) rpc(tool string, arguments object, a asked) gjson.Result {
	h.Helper()
	params := object{"name": tool, "arguments": arguments}
	if !a.legacy {
		capabilities := a.capabilities
		if capabilities == nil {
			capabilities = forms
		}
		params["_meta"] = object{
			"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
			"io.modelcontextprotocol/clientCapabilities": capabilities,
		}
	}
	if a.state != "" {
		params["requestState"] = a.state
	}
	if a.answer != nil {
		a.responses = object{"confirmation": a.answer}
	}
	if a.responses != nil {
		params["inputResponses"] = a.responses
	}
	message, err := json.Marshal(object{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
	require.NoError(h, err)
	if a.key == "" {
		a.key = sandbox.DefaultKey
	}
	key, err := client.NewKey(a.key)
	require.NoError(h, err)
	answer, err := json.Marshal(h.server.HandleMessage(identity.With(h.Context(), identity.FromEnvironment(key)), message))
	require.NoError(h, err)
	result := gjson.ParseBytes(answer).Get("result")
	require.True(h, result.Exists(), "%s", answer)
	return result
}

// question makes a call that is answered with a question, and gives its state
// and what the person reads.
func (h *house) question(tool string, arguments object) (state, message string) {
	h.Helper()
	result := h.rpc(tool, arguments, asked{})
	requireQuestion(h, result)
	return result.Get("requestState").String(), result.Get("inputRequests.confirmation.params.message").String()
}

func requireQuestion(t testing.TB, result gjson.Result) {
	t.Helper()
	require.Equal(t, "input_required", result.Get("resultType").String(), result.Raw)
	require.False(t, result.Get("isError").Bool())
	require.Empty(t, result.Get("structuredContent").Raw, "a question shows the model nothing yet")
	require.NotContains(t, result.Raw, "expires_at", "and issues no confirmation")
	require.Equal(t, "elicitation/create", result.Get("inputRequests.confirmation.method").String())
	form := result.Get("inputRequests.confirmation.params")
	require.Equal(t, "form", form.Get("mode").String())
	require.Equal(t, "boolean", form.Get("requestedSchema.properties.go_ahead.type").String())
	require.Len(t, form.Get("requestedSchema.properties").Map(), 1)
}

func textOf(result gjson.Result) string { return result.Get("content.0.text").String() }

// requireRefusal is an error result that says what to do next.
func requireRefusal(t testing.TB, result gjson.Result, why string) {
	t.Helper()
	require.True(t, result.Get("isError").Bool(), "%s: %s", why, result.Raw)
	require.NotEmpty(t, textOf(result), why)
}

// requireUndone is the answer to a no: a result, with the preview, without a
// confirmation.
func (h *house) requireUndone(tool string, result gjson.Result) {
	h.Helper()
	require.False(h, result.Get("isError").Bool(), result.Raw)
	answer := result.Get("structuredContent")
	require.Contains(h, answer.Get("note").String(), "Nothing has been done")
	require.True(h, answer.Get("preview").Exists())
	require.False(h, answer.Get("confirmation").Exists(), "who said no is not handed a confirmation")
	h.requireDeclared(tool, answer.Raw)
	require.Empty(h, h.writes())
}

// requireIssued is the two-step way: a preview with a confirmation.
func (h *house) requireIssued(tool string, result gjson.Result) {
	h.Helper()
	require.False(h, result.Get("isError").Bool(), result.Raw)
	require.NotEmpty(h, result.Get("structuredContent.confirmation").String(), result.Raw)
	h.requireDeclared(tool, result.Get("structuredContent").Raw)
	require.Empty(h, h.writes())
}

// Where the client shows forms, the person decides: the first call asks, a yes
// does it, and the same yes once more finds nothing to do.
func TestThePersonDecides(t *testing.T) {
	t.Parallel()
	for tool, arguments := range irreversible() {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{})
			state, message := h.question(tool, arguments)
			require.Empty(t, h.writes(), "a question writes nothing")
			require.Contains(t, message, "cannot be undone")
			require.Contains(t, message, "project 1")

			for name, no := range map[string]object{
				"decline": decline, "cancel": {"action": "cancel"}, "accept of nothing": {"action": "accept"},
				"unticked":    {"action": "accept", "content": object{"go_ahead": false}},
				"as text":     {"action": "accept", "content": object{"go_ahead": "true"}},
				"other field": {"action": "accept", "content": object{"confirm": true}},
			} {
				result := h.rpc(tool, arguments, asked{state: state, answer: no})
				require.NotEmpty(t, result.Get("structuredContent.preview").Raw, name)
				h.requireUndone(tool, result)
			}

			done := h.rpc(tool, arguments, asked{state: state, answer: goAhead})
			require.Equal(t, "applied", done.Get("structuredContent.outcome").String(), done.Raw)
			h.requireDeclared(tool, done.Get("structuredContent").Raw)
			require.Len(t, h.writes(), 1)
			requireRefusal(t, h.rpc(tool, arguments, asked{state: state, answer: goAhead}), "replay")
			require.Empty(t, h.writes(), "an answer works once")
		})
	}
}

// The person reads who and what goes, in a few plain lines.
func TestWhatThePersonReads(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for tool, says := range map[string][]string{
		"delete_account":  {`Delete the account "Northwind Traders" (external id "northwind-traders", id ` + seed.NorthwindA + `)?`, "custom property value", "link"},
		"delete_notebook": {`Delete the note "`, seed.AcmeLatestNote, `account "Acme Robotics"`, "It begins: "},
		"delete_person":   {"Delete the record of the person ", seed.TwinUUIDA, "1 distinct id", "Others with the same e-mail, not touched: 1."},
		"split_person":    {"Split the person ", seed.TwinUUIDB, `Stays: 1 distinct id ("` + seed.TwinDistinctB, "Leaves, each to a new person: 1 distinct id"},
	} {
		_, message := h.question(tool, irreversible()[tool])
		for _, words := range says {
			require.Contains(t, message, words, tool)
		}
		require.LessOrEqual(t, strings.Count(message, "\n"), 3, message)
		require.Less(t, len(message), 800, message)
	}
	_, message := h.question("delete_person", object{"person": seed.TwinUUIDA, "keep_person": true, "delete_events": true, "delete_recordings": true})
	require.Contains(t, message, "Delete all events and all session recordings of the person")
	_, message = h.question("split_person", object{"person": seed.MergedPersonUUID, "main_distinct_id": seed.MergedDistinctID})
	require.Contains(t, message, "1999 distinct ids (")
	require.Less(t, len(message), 800, "of two thousand ids some are shown")
}

// Names are other people's: they cannot add lines, hide or reorder text.
func TestAHostileNameChangesNoQuestion(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.raw("PATCH", api+"accounts/"+seed.NorthwindA, object{
		"name": "Acme\"?\n\nNothing is deleted.\u202e\u2066 \u200bok\u2028" + strings.Repeat("long ", 60),
	})
	_, message := h.question("delete_account", object{"account": seed.NorthwindA})
	require.Equal(t, 3, strings.Count(message, "\n"), message)
	require.Contains(t, message, `\"? Nothing is deleted.\u202e\u2066 \u200bok`)
	require.Less(t, len(message), 500, message)
	for _, r := range "\u202e\u2066\u200b\u2028" {
		require.NotContains(t, message, string(r))
	}
}

// An answer is good for exactly the question it is to: whatever else it comes
// with, nothing is sent that could change anything.
func TestAnAnswerIsGoodForNothingElse(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)
	h := open(t, setup{now: func() time.Time { return now }, sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_second", Scopes: []string{"*"}}}}})
	others := map[string]object{
		"delete_account":  {"account": seed.NorthwindB},
		"delete_notebook": {"account": seed.AcmeID, "notebook": "latest"},
		"delete_person":   {"person": seed.TwinUUIDA, "delete_events": true},
		"split_person":    {"person": seed.TwinUUIDB, "distinct_ids": []string{"0193f0aa-5b1e-7c66-9a51-3d0c7b2f9e10"}},
	}
	states := map[string]string{}
	for tool, arguments := range irreversible() {
		states[tool], _ = h.question(tool, arguments)
	}
	refusals := 0
	for tool, arguments := range irreversible() {
		state := states[tool]
		token := h.must(tool, arguments).str("confirmation")
		yes := func(state string) asked { return asked{state: state, answer: goAhead} }
		tries := map[string]gjson.Result{
			"other arguments":         h.rpc(tool, others[tool], yes(state)),
			"another key":             h.rpc(tool, arguments, asked{state: state, answer: goAhead, key: "phx_second"}),
			"another project":         h.rpc(tool, with(arguments, "project_id", 2), yes(state)),
			"no state":                h.rpc(tool, arguments, yes("")),
			"yes as state":            h.rpc(tool, arguments, yes("yes")),
			"edited":                  h.rpc(tool, arguments, yes(flip(state, 3))),
			"edited end":              h.rpc(tool, arguments, yes(flip(state, len(state)-2))),
			"longer":                  h.rpc(tool, arguments, yes(state+"A")),
			"a confirmation as state": h.rpc(tool, arguments, yes(token)),
			"state as a confirmation": h.rpc(tool, with(arguments, "confirmation", state), asked{}),
			"both, the state twice":   h.rpc(tool, with(arguments, "confirmation", state), yes(state)),
		}
		for other, theirs := range states {
			if other != tool {
				tries["that of "+other] = h.rpc(tool, arguments, yes(theirs))
			}
		}
		now = now.Add(10 * time.Minute)
		tries["too late"] = h.rpc(tool, arguments, yes(state))
		require.Contains(t, textOf(tries["too late"]), "too late")
		require.Contains(t, textOf(h.rpc(tool, arguments, asked{state: state, answer: decline})), "too late")
		now = now.Add(-10 * time.Minute)
		for why, refusal := range tries {
			requireRefusal(t, refusal, tool+" with "+why)
			refusals++
		}
	}
	require.Equal(t, 4*15, refusals)
	require.Empty(t, h.writes())
	now = now.Add(10*time.Minute - time.Second)
	for tool, arguments := range irreversible() {
		done := h.rpc(tool, arguments, asked{state: states[tool], answer: goAhead})
		require.Equal(t, "applied", done.Get("structuredContent.outcome").String(), done.Raw)
	}
}

// Answers count only where the request could have been asked: a client that
// shows no forms, or of the other era, gets the preview, whatever it sends.
func TestAnAnswerFromNobody(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for tool, arguments := range irreversible() {
		state, _ := h.question(tool, arguments)
		for name, nobody := range map[string]asked{
			"no forms":       {capabilities: object{}},
			"only addresses": {capabilities: object{"elicitation": object{"url": object{}}}},
			"legacy":         {legacy: true},
		} {
			h.requireIssued(tool, h.rpc(tool, arguments, nobody))
			nobody.state, nobody.answer = state, goAhead
			result := h.rpc(tool, arguments, nobody)
			require.NotEqual(t, "applied", result.Get("structuredContent.outcome").String(), name)
			h.requireIssued(tool, result)
		}
	}
}

// What cannot be read is no answer: the question comes again.
func TestAnUnreadableAnswerIsNone(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for tool, arguments := range irreversible() {
		state, _ := h.question(tool, arguments)
		for _, responses := range []object{
			nil, {}, {"other": goAhead}, {"confirmation": object{}}, {"confirmation": "accept"}, {"confirmation": nil},
			{"confirmation": object{"action": "maybe"}}, {"confirmation": object{"action": "error"}}, {"confirmation": object{"action": true}}, {"confirmation": []any{goAhead}},
		} {
			requireQuestion(t, h.rpc(tool, arguments, asked{state: state, responses: responses}))
		}
	}
	require.Empty(t, h.writes())
	requireQuestion(t, h.rpc("delete_account", irreversible()["delete_account"], asked{capabilities: object{"elicitation": object{}}}))
}

// What changed while the person was thinking is not what they agreed to.
func TestChangedWhileThePersonWasThinking(t *testing.T) {
	t.Parallel()
	for tool, change := range changes() {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{})
			arguments := irreversible()[tool]
			state, _ := h.question(tool, arguments)
			change(h)
			refusal := h.rpc(tool, arguments, asked{state: state, answer: goAhead})
			requireRefusal(t, refusal, tool)
			require.Contains(t, textOf(refusal), "has changed since")
			require.Empty(t, h.writes())
		})
	}
}

// A confirmation that somebody has keeps working where the person can be asked.
func TestAConfirmationStillCounts(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for tool, arguments := range irreversible() {
		confirmed := with(arguments, "confirmation", h.must(tool, arguments).str("confirmation"))
		require.Equal(t, "applied", h.rpc(tool, confirmed, asked{}).Get("structuredContent.outcome").String())
	}
}

// An operator may do without, for some toolsets or all. Each receipt says so,
// and the tool's description too; a confirmation that is given still counts.
func TestWithoutConfirmation(t *testing.T) {
	t.Parallel()
	toolsets := map[string]tools.Toolset{}
	for _, tool := range tools.All {
		toolsets[tool.Name] = tool.Toolset
	}
	for _, unasked := range tools.Toolsets {
		h := open(t, setup{desk: []tools.DeskOption{tools.WithoutConfirmation(unasked)}})
		descriptions := h.descriptions()
		for tool, arguments := range irreversible() {
			if toolsets[tool] != unasked {
				require.NotContains(t, descriptions[tool], "switched")
				h.requireIssued(tool, h.rpc(tool, arguments, asked{legacy: true}))
				requireQuestion(t, h.rpc(tool, arguments, asked{}))
				continue
			}
			require.Contains(t, descriptions[tool], "the operator switched confirmation off")
			require.Contains(t, h.refused(tool, with(arguments, "confirmation", "yes")), "Not done")
			require.Empty(t, h.writes())
			done := h.rpc(tool, arguments, asked{})
			require.Equal(t, "applied", done.Get("structuredContent.outcome").String(), done.Raw)
			require.Contains(t, done.Get("structuredContent.note").String(), "Done without asking for a confirmation: the operator")
			require.Len(t, h.writes(), 1)
		}
	}
}

// descriptions are those of the listed tools by name.
func (h *house) descriptions() map[string]string {
	h.Helper()
	listed, err := json.Marshal(h.server.HandleMessage(h.Context(), []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)))
	require.NoError(h, err)
	all := map[string]string{}
	for _, tool := range gjson.GetBytes(listed, "result.tools").Array() {
		all[tool.Get("name").String()] = tool.Get("description").String()
	}
	require.NotEmpty(h, all)
	return all
}
