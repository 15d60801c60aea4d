package tools_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/schemagen"
	"posthog-accounts-mcp/tools"
)

// The schemas are made from the request and result structs by go generate.
func TestSchemasAreUpToDate(t *testing.T) {
	t.Parallel()
	wanted, err := schemagen.Tools(tools.All)
	require.NoError(t, err)
	kept, err := os.ReadFile("schemas.json")
	require.NoError(t, err)
	require.True(t, bytes.Equal(wanted, kept), "schemas.json is not what the structs say: run go generate ./tools")
}

// A tool is a file of its own name, and a line in All.
func TestEveryFileOfAToolIsListed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	named := regexp.MustCompile(`(?m)^\tName: +"([a-z_]+)",$`)
	var defined []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		names := named.FindAllSubmatch(source, -1)
		if strings.HasSuffix(file, "_test.go") || len(names) == 0 {
			continue
		}
		require.Len(t, names, 1, "%s defines one tool", file)
		require.Equal(t, strings.TrimSuffix(file, ".go"), string(names[0][1]), "the file is named after its tool")
		defined = append(defined, string(names[0][1]))
	}
	var listed []string
	for _, tool := range tools.All {
		listed = append(listed, tool.Name)
	}
	require.ElementsMatch(t, listed, defined, "a tool is missing from All in tools.go, or All names one without a file")
}

// What every client is shown of a tool.
func TestEveryToolIsDeclaredWhole(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z0-9_]{1,40}$`)
	served, err := tools.Serve(tools.NewDesk(nil, 0), tools.Selection{})
	require.NoError(t, err)
	for i, s := range served {
		tool := s.Tool
		require.Regexp(t, name, tool.Name)
		require.NotEmpty(t, tool.Title, tool.Name)
		require.NotEmpty(t, tool.Description, tool.Name)
		require.LessOrEqual(t, len(tool.Description), 1000, tool.Name)
		hints := tool.Annotations
		for _, hint := range []*bool{hints.ReadOnlyHint, hints.DestructiveHint, hints.IdempotentHint, hints.OpenWorldHint} {
			require.NotNil(t, hint, tool.Name)
		}
		require.Equal(t, tool.Title, hints.Title)
		require.Equal(t, tools.All[i].Effect == tools.Reads, *hints.ReadOnlyHint, tool.Name)
		require.False(t, *hints.ReadOnlyHint && *hints.DestructiveHint, tool.Name)
		reads := strings.HasPrefix(tool.Name, "list_") || strings.HasPrefix(tool.Name, "get_") || tool.Name == "resolve" || tool.Name == "search_notes" || tool.Name == "audit_accounts" || tool.Name == "whoami"
		require.Equal(t, reads, *hints.ReadOnlyHint, tool.Name)
	}
}

// The input schemas keep to what every model provider accepts.
func TestInputSchemasAreAcceptedEverywhere(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"input", "input_pinned"} {
		documents := schemaDocuments(kind)
		for _, tool := range tools.All {
			document, ok := documents[tool.Name].(object)
			require.True(t, ok, tool.Name)
			l := lint{where: kind + " of " + tool.Name}
			l.root(document)
			require.Empty(t, l.found)

			compiler := jsonschema.NewCompiler()
			require.NoError(t, compiler.AddResource("schema", document))
			_, err := compiler.Compile("schema")
			require.NoError(t, err, tool.Name)
			_, asks := document["properties"].(object)["project_id"]
			require.Equal(t, kind == "input", asks, "%s: project_id", l.where)
		}
	}
}

// Every member of a result says what it may be: clients' linters refuse one that
// may be anything.
func TestOutputSchemasSayWhatEverythingIs(t *testing.T) {
	t.Parallel()
	var open []string
	var walk func(place string, node any)
	walk = func(place string, node any) {
		schema, ok := node.(object)
		if !ok {
			return
		}
		members, _ := schema["properties"].(object)
		for name, member := range members {
			declared, _ := member.(object)
			if declared["type"] == nil && declared["oneOf"] == nil && declared["anyOf"] == nil {
				open = append(open, place+"."+name)
			}
			walk(place+"."+name, member)
		}
		walk(place+"[]", schema["items"])
	}
	for name, document := range schemaDocuments("output") {
		walk(name, document)
	}
	require.Empty(t, open)
}

// lint collects what a schema does that some client cannot read.
type lint struct {
	where string
	found []string
}

func (l *lint) complain(place, format string, args ...any) {
	l.found = append(l.found, l.where+" "+place+": "+fmt.Sprintf(format, args...))
}

func (l *lint) root(schema object) {
	if schema["type"] != "object" {
		l.complain("", "the root is no object")
	}
	for _, keyword := range []string{"anyOf", "enum"} {
		if _, used := schema[keyword]; used {
			l.complain("", "%s at the root", keyword)
		}
	}
	l.schema("", schema)
}

func (l *lint) schema(place string, schema object) {
	for _, keyword := range []string{"$ref", "$defs", "$id", "$schema", "oneOf", "allOf", "not", "if", "patternProperties", "nullable", "const"} {
		if _, used := schema[keyword]; used {
			l.complain(place, "uses %s", keyword)
		}
	}
	branches, _ := schema["anyOf"].([]any)
	for i, branch := range branches {
		l.schema(fmt.Sprintf("%s|%d", place, i), branch.(object))
	}
	kind, single := schema["type"].(string)
	switch {
	case len(branches) == 0 && !single:
		l.complain(place, "has no single type")
	case kind == "null":
		l.complain(place, "is a null")
	case kind == "object":
		l.object(place, schema)
	case kind == "array":
		items, described := schema["items"].(object)
		if !described {
			l.complain(place, "says nothing of its items")
			return
		}
		l.needs(place, schema, "maxItems")
		l.schema(place+"[]", items)
	case kind == "string":
		if !hasAny(schema, "maxLength", "enum", "pattern") {
			l.complain(place, "is a text without bound")
		}
		values, _ := schema["enum"].([]any)
		if slices.ContainsFunc(values, func(v any) bool { _, text := v.(string); return !text }) {
			l.complain(place, "has an enum of other things than texts")
		}
	case kind == "integer":
		l.needs(place, schema, "minimum")
		l.needs(place, schema, "maximum")
	}
}

func (l *lint) object(place string, schema object) {
	properties, _ := schema["properties"].(object)
	switch more := schema["additionalProperties"].(type) {
	case bool:
		if more && len(properties) > 0 {
			l.complain(place, "is open although it names members")
		}
	default:
		l.complain(place, "does not say whether it is closed")
	}
	for name, property := range properties {
		inner, ok := property.(object)
		if !ok {
			l.complain(place+"."+name, "is a boolean schema")
			continue
		}
		if text, _ := inner["description"].(string); strings.TrimSpace(text) == "" {
			l.complain(place+"."+name, "has no description")
		}
		l.schema(place+"."+name, inner)
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, known := properties[name.(string)]; !known {
			l.complain(place, "requires %v, which it does not describe", name)
		}
	}
}

func (l *lint) needs(place string, schema object, keyword string) {
	if !hasAny(schema, keyword) {
		l.complain(place, "has no %s", keyword)
	}
}

func hasAny(schema object, keywords ...string) bool {
	return slices.ContainsFunc(keywords, func(k string) bool { _, has := schema[k]; return has })
}

// The lint itself finds what it is there for.
func TestLintFindsFaults(t *testing.T) {
	t.Parallel()
	closed := func(property any) object {
		return object{"type": "object", "additionalProperties": false, "properties": object{"a": property}}
	}
	for _, faulty := range []object{
		{"type": "string", "maxLength": 1},
		{"type": "object", "properties": object{}},
		{"type": "object", "additionalProperties": false, "anyOf": []any{object{"type": "boolean"}}},
		{"type": "object", "additionalProperties": false, "required": []any{"a"}},
		closed(true),
		closed(object{"type": "string", "maxLength": 4}),
		closed(object{"type": "string", "description": "d"}),
		closed(object{"type": []any{"string", "null"}, "description": "d"}),
		closed(object{"type": "array", "maxItems": 1, "description": "d"}),
		closed(object{"type": "array", "items": object{"type": "boolean"}, "description": "d"}),
		closed(object{"type": "integer", "minimum": 1, "description": "d"}),
		closed(object{"$ref": "#", "description": "d"}),
		closed(object{"type": "string", "enum": []any{1}, "description": "d"}),
	} {
		l := lint{}
		l.root(faulty)
		require.NotEmpty(t, l.found, "%v", faulty)
	}
	l := lint{}
	l.root(closed(object{"type": "string", "maxLength": 4, "description": "d"}))
	require.Empty(t, l.found)
}
