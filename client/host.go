package client

import (
	"errors"
	"net"
	"net/url"
	"path"
	"strings"
)

// regions are the short names of PostHog Cloud.
var regions = map[string]string{
	"us": "https://us.posthog.com",
	"eu": "https://eu.posthog.com",
}

// parseHost reads a PostHog address. Its errors never repeat the address, which may hold a password.
func parseHost(host string) (*url.URL, error) {
	host = strings.TrimSpace(host)
	if region, ok := regions[strings.ToLower(host)]; ok {
		host = region
	}
	base, err := url.Parse(host)
	if err != nil || base.Host == "" || base.Opaque != "" {
		return nil, errors.New("the PostHog host must be us, eu or a URL such as https://posthog.example.com")
	}
	base.Host = strings.ToLower(base.Host)
	name := base.Hostname()
	switch {
	case base.User != nil:
		return nil, errors.New("the PostHog host must not contain a user name or password")
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return nil, errors.New("the PostHog host must not contain a query or a fragment")
	case base.Scheme == "http" && !isLoopback(name):
		return nil, errors.New("the PostHog host must use https; plain http is only for this machine")
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, errors.New("the PostHog host must start with https://")
	case strings.HasSuffix(name, ".i.posthog.com"):
		return nil, errors.New("this host only receives events; use the one you open in the browser, " +
			"such as https://us.posthog.com")
	}
	base.Path = strings.TrimRight(base.Path, "/")
	if base.Path != "" && path.Clean(base.Path) != base.Path || base.RawPath != "" {
		return nil, errors.New("the path of the PostHog host must be plain, such as /posthog")
	}
	return base, nil
}

// isLoopback reports whether name is this machine.
func isLoopback(name string) bool {
	if ip := net.ParseIP(name); ip != nil {
		return ip.IsLoopback()
	}
	return name == "localhost"
}
