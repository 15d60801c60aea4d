package plain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Visible writes the characters that hide or reorder text, or show as nothing,
// as escapes: names and notes are other people's, and may be made to look like
// something else or to say what only a model reads. Line ends stay, and so do
// the joiners and selectors that emoji and Persian need.
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
	const (
		nonJoiner, joiner                 = 0x200c, 0x200d
		lineSeparator, paragraphSeparator = 0x2028, 0x2029
		asText, asEmoji                   = 0xfe0e, 0xfe0f
	)
	switch r {
	case '\n', nonJoiner, joiner, asText, asEmoji:
		return false
	case lineSeparator, paragraphSeparator:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
