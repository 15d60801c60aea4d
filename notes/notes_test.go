package notes

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMarkdownPicksTheSource(t *testing.T) {
	t.Parallel()
	edited := asDoc(t, p(txt("edited", "bold")))
	for _, c := range []struct {
		name, content, text, want string
		source                    Source
	}{
		{"Markdown node", string(WrapMarkdown("# a\n| b |")), "stale", "# a\n| b |", SourceMarkdownNode},
		{"empty Markdown node", string(WrapMarkdown("")), "stale", "", SourceMarkdownNode},
		{"two nodes are no Markdown notebook", `[{"type":"ph-markdown-notebook","attrs":{"markdown":"a"}},{"type":"paragraph","content":[{"type":"text","text":"b"}]}]`, "", `<UnknownNode markdown="a" nodeType="ph-markdown-notebook" />` + "\n\nb", SourceDocument},
		{"as PostHog made it", string(FromMarkdown(sampleNote)), sampleNote, sampleNote, SourceText},
		{"edited", string(edited), sampleNote, "**edited**", SourceDocument},
		{"document without text", string(edited), "", "**edited**", SourceDocument},
		{"bare list", `[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]`, "", "a", SourceDocument},
		{"JSON text of a document", strconv.Quote(string(edited)), "", "**edited**", SourceDocument},
		{"text in the place of the document", `"just *text*"`, "", "just *text*", SourceDocument},
		{"text in both places", `"old"`, "new", "new", SourceText},
		{"null", `null`, "a", "a", SourceText},
		{"absent", ``, "a", "a", SourceText},
		{"empty object", `{}`, "a", "a", SourceText},
		{"empty document", `{"type":"doc","content":[]}`, "a", "a", SourceText},
		{"nothing at all", `null`, "", "", SourceNone},
		{"blank page", `{"type":"doc","content":[{"type":"paragraph"}]}`, "", "", SourceNone},
		{"too deep", `{"type":"doc","content":[` + strings.Repeat(`{"content":[`, 100) + strings.Repeat(`]}`, 100) + `]}`, "a", "a", SourceText},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			markdown, source := Markdown(json.RawMessage(c.content), c.text)
			require.Equal(t, c.want, markdown)
			require.Equal(t, c.source, source, source.String())
		})
	}
}

// What an editor adds on opening a note is not an edit.
func TestMarkdownIgnoresWhatEditorsFillIn(t *testing.T) {
	t.Parallel()
	markdown := "## Plan\n\n1. one **two**\n\n```\nx\n```\n\n| a |\n| - |"
	stored := asDoc(t, strings.Join([]string{
		withAttrs("heading", `{"level":2.0,"nodeId":"h1","textAlign":null}`, txt("Pl"), txt("an", "comment")),
		withAttrs("orderedList", `{"start":1,"type":null}`, of("listItem", withAttrs("paragraph", `{"nodeId":"p"}`, txt("one "), txt("two", "bold")))),
		withAttrs("codeBlock", `{"language":null}`, txt("x")),
		p(txt("| a | | - |")),
		p(),
	}, ","))
	got, source := Markdown(stored, markdown)
	require.Equal(t, markdown, got)
	require.Equal(t, SourceText, source)
}

// Each of these edits is visible, so each makes the document the source.
func TestMarkdownSeesEveryEdit(t *testing.T) {
	t.Parallel()
	markdown := "# A\n\nb *c* [d](https://e.com)\n\n- f\n\n1. g\n\n```sql\nh\n```"
	doc := string(FromMarkdown(markdown))
	for _, edit := range [][2]string{
		{`"level":1`, `"level":2`}, {`"text":"b "`, `"text":"b! "`}, {`"type":"italic"`, `"type":"bold"`},
		{`https://e.com`, `https://evil.com`}, {`"bulletList"`, `"orderedList"`}, {`"orderedList",`, `"orderedList","attrs":{"start":2},`},
		{`"sql"`, `"go"`}, {`"text":"h"`, `"text":"h\ni"`}, {`"paragraph"`, `"blockquote"`}, {`"content":[{"type":"heading"`, `"content":[{"type":"ph-person"},{"type":"heading"`},
	} {
		changed := strings.Replace(doc, edit[0], edit[1], 1)
		require.NotEqual(t, doc, changed, edit[0])
		_, source := Markdown(json.RawMessage(changed), markdown)
		require.Equal(t, SourceDocument, source, "%s for %s", edit[1], edit[0])
	}
}

func TestMarkdownReturnsWhatWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		written := rapid.OneOf(markdownish(), rapid.String()).Draw(r, "text")
		for _, doc := range []json.RawMessage{FromMarkdown(written), WrapMarkdown(written)} {
			if got, source := Markdown(doc, written); got != written {
				r.Fatalf("%q came back as %q from the %s", written, got, source)
			}
		}
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, markdown, want string }{
		{"a note", sampleNote, "Acme Inc: call Ada asked about renewal and the deck. Seats Price 10 1 200 first nested deeper a task select * from events -- `x`"},
		{"escapes", `1\. \*a\* &amp; b`, "1. *a* & b"},
		{"code keeps its backslashes", "`a\\*b`", `a\*b`},
		{"tags", "before\n\n<Query query={{\"kind\":\"X\"}} />\n\nafter", "before [Query] after"},
		{"lines", "a\nb\\\nc", "a b c"},
		{"done", "- [x] a\n- [ ] b", "(done) a b"},
		{"addresses", "<https://e.com> ada@e.com", "https://e.com ada@e.com"},
		{"nothing", "", ""},
	} {
		require.Equal(t, c.want, Text(WrapMarkdown(c.markdown), ""), c.name)
	}
	require.Equal(t, "edited by hand", Text(asDoc(t, of("blockquote", p(txt("edited ", "bold"), txt("by  hand")))), "x"))
	require.LessOrEqual(t, len(Text(nil, strings.Repeat("é ", 100_000))), maxSnippetSource)
}

func FuzzToMarkdown(f *testing.F) {
	f.Add([]byte(FromMarkdown(sampleNote)))
	f.Add([]byte(WrapMarkdown(sampleNote)))
	f.Add([]byte(`{"type":"doc","content":[{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableCell","attrs":{"colspan":"x"}}]}]},{"type":"ph-query","attrs":{"query":"{"}}]}`))
	f.Add([]byte(`[{"type":"taskList","content":[{"type":"taskItem","attrs":{"checked":1},"content":[{"type":"hardBreak","marks":[{"type":"link"},7]}]}]},null,[],"x"]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		markdown, err := ToMarkdown(content)
		if err != nil && markdown != "" {
			t.Fatal("a result beside an error")
		}
		got, source := Markdown(content, string(content))
		if source == SourceNone && got != "" {
			t.Fatal("text from nowhere")
		}
		if line := Text(content, string(content)); strings.ContainsAny(line, "\n\r") {
			t.Fatalf("more than a line: %q", line)
		}
	})
}
