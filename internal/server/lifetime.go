package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

type lifetimeKey struct{}

// WithLifetime returns a context whose tool calls end when lifetime does. The SSE transport needs it:
// mcp-go detaches a call from its request there, so nobody would stop it when the client is gone.
func WithLifetime(ctx, lifetime context.Context) context.Context {
	return context.WithValue(ctx, lifetimeKey{}, lifetime)
}

// boundToSession ends a call with the lifetime its context carries, if any.
func boundToSession(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		lifetime, ok := ctx.Value(lifetimeKey{}).(context.Context)
		if !ok {
			return next(ctx, request)
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(lifetime, cancel)()
		return next(ctx, request)
	}
}
