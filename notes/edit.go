package notes

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Editable returns a note's document as Markdown that Edit takes back.
//
// A document that holds Markdown is that Markdown. Of a rich-text document, whatever Markdown cannot say is a
// placeholder such as [[Query:3f2a9c01be]]: it can be moved, and leaving it out deletes the node.
func Editable(document json.RawMessage) (string, error) {
	root, err := decode(document)
	if err != nil {
		return "", err
	}
	if text, ok := root.markdownNode(); ok {
		return text, nil
	}
	o, err := open(document)
	if err != nil {
		return "", err
	}
	return o.text, nil
}

// Edit returns the document with its Markdown, as Editable gave it, replaced by an edited one.
//
// Blocks that the edit left alone keep their bytes, an edit that changes nothing returns the document as it is. In a
// block that changed, all that was not touched stays: attributes, comments on text, marks of PostHog's own. What
// PostHog would render live is taken for text unless it was there before. A placeholder that names nothing in the
// document is ErrPlaceholder.
func Edit(document json.RawMessage, markdown string) (json.RawMessage, error) {
	root, err := decode(document)
	if err != nil {
		return nil, err
	}
	if text, ok := root.markdownNode(); ok {
		if text == markdown {
			return document, nil
		}
		return withMarkdown(document, inert(markdown, text))
	}
	o, err := open(document)
	if err != nil || o.text == markdown {
		return document, err
	}
	edited, err := parse(markdown, o.kept)
	if err != nil {
		return nil, err
	}
	changed := mergePart(o.doc, &part{kind: "doc", children: edited})
	if bytes.Equal(changed, o.doc.from.source) {
		return document, nil
	}
	return o.wrap(changed), nil
}

// RichText makes a rich-text document of Markdown: all that GitHub's dialect has, tables, tasks and nesting included,
// which PostHog's own converter (see FromMarkdown) leaves as text.
func RichText(markdown string) json.RawMessage {
	parts, _ := parse(markdown, nil) // without placeholders there is nothing to fail
	doc := (&part{kind: "doc", children: parts}).node()
	if len(doc.children) == 0 {
		doc.children = []node{{kind: "paragraph"}}
	}
	doc.attrs = nil
	return encodeNode(doc)
}

// withMarkdown replaces the text of a document that holds Markdown.
func withMarkdown(document json.RawMessage, markdown string) (json.RawMessage, error) {
	o, err := open(document)
	if err != nil {
		return nil, err
	}
	content, _ := lastMember(o.doc.from.source, "content")
	all := elements(content)
	for i, element := range all {
		if attrs, found := lastMember(element, "attrs"); found && element[0] == '{' {
			all[i] = withMembers(element, change{"attrs", withMembers(attrs, change{"markdown", jsonOf(markdown)})})
		}
	}
	return o.wrap(withMembers(o.doc.from.source, change{"content", array(all)})), nil
}

// mergePart lays a part over the one it was made of, and returns the bytes of the node.
func mergePart(old, edited *part) []byte {
	if old.key() == edited.key() {
		return old.from.source
	}
	changes := make([]change, 0, 2)
	switch old.kind {
	case "paragraph", "heading":
		changes = append(changes, change{"content", array(mergeInline(old, edited))})
	case "codeBlock":
		changes = append(changes, change{"content", array(encodeAll(edited.node().children))})
	default:
		changes = append(changes, change{"content", array(mergeChildren(old, edited))})
	}
	attrs, found := lastMember(old.from.source, "attrs")
	if !found || attrs[0] != '{' {
		attrs = []byte("{}")
	}
	renewed := attrs
	for key, value := range edited.node().attrs {
		if edited.changes(old, key) {
			renewed = withMembers(renewed, change{key, jsonOf(value)})
		}
	}
	if !bytes.Equal(renewed, attrs) {
		changes = append(changes, change{"attrs", renewed})
	}
	return withMembers(old.from.source, changes...)
}

// changes tells whether an edit gave an attribute another value.
func (p *part) changes(old *part, attr string) bool {
	switch attr {
	case "level", "start":
		return p.number != old.number
	case "checked":
		return p.done != old.done
	case "language":
		return p.language != old.language
	}
	return false
}

func encodeAll(nodes []node) [][]byte {
	var encoded [][]byte
	for _, n := range nodes {
		encoded = append(encoded, encodeNode(n))
	}
	return encoded
}

// mergeChildren writes the content of a container: what is as it was byte for byte, what changed laid over what it
// was, what is new as an editor would make it. What no reader sees stays before the block that it stood before.
func mergeChildren(old, edited *part) [][]byte {
	var content [][]byte
	slots := old.slots
	unseen := func(before int) { // up to the child of that index
		for len(slots) > 0 && slots[0].at != before {
			if slots[0].at < 0 {
				content = append(content, slots[0].raw)
			}
			slots = slots[1:]
		}
	}
	blocks := unjoined(old.children, edited.children)
	for j, i := range pairs(old.children, blocks) {
		if i < 0 {
			content = append(content, encodeNode(blocks[j].node()))
			continue
		}
		unseen(i)
		content = append(content, mergePart(old.children[i], blocks[j]))
	}
	unseen(len(old.children))
	return content
}

// unjoined takes lists apart that Markdown reads as one since what stood between them is gone.
func unjoined(old, edited []*part) []*part {
	var blocks []*part
	for _, p := range edited {
		rest := keys(p.children)
		var lists []*part
		for _, list := range old {
			items := keys(list.children)
			if list.kind == p.kind && strings.HasSuffix(p.kind, "List") && len(items) <= len(rest) && slices.Equal(items, rest[:len(items)]) {
				lists, rest = append(lists, list), rest[len(items):]
			}
		}
		if len(lists) < 2 || len(rest) > 0 {
			lists = []*part{p}
		}
		blocks = append(blocks, lists...)
	}
	return blocks
}

// pairs finds for each edited block the one it was: one that reads the same, or, between those, one of the same kind
// that it may be a version of.
func pairs(old, edited []*part) []int {
	oldKeys, editedKeys := keys(old), keys(edited)
	match := align(len(old), len(edited), func(i, j int) bool { return oldKeys[i] == editedKeys[j] })
	for from, next := 0, 0; from <= len(edited); {
		to := from
		for to < len(edited) && match[to] < 0 {
			to++
		}
		end := len(old)
		if to < len(edited) {
			end = match[to]
		}
		versions(old[next:end], edited[from:to], func(i, j int) { match[from+j] = next + i })
		from, next = to+1, end+1
	}
	return match
}

func keys(parts []*part) []string {
	all := make([]string, len(parts))
	for i, p := range parts {
		all[i] = p.key()
	}
	return all
}

// versions pairs blocks none of which reads as before: one by one where there are as many as there were, else those
// that begin or end alike.
func versions(old, edited []*part, pair func(i, j int)) {
	same := func(i, j int) bool {
		return old[i].kind == edited[j].kind && old[i].kind != kindKept && old[i].kind != kindImage && old[i].kind != "horizontalRule"
	}
	if len(old) == len(edited) {
		for i := range old {
			if same(i, i) {
				pair(i, i)
			}
		}
		return
	}
	alike := func(i, j int) bool { return same(i, j) && resemble(old[i].plain(), edited[j].plain()) }
	for j, i := range align(len(old), len(edited), alike) {
		if i >= 0 {
			pair(i, j)
		}
	}
}

// resemble tells whether two texts share at least half of the shorter one at their ends.
func resemble(a, b string) bool {
	shorter, shared := min(len(a), len(b)), 0
	for shared < shorter && a[shared] == b[shared] {
		shared++
	}
	for tail := 0; shared < shorter && tail < shorter-shared && a[len(a)-1-tail] == b[len(b)-1-tail]; tail++ {
		shared++
	}
	return 2*shared >= shorter
}
