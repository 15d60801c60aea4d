package plain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Visible writes the characters that hide or reorder text as escapes: names in
// a sentence are other people's, and may be made to look like something else.
// Line ends stay, and so do the joiners that emoji and Persian need.
func Visible(text string) string {
	if !strings.ContainsFunc(text, hides) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if !hides(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

func hides(r rune) bool {
	const nonJoiner, joiner, lineSeparator, paragraphSeparator = 0x200c, 0x200d, 0x2028, 0x2029
	switch r {
	case '\n', nonJoiner, joiner:
		return false
	case lineSeparator, paragraphSeparator:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}
