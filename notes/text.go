package notes

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// maxSnippetSource is how much of a note Text reads. It is many snippets long, and it bounds the work on a list of
// notes whatever is in them.
const maxSnippetSource = 4 << 10

// Text returns the beginning of a note as one line of plain text, without Markdown syntax, for snippets. PostHog's own
// nodes appear as their names in brackets.
func Text(content json.RawMessage, textContent string) string {
	markdown, _ := Markdown(content, textContent)
	source := []byte(nameTags(cut(markdown, maxSnippetSource)))
	var out strings.Builder
	// The walker below never fails.
	_ = ast.Walk(parser().Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		writePlain(&out, n, source, entering)
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(out.String()), " ")
}

var parser = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(goldmark.WithExtensions(extension.GFM))
})

// tagLine matches one of PostHog's nodes on a line of its own, the way it stands in Markdown notebooks.
var tagLine = regexp.MustCompile(`(?m)^[ \t]*<([A-Z][A-Za-z]*)( .*)?/>[ \t]*$`)

func nameTags(markdown string) string {
	return tagLine.ReplaceAllString(markdown, `[$1]`)
}

func writePlain(out *strings.Builder, n ast.Node, source []byte, entering bool) {
	if !entering {
		if n.Type() == ast.TypeBlock || n.Kind() == extast.KindTableCell {
			out.WriteByte(' ')
		}
		return
	}
	switch n := n.(type) {
	case *ast.Text:
		if _, code := n.Parent().(*ast.CodeSpan); code {
			out.Write(n.Value(source))
		} else {
			out.Write(unescape(n.Value(source)))
		}
		if n.SoftLineBreak() || n.HardLineBreak() {
			out.WriteByte(' ')
		}
	case *ast.String:
		out.Write(n.Value)
	case *ast.AutoLink:
		out.Write(n.Label(source))
	case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock:
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			out.Write(line.Value(source))
			out.WriteByte(' ')
		}
	case *extast.TaskCheckBox:
		if n.IsChecked {
			out.WriteString("(done) ")
		}
	}
}

// unescape resolves what the parser leaves to its renderers: backslashes and character references. An escaped & does
// not begin a reference, so the stretches between the backslashes are resolved one by one.
func unescape(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 && bytes.IndexByte(raw, '&') < 0 {
		return raw
	}
	var out []byte
	start := 0
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] == '\\' && util.IsPunct(raw[i+1]) {
			out = append(append(out, resolve(raw[start:i])...), raw[i+1])
			i++
			start = i + 1
		}
	}
	return append(out, resolve(raw[start:])...)
}

func resolve(raw []byte) []byte {
	return util.ResolveEntityNames(util.ResolveNumericReferences(raw))
}

// cut shortens a text to at most limit bytes, between characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
