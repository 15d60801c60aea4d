package tools

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"posthog-accounts-mcp/internal/budget"
)

// What others wrote has no length that anybody could rely on. Here is how it
// is cut to what a reader can use; every cut shows, as a … or in a field that
// says what is missing.

const (
	valueRunes = 300   // of a value that nobody asked for by name
	askedRunes = 20000 // of one that somebody did
)

// shorten caps a text on one line.
func shorten(s string, runes int) string {
	s = strings.Join(strings.Fields(s), " ")
	if all := []rune(s); len(all) > runes {
		return string(all[:runes]) + "…"
	}
	return s
}

// capValue shortens a long value and says that it did.
func capValue(value any, runes int) (any, bool) {
	switch v := value.(type) {
	case nil, bool, float64:
		return value, false
	case string:
		if n := utf8.RuneCountInString(v); n > runes {
			return string([]rune(v)[:runes]) + "…", true
		}
		return value, false
	}
	encoded, err := encode(value)
	if err != nil || utf8.RuneCount(encoded) <= runes {
		return value, false
	}
	return string([]rune(string(encoded))[:runes]) + "…", true
}

// capMap shortens the values of a map so that all of it fits into some tokens:
// longer ones first, and in the end the last of the names.
func capMap(values map[string]any, most int) map[string]any {
	if values == nil {
		return nil
	}
	capped := make(map[string]any, len(values))
	for runes := valueRunes; ; runes /= 2 {
		for name, value := range values {
			capped[name], _ = capValue(value, runes)
		}
		if tokens(capped) <= most {
			return capped
		}
		if runes < 10 {
			break
		}
	}
	const more = "…"
	names := slices.Sorted(maps.Keys(capped))
	for len(names) > 0 && tokens(capped) > most {
		half := (len(names) + 1) / 2
		for _, name := range names[len(names)-half:] {
			delete(capped, name)
		}
		names = names[:len(names)-half]
		capped[more] = "more than fits here"
	}
	return capped
}

// Tokens of the parts of a receipt, so that one is never longer than what a
// call answers by default.
const (
	changesTokens = 600 // of before and of after, each
	undoTokens    = 700
)

// undoCall words the call that takes a write back, if it can be shown whole: a
// call that restores only part would be worse than none.
func undoCall(tool string, arguments map[string]any) string {
	call := asCall(tool, arguments)
	if budget.Estimate(call) > undoTokens {
		return "The former values are too long to be shown whole, so there is no call that restores them; before shows how they begin."
	}
	return call
}

// cutMarkdown shortens a note so that it takes at most some tokens in a
// result, where line ends and quotes are escaped and cost more than in a text.
func cutMarkdown(markdown string, most int) (cut string, omitted int) {
	for limit := most; ; {
		cut, omitted = budget.CutText(markdown, limit)
		cost := tokens(cut)
		if cost <= most || limit < 20 {
			return cut, omitted
		}
		limit = min(limit-1, limit*most/cost)
	}
}
