package notes

// maxAligned bounds the work on one comparison. Beyond it only what is equal at both ends is found.
const maxAligned = 4 << 20

// align finds a longest common subsequence: for each of m new elements the old one it is, or -1.
func align(n, m int, equal func(i, j int) bool) []int {
	match := make([]int, m)
	for j := range match {
		match[j] = -1
	}
	start := 0
	for start < n && start < m && equal(start, start) {
		match[start] = start
		start++
	}
	for n > start && m > start && equal(n-1, m-1) {
		n, m = n-1, m-1
		match[m] = n
	}
	rows, columns := n-start, m-start
	if rows == 0 || columns == 0 || rows > maxAligned/columns {
		return match
	}
	// longest[i*width+j] is the length of the longest common subsequence of what begins at i and j.
	width := columns + 1
	longest := make([]int32, (rows+1)*width)
	for i := rows - 1; i >= 0; i-- {
		for j := columns - 1; j >= 0; j-- {
			if equal(start+i, start+j) {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	for i, j := 0, 0; i < rows && j < columns; {
		switch {
		case equal(start+i, start+j):
			match[start+j] = start + i
			i, j = i+1, j+1
		case longest[(i+1)*width+j] >= longest[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return match
}
