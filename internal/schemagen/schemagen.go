// Package schemagen derives JSON Schemas from Go structs with
// invopop/jsonschema, in the dialect that every model provider accepts:
// objects at the root, closed, nothing referenced, no null unions, no bare
// booleans.
//
// It runs from go generate and from tests only. Generating the schemas of all
// tools at start would cost more than everything else that a start does.
package schemagen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"posthog-accounts-mcp/internal/fence"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/tools"
)

// Input is the schema of a tool's arguments.
func Input(request reflect.Type) (json.RawMessage, error) {
	return generate(request, false)
}

// Output is the schema of a tool's structured result, fence included. Nothing
// in it is required: results leave out what is empty, and a tool that previews
// first has two shapes.
func Output(result reflect.Type) (json.RawMessage, error) {
	return generate(result, true)
}

// Without is a schema with one property of its root taken out.
func Without(source json.RawMessage, property string) (json.RawMessage, error) {
	var s jsonschema.Schema
	if err := json.Unmarshal(source, &s); err != nil {
		return nil, err
	}
	if s.Properties != nil {
		s.Properties.Delete(property)
	}
	return marshal(&s)
}

func generate(t reflect.Type, output bool) (json.RawMessage, error) {
	reflector := jsonschema.Reflector{
		DoNotReference: true, // a $ref breaks half of the clients
		Anonymous:      true, // no $id
		Mapper:         mapped,
	}
	s := reflector.ReflectFromType(t)
	s.Version = "" // 2020-12 is MCP's default dialect
	if s.Type != "object" {
		return nil, fmt.Errorf("%s: the root of a schema must be an object, this is %q", t, s.Type)
	}
	if s.Properties == nil {
		s.Properties = jsonschema.NewProperties()
	}
	if output {
		relax(s)
		s.Properties.Set(fence.Begin, &jsonschema.Schema{Type: "string"})
		s.Properties.Set(fence.End, &jsonschema.Schema{Type: "string", Description: "The mark that untrusted names."})
		_ = s.Properties.MoveToFront(fence.Begin) // it was set a moment ago
	} else {
		bound(s)
	}
	return marshal(s)
}

// mapped gives the schemas of the types whose JSON is freer than their Go form.
func mapped(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[schema.Object]():
		return object()
	case reflect.TypeFor[schema.Scalar]():
		return &jsonschema.Schema{AnyOf: scalars()}
	case reflect.TypeFor[schema.Value]():
		items := &jsonschema.Schema{AnyOf: append(scalars(), object())}
		return &jsonschema.Schema{AnyOf: append(scalars(), object(), list(items))}
	case reflect.TypeFor[tools.OneOrMany]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "string"}, {Type: "number"}, {Type: "boolean"}, list(&jsonschema.Schema{Type: "string"}),
		}}
	}
	return nil
}

// Bounds of what no struct tag bounds. PostHog drops events over 1 MB, values
// of properties with them, so nothing that works is refused.
const (
	maxText  = 400 // names and ids
	maxValue = 100_000
	maxItems = 1000
)

func scalars() []*jsonschema.Schema {
	return []*jsonschema.Schema{{Type: "string", MaxLength: limit(maxValue)}, {Type: "number"}, {Type: "boolean"}}
}

func list(items *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: items, MaxItems: limit(maxItems)}
}

func limit(n uint64) *uint64 { return &n }

func object() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.TrueSchema}
}

// relax makes every member of a result optional and every object open, so that
// a later version may add to it.
func relax(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	s.Required = nil
	if s.Type == "object" {
		s.AdditionalProperties = nil
		if s.Properties == nil {
			s.Properties = jsonschema.NewProperties()
		}
	}
	if s.Properties != nil {
		for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
			relax(pair.Value)
		}
	}
	relax(s.Items)
	for _, branch := range append(s.AnyOf, s.OneOf...) {
		relax(branch)
	}
}

// bound limits every text and list that its struct leaves open, so that no
// argument is refused for its size only after it was read whole.
func bound(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	switch {
	case s.Type == "string" && s.MaxLength == nil && len(s.Enum) == 0 && s.Pattern == "":
		s.MaxLength = limit(maxText)
	case s.Type == "array" && s.MaxItems == nil:
		s.MaxItems = limit(maxItems)
	}
	if s.Properties != nil {
		for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
			bound(pair.Value)
		}
	}
	bound(s.Items)
	for _, branch := range s.AnyOf {
		bound(branch)
	}
}

func marshal(s *jsonschema.Schema) (json.RawMessage, error) {
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	enc := json.NewEncoder(&compact)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(json.RawMessage(encoded)); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(compact.Bytes()), nil
}
