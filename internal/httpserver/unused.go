package httpserver

import (
	"net"
	"net/http"
	"sync"
)

// unusedConnections are those over which no request has come yet. Clients open them in reserve, and
// http.Server.Shutdown waits five seconds for the request each of them might bring.
type unusedConnections struct {
	mu      sync.Mutex
	open    map[net.Conn]bool
	closing bool
}

// track is the http.Server's ConnState.
func (u *unusedConnections) track(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(u.open, c)
	case u.closing:
		_ = c.Close()
	default:
		if u.open == nil {
			u.open = make(map[net.Conn]bool)
		}
		u.open[c] = true
	}
}

// close closes all of them, and from now on every new one.
func (u *unusedConnections) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closing = true
	for c := range u.open {
		_ = c.Close()
	}
}
