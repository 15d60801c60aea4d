package portfolio

import (
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
)

// What the titles of notes are made of that matter most for a kind of brief. A
// call needs what was said last.
var (
	reviews = []string{"qbr", "business review", "quarter"}
	plans   = []string{"account plan", "forecast", "renewal"}
	stories = []string{"handover", "hand-over", "what to know", "escalation", "incident", "kick-off", "kickoff"}
	telling = map[BriefKind][]string{ForQBR: slices.Concat(reviews, plans), ForHandover: slices.Concat(stories, plans)}
)

// titled tells whether a note's title has one of these words.
func titled(note client.Notebook, words []string) bool {
	title := strings.ToLower(note.Title)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(title, word) })
}

// Ranked are notes, given newest first, in the order in which they matter for a
// kind of brief. The latest is never worse than second.
func Ranked(newestFirst []client.Notebook, kind BriefKind) []client.Notebook {
	var first, rest []client.Notebook
	for _, note := range newestFirst {
		if titled(note, telling[kind]) {
			first = append(first, note)
		} else {
			rest = append(rest, note)
		}
	}
	if len(first) < 2 || len(rest) == 0 || rest[0].ShortID != newestFirst[0].ShortID {
		return append(first, rest...)
	}
	return slices.Concat(first[:1], rest[:1], first[1:], rest[1:])
}
