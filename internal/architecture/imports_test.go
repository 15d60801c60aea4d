package architecture_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "posthog-accounts-mcp"

// arrows are all the imports between rooms that are allowed, besides those
// inside a room. docs/architecture.md draws them.
var arrows = map[string][]string{
	"main":                {"internal/config", "internal/app"},
	"internal/app":        {"internal/config", "internal/server", "internal/httpserver", "internal/identity", "internal/plain", "internal/schema", "internal/show", "client", "journal", "tools", "resources", "prompts", "sandbox"},
	"internal/config":     {"client", "journal", "tools", "sandbox", "internal/policy"},
	"internal/server":     {"internal/identity", "internal/elicit", "internal/progress"},
	"internal/progress":   {},
	"internal/httpserver": {"internal/server", "internal/identity", "client"},
	"internal/elicit":     {},
	"internal/identity":   {"client"},
	"internal/plain":      {"client", "internal/opaque", "internal/schema"},
	"internal/policy":     {"internal/plain"},
	"internal/schemagen":  {"internal/schema", "internal/fence", "tools"},
	"internal/documents":  {"internal/config", "tools"},
	"internal/show":       {},
	"internal/schema":     {},
	"internal/opaque":     {},
	"internal/budget":     {},
	"internal/fence":      {},
	"internal/recent":     {},
	"tools":               {"portfolio", "people", "journal", "client", "notes", "internal/schema", "internal/schemagen", "internal/documents", "internal/plain", "internal/opaque", "internal/budget", "internal/fence", "internal/recent", "internal/identity", "internal/elicit", "internal/policy", "internal/progress"},
	"resources":           {"internal/plain", "internal/fence"},
	"prompts":             {"internal/plain", "internal/fence"},
	"portfolio":           {"client", "journal", "notes", "internal/plain", "internal/policy", "internal/schema", "internal/recent"},
	"people":              {"client", "journal", "internal/plain", "internal/policy"},
	"journal":             {},
	"notes":               {},
	"client":              {},
	"sandbox":             {"notes"},
	"bench":               {"internal/app", "internal/config", "internal/server", "internal/plain", "client", "tools", "sandbox"},
}

// room is the room of a package: its top-level folder, or the one below
// internal/.
func room(path string) string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	steps := strings.Split(path, "/")
	switch {
	case path == "":
		return "main"
	case steps[0] == "internal":
		return strings.Join(steps[:2], "/")
	}
	return steps[0]
}

// Imports point one way: client and notes at the bottom know nothing of MCP,
// the rooms above never look up, and nothing but the wiring knows the sandbox.
func TestImportsPointOneWay(t *testing.T) {
	listed, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	require.NoError(t, err)
	decoder := json.NewDecoder(strings.NewReader(string(listed)))
	checked := 0
	for decoder.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		require.NoError(t, decoder.Decode(&p))
		from := room(p.ImportPath)
		if from == "e2e" || from == "internal/architecture" {
			continue // tests and their helpers
		}
		allowed, known := arrows[from]
		require.True(t, known, "%s is a new room: give it a line in arrows and in docs/architecture.md", from)
		for _, imported := range p.Imports {
			to := room(imported)
			if (imported == module || strings.HasPrefix(imported, module+"/")) && to != from {
				require.True(t, slices.Contains(allowed, to), "%s imports %s: %s -> %s is not an arrow of the house", p.ImportPath, imported, from, to)
				checked++
			}
		}
	}
	require.Greater(t, checked, 20, "the import graph was read")
}
