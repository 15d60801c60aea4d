package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/internal/elicit"
	"posthog-accounts-mcp/internal/server/rpc"
)

// stdioLink is both ends of the client's streams as mcp-go sees them. It reads line by line, answers what
// mcp-go would mistake or choke on, and keeps a list of the requests that are owed an answer. With that
// list it holds the end of the input back until all are answered: mcp-go drops queued calls at EOF.
type stdioLink struct {
	ctx     context.Context // ends the wait at EOF
	maxLine int
	drain   time.Duration
	outlet  *Outlet

	in   *bufio.Reader // only touched by Read, which mcp-go calls from one goroutine at a time
	rest []byte        // what Read could not hand over yet

	ended   chan struct{} // closed at the end of the input
	endOnce sync.Once

	mu      sync.Mutex // guards all below; also makes each message one write
	out     io.Writer
	owed    map[string]*debt // by rpc.Key of the request
	settled chan struct{}    // one token whenever an answer leaves
}

// debt is what is owed for one id: mostly one answer, several if a client reuses ids.
type debt struct {
	answers   int
	cancelled bool // the client does not want the answer any more
}

func newStdioLink(ctx context.Context, in io.Reader, out io.Writer, maxLine int, drain time.Duration) *stdioLink {
	return &stdioLink{
		ctx: ctx, maxLine: maxLine, drain: drain, outlet: &Outlet{},
		in: bufio.NewReaderSize(in, 64<<10), out: out,
		owed: make(map[string]*debt), settled: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

// Read hands mcp-go the next messages that are fit for it.
func (l *stdioLink) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		line, tail, err := l.readLine()
		fit, refusal := l.admit(line, tail)
		if refusal != nil {
			if err := l.write(refusal.Response()); err != nil {
				return 0, err
			}
		}
		if fit != nil {
			l.rest = append(fit, '\n')
			break
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				l.endOnce.Do(func() { close(l.ended) })
				l.awaitAnswers()
			}
			return 0, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// tailSize is how much of the end of an oversized line is kept, for an id that stands last.
const tailSize = 256

// readLine reads a line without its end. It keeps maxLine bytes of it; a longer line also has a tail, the
// last bytes of what was too much. A last line without a newline counts.
func (l *stdioLink) readLine() (line, tail []byte, err error) {
	for {
		part, err := l.in.ReadSlice('\n')
		text := bytes.TrimSuffix(part, []byte("\n"))
		room := min(len(text), l.maxLine-len(line))
		line = append(line, text[:room]...)
		tail = append(tail, text[room:]...)
		tail = tail[max(0, len(tail)-tailSize):]
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tail, err
		}
	}
}

// admit decides about a line: hand on what is fit for mcp-go, drop it, or answer it here.
func (l *stdioLink) admit(line, tail []byte) (fit []byte, refusal *rpc.Error) {
	if len(tail) > 0 {
		return nil, &rpc.Error{
			Code: mcp.INVALID_REQUEST, ID: oversizedID(line, tail),
			Text: fmt.Sprintf("the message is longer than %d bytes: send less at once", l.maxLine),
		}
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, nil
	}
	message, err := rpc.Parse(line)
	if errors.As(err, &refusal) {
		return nil, refusal
	}
	switch message.Kind {
	case rpc.Request:
		// A listen stream is answered when it ends, which is when the input does.
		if message.Method != string(mcp.MethodSubscriptionsListen) {
			l.owe(rpc.Key(message.ID))
		}
	case rpc.Notification:
		l.cancel(rpc.Key(message.Cancels))
	case rpc.Response:
		return answerToUs(message.ID, line), nil
	}
	return line, nil
}

// answerToUs makes an answer without a result one with a result, which says as little: that the client cannot
// ask, or nothing. mcp-go would complain about an error that comes when it waits no more, as an answer with the
// same id: to the client, that may be the answer to a request of its own.
func answerToUs(id json.RawMessage, line []byte) []byte {
	switch {
	case gjson.GetBytes(line, "result").IsObject():
		return line
	case gjson.GetBytes(line, "error").IsObject():
		return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{"action":%q}}`, id, elicit.CannotAsk)
	}
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{}}`, id)
}

// lastID matches an id that is the last member of a message. A closing brace that follows it directly
// closes the message itself, so it cannot be an id from somewhere inside.
var lastID = regexp.MustCompile(`[,{]\s*"id"\s*:\s*("[^"\\]*"|-?\d+)\s*\}\s*$`)

// oversizedID finds the id of a message of which the middle is missing. Only what lies before the gap is
// read as JSON: across it, braces do not match up.
func oversizedID(line, tail []byte) json.RawMessage {
	if id := rpc.GuessID(line); id != nil {
		return id
	}
	if len(tail) < tailSize { // no gap, the tail is all there is
		tail = append(bytes.Clone(line[max(0, len(line)-tailSize):]), tail...)
	}
	if found := lastID.FindSubmatch(tail); found != nil {
		return rpc.GuessID(fmt.Appendf(nil, `{"id":%s}`, found[1]))
	}
	return nil
}

func (l *stdioLink) owe(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owed[key] == nil {
		l.owed[key] = &debt{}
	}
	l.owed[key].answers++
}

// cancel notes that nobody waits for this answer any more. The protocol wants nothing sent after that,
// while mcp-go answers cancelled calls too.
func (l *stdioLink) cancel(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if debt := l.owed[key]; debt != nil {
		debt.cancelled = true
	}
}

// settle takes an answer off the list. Callers hold mu.
func (l *stdioLink) settle(key string) {
	debt := l.owed[key]
	if debt == nil {
		return
	}
	if debt.answers--; debt.answers == 0 {
		delete(l.owed, key)
	}
	select {
	case l.settled <- struct{}{}:
	default:
	}
}

// awaitAnswers returns when nothing is owed any more, or when no answer has left for the drain time.
func (l *stdioLink) awaitAnswers() {
	timer := time.NewTimer(l.drain)
	defer timer.Stop()
	for {
		l.mu.Lock()
		owed := len(l.owed)
		l.mu.Unlock()
		if owed == 0 {
			return
		}
		select {
		case <-l.settled:
			timer.Reset(l.drain)
		case <-timer.C:
			return
		case <-l.ctx.Done():
			return
		}
	}
}

// stdioWriter is the writing end for mcp-go, which hands over one message a call.
type stdioWriter struct{ *stdioLink }

// Write sends one message to the client, unless the outlet or a cancellation keeps it back.
func (w stdioWriter) Write(line []byte) (int, error) {
	message := bytes.TrimRight(line, "\n")
	key, isAnswer := answerKey(message)
	passed := w.outlet.Pass(message)
	if passed == nil {
		return len(line), nil
	}
	if isAnswer {
		return len(line), w.answer(key, passed)
	}
	return len(line), w.write(passed)
}

// answerKey returns the id a message answers. Requests of this server's own carry an id and a method.
func answerKey(message []byte) (string, bool) {
	id := gjson.GetBytes(message, "id")
	if !id.Exists() || gjson.GetBytes(message, "method").Exists() {
		return "", false
	}
	return rpc.Key(json.RawMessage(id.Raw)), true
}

// answer sends an answer, unless it was cancelled, and settles it. In this order: at EOF an empty list of
// debts ends the process.
func (l *stdioLink) answer(key string, message []byte) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if debt := l.owed[key]; debt == nil || !debt.cancelled {
		err = l.writeLocked(message)
	}
	l.settle(key)
	return err
}

func (l *stdioLink) write(message []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writeLocked(message)
}

func (l *stdioLink) writeLocked(message []byte) error {
	_, err := l.out.Write(append(bytes.Clone(message), '\n'))
	return err
}
