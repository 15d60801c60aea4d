package portfolio

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tidwall/gjson"
)

// Event is what became of an account between two snapshots.
type Event string

// The events.
const (
	Created Event = "created"
	Deleted Event = "deleted"
	Changed Event = "changed"
)

// Difference is one field of an account that is not what it was; or that the
// account is new or gone, which has no field.
type Difference struct {
	Account string // id
	Name    string // the last one known
	Event   Event
	Field   string
	// From and To are the values, nil where there was none. Of a field that
	// holds a list they are what went and what came.
	From, To any
	List     bool
}

// Compare gives every difference between two snapshots, by account name.
func Compare(from, to Snapshot) []Difference {
	var found []Difference
	for id, was := range from.Accounts {
		now, there := to.Accounts[id]
		if !there {
			found = append(found, Difference{Account: id, Name: was.name(), Event: Deleted})
			continue
		}
		found = append(found, CompareAccount(id, was, now, from.NoRoles || to.NoRoles)...)
	}
	for id, now := range to.Accounts {
		if _, there := from.Accounts[id]; !there {
			found = append(found, Difference{Account: id, Name: now.name(), Event: Created})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Field, b.Field))
	})
	return found
}

// CompareAccount gives the fields in which two readings of an account differ,
// without its roles if one of them has none.
func CompareAccount(id string, was, now Fields, noRoles bool) []Difference {
	fields := maps.Clone(was)
	maps.Copy(fields, now)
	var found []Difference
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if same(was[field], now[field]) || noRoles && isRoleField(field) {
			continue
		}
		d := Difference{Account: id, Name: now.name(), Event: Changed, Field: field}
		d.From, d.To, d.List = fromTo(field, was[field], now[field])
		found = append(found, d)
	}
	return found
}

func (f Fields) name() string {
	name, _ := f["name"].(string)
	return name
}

// Named tells whether this is the account that somebody calls by a name or
// external id.
func (f Fields) Named(reference string) bool {
	return reference != "" && (f["name"] == reference || f["external_id"] == reference)
}

// fromTo is a change of a field in the words of a reader: colleagues by
// e-mail, and of lists what went and what came.
func fromTo(field string, was, now any) (from, to any, list bool) {
	before, wasList := was.([]any)
	after, isList := now.([]any)
	if wasList || isList {
		if !wasList && was != nil {
			before = []any{was}
		}
		if !isList && now != nil {
			after = []any{now}
		}
		from, to = shownList(field, lackingIn(before, after)), shownList(field, lackingIn(after, before))
		return from, to, true
	}
	from, to = shown(field, was, false), shown(field, now, false)
	if same(from, to) { // another user with the same e-mail
		from, to = shown(field, was, true), shown(field, now, true)
	}
	return from, to, false
}

// lackingIn are the members of a list that another one does not have.
func lackingIn(list, other []any) []any {
	return slices.DeleteFunc(slices.Clone(list), func(member any) bool {
		return slices.ContainsFunc(other, func(o any) bool { return same(member, o) })
	})
}

func shownList(field string, members []any) any {
	if len(members) == 0 {
		return nil
	}
	words := make([]any, len(members))
	for i, member := range members {
		words[i] = shown(field, member, false)
	}
	return words
}

// shown is a value as a reader gets it. The holder of a role is stored with
// number and e-mail.
func shown(field string, value any, withID bool) any {
	if _, isObject := value.(map[string]any); !isObject || !isRoleField(field) {
		return value
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return value // not reached: it came out of JSON
	}
	holder := Holder{ID: gjson.GetBytes(encoded, "id").Int(), Email: gjson.GetBytes(encoded, "email").String()}
	if withID {
		return fmt.Sprintf("%s (user %d)", holder.Email, holder.ID)
	}
	return holder.Ref()
}
