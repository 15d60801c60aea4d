package notes

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// PostHog renders tags in Markdown notebooks: a <Query ... /> runs its query, a <mention> reaches a colleague. What
// people or models write must not do that by chance or on purpose.

var (
	// harmless are the tags that stand for marks and line breaks, and addresses in angle brackets.
	harmless = regexp.MustCompile(`^<(/?(br|u|strong|em|del|code|sub|sup|kbd) ?/?|https?://[^\s<>]*|[\w.+-]+@[\w.-]+)>`)
	tagStart = regexp.MustCompile(`<[A-Za-z/!?]`)
)

// Inert escapes every tag of a Markdown text that PostHog might render live. Code shows its tags as text and stays as
// it is.
func Inert(markdown string) string { return inert(markdown, "") }

// inert escapes every tag of a Markdown text that PostHog might render live, but for those that stand in another text
// as they are: they were there before. Code shows its tags as text and stays as it is.
func inert(markdown, before string) string {
	there := map[string]bool{}
	for _, at := range liveTags(before) {
		there[before[at:tagEnd(before, at)]] = true
	}
	var out strings.Builder
	start := 0
	for _, at := range liveTags(markdown) {
		if at < start || there[markdown[at:tagEnd(markdown, at)]] {
			continue
		}
		out.WriteString(markdown[start:at] + `\`)
		start = at
	}
	return out.String() + markdown[start:]
}

// liveTags are the places where a tag begins.
func liveTags(markdown string) []int {
	if !strings.Contains(markdown, "<") {
		return nil
	}
	var found []int
	code := codeIn(markdown)
	for _, match := range tagStart.FindAllStringIndex(markdown, -1) {
		at := match[0]
		for len(code) > 0 && code[0].Stop <= at {
			code = code[1:]
		}
		if len(code) > 0 && code[0].Start <= at || harmless.MatchString(markdown[at:]) || escaped(markdown, at) {
			continue
		}
		found = append(found, at)
	}
	return found
}

// escaped tells whether a backslash takes a character's meaning.
func escaped(s string, at int) bool {
	before := strings.TrimRight(s[:at], `\`)
	return (at-len(before))%2 == 1
}

// tagEnd is where a tag ends: at the bracket that is in no string and in no braces, or with the text.
func tagEnd(s string, at int) int {
	depth, quoted := 0, false
	for i := at; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == '>' && depth <= 0:
			return i + 1
		}
	}
	return len(s)
}

// codeIn are the stretches of a text that are code, in their order.
func codeIn(markdown string) []text.Segment {
	var code []text.Segment
	// The walker never fails.
	_ = ast.Walk(dialect().Parse(text.NewReader([]byte(markdown))), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			for i := range n.Lines().Len() {
				code = append(code, n.Lines().At(i))
			}
		case *ast.CodeSpan:
			for child := n.FirstChild(); child != nil; child = child.NextSibling() {
				if t, ok := child.(*ast.Text); ok {
					code = append(code, t.Segment)
				}
			}
		}
		return ast.WalkContinue, nil
	})
	return code
}
