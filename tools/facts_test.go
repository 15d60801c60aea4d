package tools_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// facts are all that a PostHog holds, one by one: accounts, tags, roles, values,
// notes and persons by path.
type facts map[string]string

// everything reads all facts past the tools. Left out is what PostHog moves by
// itself: updated_at of accounts; the ids and times of roles and values, which
// are new rows each time; when a person was last seen.
func (h *house) everything() facts {
	h.Helper()
	f := facts{}
	for _, account := range h.raw("GET", api+"accounts?limit=100000&include_churned=true&include_ignored=true", nil).Get("results").Array() {
		path := "accounts/" + account.Get("id").String()
		f.add(path, account, "updated_at", "tags", "notebooks")
		for _, tag := range account.Get("tags").Array() {
			f[path+"/tags/"+tag.String()] = "is there"
		}
		f.addBelow(h, path)
	}
	for _, row := range h.raw("GET", api+"persons?limit=1000", nil).Get("results.#.uuid").Array() {
		path := "persons/" + row.String()
		f.add(path, h.raw("GET", api+path, nil), "last_seen_at")
	}
	return f
}

// addBelow adds what belongs to an account.
func (f facts) addBelow(h *house, path string) {
	h.Helper()
	for _, value := range h.raw("GET", api+path+"/custom_property_values", nil).Array() {
		f[path+"/values/"+value.Get("definition_id").String()] = value.Get("value").Raw
	}
	for _, note := range h.raw("GET", api+path+"/notebooks?limit=1000", nil).Get("results").Array() {
		f[path+"/notes/"+note.Get("short_id").String()] = note.Raw
	}
	if h.rolesApart() {
		for _, role := range h.raw("GET", api+path+"/relationships", nil).Array() {
			f[path+"/roles/"+role.Get("definition.name").String()] = role.Get("user.id").Raw
		}
	}
}

// add adds the members of an object, those of its properties each by itself.
func (f facts) add(path string, object gjson.Result, except ...string) {
	object.ForEach(func(name, value gjson.Result) bool {
		switch {
		case slices.Contains(except, name.Str):
		case name.Str == "properties":
			f.add(path+"/properties", value)
		default:
			f[path+"/"+name.Str] = value.Raw
		}
		return true
	})
}

// change is facts before and after something.
type change struct{ before, after facts }

// paths are the facts that are not as before.
func (c change) paths() (paths []string) {
	for path, was := range c.before {
		if is, there := c.after[path]; !there || is != was {
			paths = append(paths, path)
		}
	}
	for path := range c.after {
		if _, there := c.before[path]; !there {
			paths = append(paths, path)
		}
	}
	return paths
}

// created is the path of the object that a change brought, or "".
func (c change) created() string {
	for path := range c.after {
		if object, is := strings.CutSuffix(path, "/id"); is && c.before[path] == "" {
			return object
		}
	}
	return ""
}

// undone is facts with a change taken back.
func (c change) undone(now facts) facts {
	restored := maps.Clone(now)
	for _, path := range c.paths() {
		if was, there := c.before[path]; there {
			restored[path] = was
		} else {
			delete(restored, path)
		}
	}
	return restored
}

// isTouched tells whether anything that a change made has been changed since.
func (c change) isTouched(now facts) bool {
	for _, path := range c.paths() {
		if now[path] != c.after[path] {
			return true
		}
	}
	created := c.created()
	for path := range now {
		if _, known := c.after[path]; created != "" && strings.HasPrefix(path, created) && !known {
			return true
		}
	}
	return false
}

// over lays facts over others.
func (f facts) over(others facts) {
	for path, is := range f {
		if is == "" {
			delete(others, path)
		} else {
			others[path] = is
		}
	}
}
