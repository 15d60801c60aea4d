package notes

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

var (
	// ErrSections means that a note has several sections of the name that was given.
	ErrSections = errors.New("notes: several sections have that name")
	// ErrOpenCode means that what is added would become part of code that nobody closed.
	ErrOpenCode = errors.New("notes: the code before that place is not closed")
)

// newSection is the level of a section that is added.
const newSection = 2

// AppendTo returns the document with Markdown added: at the end of the section with that heading, which is created at
// the end of the note if it is missing, or at the end of the note for an empty section. Nothing else changes by a byte.
// What PostHog would render live is added as text. An empty document becomes one of rich text.
func AppendTo(document json.RawMessage, section, markdown string) (json.RawMessage, error) {
	if trimmed := bytes.TrimSpace(document); len(trimmed) == 0 || string(trimmed) == "null" {
		return RichText(underHeading(section, markdown)), nil
	}
	root, err := decode(document)
	if err != nil {
		return nil, err
	}
	if held, ok := root.markdownNode(); ok {
		longer, err := AppendText(held, section, Inert(markdown))
		if err != nil {
			return nil, err
		}
		return withMarkdown(document, longer)
	}
	doc, wrap, err := located(document)
	if err != nil {
		return nil, err
	}
	content, _ := lastMember(doc.source, "content")
	all := elements(content)
	at, found, err := doc.endOfSection(section, all)
	if err != nil {
		return nil, err
	}
	if !found {
		markdown = underHeading(section, markdown)
	}
	parts, _ := parse(markdown, nil) // without placeholders there is nothing to fail
	added := encodeAll((&part{kind: "doc", children: parts}).node().children)
	return wrap(withMembers(doc.source, change{"content", array(slices.Insert(all, at, added...))})), nil
}

// AppendText is AppendTo for a Markdown text.
func AppendText(markdown, section, addition string) (string, error) {
	at, found, err := endOfSection(markdown, section)
	if err != nil {
		return "", err
	}
	addition = strings.Trim(addition, "\n")
	if !found {
		addition = underHeading(section, addition)
	}
	before, after := markdown[:at], markdown[at:]
	switch {
	case before == "" || strings.HasSuffix(before, "\n\n"):
	case strings.HasSuffix(before, "\n"):
		before += "\n"
	default:
		before += "\n\n"
	}
	if after != "" {
		after = "\n\n" + after
	}
	for _, code := range codeIn(before + "x") {
		if code.Stop > len(before) {
			return "", ErrOpenCode
		}
	}
	return before + addition + after, nil
}

// UpTo is a Markdown text up to the place where AppendText would add to it; nothing if the section is missing.
func UpTo(markdown, section string) string {
	if at, found, err := endOfSection(markdown, section); err == nil && found {
		return markdown[:at]
	}
	return ""
}

// underHeading puts Markdown below the heading of a section that is missing.
func underHeading(section, markdown string) string {
	title, level := titleOf(section)
	if title == "" {
		return markdown
	}
	return strings.Repeat("#", level) + " " + escapeText(title) + "\n\n" + markdown
}

// titleOf reads the name of a section, with or without the marker of its heading.
func titleOf(section string) (title string, level int) {
	title = strings.Join(strings.Fields(section), " ")
	level = newSection
	if marker, rest, ok := strings.Cut(title, " "); ok && strings.Trim(marker, "#") == "" && len(marker) <= 6 {
		return rest, len(marker)
	}
	return title, level
}

// heading is where a section begins: the place of its heading, and how deep it is.
type heading struct {
	title     string
	level, at int
}

// sectionEnd is where the section of a name ends, of a note with these headings and this end.
func sectionEnd(headings []heading, section string, end int) (at int, found bool, err error) {
	title, _ := titleOf(section)
	if title == "" {
		return end, true, nil
	}
	at = end
	for i, h := range headings {
		if !strings.EqualFold(strings.Join(strings.Fields(h.title), " "), title) {
			continue
		}
		if found {
			return 0, false, ErrSections
		}
		found = true
		for _, next := range headings[i+1:] {
			if next.level <= h.level {
				at = next.at
				break
			}
		}
	}
	return at, found, nil
}

// endOfSection finds the place in a text.
func endOfSection(markdown, section string) (at int, found bool, err error) {
	r := &reader{source: []byte(markdown)}
	var headings []heading
	doc := dialect().Parse(text.NewReader(r.source))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok && h.Lines().Len() > 0 {
			title := &part{inline: trimTokens(r.inline(h))}
			line := strings.LastIndexByte(markdown[:h.Lines().At(0).Start], '\n') + 1
			headings = append(headings, heading{title.plain(), h.Level, line})
		}
	}
	return sectionEnd(headings, section, len(markdown))
}

// endOfSection finds the place among the elements of a document: before the empty paragraphs at its end, which editors
// leave there.
func (n *node) endOfSection(section string, all [][]byte) (at int, found bool, err error) {
	var headings []heading
	nodes, next := make([]*node, len(all)), 0
	for i, element := range all {
		if element[0] != '{' {
			continue
		}
		nodes[i] = &n.children[next]
		next++
		if h := nodes[i]; h.kind == "heading" {
			headings = append(headings, heading{plainText(h.children), h.integer("level", 1), i})
		}
	}
	at, found, err = sectionEnd(headings, section, len(all))
	for at > 0 && nodes[at-1] != nil && nodes[at-1].kind == "paragraph" && len(nodes[at-1].children) == 0 {
		at--
	}
	return at, found, err
}

// Holds counts how often an addition stands in a document as AppendTo makes it, to tell whether it arrived.
func Holds(document json.RawMessage, markdown string) int {
	root, err := decode(document)
	if err != nil {
		return 0
	}
	if held, ok := root.markdownNode(); ok {
		return strings.Count(held, strings.Trim(Inert(markdown), "\n"))
	}
	o, err := open(document)
	if err != nil {
		return 0
	}
	parts, _ := parse(markdown, nil)
	wanted, there := keys(parts), keys(o.doc.children)
	count := 0
	for i := 0; len(wanted) > 0 && i+len(wanted) <= len(there); i++ {
		if slices.Equal(there[i:i+len(wanted)], wanted) {
			count++
		}
	}
	return count
}
