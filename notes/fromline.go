package notes

import "strings"

// inline splits one line into text nodes the way PostHog does: at each place bold, italic, code and link are tried in
// this order, the shortest match wins, and marks do not nest.
//
// The searches for closing characters only ever move forward, so a hostile line costs linear time; a regular
// expression with the same meaning is quadratic on text like "[`a`[`a`".
func inline(text string) []storedNode {
	s := lineScanner{text: text}
	start := 0
	for at := 0; at < len(text); {
		node, end := s.match(at)
		if end == 0 {
			at++
			continue
		}
		s.addText(start, at)
		s.nodes = append(s.nodes, node)
		at, start = end, end
	}
	s.addText(start, len(text))
	return s.nodes
}

type lineScanner struct {
	text  string
	nodes []storedNode
	// The next place of each closing token, kept between calls because the search position never goes back.
	twoStars, star, tick, bracket, paren finder
}

// match returns the marked node that starts at a byte offset and the offset behind it, or 0 when there is none.
func (s *lineScanner) match(at int) (storedNode, int) {
	switch s.text[at] {
	case '*':
		if strings.HasPrefix(s.text[at:], "**") {
			if end := s.twoStars.find(s.text, "**", at+3); end >= 0 {
				return marked(s.text[at+2:end], storedMark{Type: "bold"}), end + 2
			}
		}
		if end := s.star.find(s.text, "*", at+2); end >= 0 {
			return marked(s.text[at+1:end], storedMark{Type: "italic"}), end + 1
		}
	case '`':
		if end := s.tick.find(s.text, "`", at+2); end >= 0 {
			return marked(s.text[at+1:end], storedMark{Type: "code"}), end + 1
		}
	case '[':
		return s.matchLink(at)
	}
	return storedNode{}, 0
}

// matchLink reads [label](href); the label ends at the first ], the address at the first ), and neither is empty.
func (s *lineScanner) matchLink(at int) (storedNode, int) {
	label := s.bracket.find(s.text, "]", at+1)
	if label <= at+1 || !strings.HasPrefix(s.text[label:], "](") {
		return storedNode{}, 0
	}
	end := s.paren.find(s.text, ")", label+2)
	if end <= label+2 {
		return storedNode{}, 0
	}
	link := storedMark{Type: "link", Attrs: &storedAttrs{Href: s.text[label+2 : end]}}
	return marked(s.text[at+1:label], link), end + 1
}

func (s *lineScanner) addText(start, end int) {
	if start < end {
		text := s.text[start:end]
		s.nodes = append(s.nodes, storedNode{Type: "text", Text: &text})
	}
}

func marked(text string, mark storedMark) storedNode {
	return storedNode{Type: "text", Text: &text, Marks: []storedMark{mark}}
}

// finder remembers where a token was found last, so that repeated searches from growing offsets read the text once.
type finder struct {
	next int // the token's offset, once known
	done bool
	seen bool
}

// find returns the first offset of the token at or behind from, or -1.
func (f *finder) find(text, token string, from int) int {
	if f.done || from > len(text) {
		return -1
	}
	if f.seen && f.next >= from {
		return f.next
	}
	i := strings.Index(text[from:], token)
	if i < 0 {
		f.done = true
		return -1
	}
	f.seen, f.next = true, from+i
	return f.next
}
