package e2e

import (
	"context"
	"os"
	"os/exec"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// caller makes one tool call and returns its result, whatever it says.
type caller func(t *testing.T, tool string, arguments object) gjson.Result

// ways are the transports and eras in which a client can reach the program on its sandbox. Each way starts a
// fresh program.
var ways = []struct {
	name  string
	start func(t *testing.T) caller
}{
	{"stdio, legacy client", func(t *testing.T) caller { return callerOf(stdioClient(t, nil, "--sandbox")) }},
	{"http, legacy client", func(t *testing.T) caller {
		_, origin := serve(t, nil, "--sandbox")
		return callerOf(httpClient(t, origin))
	}},
	{"sse, legacy client", func(t *testing.T) caller {
		_, origin := serve(t, nil, "--sandbox", "--sse")
		return callerOf(sseClient(t, origin))
	}},
	{"stdio, 2026-07-28", func(t *testing.T) caller {
		p := run(t, nil, "--sandbox")
		id := 0
		return func(t *testing.T, tool string, arguments object) gjson.Result {
			id++
			return p.ask(call(modern, id, tool, arguments)).Get("result")
		}
	}},
	{"http, 2026-07-28", func(t *testing.T) caller {
		_, origin := serve(t, nil, "--sandbox")
		return func(t *testing.T, tool string, arguments object) gjson.Result {
			return post(t, origin+"/mcp", call(modern, 1, tool, arguments)).body.Get("result")
		}
	}},
}

// callerOf calls through a client of mcp-go.
func callerOf(c *mcpclient.Client) caller {
	return func(t *testing.T, tool string, arguments object) gjson.Result {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		result, err := c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: arguments}})
		require.NoError(t, err, tool)
		return gjson.ParseBytes(encode(t, result))
	}
}

// stdioClient starts the program and connects a client of mcp-go to it.
func stdioClient(t *testing.T, environment []string, arguments ...string) *mcpclient.Client {
	t.Helper()
	errs := newLockedBuffer()
	stdio := transport.NewStdioWithOptions(binary, environment, arguments, transport.WithCommandFunc(
		func(_ context.Context, command string, environment, arguments []string) (*exec.Cmd, error) {
			cmd := exec.Command(command, arguments...) // it ends with its input, not with the test's context
			cmd.Env, cmd.Stderr = append(os.Environ(), environment...), errs
			return cmd, nil
		}))
	t.Cleanup(func() { require.NotContains(t, errs.String(), "DATA RACE") }) // after the client has closed it
	return connected(t, stdio)
}

// httpClient connects a client of mcp-go to a running server, with headers in pairs.
func httpClient(t *testing.T, origin string, headers ...string) *mcpclient.Client {
	t.Helper()
	with := map[string]string{}
	for i := 0; i < len(headers); i += 2 {
		with[headers[i]] = headers[i+1]
	}
	streamable, err := transport.NewStreamableHTTP(origin+"/mcp", transport.WithHTTPHeaders(with))
	require.NoError(t, err)
	return connected(t, streamable)
}

func sseClient(t *testing.T, origin string) *mcpclient.Client {
	t.Helper()
	sse, err := transport.NewSSE(origin + "/sse")
	require.NoError(t, err)
	return connected(t, sse)
}

// connected shakes hands in the legacy era.
func connected(t *testing.T, over transport.Interface, options ...mcpclient.ClientOption) *mcpclient.Client {
	t.Helper()
	c := mcpclient.NewClient(over, append(options, mcpclient.WithProtocolVersion(legacy))...)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { _ = c.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	hello, err := c.Initialize(ctx, mcp.InitializeRequest{Params: mcp.InitializeParams{
		ProtocolVersion: legacy, ClientInfo: mcp.Implementation{Name: "e2e", Version: "1"},
	}})
	require.NoError(t, err)
	require.Equal(t, legacy, hello.ProtocolVersion)
	require.Equal(t, name, hello.ServerInfo.Name)
	return c
}

// ok checks that a result is no error and says the same in its text and in its structured content, which it
// returns.
func ok(t *testing.T, result gjson.Result) gjson.Result {
	t.Helper()
	text := result.Get("content.0.text").String()
	require.False(t, result.Get("isError").Bool(), text)
	require.True(t, result.Get("structuredContent").IsObject(), result.Raw)
	require.JSONEq(t, text, result.Get("structuredContent").Raw)
	return result.Get("structuredContent")
}

// refused checks that a result is an error and returns its text.
func refused(t *testing.T, result gjson.Result) string {
	t.Helper()
	require.True(t, result.Get("isError").Bool(), result.Raw)
	return result.Get("content.0.text").String()
}
