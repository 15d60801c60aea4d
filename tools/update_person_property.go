package tools

import (
	"context"
	"encoding/json"

	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
)

// UpdatePersonPropertyRequest are the arguments of update_person_property.
type UpdatePersonPropertyRequest struct {
	ProjectArg
	PersonArg
	Key   string       `json:"key" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Property name."`
	Value schema.Value `json:"value,omitempty" jsonschema_description:"New value; to remove a property use delete_person_property."`
}

var updatePersonPropertyTool = define(Spec{
	Name:        "update_person_property",
	Title:       "Set a person's property",
	Description: "Set one property of one person. PostHog applies it later: the answer says whether it has arrived.",
	Toolset:     Persons,
	Effect:      Sets,
}, updatePersonProperty)

func updatePersonProperty(d *Desk, ctx context.Context, in UpdatePersonPropertyRequest) (Receipt, error) {
	if len(in.Value) == 0 {
		return Receipt{}, plain.Refuse("Not done: give a value other than null. To remove a property use delete_person_property.")
	}
	return d.changePerson(ctx, "update_person_property", in.ProjectID, in.Person, map[string]json.RawMessage{in.Key: json.RawMessage(in.Value)}, nil)
}
