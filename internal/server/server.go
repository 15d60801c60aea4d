// Package server assembles mcp-go: which options, which middleware in which order, and what stands between
// mcp-go and the client on stdio. It knows nothing of accounts; tools, resources and prompts are handed in.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// Options says what a server offers.
type Options struct {
	Name, Version, Title, Instructions string

	Tools     []mcpserver.ServerTool
	Resources []mcpserver.ServerResource
	Templates []mcpserver.ServerResourceTemplate
	Prompts   []mcpserver.ServerPrompt

	// CompletePrompt and CompleteResource complete arguments. With neither, completion is not offered.
	CompletePrompt   mcpserver.PromptCompletionProvider
	CompleteResource mcpserver.ResourceCompletionProvider

	// ListResources adds what depends on the caller to a resources/list result. Its error, in the words of
	// Explain, replaces the list: a list without the rows PostHog failed to give would read as "none".
	ListResources func(ctx context.Context, request *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) error

	// Watch says when a resource changed. With it clients may subscribe to resources, which works only where a
	// client stays connected: set it for stdio alone.
	Watch Watch

	// Explain turns an error into the sentence the client gets. Without it no error is ever quoted.
	// A resource that does not exist is an error that wraps mcp-go's ErrResourceNotFound.
	Explain func(error) string
	Logger  *slog.Logger // nil: no log

	// Middleware wraps every tool call, the first outermost, inside of what turns errors into results:
	// it sees the handler's error, and never a panic.
	Middleware []mcpserver.ToolHandlerMiddleware

	// ValidateOutput checks structured content against the tool's output schema. It is for tests: its
	// message is not made for readers.
	ValidateOutput bool
	// Extra is applied last. It lets a test server declare what this product does not offer.
	Extra []mcpserver.ServerOption
}

// How long a client may reuse a list, which is the same for every caller for as long as a process runs.
const listTTL = 5 * time.Minute

// New builds the MCP server. This is the one place where options, hooks and the order of middleware are
// decided.
func New(o Options) *mcpserver.MCPServer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	e := explainer{explain: o.Explain, logger: o.Logger}

	options := []mcpserver.ServerOption{
		mcpserver.WithInstructions(o.Instructions),
		mcpserver.WithTitle(o.Title),
		// List-changed is declared although the list never changes: without a subscription to hold it open,
		// a modern client's listen stream ends at once and its acknowledgement is lost in mcp-go's race.
		mcpserver.WithToolCapabilities(true),
		mcpserver.WithHooks(hooks(o, e)),
		mcpserver.WithResourceHandlerMiddleware(e.resources),
		mcpserver.WithPromptHandlerMiddleware(e.prompts),
	}
	options = append(options, cacheHints()...)
	for _, middleware := range toolMiddleware(o, e) {
		options = append(options, mcpserver.WithToolHandlerMiddleware(middleware))
	}
	options = append(options, completion(o, e)...)
	hasResources := len(o.Resources)+len(o.Templates) > 0 || o.ListResources != nil
	if hasResources {
		options = append(options, mcpserver.WithResourceCapabilities(o.Watch != nil, false))
	}
	if len(o.Prompts) > 0 {
		options = append(options, mcpserver.WithPromptCapabilities(false))
	}
	if o.ValidateOutput {
		options = append(options, mcpserver.WithOutputSchemaValidation())
	}

	s := mcpserver.NewMCPServer(o.Name, o.Version, append(options, o.Extra...)...)
	s.AddTools(o.Tools...)
	if hasResources { // adding none would declare the capability all the same
		s.AddResources(o.Resources...)
		s.AddResourceTemplates(o.Templates...)
	}
	if len(o.Prompts) > 0 {
		s.AddPrompts(o.Prompts...)
	}
	return s
}

// toolMiddleware lists what a call passes through, outermost first.
func toolMiddleware(o Options, e explainer) []mcpserver.ToolHandlerMiddleware {
	chain := []mcpserver.ToolHandlerMiddleware{
		e.tools,            // errors and panics become results in our words
		flushNotifications, // the answer waits for the notifications before it
		boundToSession,     // a call ends with the SSE session it came from
		reportProgress,     // a client that asked is told how far its call is
	}
	chain = append(chain, o.Middleware...)
	return append(chain, e.recoverTool)
}

// cacheHints tells modern clients what they may keep. Lists do not depend on the key; everything that comes
// from PostHog does, and changes under us, so the rest stays private and is always asked for again.
func cacheHints() []mcpserver.ServerOption {
	options := []mcpserver.ServerOption{mcpserver.WithCacheHints(0, mcp.CacheScopePrivate)}
	for _, method := range []mcp.MCPMethod{
		mcp.MethodServerDiscover, mcp.MethodToolsList, mcp.MethodPromptsList, mcp.MethodResourcesTemplatesList,
	} {
		options = append(options, mcpserver.WithMethodCacheHints(method, listTTL.Milliseconds(), mcp.CacheScopePublic))
	}
	return options
}

// hooks covers what no middleware reaches.
func hooks(o Options, e explainer) *mcpserver.Hooks {
	h := &mcpserver.Hooks{}
	h.AddOnError(resourceNotFound)
	h.AddOnError(invalidArguments)
	if o.Watch != nil {
		subscriptionsTo(o.Watch, e).hook(h)
	}
	if o.ListResources != nil {
		h.AddAfterListResources(func(ctx context.Context, id any, request *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) {
			err := func() (err error) {
				defer func() { err = e.protocolError("listing resources", recover(), err) }()
				return o.ListResources(ctx, request, result)
			}()
			if err == nil {
				return
			}
			if outlet := outletFrom(ctx); outlet != nil {
				outlet.Fail(id, Failure{Code: mcp.INTERNAL_ERROR, Text: err.Error()})
			}
		})
	}
	return h
}

// resourceNotFound gives a missing resource the code and the data the protocol wants, which mcp-go does
// not let a handler choose: invalid params since 2026-07-28, a code of its own before, and the URI in both.
func resourceNotFound(ctx context.Context, id any, _ mcp.MCPMethod, message any, err error) {
	request, ok := message.(*mcp.ReadResourceRequest)
	outlet := outletFrom(ctx)
	if !ok || outlet == nil || !errors.Is(err, mcpserver.ErrResourceNotFound) {
		return
	}
	code := mcp.RESOURCE_NOT_FOUND
	if mcpserver.IsModernRequest(ctx) {
		code = mcp.INVALID_PARAMS
	}
	text := fmt.Sprintf("there is no resource %s", Redact(request.Params.URI))
	var ours *explained
	if errors.As(err, &ours) && ours.text != unexpected {
		text = ours.text
	}
	outlet.Fail(id, Failure{Code: code, Text: text, Data: map[string]any{"uri": request.Params.URI}})
}

// invalidArguments gives a prompt that refuses its arguments the code the protocol wants; mcp-go calls every
// handler's error an internal one.
func invalidArguments(ctx context.Context, id any, _ mcp.MCPMethod, message any, err error) {
	if _, ok := message.(*mcp.GetPromptRequest); !ok || !errors.Is(err, mcp.ErrInvalidParams) {
		return
	}
	var ours *explained
	if outlet := outletFrom(ctx); outlet != nil && errors.As(err, &ours) {
		outlet.Fail(id, Failure{Code: mcp.INVALID_PARAMS, Text: ours.text})
	}
}
