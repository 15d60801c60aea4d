package notes

// piece is a stretch of an edited line that comes from one stored node, or from none.
type piece struct {
	origin int // index of the node, -1 for none
	text   string
	style  style
	blank  bool   // nothing but white space so far, which has no style of its own
	single *token // a node that is no text
}

// mergeInline writes the content of a line or paragraph: characters that were there before keep the node they stood
// in, with all its marks, so that a comment on a word survives an edit beside it.
func mergeInline(old, edited *part) [][]byte {
	stored := old.from.children
	match := align(len(old.inline), len(edited.inline), func(i, j int) bool {
		a, b := old.inline[i], edited.inline[j]
		return a.text == b.text && (a.leaf == nil) == (b.leaf == nil)
	})
	var pieces []piece
	for j, t := range edited.inline {
		next := piece{origin: -1, text: t.text, style: t.style, blank: t.blank(), single: &edited.inline[j]}
		if i := match[j]; i >= 0 {
			was := old.inline[i]
			next.origin, next.single = was.origin, &old.inline[i]
			if was.leaf == nil && !was.brk() {
				next.text = stored[was.origin].text[was.from:was.to]
			}
		}
		if next.single.leaf == nil && !next.single.brk() {
			next.single = nil
		}
		if last := len(pieces) - 1; last < 0 || pieces[last].origin != next.origin || !pieces[last].absorb(next) {
			pieces = append(pieces, next)
		}
	}
	var content [][]byte
	for _, p := range typedInto(pieces, stored) {
		content = append(content, p.encode(stored))
	}
	return content
}

// absorb puts a piece behind this one if the two read as one text.
func (p *piece) absorb(next piece) bool {
	switch {
	case p.single != nil || next.single != nil:
		return false
	case p.blank:
		p.style, p.blank = next.style, next.blank
	case !next.blank && p.style != next.style:
		return false
	}
	p.text += next.text
	return true
}

// typedInto puts what is new into the nodes it was typed into: the one around it, or the one beside it unless that
// carries something like a comment, which nobody put on the new words.
func typedInto(pieces []piece, stored []node) []piece {
	var out []piece
	for i, p := range pieces {
		last := len(out) - 1
		switch {
		case last < 0 || out[last].origin == p.origin:
		case p.origin < 0 && (out[last].ordinary(stored) || i+1 < len(pieces) && pieces[i+1].origin == out[last].origin),
			out[last].origin < 0 && p.ordinary(stored):
			origin := max(out[last].origin, p.origin)
			if out[last].absorb(p) {
				out[last].origin = origin
				continue
			}
		}
		if last >= 0 && p.origin >= 0 && out[last].origin == p.origin && out[last].absorb(p) {
			continue
		}
		out = append(out, p)
	}
	return out
}

// ordinary tells whether a piece comes from a text with no other marks than Markdown has.
func (p *piece) ordinary(stored []node) bool {
	if p.origin < 0 || p.single != nil {
		return false
	}
	list, _ := lastMember(stored[p.origin].source, "marks")
	for _, raw := range elements(list) {
		if _, known := readMark(raw); !known {
			return false
		}
	}
	return true
}

func (p *piece) encode(stored []node) []byte {
	switch {
	case p.single != nil && p.origin >= 0:
		return stored[p.origin].source
	case p.single != nil:
		return encodeNode(p.single.node())
	case p.origin < 0:
		return encodeNode(node{kind: "text", text: p.text, marks: p.style.marks()})
	}
	was := stored[p.origin]
	source := was.source
	if p.text != was.text {
		source = withMembers(source, change{"text", jsonOf(p.text)})
	}
	had := styleOf(was.marks)
	if p.blank && had.code || !p.blank && p.style != had { // white space shows nothing but that it is code
		source = withMembers(source, change{"marks", array(p.marks(source))})
	}
	return source
}

// marks are those of the stored node that Markdown cannot say or that are still there, and those that are new.
func (p *piece) marks(source []byte) [][]byte {
	missing := p.style.marks()
	var marks [][]byte
	list, _ := lastMember(source, "marks")
	for _, raw := range elements(list) {
		m, known := readMark(raw)
		at := -1
		for i, wanted := range missing {
			if wanted.kind == m.kind && (m.kind != "link" || p.style.href == m.attrs["href"]) {
				at = i
			}
		}
		switch {
		case !known:
			marks = append(marks, raw)
		case at >= 0:
			marks = append(marks, raw)
			missing = append(missing[:at:at], missing[at+1:]...)
		}
	}
	for _, m := range encodeMarks(missing) {
		marks = append(marks, jsonOf(m))
	}
	return marks
}

// readMark reads a mark under the name it has in styles, and tells whether it is one of those.
func readMark(raw []byte) (m mark, known bool) {
	decoded := decodeMarks([]any{decodeAny(raw)})
	if len(decoded) == 0 {
		return mark{}, false
	}
	m = decoded[0]
	switch kind := m.kind; {
	case kind == "strong":
		m.kind = "bold"
	case kind == "em":
		m.kind = "italic"
	case kind == "strikethrough":
		m.kind = "strike"
	}
	_, known = formatOf[m.kind]
	return m, known || m.kind == "code"
}
