package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"posthog-accounts-mcp/internal/elicit"
	"posthog-accounts-mcp/internal/fence"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
)

// Toolset is a group of tools that an operator switches on or off as one.
type Toolset string

// The toolsets, in the order of --help.
const (
	Accounts   Toolset = "accounts"
	Notebooks  Toolset = "notebooks"
	Properties Toolset = "properties"
	Persons    Toolset = "persons"
	Portfolio  Toolset = "portfolio"
	Journal    Toolset = "journal"

	always Toolset = "" // listed whatever is switched off
)

// Toolsets are all of them.
var Toolsets = []Toolset{Accounts, Notebooks, Properties, Persons, Portfolio, Journal}

// Spec is what a client sees of a tool, apart from its schemas.
type Spec struct {
	Name        string
	Title       string
	Description string
	Toolset     Toolset
	Effect      Effect
	OnRecord    bool // it does nothing without a journal
	Asks        bool // it needs a confirmation although what it does can be taken back
}

// Effect is what a tool does to PostHog's data; MCP's annotation hints follow
// from it.
type Effect int

// The effects.
const (
	Reads    Effect = iota // changes nothing
	Adds                   // creates something new on each call
	AddsOnce               // creates something; repeating the call does not create it again
	Sets                   // overwrites; repeating it changes nothing more
	Erases                 // deletes or splits for good
)

func (e Effect) annotation(title string) mcp.ToolAnnotation {
	reads, destroys, repeatable, open := e == Reads, e == Sets || e == Erases, e != Adds, true
	return mcp.ToolAnnotation{
		Title:           title,
		ReadOnlyHint:    &reads,
		DestructiveHint: &destroys,
		IdempotentHint:  &repeatable,
		// The data is PostHog's, and part of it was written by anybody with
		// the public project token: an open world to whoever reads it.
		OpenWorldHint: &open,
	}
}

// Tool is one tool: what clients see of it, its request and result structs,
// and its handler.
type Tool struct {
	Spec
	Request reflect.Type
	Result  reflect.Type

	run func(d *Desk, ctx context.Context, decode func(any) error) (any, error)
}

// define binds a handler to its spec. The request struct's JSON Schema is
// derived by go generate; see schemas.json.
func define[In, Out any](spec Spec, handle func(d *Desk, ctx context.Context, in In) (Out, error)) Tool {
	return Tool{
		Spec:    spec,
		Request: reflect.TypeFor[In](),
		Result:  reflect.TypeFor[Out](),
		run: func(d *Desk, ctx context.Context, decode func(any) error) (any, error) {
			var in In
			if err := decode(&in); err != nil {
				return nil, err
			}
			return handle(d, ctx, in)
		},
	}
}

// serve makes the tool an MCP tool on a desk.
func (t Tool) serve(d *Desk, s schemas) server.ServerTool {
	input := s.Input
	if d.pinned != 0 {
		input = s.InputPinned
	}
	description := t.Description
	if (t.Effect == Erases || t.Asks) && d.unasked[t.Toolset] {
		description += " On this server it acts on the first call, without a preview: the operator switched confirmation off."
	}
	declared := mcp.NewToolWithRawSchema(t.Name, description, input)
	declared.Title = t.Title
	declared.RawOutputSchema = s.Output
	declared.Annotations = t.Effect.annotation(t.Title)

	validator := sync.OnceValues(func() (*schema.Validator, error) { return schema.Compile(input, namedByNumber...) })
	return server.ServerTool{Tool: declared, Handler: func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		v, err := validator()
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", t.Name, err)
		}
		result, question, err := answered(ctx, elicit.Open(ctx, request), func(ctx context.Context) (any, error) {
			return t.run(d, ctx, func(into any) error { return v.Decode(arguments(request), into) })
		})
		switch {
		case err != nil:
			return nil, err
		case question != nil:
			return question.Result(), nil
		}
		encoded, err := answer(result)
		if err != nil {
			return nil, fmt.Errorf("result of %s: %w", t.Name, err)
		}
		// Some clients show the model only the text, others only the
		// structure: both are the same bytes.
		return &mcp.CallToolResult{
			Content:           []mcp.Content{mcp.NewTextContent(string(encoded))},
			StructuredContent: json.RawMessage(encoded),
		}, nil
	}}
}

// namedByNumber are the arguments that name an account, a person or a colleague,
// all of which may have ids that are numbers.
var namedByNumber = []string{"account", "person", "csm", "account_executive", "account_owner", "author", "query"}

// arguments are the call's arguments as they came over the wire.
func arguments(request mcp.CallToolRequest) json.RawMessage {
	switch given := request.GetRawArguments().(type) {
	case json.RawMessage:
		return given
	case nil:
		return nil
	default: // an in-process caller
		encoded, err := json.Marshal(given)
		if err != nil {
			return json.RawMessage("not JSON")
		}
		return encoded
	}
}

// answer is a result as callers get it. All of it may hold text that other
// people wrote, so all of it is fenced.
func answer(result any) ([]byte, error) {
	encoded, err := encode(result)
	if err != nil {
		return nil, err
	}
	return fence.Object(encoded), nil
}

// encode writes a value as compact JSON. Characters that a reader cannot see
// are written as escapes: visible to a model that reads the text, and the same
// string to a program that decodes it, so nothing that is written back is lost.
func encode(value any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return []byte(plain.Visible(strings.TrimSuffix(buf.String(), "\n"))), nil
}
