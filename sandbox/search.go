package sandbox

import (
	"regexp"
	"strings"
)

// Notebooks are searched the way PostgreSQL does it with its English
// configuration: texts become sets of word stems, and a search finds a text
// that holds the stems of all its words. It is no substring search.

// searchQuery is the stems that a text must hold. An empty query, such as one
// of nothing but stop words, matches nothing.
type searchQuery []string

func parseSearch(search string) searchQuery { return stems(search) }

func (query searchQuery) matches(text string) bool {
	if len(query) == 0 || text == "" {
		return false
	}
	held := map[string]bool{}
	for _, s := range stems(text) {
		held[s] = true
	}
	for _, wanted := range query {
		if !held[wanted] {
			return false
		}
	}
	return true
}

// lexeme finds what PostgreSQL's parser takes for one token: e-mail
// addresses, addresses of hosts with a path or without, words joined by
// hyphens, and words.
var lexeme = regexp.MustCompile(`(?i)` +
	`(?P<email>[\pL\pN_.+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+)` +
	`|(?P<host>[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL[\pL\pN-]*)(?P<path>/[^\s"'<>()]*)?` +
	`|(?P<compound>[\pL\pN_]+(?:-[\pL\pN_]+)+)` +
	`|(?P<word>[\pL\pN_]+)`)

// stems cuts a text into tokens and those into stems. An e-mail address is
// one token: searching for the name in front of the @ does not find it. A
// compound counts as a whole and in its parts.
func stems(text string) []string {
	var found []string
	for _, at := range lexeme.FindAllStringSubmatchIndex(strings.ToLower(text), -1) {
		found = appendLexemes(found, strings.ToLower(text), at)
	}
	return found
}

// The groups of lexeme, in pairs of start and end.
const (
	emailGroup    = 2
	hostGroup     = 4
	pathGroup     = 6
	compoundGroup = 8
	wordGroup     = 10
)

func appendLexemes(found []string, text string, at []int) []string {
	group := func(i int) string { return text[at[i]:at[i+1]] }
	switch {
	case at[emailGroup] >= 0:
		return append(found, group(emailGroup))
	case at[hostGroup] >= 0:
		found = append(found, group(hostGroup))
		if at[pathGroup] >= 0 {
			found = append(found, group(hostGroup)+group(pathGroup), group(pathGroup))
		}
		return found
	case at[compoundGroup] >= 0:
		found = append(found, stem(group(compoundGroup)))
		for part := range strings.SplitSeq(group(compoundGroup), "-") {
			found = appendWord(found, part)
		}
		return found
	}
	for part := range strings.SplitSeq(group(wordGroup), "_") {
		found = appendWord(found, part)
	}
	return found
}

func appendWord(found []string, word string) []string {
	if word == "" || stopWords[word] {
		return found
	}
	return append(found, stem(word))
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
