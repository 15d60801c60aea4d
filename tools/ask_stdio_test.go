package tools_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/server"
)

// person answers the forms of a client.
type person func(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error)

// Elicit lets a person be mcp-go's handler.
func (p person) Elicit(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return p(ctx, request)
}

// says is a person who gives one answer.
func says(action mcp.ElicitationResponseAction, content any) person {
	return func(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
		return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: action, Content: content}}, nil
	}
}

var saysYes = says(mcp.ElicitationResponseActionAccept, object{"go_ahead": true})

// stdioTurn: mcp-go has one stdio session in a process, so tests take turns.
var stdioTurn sync.Mutex

// line is a house served over stdio, and what it wrote there.
type line struct {
	in    *io.PipeWriter
	out   io.Reader
	ended chan error
	mu    sync.Mutex
	wrote bytes.Buffer
}

func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrote.Write(p)
}

func (l *line) written() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrote.String()
}

// overStdio serves a house on a pair of pipes until the test ends.
func (h *house) overStdio(wait time.Duration) *line {
	h.Helper()
	stdioTurn.Lock()
	h.Cleanup(stdioTurn.Unlock)
	key, err := client.NewKey(h.key)
	require.NoError(h, err)
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	l := &line{in: inWrite, ended: make(chan error, 1)}
	l.out = io.TeeReader(outRead, l)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		l.ended <- server.ServeStdio(ctx, h.server, inRead, outWrite, server.StdioOptions{
			Identity: identity.FromEnvironment(key), Patience: wait,
		})
		_ = outWrite.Close()
		close(l.ended)
	}()
	h.Cleanup(func() {
		stop()
		_ = inWrite.Close()
		for range l.ended { // until it is closed
		}
	})
	return l
}

// patience is for what should come at once. It only runs out in a failing test.
const patience = 30 * time.Second

// clientOf connects mcp-go's own client, with a person in front of it.
func clientOf(t *testing.T, l *line, version string, p person) *mcpclient.Client {
	t.Helper()
	over := transport.NewIO(l.out, l.in, io.NopCloser(strings.NewReader("")))
	c := mcpclient.NewClient(over, mcpclient.WithProtocolVersion(version), mcpclient.WithElicitationHandler(p))
	require.NoError(t, c.Start(context.Background()))
	_, err := c.Initialize(t.Context(), mcp.InitializeRequest{Params: mcp.InitializeParams{
		ProtocolVersion: version, ClientInfo: mcp.Implementation{Name: "test", Version: "1"},
	}})
	require.NoError(t, err)
	return c
}

func callOver(t *testing.T, c *mcpclient.Client, tool string, arguments object) (gjson.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result, err := c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: arguments}})
	if err != nil {
		return gjson.Result{}, err
	}
	encoded, err := json.Marshal(result)
	require.NoError(t, err)
	return gjson.ParseBytes(encoded), nil
}

const legacyVersion, modernVersion = "2025-11-25", "2026-07-28"

// A client of another's making, in both eras, with a person who says yes or no.
func TestAClientThatAsksOverStdio(t *testing.T) {
	for _, version := range []string{legacyVersion, modernVersion} {
		for tool, arguments := range irreversible() {
			for name, no := range map[string]person{
				"declines": says(mcp.ElicitationResponseActionDecline, nil),
				"cancels":  says(mcp.ElicitationResponseActionCancel, nil),
				"unticked": says(mcp.ElicitationResponseActionAccept, object{"go_ahead": false}),
			} {
				t.Run(version+" "+tool+" "+name, func(t *testing.T) {
					h := open(t, setup{})
					result, err := callOver(t, clientOf(t, h.overStdio(patience), version, no), tool, arguments)
					require.NoError(t, err)
					h.requireUndone(tool, result)
				})
			}
			t.Run(version+" "+tool+" agrees", func(t *testing.T) {
				h := open(t, setup{})
				var read string
				c := clientOf(t, h.overStdio(patience), version, func(ctx context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
					read = r.Params.Message
					return saysYes(ctx, r)
				})
				result, err := callOver(t, c, tool, arguments)
				require.NoError(t, err)
				require.Equal(t, "applied", result.Get("structuredContent.outcome").String(), result.Raw)
				require.Len(t, h.writes(), 1)
				require.Contains(t, read, "cannot be undone")
			})
		}
	}
}

// A person takes their time; what changed meanwhile is not what they agreed to.
func TestChangedWhileTheQuestionWasOpen(t *testing.T) {
	for tool, change := range changes() {
		t.Run(tool, func(t *testing.T) {
			h := open(t, setup{})
			c := clientOf(t, h.overStdio(patience), legacyVersion, func(ctx context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
				change(h)
				return saysYes(ctx, r)
			})
			result, err := callOver(t, c, tool, irreversible()[tool])
			require.NoError(t, err)
			requireRefusal(t, result, tool)
			require.Contains(t, textOf(result), "has changed since")
			require.Empty(t, h.writes())
		})
	}
}

// A client that declares forms and says that it cannot show them: nothing is
// done, and the preview says how to go on.
func TestAClientThatCannotAsk(t *testing.T) {
	fails := person(func(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
		return nil, errors.New("no window to show it in")
	})
	t.Run("error", func(t *testing.T) {
		h := open(t, setup{})
		c := clientOf(t, h.overStdio(patience), legacyVersion, fails)
		for tool, arguments := range irreversible() {
			result, err := callOver(t, c, tool, arguments)
			require.NoError(t, err)
			h.requireIssued(tool, result)
			require.Contains(t, result.Get("structuredContent.note").String(), "could not ask the user")
			confirmed := with(arguments, "confirmation", result.Get("structuredContent.confirmation").String())
			result, err = callOver(t, c, tool, confirmed)
			require.NoError(t, err)
			require.Equal(t, "applied", result.Get("structuredContent.outcome").String(), result.Raw)
			require.Len(t, h.writes(), 1)
		}
	})
	t.Run("an answer that is none", func(t *testing.T) {
		h := open(t, setup{})
		c := clientOf(t, h.overStdio(patience), legacyVersion, says("perhaps", nil))
		for tool, arguments := range irreversible() {
			result, err := callOver(t, c, tool, arguments)
			require.NoError(t, err)
			h.requireUndone(tool, result)
		}
	})
	t.Run("error in the modern era", func(t *testing.T) {
		h := open(t, setup{})
		_, err := callOver(t, clientOf(t, h.overStdio(patience), modernVersion, fails), "delete_account", irreversible()["delete_account"])
		require.ErrorContains(t, err, "no window", "the client keeps this to itself")
		require.Empty(t, h.writes())
	})
}

// Nobody sits there: the call ends by itself, nothing is done, and there is no
// confirmation with which it could be done without them. An answer that comes
// too late does nothing and disturbs nothing.
func TestNobodyAnswers(t *testing.T) {
	h := open(t, setup{})
	l := h.overStdio(time.Millisecond)
	late := make(chan struct{})
	c := clientOf(t, l, legacyVersion, func(ctx context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
		<-late
		return saysYes(ctx, r)
	})
	for tool, arguments := range irreversible() {
		result, err := callOver(t, c, tool, arguments)
		require.NoError(t, err)
		h.requireUndone(tool, result)
		require.Contains(t, result.Get("structuredContent.note").String(), "nobody answered")
	}
	close(late)
	for range 20 {
		result, err := callOver(t, c, "list_accounts", object{"limit": 1})
		require.NoError(t, err)
		require.False(t, result.Get("isError").Bool())
	}
	require.Empty(t, h.writes())
	require.NotContains(t, l.written(), `"error"`, "a late answer is no request to complain about")
}

// A client that hangs up leaves no call behind that waits for a person.
func TestHangingUpEndsTheQuestion(t *testing.T) {
	h := open(t, setup{})
	l := h.overStdio(time.Hour)
	out := bufio.NewScanner(l.out)
	out.Buffer(nil, 1<<20)
	next := func() gjson.Result {
		require.True(t, out.Scan(), "the server ended")
		return gjson.ParseBytes(out.Bytes())
	}
	send := func(method string, params object) {
		encoded, err := json.Marshal(object{"jsonrpc": "2.0", "id": method, "method": method, "params": params})
		require.NoError(t, err)
		_, err = l.in.Write(append(encoded, '\n'))
		require.NoError(t, err)
	}
	send("initialize", object{"protocolVersion": legacyVersion, "capabilities": forms, "clientInfo": object{"name": "test", "version": "1"}})
	require.Equal(t, "initialize", next().Get("id").String())
	send("tools/call", object{"name": "delete_account", "arguments": irreversible()["delete_account"]})
	require.Equal(t, "elicitation/create", next().Get("method").String())
	require.NoError(t, l.in.Close())
	h.requireUndone("delete_account", next().Get("result"))
	select {
	case err := <-l.ended:
		require.NoError(t, err)
	case <-time.After(patience):
		require.FailNow(t, "the server waits for a person who has gone")
	}
}
