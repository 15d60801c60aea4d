package budget

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// FitRows returns the rows from the front that fit, whole, into max tokens together with overhead, the price of
// everything around them. size prices one row, its separator included.
//
// The first row is kept even if it does not fit: a page without rows would tell the reader nothing, and the cursor
// behind it would lead to the same page again.
func FitRows[T any](rows []T, overhead, max int, size func(T) int) (kept []T) {
	used := overhead
	for i, row := range rows {
		used += size(row)
		if used > max && i > 0 {
			return rows[:i]
		}
	}
	return rows
}

// CutText shortens a Markdown text so that its estimate is at most max tokens, and returns about how many tokens were
// left out (0 when nothing was).
//
// It cuts at the end of a line. Where that would waste more than half of the budget, as in a text of long
// paragraphs, it cuts between words, and inside a word only when there is nothing else.
func CutText(text string, max int) (cut string, omittedTokens int) {
	total := Estimate(text)
	if total <= max {
		return text, 0
	}
	end := lineEnd(text, max)
	if end == 0 {
		end = wordEnd(text, max)
	}
	cut = strings.TrimRight(text[:end], "\r\n \t")
	return cut, total - Estimate(cut)
}

// lineEnd returns where the last line that fits ends, or 0 if that is not even half of what fits.
func lineEnd(text string, max int) int {
	s := scanner{text: text}
	end, cost := 0, 0
	for s.at < len(text) {
		s.piece()
		if s.cost > max*perToken {
			break
		}
		if text[s.at-1] == '\n' {
			end, cost = s.at, s.cost
		}
	}
	if 2*cost < max*perToken {
		return 0
	}
	return end
}

// wordEnd returns the end of the longest beginning of the text that fits, moved back to a blank if there is one near.
func wordEnd(text string, max int) int {
	// Even blanks, the cheapest of texts, have at most 100 bytes a token, so what lies behind this cannot fit.
	const longest = 128
	if limit := (max + 1) * longest; limit < len(text) {
		text = text[:limit]
	}
	end := sort.Search(len(text), func(i int) bool { return Estimate(text[:i+1]) > max })
	for end > 0 && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	// The character behind the end counts: a blank there means that a word just ended.
	if blank := strings.LastIndexAny(text[:min(end+1, len(text))], " \n\t"); blank > end/2 {
		end = blank
	}
	return end
}
