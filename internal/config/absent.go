package config

import (
	"os"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

var placeholder = regexp.MustCompile(`^\$\{[^}]*\}$`)

// given is a value that somebody really set: clients hand over empty strings,
// or a placeholder as it stands in their configuration, for what was left out.
func given(text string) string {
	text = strings.TrimSpace(text)
	if placeholder.MatchString(text) {
		return ""
	}
	return text
}

// dropPlaceholders unsets variables of ours that hold nothing.
func dropPlaceholders() {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "POSTHOG_") && given(value) == "" {
			_ = os.Unsetenv(name)
		}
	}
}

// withoutPlaceholders leaves out the flags that hold nothing, so that the
// environment or the default takes their place. Switches are flags whose value
// is never a word of its own.
func withoutPlaceholders(arguments []string, switches map[string]bool) []string {
	var kept []string
	for i := 0; i < len(arguments); i++ {
		name, value, attached := strings.Cut(arguments[i], "=")
		isFlag := strings.HasPrefix(name, "--") && len(name) > len("--")
		switch next := i + 1; {
		case arguments[i] == "--":
			return append(kept, arguments[i:]...)
		case isFlag && attached && given(value) == "":
		case isFlag && !attached && !switches[strings.TrimPrefix(name, "--")] && next < len(arguments):
			if given(arguments[next]) != "" {
				kept = append(kept, arguments[i], arguments[next])
			}
			i = next
		default:
			kept = append(kept, arguments[i])
		}
	}
	return kept
}

// switches are the names of the flags that are on or off, of all commands.
func switches(node *kong.Node) map[string]bool {
	names := map[string]bool{}
	for _, flag := range node.Flags {
		if flag.IsBool() {
			names[flag.Name] = true
		}
	}
	for _, child := range node.Children {
		for name := range switches(child) {
			names[name] = true
		}
	}
	return names
}
