package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// Hosts that nobody owns: where a redirect leads, and what a proxy calls itself
// in the links to further pages.
const (
	redirectHost = "elsewhere.invalid"
	proxyHost    = "internal-proxy.invalid"
)

// strike has a fault happen to a request.
func (p *faultPlan) strike(f Fault, w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	if f.Kind == FaultNextHost {
		answer := record(r, serve)
		if answer.moveLinks(proxyHost) {
			p.count(f.Kind) // an answer without links has nothing wrong with it
		}
		answer.send(w)
		return
	}
	p.count(f.Kind)
	switch f.Kind {
	case FaultSlow:
		time.Sleep(f.wait())
		serve(w, r)
	case FaultCutAfter:
		record(r, serve)
		cut()
	case FaultHalfBody:
		record(r, serve).sendHalf(w)
	case FaultWrongType:
		answer := record(r, serve)
		answer.header.Set("Content-Type", htmlType)
		answer.send(w)
	default:
		if f.After {
			record(r, serve)
		}
		f.answer(w, r)
	}
}

// answer is what comes in place of PostHog's own.
func (f Fault) answer(w http.ResponseWriter, r *http.Request) {
	switch f.Kind {
	case FaultThrottled:
		f.throttled().send(w)
	case FaultServerError:
		serverError().send(w)
	case FaultUnavailable:
		refusal := fail(http.StatusServiceUnavailable, "server_error", "database_unavailable", "The database is temporarily unavailable. Please try again.", "")
		refusal.header = http.Header{"Retry-After": {wholeSeconds(f.wait())}}
		refusal.send(w)
	case FaultBadGateway:
		sendPage(w, http.StatusBadGateway, "502 Bad Gateway")
	case FaultGatewayTimeout:
		sendPage(w, http.StatusGatewayTimeout, "504 Gateway Time-out")
	case FaultLoginPage:
		sendPage(w, http.StatusOK, "Sign in to continue")
	case FaultRedirect: // 307: whoever follows it sends the same again, body and all
		w.Header().Set("Location", (&url.URL{Scheme: "https", Host: redirectHost, Path: r.URL.Path, RawQuery: r.URL.RawQuery}).String())
		sendPage(w, http.StatusTemporaryRedirect, "307 Temporary Redirect")
	case FaultCutBefore:
		cut()
	case FaultHang:
		<-r.Context().Done()
		cut()
	default:
		fail(http.StatusInternalServerError, "server_error", "error", "The sandbox has no fault of the kind "+strconv.Quote(string(f.Kind))+".", "").send(w)
	}
}

func (f Fault) wait() time.Duration {
	if f.Wait > 0 {
		return f.Wait
	}
	return time.Second
}

func (f Fault) throttled() reply {
	refusal := throttled(f.wait())
	if f.Quiet {
		refusal = fail(http.StatusTooManyRequests, "throttled_error", "throttled", "Request was throttled.", "")
	}
	if f.Header {
		refusal.header = http.Header{"Retry-After": {wholeSeconds(f.wait())}}
	}
	return refusal
}

// cut ends the connection without another byte. net/http does it for this one
// panic, and so does the sandbox's own transport.
func cut() { panic(http.ErrAbortHandler) }

const htmlType = "text/html; charset=utf-8"

// sendPage answers with a web page, as whatever stands before PostHog does.
func sendPage(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", htmlType)
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!doctype html>\n<html><head><title>%s</title></head>\n<body><h1>%[1]s</h1></body></html>\n", title)
}

// recording is an answer that has not gone out yet. It is the ResponseWriter of
// the action that makes it.
type recording struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// record runs an action and keeps its answer.
func record(r *http.Request, serve http.HandlerFunc) *recording {
	answer := &recording{header: http.Header{}}
	serve(answer, r)
	return answer
}

// Header implements http.ResponseWriter.
func (a *recording) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter; the first call counts.
func (a *recording) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *recording) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *recording) send(w http.ResponseWriter) {
	a.sendHeader(w)
	_, _ = w.Write(a.body.Bytes())
}

func (a *recording) sendHeader(w http.ResponseWriter) {
	a.WriteHeader(http.StatusOK)
	maps.Copy(w.Header(), a.header)
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	}
	w.WriteHeader(a.status)
}

// sendHalf promises the whole answer, sends half of it and cuts the connection.
// An answer without a body does not come at all.
func (a *recording) sendHalf(w http.ResponseWriter) {
	if a.body.Len() > 0 {
		a.sendHeader(w)
		_, _ = io.CopyN(w, &a.body, int64(a.body.Len()/2))
		_ = http.NewResponseController(w).Flush()
	}
	cut()
}

// moveLinks has the links to the pages around name another host; false if the
// answer has none.
func (a *recording) moveLinks(host string) bool {
	moved := false
	for _, name := range []string{"next", "previous"} {
		body := a.body.Bytes()
		found := gjson.GetBytes(body, name)
		link, err := url.Parse(found.Str)
		if found.Type != gjson.String || err != nil || link.Host == "" || !gjson.ValidBytes(body) {
			continue
		}
		link.Host = host
		quoted, err := encode(link.String())
		if err != nil {
			continue
		}
		rest := bytes.Clone(body[found.Index+len(found.Raw):])
		a.body.Truncate(found.Index)
		a.body.Write(quoted)
		a.body.Write(rest)
		moved = true
	}
	return moved
}
