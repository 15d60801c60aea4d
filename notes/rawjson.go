package notes

import (
	"bytes"
	"encoding/json"
)

// Edits replace a few members of stored nodes and leave every other byte as it is, also where a document has
// numbers in odd spellings, repeated keys or white space. The functions here find those places. Their input is
// valid JSON.

// member is a member of an object: its key and where its value stands.
type member struct {
	key      string
	from, to int
}

// members lists the members of an object in their order, repeated keys included.
func members(object []byte) []member {
	var found []member
	dec := json.NewDecoder(bytes.NewReader(object))
	_, _ = dec.Token() // the opening brace
	for dec.More() {
		key, _ := dec.Token()
		name, _ := key.(string)
		value := skipValue(dec)
		to := int(dec.InputOffset())
		found = append(found, member{name, to - len(value), to})
	}
	return found
}

// lastMember finds a member by its key. Of several the last counts, as for every reader of JSON that we know.
func lastMember(object []byte, key string) (value []byte, found bool) {
	for _, m := range members(object) {
		if m.key == key {
			value, found = object[m.from:m.to], true
		}
	}
	return value, found
}

// elements lists the elements of an array, byte for byte; of anything else, none.
func elements(array []byte) [][]byte {
	if len(array) == 0 || array[0] != '[' {
		return nil
	}
	var found [][]byte
	dec := json.NewDecoder(bytes.NewReader(array))
	_, _ = dec.Token() // the opening bracket
	for dec.More() {
		found = append(found, skipValue(dec))
	}
	return found
}

func skipValue(dec *json.Decoder) []byte {
	var value json.RawMessage
	_ = dec.Decode(&value) // the input is valid
	return value
}

// change is a new value for a member.
type change struct {
	key   string
	value []byte
}

// withMembers replaces members of an object, the last of each name, and adds those that are missing at its end.
func withMembers(object []byte, changes ...change) []byte {
	for _, c := range changes {
		object = withMember(object, c)
	}
	return object
}

func withMember(object []byte, c change) []byte {
	all := members(object)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].key == c.key {
			return bytes.Join([][]byte{object[:all[i].from], c.value, object[all[i].to:]}, nil)
		}
	}
	end := bytes.LastIndexByte(object, '}')
	added := append(jsonOf(c.key), ':')
	if len(all) > 0 {
		added = append([]byte{','}, added...)
	}
	return bytes.Join([][]byte{object[:end], added, c.value, object[end:]}, nil)
}

// array writes an array of elements.
func array(elements [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(elements, []byte{','})...), ']')
}

// jsonOf encodes a value that cannot fail to be encoded.
func jsonOf(value any) []byte { return []byte(jsonText(value)) }

// decodeAny decodes a value.
func decodeAny(raw []byte) any {
	var value any
	_ = json.Unmarshal(raw, &value) // the input is valid
	return value
}
