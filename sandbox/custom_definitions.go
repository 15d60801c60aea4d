package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// option is one choice of a select property.
type option struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Color string `json:"color"`
}

// storage is the column a value lives in. Types that share one can be changed
// into each other without losing values.
type storage int

const (
	textStorage storage = iota
	numberStorage
	booleanStorage
	datetimeStorage
)

var storageOf = map[string]storage{
	"text": textStorage, "select": textStorage, "link": textStorage,
	"number": numberStorage, "currency": numberStorage, "percent": numberStorage,
	"date": datetimeStorage, "datetime": datetimeStorage,
	"boolean": booleanStorage,
}

// displayTypes are the types of a generation.
func (g generation) displayTypes() []string {
	types := []string{"text", "number", "currency", "percent", "date", "datetime", "boolean", "select"}
	if g.tracksAccounts() {
		types = append(types, "link")
	}
	return types
}

// definitionInput is a create or an update after the checks of single fields.
type definitionInput struct {
	name, description textField
	displayType       string // empty when not sent
	target            targetInput
	bigNumber         *bool
	options           []json.RawMessage
	optionsSent       bool
}

func (s *Sandbox) definitionInput(q *request, partial bool) (in definitionInput, refusal *reply) {
	body, refusal := q.object()
	if refusal != nil {
		return in, refusal
	}
	if in.name, refusal = body.text("name", textRule{required: true, max: 400}, partial); refusal != nil {
		return in, refusal
	}
	if in.description, refusal = body.text("description", textRule{null: true, blank: true}, partial); refusal != nil {
		return in, refusal
	}
	switch {
	case body.sent("display_type"):
		if in.displayType, refusal = body.choice("display_type", s.gen.displayTypes()...); refusal != nil {
			return in, refusal
		}
	case !partial:
		return in, required("display_type")
	}
	if s.gen.tracksAccounts() {
		if in.target, refusal = body.targetInput(partial); refusal != nil {
			return in, refusal
		}
	}
	if body.sent("is_big_number") {
		big, refusal := body.boolean("is_big_number")
		if refusal != nil {
			return in, refusal
		}
		in.bigNumber = &big
	}
	if in.optionsSent = body.sent("options"); in.optionsSent && !body.isNull("options") {
		if in.options, refusal = body.list("options"); refusal != nil {
			return in, refusal
		}
	}
	return in, in.target.check(partial)
}

// renames tells whether the input changes what is fixed for a definition that
// PostHog writes itself: its name and its type.
func (in definitionInput) renames(d definition) bool {
	return in.name.sent && *in.name.value != d.name || in.displayType != "" && in.displayType != d.displayType
}

// apply writes the input over a row. The flag for big numbers is dropped in
// silence where it means nothing, and so are options.
func (in definitionInput) apply(d *definition) *reply {
	if in.name.sent {
		d.name = *in.name.value
	}
	if in.description.sent {
		d.description = in.description.value
	}
	if in.displayType != "" {
		d.displayType = in.displayType
	}
	if in.bigNumber != nil {
		d.bigNumber = *in.bigNumber
	}
	d.bigNumber = d.bigNumber && storageOf[d.displayType] == numberStorage
	if d.displayType != "select" {
		d.options = nil
		return nil
	}
	if !in.optionsSent && len(d.options) > 0 {
		return nil
	}
	options, problem := normalizeOptions(in.options, d.options)
	if problem != "" {
		return refuse("options", "", problem)
	}
	d.options = options
	return nil
}

// normalizeOptions checks the options of a select and gives new ones an id.
// Ids that were sent must be known: they tell a renamed option from a new one.
func normalizeOptions(items []json.RawMessage, existing []option) (options []option, problem string) {
	if len(items) == 0 {
		return nil, "A select property needs at least one option."
	}
	for _, item := range items {
		o, problem := normalizeOption(item, existing)
		if problem != "" {
			return nil, problem
		}
		options = append(options, o)
	}
	for i, o := range options {
		if slices.ContainsFunc(options[:i], func(earlier option) bool { return earlier.Label == o.Label }) {
			return nil, fmt.Sprintf("Duplicate option label: '%s'.", o.Label)
		}
	}
	return options, ""
}

func normalizeOption(item json.RawMessage, existing []option) (o option, problem string) {
	if err := json.Unmarshal(item, &o); err != nil {
		return o, fmt.Sprintf("Invalid data. Expected a dictionary, but got %s.", pythonType(item))
	}
	o.Label = strings.TrimSpace(o.Label)
	switch {
	case o.Label == "":
		return o, "Option labels can't be blank."
	case !optionColor(o.Color):
		return o, fmt.Sprintf("Invalid option color: '%s'.", o.Color)
	case o.ID == "":
		o.ID = uuid.NewString()
	case !slices.ContainsFunc(existing, func(known option) bool { return known.ID == o.ID }):
		return o, "Option ids are assigned by the server; omit them for new options."
	}
	return o, ""
}

// optionColor tells whether a colour is one of preset-1 to preset-10.
func optionColor(color string) bool {
	for n := 1; n <= 10; n++ {
		if color == fmt.Sprintf("preset-%d", n) {
			return true
		}
	}
	return false
}
