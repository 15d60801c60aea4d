package notes

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// txt writes a text node with marks given by name.
func txt(s string, marks ...string) string {
	list := make([]map[string]any, len(marks))
	for i, m := range marks {
		list[i] = map[string]any{"type": m}
		if href, ok := strings.CutPrefix(m, "link "); ok {
			list[i] = map[string]any{"type": "link", "attrs": map[string]any{"href": href, "target": "_blank"}}
		}
	}
	data, _ := json.Marshal(map[string]any{"type": "text", "text": s, "marks": list})
	return string(data)
}

func of(kind string, children ...string) string {
	return `{"type":"` + kind + `","content":[` + strings.Join(children, ",") + `]}`
}

func withAttrs(kind, attrs string, children ...string) string {
	return `{"type":"` + kind + `","attrs":` + attrs + `,"content":[` + strings.Join(children, ",") + `]}`
}

func p(children ...string) string { return of("paragraph", children...) }

const br = `{"type":"hardBreak"}`

func TestToMarkdownBlocks(t *testing.T) {
	t.Parallel()
	item := func(children ...string) string { return of("listItem", children...) }
	cell := func(s string) string { return of("tableCell", p(txt(s))) }
	for _, c := range []struct{ name, nodes, want string }{
		{"nothing", ``, ""},
		{"empty paragraphs", p() + "," + `{"type":"paragraph"}`, ""},
		{"paragraphs", p(txt("one")) + "," + p(txt("two")), "one\n\ntwo"},
		{"heading", withAttrs("heading", `{"level":2.0}`, txt("Title #")), `## Title \#`},
		{"heading, level as text", withAttrs("heading", `{"level":"3"}`, txt("T")), "### T"},
		{"heading, level out of range", withAttrs("heading", `{"level":99}`, txt("T")), "###### T"},
		{"heading without level", of("heading", txt("T")), "# T"},
		{"heading with a break", of("heading", txt("a"), br, txt("b\nc")), "# a<br>b c"},
		{"bullets, nested", of("bulletList", item(p(txt("a")), of("bulletList", item(p(txt("b")), of("bulletList", item(p(txt("c"))))))), item(p(txt("d")))), "- a\n  - b\n    - c\n- d"},
		{"numbers", withAttrs("orderedList", `{"start":9}`, item(p(txt("a"))), item(p(txt("b")), p(txt("c")))), "9. a\n\n10. b\n\n    c"},
		{"a nested list that does not start at 1", of("bulletList", item(p(txt("a")), withAttrs("orderedList", `{"start":2}`, item(p(txt("b")))))), "- a\n\n  2. b"},
		{"tasks", of("taskList", withAttrs("taskItem", `{"checked":true}`, p(txt("a"))), withAttrs("taskItem", `{"checked":false}`, p(txt("b")), of("taskList", of("taskItem", p(txt("c")))))), "- [x] a\n- [ ] b\n  - [ ] c"},
		{"lists in a row", of("bulletList", item(p(txt("a")))) + "," + of("bulletList", item(p(txt("b")))) + "," + of("orderedList", item(p(txt("c")))) + "," + of("orderedList", item(p(txt("d")))), "- a\n\n* b\n\n1. c\n\n1) d"},
		{"an item without text", of("bulletList", item(), item(p(txt("a")))), "-\n- a"},
		{"an item that begins with a list", of("bulletList", item(of("bulletList", item(of("bulletList", item()))))), "- * -"},
		{"an item with code", of("orderedList", item(p(txt("a")), of("codeBlock", txt("x\n\ny")))), "1. a\n\n   ```\n   x\n\n   y\n   ```"},
		{"a list that holds no items", of("bulletList", p(txt("a"))), "- a"},
		{"a rule in a list", of("bulletList", item(`{"type":"horizontalRule"}`)), "- ___"},
		{"code", withAttrs("codeBlock", `{"language":"sql"}`, txt("select 1")), "```sql\nselect 1\n```"},
		{"code with fences in it", of("codeBlock", txt("```\n````")), "`````\n```\n````\n`````"},
		{"code, empty", of("codeBlock"), "```\n```"},
		{"code, bad language", withAttrs("codeBlock", `{"language":"a`+"`"+`b\nc"}`, txt("x")), "```ab\nx\n```"},
		{"code with a break", of("codeBlock", txt("a"), br, txt("b")), "```\na\nb\n```"},
		{"quote", of("blockquote", p(txt("a")), of("bulletList", item(p(txt("b"))))), "> a\n>\n> - b"},
		{"quotes nest", of("blockquote", of("blockquote", p(txt("a"), br, txt("b")))), "> > a\\\n> > b"},
		{"callout", withAttrs("callout", `{"emoji":"💡"}`, p(txt("a"))), "> 💡 a"},
		{"callout without text", withAttrs("callout", `{"emoji":"💡"}`, of("codeBlock", txt("a"))), "> 💡\n>\n> ```\n> a\n> ```"},
		{"rule", p(txt("a")) + `,{"type":"horizontalRule"}`, "a\n\n---"},
		{"table", of("table", of("tableRow", of("tableHeader", p(txt("a|b"))), of("tableHeader")), of("tableRow", cell("1"), of("tableCell", p(txt("x|y", "code")), p(txt("2"))))), "| a\\|b |  |\n| --- | --- |\n| 1 | `x\\|y`<br>2 |"},
		{"table, ragged", of("table", of("tableRow", cell("a")), of("tableRow", cell("b"), cell("c")), of("tableRow")), "| a |  |\n| --- | --- |\n| b | c |\n| |"},
		{"table, joined columns", of("table", of("tableRow", withAttrs("tableCell", `{"colspan":2}`, p(txt("a"))), cell("b"))), "| a |  | b |\n| --- | --- | --- |"},
		{"table, blocks in a cell", of("table", of("tableRow", of("tableCell", of("bulletList", item(p(txt("a"))), item(p(txt("b"))))), of("tableCell", of("codeBlock", txt("x\ny|z"))))), "| - a<br>- b | `x y\\|z` |\n| --- | --- |"},
		{"table in a table", of("table", of("tableRow", of("tableCell", of("table", of("tableRow", cell("a|b")))))), `| <UnknownNode content={[{"content":[{"content":[{"content":[{"marks":[],"text":"a\u007cb","type":"text"}],"type":"paragraph"}],"type":"tableCell"}],"type":"tableRow"}]} nodeType="table" /> |` + "\n| --- |"},
		{"table without rows", of("table"), ""},
		{"image", `{"type":"image","attrs":{"src":"https://e.com/a (1).png","alt":"a [b]","title":"say \"x\""}}`, `![a \[b\]](<https://e.com/a (1).png> "say \"x\"")`},
		{"text where a block belongs", txt("a") + "," + txt("b", "bold") + "," + p(txt("c")), "a**b**\n\nc"},
		{"old spellings", of("bullet_list", of("list_item", p(txt("a"), `{"type":"hard_break"}`, txt("b", "strong")))), "- a\\\n  **b**"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := ToMarkdown(asDoc(t, c.nodes))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestToMarkdownInline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, nodes, want string }{
		{"marks", txt("b", "bold") + "," + txt(" ") + "," + txt("i", "italic") + "," + txt(" ") + "," + txt("s", "strike") + "," + txt(" ") + "," + txt("u", "underline") + "," + txt(" ") + "," + txt("c", "code") + "," + txt(" ") + "," + txt("l", "link https://e.com"), "**b** *i* ~~s~~ <u>u</u> `c` [l](https://e.com)"},
		{"comments keep their text", txt("a ") + "," + txt("b", "comment") + "," + txt(" c", "textStyle"), "a b c"},
		{"nested", txt("a ", "bold") + "," + txt("b", "bold", "italic") + "," + txt(" c", "italic"), "**a *b*** *c*"},
		{"space is moved out of marks", txt("a") + "," + txt(" b ", "bold") + "," + txt("c"), "a **b** c"},
		{"space inside a mark stays", txt("a", "bold") + "," + txt(" ") + "," + txt("b", "bold"), "**a** **b**"},
		{"marks of white space", txt("a") + "," + txt(" ", "bold", "strike") + "," + txt("b"), "a b"},
		{"inside a word", txt("un") + "," + txt("frigging", "italic") + "," + txt("believable"), "un*frigging*believable"},
		{"bold next to italic", txt("a", "bold") + "," + txt("b", "italic"), "**a**<em>b</em>"},
		{"bold that ends in a full stop", txt("Risk.", "bold") + "," + txt("none"), "<strong>Risk.</strong>none"},
		{"code in bold in a link", txt("x", "code", "bold", "link u"), "[**`x`**](u)"},
		{"link over several nodes", txt("a ", "link u") + "," + txt("b", "link u", "bold") + "," + txt("c", "link v"), "[a **b**](u)[c](v)"},
		{"exclamation before a link", txt("wow!") + "," + txt("l", "link u"), `wow\![l](u)`},
		{"split text", txt("sna") + "," + txt("ke_ca") + "," + txt("se"), "snake_case"},
		{"code in pieces", txt("a", "code") + "," + txt("`b", "code"), "``a`b``"},
		{"code of spaces", txt("  ", "code"), "`  `"},
		{"link addresses", txt("a", "link a b") + "," + txt(" ") + "," + txt("b", `link \x`) + "," + txt(" ") + "," + txt("c", "link ?a=1&copy;=2") + "," + txt(" ") + "," + txt("d", "link ") + "," + txt(" ") + "," + txt("e", "link a)b"), `[a](<a b>) [b](\\x) [c](?a=1\&copy;=2) [d](<>) [e](<a)b>)`},
		{"what looks like Markdown", txt("*a* _b_ `c` [d](e) <f> ~g~ 2 < 3 | a_b &amp; R&D \\ "), `\*a\* \_b\_ ` + "\\`c\\`" + ` \[d\](e) \<f> \~g\~ 2 < 3 \| a_b \&amp; R&D \\`},
		{"breaks", br + "," + txt("a ") + "," + br + "," + br + "," + txt("b") + "," + br, "\\\na\\\n\\\nb"},
		{"line ends in text", txt("a\r\nb\n\n\nc"), "a\nb\nc"},
		{"mention", `{"type":"ph-mention","attrs":{"id":12,"label":"Ada_"}}` + "," + txt("!"), `<mention id="12">@Ada\_</mention>!`},
		{"mention without an id", `{"type":"ph-mention","attrs":{"label":"@Ada"}},{"type":"ph-mention"}`, `@Ada@member`},
		{"nodes inside a line", txt("see ") + `,{"type":"ph-replay-timestamp","attrs":{"playbackTime":1500}}`, `see <ReplayTimestamp playbackTime={1500} />`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := ToMarkdown(asDoc(t, p(c.nodes)))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

// Lines that would start another block do not.
func TestToMarkdownLineStarts(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"# a": `\# a`, "#": `\#`, "#a": "#a", "> a": `\> a`, "- a": `\- a`, "-": `\-`, "-a": "-a", "+ a": `\+ a`,
		"---": `\---`, "===": `\===`, "=a": "=a", "12. a": `12\. a`, "1) a": `1\) a`, "1.5": "1.5", "1234567890. a": "1234567890. a",
		"    code": "code", "* a": `\* a`, "~~~": `\~\~\~`, "2026.": `2026\.`,
	} {
		got, err := ToMarkdown(asDoc(t, p(txt("x"), br, txt(line))))
		require.NoError(t, err)
		require.Equal(t, "x\\\n"+want, got)
	}
}

func TestToMarkdownPostHogNodes(t *testing.T) {
	t.Parallel()
	for kind, name := range tagNames {
		got, err := ToMarkdown(asDoc(t, `{"type":"`+kind+`","attrs":{"id":"x"}}`))
		require.NoError(t, err)
		require.Equal(t, `<`+name+` id="x" />`, got)
	}
	for _, c := range []struct{ name, node, want string }{
		{"all kinds of values", `{"type":"ph-query","attrs":{"title":"A \"b\" <c>","query":{"kind":"X","n":1.50},"full":true,"off":false,"n":3,"none":null,"list":[1,"é"]}}`,
			`<Query full list={[1,"é"]} n={3} off={false} query={{"kind":"X","n":1.50}} title="A \"b\" <c>" />`},
		{"objects stored as text", `{"type":"ph-query","attrs":{"query":" {\"kind\":\"X\"}","title":"{no json"}}`, `<Query query={{"kind":"X"}} title="{no json" />`},
		{"names that would end the tag", `{"type":"ph-person","attrs":{"a/><b":1,"id":2}}`, `<Person id={2} attrs={{"a/><b":1}} />`},
		{"no attributes", `{"type":"ph-map"}`, `<Map />`},
		{"image", `{"type":"ph-image","attrs":{"src":"u","alt":"a"}}`, `![a](u)`},
		{"unknown", `{"type":"ph-new","attrs":{"a":1},"content":[{"type":"text","text":"kept"}]}`, `<UnknownNode a={1} content={[{"text":"kept","type":"text"}]} nodeType="ph-new" />`},
		{"unknown, without a type", `{"x":[1]}`, `<UnknownNode x={[1]} />`},
		{"known, with content nobody expects", `{"type":"ph-map","content":[{"type":"text","text":"kept"}]}`, `<UnknownNode content={[{"text":"kept","type":"text"}]} nodeType="ph-map" />`},
		{"ph-text", `{"type":"ph-text","attrs":{"body":"# old\n*text*"}}`, "# old\n*text*"},
		{"ph-insight", `{"type":"ph-insight","attrs":{"short_id":"AbC1"}}`, `<Query query={{"kind":"SavedInsightNode","shortId":"AbC1"}} />`},
		{"ph-insight, id", `{"type":"ph-insight","attrs":{"id":"AbC1"}}`, `<Query query={{"kind":"SavedInsightNode","shortId":"AbC1"}} />`},
		{"ph-insight, neither", `{"type":"ph-insight"}`, `<UnknownNode nodeType="ph-insight" />`},
		{"ph-dashboard", `{"type":"ph-dashboard","attrs":{"id":7}}`, "Dashboard 7"},
		{"query", `{"type":"query","attrs":{"query":{"kind":"TrendsQuery"}}}`, `<Query query={{"kind":"TrendsQuery"}} />`},
		{"query, HogQL", `{"type":"query","attrs":{"query":"{\"kind\":\"HogQLQuery\"}","title":"t"}}`, `<Query query={{"kind":"DataVisualizationNode","source":{"kind":"HogQLQuery"}}} title="t" />`},
		{"ph-link", `{"type":"ph-link","attrs":{"href":"https://e.com"},"content":[{"type":"text","text":"a"}]}`, `[a](https://e.com)`},
		{"ph-link, bare", `{"type":"ph-link","attrs":{"href":"https://e.com/a_"}}`, `[https://e.com/a\_](https://e.com/a_)`},
	} {
		got, err := ToMarkdown(asDoc(t, c.node))
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got, c.name)
	}
}

func TestToMarkdownRefuses(t *testing.T) {
	t.Parallel()
	for _, data := range []string{``, `null`, `{}`, `7`, `{"type":"doc"}`, `{"content":{}}`, `"text"`, `[`, `"\"\\\"[]\\\"\""`} {
		_, err := ToMarkdown(json.RawMessage(data))
		require.ErrorIs(t, err, errNotADocument, data)
	}
	deep := strings.Repeat(`{"type":"blockquote","content":[`, 1000) + strings.Repeat(`]}`, 1000)
	_, err := ToMarkdown(asDoc(t, deep))
	require.ErrorIs(t, err, errTooDeep)

	endless := `{"type":"doc","content":` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + "}"
	_, err = ToMarkdown(json.RawMessage(endless))
	require.ErrorIs(t, err, errNotADocument)

	_, err = ToMarkdown(asDoc(t, p(txt(strings.Repeat("x", maxDocument)))))
	require.ErrorIs(t, err, errTooLarge)
}

// The largest result that a document can be blown up to stays within a small multiple of it.
func TestToMarkdownStaysInProportion(t *testing.T) {
	t.Parallel()
	depth := maxDepth/2 - 2
	leaf := strings.Repeat(of("listItem", p())+",", 20_000) + of("listItem", p())
	nested := strings.Repeat(`{"type":"bulletList","content":[{"type":"listItem","content":[`, depth) + of("bulletList", leaf) + strings.Repeat(`]}]}`, depth)
	ragged := of("table", of("tableRow", strings.Repeat(of("tableCell")+",", 5000)+of("tableCell")), strings.Repeat(of("tableRow", of("tableCell"))+",", 5000)+of("tableRow"))
	for _, nodes := range []string{nested, ragged, of("table", of("tableRow", withAttrs("tableCell", `{"colspan":1000000000}`)))} {
		doc := asDoc(t, nodes)
		got, err := ToMarkdown(doc)
		require.NoError(t, err)
		require.NotEmpty(t, got)
		require.Less(t, len(got), 4*len(doc))
	}
}
