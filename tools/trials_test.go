package tools_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// trial is one write to an object of its own, and the truth about it, which is
// read past the tools.
type trial struct {
	id        string // of the object
	arguments object
	state     func() string // the object, but for what PostHog moves by itself
	asked     func() bool   // everything asked is there
}

// trials make one for each tool that writes.
var trials = map[string]func(h *house, clock *moving, n int) trial{
	"update_account": func(h *house, clock *moving, n int) trial {
		id, call := h.tried(n), fmt.Sprint(" Named ", n, " ")
		t := onAccount(h, id, object{"name": call, "set": object{"billing_id": fmt.Sprint("mine ", n)}, "tags_add": []string{" MiXed "}, "unset": []string{"sfdc_id"}})
		t.asked = func() bool {
			a := h.account(id)
			tags, properties := a["tags"].(object), a["properties"].(object)
			return a["name"] == strings.TrimSpace(call) && tags["mixed"] == true && tags["old"] == true && properties["billing_id"] == fmt.Sprint("mine ", n) && properties["sfdc_id"] == nil
		}
		return t
	},
	"update_account with a role": func(h *house, clock *moving, n int) trial {
		id := h.tried(n)
		t := onAccount(h, id, object{"csm": "linus@example.com"})
		t.asked = func() bool {
			csm, _ := h.account(id)["properties"].(object)["csm"].(object)
			return csm["email"] == "linus@example.com"
		}
		return t
	},
	"undo_write": func(h *house, clock *moving, n int) trial {
		id := h.tried(n)
		before := onAccount(h, id, object{})
		was := before.state()
		write := h.must("update_account", object{"account": id, "set": object{"billing_id": "to be undone"}, "tags_remove": []string{"old"}}).str("write")
		return trial{id, object{"write": write}, before.state, func() bool { return before.state() == was }}
	},
	"create_account": func(h *house, clock *moving, n int) trial {
		name := fmt.Sprint("Created ", n)
		find := func() gjson.Result {
			return h.raw("GET", api+"accounts?search="+strings.ReplaceAll(name, " ", "%20")+"&limit=1000", nil).Get(`results.#(name=="` + name + `")`)
		}
		return trial{"accounts", object{"name": name, "tags": []string{" A "}, "set": object{"billing_id": "b"}, "csm": "me"}, func() string { return find().Get("id").String() }, func() bool {
			if !find().Exists() {
				return false
			}
			a := h.account(find().Get("id").String())
			csm, _ := a["properties"].(object)["csm"].(object)
			return a["tags"].(object)["a"] == true && a["properties"].(object)["billing_id"] == "b" && csm["email"] == "ada@example.com"
		}}
	},
	"set_custom_property": func(h *house, clock *moving, n int) trial {
		id := h.tried(n)
		values := func() string {
			return h.raw("GET", api+"accounts/"+id+"/custom_property_values", nil).Get("0.value").Raw
		}
		return trial{id, object{"account": id, "property": "Score", "value": fmt.Sprint(n)}, values, func() bool { return values() == fmt.Sprintf("%d.0", n) }}
	},
	"create_notebook": func(h *house, clock *moving, n int) trial {
		id := h.tried(n)
		notes := func() gjson.Result { return h.raw("GET", api+"accounts/"+id+"/notebooks", nil).Get("results") }
		return trial{id, object{"account": id, "title": "T", "markdown": "First line\n\nSecond line"}, func() string { return notes().Get("#.short_id").Raw }, func() bool {
			return notes().Get("0.title").String() == "T" && strings.Contains(notes().Get("0.text_content").String(), "Second line")
		}}
	},
	"delete_notebook": func(h *house, clock *moving, n int) trial {
		id := h.tried(n)
		note := h.raw("POST", api+"accounts/"+id+"/notebooks", object{"title": "T", "text_content": "x"}).Get("short_id").String()
		notes := func() string { return h.raw("GET", api+"accounts/"+id+"/notebooks", nil).Get("results.#.short_id").Raw }
		return trial{id, object{"account": id, "notebook": note}, notes, func() bool { return notes() == "[]" }}
	},
	"delete_account": func(h *house, clock *moving, n int) trial {
		id := h.tried(n)
		there := func() string {
			return h.raw("GET", api+"accounts?limit=100000", nil).Get(`results.#(id=="` + id + `").id`).String()
		}
		return trial{id, object{"account": id}, there, func() bool { return there() == "" }}
	},
	"update_person": func(h *house, clock *moving, n int) trial {
		return onPerson(h, clock, n, object{"set": object{"plan": "x", "deep": object{"a": []int{1}}}, "unset": []string{"old"}}, `{"plan":"x","deep":{"a":[1]}}`)
	},
	"update_person_property": func(h *house, clock *moving, n int) trial {
		return onPerson(h, clock, n, object{"key": "plan", "value": 1.5}, `{"plan":1.5,"old":1}`)
	},
	"delete_person_property": func(h *house, clock *moving, n int) trial {
		return onPerson(h, clock, n, object{"key": "old"}, `{"plan":"free"}`)
	},
	"delete_person": func(h *house, clock *moving, n int) trial {
		t := onPerson(h, clock, n, object{}, "")
		there := func() string { _, there := h.find(t.id); return fmt.Sprint(there) }
		t.state, t.asked = there, func() bool { return there() == "false" }
		return t
	},
	"split_person": func(h *house, clock *moving, n int) trial {
		t := onPerson(h, clock, n, object{}, "")
		leaves := fmt.Sprint("alias ", n)
		mergeInto(h, fmt.Sprint("person ", n), leaves)
		clock.advance(2 * time.Hour)
		t.arguments["distinct_ids"] = []string{leaves}
		t.state = func() string { return h.person(t.id).Get("distinct_ids").Raw }
		t.asked = func() bool { return !strings.Contains(t.state(), leaves) }
		return t
	},
}

// tried makes an account to write to.
func (h *house) tried(n int) string {
	properties := object{"billing_id": "old", "sfdc_id": "s"}
	if !h.rolesApart() {
		properties["csm"] = object{"id": 2, "email": "grace@example.com"}
	}
	id := h.raw("POST", api+"accounts", object{"name": fmt.Sprint("Tried ", n), "properties": properties, "tags": []string{"old"}}).Get("id").String()
	if h.rolesApart() {
		h.assign(id, "CSM", 2)
	}
	score := h.raw("GET", api+"custom_property_definitions", nil).Get("results.0.id").String()
	h.raw("POST", api+"accounts/"+id+"/custom_property_values", object{"definition": score, "value": -1})
	return id
}

func onAccount(h *house, id string, arguments object) trial {
	return trial{id: id, arguments: with(arguments, "account", id), state: func() string {
		encoded, err := json.Marshal(h.account(id))
		require.NoError(h, err)
		return string(encoded)
	}}
}

// onPerson is a trial on a person, whose properties are to become these.
func onPerson(h *house, clock *moving, n int, arguments object, properties string) trial {
	distinct := fmt.Sprint("person ", n)
	h.raw("POST", "/e/", object{"api_key": sandbox.ProjectToken, "event": "$set", "distinct_id": distinct, "properties": object{"$set": object{"plan": "free", "old": 1}}})
	clock.advance(2 * time.Hour)
	id := h.raw("GET", api+"persons?distinct_id="+strings.ReplaceAll(distinct, " ", "%20"), nil).Get("results.0.uuid").String()
	state := func() string { return h.person(id).Get("properties").Raw }
	return trial{id, with(arguments, "person", id), state, func() bool { return sameJSON(state(), properties) }}
}

func sameJSON(a, b string) bool {
	var left, right any
	return json.Unmarshal([]byte(a), &left) == nil && json.Unmarshal([]byte(b), &right) == nil && fmt.Sprint(left) == fmt.Sprint(right)
}
