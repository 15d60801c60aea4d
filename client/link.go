package client

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// LinkKind is what a link into PostHog leads to.
type LinkKind string

// The kinds of links.
const (
	AccountLink    LinkKind = "account"
	NotebookLink   LinkKind = "notebook"
	PersonLink     LinkKind = "person"
	DistinctIDLink LinkKind = "distinct id" // a person's page, by one of its distinct ids
)

// Link is an address in PostHog's app, as people paste it.
type Link struct {
	Kind LinkKind
	ID   string
}

// linkPaths are the pages, and the objects of the API, that are something to us; "*" is the id.
var linkPaths = []struct {
	kind LinkKind
	path []string
}{
	{AccountLink, []string{"customer_analytics", "accounts", "*"}},
	{AccountLink, []string{"accounts", "*"}},
	{NotebookLink, []string{"notebooks", "*"}},
	{PersonLink, []string{"persons", "*"}},
	{DistinctIDLink, []string{"person", "*"}},
}

// Link reads an address of an account, a notebook or a person in this project. The zero Link is for a text
// that is no address in PostHog. A problem says, in words that complete "this address ...", why one is of no
// use here.
func (p *Project) Link(text string) (link Link, problem string) {
	base := p.session.client.base
	address, ok := parseAddress(text, base)
	if !ok {
		return Link{}, ""
	}
	isHere := sameHost(address.Host, base.Host)
	path := address.EscapedPath()
	if isHere {
		path = strings.TrimPrefix(path, base.EscapedPath())
	}
	link, project, ok := readPath(path)
	switch {
	case isHere && !ok:
		return Link{}, "is PostHog's, but of no account, notebook or person"
	case !ok || !isHere && project == 0:
		return Link{}, "" // somebody's website
	case !isHere:
		return Link{}, fmt.Sprintf("is in another PostHog, %s, and this server works on %s", address.Host, base.Host)
	case project != 0 && project != p.id:
		return Link{}, fmt.Sprintf("is in project %d, and this call works on project %d", project, p.id)
	}
	return link, ""
}

// parseAddress reads an absolute address; of PostHog's own the scheme may be missing.
func parseAddress(text string, base *url.URL) (*url.URL, bool) {
	if rest, ok := strings.CutPrefix(text, base.Host); ok && strings.HasPrefix(rest, "/") {
		text = base.Scheme + "://" + text
	}
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return nil, false
	}
	return address, true
}

// sameHost knows that the cloud's old name still leads to the first of its regions.
func sameHost(given, ours string) bool {
	return strings.EqualFold(given, ours) || strings.EqualFold(given, "app.posthog.com") && ours == "us.posthog.com"
}

// readPath reads a path without the prefix of a self-hosted PostHog; project is 0 where it names none.
func readPath(path string) (link Link, project int64, ok bool) {
	steps := strings.Split(strings.Trim(path, "/"), "/")
	if steps[0] == "api" {
		steps = steps[1:]
	}
	if len(steps) > 1 && (steps[0] == "project" || steps[0] == "projects" || steps[0] == "environments") {
		number, err := strconv.ParseInt(steps[1], 10, 64)
		if err != nil || number <= 0 {
			return Link{}, 0, false
		}
		project, steps = number, steps[2:]
	}
	for _, known := range linkPaths {
		if id, fits := idIn(steps, known.path); fits {
			return Link{Kind: known.kind, ID: id}, project, true
		}
	}
	return Link{}, project, false
}

// idIn is the id in a path that begins like a known one: a page may have tabs below it.
func idIn(steps, known []string) (string, bool) {
	if len(steps) < len(known) {
		return "", false
	}
	id := ""
	for i, step := range known {
		if step == "*" {
			id = steps[i]
		} else if steps[i] != step {
			return "", false
		}
	}
	id, err := url.PathUnescape(id)
	return id, err == nil && id != ""
}
