package notes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// original is a stored document taken apart for an edit.
type original struct {
	doc  *part
	kept map[string]*keptNode // by placeholder
	text string               // as Markdown, with placeholders
	wrap func([]byte) json.RawMessage
}

// keptNode is a node that Markdown cannot say.
type keptNode struct {
	node   *node
	inLine bool // it stands in a line of text
}

// open reads a document for an edit. It fails on what decode refuses.
func open(data json.RawMessage) (*original, error) {
	doc, wrap, err := located(data)
	if err != nil {
		return nil, err
	}
	o := &original{doc: &part{kind: "doc", from: doc}, kept: map[string]*keptNode{}, wrap: wrap}
	o.children(o.doc)
	o.doc = o.doc.with(o.sayable)
	o.text = join(renderer{}.blocks(o.doc.node().children))
	return o, nil
}

// located decodes a document with the bytes of each node, and tells how the document's are put back into what held
// it: a bare list of nodes, or a JSON string.
func located(data json.RawMessage) (doc *node, wrap func([]byte) json.RawMessage, err error) {
	decoded, err := decode(data)
	if err != nil {
		return nil, nil, err
	}
	if !json.Valid(data) {
		return nil, nil, errNotADocument
	}
	wrap = func(raw []byte) json.RawMessage { return raw }
	source := bytes.TrimSpace(data)
	for source[0] == '"' {
		var inner string
		_ = json.Unmarshal(source, &inner) // decode has read it
		source, wrap = bytes.TrimSpace([]byte(inner)), inString(wrap)
	}
	if !json.Valid(source) {
		return nil, nil, errNotADocument
	}
	if source[0] == '[' {
		whole := wrap
		source = slices.Concat([]byte(`{"content":`), source, []byte("}"))
		wrap = func(raw []byte) json.RawMessage {
			list, _ := lastMember(raw, "content")
			return whole(list)
		}
	}
	decoded.locate(source)
	return &decoded, wrap, nil
}

func inString(wrap func([]byte) json.RawMessage) func([]byte) json.RawMessage {
	return func(raw []byte) json.RawMessage { return wrap(jsonOf(string(raw))) }
}

// locate gives a decoded node and all below it the bytes they were read from.
func (n *node) locate(source []byte) {
	n.source = source
	content, _ := lastMember(source, "content")
	next := 0
	for _, element := range elements(content) {
		if element[0] == '{' && next < len(n.children) {
			n.children[next].locate(element)
			next++
		}
	}
}

// children reads what a container holds, as parts and as slots.
func (o *original) children(p *part) {
	content, _ := lastMember(p.from.source, "content")
	next := 0
	for _, element := range elements(content) {
		at := -1
		if element[0] == '{' {
			if child := o.part(&p.from.children[next]); child != nil {
				at = len(p.children)
				p.children = append(p.children, child)
			}
			next++
		}
		p.slots = append(p.slots, slot{element, at})
	}
}

// part reads a block; nil is one that no reader sees.
func (o *original) part(n *node) *part {
	p := &part{kind: n.kind, from: n}
	switch n.kind {
	case "paragraph":
		return o.paragraph(p)
	case "heading":
		p.number, p.inline = min(max(n.integer("level", 1), 1), 6), o.inline(n.children)
		return p.unless(len(p.inline) == 0)
	case "bulletList", "orderedList", "taskList", "blockquote", "table", "tableRow":
		o.children(p)
		if n.kind == "orderedList" {
			p.number = n.integer("start", 1)
		}
		return p.unless(len(p.children) == 0 && n.kind != "tableRow")
	case "listItem", "taskItem":
		o.children(p)
		if n.kind == "taskItem" {
			p.done, _ = n.attrs["checked"].(bool)
		}
		return p
	case "tableCell", "tableHeader":
		p.kind = "tableCell"
		o.children(p)
		return p
	case "codeBlock":
		if slices.ContainsFunc(n.children, func(child node) bool { return child.kind != "text" }) {
			return o.keep(n, false)
		}
		p.language, p.text = n.str("language"), plainText(n.children)
		return p
	case "horizontalRule":
		return p
	case "image", "ph-image":
		p.kind, p.text, p.image = kindImage, image(*n), n
		return p
	}
	return o.keep(n, false)
}

func (p *part) unless(empty bool) *part {
	if empty {
		return nil
	}
	return p
}

// paragraph reads a paragraph. One of nothing but an image reads as that image.
func (o *original) paragraph(p *part) *part {
	p.inline = o.inline(p.from.children)
	if len(p.inline) == 1 && p.inline[0].leaf != nil && p.inline[0].leaf.kind != kindKept {
		return &part{kind: kindImage, text: p.inline[0].text, image: p.inline[0].leaf, from: p.from}
	}
	return p.unless(len(p.inline) == 0)
}

// inline reads what stands in lines.
func (o *original) inline(nodes []node) []token {
	var tokens []token
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.kind == "text" && len(n.children) == 0:
			tokens = append(tokens, textTokens(n, i)...)
		case n.kind == "hardBreak":
			tokens = append(tokens, token{text: "\n", origin: i})
		case (n.kind == "image" || n.kind == "ph-image") && len(n.marks) == 0:
			tokens = append(tokens, token{text: image(*n), leaf: n, origin: i})
		default:
			kept := o.keep(n, true)
			tokens = append(tokens, token{text: kept.text, leaf: &node{kind: kindKept, text: kept.text, source: n.source}, origin: i})
		}
	}
	return trimTokens(tokens)
}

func textTokens(n *node, origin int) []token { return characters(n.text, styleOf(n.marks), origin) }

// styleOf is what Markdown can say of marks.
func styleOf(marks []mark) style {
	var s style
	for _, m := range marks {
		s.format |= formatOf[m.kind]
		s.code = s.code || m.kind == "code"
		if m.kind == "link" {
			s.href, _ = m.attrs["href"].(string)
			s.title, _ = m.attrs["title"].(string)
		}
	}
	return s
}

// characters are the tokens of a text of one style.
func characters(text string, s style, origin int) []token {
	var tokens []token
	for at, r := range text {
		t := token{text: string(r), style: s, origin: origin, from: at, to: at + utf8.RuneLen(r)}
		if r == utf8.RuneError { // a byte that is no text is shorter than what stands for it
			_, size := utf8.DecodeRuneInString(text[at:])
			t.to = at + size
		}
		switch {
		case s.code && (r == '\n' || r == '\r'):
			t.text = " "
		case !s.code && strings.ContainsRune(" \t\n\r\v\f", r):
			t.text, t.style = " ", style{}
			if last := len(tokens) - 1; last >= 0 && tokens[last].text == " " {
				tokens[last].to = t.to
				continue
			}
		case !s.code && unicode.IsSpace(r):
			t.style = style{}
		}
		tokens = append(tokens, t)
	}
	return tokens
}

// keep has a node carried through Markdown as a placeholder: a name to read, and a digest of its bytes and of where it
// stands, so that equal nodes are equal placeholders and no other node answers to one.
func (o *original) keep(n *node, inLine bool) *part {
	place := byte('b')
	if inLine {
		place = 'i'
	}
	digest := sha256.Sum256(append([]byte{place}, n.source...))
	placeholder := "[[" + nameOf(n) + ":" + hex.EncodeToString(digest[:5]) + "]]"
	o.kept[placeholder] = &keptNode{n, inLine}
	return &part{kind: kindKept, text: placeholder, from: n}
}

// maxName keeps placeholders short.
const maxName = 24

// nameOf is what a reader is told of a node that is kept.
func nameOf(n *node) string {
	name := tagNames[n.kind]
	switch {
	case n.kind == "ph-mention":
		name = "@" + strings.TrimPrefix(n.str("label"), "@")
	case name == "":
		name = strings.TrimPrefix(n.kind, "ph-")
	}
	var plain strings.Builder
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '@' || r == '-' || r == ' ' && plain.Len() > 0 {
			plain.WriteRune(r)
		}
		if plain.Len() >= maxName {
			break
		}
	}
	if name = strings.TrimSpace(plain.String()); name == "" {
		return "block"
	}
	return name
}

// sayable returns the block with everything in it kept that does not come back from Markdown as it went in: tables
// with joined cells, items where none belong, what readers of Markdown are at odds about.
func (o *original) sayable(p *part) *part {
	if p.kind == kindKept || o.comesBack(p) {
		return p
	}
	narrowed := p
	switch p.kind {
	case "blockquote":
		narrowed = p.with(o.sayable)
	case "bulletList", "orderedList", "taskList":
		narrowed = p.with(func(item *part) *part { return item.with(o.sayable) })
	}
	if narrowed != p && o.comesBack(narrowed) {
		return narrowed
	}
	return o.keep(p.from, false)
}

// with returns the part with other children in the places of its own.
func (p *part) with(replace func(*part) *part) *part {
	changed := *p
	changed.children = make([]*part, len(p.children))
	for i, child := range p.children {
		changed.children[i] = replace(child)
	}
	return &changed
}

// comesBack tells whether Markdown says exactly this block.
func (o *original) comesBack(p *part) bool {
	read, err := parse(join(renderer{}.blocks([]node{p.node()})), o.kept)
	return err == nil && len(read) == 1 && read[0].key() == p.key()
}
