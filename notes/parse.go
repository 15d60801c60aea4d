package notes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	mdparser "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// ErrPlaceholder means that a placeholder was edited, or comes from another note.
var ErrPlaceholder = errors.New("notes: a placeholder names nothing in this note")

// dialect reads the Markdown of edits: GitHub's, with placeholders and without HTML. A tag that stands for a mark is
// read as the mark, every other one is text.
var dialect = sync.OnceValue(func() mdparser.Parser {
	blocks := slices.DeleteFunc(mdparser.DefaultBlockParsers(), func(v util.PrioritizedValue) bool {
		return v.Value == mdparser.NewHTMLBlockParser()
	})
	inline := append(mdparser.DefaultInlineParsers(), util.Prioritized(placeholderParser{}, 150)) // before links
	md := goldmark.New(
		goldmark.WithParser(mdparser.NewParser(
			mdparser.WithBlockParsers(blocks...), mdparser.WithInlineParsers(inline...), mdparser.WithParagraphTransformers(mdparser.DefaultParagraphTransformers()...))),
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList))
	return md.Parser()
})

// placeholderNode is a placeholder in parsed Markdown.
type placeholderNode struct {
	ast.BaseInline
	text string
}

var kindPlaceholder = ast.NewNodeKind("Placeholder")

func (*placeholderNode) Kind() ast.NodeKind { return kindPlaceholder }

func (n *placeholderNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// placeholderPattern is wider than what placeholders are, to notice damaged ones.
var placeholderPattern = regexp.MustCompile(`^\[\[[\pL\pN@ -]{1,100}:[0-9a-z]{8,12}\]\]`)

// placeholderParser reads placeholders. Escaped ones never get here.
type placeholderParser struct{}

func (placeholderParser) Trigger() []byte { return []byte{'['} }

func (placeholderParser) Parse(_ ast.Node, block text.Reader, _ mdparser.Context) ast.Node {
	line, _ := block.PeekLine()
	found := placeholderPattern.Find(line)
	if found == nil {
		return nil
	}
	block.Advance(len(found))
	return &placeholderNode{text: string(found)}
}

// reader makes parts of parsed Markdown.
type reader struct {
	source []byte
	kept   map[string]*keptNode // nil where placeholders are just text
	err    error
}

// parse reads Markdown. With a note's kept nodes, placeholders are resolved.
func parse(markdown string, kept map[string]*keptNode) ([]*part, error) {
	r := &reader{source: []byte(newlines.Replace(markdown)), kept: kept}
	parts := r.blocks(dialect().Parse(text.NewReader(r.source)))
	return parts, r.err
}

func (r *reader) blocks(parent ast.Node) []*part {
	var parts []*part
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		parts = append(parts, r.block(n)...)
	}
	return parts
}

func (r *reader) block(n ast.Node) []*part {
	switch n := n.(type) {
	case *ast.Heading:
		if inline := r.line(n); len(inline) > 0 {
			return []*part{{kind: "heading", number: n.Level, inline: inline}}
		}
		return nil
	case *ast.ThematicBreak:
		return []*part{{kind: "horizontalRule"}}
	case *ast.Blockquote:
		if children := r.blocks(n); len(children) > 0 {
			return []*part{{kind: "blockquote", children: children}}
		}
		return nil
	case *ast.FencedCodeBlock:
		return []*part{{kind: "codeBlock", language: string(n.Language(r.source)), text: r.code(n)}}
	case *ast.CodeBlock:
		return []*part{{kind: "codeBlock", text: r.code(n)}}
	case *ast.List:
		return r.lists(n)
	case *extast.Table:
		return []*part{r.table(n)}
	}
	return r.paragraph(r.inline(n))
}

func (r *reader) code(n ast.Node) string {
	return strings.TrimSuffix(string(n.Lines().Value(r.source)), "\n")
}

// paragraph makes a block of a line of text, and blocks of their own of the blocks and the image in it.
func (r *reader) paragraph(tokens []token) []*part {
	var parts []*part
	start := 0
	flush := func(end int) {
		inline := trimTokens(tokens[start:end])
		switch {
		case len(inline) == 1 && inline[0].leaf != nil && inline[0].leaf.kind != kindKept:
			parts = append(parts, &part{kind: kindImage, text: inline[0].text, image: inline[0].leaf})
		case len(inline) > 0:
			parts = append(parts, &part{kind: "paragraph", inline: inline})
		}
	}
	for i, t := range tokens {
		if kept := r.keptBlock(t); kept != nil {
			flush(i)
			parts = append(parts, &part{kind: kindKept, text: t.text, from: kept.node})
			start = i + 1
		}
	}
	flush(len(tokens))
	return parts
}

func (r *reader) keptBlock(t token) *keptNode {
	if t.leaf == nil || t.leaf.kind != kindKept {
		return nil
	}
	if kept := r.kept[t.text]; kept != nil && !kept.inLine {
		return kept
	}
	return nil
}

// line reads a line that can hold no block.
func (r *reader) line(n ast.Node) []token {
	tokens := trimTokens(r.inline(n))
	for _, t := range tokens {
		if r.keptBlock(t) != nil {
			r.err = fmt.Errorf("%w: %s must stand on a line of its own", ErrPlaceholder, t.text)
		}
	}
	return tokens
}

// lists reads a list. One of tasks and of other items becomes several, as PostHog's lists hold either.
func (r *reader) lists(n *ast.List) []*part {
	var lists []*part
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		kind, item := "bulletList", &part{kind: "listItem", children: r.blocks(child)}
		box := boxOf(child)
		switch {
		case n.IsOrdered():
			kind = "orderedList"
			if box != nil { // numbered tasks are unknown to PostHog
				item.children = withBox(item.children, box.IsChecked)
			}
		case box != nil:
			kind, item.kind, item.done = "taskList", "taskItem", box.IsChecked
		}
		if last := len(lists) - 1; last < 0 || lists[last].kind != kind {
			lists = append(lists, &part{kind: kind})
			if n.IsOrdered() {
				lists[0].number = n.Start
			}
		}
		list := lists[len(lists)-1]
		list.children = append(list.children, item)
	}
	return lists
}

func withBox(blocks []*part, checked bool) []*part {
	text := "[ ] "
	if checked {
		text = "[x] "
	}
	if len(blocks) == 0 || blocks[0].kind != "paragraph" {
		return append([]*part{{kind: "paragraph", inline: trimTokens(characters(text, style{}, -1))}}, blocks...)
	}
	blocks[0].inline = append(characters(text, style{}, -1), blocks[0].inline...)
	return blocks
}

func boxOf(item ast.Node) *extast.TaskCheckBox {
	if first := item.FirstChild(); first != nil {
		box, _ := first.FirstChild().(*extast.TaskCheckBox)
		return box
	}
	return nil
}

func (r *reader) table(n *extast.Table) *part {
	table := &part{kind: "table"}
	for line := n.FirstChild(); line != nil; line = line.NextSibling() {
		row := &part{kind: "tableRow"}
		for c := line.FirstChild(); c != nil; c = c.NextSibling() {
			cell := &part{kind: "tableCell", header: line == n.FirstChild()}
			if inline := r.line(c); len(inline) > 0 {
				cell.children = r.paragraph(inline)
			}
			row.children = append(row.children, cell)
		}
		table.children = append(table.children, row)
	}
	return table
}
