// Package schema reads a tool's arguments: against the tool's JSON Schema,
// forgiving what models commonly get wrong in form, and refusing everything
// else with one message that names every problem and what would be right.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Object is a free-form JSON object: its members as they were sent.
type Object map[string]json.RawMessage

// Scalar is a JSON string, number or boolean, as it was sent.
type Scalar json.RawMessage

// Value is any JSON value but null, as it was sent.
type Value json.RawMessage

// UnmarshalJSON keeps the bytes.
func (s *Scalar) UnmarshalJSON(b []byte) error { *s = Scalar(bytes.Clone(b)); return nil }

// MarshalJSON gives the bytes back.
func (s Scalar) MarshalJSON() ([]byte, error) { return json.RawMessage(s).MarshalJSON() }

// UnmarshalJSON keeps the bytes.
func (v *Value) UnmarshalJSON(b []byte) error { *v = Value(bytes.Clone(b)); return nil }

// MarshalJSON gives the bytes back.
func (v Value) MarshalJSON() ([]byte, error) { return json.RawMessage(v).MarshalJSON() }

// Validator holds arguments against one schema. It is safe for concurrent use.
type Validator struct {
	shape    *shape
	compiled *jsonschema.Schema
}

// Compile prepares a schema, which must be an object schema without $ref. The
// arguments that name something that exists may do so by a whole number even
// where they are texts; what is stored as a text must come as one.
func Compile(source json.RawMessage, naming ...string) (*Validator, error) {
	var root shape
	if err := json.Unmarshal(source, &root); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	root.markNames(naming)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("arguments.json", document); err != nil {
		return nil, fmt.Errorf("add schema: %w", err)
	}
	compiled, err := compiler.Compile("arguments.json")
	if err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	return &Validator{shape: &root, compiled: compiled}, nil
}

// Decode reads arguments into a request struct. Absent arguments count as an
// empty object and a null argument as absent. The error, if the arguments are
// at fault, is a *Problems.
func (v *Validator) Decode(arguments json.RawMessage, into any) error {
	if len(bytes.TrimSpace(arguments)) == 0 {
		arguments = json.RawMessage("{}")
	}
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.UseNumber()
	var given any
	if err := decoder.Decode(&given); err != nil {
		return &Problems{List: []string{"the arguments are not valid JSON"}}
	}
	members, isObject := given.(map[string]any)
	if !isObject && given != nil {
		return &Problems{List: []string{"the arguments must be a JSON object, got " + typeName(given)}}
	}
	for name, value := range members {
		if value == nil {
			delete(members, name)
		}
	}
	if members == nil {
		members = map[string]any{}
	}
	coerced := v.shape.coerce(members)
	if problems := v.problems(coerced); len(problems) > 0 {
		return &Problems{List: problems}
	}
	clean, err := json.Marshal(coerced)
	if err != nil {
		return fmt.Errorf("encode arguments: %w", err)
	}
	if err := json.Unmarshal(clean, into); err != nil {
		// The schema let through what the struct cannot hold: a defect of
		// ours, which the test of every tool's schema against its struct holds.
		return fmt.Errorf("decode arguments: %w", err)
	}
	return nil
}
