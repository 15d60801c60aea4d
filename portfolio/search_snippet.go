package portfolio

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/notes"
)

const (
	snippetRunes  = 160
	snippetBefore = 50  // of them before the hit
	aroundBytes   = 400 // of Markdown on each side, to make a snippet of
)

// Snippet is what a note says around the words that were searched for, or how it
// begins where these are not in what it shows.
func Snippet(note client.Notebook, query string) string {
	stored := value(note.TextContent)
	shown, _ := notes.Markdown(note.Content, stored)
	for _, text := range []string{shown, stored} { // PostHog searches what is stored
		at := hitIn(text, query)
		if at < 0 {
			continue
		}
		near := notes.Text(nil, linesAround(text, at))
		if at = hitIn(near, query); at >= 0 {
			return cutAround(near, at)
		}
	}
	return cutAround(notes.Text(note.Content, stored), 0)
}

// hitIn is where most of the words of a query stand together in a text, -1 if
// nowhere.
func hitIn(text, query string) int {
	wanted := strings.FieldsFunc(strings.ToLower(query), notInWord)
	best, at := 0, -1
	for place := 0; place < len(text); {
		end := wordEnd(text, place)
		if end == place {
			_, size := utf8.DecodeRuneInString(text[place:])
			place += size
			continue
		}
		for _, word := range wanted {
			if !mayMatch(text[place:end], word) {
				continue
			}
			if together := countNear(text[place:min(len(text), place+2*snippetRunes)], wanted); together > best {
				best, at = together, place
			}
		}
		place = end
	}
	return at
}

// countNear counts the words that a text has.
func countNear(text string, wanted []string) int {
	count := 0
	words := strings.FieldsFunc(text, notInWord)
	for _, want := range wanted {
		for _, word := range words {
			if mayMatch(word, want) {
				count++
				break
			}
		}
	}
	return count
}

// mayMatch tells whether PostHog may take a word for the one that was searched
// for: it compares stems.
func mayMatch(word, wanted string) bool {
	const ending, least = 3, 4
	word = strings.ToLower(word)
	stem := wanted
	if len(wanted)-ending >= least {
		stem = strings.ToValidUTF8(wanted[:len(wanted)-ending], "")
	}
	return strings.HasPrefix(word, stem)
}

func notInWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func wordEnd(text string, from int) int {
	if length := strings.IndexFunc(text[from:], notInWord); length >= 0 {
		return from + length
	}
	return len(text)
}

// linesAround are the lines of a text near a place.
func linesAround(text string, at int) string {
	start, end := max(0, at-aroundBytes), min(len(text), at+aroundBytes)
	if line := strings.IndexByte(text[start:at], '\n'); start > 0 && line >= 0 {
		start += line + 1
	}
	return strings.ToValidUTF8(text[start:end], "")
}

// cutAround cuts a text to a snippet around a place, between words.
func cutAround(text string, at int) string {
	before, after := []rune(text[:at]), []rune(text[at:])
	head, tail := "", ""
	if len(before) > snippetBefore {
		before = before[len(before)-snippetBefore:]
		if _, rest, found := strings.Cut(string(before), " "); found {
			before = []rune(rest)
		}
		head = "…"
	}
	if room := snippetRunes - len(before); len(after) > room {
		after, tail = after[:room], "…"
	}
	return head + strings.TrimSpace(string(before)+string(after)) + tail
}
