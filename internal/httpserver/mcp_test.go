package httpserver_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/httpserver"
)

func TestOneEndpointServesClientsOfEveryRevision(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	for _, version := range mcp.ValidProtocolVersions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c, err := mcpclient.NewStreamableHttpClient(s.url + "/mcp")
			require.NoError(t, err)
			defer c.Close()
			ctx := context.Background()
			require.NoError(t, c.Start(ctx))
			greeting, err := c.Initialize(ctx, mcp.InitializeRequest{Params: mcp.InitializeParams{
				ProtocolVersion: version, ClientInfo: mcp.Implementation{Name: "test", Version: "1"},
			}})
			require.NoError(t, err)
			require.Equal(t, "fixture", greeting.ServerInfo.Name)
			tools, err := c.ListTools(ctx, mcp.ListToolsRequest{})
			require.NoError(t, err)
			require.NotEmpty(t, tools.Tools)
			result, err := c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{
				Name: "echo", Arguments: map[string]any{"text": "hello"},
			}})
			require.NoError(t, err)
			require.Equal(t, "hello", result.Content[0].(mcp.TextContent).Text)
		})
	}
}

// mcp-go loses the last notification of a call in a race, more often the more clients there are.
func TestNotificationsComeBeforeTheAnswerAndNoneIsLost(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			var clients sync.WaitGroup
			for worker := range 16 {
				clients.Go(func() {
					for round := range 25 {
						token := fmt.Sprintf("%d-%d", worker, round)
						params := map[string]any{"name": "progress", "arguments": map[string]any{"token": token}}
						body, headers := request(round, "tools/call", params), map[string]string(nil)
						if era == "modern" {
							body, headers = modern(round, "tools/call", params)
						}
						_, messages := s.post(body, headers)
						if len(messages) != 4 || messages[3].text() != "done" {
							t.Errorf("call %s: got %d messages", token, len(messages))
							return
						}
						for step, m := range messages[:3] {
							if m.Params.Token != token || m.Params.Progress != float64(step+1) {
								t.Errorf("call %s: notification %d is %+v", token, step, m.Params)
							}
						}
					}
				})
			}
			clients.Wait()
		})
	}
}

// Stateless requests share mcp-go's table of running calls, keyed by an id that counts from 1 everywhere.
func TestNobodyCanCancelAnothersCall(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]map[string]string{
		"legacy": nil,
		"modern": {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "notifications/cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			s := serve(t, f.server(), httpserver.Options{})
			victim := make(chan []message, 1)
			go func() {
				_, messages := s.post(call(1, "wait", nil), nil)
				victim <- messages
			}()
			receive(t, f.started, "the call to start")
			for _, spelling := range []string{"method", "Method", "METHOD"} { // Go matches names without case
				status, _ := s.post(`{"jsonrpc":"2.0","`+spelling+`":"notifications/cancelled","params":{"requestId":1}}`, headers)
				require.Equal(t, http.StatusAccepted, status)
			}
			close(f.release)
			require.Equal(t, "released", receive(t, victim, "the answer")[0].text())
			require.Empty(t, f.ended)
		})
	}
}

func TestClosingTheRequestCancelsTheCall(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s := serve(t, f.server(), httpserver.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/mcp", strings.NewReader(call(1, "wait", nil)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	go func() {
		<-f.started
		cancel()
	}()
	_, err = http.DefaultClient.Do(r) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, receive(t, f.ended, "the call to end"), context.Canceled)
}

// A client's GET would open a stream that mcp-go files under the empty session, and all other clients'
// notifications with it.
func TestThereIsNoStreamToOverhearOthersOn(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPut, http.MethodHead} {
		for _, session := range []string{"", "made-up"} {
			answer, _ := s.send(method, "/mcp", "", map[string]string{"Mcp-Session-Id": session, "Accept": "text/event-stream"})
			require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, method)
			require.Contains(t, answer.Header.Get("Allow"), "POST")
		}
	}
}

func TestAModernRequestIgnoresLastEventID(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	body, headers := modern(1, "tools/list", map[string]any{})
	headers["Last-Event-ID"] = "7"
	status, messages := s.post(body, headers)
	require.Equal(t, http.StatusOK, status)
	require.Nil(t, messages[0].Error)
}

// mcp-go files a request under any session id it is sent, also under another client's or transport's.
func TestASessionNobodyOpenedIsIgnored(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	_, messages := s.post(call(1, "session", nil), map[string]string{"Mcp-Session-Id": "stdio"})
	require.Equal(t, "session ", messages[0].text())
}

func TestBodiesThatAreNoMessage(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	for _, c := range []struct {
		name, body, says string
		status           int
	}{
		{"2 MiB", call(1, "echo", map[string]any{"text": strings.Repeat("x", 2<<20)}), "too large", http.StatusRequestEntityTooLarge},
		{"no JSON", `{"jsonrpc"`, "not valid JSON", http.StatusBadRequest},
		{"invalid UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", "UTF-8", http.StatusBadRequest},
		{"empty", "", "not valid JSON", http.StatusBadRequest},
		{"batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, "batch", http.StatusBadRequest},
		{"null id", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, "string or an integer", http.StatusBadRequest},
		{"id beyond 2^53", `{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`, "2^53", http.StatusBadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			status, messages := s.post(c.body, nil)
			require.Equal(t, c.status, status)
			require.Contains(t, messages[0].Error.Message, c.says)
		})
	}
}

func TestAPanicIsAResultInOurWords(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	status, messages := s.post(call(1, "panic", nil), nil)
	require.Equal(t, http.StatusOK, status)
	require.True(t, messages[0].Result.IsError)
	require.NotContains(t, messages[0].text(), "canary")
}

// The protocol asks for the URI in data, and for another code per era; mcp-go lets no handler choose.
func TestAMissingResourceNamesItsURI(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{})
	for _, uri := range []string{"test://things/7", "test://unknown"} {
		status, messages := s.post(request(1, "resources/read", map[string]any{"uri": uri}), nil)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, -32002, messages[0].Error.Code)
		require.Equal(t, uri, messages[0].Error.Data["uri"])
		require.Contains(t, messages[0].Error.Message, uri)

		body, headers := modern(2, "resources/read", map[string]any{"uri": uri})
		status, messages = s.post(body, headers)
		require.Equal(t, http.StatusBadRequest, status)
		require.Equal(t, -32602, messages[0].Error.Code)
		require.Equal(t, uri, messages[0].Error.Data["uri"])
	}
}

func TestTwoHundredCallsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s := serve(t, f.server(), httpserver.Options{})
	var calls sync.WaitGroup
	for id := range 200 {
		calls.Go(func() {
			_, messages := s.post(call(id, "wait", nil), nil)
			if len(messages) != 1 || messages[0].text() != "released" || string(messages[0].ID) != fmt.Sprint(id) {
				t.Errorf("call %d: got %+v", id, messages)
			}
		})
	}
	for range 200 {
		receive(t, f.started, "200 calls to run at once")
	}
	close(f.release)
	calls.Wait()
}

// A listen stream never ends by itself, and mcp-go's Shutdown would wait for it.
func TestShutdownEndsStreamsAndLetsCallsFinish(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s := serve(t, f.server(), httpserver.Options{SSE: true})

	body, headers := modern("stream", "subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}})
	answer := s.open(http.MethodPost, "/mcp", body, headers)
	require.Equal(t, "no", answer.Header.Get("X-Accel-Buffering"))
	listen := newEventStream(t, answer)
	require.Equal(t, "notifications/subscriptions/acknowledged", listen.message().Method)
	sse := newEventStream(t, s.open(http.MethodGet, "/sse", "", nil))
	_, open := sse.data()
	require.True(t, open)

	inFlight := make(chan []message, 1)
	go func() {
		_, messages := s.post(call(1, "wait", nil), nil)
		inFlight <- messages
	}()
	receive(t, f.started, "the call to start")
	s.stop()
	for _, stream := range []*eventStream{listen, sse} {
		_, open = stream.data()
		require.False(t, open, "the stream ends while the call still runs")
	}
	require.Empty(t, s.ended)
	close(f.release)
	require.Equal(t, "released", receive(t, inFlight, "the answer")[0].text())
	s.endsWithin(5 * time.Second)
}

func TestShutdownLeavesBehindACallThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	f := newFixture()
	s := serve(t, f.server(), httpserver.Options{Drain: time.Millisecond})
	go func() { _, _ = http.Post(s.url+"/mcp", "application/json", strings.NewReader(call(1, "wait", nil))) }() //nolint:bodyclose // cut off
	receive(t, f.started, "the call to start")
	s.stop()
	s.endsWithin(5 * time.Second)
	require.Error(t, receive(t, f.ended, "the call to be cancelled with its connection"))
}

func TestASilentStreamIsKeptAlive(t *testing.T) {
	t.Parallel()
	s := serve(t, newFixture().server(), httpserver.Options{SSE: true, KeepAlive: time.Millisecond})
	body, headers := modern("stream", "subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}})
	for name, answer := range map[string]*http.Response{
		"listen": s.open(http.MethodPost, "/mcp", body, headers),
		"sse":    s.open(http.MethodGet, "/sse", "", nil),
	} {
		stream := newEventStream(t, answer)
		comments := 0
		for comments < 2 && stream.scan.Scan() {
			if strings.HasPrefix(stream.scan.Text(), ":") {
				comments++
			}
		}
		require.Equal(t, 2, comments, name)
	}
}
