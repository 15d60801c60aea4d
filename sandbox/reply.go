package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// reply is what an action answers: a status and a body to encode as JSON, or
// no body at all when body is nil.
type reply struct {
	status int
	body   any
	header http.Header
}

func (r reply) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if r.body == nil {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(r.status)
		return
	}
	encoded, err := encode(r.body)
	if err != nil {
		r = serverError()
		encoded, _ = encode(r.body)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(encoded)))
	w.WriteHeader(r.status)
	_, _ = w.Write(encoded)
}

// encode writes JSON the way Python does: no escaping of HTML characters.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

func ok(body any) reply      { return reply{status: http.StatusOK, body: body} }
func created(body any) reply { return reply{status: http.StatusCreated, body: body} }
func accepted() reply        { return reply{status: http.StatusAccepted} }
func noContent() reply       { return reply{status: http.StatusNoContent} }

// problem is the standard error body (the accounts reference calls it shape A).
type problem struct {
	Type   string  `json:"type"`
	Code   string  `json:"code"`
	Detail string  `json:"detail"`
	Attr   *string `json:"attr"`
}

func fail(status int, kind, code, detail, attr string) reply {
	p := problem{Type: kind, Code: code, Detail: detail}
	if attr != "" {
		p.Attr = &attr
	}
	return reply{status: status, body: p}
}

// invalid is a validation error. An empty attr becomes null, an empty code
// "invalid_input".
func invalid(attr, code, detail string) reply {
	if code == "" {
		code = "invalid_input"
	}
	return fail(http.StatusBadRequest, "validation_error", code, detail, attr)
}

func unauthenticated(code, detail string) reply {
	r := fail(http.StatusUnauthorized, "authentication_error", code, detail, "")
	r.header = http.Header{"Www-Authenticate": {`Bearer resource_metadata="https://sandbox.invalid/.well-known/oauth-protected-resource"`}}
	return r
}

// forbidden carries the type authentication_error, as PostHog's 403 does.
func forbidden(detail string) reply {
	return fail(http.StatusForbidden, "authentication_error", "permission_denied", detail, "")
}

func notFound(detail string) reply {
	return fail(http.StatusNotFound, "invalid_request", "not_found", detail, "")
}

// rowNotFound is the bare body that account views answer for a missing row
// (shape B): no type, no code, no attr.
func rowNotFound() reply {
	return reply{status: http.StatusNotFound, body: struct {
		Detail string `json:"detail"`
	}{"Not found."}}
}

// conflict is typed server_error by PostHog's handler: branch on the status.
func conflict(detail string) reply {
	return fail(http.StatusConflict, "server_error", "conflict", detail, "")
}

func serverError() reply {
	return fail(http.StatusInternalServerError, "server_error", "error", "A server error occurred.", "")
}

// stamp formats a time as PostHog does: UTC with Z, microseconds only when
// they are not zero.
func stamp(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()/1000 == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000000Z")
}

// stampOrNull is stamp for a column that may be null.
func stampOrNull(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := stamp(*t)
	return &text
}
