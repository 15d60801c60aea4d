package httpserver

import (
	"net/http"
	"runtime/debug"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
)

// keyHeader carries the caller's PostHog key. Authorization is not used for it: that one proves the caller
// to us, and forwarding such a token to somebody else is what MCP forbids.
const keyHeader = "X-PostHog-API-Key"

const (
	allowedHeaders = "Content-Type, Authorization, X-PostHog-API-Key, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID"
	exposedHeaders = "WWW-Authenticate, Mcp-Session-Id"
	allowedMethods = "GET, POST, DELETE, OPTIONS"
)

// guard is what every request to every MCP endpoint passes, in this order, whatever its method.
func (s *Server) guard(next func(*response, *http.Request)) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, r *http.Request) {
		w := &response{ResponseWriter: writer}
		defer s.recoverPanic(w, r)

		if !s.names.hostAllowed(r) {
			s.refuse(w, r, http.StatusForbidden, "this server is not known under that Host: reach it by its address, or add the name with --public-url")
			return
		}
		origin, allowed := s.names.originAllowed(r)
		if !allowed {
			s.refuse(w, r, http.StatusForbidden, "this Origin may not use the server: add it with --allow-origin if that page is yours")
			return
		}
		w.origin = origin
		if r.Method == http.MethodOptions {
			preflight(w)
			return
		}
		id, ok := s.identify(w, r)
		if !ok {
			return
		}
		next(w, r.WithContext(identity.With(r.Context(), id)))
	})
}

// identify finds out who calls with which key, and takes both secrets off the request: nothing behind the
// guard, tool handlers included, can see or forward them. It answers the request itself if it must not go on.
func (s *Server) identify(w *response, r *http.Request) (identity.Identity, bool) {
	authorization, keys := r.Header.Get("Authorization"), r.Header.Values(keyHeader)
	r.Header.Del("Authorization")
	r.Header.Del(keyHeader)

	var id identity.Identity
	if s.options.Callers != nil {
		token, given := bearer(authorization)
		label, known := s.options.Callers.identify(token)
		if !given || !known {
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.refuse(w, r, http.StatusUnauthorized, "send the bearer token that the operator of this server gave you, as Authorization: Bearer TOKEN")
			return id, false
		}
		id.Caller = label
	}
	if len(keys) > 1 {
		s.refuse(w, r, http.StatusBadRequest, "there is more than one "+keyHeader+" header")
		return id, false
	}
	switch text := keyText(keys); {
	case text != "":
		key, err := client.NewKey(text)
		if err != nil {
			// Not a 401: clients answer that by starting an OAuth login, which cannot help.
			s.refuse(w, r, http.StatusBadRequest, keyHeader+": "+err.Error())
			return id, false
		}
		id.Key, id.KeySource = key, identity.SourceRequest
	case s.lendsKeyTo(r):
		lent := identity.FromEnvironment(s.options.EnvKey)
		id.Key, id.KeySource = lent.Key, lent.KeySource
	}
	return id, true
}

// keyText returns the key of the request, with what a client sends for an unset variable counted as none.
func keyText(values []string) string {
	if len(values) == 0 {
		return ""
	}
	text := strings.TrimSpace(values[0])
	if strings.HasPrefix(text, "${") && strings.HasSuffix(text, "}") {
		return ""
	}
	return text
}

// lendsKeyTo reports whether a request without a key may use the environment's: only where nobody but the
// owner of this machine can be calling. A request addressed to a public name came through a proxy.
func (s *Server) lendsKeyTo(r *http.Request) bool {
	host, _ := splitHost(r.Host)
	return s.lendKey && isLoopback(host)
}

// preflight answers a browser's question before its real request. Only allowed origins get this far.
func preflight(w *response) {
	w.Header().Set("Allow", allowedMethods)
	if w.origin != "" {
		w.Header().Set("Access-Control-Allow-Methods", allowedMethods)
		w.Header().Set("Access-Control-Allow-Headers", allowedHeaders)
		w.Header().Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// refuse answers and notes the refusal. Neither the text nor the log has anything from the request but its
// path: headers and queries hold secrets.
func (s *Server) refuse(w *response, r *http.Request, status int, text string) {
	s.options.Logger.Warn("refused a request", "path", r.URL.Path, "method", r.Method, "status", status, "reason", text)
	w.refuse(status, text)
}

// recoverPanic answers for a handler that cannot any more.
func (s *Server) recoverPanic(w *response, r *http.Request) {
	value := recover()
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
		panic(value)
	}
	s.options.Logger.Error("recovered from a panic", "path", r.URL.Path, "stack", string(debug.Stack()))
	if w.begun() {
		panic(http.ErrAbortHandler) // a client must not take half an answer for a whole one
	}
	w.refuse(http.StatusInternalServerError, "something went wrong inside this server; its log says what")
}
