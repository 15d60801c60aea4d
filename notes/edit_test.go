package notes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// storedDocument draws documents as no editor would make them on purpose, but as stored rows may hold them: all node
// and mark types, unknown ones, nodes in wrong places, odd attributes, repeated keys, numbers in every spelling.
//
// It is drawn from a seed, not by rapid: that costs a tenth of the time, and there are 100,000 of them.
type storedDocument struct{ *rand.Rand }

func (d storedDocument) pick(choices ...string) string { return choices[d.IntN(len(choices))] }

func (d storedDocument) chance(percent int) bool { return d.IntN(100) < percent }

func (d storedDocument) list(least, most int, draw func() string) string {
	var items []string
	for range least + d.IntN(most-least+1) {
		items = append(items, draw())
	}
	return d.gap() + strings.Join(items, d.gap()+","+d.gap()) + d.gap()
}

func (d storedDocument) gap() string {
	if d.chance(95) {
		return ""
	}
	return d.pick(" ", "\n\t", "  \r\n")
}

func (d storedDocument) document() json.RawMessage {
	content := "[" + d.list(0, 5, func() string { return d.block(2) }) + "]"
	switch d.IntN(20) {
	case 0:
		return json.RawMessage(content)
	case 1:
		return json.RawMessage(jsonText(`{"type":"doc","content":` + content + `}`))
	case 2:
		return json.RawMessage(`{"content":` + content + `,"type":"doc","version":1.0,"x":{"y":[]}}`)
	case 3:
		return json.RawMessage(`{"content":7,"type":"doc","content":` + content + `}`)
	}
	return json.RawMessage(`{"type":"doc","content":` + content + `}`)
}

func (d storedDocument) node(kind string, attrs []string, content string) string {
	fields := []string{`"type":` + d.text(kind)}
	for d.chance(10) {
		attrs = append(attrs, d.pick(`"nodeId":"n-1"`, `"textAlign":null`, `"x":1.0e+2`, `"é\u00e9":-0`, `"class":"a/><b"`, `"x":{"y":[true,1E5]}`, `"start":"7"`, `"level":3`, `"checked":1`))
	}
	if len(attrs) > 0 {
		fields = append(fields, `"attrs":{`+strings.Join(attrs, ",")+`}`)
	}
	if content != "-" {
		fields = append(fields, `"content":[`+content+`]`)
	}
	for d.chance(4) {
		fields = append(fields, d.pick(`"unknown":[1,2]`, `"marks":[{"type":"comment"}]`, `"type":`+d.text(kind), `"text":"stray"`, `"":null`))
	}
	if d.chance(10) {
		slices.Reverse(fields)
	}
	return "{" + strings.Join(fields, d.gap()+",") + "}"
}

// text is a JSON string, escaped in one way or another.
func (d storedDocument) text(s string) string {
	if d.chance(97) || s == "" {
		return jsonText(s)
	}
	return `"` + fmt.Sprintf(`\u%04x`, s[0]&0x7f) + strings.TrimPrefix(jsonText(" " + s[1:])[1:], " ")
}

func (d storedDocument) block(depth int) string {
	kinds := []string{"paragraph", "paragraph", "paragraph", "heading", "code", "rule", "table", "image", "live", "unknown", "odd", "empty"}
	if depth > 0 {
		kinds = append(kinds, "list", "list", "quote", "callout", "nested")
	}
	inner := func() string { return d.block(depth - 1) }
	switch d.pick(kinds...) {
	case "heading":
		return d.node("heading", []string{`"level":` + d.pick("1", "2", "3", "2.0", `"3"`, "9")}, d.line())
	case "code":
		return d.node(d.pick("codeBlock", "code_block"), []string{`"language":` + d.pick(`"sql"`, "null", `" go`+"`"+` x"`)}, d.list(0, 2, d.word))
	case "rule":
		return d.node("horizontalRule", nil, "-")
	case "table":
		return d.table(depth)
	case "image":
		return d.node(d.pick("image", "ph-image"), []string{`"src":` + d.pick(`"https://e.com/a.png"`, `"a b(c)"`, `""`), `"alt":` + d.pick(`"chart"`, `"a]b"`, "null")}, "-")
	case "live":
		return d.node(d.pick("ph-query", "ph-recording", "ph-person", "ph-mention", "ph-embed", "ph-latex", "ph-text", "ph-insight", "query", "ph-link", "ph-markdown-notebook"),
			[]string{`"query":{"kind":"HogQLQuery","n":1.50}`, `"body":"# not *a* heading\n<div>"`, `"label":"Ada ] <b>"`, `"markdown":"x"`}, "-")
	case "unknown":
		return d.node(d.pick("ph-next-big-thing", "details", "", "Ünïcode", "a]]b"), nil, d.list(0, 2, d.word))
	case "odd":
		return d.pick("null", "7", `"text"`, "[]", "{}", `{"type":7}`, `{"type":"text","text":"loose"}`, `{"type":"hardBreak"}`, `{"type":"listItem","content":[]}`, `{"type":"tableRow"}`)
	case "empty":
		return d.pick(`{"type":"paragraph"}`, `{"type":"paragraph","content":[]}`, `{"type":"paragraph","content":[{"type":"text","text":" "}]}`, `{"type":"bulletList"}`, `{"type":"heading","attrs":{"level":2}}`)
	case "list":
		list, item := d.pick("bulletList", "orderedList", "taskList", "bullet_list"), "listItem"
		if list == "taskList" || d.chance(2) {
			item = "taskItem"
		}
		return d.node(list, []string{`"start":` + d.pick("1", "1", "7", "-1", `"2"`)}, d.list(0, 3, func() string {
			if d.chance(3) {
				return inner()
			}
			return d.node(item, []string{`"checked":` + d.pick("true", "false", "null")}, d.list(0, 2, inner))
		}))
	case "quote":
		return d.node("blockquote", nil, d.list(0, 2, inner))
	case "callout":
		return d.node("callout", []string{`"emoji":"💡"`}, d.list(0, 2, inner))
	case "nested":
		return d.node("paragraph", nil, inner())
	}
	return d.node("paragraph", nil, d.line())
}

func (d storedDocument) table(depth int) string {
	columns := 1 + d.IntN(3)
	return d.node("table", nil, d.list(0, 3, func() string {
		most := columns
		if d.chance(5) {
			most++
		}
		return d.node("tableRow", nil, d.list(columns, most, func() string {
			span := `"colspan":1`
			if d.chance(3) {
				span = `"colspan":2`
			}
			content := d.node("paragraph", nil, d.line())
			if d.chance(5) {
				content += "," + d.block(min(depth, 1))
			}
			return d.node(d.pick("tableCell", "tableHeader"), []string{span, `"colwidth":[120]`}, content)
		}))
	}))
}

func (d storedDocument) line() string { return d.list(0, 4, d.word) }

func (d storedDocument) word() string {
	if d.chance(12) {
		return d.pick(`{"type":"hardBreak"}`, `{"type":"ph-mention","attrs":{"id":12,"label":"Ada"}}`, `{"type":"ph-replay-timestamp","attrs":{"playbackTime":1500}}`,
			`{"type":"image","attrs":{"src":"u"}}`, `{"type":"ph-emoji","attrs":{"n":1.0}}`, `{"type":"text"}`, "null", `{"type":"text","text":"x","content":[{"type":"text","text":"y"}]}`)
	}
	var marks []string
	for d.chance(25) && len(marks) < 3 {
		marks = append(marks, d.pick(`{"type":"bold"}`, `{"type":"italic","x":1}`, `{"type":"strike"}`, `{"type":"underline"}`, `{"type":"code"}`, `{"type":"strong"}`,
			`{"type":"link","attrs":{"href":"https://e.com/a_b","target":"_blank"}}`, `{"type":"link","attrs":{"href":"a b(c)","title":"t\"x"}}`,
			`{"type":"comment","attrs":{"id":"c1"}}`, `{"type":"textStyle","attrs":{"color":"#f00"}}`, `{"type":"mystery"}`, "7"))
	}
	var spoken strings.Builder
	for range 1 + d.IntN(4) {
		spoken.WriteString(d.pick(d.pick(wordList...), d.pick(wordList...), d.pick(liveWords...)))
	}
	text := `"text":` + d.text(spoken.String())
	if len(marks) == 0 {
		return `{"type":"text",` + text + `}`
	}
	return `{"type":"text","marks":[` + strings.Join(marks, ",") + `],` + text + `}`
}

var liveWords = []string{"<Query query={{}} />", "<mention id=\"1\">", "[[Query:0123456789]]", "plain words here", "\u00a0", "\t", "\n", "\u2028", "\x00", "\u202e", "🏳️‍🌈", "<u>", "<br>", "\\["}

// everyDocument runs a check on 1,000 documents, and on 100,000 with LONG=1.
func everyDocument(t *testing.T, check func(t *testing.T, d storedDocument, document json.RawMessage)) {
	t.Helper()
	count, nodes := uint64(1000), 0
	if os.Getenv("LONG") != "" {
		count = 100_000
	}
	for seed := range count {
		d := storedDocument{rand.New(rand.NewPCG(7, seed))}
		document := d.document()
		require.True(t, json.Valid(document), "%s", document)
		nodes += bytes.Count(document, []byte(`"type"`))
		check(t, d, document)
	}
	t.Logf("%d documents with %d nodes and marks", count, nodes)
}

// An edit that changes nothing gives back every byte, and not only because the text is the same: read as Markdown and
// laid over the document, it is the document.
func TestNoEditIsNoChange(t *testing.T) {
	t.Parallel()
	everyDocument(t, func(r *testing.T, d storedDocument, document json.RawMessage) {
		markdown, err := Editable(document)
		require.NoError(r, err)
		same, err := Edit(document, markdown)
		require.NoError(r, err)
		require.Equal(r, string(document), string(same))
		if root, _ := decode(document); markdownOf(root) {
			return
		}
		o, err := open(document)
		require.NoError(r, err)
		parts, err := parse(markdown, o.kept)
		require.NoError(r, err)
		read := &part{kind: "doc", children: parts}
		require.Equal(r, o.doc.key(), read.key(), "%s\n\n%s", document, markdown)
	})
}

func markdownOf(root node) bool {
	_, ok := root.markdownNode()
	return ok
}

// An edit of one block leaves every other one as it is, byte for byte and in its place.
func TestEditTouchesOnlyItsBlock(t *testing.T) {
	t.Parallel()
	everyDocument(t, func(r *testing.T, d storedDocument, document json.RawMessage) {
		if root, _ := decode(document); markdownOf(root) {
			return
		}
		o, err := open(document)
		require.NoError(r, err)
		blocks := renderer{}.blocks(o.doc.node().children)
		if len(blocks) == 0 {
			return
		}
		at := d.IntN(len(blocks))
		seen := keys(o.doc.children)
		if slices.Index(seen, seen[at]) != at || slices.Contains(seen[at+1:], seen[at]) {
			return // of two blocks that look alike nobody can tell which one went
		}
		insert := false
		switch d.IntN(4) {
		case 0:
			blocks = slices.Delete(blocks, at, at+1)
		case 1:
			blocks, insert = slices.Insert(blocks, at, block{text: "A new one with **words**"}), true
		case 2:
			blocks[at].text = "# Something else"
		case 3:
			blocks[at].text = strings.Replace(blocks[at].text, "words", "deeds", 1)
		}
		edited, err := Edit(document, join(blocks))
		require.NoError(r, err)
		var left [][]byte
		for _, s := range o.doc.slots {
			if insert || s.at != at {
				left = append(left, s.raw)
			}
		}
		changed, _, err := located(edited)
		require.NoError(r, err)
		content, _ := lastMember(changed.source, "content")
		for _, element := range elements(content) {
			if len(left) > 0 && bytes.Equal(element, left[0]) {
				left = left[1:]
			}
		}
		require.Empty(r, left, "%s\n\n%s\n\n%s", document, join(blocks), edited)
		asked, err := parse(join(blocks), o.kept)
		require.NoError(r, err)
		reads, err := open(edited)
		require.NoError(r, err)
		require.Equal(r, (&part{kind: "doc", children: unjoined(o.doc.children, asked)}).key(), reads.doc.key(), "%s\n\n%s\n\n%s", document, join(blocks), edited)
	})
}
