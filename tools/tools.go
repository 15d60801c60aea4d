// Package tools is what an agent can do: one file per tool, each with its
// request struct, result struct, spec and handler, in this order.
//
// To add a tool, copy the smallest file (get_notebook.go), change it, add one
// line to the list below and run go generate ./tools.
package tools

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mark3labs/mcp-go/server"
)

//go:generate go run ./gen

// All is the table of contents.
var All = []Tool{
	listAccountsTool,
	getAccountTool,
	createAccountTool,
	updateAccountTool,
	deleteAccountTool,
	listNotebooksTool,
	getNotebookTool,
	createNotebookTool,
	deleteNotebookTool,
	listCustomPropertiesTool,
	setCustomPropertyTool,
	listPersonsTool,
	getPersonTool,
	updatePersonTool,
	updatePersonPropertyTool,
	deletePersonPropertyTool,
	deletePersonTool,
	splitPersonTool,
	listPersonActivityTool,
	getPersonPropertiesTimelineTool,
	resolveTool,
	appendNoteTool,
	getAccountBriefTool,
	searchNotesTool,
	listAccountChangesTool,
	planChangesTool,
	applyPlanTool,
	auditAccountsTool,
	listWritesTool,
	undoWriteTool,
	whoamiTool,
}

// Selection is which tools an operator wants listed.
type Selection struct {
	ReadOnly  bool      // only tools that change nothing
	Toolsets  []Toolset // nil for all
	Unwritten bool      // the journal is off: no tool that works on it
}

// Selected are the tools of a selection, in the order of All.
func Selected(want Selection) []Tool {
	var chosen []Tool
	for _, t := range All {
		on := t.Toolset == always || want.Toolsets == nil || slices.Contains(want.Toolsets, t.Toolset)
		on = on && !(want.Unwritten && (t.Toolset == Journal || t.OnRecord))
		if on && (t.Effect == Reads || !want.ReadOnly) {
			chosen = append(chosen, t)
		}
	}
	return chosen
}

// Plans tells whether a selection has the tools that plan changes of many.
func Plans(want Selection) bool {
	return slices.ContainsFunc(Selected(want), func(t Tool) bool { return t.Name == planChangesTool.Name })
}

// Serve makes MCP tools of a selection, working on a desk.
func Serve(d *Desk, want Selection) ([]server.ServerTool, error) {
	generated, err := readSchemas()
	if err != nil {
		return nil, err
	}
	chosen := Selected(want)
	served := make([]server.ServerTool, len(chosen))
	for i, t := range chosen {
		s, ok := generated[t.Name]
		if !ok {
			return nil, fmt.Errorf("the tool %s has no schema: run go generate ./tools", t.Name)
		}
		served[i] = t.serve(d, s)
		d.undoes = d.undoes || t.Name == undoWriteTool.Name
	}
	return served, nil
}

// Ask runs a tool in process and gives its result as JSON: what resources and
// prompts show is what the tools answer.
func (d *Desk) Ask(ctx context.Context, name string, arguments map[string]any) (json.RawMessage, error) {
	at := slices.IndexFunc(All, func(t Tool) bool { return t.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("there is no tool %s", name)
	}
	encoded, err := json.Marshal(arguments)
	if err != nil {
		return nil, fmt.Errorf("arguments of %s: %w", name, err)
	}
	result, err := All[at].run(d, ctx, func(into any) error { return json.Unmarshal(encoded, into) })
	if err != nil {
		return nil, err
	}
	return answer(result)
}

// schemas are a tool's JSON Schemas, derived from its structs by go generate.
type schemas struct {
	Input       json.RawMessage `json:"input"`
	InputPinned json.RawMessage `json:"input_pinned"` // without project_id
	Output      json.RawMessage `json:"output"`
}

//go:embed schemas.json
var schemasJSON []byte

func readSchemas() (map[string]schemas, error) {
	var generated map[string]schemas
	if err := json.Unmarshal(schemasJSON, &generated); err != nil {
		return nil, fmt.Errorf("read schemas.json: %w", err)
	}
	return generated, nil
}
