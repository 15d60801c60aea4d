package notes

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFromMarkdown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, markdown, content string }{
		{"nothing", "", `[{"type":"paragraph"}]`},
		{"white space", " \n\t\n\u00a0", `[{"type":"paragraph"}]`},
		{"heading", "### Next *steps* ", `[{"type":"heading","attrs":{"level":3},"content":[{"type":"text","text":"Next "},{"type":"text","text":"steps","marks":[{"type":"italic"}]}]}]`},
		{"heading of spaces", "#   ", `[{"type":"heading","attrs":{"level":1},"content":[]}]`},
		{"seven are no heading", "####### x", `[{"type":"paragraph","content":[{"type":"text","text":"####### x"}]}]`},
		{"no space, no heading", "#tag", `[{"type":"paragraph","content":[{"type":"text","text":"#tag"}]}]`},
		{"lines of a paragraph are joined as they are", "one \n  two\n\nthree", `[{"type":"paragraph","content":[{"type":"text","text":"one    two"}]},{"type":"paragraph","content":[{"type":"text","text":"three"}]}]`},
		{"a heading ends a paragraph", "one\n# two", `[{"type":"paragraph","content":[{"type":"text","text":"one"}]},{"type":"heading","attrs":{"level":1},"content":[{"type":"text","text":"two"}]}]`},
		{"nested lists are flattened", "- a\n  * b", `[{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]},{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"b"}]}]}]}]`},
		{"a blank line splits a list, numbers are lost", "7. a\n\n8. b", `[{"type":"orderedList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]}]},{"type":"orderedList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"b"}]}]}]}]`},
		{"empty item", "- ", `[{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph"}]}]}]`},
		{"task boxes stay text", "- [x] done", `[{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"[x] done"}]}]}]}]`},
		{"code", "```sql \nselect 1\n\n  -- two\n```", `[{"type":"codeBlock","content":[{"type":"text","text":"select 1\n\n  -- two"}],"attrs":{"language":"sql"}}]`},
		{"code to the end", "  ```\n# x", `[{"type":"codeBlock","content":[{"type":"text","text":"# x"}]}]`},
		{"empty code", "```\n```", `[{"type":"codeBlock","content":[{"type":"text","text":""}]}]`},
		{"marks", "**b** *i* `c` [l](https://e.com/?a=<b>&c)", `[{"type":"paragraph","content":[{"type":"text","text":"b","marks":[{"type":"bold"}]},{"type":"text","text":" "},{"type":"text","text":"i","marks":[{"type":"italic"}]},{"type":"text","text":" "},{"type":"text","text":"c","marks":[{"type":"code"}]},{"type":"text","text":" "},{"type":"text","text":"l","marks":[{"type":"link","attrs":{"href":"https://e.com/?a=<b>&c"}}]}]}]`},
		{"marks do not nest", "**b *i***", `[{"type":"paragraph","content":[{"type":"text","text":"b *i","marks":[{"type":"bold"}]},{"type":"text","text":"*"}]}]`},
		{"stars without a partner", "2 * 3 ** 4", `[{"type":"paragraph","content":[{"type":"text","text":"2 "},{"type":"text","text":" 3 ","marks":[{"type":"italic"}]},{"type":"text","text":"* 4"}]}]`},
		{"three stars", "a***", `[{"type":"paragraph","content":[{"type":"text","text":"a"},{"type":"text","text":"*","marks":[{"type":"italic"}]}]}]`},
		{"empty marks are text", "[](u) [l]() ``", `[{"type":"paragraph","content":[{"type":"text","text":"[](u) [l]() ` + "``" + `"}]}]`},
		{"what PostHog does not know stays text", "> quote\n\n| a | b |\n| - | - |\n\n---\n\n~~s~~ _e_ ![i](u)", `[{"type":"paragraph","content":[{"type":"text","text":"> quote"}]},{"type":"paragraph","content":[{"type":"text","text":"| a | b | | - | - |"}]},{"type":"paragraph","content":[{"type":"text","text":"---"}]},{"type":"paragraph","content":[{"type":"text","text":"~~s~~ _e_ !"},{"type":"text","text":"i","marks":[{"type":"link","attrs":{"href":"u"}}]}]}]`},
		{"Windows line ends stay", "# a\r\nb\r\n", `[{"type":"heading","attrs":{"level":1},"content":[{"type":"text","text":"a"}]},{"type":"paragraph","content":[{"type":"text","text":"b\r"}]}]`},
		{"the line PostHog hangs on", "a\n# \nb", `[{"type":"paragraph","content":[{"type":"text","text":"a"}]},{"type":"paragraph","content":[{"type":"text","text":"#  b"}]}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.JSONEq(t, `{"type":"doc","content":`+c.content+`}`, string(FromMarkdown(c.markdown)))
		})
	}
}

func TestFromMarkdownWritesPlainJSON(t *testing.T) {
	t.Parallel()
	doc := string(FromMarkdown("a <b> & c"))
	require.Contains(t, doc, `"a <b> & c"`)
	require.False(t, strings.HasSuffix(doc, "\n"))
}

func TestWrapMarkdown(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, `{"type":"doc","content":[{"type":"ph-markdown-notebook","attrs":{"nodeId":"markdown-notebook-v2","markdown":"# a\n"}}]}`, string(WrapMarkdown("# a\n")))
	require.JSONEq(t, `{"type":"doc","content":[{"type":"ph-markdown-notebook","attrs":{"nodeId":"markdown-notebook-v2","markdown":""}}]}`, string(WrapMarkdown("")))
}

func TestSendable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"# \ntext":               "#\ntext",
		"text\n######\t":         "text\n######",
		"# title\n#  \n####### ": "# title\n#  \n####### ",
		"```\n# \n```\n## ":      "```\n# \n```\n##",
	} {
		require.Equal(t, want, Sendable(text))
	}
	rapid.Check(t, func(r *rapid.T) {
		text := markdownish().Draw(r, "text")
		once := Sendable(text)
		if Sendable(once) != once {
			r.Fatalf("%q is not stable", once)
		}
	})
}

// markdownish makes texts in which the rules of the conversion meet.
func markdownish() *rapid.Generator[string] {
	parts := []string{"#", "## ", " ", "\n", "\n\n", "- ", "* ", "*", "**", "`", "```", "1. ", "[", "](", ")", "a", "b c", "é", "|", "\t", "\r", "[ ] ", "> ", "---", "\\"}
	return rapid.Custom(func(r *rapid.T) string {
		return strings.Join(rapid.SliceOf(rapid.SampledFrom(parts)).Draw(r, "parts"), "")
	})
}

// No text is lost on the way into a document: everything but white space and markup is still there, in order.
func TestFromMarkdownKeepsEveryWord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOf(rapid.SampledFrom([]string{"alpha", "beta", "**gamma**", "*delta*", "`eps`", "\n- ", "\n# ", "\n\n", " ", "\n1. "})).Draw(r, "words")
		text := strings.Join(words, " ")
		doc, err := decode(FromMarkdown(text))
		if err != nil {
			r.Fatal(err)
		}
		got := strings.Map(lettersOnly, plainText(doc.children))
		if want := strings.Map(lettersOnly, text); got != want {
			r.Fatalf("%q became %q", text, got)
		}
	})
}

func lettersOnly(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}

// Lines that make a backtracking or repeated search quadratic: at this length it would outlast the test run.
func TestConversionIsLinear(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"[`a`", "**a ", "[a](", "`["} {
		require.True(t, json.Valid(FromMarkdown(strings.Repeat(unit, 1_000_000/len(unit)))), unit)
	}
	for _, sibling := range []string{`{"type":"text","text":"a"}`, br, `{"type":"text","text":"a","marks":[{"type":"bold"}]}`, p(txt("a"))} {
		siblings := strings.Repeat(sibling+",", maxDocument/4/len(sibling)) + sibling
		markdown, err := ToMarkdown(asDoc(t, of("bulletList", of("listItem", siblings))))
		require.NoError(t, err)
		require.NotEmpty(t, markdown)
	}
}

func BenchmarkFromMarkdown(b *testing.B) {
	text := strings.Repeat(sampleNote, 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		FromMarkdown(text)
	}
}

func BenchmarkToMarkdown(b *testing.B) {
	doc := FromMarkdown(strings.Repeat(sampleNote, 20))
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := ToMarkdown(doc); err != nil {
			b.Fatal(err)
		}
	}
}

const sampleNote = `# Acme Inc: call

Ada asked about **renewal** and the [deck](https://e.com/d_1).

| Seats | Price |
| ----: | ----- |
|    10 | 1 200 |

- first
  - nested
    1. deeper
- [ ] a task

` + "```sql\nselect *\nfrom events -- `x`\n```\n"

func asDoc(t testing.TB, nodes string) json.RawMessage {
	t.Helper()
	doc := json.RawMessage(`{"type":"doc","content":[` + nodes + `]}`)
	require.True(t, json.Valid(doc), nodes)
	return doc
}
