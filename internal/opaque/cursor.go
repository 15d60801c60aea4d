// Package opaque makes the strings that a client hands back without reading
// them: cursors, which resume a list, and confirmations, which prove that a
// preview was made.
package opaque

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
)

// ErrCursor is a cursor that does not belong to the query it came with.
var ErrCursor = errors.New("the cursor does not belong to this query: pass it with exactly the arguments of the call that gave it, or leave it out to start over")

const digestSize = 8

// Cursor is the place after offset rows of a query. The query is whatever
// decides which rows come in which order; it must encode as JSON.
func Cursor(query any, offset int) string {
	raw := binary.AppendUvarint(digest(query), uint64(offset))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Offset reads a cursor of the same query, with an error otherwise. The empty
// cursor is the start.
func Offset(query any, cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= digestSize || string(raw[:digestSize]) != string(digest(query)) {
		return 0, ErrCursor
	}
	offset, read := binary.Uvarint(raw[digestSize:])
	if read != len(raw)-digestSize || offset > 1<<31 {
		return 0, ErrCursor
	}
	return int(offset), nil
}

// CursorAt is the place in a query after the row of this name, for lists that
// grow at their beginning.
func CursorAt(query any, row string) string {
	return base64.RawURLEncoding.EncodeToString(append(digest(query), row...))
}

// Row reads a cursor that CursorAt made of the same query, with an error
// otherwise. The empty cursor is the start.
func Row(query any, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= digestSize || string(raw[:digestSize]) != string(digest(query)) {
		return "", ErrCursor
	}
	return string(raw[digestSize:]), nil
}

func digest(query any) []byte {
	encoded, err := json.Marshal(query)
	if err != nil {
		panic("opaque: a query must encode as JSON: " + err.Error()) // a type error of ours, not data
	}
	sum := sha256.Sum256(encoded)
	return sum[:digestSize:digestSize]
}
