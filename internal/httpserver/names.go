package httpserver

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// names knows under which names this server is reached, and so which Host headers are meant for it and
// which Origin headers are its own pages. Everything else is a web page that tries to use a visitor's
// browser: with a DNS name that it points at us (Host) or from its own site (Origin).
type names struct {
	hosts   map[string]bool // the bind address and the public URLs, without ports
	origins map[string]bool // public URLs and allowed origins, normalised
	port    string          // of the bind address, where the connection does not say
}

func newNames(addr string, publicURLs, allowOrigins []string) (*names, error) {
	n := &names{hosts: map[string]bool{}, origins: map[string]bool{}}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("the address to listen on must be host:port, such as 127.0.0.1:8080: %w", err)
	}
	n.port = port
	if ip, err := netip.ParseAddr(host); host != "" && (err != nil || !ip.IsUnspecified()) {
		n.hosts[strings.ToLower(host)] = true
	}
	for _, public := range publicURLs {
		u, err := url.Parse(public)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, errors.New("a public URL must be http:// or https:// and a host, such as https://mcp.example.com")
		}
		n.hosts[strings.ToLower(u.Hostname())] = true
		n.origins[originOf(u)] = true
	}
	for _, allowed := range allowOrigins {
		origin, ok := parseOrigin(allowed)
		if !ok {
			return nil, errors.New("an allowed origin must be exactly scheme://host or scheme://host:port, such as https://app.example.com")
		}
		n.origins[originOf(origin)] = true
	}
	return n, nil
}

// hostAllowed reports whether the request was addressed to this server by one of its names. The port is
// not compared: a forwarded port differs, and a page cannot fake the host part.
func (n *names) hostAllowed(r *http.Request) bool {
	host, _ := splitHost(r.Host)
	return n.isOurs(host, r)
}

// originAllowed returns the request's Origin if it may use this server. No Origin at all is fine: only
// browsers send one, and they always do when it matters.
func (n *names) originAllowed(r *http.Request) (origin string, ok bool) {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return "", true
	}
	u, valid := parseOrigin(values[0])
	if !valid || len(values) > 1 {
		return "", false
	}
	if n.origins[originOf(u)] {
		return values[0], true
	}
	// Our own pages, if there were any: unlike with Host the port counts, because another port on this
	// machine is another program.
	host, port := splitHost(u.Host)
	if port == "" {
		port = "80"
	}
	return values[0], u.Scheme == "http" && n.isOurs(host, r) && port == n.localPort(r)
}

// isOurs reports whether host is a loopback name, a configured name, or the very address the connection
// came in on. The last is safe although nobody configured it: no DNS name is involved.
func (n *names) isOurs(host string, r *http.Request) bool {
	if isLoopback(host) || n.hosts[host] {
		return true
	}
	ip, err := netip.ParseAddr(host)
	local, ok := localAddr(r)
	return err == nil && ok && ip.Unmap() == local.Addr().Unmap()
}

func (n *names) localPort(r *http.Request) string {
	if local, ok := localAddr(r); ok {
		return fmt.Sprint(local.Port())
	}
	return n.port
}

// localAddr is our end of the connection.
func localAddr(r *http.Request) (netip.AddrPort, bool) {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.AddrPort{}, false
	}
	local, err := netip.ParseAddrPort(addr.String())
	return local, err == nil
}

// parseOrigin reads the one form an Origin header has. The opaque origin "null" is none.
func parseOrigin(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, false
	}
	return u, true
}

// originOf writes an origin as browsers do: lower case, without the scheme's default port.
func originOf(u *url.URL) string {
	host, port := splitHost(u.Host)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + host + ":" + port
}

// splitHost splits host[:port], with the host in lower case and without brackets.
func splitHost(text string) (host, port string) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), ""
	}
	return strings.ToLower(host), port
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
