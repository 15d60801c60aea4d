package notes

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// part is a block of a note as its readers see it, whether it comes from a stored document or from Markdown: two
// parts with the same key read the same. What Markdown cannot say, attributes and marks of PostHog's own, is not in
// it; a part that comes from a document knows the node it came from, which has all of that.
type part struct {
	kind     string
	number   int    // a heading's level, an ordered list's first number
	done     bool   // a task's box
	text     string // code; the Markdown of an image; the placeholder of what is kept
	language string // of code
	inline   []token
	children []*part

	header bool   // a cell of a table's first row
	image  *node  // of an image
	from   *node  // what it was in the document, nil if it is new
	slots  []slot // of a part with children that comes from a document
}

// slot is one element of a stored node's content. What no reader sees, such as an empty paragraph, has no part.
type slot struct {
	raw []byte
	at  int // index among the children, -1 for none
}

// Kinds that only parts have.
const (
	kindKept  = "kept"  // a node that is carried through Markdown as a placeholder
	kindImage = "image" // an image that is a block
)

// token is the smallest thing that an edit inside a line can touch: a character, a stretch of white space, a line
// break, or a node that stands in the line.
type token struct {
	text  string
	style style
	leaf  *node

	origin   int // index of the node it came from, -1 if it is new
	from, to int // where in that node's text
}

// style is the marks of a character that Markdown can say. White space has none: **a b** reads as **a** **b**.
type style struct {
	format      format
	code        bool
	href, title string
}

func (t token) space() bool { return t.text == " " && t.leaf == nil && !t.style.code }

// blank tells white space of any kind, whose marks nobody sees.
func (t token) blank() bool {
	return t.leaf == nil && !t.brk() && !t.style.code && strings.TrimFunc(t.text, unicode.IsSpace) == ""
}

func (t token) brk() bool { return t.text == "\n" && t.leaf == nil }

// trimTokens makes one of white space that stands together, and drops it where readers of Markdown do: around line
// breaks and at both ends.
func trimTokens(tokens []token) []token {
	var out []token
	for _, t := range tokens {
		switch last := len(out) - 1; {
		case t.space() && (last < 0 || out[last].space() || out[last].brk()):
			continue
		case t.brk() && last >= 0 && out[last].space():
			out = out[:last]
		}
		out = append(out, t)
	}
	for len(out) > 0 && (out[len(out)-1].space() || out[len(out)-1].brk()) {
		out = out[:len(out)-1]
	}
	return out
}

// key is what a reader sees of the part.
func (p *part) key() string {
	var out strings.Builder
	p.writeKey(&out)
	return out.String()
}

func (p *part) writeKey(out *strings.Builder) {
	fmt.Fprintf(out, "%s %d %t %q %q(", p.kind, p.number, p.done, p.language, p.text)
	var current style
	for _, t := range p.inline {
		if !t.blank() && t.style != current {
			current = t.style
			fmt.Fprintf(out, "\x00%d %t %q %q\x00", current.format, current.code, current.href, current.title)
		}
		out.WriteString(t.text)
		if t.leaf != nil {
			out.WriteByte(0)
		}
	}
	for _, child := range p.children {
		child.writeKey(out)
	}
	out.WriteByte(')')
}

// plain is the text of a part, to tell whether two parts are versions of one another.
func (p *part) plain() string {
	var out strings.Builder
	p.writePlain(&out)
	return out.String()
}

func (p *part) writePlain(out *strings.Builder) {
	out.WriteString(p.text)
	for _, t := range p.inline {
		out.WriteString(t.text)
	}
	for _, child := range p.children {
		child.writePlain(out)
		out.WriteByte('\n')
	}
}

// node is the node that an editor would make of the part. What is kept is the stored node.
func (p *part) node() node {
	n := node{kind: p.kind, attrs: map[string]any{}}
	switch p.kind {
	case kindKept:
		return node{kind: kindKept, text: p.text, source: p.from.source}
	case kindImage:
		return node{kind: "ph-image", attrs: p.image.attrs}
	case "heading":
		n.attrs["level"] = json.Number(strconv.Itoa(p.number))
	case "orderedList":
		if p.number != 1 {
			n.attrs["start"] = json.Number(strconv.Itoa(p.number))
		}
	case "taskItem":
		n.attrs["checked"] = p.done
	case "tableCell":
		if p.header {
			n.kind = "tableHeader"
		}
	case "codeBlock":
		if p.language != "" {
			n.attrs["language"] = p.language
		}
		if p.text != "" {
			n.children = []node{{kind: "text", text: p.text}}
		}
	}
	n.children = append(n.children, inlineNodes(p.inline)...)
	for _, child := range p.children {
		n.children = append(n.children, child.node())
	}
	return n
}

// inlineNodes are the nodes of tokens, one for each stretch of the same style.
func inlineNodes(tokens []token) []node {
	var nodes []node
	for start := 0; start < len(tokens); {
		if t := tokens[start]; t.leaf != nil || t.brk() {
			nodes = append(nodes, t.node())
			start++
			continue
		}
		end := stretch(tokens, start)
		var text strings.Builder
		for _, t := range tokens[start:end] {
			text.WriteString(t.text)
		}
		nodes = append(nodes, node{kind: "text", text: text.String(), marks: tokens[start].style.marks()})
		start = end
	}
	return nodes
}

// stretch finds the end of the text that begins at a token and has one style. White space belongs to it where the
// style goes on behind it.
func stretch(tokens []token, start int) int {
	end := start + 1
	for i := end; i < len(tokens); i++ {
		switch t := tokens[i]; {
		case t.leaf != nil || t.brk():
			return end
		case t.style == tokens[start].style:
			end = i + 1
		case !t.blank():
			return end
		}
	}
	return end
}

// node is the node of a token that is no text.
func (t token) node() node {
	if t.leaf != nil {
		return *t.leaf
	}
	return node{kind: "hardBreak"}
}

// marks are the marks of a style, in the order in which editors nest them.
func (s style) marks() []mark {
	var marks []mark
	if s.format&link != 0 {
		attrs := map[string]any{"href": s.href}
		if s.title != "" {
			attrs["title"] = s.title
		}
		marks = append(marks, mark{kind: "link", attrs: attrs})
	}
	for _, m := range []struct {
		format format
		kind   string
	}{{bold, "bold"}, {italic, "italic"}, {strike, "strike"}, {underline, "underline"}} {
		if s.format&m.format != 0 {
			marks = append(marks, mark{kind: m.kind})
		}
	}
	if s.code {
		marks = append(marks, mark{kind: "code"})
	}
	return marks
}

// encodeNode writes a new node as PostHog stores it, with what its editor expects to be there.
func encodeNode(n node) []byte {
	if n.source != nil {
		return n.source
	}
	stored := struct {
		Type    string            `json:"type"`
		Attrs   map[string]any    `json:"attrs,omitempty"`
		Content []json.RawMessage `json:"content,omitempty"`
		Text    string            `json:"text,omitempty"`
		Marks   []encodedMark     `json:"marks,omitempty"`
	}{Type: n.kind, Attrs: n.attrs, Text: n.text, Marks: encodeMarks(n.marks)}
	children := n.children
	switch n.kind {
	case "listItem", "taskItem", "tableCell", "tableHeader": // hold a paragraph first, if an empty one
		if len(children) == 0 || children[0].kind != "paragraph" {
			children = append([]node{{kind: "paragraph"}}, children...)
		}
	}
	for _, child := range children {
		stored.Content = append(stored.Content, encodeNode(child))
	}
	return jsonOf(stored)
}

type encodedMark struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

func encodeMarks(marks []mark) []encodedMark {
	var encoded []encodedMark
	for _, m := range marks {
		encoded = append(encoded, encodedMark{m.kind, m.attrs})
	}
	return encoded
}
