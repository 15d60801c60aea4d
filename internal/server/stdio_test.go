package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/server"
)

// mcp-go ends queued and running calls when its input ends, so that a script which pipes its calls in and
// closes gets few answers or none.
func TestStdioAnswersEverythingReadBeforeEOF(t *testing.T) {
	const calls = 60
	for range 50 {
		var lines []string
		for id := range calls {
			lines = append(lines, call(id, "echo", map[string]any{"text": fmt.Sprint("call ", id)}))
		}
		answers := byID(t, pipe(t, newFixture().options(), server.StdioOptions{}, lines...))
		require.Len(t, answers, calls)
		for id := range calls {
			require.Equal(t, fmt.Sprint("call ", id), answers[fmt.Sprint(id)].text())
		}
	}
}

func TestStdioWaitsAtEOFForACallThatIsStillRunning(t *testing.T) {
	f := newFixture()
	l := start(t, f.options(), server.StdioOptions{})
	l.send(call(1, "wait", nil))
	receive(t, f.started, "the call to start")
	require.NoError(t, l.in.Close())
	close(f.release)
	require.Equal(t, "released", l.next().text())
	l.endsWithin(10 * time.Second)
}

func TestStdioStopsWaitingAtEOFWhenNoAnswerComes(t *testing.T) {
	f := newFixture()
	l := start(t, f.options(), server.StdioOptions{Drain: time.Millisecond})
	l.send(call(1, "wait", nil))
	receive(t, f.started, "the call to start")
	require.NoError(t, l.in.Close())
	require.Error(t, receive(t, f.ended, "the call to be told to stop"))
	require.True(t, l.next().Result.IsError)
	l.endsWithin(10 * time.Second)
}

// mcp-go writes notifications from another goroutine than answers: the last ones used to come too late.
func TestStdioSendsNotificationsBeforeTheAnswer(t *testing.T) {
	l := start(t, newFixture().options(), server.StdioOptions{})
	l.send(initialize(0))
	l.next()
	for id := 1; id <= 200; id++ {
		l.send(call(id, "progress", map[string]any{"token": fmt.Sprint(id)}))
		for step := 1; step <= 3; step++ {
			m := l.next()
			require.Equal(t, "notifications/progress", m.Method, "answered before its notifications")
			require.Equal(t, fmt.Sprint(id), m.Params.Token)
			require.EqualValues(t, step, m.Params.Progress)
		}
		require.Equal(t, "done", l.next().text())
	}
}

func initialize(id int) string {
	return request(id, "initialize", map[string]any{
		"protocolVersion": "2025-11-25", "capabilities": map[string]any{},
		"clientInfo": map[string]any{"name": "test", "version": "1"},
	})
}

func TestStdioServesBothErasOnOneConnection(t *testing.T) {
	answers := byID(t, pipe(t, newFixture().options(), server.StdioOptions{},
		initialize(1),
		request(2, "tools/list", nil),
		request(3, "server/discover", modern(map[string]any{})),
		request(4, "tools/call", modern(map[string]any{"name": "echo", "arguments": map[string]any{"text": "hi"}})),
	))
	require.Len(t, answers, 4)
	for id, answer := range answers {
		require.Nil(t, answer.Error, "request %s", id)
	}
	require.Equal(t, "hi", answers["4"].text())
}

func TestStdioAnswersBadLinesAndGoesOn(t *testing.T) {
	huge := strings.Repeat("x", 10<<20)
	cases := []struct {
		name, line, id string
		code           int
		says           string
	}{
		{"no JSON", `{"jsonrpc": oops`, `null`, -32700, "not valid JSON"},
		{"broken, with an id", `{"jsonrpc":"2.0","id":"a7","method":"tools/list",`, `"a7"`, -32700, "not valid JSON"},
		{"invalid UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"tools/list\",\"params\":{\"x\":\"\xff\"}}", `8`, -32700, "UTF-8"},
		{"10 MB, id first", `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"x":"` + huge + `"}}`, `9`, -32600, "longer than"},
		{"10 MB, id last", `{"method":"tools/call","params":{"x":"` + huge + `","id":1},"jsonrpc":"2.0","id":10}`, `10`, -32600, "longer than"},
		{"10 MB, id inside only", `{"method":"tools/call","params":{"x":"` + huge + `","id":1}}`, `null`, -32600, "longer than"},
		{"batch", `[{"jsonrpc":"2.0","id":11,"method":"tools/list"}]`, `null`, -32600, "batch"},
		{"not an object", `42`, `null`, -32600, "not a JSON-RPC object"},
		{"method of a wrong type", `{"jsonrpc":"2.0","id":12,"method":13}`, `12`, -32600, "text method"},
		{"neither question nor answer", `{"jsonrpc":"2.0","id":13}`, `13`, -32600, "needs a method"},
		{"both question and answer", `{"jsonrpc":"2.0","id":14,"method":"ping","result":{}}`, `14`, -32600, "must not have a result"},
		{"null id", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, `null`, -32600, "string or an integer"},
		{"object id", `{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}`, `null`, -32600, "string or an integer"},
		{"fractional id", `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, `null`, -32600, "string or an integer"},
		// mcp-go would answer …992, and the client would wait for ever.
		{"id beyond 2^53", `{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`, `9007199254740993`, -32600, "2^53"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			messages := pipe(t, newFixture().options(), server.StdioOptions{}, c.line, call("after", "echo", map[string]any{"text": "still here"}))
			require.Len(t, messages, 2)
			require.NotNil(t, messages[0].Error)
			require.Equal(t, c.code, messages[0].Error.Code)
			require.Contains(t, messages[0].Error.Message, c.says)
			require.Equal(t, c.id, idOf(messages[0]))
			require.Equal(t, "still here", messages[1].text())
		})
	}
}

func idOf(m message) string {
	if len(m.ID) == 0 {
		return "null"
	}
	return string(m.ID)
}

func TestStdioKeepsQuietAboutWhatNeedsNoAnswer(t *testing.T) {
	messages := pipe(t, newFixture().options(), server.StdioOptions{},
		"", "   ", "\r",
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","method":"notifications/unheard_of","params":5}`,
		`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}`,
		call(1, "echo", map[string]any{"text": "the only answer"}),
	)
	var answers []message
	for _, m := range messages {
		if len(m.ID) > 0 && string(m.ID) != "null" {
			answers = append(answers, m)
		}
	}
	require.Len(t, answers, 1)
}

// After notifications/cancelled the protocol wants nothing more for that id; mcp-go answers all the same.
func TestStdioCancelStopsTheCallAndItsAnswer(t *testing.T) {
	f := newFixture()
	l := start(t, f.options(), server.StdioOptions{})
	l.send(call("doomed", "wait", nil))
	receive(t, f.started, "the call to start")
	l.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"doomed"}}`)
	require.Error(t, receive(t, f.ended, "the call to end"))
	l.send(call("next", "echo", map[string]any{"text": "alive"}))
	require.Equal(t, `"next"`, string(l.next().ID))
	// That the id could be used again is not asked for: MCP forbids it within a session, and the call's
	// own answer, which is dropped, may still be on its way.
}

func TestStdioServesSixtyFourCallsAtOnce(t *testing.T) {
	f := newFixture()
	l := start(t, f.options(), server.StdioOptions{})
	go func() {
		for id := range 64 {
			_, _ = io.WriteString(l.in, call(id, "wait", nil)+"\n")
		}
	}()
	for range 64 {
		receive(t, f.started, "64 calls to run at once")
	}
	close(f.release)
	for range 64 {
		require.Equal(t, "released", l.next().text())
	}
}

func TestStdioAnswersTwoHundredCallsAtOnce(t *testing.T) {
	var lines []string
	for id := range 200 {
		lines = append(lines, call(id, "progress", map[string]any{"token": fmt.Sprint(id)}))
	}
	messages := pipe(t, newFixture().options(), server.StdioOptions{}, append([]string{initialize(-1)}, lines...)...)
	seen := make(map[string]float64)
	for _, m := range messages {
		switch {
		case m.Method != "":
			seen[m.Params.Token] = m.Params.Progress
		case string(m.ID) != "-1":
			require.EqualValues(t, 3, seen[string(m.ID)], "call %s was answered before its last notification", m.ID)
		}
	}
	require.Len(t, byID(t, messages), 201)
}

func TestStdioEndsPromptly(t *testing.T) {
	t.Run("at end of input", func(t *testing.T) {
		l := start(t, newFixture().options(), server.StdioOptions{})
		l.send(initialize(1))
		l.next()
		require.NoError(t, l.in.Close())
		l.endsWithin(time.Second)
	})
	t.Run("at end of input with a listen stream open", func(t *testing.T) {
		l := start(t, newFixture().options(), server.StdioOptions{Drain: time.Hour})
		l.send(request("stream", "subscriptions/listen", modern(map[string]any{"notifications": map[string]any{"toolsListChanged": true}})))
		require.Equal(t, "notifications/subscriptions/acknowledged", l.next().Method)
		require.NoError(t, l.in.Close())
		require.Equal(t, `"stream"`, string(l.next().ID), "the stream ends with its result")
		l.endsWithin(time.Second)
	})
	t.Run("when told to stop", func(t *testing.T) {
		f := newFixture()
		l := start(t, f.options(), server.StdioOptions{})
		l.send(call(1, "wait", nil))
		receive(t, f.started, "the call to start")
		l.stop()
		l.endsWithin(time.Second)
	})
}

func TestStdioCallsCarryTheGivenIdentity(t *testing.T) {
	key, err := client.NewKey("phx_of_this_process")
	require.NoError(t, err)
	answers := pipe(t, newFixture().options(), server.StdioOptions{Identity: identity.FromEnvironment(key)}, call(1, "caller", nil))
	require.Equal(t, key.Fingerprint(), answers[0].text())
}

func TestStdioAnswersARequestAtTheLimitAndRefusesOneAbove(t *testing.T) {
	line := call(1, "echo", map[string]any{"text": "x"})
	for _, c := range []struct {
		limit   int
		refused bool
	}{{len(line), false}, {len(line) - 1, true}} {
		answers := pipe(t, newFixture().options(), server.StdioOptions{MaxLine: c.limit}, line)
		require.Len(t, answers, 1)
		require.Equal(t, json.RawMessage("1"), answers[0].ID)
		require.Equal(t, c.refused, answers[0].Error != nil, "limit %d, line %d", c.limit, len(line))
	}
}

// What a client answers to a request that nobody waits for any more is not answered in turn.
func TestALateAnswerIsDropped(t *testing.T) {
	answers := pipe(t, newFixture().options(), server.StdioOptions{},
		`{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}`,
		`{"jsonrpc":"2.0","id":1,"result":null}`,
		`{"jsonrpc":"2.0","id":"1","error":{"code":-1,"message":"no"}}`,
		`{"jsonrpc":"2.0","id":1,"result":[]}`,
		call(1, "echo", map[string]any{"text": "still here"}),
	)
	require.Len(t, answers, 1)
	require.Equal(t, "still here", answers[0].text())
}

// A request of the server's own may have the id of a client's request that is about to fail.
func TestAnOutletLeavesTheServersRequestsAlone(t *testing.T) {
	t.Parallel()
	outlet := &server.Outlet{}
	outlet.Fail(int64(1), server.Failure{Code: -32602, Text: "no"})
	question := `{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{}}`
	require.Equal(t, question, string(outlet.Pass([]byte(question))))
	require.Contains(t, string(outlet.Pass([]byte(`{"jsonrpc":"2.0","id":1,"result":{}}`))), "-32602")
}
