package notes

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escapeText puts a backslash before each character that Markdown would read as markup, and before no other, so that
// ordinary prose, addresses and snake_case names stay as they are.
func escapeText(text string) string {
	if !strings.ContainsAny(text, "\\`*_[]<~|&") {
		return text
	}
	var out strings.Builder
	out.Grow(len(text) + 8)
	for i := range len(text) {
		if needsEscape(text, i) {
			out.WriteByte('\\')
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

func needsEscape(text string, i int) bool {
	switch text[i] {
	case '\\', '`', '*', '[', ']', '~', '|':
		return true
	case '_': // inside a word it is no emphasis
		return i == 0 || i == len(text)-1 || !isAlphanumeric(text[i-1]) || !isAlphanumeric(text[i+1])
	case '<': // starts a tag or an autolink only before one of these
		return i == len(text)-1 || isAlphanumeric(text[i+1]) || strings.IndexByte("/!?", text[i+1]) >= 0
	case '&':
		return entity.MatchString(text[i:min(len(text), i+maxEntity)])
	}
	return false
}

// maxEntity is longer than any named character reference, and keeps the check from rereading long texts.
const maxEntity = 40

var entity = regexp.MustCompile(`^&#?[0-9A-Za-z]+;`)

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

var (
	// What starts another block, or underlines the line above into a heading.
	blockStart   = regexp.MustCompile(`^(#{1,6}([ \t]|$)|>|[-+]([ \t]|$)|-+[ \t]*$|=+[ \t]*$)`)
	orderedStart = regexp.MustCompile(`^[0-9]{1,9}[.)]([ \t]|$)`)
)

// escapeLineStart keeps a line of a paragraph from being read as the start of another block.
func escapeLineStart(line string) string {
	if blockStart.MatchString(line) {
		return `\` + line
	}
	if match := orderedStart.FindString(line); match != "" {
		at := strings.IndexAny(line, ".)")
		return line[:at] + `\` + line[at:]
	}
	return line
}

// codeSpan chooses a fence the text does not contain. In a table cell a bar needs a backslash even inside code.
func codeSpan(text string, mode inlineMode) string {
	text = strings.ReplaceAll(newlines.Replace(text), "\n", " ")
	if mode == modeCell {
		text = strings.ReplaceAll(text, "|", `\|`)
	}
	if text == "" {
		return ""
	}
	fence := strings.Repeat("`", spanFence(text))
	first, last := text[0], text[len(text)-1]
	blank := strings.Trim(text, " ") == ""
	if first == '`' || last == '`' || (first == ' ' && last == ' ' && !blank) {
		text = " " + text + " "
	}
	return fence + text + fence
}

// spanFence returns the shortest length of backtick run that does not occur in the text.
func spanFence(text string) int {
	return longestRun(text, '`') + 1
}

// destination writes the address of a link or image and its title.
func destination(href, title string) string {
	href = lineBreaks.Replace(strings.TrimSpace(href))
	href = strings.ReplaceAll(href, `\`, `\\`)
	href = entityStart.ReplaceAllString(href, `\$0`)
	if href == "" || strings.ContainsFunc(href, breaksDestination) {
		href = "<" + angles.Replace(href) + ">"
	}
	href = strings.ReplaceAll(href, "|", `\|`)
	if title == "" {
		return href
	}
	title = strings.ReplaceAll(escapeText(newlines.Replace(title)), `"`, `\"`)
	return href + ` "` + strings.ReplaceAll(title, "\n", " ") + `"`
}

var (
	lineBreaks  = strings.NewReplacer("\n", "%0A", "\r", "%0D")
	angles      = strings.NewReplacer("<", `\<`, ">", `\>`)
	entityStart = regexp.MustCompile(`&#?[0-9A-Za-z]{1,36};`)
)

func breaksDestination(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune("()<>", r)
}

// class sorts characters by what CommonMark's rules for emphasis make of them.
type class int

const (
	space  class = iota // also the ends of the text
	punct               // ASCII punctuation: every reader agrees on it
	letter              // neither space nor punctuation: letters, digits, marks
	symbol              // beyond ASCII; readers differ on whether it counts as punctuation
)

func classOf(r rune) class {
	switch {
	case unicode.IsSpace(r):
		return space
	case r < utf8.RuneSelf:
		if isAlphanumeric(byte(r)) {
			return letter
		}
		return punct
	case unicode.IsPunct(r) || unicode.IsSymbol(r):
		return symbol
	default:
		return letter
	}
}
