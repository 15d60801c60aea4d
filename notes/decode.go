package notes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	// maxDocument is far above what people write and what PostHog accepts in one request.
	maxDocument = 8 << 20
	// maxDepth bounds the recursion and, because each level of a list or quote indents all lines in it, the size of
	// the result. A list in a list takes two levels.
	maxDepth = 64
	// maxWrapping is how often a document may be a JSON string inside a JSON string.
	maxWrapping = 3
)

var (
	errNotADocument = errors.New("notes: not a notebook document")
	errTooLarge     = fmt.Errorf("notes: the document is larger than %d bytes", maxDocument)
	errTooDeep      = fmt.Errorf("notes: the document is nested deeper than %d levels", maxDepth)
)

// node is a ProseMirror node, reduced to what the conversion needs and tolerant of what real rows hold.
type node struct {
	kind     string // the type, in the spelling PostHog uses today
	attrs    map[string]any
	text     string
	marks    []mark
	children []node
	raw      map[string]any // as decoded, for nodes that can only be passed on
	source   []byte         // as stored, byte for byte, where edits need it; see locate
}

type mark struct {
	kind  string
	attrs map[string]any
}

// Older editors and imports spelled some types in ProseMirror's own way.
var nodeAliases = map[string]string{
	"bullet_list":  "bulletList",
	"ordered_list": "orderedList",
	"list_item":    "listItem",
	"code_block":   "codeBlock",
	"table_row":    "tableRow",
	"table_cell":   "tableCell",
	"table_header": "tableHeader",
	"hard_break":   "hardBreak",
}

// decode reads a document, a bare list of nodes, or a JSON string that holds one of these.
func decode(data json.RawMessage) (node, error) {
	for range maxWrapping {
		if len(data) > maxDocument {
			return node{}, errTooLarge
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber() // numbers in attributes are passed on as they were written
		var value any
		if err := dec.Decode(&value); err != nil {
			return node{}, errNotADocument
		}
		switch value := value.(type) {
		case string:
			data = json.RawMessage(value)
		case []any:
			return decodeNode(map[string]any{"type": "doc", "content": value}, 0)
		case map[string]any:
			if _, ok := value["content"].([]any); !ok {
				return node{}, errNotADocument
			}
			return decodeNode(value, 0)
		default:
			return node{}, errNotADocument
		}
	}
	return node{}, errNotADocument
}

func decodeNode(raw map[string]any, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, errTooDeep
	}
	n := node{raw: raw}
	n.kind, _ = raw["type"].(string)
	if current, ok := nodeAliases[n.kind]; ok {
		n.kind = current
	}
	n.attrs, _ = raw["attrs"].(map[string]any)
	n.text, _ = raw["text"].(string)
	n.marks = decodeMarks(raw["marks"])
	children, _ := raw["content"].([]any)
	for _, child := range children {
		object, ok := child.(map[string]any)
		if !ok {
			continue // not a node in any version of the format
		}
		decoded, err := decodeNode(object, depth+1)
		if err != nil {
			return node{}, err
		}
		n.children = append(n.children, decoded)
	}
	return n, nil
}

func decodeMarks(value any) []mark {
	list, _ := value.([]any)
	var marks []mark
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			kind, _ := object["type"].(string)
			attrs, _ := object["attrs"].(map[string]any)
			marks = append(marks, mark{kind: kind, attrs: attrs})
		}
	}
	return marks
}

// markdownNode returns the text of a document that is one Markdown node and nothing else.
func (n node) markdownNode() (string, bool) {
	if len(n.children) != 1 || n.children[0].kind != markdownNodeType {
		return "", false
	}
	text, ok := n.children[0].attrs["markdown"].(string)
	return text, ok
}

// str returns a string attribute, or "".
func (n node) str(attr string) string {
	s, _ := n.attrs[attr].(string)
	return s
}

// integer returns a whole-number attribute, however it was written ("2", 2, 2.0), or the fallback.
func (n node) integer(attr string, fallback int) int {
	text := ""
	switch v := n.attrs[attr].(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	f, err := json.Number(text).Float64()
	if err != nil || f != float64(int(f)) {
		return fallback
	}
	return int(f)
}
