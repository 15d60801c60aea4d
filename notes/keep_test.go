package notes

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// edit replaces a piece of a document's Markdown.
func edit(t *testing.T, document json.RawMessage, old, replacement string) (string, error) {
	t.Helper()
	markdown, err := Editable(document)
	require.NoError(t, err)
	require.Contains(t, markdown, old)
	edited, err := Edit(document, strings.Replace(markdown, old, replacement, 1))
	return string(edited), err
}

// In a block that is edited, what the edit does not touch keeps what Markdown cannot say.
func TestEditInsideABlock(t *testing.T) {
	t.Parallel()
	comment := `{"type":"comment","attrs":{"id":"c1"}}`
	mention := `{"type":"ph-mention","attrs":{"id":12,"label":"Ada"}}`
	for _, c := range []struct{ name, nodes, old, replacement, want string }{
		{"attributes of the block", `{"type":"heading","attrs":{"level":2,"nodeId":"h","textAlign":null},"content":[{"type":"text","text":"Plan"}],"x":1.0}`, "Plan", "Plans",
			`{"type":"heading","attrs":{"level":2,"nodeId":"h","textAlign":null},"content":[{"type":"text","text":"Plans"}],"x":1.0}`},
		{"level of a heading", `{"type":"heading","attrs":{"nodeId":"h","level":2},"content":[{"type":"text","text":"Plan"}]}`, "## ", "### ",
			`{"type":"heading","attrs":{"nodeId":"h","level":3},"content":[{"type":"text","text":"Plan"}]}`},
		{"a comment beside the edit", `{"type":"paragraph","content":[{"type":"text","text":"one "},{"type":"text","marks":[` + comment + `],"text":"two"},{"type":"text","text":" three"}]}`, "one", "1",
			`{"type":"paragraph","content":[{"type":"text","text":"1 "},{"type":"text","marks":[` + comment + `],"text":"two"},{"type":"text","text":" three"}]}`},
		{"a word after a comment", `{"type":"paragraph","content":[{"type":"text","marks":[` + comment + `],"text":"one"}]}`, "one", "one more",
			`{"type":"paragraph","content":[{"type":"text","marks":[` + comment + `],"text":"one"},{"type":"text","text":" more"}]}`},
		{"a word inside a comment", `{"type":"paragraph","content":[{"type":"text","marks":[` + comment + `],"text":"one three"}]}`, "one", "one two",
			`{"type":"paragraph","content":[{"type":"text","marks":[` + comment + `],"text":"one two three"}]}`},
		{"a space of what was code", `{"type":"paragraph","content":[{"type":"text","marks":[{"type":"code"}],"text":"x y"}]}`, "`x y`", "a b",
			`{"type":"paragraph","content":[{"type":"text","marks":[],"text":"a b"}]}`},
		{"a comment around the edit", `{"type":"paragraph","content":[{"type":"text","marks":[` + comment + `],"text":"one two three"}]}`, "two ", "",
			`{"type":"paragraph","content":[{"type":"text","marks":[` + comment + `],"text":"one three"}]}`},
		{"a comment on what becomes bold", `{"type":"paragraph","content":[{"type":"text","marks":[` + comment + `],"text":"two"}]}`, "two", "**two**",
			`{"type":"paragraph","content":[{"type":"text","marks":[` + comment + `,{"type":"bold"}],"text":"two"}]}`},
		{"a mention", `{"type":"paragraph","content":[{"type":"text","text":"ask "},` + mention + `,{"type":"text","text":" now"}]}`, "now", "today",
			`{"type":"paragraph","content":[{"type":"text","text":"ask "},` + mention + `,{"type":"text","text":" today"}]}`},
		{"a link's attributes", `{"type":"paragraph","content":[{"type":"text","marks":[{"type":"link","attrs":{"href":"u","target":"_blank"}}],"text":"deck"},{"type":"text","text":" old"}]}`, "deck", "**deck**",
			`{"type":"paragraph","content":[{"type":"text","marks":[{"type":"link","attrs":{"href":"u","target":"_blank"}},{"type":"bold"}],"text":"deck"},{"type":"text","text":" old"}]}`},
		{"items beside the edit", `{"type":"bulletList","attrs":{"tight":true},"content":[{"type":"listItem","x":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]},{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"b"}]}]}]}`, "- b", "- new\n- b",
			`{"type":"bulletList","attrs":{"tight":true},"content":[{"type":"listItem","x":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]},{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"new"}]}]},{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"b"}]}]}]}`},
		{"a task's box", `{"type":"taskList","content":[{"type":"taskItem","attrs":{"id":"t","checked":false},"content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]}]}`, "[ ]", "[x]",
			`{"type":"taskList","content":[{"type":"taskItem","attrs":{"id":"t","checked":true},"content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]}]}`},
		{"code", `{"type":"codeBlock","attrs":{"language":"go","theme":"x"},"content":[{"type":"text","text":"a"}]}`, "```go\na", "```sql\nb",
			`{"type":"codeBlock","attrs":{"language":"sql","theme":"x"},"content":[{"type":"text","text":"b"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := edit(t, asDoc(t, c.nodes), c.old, c.replacement)
			require.NoError(t, err)
			require.Equal(t, `{"type":"doc","content":[`+c.want+`]}`, got)
		})
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	query, next := `{"type":"ph-query","attrs":{"query":{"n":1.50}}}`, `{"type":"ph-next-thing"}`
	doc := asDoc(t, p(txt("a"))+","+query+","+next)
	markdown, err := Editable(doc)
	require.NoError(t, err)
	parts := strings.Split(markdown, "\n\n")
	require.Regexp(t, `^\[\[Query:[0-9a-f]{10}\]\]$`, parts[1])
	require.Regexp(t, `^\[\[next-thing:[0-9a-f]{10}\]\]$`, parts[2])

	moved, err := Edit(doc, parts[2]+"\n\n"+parts[0]+"\n"+parts[1]+"\nb")
	require.NoError(t, err)
	require.Equal(t, `{"type":"doc","content":[`+next+`,`+p(txt("a"))+`,`+query+`,{"type":"paragraph","content":[{"type":"text","text":"b"}]}]}`, string(moved))
	removed, err := Edit(doc, parts[0]+"\n\n"+parts[2])
	require.NoError(t, err)
	require.Equal(t, `{"type":"doc","content":[`+p(txt("a"))+`,`+next+`]}`, string(removed))

	for _, damaged := range []string{strings.Replace(parts[1], ":", ":0", 1), strings.Replace(parts[1], "Query", "Person", 1), "# " + parts[1], "[[Query:0123456789]]"} {
		_, err = Edit(doc, damaged)
		require.ErrorIs(t, err, ErrPlaceholder, damaged)
	}
	literal, err := Edit(doc, `\`+parts[1])
	require.NoError(t, err)
	require.Contains(t, string(literal), `"text":"`+parts[1]+`"`)
	require.Contains(t, string(RichText("[[Query:0123456789]]")), `"text":"[[Query:0123456789]]"`, "in a new document there is nothing to name")
}

// What PostHog would render live is text when it is written here, and live where it was.
func TestEditEscapesWhatIsLive(t *testing.T) {
	t.Parallel()
	live := `<Query query={{"sql":"a > b"}} />`
	doc := WrapMarkdown("# A\n\n" + live + "\n\nold")
	for old, want := range map[string]string{
		`<Query query={{}} />`: `\<Query query={{}} />`, `<mention id="1">@Ada</mention>`: `\<mention id="1">@Ada\</mention>`, live: live, "`<Embed />`": "`<Embed />`",
		"```\n<Embed />\n```": "```\n<Embed />\n```", `\<Embed />`: `\<Embed />`, `\\<Embed />`: `\\\<Embed />`, "a<br>b <u>c</u>": "a<br>b <u>c</u>", "2 < 3 <https://e.com>": "2 < 3 <https://e.com>",
		"<!-- x --><iframe src=x>": `\<!-- x -->\<iframe src=x>`, "<Embed\nsrc=\"x\"": "\\<Embed\nsrc=\"x\"", live[:20]: `\` + live[:20],
	} {
		edited, err := edit(t, doc, "old", old)
		require.NoError(t, err)
		require.JSONEq(t, string(WrapMarkdown("# A\n\n"+live+"\n\n"+want)), edited, old)
		added, err := AppendTo(doc, "", old)
		require.NoError(t, err)
		if old != live {
			require.JSONEq(t, string(WrapMarkdown("# A\n\n"+live+"\n\nold\n\n"+want)), string(added), old)
		}
	}
	rich, err := edit(t, asDoc(t, `{"type":"paragraph","content":[{"type":"text","text":"old"}]}`), "old", live+` <mention id="1">`)
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"<Query query={{\"sql\":\"a > b\"}} /> <mention id=\"1\">"}]}]}`, rich)
}

func TestAppendTo(t *testing.T) {
	t.Parallel()
	text := "# A\n\na\n\n## B\n\nb\n\nSetext\n------\n\nc\n\n# D\n\nd\n"
	for section, want := range map[string]string{
		"":       text + "\nnew",
		"a":      strings.Replace(text, "# D", "\n\nnew\n\n# D", 1),
		"## b":   strings.Replace(text, "Setext", "\n\nnew\n\nSetext", 1),
		"setext": strings.Replace(text, "# D", "\n\nnew\n\n# D", 1),
		"D":      text + "\nnew",
		"E *":    text + "\n## E \\*\n\nnew",
		"# E":    text + "\n# E\n\nnew",
	} {
		got, err := AppendTo(WrapMarkdown(text), section, "new")
		require.NoError(t, err)
		read, err := ToMarkdown(got)
		require.NoError(t, err)
		require.Equal(t, squeeze(want), squeeze(read), section)
		require.Equal(t, 1, Holds(got, "new"), section)
		require.Equal(t, 0, Holds(WrapMarkdown(text), "new"))

		got, err = AppendTo(RichText(text), section, "new")
		require.NoError(t, err)
		read, err = ToMarkdown(got)
		require.NoError(t, err)
		require.Equal(t, strings.NewReplacer("Setext\n------", "## Setext").Replace(squeeze(want)), squeeze(read), section)
		require.Equal(t, 1, Holds(got, "new"), section)
	}
	for document, want := range map[string]string{
		`null`: `{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"new"}]}]}`, ``: string(RichText("new")),
		`[7,{"type":"paragraph"}]`:            `[7,{"type":"paragraph","content":[{"type":"text","text":"new"}]},{"type":"paragraph"}]`,
		`{"content":[],"type":"doc"}`:         `{"content":[{"type":"paragraph","content":[{"type":"text","text":"new"}]}],"type":"doc"}`,
		`"{\"type\":\"doc\",\"content\":[]}"`: jsonText(`{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"new"}]}]}`),
	} {
		got, err := AppendTo(json.RawMessage(document), "", "new")
		require.NoError(t, err, document)
		if document != `[7,{"type":"paragraph"}]` {
			require.Equal(t, want, string(got))
		}
	}
	_, err := AppendTo(WrapMarkdown("# A\n\n# a"), "A", "new")
	require.ErrorIs(t, err, ErrSections)
	_, err = AppendTo(WrapMarkdown("```\ncode"), "", "new")
	require.ErrorIs(t, err, ErrOpenCode)
	_, err = AppendTo(json.RawMessage(`"text"`), "", "new")
	require.ErrorIs(t, err, errNotADocument)
}

// squeeze is a text without runs of blank lines.
func squeeze(text string) string {
	for strings.Contains(text, "\n\n\n") {
		text = strings.ReplaceAll(text, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(text)
}

// An addition changes nothing else by a byte, whatever there is.
func TestAppendToTouchesNothingElse(t *testing.T) {
	t.Parallel()
	everyDocument(t, func(t *testing.T, _ storedDocument, document json.RawMessage) {
		added, err := AppendTo(document, "Outcome", "- all **well**")
		require.NoError(t, err)
		if root, _ := decode(document); markdownOf(root) {
			return
		}
		before, _, err := located(document)
		require.NoError(t, err)
		after, _, err := located(added)
		require.NoError(t, err)
		was, _ := lastMember(before.source, "content")
		is, _ := lastMember(after.source, "content")
		old, all := elements(was), elements(is)
		require.Len(t, all, len(old)+2)
		for _, element := range all {
			if len(old) > 0 && string(old[0]) == string(element) {
				old = old[1:]
			}
		}
		require.Empty(t, old, "%s", document)
		require.Equal(t, 1, Holds(added, "## Outcome\n\n- all **well**"))
	})
}

func FuzzEdit(f *testing.F) {
	for _, markdown := range []string{sampleNote, "[[Query:0123456789]]", "<Query />\n\n- [ ] a\n- b", "| a |\n| - |\n| `\\|` |"} {
		f.Add([]byte(RichText(markdown)), markdown)
		f.Add([]byte(WrapMarkdown(markdown)), markdown+"\n\nmore")
	}
	f.Fuzz(func(t *testing.T, document []byte, markdown string) {
		readable, err := Editable(document)
		if err != nil {
			return
		}
		if same, err := Edit(document, readable); err != nil || string(same) != string(document) {
			t.Fatalf("no edit, but %v %s", err, same)
		}
		if edited, err := Edit(document, markdown); err == nil && !json.Valid(edited) {
			t.Fatalf("not JSON: %s", edited)
		}
		if added, err := AppendTo(document, "", markdown); err == nil && !json.Valid(added) {
			t.Fatalf("not JSON: %s", added)
		}
	})
}
