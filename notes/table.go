package notes

import "strings"

// maxSpan bounds the empty cells that one joined cell is padded with.
const maxSpan = 50

// table renders the first row as the header, since a GFM table must have one. Cells joined across columns are padded
// with empty ones so that the columns keep their places.
func (r renderer) table(n node) string {
	if r.inTable {
		return r.unknown(n) // GFM tables cannot nest
	}
	var rows [][]string
	columns := 0
	for _, child := range n.children {
		row := r.tableRow(child)
		rows = append(rows, row)
		columns = max(columns, len(row))
	}
	if columns == 0 {
		return ""
	}
	// Only the header needs every column; GFM fills short rows itself, and padding them here would let a small
	// document with one long row grow without bound.
	header := append(rows[0], make([]string, columns-len(rows[0]))...)
	lines := []string{tableLine(header), strings.Repeat("| --- ", columns) + "|"}
	for _, row := range rows[1:] {
		lines = append(lines, tableLine(row))
	}
	return strings.Join(lines, "\n")
}

func (r renderer) tableRow(n node) []string {
	r.inTable = true
	cells := n.children
	if n.kind != "tableRow" {
		cells = []node{n} // keep what somebody put between the rows
	}
	var row []string
	for _, cell := range cells {
		content := cell.children
		if cell.kind != "tableCell" && cell.kind != "tableHeader" {
			content = []node{cell}
		}
		texts := make([]string, 0, len(content))
		for _, b := range r.blocks(content) {
			texts = append(texts, strings.ReplaceAll(b.text, "\n", "<br>"))
		}
		row = append(row, strings.Join(texts, "<br>"))
		for range min(cell.integer("colspan", 1), maxSpan) - 1 {
			row = append(row, "")
		}
	}
	return row
}

func tableLine(cells []string) string {
	if len(cells) == 0 {
		return "| |" // a row of nothing still is a row
	}
	return "| " + strings.Join(cells, " | ") + " |"
}
