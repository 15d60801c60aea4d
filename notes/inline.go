package notes

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inlineMode says what a place can hold.
type inlineMode int

const (
	modeLines inlineMode = iota // several lines: a paragraph
	modeLine                    // one line: a heading
	modeCell                    // one line in which a bar ends the cell
)

// format is a set of the marks that wrap text. Code is not among them: it changes how its text is written.
type format uint8

const (
	bold format = 1 << iota
	italic
	strike
	underline
	link

	// emphasis are the marks written with delimiters, which CommonMark recognises only in certain surroundings.
	emphasis = bold | italic | strike
)

// wrappers lists the marks from the outermost to the innermost where nothing else decides.
var wrappers = []format{link, bold, italic, strike, underline}

var formatOf = map[string]format{
	"bold": bold, "strong": bold,
	"italic": italic, "em": italic,
	"strike": strike, "strikethrough": strike,
	"underline": underline,
	"link":      link,
}

// run is a stretch of inline content with the same marks.
type run struct {
	text   string // raw text, when leaf is empty
	code   bool   // the text is code
	leaf   string // finished Markdown: images, tags, mentions
	broken bool   // a hard line break
	format format
	target string // of the link, ready to be written
}

// blank reports whether a run is nothing but space. Code is never blank, its spaces count.
func (r run) blank() bool {
	return r.leaf == "" && !r.code && (r.broken || strings.TrimFunc(r.text, unicode.IsSpace) == "")
}

func (r run) empty() bool { return r.leaf == "" && r.text == "" && !r.broken }

// renderInline writes text with its marks. Delimiters that CommonMark would not recognise where they stand, as in
// bold next to italic without a space, are written as HTML tags instead.
func renderInline(nodes []node, mode inlineMode) string {
	w := inlineWriter{mode: mode}
	w.write(tidy(w.runs(nodes)), 0, space)
	return string(w.buf)
}

// runs translates nodes. Space at the edges of marked text becomes a run of its own, because "** bold**" is not bold.
func (w *inlineWriter) runs(nodes []node) []run {
	var runs []run
	for _, n := range nodes {
		base := run{}
		for _, m := range n.marks {
			base.format |= formatOf[m.kind]
			base.code = base.code || m.kind == "code"
			if m.kind == "link" {
				href, _ := m.attrs["href"].(string)
				title, _ := m.attrs["title"].(string)
				base.target = destination(href, title)
			}
		}
		switch {
		case n.kind == "hardBreak":
			base.broken, base.code = true, false
			runs = append(runs, base)
		case n.kind == "text" && base.code:
			base.text = n.text
			runs = append(runs, base)
		case n.kind == "text":
			runs = append(runs, splitSpace(base, inlineSpace.Replace(n.text))...)
		default:
			base.leaf, base.code = w.leaf(n), false
			runs = append(runs, base)
		}
	}
	return runs
}

// Markdown knows only these as line breaks, and none of the other vertical spaces.
var inlineSpace = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", " ", "\f", " ")

func splitSpace(base run, text string) []run {
	core := strings.TrimFunc(text, unicode.IsSpace)
	lead := strings.Index(text, core)
	if core == "" {
		lead = len(text)
	}
	var runs []run
	for _, part := range []string{text[:lead], core, text[lead+len(core):]} {
		if part != "" {
			base.text = part
			runs = append(runs, base)
		}
	}
	return runs
}

func (w *inlineWriter) leaf(n node) string {
	r := renderer{inTable: w.mode == modeCell}
	switch n.kind {
	case kindKept:
		return n.text
	case "ph-mention":
		return mention(n)
	case "image", "ph-image":
		return image(n)
	default:
		// A paragraph cannot hold the lines of a block, however it got in here.
		return strings.ReplaceAll(r.component(n), "\n", " ")
	}
}

// tidy drops space at the end, leaves space inside a mark only between two parts of it, and merges what belongs
// together.
func tidy(runs []run) []run {
	runs = slices.DeleteFunc(runs, run.empty)
	for len(runs) > 0 && runs[len(runs)-1].blank() {
		runs = runs[:len(runs)-1]
	}
	var before run
	for start := 0; start < len(runs); start++ {
		if !runs[start].blank() {
			before = runs[start]
			continue
		}
		end := start
		for runs[end].blank() { // the last run never is
			end++
		}
		bridge(runs[start:end], before, runs[end])
		start = end - 1
	}
	return merge(runs)
}

// merge joins neighbours that carry the same marks, so that it does not show where an editor has split a text.
func merge(runs []run) []run {
	var merged []run
	for len(runs) > 0 {
		end := 1
		for end < len(runs) && joins(runs[0], runs[end]) {
			end++
		}
		one := runs[0]
		if end > 1 {
			var text strings.Builder
			for _, r := range runs[:end] {
				text.WriteString(r.text)
			}
			one.text = text.String()
		}
		merged = append(merged, one)
		runs = runs[end:]
	}
	return merged
}

// bridge gives a stretch of blank runs the marks that hold through it and on both sides of it.
func bridge(blanks []run, before, after run) {
	common := before.format & after.format
	for _, r := range blanks {
		common &= r.format
		if r.target != before.target {
			common &^= link
		}
	}
	if before.target != after.target {
		common &^= link
	}
	for i := range blanks {
		blanks[i].format, blanks[i].target = common, before.target
	}
}

func joins(a, b run) bool {
	plain := a.leaf == "" && b.leaf == "" && !a.broken && !b.broken && a.code == b.code
	return plain && a.format == b.format && (a.format&link == 0 || a.target == b.target)
}

// edge returns the class of the character a run's Markdown starts or ends with, below the marks in applied.
func (r run) edge(applied format, last bool) class {
	switch {
	case r.broken:
		return space
	case r.leaf != "" || r.code || r.format&^applied != 0:
		return punct
	case last:
		c, _ := utf8.DecodeLastRuneInString(r.text)
		return classOf(c)
	default:
		c, _ := utf8.DecodeRuneInString(r.text)
		return classOf(c)
	}
}
