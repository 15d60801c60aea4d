package resources

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// place is what a URI of ours names.
type place struct {
	project int64
	cursor  string // of the list of accounts
	account string // UUID
	note    string // short id
	person  string // UUID
	what    string // "accounts" or "custom-properties" for the lists
}

var shortID = regexp.MustCompile(`^[A-Za-z0-9]{1,12}$`)

// parse reads a URI strictly: ids must have the form of ids, so that nothing
// a client puts into a URI reaches PostHog as anything else.
func parse(uri string) (place, bool) {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme != "posthog" || parsed.Host != "projects" || parsed.User != nil || parsed.Fragment != "" {
		return place{}, false
	}
	steps := strings.Split(strings.TrimPrefix(parsed.EscapedPath(), "/"), "/")
	project, err := strconv.ParseInt(steps[0], 10, 64)
	if err != nil || project <= 0 || len(steps) < 2 {
		return place{}, false
	}
	p := place{project: project}
	collection, rest := steps[1], steps[2:]
	query := parsed.Query()
	if p.cursor = query.Get("cursor"); len(query) > 1 || len(query) == 1 && !query.Has("cursor") {
		return place{}, false
	}
	switch {
	case (collection == "accounts" || collection == "custom-properties") && len(rest) == 0:
		p.what = collection
	case collection == "accounts" && len(rest) == 1:
		p.account = rest[0]
	case collection == "accounts" && len(rest) == 3 && rest[1] == "notebooks":
		p.account, p.note = rest[0], rest[2]
	case collection == "persons" && len(rest) == 1:
		p.person = rest[0]
	default:
		return place{}, false
	}
	return p, p.wellFormed()
}

func (p place) wellFormed() bool {
	for _, id := range []string{p.account, p.person} {
		if _, err := uuid.Parse(id); id != "" && (err != nil || len(id) != 36) {
			return false
		}
	}
	return (p.cursor == "" || p.what == "accounts") && (p.note == "" || shortID.MatchString(p.note)) &&
		p.what+p.account+p.person != ""
}

// question is the tool call that answers with the contents of a place.
func (p place) question() (tool string, arguments map[string]any) {
	arguments = map[string]any{"project_id": p.project}
	switch {
	case p.note != "":
		arguments["account"], arguments["notebook"], arguments["max_tokens"] = p.account, p.note, wholeNote
		return "get_notebook", arguments
	case p.account != "":
		arguments["account"] = p.account
		arguments["include"] = []string{"custom_properties", "notebooks"}
		return "get_account", arguments
	case p.person != "":
		arguments["person"] = p.person
		return "get_person", arguments
	case p.what == "custom-properties":
		arguments["limit"], arguments["max_tokens"] = 200, wholeNote
		return "list_custom_properties", arguments
	}
	arguments["cursor"] = p.cursor
	arguments["limit"] = firstPage
	arguments["max_tokens"] = 8000
	return "list_accounts", arguments
}

// wholeNote is the size, in tokens, up to which a note is given whole: whoever
// reads a resource asked for exactly it.
const wholeNote = 50_000
