package portfolio

import (
	"encoding/json"
	"slices"
	"strings"

	"posthog-accounts-mcp/internal/plain"
)

// Inverse is the change that turns after back into before. What did not change
// needs no turning back.
func Inverse(before, after map[string]any) Change {
	change := Change{Set: map[string]json.RawMessage{}, Roles: map[Role]string{}}
	for field, old := range before {
		text, _ := old.(string)
		switch {
		case same(old, after[field]):
		case field == "name":
			change.Name = text
		case field == "external_id" && old != nil:
			change.ExternalID = text
		case field == "tags":
			was, is := texts(old), texts(after[field])
			change.TagsAdd, change.TagsRemove = without(was, is), without(is, was)
		case slices.Contains(Roles, Role(field)):
			change.Roles[Role(field)] = None
			if old != nil {
				change.Roles[Role(field)] = text
			}
		case old == nil:
			change.Unset = append(change.Unset, field)
		default:
			change.Set[field], _ = json.Marshal(old) // it came from JSON
		}
	}
	slices.Sort(change.Unset)
	return change
}

// ChangedSince refuses to take something back where that would take somebody
// else's change of the same fields with it.
func ChangedSince(fields []string) error {
	if len(fields) == 0 {
		return nil
	}
	shown := make([]string, len(fields))
	for i, field := range slices.Sorted(slices.Values(fields)) {
		shown[i] = plain.Short(field)
	}
	return plain.Refuse("Not done: changed since by somebody else: %s. Look at what is there now, and change back by hand what shall be as before.", strings.Join(shown, ", "))
}

func texts(value any) []string {
	list, _ := value.([]string)
	return list
}

// without is the members of a that b lacks.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
