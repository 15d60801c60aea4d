package jobs_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	_ "modernc.org/sqlite" // the journal's driver

	"posthog-accounts-mcp/bench/jobs/thin"
	"posthog-accounts-mcp/bench/stage"
	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/tools"
)

type object = map[string]any

// A side is a way to work with PostHog: a sandbox of its own, and servers over it.
type side struct {
	*reader
	product bool // it is this server
	serve   func(upstream *stage.Counting) (*mcpserver.MCPServer, error)
	script  func(job) script
	counted map[string]int // tokens by text
	friday  time.Time      // see whatChanged
}

// ours is this server with a journal, as it comes.
func ours(r *reader) *side {
	path := filepath.Join(r.TempDir(), "journal.db")
	ledger := tools.NewLedger(func(ctx context.Context) (*journal.Journal, error) { return journal.Open(ctx, path) })
	r.Cleanup(func() { _ = ledger.Close() })
	return &side{reader: r, product: true, counted: map[string]int{}, script: func(j job) script { return j.ours }, serve: func(upstream *stage.Counting) (*mcpserver.MCPServer, error) {
		server, _, err := stage.Product(upstream, tools.WithJournal(ledger))
		return server, err
	}}
}

// thinly is the API one to one, in the hands of an agent that knows its traps, or of one that does not.
func thinly(r *reader, script func(job) script) *side {
	return &side{reader: r, counted: map[string]int{}, script: script, serve: func(upstream *stage.Counting) (*mcpserver.MCPServer, error) {
		return thin.Server(thin.PostHog{Transport: upstream, Origin: stage.Origin, Key: sandbox.DefaultKey, Project: sandbox.ProjectID}), nil
	}}
}

// cost is what a job took.
type cost struct {
	calls    int
	requests int64
	tokens   int // of the arguments and the results, each once
	took     time.Duration
}

func (c cost) plus(other cost) cost {
	return cost{c.calls + other.calls, c.requests + other.requests, c.tokens + other.tokens, c.took + other.took}
}

// A session is one conversation with a server that was just started. What it costs is counted.
type session struct {
	testing.TB
	side     *side
	client   *mcpclient.Client
	ctx      context.Context
	upstream *stage.Counting
	spent    cost
	heard    []string // all results so far
	wanted   answer   // what a briefing is searched for, see told
}

// converse starts a server and a conversation with it.
func (s *side) converse(t testing.TB) *session {
	t.Helper()
	upstream := &stage.Counting{Next: s.watch()}
	server, err := s.serve(upstream)
	require.NoError(t, err)
	c, err := mcpclient.NewInProcessClient(server)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	key, err := client.NewKey(sandbox.DefaultKey)
	require.NoError(t, err)
	ctx := identity.With(context.Background(), identity.FromEnvironment(key))
	require.NoError(t, c.Start(ctx))
	_, err = c.Initialize(ctx, mcp.InitializeRequest{})
	require.NoError(t, err)
	return &session{TB: t, side: s, client: c, ctx: ctx, upstream: upstream}
}

// try makes a call, which may be refused.
func (s *session) try(tool string, arguments object) (answer string, refused bool) {
	s.Helper()
	before, start := s.upstream.Requests(), time.Now()
	result, err := s.client.CallTool(s.ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: arguments}})
	took := time.Since(start)
	require.NoError(s, err)
	answer = result.Content[0].(mcp.TextContent).Text
	encoded, err := json.Marshal(arguments)
	require.NoError(s, err)
	s.spent = s.spent.plus(cost{1, s.upstream.Requests() - before, s.tokens(string(encoded)) + s.tokens(answer), took})
	s.heard = append(s.heard, answer)
	return answer, result.IsError
}

// tokens counts a text once: the one to one side reads the same pages over and over.
func (s *session) tokens(text string) int {
	s.Helper()
	n, counted := s.side.counted[text]
	if !counted {
		var err error
		n, err = stage.Tokens(text)
		require.NoError(s, err)
		s.side.counted[text] = n
	}
	return n
}

// call makes a call that succeeds.
func (s *session) call(tool string, arguments object) gjson.Result {
	s.Helper()
	answer, refused := s.try(tool, arguments)
	require.False(s, refused, "%s %v: %s", tool, arguments, answer)
	return gjson.Parse(answer)
}

// rows makes a call, and those for the pages that follow.
func (s *session) rows(tool string, arguments object) []gjson.Result {
	s.Helper()
	page := s.call(tool, arguments)
	rows := page.Get("rows").Array()
	for page.Get("next_cursor").String() != "" {
		arguments["cursor"] = page.Get("next_cursor").String()
		page = s.call(tool, arguments)
		rows = append(rows, page.Get("rows").Array()...)
	}
	return rows
}

// glance is room for the beginning of a plan: its counts, what is the same in all rows, and some of them.
const glance = 600

// applied carries a plan out, and says of how many rows it was told that they are done.
func (s *session) applied(arguments object) int {
	s.Helper()
	plan := s.call("plan_changes", arguments)
	return int(s.call("apply_plan", object{"plan": plan.Get("plan").String(), "confirmation": plan.Get("confirmation").String()}).Get("applied").Int())
}

// confirmed makes a call that previews first, and agrees.
func (s *session) confirmed(tool string, arguments object) gjson.Result {
	s.Helper()
	preview := s.call(tool, arguments)
	arguments["confirmation"] = preview.Get("confirmation").String()
	return s.call(tool, arguments)
}

// pages reads every page of a list of the API, 100 rows at a time.
func (s *session) pages(tool string, arguments object) []gjson.Result {
	s.Helper()
	arguments["limit"] = 100
	page := s.call(tool, arguments)
	rows := page.Get("results").Array()
	for page.Get("next").String() != "" {
		arguments["offset"] = len(rows)
		page = s.call(tool, arguments)
		rows = append(rows, page.Get("results").Array()...)
	}
	return rows
}
