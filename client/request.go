package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/tidwall/gjson"
)

const (
	// maxAnswer bounds a body that is decoded: a person may have thousands of ids, a page many notebooks.
	maxAnswer = 32 << 20
	// maxRefusal bounds an error body, of which only one sentence is used.
	maxRefusal = 64 << 10
)

// call describes one request before it becomes HTTP.
type call struct {
	op      string
	method  string
	path    []string // segments below the origin, unescaped
	query   url.Values
	body    any    // encoded as JSON unless nil
	problem string // why the call cannot be sent, if so
}

// response is an answer read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

// outgoing is a call ready to be sent.
type outgoing struct {
	method, target string
	body           []byte
	counted        bucket
}

// refused returns the error of a call that is not sent because of its arguments.
func (c call) refused(detail string) *Error {
	return &Error{Kind: Invalid, Op: c.op, Method: c.method, Detail: detail}
}

// isRead reports whether the call cannot change anything.
func (c call) isRead() bool { return isRead(c.method, "/"+strings.Join(c.path, "/")+"/") }

// fetch sends a call that promises a JSON answer and decodes it. An answer that does not keep the promise
// is a BadResponse, never an empty T.
func fetch[T any](ctx context.Context, s *Session, c call, decode func(gjson.Result) (T, error)) (T, error) {
	var none T
	answer, err := s.send(ctx, c)
	if err != nil {
		return none, err
	}
	root, err := jsonOf(answer)
	if err == nil {
		var decoded T
		if decoded, err = decode(root); err == nil {
			return decoded, nil
		}
	}
	return none, c.broken(answer, err)
}

// run sends a call whose answer matters only if it reports a failure.
func (s *Session) run(ctx context.Context, c call) error {
	answer, err := s.send(ctx, c)
	if err != nil || len(bytes.TrimSpace(answer.body)) == 0 {
		return err
	}
	root, err := jsonOf(answer)
	if err != nil {
		return c.broken(answer, err)
	}
	if success := root.Get("success"); success.Type == gjson.False {
		said := parseComplaint(answer.body)
		return &Error{Kind: Unavailable, Op: c.op, Method: c.method, Status: answer.status,
			Detail: explain(said.detail, s.key), Sent: !c.isRead()}
	}
	return nil
}

// broken wraps what is wrong with a 2xx answer. A write has probably happened by then.
func (c call) broken(answer *response, problem error) *Error {
	return &Error{Kind: BadResponse, Op: c.op, Method: c.method, Status: answer.status,
		Detail: problem.Error(), Sent: !c.isRead(), cause: problem}
}

// jsonOf checks that the answer is whole JSON. encoding/json does the check since its scanner is bounded
// in depth, where gjson's recurses.
func jsonOf(answer *response) (gjson.Result, error) {
	kind, _, err := mime.ParseMediaType(answer.header.Get("Content-Type"))
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return gjson.Result{}, errors.New("it is not marked as JSON")
	}
	if !json.Valid(answer.body) {
		return gjson.Result{}, errors.New("it is not complete JSON")
	}
	return gjson.ParseBytes(answer.body), nil
}

// send carries out a call: reads with retries, shared with who asks the same meanwhile, writes exactly once.
func (s *Session) send(ctx context.Context, c call) (*response, error) {
	out, failure := s.prepare(ctx, c)
	if failure == nil {
		var answer *response
		if c.isRead() {
			same := question{key: s.key, method: out.method, target: out.target, body: sha256.Sum256(out.body)}
			answer, failure = s.client.flights.share(ctx, same, func(ctx context.Context, patience deadline) (*response, *Error) {
				return s.sendRead(ctx, patience, out)
			})
		} else {
			answer, failure = s.sendWrite(ctx, out)
			s.client.flights.part()
		}
		if failure == nil {
			return answer, nil
		}
	}
	failure.Op, failure.Method = c.op, c.method
	return nil, failure
}

// prepare makes everything that can fail without the network.
func (s *Session) prepare(ctx context.Context, c call) (outgoing, *Error) {
	switch err := ctx.Err(); {
	case errors.Is(err, context.Canceled):
		return outgoing{}, &Error{Kind: Canceled, cause: err}
	case err != nil:
		return outgoing{}, &Error{Kind: TimedOut, cause: err}
	case s.key.IsZero():
		return outgoing{}, &Error{Kind: NoKey}
	case c.problem != "":
		return outgoing{}, c.refused(c.problem)
	}
	target, problem := s.client.target(c.path, c.query)
	if problem != "" {
		return outgoing{}, c.refused(problem)
	}
	out := outgoing{method: c.method, target: target, counted: s.bucketOf(c)}
	if c.body != nil {
		var buffer bytes.Buffer
		encoder := json.NewEncoder(&buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(c.body); err != nil {
			return outgoing{}, c.refused("a value cannot be written as JSON")
		}
		out.body = bytes.TrimRight(buffer.Bytes(), "\n")
	}
	return out, nil
}

// target joins path segments to the origin. Ids come from models and people: none may leave its place in
// the path. A dot is refused too, as PostHog reads "42.json" as object 42.
func (c *Client) target(segments []string, query url.Values) (target, problem string) {
	var path strings.Builder
	for _, segment := range segments {
		switch {
		case segment == "":
			return "", "an id is empty"
		case len(segment) > 200:
			return "", "an id is too long"
		case strings.ContainsAny(segment, "/\\.%?#") || strings.ContainsFunc(segment, isControl):
			return "", "an id contains a character that no id has"
		}
		path.WriteString("/" + url.PathEscape(segment))
	}
	target = c.base.String() + path.String() + "/"
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target, ""
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// sendWrite makes the only attempt of a write and works out whether it may have had an effect.
func (s *Session) sendWrite(ctx context.Context, out outgoing) (answer *response, failure *Error) {
	defer func() { noteWrite(ctx, failure) }()
	ctx, cancel := context.WithTimeout(ctx, s.client.timeouts.Write)
	defer cancel()
	if refusal := s.client.budgets.admit(ctx, out.counted, ctx.Deadline); refusal != nil {
		return nil, refusal
	}
	var dialled, wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { dialled.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
	})
	if answer, failure = s.attempt(ctx, out); failure == nil {
		return answer, nil
	}
	switch {
	case failure.Kind == ReadOnly:
	case failure.Status == 0:
		// A transport that does not report its connections is not net/http's: assume the worst.
		failure.Sent = wrote.Load() || !dialled.Load()
	default:
		// A 4xx is PostHog declining. Anything else may come after the change was made.
		failure.Sent = failure.Status < 400 || failure.Status >= 500 || failure.Kind == TimedOut
	}
	return nil, failure
}

// attempt sends one request, reads its answer to the end and learns from a refusal for its rate.
func (s *Session) attempt(ctx context.Context, out outgoing) (*response, *Error) {
	answer, failure := s.exchange(ctx, out)
	s.client.budgets.learn(out.counted, failure)
	return answer, failure
}

// exchange sends one request and reads its answer to the end.
func (s *Session) exchange(ctx context.Context, out outgoing) (*response, *Error) {
	request, err := s.newRequest(ctx, out)
	if err != nil {
		return nil, &Error{Kind: Invalid, Detail: "the request cannot be built"}
	}
	noteRequest(ctx)
	got, err := s.client.http.Do(request)
	if err != nil {
		return nil, networkFailure(ctx, err)
	}
	defer func() { _ = got.Body.Close() }() // read to the end or given up; nothing to learn from closing
	answer := &response{status: got.StatusCode, header: got.Header}
	if got.StatusCode < 200 || got.StatusCode > 299 {
		// A refusal whose text breaks off is still that refusal.
		answer.body, _ = io.ReadAll(io.LimitReader(got.Body, maxRefusal))
		return nil, refuse(answer, s.key)
	}
	answer.body, err = io.ReadAll(io.LimitReader(got.Body, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		failure := networkFailure(ctx, err)
		failure.Status = got.StatusCode
		return nil, failure
	case err != nil:
		return nil, &Error{Kind: BadResponse, Status: got.StatusCode, Detail: "it broke off", retryable: true}
	case len(answer.body) > maxAnswer:
		return nil, &Error{Kind: TooLarge, Status: got.StatusCode, Detail: "the answer is over 32 MiB; ask for fewer rows"}
	}
	return answer, nil
}

// newRequest builds the HTTP request.
func (s *Session) newRequest(ctx context.Context, out outgoing) (*http.Request, error) {
	var reader io.Reader
	if out.body != nil {
		reader = bytes.NewReader(out.body)
	}
	request, err := http.NewRequestWithContext(ctx, out.method, out.target, reader)
	if err != nil {
		return nil, err
	}
	// Without GetBody net/http cannot send a body a second time on its own account.
	request.GetBody = nil
	request.Header.Set("Authorization", "Bearer "+s.key.reveal())
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", s.client.userAgent)
	if out.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}
