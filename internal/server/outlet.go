package server

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/internal/server/rpc"
)

// Outlet is the last thing a message passes on its way to one client. mcp-go writes answers and
// notifications from different goroutines and lets no handler choose its JSON-RPC error; the transports
// of this project therefore write through an Outlet, which knows two tricks:
//
//   - a barrier: a notification that never leaves. Once it comes by, everything sent before it has been
//     written, so an answer can wait until its notifications are out (see flushNotifications);
//   - a failure: an error recorded for a request replaces whatever mcp-go answers to it.
//
// There is one Outlet per stdio connection, per HTTP request and per SSE session. The zero value is ready.
type Outlet struct {
	notifications atomic.Int64 // those that left, to see whether a call sent any

	mu       sync.Mutex
	serial   int
	barriers map[string]chan struct{}
	failures map[string]Failure // by rpc.Key of the request
}

// Failure is the JSON-RPC error a request gets instead of mcp-go's answer.
type Failure struct {
	Code int
	Text string
	Data map[string]any
}

// barrierMethod names the notification that only marks a place in the queue.
const barrierMethod = "notifications/posthog-accounts-mcp/barrier"

type outletKey struct{}

// WithOutlet returns a context whose requests are answered through o.
func WithOutlet(ctx context.Context, o *Outlet) context.Context {
	return context.WithValue(ctx, outletKey{}, o)
}

// outletFrom returns the outlet of ctx, or nil on a transport that has none (an in-process client).
func outletFrom(ctx context.Context) *Outlet {
	o, _ := ctx.Value(outletKey{}).(*Outlet)
	return o
}

// Pass takes one encoded JSON-RPC message and returns what the client is to get: the same bytes, others,
// or nil for nothing at all.
func (o *Outlet) Pass(message []byte) []byte {
	id := gjson.GetBytes(message, "id")
	if !id.Exists() {
		if o.lift(message) {
			return nil
		}
		o.notifications.Add(1)
		return message
	}
	if gjson.GetBytes(message, "method").Exists() {
		return message // a request of this server's own, whose id may be that of one of the client's
	}
	failure, failed := o.takeFailure(rpc.Key(json.RawMessage(id.Raw)))
	if !failed {
		return message
	}
	return rpc.ErrorResponse(json.RawMessage(id.Raw), failure.Code, failure.Text, failure.Data)
}

// Fail makes the request with this id, as mcp-go hands it to hooks, end with the given error.
func (o *Outlet) Fail(id any, failure Failure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failures == nil {
		o.failures = make(map[string]Failure)
	}
	o.failures[rpc.KeyOf(id)] = failure
}

// Failed returns the failure recorded for a request and not yet delivered. HTTP chooses its status by it.
func (o *Outlet) Failed(id json.RawMessage) (Failure, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	failure, ok := o.failures[rpc.Key(id)]
	return failure, ok
}

func (o *Outlet) takeFailure(key string) (Failure, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	failure, ok := o.failures[key]
	delete(o.failures, key)
	return failure, ok
}

// barrier returns a notification to queue and a channel that closes when it comes by.
func (o *Outlet) barrier() (mcp.JSONRPCNotification, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.serial++
	token := strconv.Itoa(o.serial)
	passed := make(chan struct{})
	if o.barriers == nil {
		o.barriers = make(map[string]chan struct{})
	}
	o.barriers[token] = passed
	return mcp.JSONRPCNotification{
		JSONRPC: mcp.JSONRPC_VERSION,
		Notification: mcp.Notification{
			Method: barrierMethod,
			Params: mcp.NotificationParams{AdditionalFields: map[string]any{"token": token}},
		},
	}, passed
}

// lift opens the barrier that message is, and reports whether it is one.
func (o *Outlet) lift(message []byte) bool {
	if !bytes.Contains(message, []byte(barrierMethod)) || gjson.GetBytes(message, "method").Str != barrierMethod {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	token := gjson.GetBytes(message, "params.token").Str
	if passed, ok := o.barriers[token]; ok {
		close(passed)
		delete(o.barriers, token)
	}
	return true
}
