package sandbox

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
)

// Transport carries HTTP requests to the sandbox within the process, without
// a socket: nothing listens, and nothing else on the machine can get in. It
// answers for any host; by convention that is sandbox.invalid.
//
// It behaves like a network: the body streams while the sandbox writes it,
// and a cancelled request ends at once, whatever the sandbox is doing.
func (s *Sandbox) Transport() http.RoundTripper { return inProcess{s} }

type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		closeBody(r)
		return nil, err
	}
	body, out := io.Pipe()
	recorder := &streamRecorder{header: http.Header{}, out: out, ready: make(chan struct{})}
	release := context.AfterFunc(ctx, func() { _ = out.CloseWithError(ctx.Err()) })
	go func() {
		defer release()
		defer closeBody(r)
		recorder.finish(t.serve(recorder, incoming(r)))
	}()
	select {
	case <-recorder.ready:
		if recorder.failure != nil {
			return nil, recorder.failure
		}
		return recorder.response(r, cancellableBody{body, ctx}), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cancellableBody is a body that gives nothing more once its request is
// cancelled. The pipe alone would not do: it is closed a moment later, and
// what was written until then could still be read.
type cancellableBody struct {
	io.ReadCloser
	ctx context.Context
}

// Read implements io.Reader.
func (b cancellableBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// errCut is what a caller sees of a connection that was cut.
var errCut = fmt.Errorf("sandbox: the connection was cut: %w", io.ErrUnexpectedEOF)

// serve runs the handler; a panic ends the reply as a cut connection would.
func (t inProcess) serve(w http.ResponseWriter, r *http.Request) (failure error) {
	defer func() {
		switch crash := recover(); crash {
		case nil:
		case http.ErrAbortHandler:
			failure = errCut
		default:
			failure = fmt.Errorf("sandbox: the handler panicked: %v", crash)
		}
	}()
	t.handler.ServeHTTP(w, r)
	return nil
}

// incoming turns a request as a client has it into one as a server gets it.
func incoming(r *http.Request) *http.Request {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "in-process"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// streamRecorder is a http.ResponseWriter whose body goes straight to the
// reader of the response.
type streamRecorder struct {
	header http.Header
	out    *io.PipeWriter

	once    sync.Once
	ready   chan struct{} // closed once what follows is set
	status  int
	sent    http.Header
	failure error // in place of a reply
}

// Header implements http.ResponseWriter.
func (w *streamRecorder) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter; the first call counts.
func (w *streamRecorder) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, maps.Clone(w.header)
		close(w.ready)
	})
}

// Write implements http.ResponseWriter. It blocks until the reader took the
// bytes, and fails once nobody reads any more.
func (w *streamRecorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(p)
}

// Flush implements http.Flusher; nothing is held back.
func (w *streamRecorder) Flush() { w.WriteHeader(http.StatusOK) }

// finish ends the body: cleanly, or in an error that its reader sees. If there
// was no reply yet, there is none.
func (w *streamRecorder) finish(failure error) {
	if failure != nil {
		w.once.Do(func() {
			w.failure = failure
			close(w.ready)
		})
	}
	w.WriteHeader(http.StatusOK)
	_ = w.out.CloseWithError(failure) // nil reads as the end
}

func (w *streamRecorder) response(r *http.Request, body io.ReadCloser) *http.Response {
	length, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	return &http.Response{
		Status:     strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        w.sent,
		Body:          body,
		ContentLength: length,
		Request:       r,
	}
}
