package show

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
)

const (
	screen = 80 // columns of a terminal
	gap    = "  "
)

// table prints rows with the columns that any of them has, as wide as a screen
// at most. Where that would take more than shortening prose, each row gets
// lines of its own.
func table(out *bytes.Buffer, rows []gjson.Result) {
	if len(rows) == 0 {
		out.WriteString("(no rows)\n\n")
		return
	}
	columns := columnsOf(rows)
	grid := make([][]string, 0, len(rows)+1)
	heads := make([]string, len(columns))
	for i, column := range columns {
		heads[i] = short(strings.ToUpper(column))
	}
	grid = append(grid, heads)
	for _, row := range rows {
		cells := make([]string, len(columns))
		for i, column := range columns {
			cells[i] = cell(row.Get(gjson.Escape(column)))
		}
		grid = append(grid, cells)
	}
	if !narrow(grid) {
		for _, row := range rows {
			record(out, row)
		}
		out.WriteByte('\n')
		return
	}
	widths, _ := widthsOf(grid)
	for _, cells := range grid {
		var line strings.Builder
		for i, text := range cells {
			line.WriteString(text + strings.Repeat(" ", widths[i]-width(text)) + gap)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	out.WriteByte('\n')
}

// columnsOf are the names of all members of rows, in the order in which they
// come up.
func columnsOf(rows []gjson.Result) []string {
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
	return columns
}

// widthsOf are the widths of the columns of a grid, and that of a line.
func widthsOf(grid [][]string) (widths []int, total int) {
	widths = make([]int, len(grid[0]))
	for _, cells := range grid {
		for i, text := range cells {
			widths[i] = max(widths[i], width(text))
		}
	}
	for _, width := range widths {
		total += width + len(gap)
	}
	return widths, total - len(gap)
}

// narrow shortens the widest columns of prose until a grid fits a screen. What
// has no blanks is an id, an address or a date, and of no use in part.
func narrow(grid [][]string) bool {
	const least = 20
	for {
		widths, total := widthsOf(grid)
		if total <= screen {
			return true
		}
		widest := -1
		for i, width := range widths {
			prose := slices.ContainsFunc(grid, func(cells []string) bool { return strings.Contains(cells[i], " ") })
			if prose && width > least && (widest < 0 || width > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return false
		}
		to := max(least, widths[widest]-(total-screen))
		for _, cells := range grid {
			cells[widest] = cut(cells[widest], to)
		}
	}
}

// record prints a row by itself: what identifies it on the first line, and its
// other members below, as many on a line as fit.
func record(out *bytes.Buffer, row gjson.Result) {
	const indent = "    "
	var parts []string
	row.ForEach(func(key, value gjson.Result) bool {
		text := cell(value)
		if len(parts) > 0 {
			text = short(key.String()) + ": " + text
		}
		parts = append(parts, text)
		return true
	})
	if len(parts) == 0 {
		parts = []string{"(empty)"}
	}
	out.WriteString(parts[0] + "\n")
	line := ""
	for _, part := range parts[1:] {
		switch {
		case line == "":
			line = indent + part
		case width(line)+len(gap)+width(part) > screen:
			fmt.Fprintln(out, line)
			line = indent + part
		default:
			line += gap + part
		}
	}
	if line != "" {
		fmt.Fprintln(out, line)
	}
}

// cut shortens a text to so many columns.
func cut(text string, columns int) string {
	if width(text) <= columns {
		return text
	}
	end := 0
	for i := range text {
		if width(text[:i]) >= columns-1 {
			break
		}
		end = i
	}
	return text[:end] + "…"
}

// width is how many columns a text takes on a terminal.
func width(text string) int {
	columns := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana), r >= 0x1f300 && r < 0x1fb00, r >= 0xff01 && r <= 0xff60:
			columns += 2
		default:
			columns++
		}
	}
	return columns
}
