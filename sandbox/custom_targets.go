package sandbox

// targetInput is what a new definition is for. In the current generation that
// may also be persons or groups, on servers where the feature is rolled out;
// on the sandbox it is not.
type targetInput struct {
	kind       string // account unless sent
	groupIndex *int64
}

func (f fields) targetInput(partial bool) (in targetInput, refusal *reply) {
	in.kind = "account"
	if f.sent("target_type") {
		if in.kind, refusal = f.choice("target_type", "account", "person", "group"); refusal != nil {
			return in, refusal
		}
	}
	if !f.sent("group_type_index") || f.isNull("group_type_index") {
		return in, nil
	}
	index, refusal := f.integer("group_type_index")
	switch {
	case refusal != nil:
		return in, refusal
	case index < 0:
		return in, refuse("group_type_index", "min_value", "Ensure this value is greater than or equal to 0.")
	case index > 4:
		return in, refuse("group_type_index", "max_value", "Ensure this value is less than or equal to 4.")
	}
	in.groupIndex = &index
	return in, nil
}

// check refuses what does not fit together, and then every target but
// accounts. An update cannot change the target, and so is not held to it.
func (in targetInput) check(partial bool) *reply {
	switch {
	case partial || in.kind == "":
		return nil
	case in.kind == "group" && in.groupIndex == nil:
		return refuse("group_type_index", "", "Required when target_type is 'group'.")
	case in.kind != "group" && in.groupIndex != nil:
		return refuse("group_type_index", "", "Only valid when target_type is 'group'.")
	case in.kind != "account":
		return refuse("target_type", "", "Person/group properties from warehouse data are not enabled yet.")
	}
	return nil
}
