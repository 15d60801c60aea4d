// Package show prints a tool's result for a person at a terminal: rows as a
// table, objects as lines, JSON indented.
package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
)

// JSON prints a result indented.
func JSON(w io.Writer, result []byte) error {
	var out bytes.Buffer
	if err := json.Indent(&out, result, "", "  "); err != nil {
		return fmt.Errorf("the result is not JSON: %w", err)
	}
	out.WriteByte('\n')
	_, err := out.WriteTo(w)
	return err
}

// Person prints a result to read: the rows of a list as a table with the rest
// below, anything else as indented lines.
func Person(w io.Writer, result []byte) error {
	root := gjson.ParseBytes(result)
	if !root.IsObject() {
		_, err := fmt.Fprintln(w, printable(string(result)))
		return err
	}
	var out bytes.Buffer
	if rows := root.Get("rows"); rows.IsArray() {
		table(&out, rows.Array())
	}
	root.ForEach(func(key, value gjson.Result) bool {
		if !slices.Contains(aside, key.String()) && (key.String() != "filters" || !blank(value)) {
			lines(&out, printable(key.String()), value, 0)
		}
		return true
	})
	_, err := out.WriteTo(w)
	return err
}

// aside are the members that are shown elsewhere, or that only a model needs.
var aside = []string{"rows", "untrusted", "untrusted_end"}

// blank tells an object or a list that holds nothing.
func blank(value gjson.Result) bool {
	return value.IsObject() && len(value.Map()) == 0 || value.IsArray() && len(value.Array()) == 0
}

// cell is a value on one line, short enough for a table.
func cell(value gjson.Result) string {
	text := value.String()
	if value.IsArray() {
		var parts []string
		for _, item := range value.Array() {
			parts = append(parts, item.String())
		}
		text = strings.Join(parts, ", ")
	}
	return short(text)
}

// short is a text on one line, as wide as a cell may be.
func short(text string) string {
	const most = 60
	return cut(strings.Join(strings.Fields(printable(text)), " "), most)
}

// lines prints a member of an object, with what is below it indented.
func lines(out *bytes.Buffer, name string, value gjson.Result, depth int) {
	indent := strings.Repeat("  ", depth)
	switch {
	case blank(value):
		fmt.Fprintf(out, "%s%s: (none)\n", indent, name)
	case value.IsObject():
		fmt.Fprintf(out, "%s%s:\n", indent, name)
		members(out, value, depth+1)
	case value.IsArray():
		fmt.Fprintf(out, "%s%s:\n", indent, name)
		for _, item := range value.Array() {
			if item.IsObject() {
				member(out, item, depth+1)
				continue
			}
			fmt.Fprintf(out, "%s  - %s\n", indent, printable(item.String()))
		}
	case strings.Contains(value.String(), "\n"):
		fmt.Fprintf(out, "%s%s:\n", indent, name)
		for line := range strings.Lines(value.String()) {
			fmt.Fprintf(out, "%s  %s\n", indent, printable(strings.TrimRight(line, "\r\n")))
		}
	case value.Type == gjson.Null:
		fmt.Fprintf(out, "%s%s: (none)\n", indent, name)
	default:
		fmt.Fprintf(out, "%s%s: %s\n", indent, name, printable(value.String()))
	}
}

func members(out *bytes.Buffer, object gjson.Result, depth int) {
	object.ForEach(func(key, value gjson.Result) bool {
		lines(out, printable(key.String()), value, depth)
		return true
	})
}

// member prints an object in a list: a dash, and its members below each other
// beside it.
func member(out *bytes.Buffer, object gjson.Result, depth int) {
	var below bytes.Buffer
	members(&below, object, depth+1)
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(out, "%s- %s", indent, strings.TrimPrefix(below.String(), indent+"  "))
	if below.Len() == 0 {
		out.WriteByte('\n')
	}
}

// printable keeps text of others from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return '�'
		}
		return r
	}, text)
}
