package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// TestPipedCallsAreAllAnswered: a script writes its calls, closes the pipe and reads. Nothing may be lost
// because the input ended first.
func TestPipedCallsAreAllAnswered(t *testing.T) {
	t.Parallel()
	const calls = 60
	for _, era := range []string{legacy, modern} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			var input strings.Builder
			if era == legacy {
				fmt.Fprintf(&input, "%s\n", encode(t, hello("hello")))
			}
			for id := range calls {
				fmt.Fprintf(&input, "%s\n", encode(t, call(era, id, "list_accounts", object{"limit": 1 + id%5})))
			}
			out, errs, code := finish(t, nil, input.String(), "--sandbox")
			require.Zero(t, code, errs)

			shown := map[int64]int64{}
			for _, line := range lines(out) {
				require.True(t, gjson.Valid(line), "standard output holds something that is no JSON: %q", line)
				message := gjson.Parse(line)
				require.Equal(t, "2.0", message.Get("jsonrpc").String())
				if id := message.Get("id"); id.Type == gjson.Number {
					shown[id.Int()] = ok(t, message.Get("result")).Get("shown").Int()
				}
			}
			require.Len(t, shown, calls)
			for id, rows := range shown {
				require.EqualValues(t, 1+id%5, rows, "the answer to call %d is not its own", id)
			}
		})
	}
}

// TestBadInputIsAnswered: whatever a line holds, the next one is served, and an answer says what was wrong.
func TestBadInputIsAnswered(t *testing.T) {
	t.Parallel()
	p := run(t, nil, "--sandbox")
	p.ask(hello(0))
	huge := string(encode(t, call(legacy, 7, "create_notebook", object{"account": "x", "markdown": strings.Repeat("a", 10<<20)})))
	for _, bad := range []struct {
		name, line string
		code       int64
		says       string
	}{
		{"no JSON", `{"jsonrpc": "2.0", "id": 1, `, -32700, "JSON"},
		{"not UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"\xff\xfe\"}}", -32700, "UTF-8"},
		{"10 MB", huge, -32600, "longer"},
		{"a batch", `[{"jsonrpc":"2.0","id":7,"method":"ping"}]`, -32600, "batch"},
		{"no method", `{"jsonrpc":"2.0","id":7}`, -32600, ""},
		{"unknown method", `{"jsonrpc":"2.0","id":7,"method":"no/such"}`, -32601, ""},
		{"unknown tool", string(encode(t, call(legacy, 7, "no_such_tool", object{}))), -32602, "no_such_tool"},
	} {
		p.send(bad.line)
		answer := p.receive()
		require.Equal(t, bad.code, answer.Get("error.code").Int(), "%s: %s", bad.name, answer.Raw)
		require.Contains(t, answer.Get("error.message").String(), bad.says, bad.name)
		require.EqualValues(t, 412, ok(t, p.ask(call(legacy, 8, "list_accounts", object{"limit": 1})).Get("result")).Get("total").Int(), bad.name)
	}
	p.send("") // an empty line asks nothing
	require.Equal(t, "{}", p.ask(request(legacy, 9, "ping", nil)).Get("result").Raw)
}

// TestBadArgumentsAreExplained: every problem at once, in words, and nothing done.
func TestBadArgumentsAreExplained(t *testing.T) {
	t.Parallel()
	p := run(t, nil, "--sandbox")
	p.ask(hello(0))
	for name, bad := range map[string]struct {
		tool      string
		arguments object
		says      []string
	}{
		"wrong type":       {"list_accounts", object{"limit": object{}}, []string{"limit"}},
		"out of bounds":    {"list_accounts", object{"limit": -5}, []string{"limit"}},
		"unknown":          {"list_accounts", object{"serach": "x"}, []string{"serach", "search"}},
		"several at once":  {"list_accounts", object{"limit": 0, "ordering": "size", "tag": "x"}, []string{"limit", "ordering", "tag"}},
		"missing":          {"get_account", object{}, []string{"account"}},
		"path in an id":    {"get_account", object{"account": "../../users/@me"}, []string{"../../users/@me"}},
		"nothing to write": {"update_account", object{"account": "x"}, []string{}},
		"foreign token":    {"delete_account", object{"account": "mistral-mobility", "confirmation": "AAAA"}, []string{"confirmation"}},
	} {
		said := refused(t, p.ask(call(legacy, name, bad.tool, bad.arguments)).Get("result"))
		require.NotEmpty(t, said, name)
		for _, word := range bad.says {
			require.Contains(t, said, word, name)
		}
	}
}

// TestStopsOnSIGTERM, idle and with calls under way.
func TestStopsOnSIGTERM(t *testing.T) {
	t.Parallel()
	idle := run(t, nil, "--sandbox")
	idle.ask(hello(0))
	idle.stops()

	hung := newHungServer(t)
	busy := run(t, []string{"POSTHOG_HOST=" + hung.URL, "POSTHOG_API_KEY=phx_test"})
	busy.ask(hello(0))
	busy.send(call(legacy, 1, "whoami", object{}))
	hung.awaitRequest(t)
	busy.stops()
}

// TestEndOfInputIsTheEnd, with nothing to answer.
func TestEndOfInputIsTheEnd(t *testing.T) {
	t.Parallel()
	out, errs, code := finish(t, nil, "", "--sandbox")
	require.Zero(t, code, errs)
	require.Empty(t, out)
}
