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
	"text/tabwriter"
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
		if !slices.Contains(aside, key.String()) && !blank(value) {
			lines(&out, printable(key.String()), value, 0)
		}
		return true
	})
	_, err := out.WriteTo(w)
	return err
}

// aside are the members that are shown elsewhere, or that only a model needs.
var aside = []string{"rows", "untrusted", "untrusted_end"}

// blank tells an object without members, which there is nothing to say about.
func blank(value gjson.Result) bool { return value.IsObject() && len(value.Map()) == 0 }

// table prints rows with the columns that any of them has.
func table(out *bytes.Buffer, rows []gjson.Result) {
	if len(rows) == 0 {
		out.WriteString("(no rows)\n\n")
		return
	}
	var columns []string
	seen := map[string]bool{}
	for _, row := range rows {
		row.ForEach(func(key, _ gjson.Result) bool {
			if !seen[key.String()] {
				seen[key.String()] = true
				columns = append(columns, key.String())
			}
			return true
		})
	}
	grid := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	heads := make([]string, len(columns))
	for i, column := range columns {
		heads[i] = short(strings.ToUpper(column))
	}
	fmt.Fprintln(grid, strings.Join(heads, "\t"))
	for _, row := range rows {
		cells := make([]string, len(columns))
		for i, column := range columns {
			cells[i] = cell(row.Get(gjson.Escape(column)))
		}
		fmt.Fprintln(grid, strings.Join(cells, "\t"))
	}
	_ = grid.Flush() // a buffer takes everything
	out.WriteByte('\n')
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

// short is a text on one line, as long as a cell may be.
func short(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(printable(text)), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// lines prints a member of an object, with what is below it indented.
func lines(out *bytes.Buffer, name string, value gjson.Result, depth int) {
	indent := strings.Repeat("  ", depth)
	switch {
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
