// Package documents writes the parts of the README that follow from the code:
// the table of tools and the table of options.
package documents

import (
	"bytes"
	"fmt"
	"strings"

	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/tools"
)

// Readme is a README with its generated parts made anew. They stand between
// <!-- NAME begin --> and <!-- NAME end -->.
func Readme(content []byte) ([]byte, error) {
	options, err := optionTable()
	if err != nil {
		return nil, err
	}
	for name, part := range map[string]string{"tools": toolTable(), "options": options} {
		if content, err = Replace(content, name, part); err != nil {
			return nil, err
		}
	}
	return content, nil
}

// Replace is content with the part between <!-- NAME begin --> and <!-- NAME end --> made anew.
func Replace(content []byte, name, part string) ([]byte, error) {
	begin, end := []byte("<!-- "+name+" begin -->\n"), []byte("<!-- "+name+" end -->")
	before, rest, ok := bytes.Cut(content, begin)
	if !ok {
		return nil, fmt.Errorf("there is no line %q", begin)
	}
	_, after, ok := bytes.Cut(rest, end)
	if !ok {
		return nil, fmt.Errorf("there is no line %q", end)
	}
	return bytes.Join([][]byte{before, begin, []byte(part), end, after}, nil), nil
}

var effects = map[tools.Effect]string{
	tools.Reads: "reads", tools.Adds: "adds", tools.AddsOnce: "adds", tools.Sets: "changes", tools.Erases: "deletes, asks first",
}

func toolTable() string {
	var b strings.Builder
	b.WriteString("| Tool | Toolset | Effect | What it does |\n| --- | --- | --- | --- |\n")
	for _, t := range tools.All {
		toolset := string(t.Toolset)
		if toolset == "" {
			toolset = "always"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", t.Name, toolset, effects[t.Effect], t.Description)
	}
	return b.String()
}

func optionTable() (string, error) {
	options, err := config.Options()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| Flag | Variable | What it does |\n| --- | --- | --- |\n")
	for _, o := range options {
		flag := "(none: never on the command line)"
		if o.Flag != "" {
			flag = "`--" + strings.TrimSpace(o.Flag+" "+o.Placeholder) + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", flag, strings.Join(o.Variables, "`, `"), o.Help)
	}
	return b.String(), nil
}
