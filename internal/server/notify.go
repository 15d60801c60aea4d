package server

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// flushLimit bounds how long an answer waits for its notifications: a client that reads nothing must not
// hold a worker for ever. Losing the order then is the lesser harm.
const flushLimit = 2 * time.Second

// callKey marks the context of a tool call that can tell whether it sent notifications.
type callKey struct{}

type callState struct{ notified atomic.Bool }

// Notify sends one notification, such as notifications/progress, to the client whose call ctx belongs to.
// Handlers send through here rather than through mcp-go: the call is then known to have notifications to
// wait for, and a full queue makes the sender wait where mcp-go drops the notification.
func Notify(ctx context.Context, method string, params map[string]any) error {
	session := mcpserver.ClientSessionFromContext(ctx)
	if session == nil {
		return errors.New("notifications need the context of a call")
	}
	if state, ok := ctx.Value(callKey{}).(*callState); ok {
		state.notified.Store(true)
	}
	if stream, ok := session.(mcpserver.SessionWithStreamableHTTPConfig); ok {
		stream.UpgradeToSSEWhenReceiveNotification()
	}
	notification := mcp.JSONRPCNotification{
		JSONRPC:      mcp.JSONRPC_VERSION,
		Notification: mcp.Notification{Method: method, Params: mcp.NotificationParams{AdditionalFields: params}},
	}
	ctx, cancel := context.WithTimeout(ctx, flushLimit)
	defer cancel()
	select {
	case session.NotificationChannel() <- notification:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flushNotifications holds a call's answer back until the notifications it sent are written. Without it
// mcp-go loses the last one over HTTP now and then, and writes it after the answer on stdio, where the
// client has forgotten the call. A call that sent nothing does not wait.
func flushNotifications(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		session, outlet := mcpserver.ClientSessionFromContext(ctx), outletFrom(ctx)
		if session == nil || outlet == nil {
			return next(ctx, request)
		}
		state := &callState{}
		before := outlet.notifications.Load()
		result, err := next(context.WithValue(ctx, callKey{}, state), request)

		queue := session.NotificationChannel()
		if state.notified.Load() || len(queue) > 0 || outlet.notifications.Load() != before {
			outlet.flush(ctx, queue)
		}
		return result, err
	}
}

// flush returns when everything queued before it has been written, the call has ended or time is up.
func (o *Outlet) flush(ctx context.Context, queue chan<- mcp.JSONRPCNotification) {
	ctx, cancel := context.WithTimeout(ctx, flushLimit)
	defer cancel()
	marker, passed := o.barrier()
	select {
	case queue <- marker:
	case <-ctx.Done():
		return
	}
	select {
	case <-passed:
	case <-ctx.Done():
	}
}
