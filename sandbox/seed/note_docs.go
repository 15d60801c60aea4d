package seed

import (
	"encoding/json"
)

// EditedNotes is how many notes somebody changed in the editor after they were
// written: their document says more than their Markdown.
const EditedNotes = 40

// node is a node of a rich-text document as PostHog's editor saves it.
type node struct {
	Type    string         `json:"type"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Content []node         `json:"content,omitempty"`
	Marks   []mark         `json:"marks,omitempty"`
	Text    string         `json:"text,omitempty"`
}

type mark struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

func text(s string, marks ...string) node {
	n := node{Type: "text", Text: s}
	for _, m := range marks {
		n.Marks = append(n.Marks, mark{Type: m})
	}
	return n
}

func linked(s, href string) node {
	return node{Type: "text", Text: s, Marks: []mark{{"link", map[string]any{"href": href, "target": "_blank", "rel": "noopener noreferrer nofollow"}}}}
}

func block(kind string, content ...node) node { return node{Type: kind, Content: content} }

func para(content ...node) node { return block("paragraph", content...) }

func title(level int, s string) node {
	return node{Type: "heading", Attrs: map[string]any{"level": level}, Content: []node{text(s)}}
}

func item(s string, below ...node) node {
	return block("listItem", append([]node{para(text(s))}, below...)...)
}

func task(done bool, s string, below ...node) node {
	return node{Type: "taskItem", Attrs: map[string]any{"checked": done}, Content: append([]node{para(text(s))}, below...)}
}

func cell(kind, s string) node {
	c := node{Type: kind, Attrs: map[string]any{"colspan": 1, "rowspan": 1, "colwidth": nil}, Content: []node{para()}}
	if s != "" {
		c.Content = []node{para(text(s))}
	}
	return c
}

func row(kind string, cells ...string) node {
	r := node{Type: "tableRow"}
	for _, c := range cells {
		r.Content = append(r.Content, cell(kind, c))
	}
	return r
}

// editedDoc is the document behind an edited note. Every note gets the start
// of its text and two of the pieces the editor can make. The first two edits
// are saved in the odd shapes old rows have.
func editedDoc(s *story, edit int) json.RawMessage {
	content := []node{
		title(2, "Edited: "+s.title("call")),
		para(text("Changed after the call. "), text(s.people[0].given, "bold"), text(" asked us to correct "), text("two numbers", "italic"),
			text(" and to strike "), text("the old price", "strike"), text("; see "), linked("the sheet", "https://sheets.example.com/"+s.a.facts.slug), text(".")),
	}
	pieces := []func(*story) []node{editedTable, editedTasks, editedNesting, editedQuery, editedPeople, editedMedia, editedCode}
	first := s.r.IntN(len(pieces))
	content = append(content, pieces[first](s)...)
	content = append(content, pieces[(first+1+s.r.IntN(len(pieces)-1))%len(pieces)](s)...)
	content = append(content, para(text(s.say(remarks))), para())

	doc := encode(node{Type: "doc", Content: content})
	switch edit {
	case 1: // the bare list of nodes
		return encode(content)
	case 2: // the document as a string
		return encode(string(doc))
	}
	return doc
}

// encode is v as JSON; nodes hold nothing that JSON cannot say.
func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return raw
}

func editedTable(s *story) []node {
	table := block("table", row("tableHeader", "What", "Before", "After"),
		row("tableCell", "Seats", s.drawn("n2"), s.drawn("n2")),
		row("tableCell", "Price | seat", "12 $", "11.50 $"),
		row("tableCell", "Owner", s.people[1].name(), ""))
	return []node{title(3, "Corrected numbers"), table}
}

func editedTasks(s *story) []node {
	return []node{title(3, "Tasks"), block("taskList",
		task(true, s.say(nextSteps)),
		task(false, s.say(nextSteps), block("taskList", task(false, s.say(details)), task(true, s.say(details)))),
		task(false, s.say(nextSteps)))}
}

func editedNesting(s *story) []node {
	ordered := node{Type: "orderedList", Attrs: map[string]any{"start": 3}, Content: []node{item(s.say(decisions)), item(s.say(decisions))}}
	return []node{
		block("bulletList", item(s.say(remarks), block("bulletList", item(s.say(details), ordered), item(s.say(details)))), item(s.say(remarks))),
		{Type: "horizontalRule"},
		block("blockquote", para(text(s.say(quotes)))),
	}
}

func editedQuery(s *story) []node {
	query := map[string]any{"kind": "InsightVizNode", "source": map[string]any{"kind": "TrendsQuery", "interval": "week",
		"series": []any{map[string]any{"kind": "EventsNode", "event": "$pageview", "math": "dau"}}}}
	return []node{
		para(text("The chart we looked at:")),
		{Type: "ph-query", Attrs: map[string]any{"query": query, "title": s.drawn("metric"), "nodeId": randomID(s.r), "height": 400}},
		{Type: "ph-feature-flag", Attrs: map[string]any{"id": between(s.r, 10, 900), "nodeId": randomID(s.r)}},
	}
}

func editedPeople(s *story) []node {
	_, ids := distinctIDs(s.a, 3, s.people[3])
	return []node{
		para(text("Reported by "), node{Type: "ph-mention", Attrs: map[string]any{"id": s.author}}, text(" for this person:")),
		{Type: "ph-person", Attrs: map[string]any{"id": PersonUUID(ids[0]), "distinctId": ids[0], "nodeId": randomID(s.r)}},
		{Type: "ph-recording", Attrs: map[string]any{"id": randomID(s.r), "noInspector": false, "nodeId": randomID(s.r)}},
	}
}

func editedMedia(s *story) []node {
	return []node{
		{Type: "ph-image", Attrs: map[string]any{"src": "https://files.example.com/" + s.a.facts.slug + "/screen-" + s.drawn("n2") + ".png", "height": 320, "nodeId": randomID(s.r)}},
		{Type: "image", Attrs: map[string]any{"src": "https://files.example.com/whiteboard.jpg", "alt": "Whiteboard [draft]", "title": nil}},
		para(text("Above: what "+s.people[2].given+" sees."), node{Type: "hardBreak"}, text("Formula: "),
			node{Type: "ph-latex", Attrs: map[string]any{"content": `r = \frac{kept}{all}`}}, text(" "), text("underlined", "underline"), text(" and "), text("commented", "comment")),
	}
}

func editedCode(s *story) []node {
	return []node{
		{Type: "codeBlock", Attrs: map[string]any{"language": "sql"}, Content: []node{text("SELECT count() -- ``` inside\nFROM events\nWHERE team = '" + s.drawn("team") + "'")}},
		para(text("Run "), text("posthog.reset()", "code"), text(" on logout, "), text("always", "bold", "italic"), text(". 1. This is not a list. # Nor a heading. *Nor emphasis.*")),
		{Type: "callout", Attrs: map[string]any{"kind": "warning"}, Content: []node{para(text(s.say(risks)))}},
		{Type: "ph-backlink", Attrs: map[string]any{"href": "/project/1/insights/" + token(s.r, base62, 8), "type": "insights", "title": s.drawn("metric")}},
	}
}
