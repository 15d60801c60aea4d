package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// unexpected is all a client learns of a failure nobody foresaw: the details may hold anything.
const unexpected = "Something went wrong inside posthog-accounts-mcp, and whether the request took effect is not known. " +
	"Look before you repeat a change; if it happens again, report it with the server's log."

// panicError is a panic on its way to becoming an answer. It never shows the panic's value, which may
// hold a customer's data.
type panicError struct{}

func (panicError) Error() string { return unexpected }

// secretShape matches PostHog's keys of every kind: phx_ personal, pha_ and phr_ OAuth, phc_ and phs_ project.
var secretShape = regexp.MustCompile(`\bph[xarcs]_[A-Za-z0-9_.~+/=-]+`)

// Redact replaces everything that looks like a PostHog key, keeping the kind so that the text still helps.
func Redact(text string) string {
	return secretShape.ReplaceAllStringFunc(text, func(secret string) string { return secret[:4] + "[redacted]" })
}

// explainer turns whatever a handler returns or throws into our own words.
type explainer struct {
	explain func(error) string
	logger  *slog.Logger
}

// text is the sentence for a client. Explaining must not fail, so a panic in it counts as unexplained.
func (e explainer) text(err error) (text string) {
	defer func() {
		if value := recover(); value != nil {
			e.logPanic("explaining an error", value)
			text = unexpected
		}
	}()
	if errors.As(err, new(panicError)) || e.explain == nil {
		return unexpected
	}
	if text = Redact(e.explain(err)); text == "" {
		return unexpected
	}
	return text
}

// logPanic records where it happened. Only the runtime's own panics are quoted; other values may carry data.
func (e explainer) logPanic(where string, value any) {
	reason := fmt.Sprintf("a %T", value)
	if runtimeError, ok := value.(runtime.Error); ok {
		reason = runtimeError.Error()
	}
	e.logger.Error("recovered from a panic", "in", where, "reason", reason, "stack", string(debug.Stack()))
}

// tools is the outermost middleware of every tool: a call always ends in a result, and an error result
// holds our sentence and nothing else.
func (e explainer) tools(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	guarded := e.recoverTool(next)
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		result, err := guarded(ctx, request)
		if err == nil && result == nil {
			err = panicError{}
			e.logger.Error("a tool returned neither a result nor an error", "tool", request.Params.Name)
		}
		if err == nil && !result.IsError {
			result, err = encodeStructured(result)
			if err != nil {
				e.logger.Error("a tool's structured content cannot be encoded", "tool", request.Params.Name)
			}
		}
		if err != nil {
			return mcp.NewToolResultError(e.text(err)), nil
		}
		return redactError(result), nil
	}
}

// recoverTool turns a panic into an error. It also stands right around the handler, so that what sits in
// between, such as metrics, sees an error and not an unwinding stack.
func (e explainer) recoverTool(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
		defer func() {
			if value := recover(); value != nil {
				e.logPanic("tool "+request.Params.Name, value)
				result, err = nil, panicError{}
			}
		}()
		return next(ctx, request)
	}
}

// encodeStructured encodes the structured content now, while a failure can still be told. mcp-go sends an
// empty body for content that does not encode, and nothing at all on stdio. It returns a copy: a handler
// may hand out one result to many calls.
func encodeStructured(result *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	if result.StructuredContent == nil {
		return result, nil
	}
	encoded, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return nil, panicError{}
	}
	encodedResult := *result
	encodedResult.StructuredContent = json.RawMessage(encoded)
	return &encodedResult, nil
}

// redactError cleans the text of an error result that the tool made itself.
func redactError(result *mcp.CallToolResult) *mcp.CallToolResult {
	if !result.IsError {
		return result
	}
	cleaned := *result
	cleaned.Content = slices.Clone(result.Content)
	for i, content := range cleaned.Content {
		if text, ok := content.(mcp.TextContent); ok {
			text.Text = Redact(text.Text)
			cleaned.Content[i] = text
		}
	}
	return &cleaned
}

// explained is an error whose text may reach a client, with the original underneath for errors.Is.
type explained struct {
	text  string
	cause error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.cause }

// resources does for resource and template handlers what tools does for tools. Their errors are JSON-RPC
// errors, as the protocol wants; only the words are ours.
func (e explainer) resources(next mcpserver.ResourceHandlerFunc) mcpserver.ResourceHandlerFunc {
	return func(ctx context.Context, request mcp.ReadResourceRequest) (contents []mcp.ResourceContents, err error) {
		defer func() { err = e.protocolError("reading a resource", recover(), err) }()
		return next(ctx, request)
	}
}

// prompts is resources for prompts.
func (e explainer) prompts(next mcpserver.PromptHandlerFunc) mcpserver.PromptHandlerFunc {
	return func(ctx context.Context, request mcp.GetPromptRequest) (result *mcp.GetPromptResult, err error) {
		defer func() { err = e.protocolError("prompt "+request.Params.Name, recover(), err) }()
		return next(ctx, request)
	}
}

func (e explainer) protocolError(where string, panicked any, err error) error {
	if panicked != nil {
		e.logPanic(where, panicked)
		err = panicError{}
	}
	if err == nil {
		return nil
	}
	return &explained{text: e.text(err), cause: err}
}
