package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"posthog-accounts-mcp/internal/progress"
)

// reportProgress lets a handler tell a client that sent a progress token how far its call is. A client that
// sent none is told nothing.
func reportProgress(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if request.Params.Meta == nil || request.Params.Meta.ProgressToken == nil {
			return next(ctx, request)
		}
		token := request.Params.Meta.ProgressToken
		return next(progress.With(ctx, func(done, total int, message string) {
			// Who cannot be told misses nothing but the way there: the result says all.
			_ = Notify(ctx, string(mcp.MethodNotificationProgress), map[string]any{
				"progressToken": token, "progress": done, "total": total, "message": message,
			})
		}), request)
	}
}
