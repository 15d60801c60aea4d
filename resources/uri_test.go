package resources

import (
	"strings"
	"testing"
)

// Whatever a URI is, what comes of it holds ids in the form of ids, and leads
// to a tool that only reads.
func FuzzParse(f *testing.F) {
	for _, uri := range []string{
		"posthog://projects/1/accounts?cursor=abc", "posthog://projects/1/accounts/01943aa0-bc00-7a3e-9b1d-5e2f8c4d6a10/notebooks/AcmeCa11",
		"posthog://projects/1/persons/..%2f", "posthog://projects/9223372036854775808/accounts", "posthog:projects/1", "://", "posthog://projects/1/custom-properties/",
	} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		p, ok := parse(uri)
		if !ok {
			return
		}
		if strings.ContainsAny(p.account+p.person+p.note, "/.@% ") || p.project <= 0 {
			t.Fatalf("%q became %+v", uri, p)
		}
		tool, arguments := p.question()
		if !strings.HasPrefix(tool, "get_") && !strings.HasPrefix(tool, "list_") || arguments["project_id"] != p.project {
			t.Fatalf("%q asks %s %v", uri, tool, arguments)
		}
	})
}
