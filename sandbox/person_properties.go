package sandbox

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// properties are the properties of a person as the JSON object that answers
// carry. Thousands of them stay in memory and few are ever changed, so text is
// both the smallest and the fastest form.
type properties string

const noProperties properties = "{}"

// MarshalJSON gives the object itself.
func (p properties) MarshalJSON() ([]byte, error) { return []byte(p), nil }

// get is the value of one property.
func (p properties) get(key string) gjson.Result {
	return gjson.Get(string(p), gjson.Escape(key))
}

// text is a property as PostHog's filters see it: strings bare, everything
// else as JSON. A null is as good as no property.
func (p properties) text(key string) (string, bool) {
	value := p.get(key)
	if value.Type == gjson.Null {
		return "", false
	}
	return value.String(), true
}

// members takes the object apart.
func (p properties) members() map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(p), &all); err != nil {
		return map[string]json.RawMessage{}
	}
	return all
}

func propertiesOf(members map[string]json.RawMessage) properties {
	encoded, err := encode(members)
	if err != nil {
		return noProperties
	}
	return properties(encoded)
}

// propertyChange is what an event does to the properties of its person.
type propertyChange struct {
	set, setOnce map[string]json.RawMessage
	unset        []string
}

func (c propertyChange) empty() bool {
	return len(c.set) == 0 && len(c.setOnce) == 0 && len(c.unset) == 0
}

// with is the properties after a change: set overwrites, setOnce fills in what
// is missing, unset removes, in this order.
func (p properties) with(c propertyChange) properties {
	if c.empty() {
		return p
	}
	all := p.members()
	for key, value := range c.setOnce {
		if _, taken := all[key]; !taken {
			all[key] = value
		}
	}
	for key, value := range c.set {
		all[key] = value
	}
	for _, key := range c.unset {
		delete(all, key)
	}
	return propertiesOf(all)
}

// under is the properties overlaid with those of a survivor of a merge, whose
// values win.
func (p properties) under(survivor properties) properties {
	return survivor.with(propertyChange{setOnce: p.members()})
}

// truthy is Python's notion of a value that counts as true.
func truthy(value gjson.Result) bool {
	switch value.Type {
	case gjson.Null, gjson.False:
		return false
	case gjson.Number:
		return value.Num != 0
	case gjson.String:
		return value.Str != ""
	case gjson.JSON:
		return value.Raw != "" && strings.Trim(value.Raw, "{}[] \t\r\n") != ""
	}
	return true
}

// The properties that name a person, best first.
var (
	namingProperties     = []string{"email", "name", "username"}
	namingProperties2025 = []string{"email", "Email", "$email", "name", "Name", "username", "Username", "UserName"}
)

// displayName is the first truthy property that names a person, else the
// distinct id that does it best, else the fallback.
func (st *personStore) displayName(p *person, fallback string) string {
	keys := namingProperties
	if st.of2025 {
		keys = namingProperties2025
	}
	for _, key := range keys {
		if value := p.Properties.get(key); truthy(value) {
			return value.String()
		}
	}
	if ids := p.shownIDs(); len(ids) > 0 {
		return ids[0]
	}
	return fallback
}

// shownIDs are the distinct ids in the order in which PostHog shows and uses
// them: those that somebody chose before those that an SDK made up.
func (p *person) shownIDs() []string {
	if !slices.ContainsFunc(p.DistinctIDs, looksAnonymous) {
		return p.DistinctIDs
	}
	named := make([]string, 0, len(p.DistinctIDs))
	var anonymous []string
	for _, id := range p.DistinctIDs {
		if looksAnonymous(id) {
			anonymous = append(anonymous, id)
		} else {
			named = append(named, id)
		}
	}
	return append(named, anonymous...)
}

// looksAnonymous tells the ids that SDKs make up, UUIDs among them: five
// groups of hexadecimal digits.
func looksAnonymous(id string) bool {
	groups := 0
	for group := range strings.SplitSeq(id, "-") {
		groups++
		if group == "" || groups > 5 || strings.Trim(group, "0123456789abcdefABCDEF") != "" {
			return false
		}
	}
	return groups == 5
}
