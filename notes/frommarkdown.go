package notes

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The node PostHog wraps a whole Markdown text in, since it stores notes as Markdown.
const (
	markdownNodeType = "ph-markdown-notebook"
	markdownNodeID   = "markdown-notebook-v2"
)

// storedNode is a ProseMirror node as PostHog's server writes it. The pointers and omitzero keep the
// difference between an absent key and an empty value, because PostHog's documents have both.
type storedNode struct {
	Type    string       `json:"type"`
	Attrs   *storedAttrs `json:"attrs,omitempty"`
	Content []storedNode `json:"content,omitzero"`
	Text    *string      `json:"text,omitempty"`
	Marks   []storedMark `json:"marks,omitempty"`
}

type storedAttrs struct {
	Level    int     `json:"level,omitempty"`
	Language string  `json:"language,omitempty"`
	Href     string  `json:"href,omitempty"`
	NodeID   string  `json:"nodeId,omitempty"`
	Markdown *string `json:"markdown,omitempty"`
}

type storedMark struct {
	Type  string       `json:"type"`
	Attrs *storedAttrs `json:"attrs,omitempty"`
}

// FromMarkdown builds the document PostHog stores when a note is created with nothing but text_content.
//
// It imitates PostHog's converter, limits included: headings, paragraphs, flat bullet and ordered lists, fenced
// code, and bold, italic, code and link inside a line. Everything else, such as tables, quotes, nesting, task boxes
// or rules, comes out as literal text.
//
// It departs in one place. A line of nothing but one to six # and a single space sends PostHog's converter into an
// endless loop; here it becomes a paragraph. Sendable keeps such lines away from PostHog.
func FromMarkdown(text string) json.RawMessage {
	nodes := convertLines(text)
	if len(nodes) == 0 {
		nodes = []storedNode{{Type: "paragraph"}}
	}
	return encode(storedNode{Type: "doc", Content: nodes})
}

// WrapMarkdown builds the document newer PostHog servers store for the same note: one node that carries the Markdown
// unchanged.
func WrapMarkdown(text string) json.RawMessage {
	attrs := &storedAttrs{NodeID: markdownNodeID, Markdown: &text}
	return encode(storedNode{Type: "doc", Content: []storedNode{{Type: markdownNodeType, Attrs: attrs}}})
}

// Sendable returns the text with the lines made harmless that PostHog's converter never returns from: a heading
// marker, one whitespace character and nothing else. They lose that whitespace, which no reader can see.
func Sendable(text string) string {
	lines := strings.Split(text, "\n")
	inCode := false
	for i, line := range lines {
		if isFence(line) {
			inCode = !inCode
		}
		if _, _, ok := cutHeading(line); !ok && !inCode && startsHeading(line) {
			lines[i] = strings.TrimRightFunc(line, isSpace)
		}
	}
	return strings.Join(lines, "\n")
}

func encode(doc storedNode) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	// Strings, ints and slices of them: encoding cannot fail.
	_ = enc.Encode(doc)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// convertLines follows the order in which PostHog tries the block kinds on each line.
func convertLines(text string) []storedNode {
	if strings.TrimFunc(text, isSpace) == "" {
		return nil
	}
	var nodes []storedNode
	lines := strings.Split(text, "\n")
	for len(lines) > 0 {
		line := lines[0]
		var node storedNode
		if isFence(line) {
			node, lines = takeCode(lines)
		} else if level, title, ok := cutHeading(line); ok {
			// A heading always has the key content, a paragraph only when there is some.
			content := append([]storedNode{}, inline(title)...)
			node = storedNode{Type: "heading", Attrs: &storedAttrs{Level: level}, Content: content}
			lines = lines[1:]
		} else if _, ok := cutBullet(line); ok {
			node, lines = takeList("bulletList", lines, cutBullet)
		} else if _, ok := cutNumber(line); ok {
			node, lines = takeList("orderedList", lines, cutNumber)
		} else if isBlank(line) {
			lines = lines[1:]
			continue
		} else {
			node, lines = takeParagraph(lines)
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// takeCode takes a fenced block; the end of the text closes it too.
func takeCode(lines []string) (storedNode, []string) {
	language := strings.TrimFunc(strings.TrimFunc(lines[0], isSpace)[3:], isSpace)
	lines = lines[1:]
	end := 0
	for end < len(lines) && !isFence(lines[end]) {
		end++
	}
	code := strings.Join(lines[:end], "\n")
	node := storedNode{Type: "codeBlock", Content: []storedNode{{Type: "text", Text: &code}}}
	if language != "" {
		node.Attrs = &storedAttrs{Language: language}
	}
	return node, lines[min(end+1, len(lines)):]
}

// takeList takes consecutive item lines, whatever their indentation: PostHog flattens nested lists.
func takeList(kind string, lines []string, cut func(string) (string, bool)) (storedNode, []string) {
	list := storedNode{Type: kind}
	for len(lines) > 0 {
		item, ok := cut(lines[0])
		if !ok {
			break
		}
		list.Content = append(list.Content, storedNode{Type: "listItem", Content: []storedNode{paragraph(item)}})
		lines = lines[1:]
	}
	return list, lines
}

// takeParagraph joins lines with spaces up to a blank one or one that starts another block. The first line always
// belongs to it, so that no input can stop the conversion from moving on.
func takeParagraph(lines []string) (storedNode, []string) {
	end := 1
	for end < len(lines) && !isBlank(lines[end]) && !startsBlock(lines[end]) {
		end++
	}
	return paragraph(strings.Join(lines[:end], " ")), lines[end:]
}

func paragraph(text string) storedNode {
	return storedNode{Type: "paragraph", Content: inline(text)}
}

func startsBlock(line string) bool {
	_, bullet := cutBullet(line)
	_, number := cutNumber(line)
	return isFence(line) || startsHeading(line) || bullet || number
}

func isFence(line string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(line, isSpace), "```")
}

// startsHeading reports one to six # followed by whitespace, the looser of PostHog's two tests for a heading.
func startsHeading(line string) bool {
	rest := strings.TrimLeft(line, "#")
	level := len(line) - len(rest)
	first, _ := utf8.DecodeRuneInString(rest)
	return level >= 1 && level <= 6 && rest != "" && isSpace(first)
}

// cutHeading is the stricter test: after the whitespace there must be at least one more character.
func cutHeading(line string) (level int, title string, ok bool) {
	if !startsHeading(line) {
		return 0, "", false
	}
	rest := strings.TrimLeft(line, "#")
	if _, size := utf8.DecodeRuneInString(rest); size == len(rest) {
		return 0, "", false
	}
	return len(line) - len(rest), strings.TrimFunc(rest, isSpace), true
}

func cutBullet(line string) (item string, ok bool) {
	rest := strings.TrimLeftFunc(line, isSpace)
	if !strings.HasPrefix(rest, "-") && !strings.HasPrefix(rest, "*") {
		return "", false
	}
	return cutSpace(rest[1:])
}

func cutNumber(line string) (item string, ok bool) {
	line = strings.TrimLeftFunc(line, isSpace)
	rest, dotted := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsDigit), ".")
	if !dotted || len(rest)+1 == len(line) {
		return "", false
	}
	return cutSpace(rest)
}

// cutSpace removes the whitespace that must follow a list marker.
func cutSpace(s string) (string, bool) {
	rest := strings.TrimLeftFunc(s, isSpace)
	return rest, len(rest) < len(s)
}

func isBlank(line string) bool { return strings.TrimFunc(line, isSpace) == "" }

// isSpace is Python's notion of whitespace, which counts the four ASCII separators as well.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || (r >= 0x1c && r <= 0x1f)
}
