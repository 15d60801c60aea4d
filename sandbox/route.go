package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxBody bounds what one request may send.
const maxBody = 20 << 20

// request is one call on its way to an action: the HTTP request, who makes it
// and its body. Actions run while the sandbox's lock is held.
type request struct {
	*http.Request
	key  *Key
	user *user
	raw  []byte // the body as sent
}

// arg is a path variable of the route's pattern.
func (q *request) arg(name string) string { return q.PathValue(name) }

// param is a query parameter, empty when absent.
func (q *request) param(name string) string { return q.URL.Query().Get(name) }

// has tells whether a query parameter is present at all.
func (q *request) has(name string) bool { return q.URL.Query().Has(name) }

// action is what one method of one URL does, with the scopes a key needs. An
// action that declares no scopes refuses every personal key, as PostHog does.
type action struct {
	scopes   []string
	run      func(*request) reply
	limit    limitKind
	anyKey   bool   // needs no scope
	exempt   bool   // open to project-limited keys although outside of projects
	personal bool   // knows personal keys only, no OAuth tokens
	admin    bool   // for admins of the project
	flag     string // a feature flag that the sandbox's organisation does not have
	jsonOnly bool   // a form body is answered 415
	reads    bool   // may run beside other readers
	prepare  func() // runs before the lock is taken, to bring data up to date
}

// actions maps a method to its action.
type actions map[string]action

// mounts says below which prefixes a project route exists.
type mounts []string

var (
	bothMounts   = mounts{"/api/projects/{project}/", "/api/environments/{project}/"}
	projectsOnly = mounts{"/api/projects/{project}/"}
)

// route registers the actions of a URL below each mount; an empty pattern is
// the mount itself.
func (s *Sandbox) route(at mounts, pattern string, methods actions) {
	for _, mount := range at {
		s.mux.HandleFunc(strings.TrimSuffix(mount+pattern, "/"), func(w http.ResponseWriter, r *http.Request) {
			s.dispatch(r, methods, s.projectGate).send(w)
		})
	}
}

// routeGlobal registers a URL that does not belong to a project.
func (s *Sandbox) routeGlobal(pattern string, methods actions) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		s.dispatch(r, methods, s.globalGate).send(w)
	})
}

// dispatch runs PostHog's checks in PostHog's order: authentication, a
// declared scope, the project and what the key is limited to, the scope
// itself, throttling, and only then the body and the action.
func (s *Sandbox) dispatch(r *http.Request, methods actions, gate func(*request, action) *reply) reply {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return fail(http.StatusBadRequest, "invalid_request", "parse_error", "Malformed request.", "")
	}
	if len(raw) > maxBody {
		return fail(http.StatusRequestEntityTooLarge, "invalid_request", "request_too_large", "Request body too large.", "")
	}
	q := &request{Request: r, raw: raw}
	if refusal := s.authenticate(q); refusal != nil {
		return *refusal
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	act, exists := methods[method]
	if refusal := s.checkAction(q, act, exists); refusal != nil {
		return *refusal
	}
	if refusal := gate(q, act); refusal != nil {
		return *refusal
	}
	if refusal := s.throttle(q, act.limit); refusal != nil {
		return *refusal
	}
	if refusal := q.checkBody(act.jsonOnly); refusal != nil {
		return *refusal
	}
	if act.prepare != nil {
		act.prepare()
	}
	if act.reads {
		s.mu.RLock()
		defer s.mu.RUnlock()
	} else {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	return act.run(q)
}

// refuseKeys is the answer of an action that no personal key may call. Its words
// changed after 2025.
func (s *Sandbox) refuseKeys() reply {
	if s.opts.Persons2025 {
		return forbidden("This action does not support Personal API Key access")
	}
	return forbidden("This action does not support personal API key access")
}

// checkBody refuses a body that no parser takes. Only writes have theirs read.
func (q *request) checkBody(jsonOnly bool) *reply {
	if len(q.raw) == 0 || q.Method != http.MethodPost && q.Method != http.MethodPut && q.Method != http.MethodPatch {
		return nil
	}
	media, _, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	switch {
	case err == nil && media == "application/json":
		return nil
	case err == nil && !jsonOnly && (media == "application/x-www-form-urlencoded" || media == "multipart/form-data"):
		return nil
	}
	text := "Unsupported media type \"" + q.Header.Get("Content-Type") + "\" in request."
	refusal := fail(http.StatusUnsupportedMediaType, "invalid_request", "unsupported_media_type", text, "")
	return &refusal
}

// fields is a request body: each member as it was sent.
type fields map[string]json.RawMessage

// sent tells whether a member was given, null included.
func (f fields) sent(name string) bool { _, given := f[name]; return given }

// isNull tells whether a member was given as null.
func (f fields) isNull(name string) bool { return string(f[name]) == "null" }

// isForm tells whether the body came from an HTML form.
func (q *request) isForm() bool {
	media, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type"))
	return media == "application/x-www-form-urlencoded"
}

// object reads the body as a JSON object; no body counts as an empty one. A
// form body gives each field as a JSON string, as Django's parser would.
func (q *request) object() (fields, *reply) {
	if q.isForm() {
		return formFields(q.raw)
	}
	if len(bytes.TrimSpace(q.raw)) == 0 {
		return fields{}, nil
	}
	if !utf8.Valid(q.raw) {
		refusal := fail(http.StatusBadRequest, "invalid_request", "parse_error", "JSON parse error - 'utf-8' codec can't decode the body", "")
		return nil, &refusal
	}
	var members fields
	err := json.Unmarshal(q.raw, &members)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType):
		refusal := invalid("", "invalid_input", "Invalid data. Expected a dictionary, but got "+pythonType(q.raw)+".")
		return nil, &refusal
	case err != nil:
		refusal := fail(http.StatusBadRequest, "invalid_request", "parse_error", "JSON parse error - Expecting value: line 1 column 1 (char 0)", "")
		return nil, &refusal
	case members == nil: // the literal null
		members = fields{}
	}
	return members, nil
}

func formFields(raw []byte) (fields, *reply) {
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		refusal := fail(http.StatusBadRequest, "invalid_request", "parse_error", "Malformed request.", "")
		return nil, &refusal
	}
	members := fields{}
	for name, given := range values {
		members[name], _ = encode(given[len(given)-1])
	}
	return members, nil
}

// pythonType names the type of a JSON value as Python error texts do.
func pythonType(raw json.RawMessage) string {
	switch text := strings.TrimSpace(string(raw)); {
	case text == "" || text == "null":
		return "NoneType"
	case text[0] == '"':
		return "str"
	case text[0] == '[':
		return "list"
	case text[0] == '{':
		return "dict"
	case text == "true" || text == "false":
		return "bool"
	case strings.ContainsAny(text, ".eE"):
		return "float"
	}
	return "int"
}
