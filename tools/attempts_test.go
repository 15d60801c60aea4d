package tools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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

// burglar tries to have something written that nobody agreed to, or on a
// server that does not write. It holds everything that can be held without an
// agreement: confirmations and questions of other calls, of other times, and
// those that were used.
type burglar struct {
	*house
	luck   *rand.Rand
	now    time.Time
	calls  map[string]object   // what it wants done, by tool
	tokens map[string][]string // confirmations by tool
	states map[string][]string // of questions nobody answered
	used   []string            // a confirmation and an answer that were good once, for eraseEvents
	second string              // another key that may do everything
	closed map[string]*house   // servers that do not write
}

func newBurglar(t *testing.T, seeded uint64) *burglar {
	t.Helper()
	b := &burglar{
		luck: rand.New(rand.NewPCG(seeded, 500)), now: time.Now(), second: "phx_second",
		calls: irreversible(), tokens: map[string][]string{}, states: map[string][]string{}, closed: map[string]*house{},
	}
	clock := func() time.Time { return b.now }
	b.house = open(t, setup{journal: file(t), now: clock, sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: b.second, Scopes: []string{"*"}}}}})
	for range 2 {
		for tool, arguments := range b.calls {
			b.tokens[tool] = append(b.tokens[tool], b.must(tool, arguments).str("confirmation"))
			state, _ := b.question(tool, arguments)
			b.states[tool] = append(b.states[tool], state)
		}
	}
	token := b.must("delete_person", eraseEvents).str("confirmation")
	require.Equal(t, "pending", b.must("delete_person", with(eraseEvents, "confirmation", token)).str("outcome"))
	state, _ := b.question("delete_person", eraseEvents)
	require.Equal(t, "pending", b.rpc("delete_person", eraseEvents, asked{state: state, answer: goAhead}).Get("structuredContent.outcome").String())
	b.used = []string{token, state}
	b.closed["not listed"] = open(t, setup{shared: b.sandbox, now: clock, selection: tools.Selection{ReadOnly: true}})
	// With every tool listed and no confirmation asked for, the client's guard is all there is.
	b.closed["not sent"] = open(t, setup{shared: b.sandbox, now: clock, client: []client.Option{client.WithReadOnly()}, desk: []tools.DeskOption{tools.WithoutConfirmation(tools.Toolsets...)}})
	b.allWrites()
	return b
}

// allWrites are the requests that could change something, to any server.
func (b *burglar) allWrites() []upstream {
	b.Helper()
	writes := b.writes()
	for _, h := range b.closed {
		writes = append(writes, h.writes()...)
	}
	return writes
}

func pick[T any](b *burglar, list []T) T { return list[b.luck.IntN(len(list))] }

func (b *burglar) tool() string { return pick(b, slices.Sorted(maps.Keys(b.calls))) }

// sealed is a confirmation or a state of another tool than this one.
func (b *burglar) foreign(from map[string][]string, tool string) string {
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(from)), func(name string) bool { return name == tool })
	return pick(b, from[pick(b, others)])
}

// tampered is a confirmation or a state with something changed.
func (b *burglar) tampered(text, other string) string {
	at := b.luck.IntN(len(text))
	switch b.luck.IntN(7) {
	case 0:
		return text[:at]
	case 1:
		return text + string("A=\n. "[b.luck.IntN(5)])
	case 2:
		return text[:at] + "\n" + text[at:]
	case 3: // the head of one, the end of another
		cut := 1 + b.luck.IntN(len(text)-2)
		if spliced := text[:cut] + other[cut:]; spliced != text && spliced != other {
			return spliced
		}
	case 4:
		return strings.ToUpper(text)
	case 5:
		return strings.Repeat("A", len(text))
	}
	return flip(text, at)
}

// otherwise is a call that is not quite the one that was previewed.
func (b *burglar) otherwise(tool string) object {
	other := map[string][]object{
		"delete_account":  {{"account": seed.NorthwindB}, {"account": seed.AcmeID}, {"account": "northwind-traders"}, {"account": seed.NorthwindA, "project_id": 1}},
		"delete_notebook": {{"account": seed.AcmeID, "notebook": "latest"}, {"account": "Acme Robotics", "notebook": seed.AcmeLatestNote}},
		"delete_person":   {{"person": seed.TwinUUIDA, "delete_events": true}, {"person": seed.TwinUUIDB}, {"person": seed.TwinDistinctA}, eraseEvents},
		"split_person":    {{"person": seed.TwinUUIDB, "distinct_ids": []string{"0193f0aa-5b1e-7c66-9a51-3d0c7b2f9e10"}}, {"person": seed.MergedPersonUUID, "main_distinct_id": seed.MergedDistinctID}},
	}
	return pick(b, other[tool])
}

// send makes a call whose arguments are written just like this.
func (b *burglar) send(arguments string) gjson.Result {
	b.Helper()
	key, err := client.NewKey(b.key)
	require.NoError(b, err)
	message := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_account","arguments":%s}}`, arguments)
	answer, err := json.Marshal(b.server.HandleMessage(identity.With(b.Context(), identity.FromEnvironment(key)), []byte(message)))
	require.NoError(b, err)
	return gjson.ParseBytes(answer)
}

// ways are the ways in that it knows. Each makes one attempt.
var ways = map[string]func(*burglar){
	"other arguments": func(b *burglar) {
		tool := b.tool()
		b.call(tool, with(b.otherwise(tool), "confirmation", pick(b, b.tokens[tool])))
	},
	"another's answer": func(b *burglar) {
		tool := b.tool()
		b.rpc(tool, b.otherwise(tool), asked{state: pick(b, b.states[tool]), answer: goAhead})
	},
	"replay": func(b *burglar) {
		used := pick(b, b.used) + pick(b, []string{"", "", "\n", "\r\n", "="})
		b.call("delete_person", with(eraseEvents, "confirmation", used))
	},
	"replayed answer": func(b *burglar) {
		b.rpc("delete_person", eraseEvents, asked{state: pick(b, b.used) + pick(b, []string{"", "", "\n"}), answer: goAhead})
	},
	"another key": func(b *burglar) {
		tool := b.tool()
		key := pick(b, []string{b.second, "phx_nobody", ""})
		b.callAs(key, tool, with(b.calls[tool], "confirmation", pick(b, b.tokens[tool])))
		b.rpc(tool, b.calls[tool], asked{key: b.second, state: pick(b, b.states[tool]), answer: goAhead})
	},
	"another era": func(b *burglar) {
		tool := b.tool()
		token, state := pick(b, b.tokens[tool]), pick(b, b.states[tool])
		pick(b, []func(){
			func() { b.call(tool, with(b.calls[tool], "confirmation", state)) },
			func() { b.rpc(tool, b.calls[tool], asked{state: token, answer: goAhead}) },
			func() { b.rpc(tool, b.calls[tool], asked{legacy: true, state: state, answer: goAhead}) },
			func() { b.rpc(tool, b.calls[tool], asked{capabilities: object{}, state: state, answer: goAhead}) },
			func() { b.rpc(tool, b.calls[tool], asked{answer: goAhead}) },
			func() { b.rpc(tool, with(b.calls[tool], "confirmation", state), asked{state: state, answer: goAhead}) },
		})()
	},
	"no plain yes": func(b *burglar) {
		tool := b.tool()
		content := pick(b, []any{"yes", object{"go_ahead": "true"}, object{"go_ahead": 1}, object{"Go_Ahead": true}, []any{true}, object{"go_ahead": []any{true}}, true, nil})
		b.rpc(tool, b.calls[tool], asked{state: pick(b, b.states[tool]), answer: object{"action": pick(b, []any{"accept", "Accept", "error", "cancel", true}), "content": content}})
	},
	"tampered": func(b *burglar) {
		tool := b.tool()
		b.call(tool, with(b.calls[tool], "confirmation", b.tampered(b.tokens[tool][0], b.tokens[tool][1])))
	},
	"tampered state": func(b *burglar) {
		tool := b.tool()
		b.rpc(tool, b.calls[tool], asked{state: b.tampered(b.states[tool][0], b.states[tool][1]), answer: goAhead})
	},
	"expired": func(b *burglar) {
		tool := b.tool()
		late := 10*time.Minute + time.Duration(b.luck.Int64N(int64(24*time.Hour)))
		b.now = b.now.Add(late)
		b.call(tool, with(b.calls[tool], "confirmation", pick(b, b.tokens[tool])))
		b.rpc(tool, b.calls[tool], asked{state: pick(b, b.states[tool]), answer: goAhead})
		b.now = b.now.Add(-late)
	},
	"another tool": func(b *burglar) {
		tool := b.tool()
		b.call(tool, with(b.calls[tool], "confirmation", b.foreign(b.tokens, tool)))
		b.rpc(tool, b.calls[tool], asked{state: b.foreign(b.states, tool), answer: goAhead})
	},
	"another project": func(b *burglar) {
		tool := b.tool()
		elsewhere := with(b.calls[tool], "project_id", pick(b, []any{2, 999, "1", 1.5, -1, true}))
		b.call(tool, with(elsewhere, "confirmation", pick(b, b.tokens[tool])))
	},
	"odd JSON": func(b *burglar) {
		token := pick(b, b.tokens["delete_account"])
		a, other := fmt.Sprintf("%q", seed.NorthwindA), fmt.Sprintf("%q", seed.NorthwindB)
		b.send(fmt.Sprintf(pick(b, []string{
			`{"account":%[2]s,"Account":%[3]s,"confirmation":%[1]q}`, `{"account":%[2]s,"account":%[3]s,"confirmation":%[1]q}`,
			`{"account":%[3]s,"account":%[2]s,"confirmation":%[1]q,"account":%[3]s}`, `{"account":[%[2]s],"confirmation":%[1]q}`,
			`{"account":%[2]s,"confirmation":["%[1]s"]}`, `{"account":%[2]s,"confirmation":{"token":"%[1]s"}}`, `{"account":%[2]s,"confirmation":true}`,
			`{"account":%[3]s,"confirmation":"\"%[1]s\""}`, `"{\"account\":\"x\",\"confirmation\":\"%[1]s\"}"`, `{"account":%[2]s,"confirmation":"%[1]s","confirm":true}`,
			`{"account":%[2]s,"CONFIRMATION":"%[1]s"}`, `{"account":%[2]s,"confirmed":true,"confirmation":null}`, `[%[2]s,"%[1]s"]`,
		}), token, a, other))
	},
	"read-only": func(b *burglar) {
		calls := writers()
		tool := pick(b, slices.Sorted(maps.Keys(calls)))
		arguments := calls[tool]
		if tokens := b.tokens[tool]; len(tokens) > 0 && b.luck.IntN(2) == 0 {
			arguments = with(b.calls[tool], "confirmation", pick(b, tokens))
		}
		h := b.closed[pick(b, []string{"not listed", "not sent"})]
		answer, err := h.try(h.key, tool, arguments)
		require.True(b, err != nil || answer.isError || answer.get("preview").Exists() || answer.get("plan").Exists(), "%s: %s", tool, answer.text)
	},
	"read-only, odd ids": func(b *burglar) {
		odd := pick(b, []string{
			"../persons/batch_by_uuids", "%2e%2e%2fpersons%2fbatch_by_uuids", seed.AcmeID + "/notebooks", seed.AcmeID + "?_method=DELETE", seed.AcmeID + "%2F", "..;/",
			seed.AcmeID + "#/persons/batch_by_uuids/", "x/api/projects/1/persons/batch_by_uuids", "\\..\\persons", "%00", seed.AcmeID + ".json",
		})
		h := b.closed["not sent"]
		_, _ = h.try(h.key, "delete_notebook", object{"account": pick(b, []string{odd, seed.AcmeID}), "notebook": shortened(odd)})
		_, _ = h.try(h.key, "update_account", object{"account": odd, "name": "x"})
		_, _ = h.try(h.key, "delete_person", object{"person": odd})
		_, _ = h.try(h.key, "set_custom_property", object{"account": seed.AcmeID, "property": odd, "value": "x"})
	},
}

// shortened fits where a note's id is taken.
func shortened(text string) string { return text[:min(len(text), 40)] }

// Whatever is tried without an agreement, or on a server that does not write,
// not one request leaves that could change anything; and everything it was
// tried with would have been good for what it was meant for.
func TestAttemptsToGetPast(t *testing.T) {
	t.Parallel()
	b := newBurglar(t, 20261122)
	names := slices.Sorted(maps.Keys(ways))
	tried := map[string]int{}
	attempts := rounds(75, 510)
	for i := range attempts {
		way := names[i%len(names)]
		ways[way](b)
		tried[way]++
		require.Empty(t, b.allWrites(), "%s, attempt %d", way, i)
	}
	t.Logf("%d attempts, 0 writes: %v", attempts, tried)
	for tool, arguments := range b.calls {
		if b.luck.IntN(2) == 0 {
			done := b.must(tool, with(arguments, "confirmation", b.tokens[tool][0]))
			require.Equal(t, "applied", done.str("outcome"), done.text)
			continue
		}
		done := b.rpc(tool, arguments, asked{state: b.states[tool][0], answer: goAhead})
		require.Equal(t, "applied", done.Get("structuredContent.outcome").String(), done.Raw)
	}
}
