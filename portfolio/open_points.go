package portfolio

import (
	"regexp"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/notes"
)

// OpenPoint is a task in a note that nobody has ticked off.
type OpenPoint struct {
	Text string
	Note client.Notebook
}

// task is an unticked item of a task list, by itself on its line.
var task = regexp.MustCompile(`^\s*(?:[-*+]|\d+[.)])\s+\[ \]\s+(\S.*)$`)

// OpenPoints are the tasks left open in notes, in the notes' order, each once.
func OpenPoints(all []client.Notebook) []OpenPoint {
	var open []OpenPoint
	for _, note := range all {
		markdown, _ := notes.Markdown(note.Content, value(note.TextContent))
		fenced := false
		for line := range strings.Lines(markdown) {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
			}
			found := task.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
			if fenced || found == nil {
				continue
			}
			text := strings.TrimSpace(found[1])
			if !slices.ContainsFunc(open, func(o OpenPoint) bool { return o.Text == text }) {
				open = append(open, OpenPoint{Text: text, Note: note})
			}
		}
	}
	return open
}
