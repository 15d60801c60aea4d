package tools

import "context"

// DeletePersonPropertyRequest are the arguments of delete_person_property.
type DeletePersonPropertyRequest struct {
	ProjectArg
	PersonArg
	Key string `json:"key" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Property name."`
}

var deletePersonPropertyTool = define(Spec{
	Name:        "delete_person_property",
	Title:       "Remove a person's property",
	Description: "Remove one property from one person. PostHog applies it later: the answer says whether it has arrived.",
	Toolset:     Persons,
	Effect:      Sets,
}, deletePersonProperty)

func deletePersonProperty(d *Desk, ctx context.Context, in DeletePersonPropertyRequest) (Receipt, error) {
	return d.changePerson(ctx, "delete_person_property", in.ProjectID, in.Person, nil, []string{in.Key})
}
