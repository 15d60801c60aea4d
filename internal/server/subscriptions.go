package server

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// Watch calls changed whenever the resource of a URI changed, until ctx ends. It returns at once; its error, in
// the words of Explain, says why that resource cannot be watched. The values of ctx are the subscriber's.
type Watch func(ctx context.Context, uri string, changed func()) error

// subscriptions are the resources that clients want to hear of. mcp-go acknowledges resources/subscribe and
// forgets it, and keeps updates from the listen streams of modern clients; so both are served here.
//
// They belong to a line, as a client does that stays connected. One without a line, over HTTP, is refused.
type subscriptions struct {
	watch  Watch
	errors explainer

	mu   sync.Mutex
	open map[subscription]context.CancelFunc // of clients that subscribe and unsubscribe one by one; each ends with its line at the latest
}

type subscription struct {
	outlet *Outlet
	uri    string
}

// line is the connection to a client that stays.
type line struct {
	ctx   context.Context // ends with it
	write func(message []byte) error
}

type lineKey struct{}

func withLine(ctx context.Context, l line) context.Context {
	return context.WithValue(ctx, lineKey{}, l)
}

func subscriptionsTo(watch Watch, errors explainer) *subscriptions {
	return &subscriptions{watch: watch, errors: errors, open: make(map[subscription]context.CancelFunc)}
}

// hook has mcp-go tell of what clients subscribe to, in both eras.
func (s *subscriptions) hook(h *mcpserver.Hooks) {
	h.AddAfterSubscribe(func(ctx context.Context, id any, message *mcp.SubscribeRequest, _ *mcp.EmptyResult) {
		s.subscribe(ctx, id, message.Params.URI)
	})
	h.AddAfterUnsubscribe(func(ctx context.Context, _ any, message *mcp.UnsubscribeRequest, _ *mcp.EmptyResult) {
		s.unsubscribe(subscription{outletFrom(ctx), message.Params.URI})
	})
	h.AddBeforeSubscriptionsListen(func(ctx context.Context, id any, message *mcp.SubscriptionsListenRequest) {
		wanted := &message.Params.Notifications.ResourceSubscriptions
		// What is left is what mcp-go acknowledges.
		*wanted = slices.DeleteFunc(slices.Clone(*wanted), func(uri string) bool { return !s.listen(ctx, id, uri) })
	})
}

// subscribe watches a resource until the client unsubscribes or leaves.
func (s *subscriptions) subscribe(ctx context.Context, id any, uri string) {
	outlet := outletFrom(ctx)
	connection, stays := ctx.Value(lineKey{}).(line)
	if !stays || outlet == nil {
		if outlet != nil {
			outlet.Fail(id, Failure{Code: mcp.METHOD_NOT_FOUND, Text: "subscriptions work over stdio only"})
		}
		return
	}
	key := subscription{outlet, uri}
	s.unsubscribe(key) // asked for twice, it is one subscription
	lifetime, end := context.WithCancel(connection.ctx)
	watching := context.WithoutCancel(ctx)
	if err := s.begin(watching, lifetime, uri, func() { _ = connection.write(updated(uri, nil)) }); err != nil {
		end()
		outlet.Fail(id, Failure{Code: mcp.INVALID_PARAMS, Text: err.Error(), Data: map[string]any{"uri": uri}})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[key] = end
}

func (s *subscriptions) unsubscribe(key subscription) {
	s.mu.Lock()
	end := s.open[key]
	delete(s.open, key)
	s.mu.Unlock()
	if end != nil {
		end()
	}
}

// listen watches a resource for as long as a modern client's listen request lasts.
func (s *subscriptions) listen(ctx context.Context, id any, uri string) bool {
	connection, stays := ctx.Value(lineKey{}).(line)
	if !stays {
		return false
	}
	return s.begin(context.WithoutCancel(ctx), ctx, uri, func() { _ = connection.write(updated(uri, id)) }) == nil
}

// begin watches with the values of one context for as long as another lasts.
func (s *subscriptions) begin(values, lifetime context.Context, uri string, changed func()) (err error) {
	defer func() { err = s.errors.protocolError("subscribing to a resource", recover(), err) }()
	ctx, end := context.WithCancel(values)
	context.AfterFunc(lifetime, end)
	return s.watch(ctx, uri, changed)
}

// updated is the notification that a resource changed, marked for a modern client with its listen request.
func updated(uri string, listen any) []byte {
	params := map[string]any{"uri": uri}
	if listen != nil {
		params["_meta"] = map[string]any{mcp.MetaKeySubscriptionID: listen}
	}
	encoded, _ := json.Marshal(map[string]any{"jsonrpc": mcp.JSONRPC_VERSION, "method": mcp.MethodNotificationResourceUpdated, "params": params}) // texts always encode
	return encoded
}
