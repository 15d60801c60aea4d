package sandbox

import "strings"

// stem cuts an English word to its stem in the manner of Porter's algorithm,
// near enough to PostgreSQL's that "renewals", "renewal" and "renew" meet or
// do not meet as they do there.
func stem(word string) string {
	if len(word) <= 2 || !isASCIIWord(word) {
		return word
	}
	word = strings.TrimSuffix(strings.TrimSuffix(word, "'s"), "'")
	word = stemPlural(word)
	word = stemPast(word)
	if n := len(word); n > 2 && word[n-1] == 'y' && !vowelAt(word, n-2) {
		word = word[:n-1] + "i"
	}
	word = replaceSuffix(word, 0, derivations)
	word = replaceSuffix(word, 0, adjectives)
	word = dropSuffix(word)
	return stemEnding(word)
}

func isASCIIWord(word string) bool {
	for i := range len(word) {
		if c := word[i]; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// stemPlural is step 1a: -sses, -ies, -s.
func stemPlural(word string) string {
	switch n := len(word); {
	case strings.HasSuffix(word, "sses"):
		return word[:n-2]
	case strings.HasSuffix(word, "ies"), strings.HasSuffix(word, "ied"):
		if n > 4 {
			return word[:n-2]
		}
		return word[:n-1]
	case strings.HasSuffix(word, "us"), strings.HasSuffix(word, "ss"):
		return word
	case strings.HasSuffix(word, "s") && hasVowel(word[:n-2]):
		return word[:n-1]
	}
	return word
}

// stemPast is step 1b: -eed, -ed, -ing and their -ly forms.
func stemPast(word string) string {
	for _, suffix := range []string{"eedly", "eed"} {
		if base, found := strings.CutSuffix(word, suffix); found {
			if measure(base) > 0 {
				return base + "ee"
			}
			return word
		}
	}
	for _, suffix := range []string{"ingly", "edly", "ing", "ed"} {
		base, found := strings.CutSuffix(word, suffix)
		if !found {
			continue
		}
		if !hasVowel(base) {
			return word
		}
		return restoreEnding(base)
	}
	return word
}

// restoreEnding mends what -ed and -ing leave behind: hoping is hope, hopping
// is hop.
func restoreEnding(base string) string {
	n := len(base)
	switch {
	case strings.HasSuffix(base, "at"), strings.HasSuffix(base, "bl"), strings.HasSuffix(base, "iz"):
		return base + "e"
	case n > 1 && base[n-1] == base[n-2] && strings.IndexByte("bdfgmnprt", base[n-1]) >= 0:
		return base[:n-1]
	case measure(base) == 1 && shortSyllable(base):
		return base + "e"
	}
	return base
}

// The suffixes of steps 2 and 3 with what replaces them, the longest first.
var (
	derivations = [][2]string{
		{"ational", "ate"}, {"ization", "ize"}, {"fulness", "ful"}, {"ousness", "ous"}, {"iveness", "ive"},
		{"tional", "tion"}, {"biliti", "ble"}, {"lessli", "less"}, {"entli", "ent"}, {"ation", "ate"}, {"alism", "al"},
		{"aliti", "al"}, {"ousli", "ous"}, {"iviti", "ive"}, {"fulli", "ful"}, {"enci", "ence"}, {"anci", "ance"},
		{"abli", "able"}, {"izer", "ize"}, {"ator", "ate"}, {"alli", "al"}, {"bli", "ble"}, {"ogi", "og"},
	}
	adjectives = [][2]string{
		{"alize", "al"}, {"icate", "ic"}, {"iciti", "ic"}, {"ical", "ic"}, {"ness", ""}, {"ful", ""},
	}
	// endings are what step 4 drops from a stem of two syllables or more.
	endings = []string{
		"ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize",
		"al", "er", "ic",
	}
)

func replaceSuffix(word string, above int, table [][2]string) string {
	for _, rule := range table {
		if base, found := strings.CutSuffix(word, rule[0]); found {
			if measure(base) > above {
				return base + rule[1]
			}
			return word
		}
	}
	return word
}

// dropSuffix is step 4.
func dropSuffix(word string) string {
	for _, suffix := range endings {
		if base, found := strings.CutSuffix(word, suffix); found {
			if measure(base) > 1 {
				return base
			}
			return word
		}
	}
	base, found := strings.CutSuffix(word, "ion")
	if found && measure(base) > 1 && (strings.HasSuffix(base, "s") || strings.HasSuffix(base, "t")) {
		return base
	}
	return word
}

// stemEnding is step 5: a silent e, a double l.
func stemEnding(word string) string {
	n := len(word)
	switch {
	case strings.HasSuffix(word, "e"):
		base := word[:n-1]
		if m := measure(base); m > 1 || m == 1 && !shortSyllable(base) {
			return base
		}
	case strings.HasSuffix(word, "ll") && measure(word[:n-1]) > 1:
		return word[:n-1]
	}
	return word
}

// vowelAt tells whether a letter is a vowel; y is one after a consonant.
func vowelAt(word string, i int) bool {
	switch word[i] {
	case 'a', 'e', 'i', 'o', 'u':
		return true
	case 'y':
		return i > 0 && !vowelAt(word, i-1)
	}
	return false
}

func hasVowel(word string) bool {
	for i := range len(word) {
		if vowelAt(word, i) {
			return true
		}
	}
	return false
}

// measure counts the changes from vowel to consonant: Porter's m.
func measure(word string) (m int) {
	for i := 1; i < len(word); i++ {
		if vowelAt(word, i-1) && !vowelAt(word, i) {
			m++
		}
	}
	return m
}

// shortSyllable tells whether a word ends like hop: consonant, vowel, and a
// consonant that is not w, x or y.
func shortSyllable(word string) bool {
	n := len(word)
	return n >= 3 && !vowelAt(word, n-3) && vowelAt(word, n-2) && !vowelAt(word, n-1) && strings.IndexByte("wxy", word[n-1]) < 0
}
