package notes

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// spanReader makes tokens of what stands in a line.
type spanReader struct {
	*reader
	tokens []token
	open   []tagMark // marks that were opened by tags
}

// tagMark is a mark that is written as a tag.
type tagMark struct {
	name   string
	format format
	code   bool
}

// markTags are the tags that ToMarkdown writes where delimiters would not be read as such.
var markTags = []tagMark{
	{"strong", bold, false}, {"em", italic, false}, {"del", strike, false}, {"u", underline, false}, {"code", 0, true},
}

func (r *reader) inline(n ast.Node) []token {
	in := &spanReader{reader: r}
	in.read(n, style{})
	return in.tokens
}

func (r *spanReader) read(n ast.Node, s style) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		r.one(child, s)
	}
}

func (r *spanReader) one(n ast.Node, s style) {
	switch n := n.(type) {
	case *ast.Text:
		r.text(string(unescape(n.Value(r.source))), s)
		if n.HardLineBreak() {
			r.tokens = append(r.tokens, token{text: "\n", origin: -1})
		} else if n.SoftLineBreak() {
			r.text(" ", style{})
		}
	case *ast.String:
		r.text(string(n.Value), s)
	case *ast.Emphasis:
		s.format |= map[int]format{1: italic, 2: bold}[n.Level]
		r.read(n, s)
	case *extast.Strikethrough:
		s.format |= strike
		r.read(n, s)
	case *ast.CodeSpan:
		s.code = true
		r.text(r.codeSpan(n), s)
	case *ast.Link:
		s.format |= link
		s.href, s.title = string(unescape(n.Destination)), string(unescape(n.Title))
		r.read(n, s)
	case *ast.AutoLink:
		s.format |= link
		s.href = string(n.URL(r.source))
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(s.href, "mailto:") {
			s.href = "mailto:" + s.href
		}
		r.text(string(n.Label(r.source)), s)
	case *ast.Image:
		r.image(n)
	case *ast.RawHTML:
		r.tag(string(n.Segments.Value(r.source)), s)
	case *placeholderNode:
		r.placeholder(n.text, s)
	}
}

func (r *spanReader) text(text string, s style) {
	for _, mark := range r.open {
		s.format |= mark.format
		s.code = s.code || mark.code
	}
	r.tokens = append(r.tokens, characters(text, s, -1)...)
}

// codeSpan is the text of code, in which a line break is a space.
func (r *spanReader) codeSpan(n *ast.CodeSpan) string {
	var code strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if part, ok := child.(*ast.Text); ok {
			code.Write(part.Value(r.source))
		}
	}
	return strings.ReplaceAll(code.String(), "\n", " ")
}

func (r *spanReader) image(n *ast.Image) {
	alt := &spanReader{reader: r.reader}
	alt.read(n, style{})
	var label strings.Builder
	for _, t := range alt.tokens {
		label.WriteString(t.text)
	}
	img := node{kind: "image", attrs: map[string]any{"src": string(unescape(n.Destination))}}
	if label.Len() > 0 {
		img.attrs["alt"] = label.String()
	}
	if len(n.Title) > 0 {
		img.attrs["title"] = string(unescape(n.Title))
	}
	r.tokens = append(r.tokens, token{text: image(img), leaf: &img, origin: -1})
}

// tag reads a tag that stands for a mark, and takes every other one for text: nothing that people or models write is
// to become one of PostHog's live nodes.
func (r *spanReader) tag(tag string, s style) {
	if tag == "<br>" {
		r.tokens = append(r.tokens, token{text: "\n", origin: -1})
		return
	}
	for _, mark := range markTags {
		if tag == "<"+mark.name+">" {
			r.open = append(r.open, mark)
			return
		}
		if last := len(r.open) - 1; tag == "</"+mark.name+">" && last >= 0 && r.open[last] == mark {
			r.open = r.open[:last]
			return
		}
	}
	r.text(tag, s)
}

func (r *spanReader) placeholder(name string, s style) {
	kept := r.kept[name]
	switch {
	case r.kept == nil:
		r.text(name, s)
	case kept == nil:
		r.err = fmt.Errorf("%w: %s", ErrPlaceholder, name)
	default:
		r.tokens = append(r.tokens, token{text: name, leaf: &node{kind: kindKept, text: name, source: kept.node.source}, origin: -1})
	}
}
