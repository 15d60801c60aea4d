package e2e

import (
	"context"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// victim is an account of the seeded portfolio that these tests try to delete.
const victim = "mistral-mobility"

// asking makes a call of a client that shows forms: in the modern era it says so with each request.
func asking(id any, tool string, arguments object, further object) object {
	message := call(modern, id, tool, arguments)
	params := message["params"].(object)
	params["_meta"].(object)["io.modelcontextprotocol/clientCapabilities"] = object{"elicitation": object{"form": object{}}}
	for key, value := range further {
		params[key] = value
	}
	return message
}

// answering is a person's answer to a question.
func answering(state, action string) object {
	answer := object{"action": action}
	if action == "accept" {
		answer["content"] = object{"go_ahead": true}
	}
	return object{"requestState": state, "inputResponses": object{"confirmation": answer}}
}

// TestAskedByResult: a 2026-07-28 client gets the question as the result, over every transport.
func TestAskedByResult(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name  string
		start func(t *testing.T) func(message object) gjson.Result
	}{
		{"stdio", func(t *testing.T) func(object) gjson.Result { return run(t, nil, "--sandbox").ask }},
		{"http", func(t *testing.T) func(object) gjson.Result {
			_, origin := serve(t, nil, "--sandbox")
			return func(message object) gjson.Result { return post(t, origin+"/mcp", message).body }
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			send := way.start(t)
			there := func() bool {
				return !send(call(modern, "look", "get_account", object{"account": victim})).Get("result.isError").Bool()
			}
			arguments := object{"account": victim}
			question := send(asking(1, "delete_account", arguments, nil)).Get("result")
			require.Equal(t, "input_required", question.Get("resultType").String(), question.Raw)
			require.Contains(t, question.Get("inputRequests.confirmation.params.message").String(), "Mistral Mobility")
			require.NotContains(t, question.Raw, "expires_at")
			state := question.Get("requestState").String()

			for _, no := range []string{"decline", "cancel"} {
				undone := ok(t, send(asking(2, "delete_account", arguments, answering(state, no))).Get("result"))
				require.Contains(t, undone.Get("note").String(), "Nothing has been done", no)
			}
			refused(t, send(asking(3, "delete_account", arguments, answering(altered(state), "accept"))).Get("result"))
			refused(t, send(asking(4, "delete_account", object{"account": "acme-robotics"}, answering(state, "accept"))).Get("result"))
			require.True(t, there())

			done := ok(t, send(asking(5, "delete_account", arguments, answering(state, "accept"))).Get("result"))
			require.Equal(t, "applied", done.Get("outcome").String())
			require.False(t, there())
			refused(t, send(asking(6, "delete_account", arguments, answering(state, "accept"))).Get("result"))
		})
	}
}

// altered is a state with another last letter.
func altered(state string) string {
	other := "x"
	if strings.HasSuffix(state, other) {
		other = "y"
	}
	return state[:len(state)-1] + other
}

// handler answers the questions that mcp-go's client is asked.
type handler func() (*mcp.ElicitationResult, error)

// Elicit gives the answer.
func (h handler) Elicit(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return h()
}

// TestLegacyHTTPIsNeverAsked: without sessions an answer finds no way back, so a client that declares it can
// be asked gets a preview at once, with which it can go on.
func TestLegacyHTTPIsNeverAsked(t *testing.T) {
	t.Parallel()
	_, origin := serve(t, nil, "--sandbox", "--sse")
	http, err := transport.NewStreamableHTTP(origin + "/mcp")
	require.NoError(t, err)
	sse, err := transport.NewSSE(origin + "/sse")
	require.NoError(t, err)
	for account, over := range map[string]transport.Interface{"mistral-mobility": http, "acme-robotics": sse} {
		asked := false
		do := callerOf(connected(t, over, mcpclient.WithElicitationHandler(handler(func() (*mcp.ElicitationResult, error) {
			asked = true
			return nil, context.Canceled
		}))))
		twice(t, func(tool string, arguments object) gjson.Result { return ok(t, do(t, tool, arguments)) }, "delete_account", object{"account": account})
		require.False(t, asked)
	}
}

// TestWithoutConfirmation: what an operator switched off is off, and said.
func TestWithoutConfirmation(t *testing.T) {
	t.Parallel()
	do := callerOf(stdioClient(t, []string{"POSTHOG_MCP_CONFIRM=accounts:never"}, "--sandbox"))
	done := ok(t, do(t, "delete_account", object{"account": victim}))
	require.Equal(t, "applied", done.Get("outcome").String())
	require.Contains(t, done.Get("note").String(), "the operator of this server switched that off")
	note := ok(t, do(t, "delete_notebook", object{"account": "acme-robotics", "notebook": "latest"}))
	require.NotEmpty(t, note.Get("confirmation").String(), "other toolsets still ask")
}

// TestOfficialClientsAsk: both generations of the official SDK show the form to their person and pass on what
// they say, in each era.
func TestOfficialClientsAsk(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"sdk", "legacy", "auto", "pin"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "ok", node(t, "ts/confirm.mjs", mode, "stdio", binary))
		})
	}
	t.Run("pin over http", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "ok", node(t, "ts/confirm.mjs", "pin", "http", target(t, "http")))
	})
}
