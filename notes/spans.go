package notes

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inlineWriter writes runs as nested spans.
type inlineWriter struct {
	mode inlineMode
	buf  []byte
	// depth counts the open emphasis spans.
	depth int
	// opened is where a run of star delimiters was last opened, and before is the class of what stands before it:
	// a further star there joins the run. closed is where delimiters were last closed: none may follow directly.
	opened, closed int
	before         class
}

var delimiters = map[format]struct{ markdown, open, close string }{
	bold:   {"**", "<strong>", "</strong>"},
	italic: {"*", "<em>", "</em>"},
	strike: {"~~", "<del>", "</del>"},
}

// write writes runs that all lie inside the marks in applied; next is the class of what follows them.
func (w *inlineWriter) write(runs []run, applied format, next class) {
	for len(runs) > 0 {
		if runs[0].format&^applied != 0 {
			// A mark that an earlier, wider one has cut in two may begin with space here.
			runs[0].text = w.leadingSpace(runs[0])
			if runs[0].empty() {
				runs = runs[1:]
				continue
			}
		}
		m, end := widest(runs, applied)
		if m == 0 {
			w.leafOrText(runs[0])
			runs = runs[1:]
			continue
		}
		after := next
		if end < len(runs) {
			after = runs[end].edge(applied, false)
		}
		w.span(m, runs[:end], applied|m, after)
		runs = runs[end:]
	}
}

// leadingSpace writes the space a run begins with and returns the rest of its text.
func (w *inlineWriter) leadingSpace(r run) string {
	if r.code {
		return r.text
	}
	rest := strings.TrimLeftFunc(r.text, unicode.IsSpace)
	w.text(r.text[:len(r.text)-len(rest)])
	return rest
}

// widest picks, among the marks that start at the first run, the one that reaches furthest.
func widest(runs []run, applied format) (m format, end int) {
	for _, candidate := range wrappers {
		if runs[0].format&^applied&candidate == 0 {
			continue
		}
		reach := 1
		for reach < len(runs) && continues(runs[0], runs[reach], candidate) {
			reach++
		}
		if reach > end {
			m, end = candidate, reach
		}
	}
	return m, end
}

func continues(a, b run, m format) bool {
	return b.format&m != 0 && (m != link || a.target == b.target)
}

func (w *inlineWriter) span(m format, runs []run, applied format, next class) {
	switch m {
	case link:
		w.guardBang()
		w.buf = append(w.buf, '[')
		depth := w.depth
		w.depth = 0 // delimiters inside a link never match those outside
		w.write(runs, applied, punct)
		w.depth = depth
		w.buf = append(w.buf, "]("+runs[0].target+")"...)
	case underline:
		w.buf = append(w.buf, "<u>"...)
		w.write(runs, applied, punct)
		w.buf = append(w.buf, "</u>"...)
	default:
		w.emphasis(m, runs, applied, next)
	}
}

// guardBang escapes a ! that would turn the link behind it into an image.
func (w *inlineWriter) guardBang() {
	if n := len(w.buf); n > 0 && w.buf[n-1] == '!' {
		w.buf = append(w.buf[:n-1], `\!`...)
	}
}

func (w *inlineWriter) emphasis(m format, runs []run, applied format, next class) {
	d := delimiters[m]
	prev := w.previous()
	if !w.recognised(runs, applied, prev, next) || m == strike && w.touchesTilde(runs) {
		w.buf = append(w.buf, d.open...)
		w.write(runs, applied, punct)
		w.buf = append(w.buf, d.close...)
		return
	}
	w.buf = append(w.buf, d.markdown...)
	if m != strike {
		w.opened, w.before = len(w.buf), prev
	} else {
		next = punct
	}
	w.depth++
	w.write(runs, applied, next)
	w.depth--
	w.buf = append(w.buf, d.markdown...)
	w.closed = len(w.buf)
}

// recognised decides whether delimiters around the runs will be read as such.
//
// The rule is stricter than CommonMark's. An opening delimiter must not be able to close anything, nor a closing one
// to open, so that they match like brackets whatever is nested in them. Only a span by itself, with no emphasis
// around or in it, may touch letters or have punctuation on both sides, as in un*frigging*believable or (*.go*).
func (w *inlineWriter) recognised(runs []run, applied format, prev, next class) bool {
	if w.closed == len(w.buf) && w.closed > 0 {
		return false // the two would be read as one run
	}
	alone := w.depth == 0
	for _, r := range runs {
		alone = alone && r.format&emphasis&^applied == 0
	}
	fits := func(outside, inside class) bool {
		return outside == space || outside == punct && (inside == letter || alone) || inside == letter && alone
	}
	first := runs[0].edge(applied|bold|italic, false)
	last := runs[len(runs)-1].edge(applied|bold|italic, true)
	return fits(prev, first) && fits(next, last)
}

// touchesTilde reports a literal ~ beside a strike's delimiters. Escaped as it is, readers still count it in.
func (w *inlineWriter) touchesTilde(runs []run) bool {
	return bytes.HasSuffix(w.buf, []byte("~")) || strings.HasPrefix(runs[0].text, "~") ||
		strings.HasSuffix(runs[len(runs)-1].text, "~")
}

// previous returns the class of the character before the delimiter run that is about to be written or extended.
func (w *inlineWriter) previous() class {
	if w.opened == len(w.buf) && w.opened > 0 {
		return w.before
	}
	if len(w.buf) == 0 {
		return space
	}
	r, _ := utf8.DecodeLastRune(w.buf)
	return classOf(r)
}

func (w *inlineWriter) leafOrText(r run) {
	switch {
	case r.broken:
		w.lineBreak()
	case r.code && r.format&link != 0 && strings.Contains(r.text, "]:"):
		// At the start of a paragraph this would be read as the definition of a link.
		w.buf = append(w.buf, "<code>"+escapeText(r.text)+"</code>"...)
	case r.code:
		w.buf = append(w.buf, codeSpan(r.text, w.mode)...)
	case r.leaf != "":
		if r.leaf[0] == '[' {
			w.guardBang()
		}
		w.buf = append(w.buf, r.leaf...)
	default:
		w.text(r.text)
	}
}

func (w *inlineWriter) text(text string) {
	if w.mode != modeLines {
		text = strings.ReplaceAll(text, "\n", " ")
	}
	w.buf = append(w.buf, escapeText(text)...)
}

func (w *inlineWriter) lineBreak() {
	if w.mode != modeLines {
		w.buf = append(w.buf, "<br>"...)
		return
	}
	for len(w.buf) > 0 && w.buf[len(w.buf)-1] == ' ' {
		w.buf = w.buf[:len(w.buf)-1]
	}
	if bytes.HasSuffix(w.buf, []byte(`\\`)) {
		// Readers, goldmark among them, miscount three backslashes at the end of a line.
		w.buf = append(w.buf[:len(w.buf)-2], "&#92;"...)
	}
	w.buf = append(w.buf, "\\\n"...)
}
