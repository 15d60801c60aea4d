package notes

import (
	"regexp"
	"strconv"
	"strings"
)

// renderer writes blocks; its fields say where the block being written stands.
type renderer struct {
	inList  bool
	inTable bool
	outer   byte // the marker of the list item whose first block is being written
}

// block is one rendered block without a line break at its end.
type block struct {
	kind   string
	marker byte // of a list
	text   string
}

func render(doc node) string {
	return join(renderer{}.blocks(doc.children))
}

func join(blocks []block) string {
	texts := make([]string, len(blocks))
	for i, b := range blocks {
		texts[i] = b.text
	}
	return strings.Join(texts, "\n\n")
}

// blocks renders siblings. Inline nodes that stand where blocks belong are gathered into a paragraph.
func (r renderer) blocks(nodes []node) []block {
	var blocks []block
	for len(nodes) > 0 {
		end := 0
		for end < len(nodes) && isInline(nodes[end]) {
			end++
		}
		var b block
		if end > 0 {
			b = block{kind: "paragraph", text: r.paragraph(nodes[:end])}
			nodes = nodes[end:]
		} else {
			previous := block{marker: r.outer}
			if len(blocks) > 0 {
				previous = blocks[len(blocks)-1]
			}
			b = r.block(nodes[0], previous)
			nodes = nodes[1:]
		}
		if b.text != "" {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

func isInline(n node) bool {
	return n.kind == "text" || n.kind == "hardBreak" || n.kind == "ph-mention"
}

func (r renderer) block(n node, previous block) block {
	b := block{kind: n.kind}
	switch n.kind {
	case "paragraph":
		b.text = r.paragraph(n.children)
	case "heading":
		b.text = r.heading(n)
	case "bulletList", "orderedList", "taskList":
		return r.list(n, previous)
	case "codeBlock":
		b.text = r.code(n)
	case "blockquote":
		b.text = r.quote(r.blocks(n.children))
	case "callout":
		b.text = r.callout(n)
	case "horizontalRule":
		b.text = r.rule()
	case "table":
		b.text = r.table(n)
	case "image", "ph-image":
		b.text = image(n)
	case kindKept:
		b.text = n.text
	default:
		b.text = r.component(n)
	}
	return b
}

func (r renderer) paragraph(inline []node) string {
	if r.inTable {
		return r.line(inline)
	}
	lines := strings.Split(renderInline(inline, modeLines), "\n")
	kept := lines[:0]
	for _, line := range lines {
		// CommonMark drops the whitespace at both ends of a line anyway, and reads meaning into some of it.
		if line = strings.Trim(line, " \t"); line != "" {
			kept = append(kept, escapeLineStart(line))
		}
	}
	return strings.Join(kept, "\n")
}

// line renders inline nodes for a place that cannot hold a line break: headings and table cells.
func (r renderer) line(inline []node) string {
	mode := modeLine
	if r.inTable {
		mode = modeCell
	}
	return strings.Trim(renderInline(inline, mode), " \t")
}

func (r renderer) heading(n node) string {
	text := r.line(n.children)
	if text == "" {
		return ""
	}
	// A closing sequence of # would be dropped by readers.
	if rest, ok := strings.CutSuffix(text, "#"); ok {
		text = rest + `\#`
	}
	level := min(max(n.integer("level", 1), 1), 6)
	return strings.Repeat("#", level) + " " + text
}

func (r renderer) rule() string {
	if r.inList {
		return "___" // "- ---" would be read as one rule, not as an item that holds one
	}
	return "---"
}

func (r renderer) quote(blocks []block) string {
	if len(blocks) == 0 {
		return ""
	}
	lines := strings.Split(join(blocks), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight("> "+line, " ")
	}
	return strings.Join(lines, "\n")
}

// callout renders PostHog's boxed remark as a quote that starts with its emoji.
func (r renderer) callout(n node) string {
	children := n.children
	if emoji := n.str("emoji"); emoji != "" {
		lead := node{kind: "text", text: emoji + " "}
		if len(children) > 0 && children[0].kind == "paragraph" {
			first := children[0]
			first.children = append([]node{lead}, first.children...)
			children = append([]node{first}, children[1:]...)
		} else {
			children = append([]node{lead}, children...)
		}
	}
	return r.quote(r.blocks(children))
}

func (r renderer) code(n node) string {
	text := plainText(n.children)
	if r.inTable {
		return codeSpan(text, modeCell)
	}
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	language, _, _ := strings.Cut(strings.ReplaceAll(n.str("language"), "`", ""), "\n")
	if text != "" {
		text += "\n"
	}
	return fence + strings.TrimSpace(language) + "\n" + text + fence
}

// plainText concatenates the text of inline nodes, for places where marks mean nothing.
func plainText(inline []node) string {
	var text strings.Builder
	for _, n := range inline {
		switch {
		case n.kind == "hardBreak":
			text.WriteByte('\n')
		case len(n.children) > 0:
			text.WriteString(plainText(n.children))
		default:
			text.WriteString(n.text)
		}
	}
	return newlines.Replace(text.String())
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func longestRun(text string, char byte) int {
	longest, run := 0, 0
	for i := range len(text) {
		if text[i] != char {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// list renders a list. Two lists in a row would be read as one, so the second takes the other marker. So does a list
// that begins an item, because "- - -" is a rule.
func (r renderer) list(n node, previous block) block {
	b := block{kind: n.kind, marker: '-'}
	other := byte('*')
	if n.kind == "orderedList" {
		b.marker, other = '.', ')'
	}
	if previous.marker == b.marker {
		b.marker = other
	}
	number := n.integer("start", 1)
	if number < 0 || number+len(n.children) > 999_999_999 {
		number = 1 // Markdown has no such numbers
	}
	loose := false
	var items []string
	for _, child := range n.children {
		marker := string(b.marker)
		if n.kind == "orderedList" {
			marker = strconv.Itoa(number+len(items)) + marker
		}
		item, spaced := r.item(child, marker)
		items = append(items, item)
		loose = loose || spaced
	}
	separator := "\n"
	if loose {
		separator = "\n\n"
	}
	b.text = strings.Join(items, separator)
	return b
}

// item renders one list item and tells whether it contains blank lines between its blocks.
func (r renderer) item(n node, marker string) (text string, spaced bool) {
	r.inList, r.outer = true, marker[len(marker)-1]
	children := n.children
	if n.kind != "listItem" && n.kind != "taskItem" {
		children = []node{n} // a list may hold only items; whatever else is there becomes one
	}
	blocks := r.blocks(children)
	var content strings.Builder
	for i, b := range blocks {
		switch {
		case i == 0:
		case i == 1 && blocks[0].kind == "paragraph" && interruptsParagraph(b):
			content.WriteString("\n")
		default:
			content.WriteString("\n\n")
			spaced = true
		}
		content.WriteString(b.text)
	}
	body := content.String()
	if n.kind == "taskItem" {
		box := "[ ]"
		if checked, _ := n.attrs["checked"].(bool); checked {
			box = "[x]"
		}
		separator := " "
		if len(blocks) > 0 && blocks[0].kind != "paragraph" {
			separator = "\n\n"
		}
		body = strings.TrimRight(box+separator+body, " ")
	}
	return marker + indent(body, len(marker)+1), spaced
}

var startsWithText = regexp.MustCompile(`^([-*]|1[.)]) `)

// interruptsParagraph reports whether a list is recognised directly below a line of text: an empty first item or a
// number other than 1 is not.
func interruptsParagraph(b block) bool {
	return b.marker != 0 && startsWithText.MatchString(b.text)
}

// indent places a body behind a marker of the given width, and its further lines below its first character.
func indent(body string, width int) string {
	lines := strings.Split(body, "\n")
	for i, line := range lines {
		switch {
		case line == "":
		case i == 0:
			lines[i] = " " + line
		default:
			lines[i] = strings.Repeat(" ", width) + line
		}
	}
	return strings.Join(lines, "\n")
}
