package sandbox

import (
	"iter"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Notebooks are searched the way PostgreSQL does it with its English
// configuration: texts become sets of word stems, and a search finds a text
// that holds the stems of all its words. It is no substring search.

// searchQuery is the stems that a text must hold. An empty query, such as one
// of nothing but stop words, matches nothing.
type searchQuery []string

func parseSearch(search string) (query searchQuery) {
	for l := range lexemes(search) {
		query = append(query, l.stem())
	}
	return query
}

// matches tells whether a text holds every stem of the query. Most words of a
// text are ruled out by their first letter, which no stemming changes.
func (query searchQuery) matches(text string) bool {
	found := make([]bool, len(query))
	missing := len(query)
	for l := range lexemes(text) {
		for i, wanted := range query {
			if !found[i] && l.text[0] == wanted[0] && l.stem() == wanted {
				found[i] = true
				missing--
			}
		}
		if missing == 0 {
			break
		}
	}
	return missing == 0 && len(query) > 0
}

// lexeme is one token of a text, in lower case.
type lexeme struct {
	text string
	word bool // to be stemmed; addresses are not
}

func (l lexeme) stem() string {
	if l.word {
		return stem(l.text)
	}
	return l.text
}

// lexemes cuts a text into tokens, stop words left out.
func lexemes(text string) iter.Seq[lexeme] {
	return func(yield func(lexeme) bool) {
		for chunk := range strings.FieldsFuncSeq(strings.ToLower(text), separates) {
			chunk = strings.Trim(chunk, inWord)
			if chunk != "" && !splitChunk(chunk, yield) {
				return
			}
		}
	}
}

// inWord are the signs that hold an address or a compound together.
const inWord = "._@-+/"

func separates(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(inWord, r)
}

// special finds what PostgreSQL's parser takes for one token besides words:
// e-mail addresses, hosts with a path or without, words joined by hyphens. It
// is compiled when first used: Unicode's classes make it slow to compile, and
// every start of the server would pay for it, without a sandbox too.
var special = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`([\pL\pN_.+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+)` +
		`|([\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL[\pL\pN-]*)(/[\pL\pN_.@+/-]*)?` +
		`|([\pL\pN]+(?:-[\pL\pN]+)+)` +
		`|([\pL\pN]+)`)
})

// splitChunk yields the tokens of a text without spaces. An e-mail address is
// one token: searching for the name in front of the @ does not find it. A
// compound counts as a whole and in its parts.
func splitChunk(chunk string, yield func(lexeme) bool) bool {
	if !strings.ContainsAny(chunk, inWord) {
		return yieldWord(chunk, yield)
	}
	for _, found := range special().FindAllStringSubmatch(chunk, -1) {
		email, host, path, compound, word := found[1], found[2], found[3], found[4], found[5]
		more := true
		switch {
		case email != "":
			more = yield(lexeme{text: email})
		case host != "":
			more = yield(lexeme{text: host}) && (path == "" || yield(lexeme{text: host + path}) && yield(lexeme{text: path}))
		case compound != "":
			more = yield(lexeme{text: compound, word: true})
			for part := range strings.SplitSeq(compound, "-") {
				more = more && yieldWord(part, yield)
			}
		default:
			more = yieldWord(word, yield)
		}
		if !more {
			return false
		}
	}
	return true
}

func yieldWord(word string, yield func(lexeme) bool) bool {
	return stopWords[word] || yield(lexeme{text: word, word: true})
}

// stopWords are the words that PostgreSQL's English dictionary leaves out.
var stopWords = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`i me my myself we our ours ourselves you your yours yourself yourselves he him his
		himself she her hers herself it its itself they them their theirs themselves what which who whom this that these
		those am is are was were be been being have has had having do does did doing a an the and but if or because as
		until while of at by for with about against between into through during before after above below to from up down
		in out on off over under again further then once here there when where why how all any both each few more most
		other some such no nor not only own same so than too very s t can will just don should now`) {
		words[word] = true
	}
	return words
}()
