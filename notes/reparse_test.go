package notes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"
)

// The test in this file holds ToMarkdown to a parser that knows nothing of it: documents are drawn from what the
// editor can make, written as Markdown, parsed by goldmark, and both sides are described in one notation:
//
//	h2(inline)  p(inline)  code:sql(text)  hr  quote[...]  ul[...]  ol7[...]  item[...]  done[...]  todo[...]
//	table[row(inline|inline)...]
//
// Inline text carries its marks as {b}, {i} and so on before the first character they apply to. Space is collapsed and
// its marks do not count, since **a b** and **a** **b** read the same.

// inlineNotation collects characters and their marks.
type inlineNotation struct {
	out     strings.Builder
	marks   string
	pending string // space or line breaks not yet written
}

func (n *inlineNotation) write(s string, marks []string) {
	slices.Sort(marks)
	current := strings.Join(slices.Compact(marks), ",")
	for _, r := range s {
		if unicode.IsSpace(r) {
			if n.pending == "" {
				n.pending = " "
			}
			continue
		}
		n.flush()
		if current != n.marks {
			n.out.WriteString("{" + current + "}")
			n.marks = current
		}
		n.out.WriteRune(r)
	}
}

func (n *inlineNotation) lineBreak() { n.pending = strings.Trim(n.pending, " ") + "\n" }

func (n *inlineNotation) flush() {
	if n.out.Len() > 0 || n.pending != " " {
		n.out.WriteString(n.pending)
	}
	n.pending = ""
}

func (n *inlineNotation) String() string { return n.out.String() }

// describe reads what goldmark parsed.
func describe(n ast.Node, source []byte) string {
	var out strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		out.WriteString(describeBlock(child, source))
	}
	return out.String()
}

func describeBlock(n ast.Node, source []byte) string {
	switch n := n.(type) {
	case *ast.Heading:
		return fmt.Sprintf("h%d(%s)", n.Level, describeInline(n, source))
	case *ast.Paragraph, *ast.TextBlock:
		return "p(" + describeInline(n, source) + ")"
	case *ast.ThematicBreak:
		return "hr"
	case *ast.Blockquote:
		return "quote[" + describe(n, source) + "]"
	case *ast.FencedCodeBlock:
		return fmt.Sprintf("code:%s(%s)", n.Language(source), strings.TrimSuffix(string(n.Lines().Value(source)), "\n"))
	case *ast.List:
		if n.IsOrdered() {
			return fmt.Sprintf("ol%d[%s]", n.Start, describe(n, source))
		}
		return "ul[" + describe(n, source) + "]"
	case *ast.ListItem:
		return describeItem(n, source)
	case *extast.Table:
		return "table[" + describe(n, source) + "]"
	case *extast.TableHeader, *extast.TableRow:
		var cells []string
		for cell := n.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, describeInline(cell, source))
		}
		return "row(" + strings.Join(cells, "|") + ")"
	default:
		return fmt.Sprintf("<%s>", n.Kind()) // never expected, so it shows up as a difference
	}
}

func describeItem(n *ast.ListItem, source []byte) string {
	kind := "item"
	if first := n.FirstChild(); first != nil {
		if box, ok := first.FirstChild().(*extast.TaskCheckBox); ok {
			kind = map[bool]string{true: "done", false: "todo"}[box.IsChecked]
		}
	}
	return kind + "[" + describe(n, source) + "]"
}

func describeInline(n ast.Node, source []byte) string {
	var notation inlineNotation
	reader := inlineReader{source: source, to: &notation}
	reader.read(n, nil)
	return notation.String()
}

type inlineReader struct {
	source []byte
	to     *inlineNotation
	tags   []string // marks opened by HTML tags
}

func (r *inlineReader) read(n ast.Node, marks []string) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Text:
			value := child.Value(r.source)
			if _, code := n.(*ast.CodeSpan); !code {
				value = unescape(value)
			}
			r.to.write(string(value), slices.Concat(marks, r.tags))
			if child.HardLineBreak() {
				r.to.lineBreak()
			} else if child.SoftLineBreak() {
				r.to.write(" ", nil)
			}
		case *ast.String:
			r.to.write(string(child.Value), slices.Concat(marks, r.tags))
		case *ast.Emphasis:
			r.read(child, append(slices.Clone(marks), map[int]string{1: "i", 2: "b"}[child.Level]))
		case *extast.Strikethrough:
			r.read(child, append(slices.Clone(marks), "s"))
		case *ast.CodeSpan:
			r.read(child, append(slices.Clone(marks), "c"))
		case *ast.Link:
			r.read(child, append(slices.Clone(marks), "l="+string(unescape(child.Destination))))
		case *ast.RawHTML:
			r.tag(string(child.Segments.Value(r.source)))
		case *extast.TaskCheckBox:
		default:
			r.to.write(fmt.Sprintf("<%s>", child.Kind()), nil)
		}
	}
}

var tagMarks = map[string]string{"strong": "b", "em": "i", "del": "s", "u": "u", "code": "c"}

func (r *inlineReader) tag(tag string) {
	if tag == "<br>" {
		r.to.lineBreak()
		return
	}
	mark := tagMarks[strings.Trim(tag, "</>")]
	if !strings.HasPrefix(tag, "</") {
		r.tags = append(r.tags, mark)
	} else if i := slices.Index(r.tags, mark); i >= 0 {
		r.tags = slices.Delete(r.tags, i, i+1)
	}
}

// sample is a drawn document or part of one: its JSON and what a reader should find.
type sample struct{ node, want string }

func drawInline(r *rapid.T) sample {
	var notation inlineNotation
	var nodes []string
	for range rapid.IntRange(1, 5).Draw(r, "pieces") {
		if rapid.IntRange(0, 9).Draw(r, "break") == 0 {
			nodes = append(nodes, br)
			notation.lineBreak()
			continue
		}
		s := strings.Join(rapid.SliceOfN(words, 1, 4).Draw(r, "words"), "")
		drawn := rapid.SliceOfNDistinct(rapid.SampledFrom(markNames), 0, 4, rapid.ID).Draw(r, "marks")
		var marks, names []string
		for _, m := range drawn {
			if strings.HasPrefix(m, "l=") && slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "l=") }) {
				continue // a text has one link
			}
			marks, names = append(marks, marksByName[m]), append(names, m)
		}
		nodes = append(nodes, txt(s, marks...))
		notation.write(s, names)
	}
	return sample{strings.Join(nodes, ","), notation.String()}
}

var (
	// No word is "x": goldmark takes [x](address) at the start of an item for a task box, which GFM does not.
	words    = rapid.SampledFrom(wordList)
	wordList = []string{
		"word", "a", "Z", "é", "日本", "🎉", "“", "y", "7", " ", " ", "  ", "*", "**", "_", "__", "~", "~~", "`", "``", "[", "]", "](", "(", ")",
		"<", ">", "<b>", "#", "# ", "- ", "-", "--", "---", "+ ", "=", "===", "|", "\\", "!", "&", "&amp;", ";", ":", ".", "1. ", "1) ", "10.", ",", "'", "\"", "[ ] ",
	}
	// Two links side by side are one when they lead to the same place, so there are two places.
	marksByName = map[string]string{
		"b": "bold", "i": "italic", "s": "strike", "u": "underline", "c": "code",
		"l=https://e.com/a_b*c": "link https://e.com/a_b*c",
		"l=a b(c)":              "link a b(c)",
	}
	markNames = []string{"b", "i", "s", "u", "c", "l=https://e.com/a_b*c", "l=a b(c)"}
)

func drawBlocks(r *rapid.T, depth int) []sample {
	var blocks []sample
	for range rapid.IntRange(1, 3).Draw(r, "blocks") {
		if b := drawBlock(r, depth); b.want != "" {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

func drawBlock(r *rapid.T, depth int) sample {
	kinds := []string{"paragraph", "heading", "code", "rule", "table"}
	if depth > 0 {
		kinds = append(kinds, "quote", "bullets", "numbers", "tasks")
	}
	switch kind := rapid.SampledFrom(kinds).Draw(r, "kind"); kind {
	case "heading":
		line := drawInline(r)
		level := rapid.IntRange(1, 6).Draw(r, "level")
		return visible(line, withAttrs("heading", fmt.Sprintf(`{"level":%d}`, level), line.node), fmt.Sprintf("h%d(%s)", level, line.want))
	case "code":
		lines := rapid.SliceOf(rapid.SampledFrom([]string{"x", "  y", "", "```", "````", "~~~", "> z", "- a", "\tt", "<b>", "&amp;"})).Draw(r, "lines")
		code := strings.Join(lines, "\n")
		language := rapid.SampledFrom([]string{"", "sql"}).Draw(r, "language")
		return sample{withAttrs("codeBlock", `{"language":"`+language+`"}`, txt(code)), fmt.Sprintf("code:%s(%s)", language, code)}
	case "rule":
		return sample{`{"type":"horizontalRule"}`, "hr"}
	case "table":
		return drawTable(r)
	case "quote":
		inner := drawBlocks(r, depth-1)
		return visible(sample{want: wants(inner)}, of("blockquote", nodes(inner)...), "quote["+wants(inner)+"]")
	case "bullets", "numbers", "tasks":
		return drawList(r, kind, depth)
	default:
		line := drawInline(r)
		return visible(line, p(line.node), "p("+line.want+")")
	}
}

// visible makes a block of nothing disappear on the reader's side, as the conversion leaves it out.
func visible(content sample, node, want string) sample {
	if content.want == "" {
		want = ""
	}
	return sample{node, want}
}

func drawList(r *rapid.T, kind string, depth int) sample {
	var items []sample
	for range rapid.IntRange(1, 3).Draw(r, "items") {
		blocks := drawBlocks(r, depth-1)
		if wants(blocks) == "" {
			// goldmark loses its place in nested lists behind an item without content, where CommonMark does not.
			blocks = []sample{{p(txt("x")), "p(x)"}}
		}
		if kind != "tasks" {
			items = append(items, sample{of("listItem", nodes(blocks)...), "item[" + wants(blocks) + "]"})
			continue
		}
		done := rapid.Bool().Draw(r, "done")
		blocks = slices.Insert(blocks, 0, sample{p(txt("do")), "p(do)"}) // a box needs text beside it
		items = append(items, sample{
			withAttrs("taskItem", fmt.Sprintf(`{"checked":%t}`, done), nodes(blocks)...),
			map[bool]string{true: "done", false: "todo"}[done] + "[" + wants(blocks) + "]",
		})
	}
	switch kind {
	case "numbers":
		start := rapid.SampledFrom([]int{0, 1, 2, 9, 123}).Draw(r, "start")
		return sample{withAttrs("orderedList", fmt.Sprintf(`{"start":%d}`, start), nodes(items)...), fmt.Sprintf("ol%d[%s]", start, wants(items))}
	case "tasks":
		return sample{of("taskList", nodes(items)...), "ul[" + wants(items) + "]"}
	default:
		return sample{of("bulletList", nodes(items)...), "ul[" + wants(items) + "]"}
	}
}

func drawTable(r *rapid.T) sample {
	columns := rapid.IntRange(1, 3).Draw(r, "columns")
	var rows []sample
	for range rapid.IntRange(1, 3).Draw(r, "rows") {
		var cells, want []string
		for range columns {
			line := drawInline(r)
			cells, want = append(cells, of("tableCell", p(line.node))), append(want, line.want)
		}
		rows = append(rows, sample{of("tableRow", cells...), "row(" + strings.Join(want, "|") + ")"})
	}
	return sample{of("table", nodes(rows)...), "table[" + wants(rows) + "]"}
}

func nodes(list []sample) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.node)
	}
	return out
}

func wants(list []sample) string {
	var out strings.Builder
	for _, s := range list {
		out.WriteString(s.want)
	}
	return out.String()
}

func reparse(markdown string) string {
	source := []byte(markdown)
	return describe(parser().Parser().Parse(text.NewReader(source)), source)
}

func TestMarkdownReadsAsTheDocument(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		blocks := drawBlocks(r, 2)
		doc := asDoc(t, strings.Join(nodes(blocks), ","))
		markdown, err := ToMarkdown(doc)
		if err != nil {
			r.Fatal(err)
		}
		if got := reparse(markdown); got != wants(blocks) {
			r.Fatalf("document\n%s\nbecame\n%s\nwhich reads as\n%s\nnot as\n%s", doc, markdown, got, wants(blocks))
		}
	})
}

// The notation itself must be able to tell documents apart, or the property above would hold of anything.
func TestNotation(t *testing.T) {
	t.Parallel()
	for markdown, want := range map[string]string{
		"# a **b** c":                     "h1(a {b}b {}c)",
		"a\\\nb\nc":                       "p(a\nb c)",
		"*a **b*** ~~c~~ <u>d</u> `e`":    "p({i}a {b,i}b {s}c {u}d {c}e)",
		"[a](u \"t\") <strong>b</strong>": "p({l=u}a {b}b)",
		"- [x] a\n- b\n\n7. c":            "ul[done[p(a)]item[p(b)]]ol7[item[p(c)]]",
		"| a | b |\n| - | - |\n| c |":     "table[row(a|b)row(c|)]",
		"> ```sql\n> x\n> ```\n\n---":     "quote[code:sql(x)]hr",
		"<div>":                           "<HTMLBlock>",
	} {
		require.Equal(t, want, reparse(markdown))
	}
}
