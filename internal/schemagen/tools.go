package schemagen

import (
	"bytes"
	"encoding/json"
	"fmt"

	"posthog-accounts-mcp/tools"
)

// Tools is the content of tools/schemas.json: per tool the schema of its
// arguments, the same without project_id, and that of its result.
func Tools(list []tools.Tool) ([]byte, error) {
	type entry struct {
		Input       json.RawMessage `json:"input"`
		InputPinned json.RawMessage `json:"input_pinned"`
		Output      json.RawMessage `json:"output"`
	}
	all := map[string]entry{}
	for _, t := range list {
		var e entry
		var err error
		if e.Input, err = Input(t.Request); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		if e.InputPinned, err = Without(e.Input, "project_id"); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		if e.Output, err = Output(t.Result); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		all[t.Name] = e
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(all); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
