package httpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"posthog-accounts-mcp/internal/server"
	"posthog-accounts-mcp/internal/server/rpc"
)

// response is the writer all answers go through. It sends each message through the request's outlet, keeps
// the headers right that mcp-go would set otherwise, and can keep a silent stream alive.
type response struct {
	http.ResponseWriter
	origin string         // the allowed Origin of this request, "" if it has none
	outlet *server.Outlet // nil: plain answers
	// request is the id of the modern request being answered; its failures decide the HTTP status.
	request json.RawMessage

	mu     sync.Mutex // the keep-alive writes beside mcp-go
	wrote  bool
	stream bool // the answer is a stream of events
	done   bool // the handler has returned
}

const eventStream = "text/event-stream"

// WriteHeader completes the headers and sends them.
func (w *response) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(status)
}

func (w *response) writeHeader(status int) {
	if w.wrote {
		return
	}
	w.wrote = true
	header := w.Header()
	w.stream = header.Get("Content-Type") == eventStream
	if w.stream {
		header.Set("X-Accel-Buffering", "no") // nginx would hold events back until a page is full
	}
	// mcp-go's SSE transport allows every origin; what is allowed has been decided before.
	header.Del("Access-Control-Allow-Origin")
	if w.origin != "" {
		header.Set("Access-Control-Allow-Origin", w.origin)
		header.Set("Access-Control-Expose-Headers", exposedHeaders)
	}
	header.Add("Vary", "Origin")
	if w.outlet != nil && len(w.request) > 0 && status == http.StatusOK {
		if failure, failed := w.outlet.Failed(w.request); failed && failure.Code == mcp.INVALID_PARAMS {
			status = http.StatusBadRequest // what mcp-go answers to its own errors of this kind
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// How mcp-go frames a message on a stream. Every event and every JSON answer arrives in one Write.
var (
	eventHead = []byte("event: message\ndata: ")
	eventTail = []byte("\n\n")
)

// Write sends one message, as the outlet lets it pass.
func (w *response) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK)
	out := w.filter(p)
	if out == nil {
		return len(p), nil
	}
	if _, err := w.ResponseWriter.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (w *response) filter(p []byte) []byte {
	if w.outlet == nil {
		return p
	}
	head, tail := []byte(nil), []byte("\n")
	if w.stream {
		head, tail = eventHead, eventTail
	}
	message, framed := bytes.CutPrefix(p, head)
	message, ended := bytes.CutSuffix(message, tail)
	if !framed || !ended || len(message) == 0 || message[0] != '{' {
		return p // the endpoint event of SSE, or plain text
	}
	switch passed := w.outlet.Pass(message); {
	case passed == nil:
		return nil
	case &passed[0] == &message[0]:
		return p
	default:
		return bytes.Join([][]byte{head, passed, tail}, nil)
	}
}

// begun reports whether anything has been sent.
func (w *response) begun() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrote
}

// Flush sends what is buffered; mcp-go streams only to writers that have it.
func (w *response) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
}

func (w *response) flush() {
	w.writeHeader(http.StatusOK)
	if flusher, ok := w.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// keepAlive writes a comment now and then until the returned function is called, so that no proxy takes a
// silent stream for a dead one. Nothing is written before the stream has begun.
func (w *response) keepAlive(ctx context.Context, every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				w.comment()
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.done = true // a tick may be under way; the connection is not ours any more
	}
}

func (w *response) comment() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stream || w.done {
		return
	}
	if _, err := w.ResponseWriter.Write([]byte(": keep-alive\n\n")); err == nil {
		w.flush()
	}
}

// refuse answers with a status and a JSON-RPC error, the form in which MCP clients show a body to people.
func (w *response) refuse(status int, text string) {
	w.answer(status, rpc.ErrorResponse(nil, mcp.INVALID_REQUEST, text, nil))
}

func (w *response) answer(status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.ResponseWriter.Write(append(body, '\n')) // past the outlet: this is no answer of mcp-go's
}
