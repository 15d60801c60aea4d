// Package config is the command line and the environment: one table of
// options, from which parsing, help and the documentation follow.
package config

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/tools"
)

// Name is the program's name.
const Name = "posthog-accounts-mcp"

// Command line. Flags beat the environment. The PostHog key is in neither: see
// PostHog.
type commandLine struct {
	Serve   Serve    `cmd:"" default:"withargs" help:"Serve MCP over stdio, or over HTTP with --http (the default command)."`
	Call    Call     `cmd:"" help:"Make one tool call through the whole MCP path and print the result for a person."`
	Journal Journal  `cmd:"" help:"Show how much is on record, or remove what is old. Needs no key."`
	Sandbox Sandbox  `cmd:"" help:"Run only the PostHog look-alike, as an HTTP server for other programs."`
	Version struct{} `cmd:"" help:"Print the version."`
}

// Server are the options of everything that serves or calls tools.
type Server struct {
	Sandbox     bool            `help:"Use the embedded PostHog look-alike instead of PostHog; needs no key." env:"POSTHOG_MCP_SANDBOX"`
	Profile     sandbox.Profile `help:"Which PostHog generation the sandbox imitates: ${enum}." enum:"documented,current" default:"documented" env:"POSTHOG_MCP_PROFILE"`
	ReadOnly    bool            `help:"List no tool that changes anything, and send PostHog no write." env:"POSTHOG_MCP_READ_ONLY"`
	Toolsets    []string        `help:"Comma-separated toolsets to list: accounts, notebooks, properties, persons, portfolio, journal (default all)." env:"POSTHOG_MCP_TOOLSETS"`
	Project     string          `help:"Pin the project: only this one is used, and tools no longer ask for it." placeholder:"ID" env:"POSTHOG_PROJECT_ID,POSTHOG_MCP_PROJECT"`
	Confirm     string          `help:"Confirmation of what deletes or splits for good: ask, or never for a bot that nobody sits in front of; per toolset as accounts:never,persons:ask (default ask)." placeholder:"WHEN" env:"POSTHOG_MCP_CONFIRM"`
	AllowFields []string        `help:"Comma-separated names of fields that may be written, no others: fields of accounts, custom properties and properties of persons; * at the end stands for any rest, accounts:, properties: or persons: before a name for one of the three, none for no field (default all)." placeholder:"NAME" env:"POSTHOG_MCP_ALLOW_FIELDS"`
	AllowTags   []string        `help:"Comma-separated tags that may be added or taken off, no others; * at the end stands for any rest, none for no tag (default all)." placeholder:"TAG" env:"POSTHOG_MCP_ALLOW_TAGS"`
	MaxRows     int             `help:"How many accounts or persons one plan may change (default ${default})." placeholder:"N" default:"${maxRows}" env:"POSTHOG_MCP_MAX_ROWS"`
	Recorded

	PostHog PostHog `kong:"-"`
}

// PostHog is where PostHog is and the key for it. The key comes from the
// environment only: arguments are visible to every user of a machine.
type PostHog struct {
	Host string
	Key  client.Key
}

// Serve are the options of the MCP server.
type Serve struct {
	Server
	HTTP        string   `name:"http" help:"Serve streamable HTTP at http://ADDR/mcp instead of stdio." placeholder:"ADDR" env:"POSTHOG_MCP_HTTP"`
	SSE         bool     `name:"sse" help:"With --http: also the legacy SSE transport, at /sse and /message." env:"POSTHOG_MCP_SSE"`
	Callers     string   `help:"With --http: file with SHA-256 hashes of the bearer tokens that may call; required for any bind but loopback." placeholder:"FILE" env:"POSTHOG_MCP_CALLERS"`
	PublicURL   []string `name:"public-url" help:"With --http: address of this server as clients see it, behind a proxy. Repeatable." placeholder:"URL" env:"POSTHOG_MCP_PUBLIC_URL"`
	AllowOrigin []string `name:"allow-origin" help:"With --http: origin of a web page that may call. Repeatable." placeholder:"ORIGIN" env:"POSTHOG_MCP_ALLOW_ORIGIN"`
}

// Call are the options of a single tool call.
type Call struct {
	Tool      string `arg:"" help:"Name of the tool."`
	Arguments string `arg:"" optional:"" help:"Its arguments as a JSON object, or - to read them from standard input."`
	JSON      bool   `name:"json" help:"Print the structured result as JSON." env:"POSTHOG_MCP_JSON"`
	Server
}

// Sandbox are the options of the look-alike on its own.
type Sandbox struct {
	Listen   string          `required:"" help:"Address to listen on." placeholder:"ADDR" env:"POSTHOG_MCP_LISTEN"`
	Profile  sandbox.Profile `help:"Which PostHog generation to imitate: ${enum}." enum:"documented,current" default:"documented" env:"POSTHOG_MCP_PROFILE"`
	Empty    bool            `help:"Start without accounts and persons." env:"POSTHOG_MCP_EMPTY"`
	Key      []string        `help:"A further personal API key and its scopes. Repeatable." placeholder:"phx_name=scope,scope" sep:"none" env:"POSTHOG_MCP_KEY"`
	Lag      time.Duration   `help:"Time from the answer of an asynchronous write to its effect." default:"0s" env:"POSTHOG_MCP_LAG"`
	Throttle bool            `help:"Enforce PostHog's rate limits." env:"POSTHOG_MCP_THROTTLE"`

	IndexLag    *time.Duration `help:"Time from a person's change to its effect in lists and filters (default: that of --lag)." placeholder:"DURATION"`
	Persons2025 bool           `name:"persons-2025" help:"Have persons behave as on a server of 2025."`
	Fault       []string       `help:"Fail in some way, for tests. Repeatable. Options: rate, method, path, times, wait; header and quiet for 429; after where nothing would be done otherwise. Kinds: ${faults}." placeholder:"KIND[:rate=0.1][:method=GET][:path=/accounts]" sep:"none"`
	Seed        int64          `help:"Decides which requests a fault with a rate strikes." default:"0"`

	Keys   []sandbox.Key   `kong:"-"`
	Faults []sandbox.Fault `kong:"-"`
}

// Chosen is what the command line asks for: exactly one of the commands.
type Chosen struct {
	Serve   *Serve
	Call    *Call
	Journal *Journal
	Sandbox *Sandbox
	Version bool
}

// UsageError is a command line that cannot be understood.
type UsageError struct{ err error }

// Error says what is wrong and where help is.
func (e *UsageError) Error() string { return e.err.Error() + "\nSee " + Name + " --help." }

// ErrHelp says that help was printed and nothing is left to do.
var ErrHelp = fmt.Errorf("help was asked for")

// Parse reads the command line and the environment.
func Parse(arguments []string, stdout io.Writer) (Chosen, error) {
	dropPlaceholders()
	var line commandLine
	helped := false
	parser, err := newParser(&line, stdout, func(int) { helped = true })
	if err != nil {
		return Chosen{}, err
	}
	context, err := parser.Parse(withoutPlaceholders(arguments, switches(parser.Model.Node)))
	switch {
	case helped:
		return Chosen{}, ErrHelp
	case err != nil:
		return Chosen{}, &UsageError{err}
	}
	return line.chosen(context.Command())
}

func newParser(line *commandLine, stdout io.Writer, exit func(int)) (*kong.Kong, error) {
	return kong.New(line,
		kong.Name(Name),
		kong.Description("An MCP server for customer accounts and persons in PostHog. Try it without a key: "+Name+" --sandbox"),
		kong.Writers(stdout, stdout),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(printHelp),
		kong.Vars{"faults": sandbox.FaultNames(), "maxRows": strconv.Itoa(tools.DefaultMaxRows), "retention": defaultAge},
	)
}

// printHelp shows the options of the default command together with the list of
// commands: whoever runs the program without a command looks for them there.
func printHelp(options kong.HelpOptions, asked *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, asked); err != nil || asked.Selected() != nil {
		return err
	}
	serve, err := kong.Trace(asked.Kong, []string{"serve"})
	if err != nil {
		return err
	}
	fmt.Fprintln(asked.Stdout)
	return kong.DefaultHelpPrinter(options, serve)
}

// chosen completes the options of the command that was given.
func (l *commandLine) chosen(command string) (Chosen, error) {
	switch first, _, _ := strings.Cut(command, " "); first {
	case "call":
		return Chosen{Call: &l.Call}, l.Call.Server.complete()
	case "journal":
		l.Journal.Removes = strings.HasSuffix(command, "purge")
		return Chosen{Journal: &l.Journal}, l.Journal.complete()
	case "sandbox":
		return Chosen{Sandbox: &l.Sandbox}, l.Sandbox.complete()
	case "version":
		return Chosen{Version: true}, nil
	}
	return Chosen{Serve: &l.Serve}, l.Serve.complete()
}

func (s *Serve) complete() error {
	if s.HTTP == "" && (s.SSE || s.Callers != "" || len(s.PublicURL)+len(s.AllowOrigin) > 0) {
		return &UsageError{fmt.Errorf("--sse, --callers, --public-url and --allow-origin need --http ADDR")}
	}
	return s.Server.complete()
}

func (s *Server) complete() error {
	if _, err := s.ProjectID(); err != nil {
		return &UsageError{err}
	}
	if _, err := s.Selection(); err != nil {
		return &UsageError{err}
	}
	if _, err := s.Unasked(); err != nil {
		return &UsageError{err}
	}
	if _, err := s.Policy(); err != nil {
		return &UsageError{err}
	}
	if s.MaxRows < 1 {
		return &UsageError{fmt.Errorf("--max-rows takes a number from 1 on")}
	}
	if err := s.Recorded.complete(); err != nil {
		return err
	}
	return s.PostHog.read(s.Sandbox)
}

func (s *Sandbox) complete() error {
	for _, text := range s.Key {
		key, ok := sandbox.ParseKey(text)
		if !ok {
			return &UsageError{fmt.Errorf("--key takes phx_name=scope,scope")}
		}
		s.Keys = append(s.Keys, key)
	}
	for _, text := range s.Fault {
		fault, err := sandbox.ParseFault(text)
		if err != nil {
			return &UsageError{fmt.Errorf("--fault: %w", err)}
		}
		s.Faults = append(s.Faults, fault)
	}
	return nil
}

// ProjectID is the pinned project, or 0.
func (s *Server) ProjectID() (int64, error) {
	if text := given(s.Project); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 {
			return 0, fmt.Errorf("--project (POSTHOG_PROJECT_ID) takes the number of a project")
		}
		return id, nil
	}
	return 0, nil
}

// Selection is which tools to list.
func (s *Server) Selection() (tools.Selection, error) {
	selection := tools.Selection{ReadOnly: s.ReadOnly, Unwritten: s.JournalOff()}
	for _, name := range s.Toolsets {
		set := tools.Toolset(given(name))
		switch {
		case set == "":
		case slices.Contains(tools.Toolsets, set):
			selection.Toolsets = append(selection.Toolsets, set)
		default:
			return selection, fmt.Errorf("--toolsets: there is no toolset %q", name)
		}
	}
	return selection, nil
}

// read takes host and key from the environment. No error text holds the key.
func (p *PostHog) read(sandboxed bool) error {
	p.Host = given(os.Getenv("POSTHOG_HOST"))
	if p.Host == "" {
		p.Host = "us"
	}
	if sandboxed {
		return nil
	}
	text := given(os.Getenv("POSTHOG_API_KEY"))
	if path := given(os.Getenv("POSTHOG_API_KEY_FILE")); text == "" && path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("POSTHOG_API_KEY_FILE cannot be read: %w", err)
		}
		text = given(string(content))
	}
	if text == "" {
		return nil // the server starts and lists its tools; a call says how to set the key
	}
	key, err := client.NewKey(text)
	if err != nil {
		return fmt.Errorf("POSTHOG_API_KEY: %w", err)
	}
	p.Key = key
	return nil
}
