package rpc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/internal/server/rpc"
)

func TestParseTellsWhatAMessageIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want rpc.Message
	}{
		{`{"jsonrpc":"2.0","id":1,"method":"ping"}`, rpc.Message{Kind: rpc.Request, Method: "ping", ID: raw(`1`)}},
		{`{"jsonrpc":"2.0","id":"a","method":"ping"}`, rpc.Message{Kind: rpc.Request, Method: "ping", ID: raw(`"a"`)}},
		{`{"jsonrpc":"2.0","id":-9007199254740991,"method":"ping"}`, rpc.Message{Kind: rpc.Request, Method: "ping", ID: raw(`-9007199254740991`)}},
		{`{"jsonrpc":"2.0","id":1,"method":"ping","result":null}`, rpc.Message{Kind: rpc.Request, Method: "ping", ID: raw(`1`)}},
		{`{"jsonrpc":"2.0","method":"notifications/initialized"}`, rpc.Message{Kind: rpc.Notification, Method: "notifications/initialized"}},
		{`{"jsonrpc":"2.0","id":1,"result":{}}`, rpc.Message{Kind: rpc.Response, ID: raw(`1`)}},
		{`{"jsonrpc":"2.0","id":1,"error":{"code":1}}`, rpc.Message{Kind: rpc.Response, ID: raw(`1`)}},
		{`{"method":"notifications/cancelled","params":{"requestId":"x"}}`,
			rpc.Message{Kind: rpc.Notification, Method: "notifications/cancelled", Cancels: raw(`"x"`)}},
		// mcp-go matches names without case and lets the last of two win: so must the check in front of it.
		{`{"METHOD":"notifications/cancelled"}`, rpc.Message{Kind: rpc.Notification, Method: "notifications/cancelled"}},
		{`{"method":"tools/list","Method":"notifications/cancelled"}`, rpc.Message{Kind: rpc.Notification, Method: "notifications/cancelled"}},
	} {
		got, err := rpc.Parse([]byte(c.text))
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, got, c.text)
	}
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

// Whatever arrives, the answer to it is JSON-RPC, and the two readers of a message agree on what it is.
func TestParseAgreesWithMCPGo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(rapid.OneOf(
			rapid.String(),
			rapid.Custom(func(t *rapid.T) string {
				name := rapid.SampledFrom([]string{"id", "ID", "method", "Method", "result", "error", "params", "x"})
				value := rapid.SampledFrom([]string{`1`, `"a"`, `null`, `{}`, `[]`, `1.5`, `1e3`, `1e300`, `true`, `"notifications/cancelled"`})
				text := `{"jsonrpc":"2.0"`
				for range rapid.IntRange(0, 5).Draw(t, "members") {
					text += fmt.Sprintf(`,%q:%s`, name.Draw(t, "name"), value.Draw(t, "value"))
				}
				return text + rapid.SampledFrom([]string{"}", "", "}}", " } "}).Draw(t, "end")
			}),
		).Draw(t, "data"))

		message, err := rpc.Parse(data)
		if err != nil {
			var refusal *rpc.Error
			if !errors.As(err, &refusal) || !json.Valid(refusal.Response()) {
				t.Fatalf("%q is refused with %v", data, err)
			}
			return
		}
		var theirs struct { // as HandleMessage declares it
			Method string `json:"method"`
			ID     any    `json:"id,omitempty"`
			Result any    `json:"result,omitempty"`
		}
		if err := json.Unmarshal(data, &theirs); err != nil {
			t.Fatalf("%q is let through, but mcp-go cannot read it: %v", data, err)
		}
		if theirs.Method != message.Method {
			t.Fatalf("%q: mcp-go reads the method %q, we read %q", data, theirs.Method, message.Method)
		}
		if isRequest := message.Kind == rpc.Request; isRequest && (theirs.ID == nil || theirs.Result != nil) {
			t.Fatalf("%q: mcp-go would not answer this request", data)
		}
		if message.Kind == rpc.Notification && theirs.ID != nil {
			t.Fatalf("%q: mcp-go would answer this notification", data)
		}
	})
}

// A request and its answer meet under one key, although mcp-go decodes the id to a float64 in between.
func TestKeySurvivesMCPGo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(
			rapid.Map(rapid.Int64Range(-(1<<53)+1, 1<<53-1), func(n int64) any { return n }),
			rapid.Map(rapid.String(), func(s string) any { return s }),
		).Draw(t, "id")
		sent, err := json.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(sent, &decoded); err != nil {
			t.Fatal(err)
		}
		echoed, err := json.Marshal(mcp.NewRequestId(decoded))
		if err != nil {
			t.Fatal(err)
		}
		if rpc.Key(sent) == "" || rpc.Key(sent) != rpc.Key(echoed) || rpc.Key(sent) != rpc.KeyOf(decoded) {
			t.Fatalf("sent %s (%s), echoed %s (%s), decoded %s", sent, rpc.Key(sent), echoed, rpc.Key(echoed), rpc.KeyOf(decoded))
		}
	})
}

func TestATextIDAndANumberNeverMeet(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, rpc.Key(raw(`1`)), rpc.Key(raw(`"1"`)))
	require.Equal(t, rpc.Key(raw(`1`)), rpc.Key(raw(`1.0`)))
	for _, none := range []string{``, `null`, `{}`, `[1]`, `oops`} {
		require.Empty(t, rpc.Key(raw(none)))
	}
}

func TestErrorResponseIsAlwaysJSON(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, `{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no","data":{"uri":"x"}}}`,
		string(rpc.ErrorResponse(raw(`7`), -1, "no", map[string]any{"uri": "x"})))
	require.JSONEq(t, `{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"no"}}`,
		string(rpc.ErrorResponse(raw(`{broken`), -1, "no", map[string]any{"x": make(chan int)})))
}
