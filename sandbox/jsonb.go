package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// jsonb is a JSON value as PostgreSQL gives it back from a jsonb column: keys
// ordered by their length and then their bytes, whatever order they came in.
// The value must be valid JSON.
func jsonb(raw json.RawMessage) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return raw
	}
	var out bytes.Buffer
	writeJSONB(&out, value)
	return out.Bytes()
}

func writeJSONB(out *bytes.Buffer, value any) {
	switch v := value.(type) {
	case map[string]any:
		out.WriteByte('{')
		for i, key := range slices.SortedFunc(maps.Keys(v), jsonbOrder) {
			if i > 0 {
				out.WriteByte(',')
			}
			writeScalar(out, key)
			out.WriteByte(':')
			writeJSONB(out, v[key])
		}
		out.WriteByte('}')
	case []any:
		out.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			writeJSONB(out, item)
		}
		out.WriteByte(']')
	default:
		writeScalar(out, v)
	}
}

func jsonbOrder(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// writeScalar writes a string, number, boolean or null, none of which can
// fail to encode.
func writeScalar(out *bytes.Buffer, value any) {
	encoded, _ := encode(value)
	out.Write(encoded)
}
