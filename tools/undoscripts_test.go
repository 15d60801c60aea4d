package tools_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

// script is a run of writes that can be undone, in a PostHog of its own.
type script struct {
	*house
	luck     *rand.Rand
	accounts []string
	persons  []string

	mu      sync.Mutex
	others  float64 // how likely somebody else writes, each time they could
	foreign facts   // what they wrote last during a call; "" for what they took away
	acts    int
}

// open has the script run in a house of its own.
func newScripts(t testing.TB, generation string) *script {
	s := &script{foreign: facts{}}
	s.house = open(t, setup{generation: generation, journal: file(t), sandbox: sandbox.Options{Empty: true}, wrap: s.door})
	for name, kind := range map[string]string{"Sponsor": "text", "Score": "number", "Reviewed": "boolean", "Renewal": "date"} {
		s.raw("POST", api+"custom_property_definitions", object{"name": name, "display_type": kind})
	}
	properties := object{"stripe_customer_id": "cus_1", "billing_id": nil, "slack_channel_id": "", "sfdc_id": " odd "}
	if !s.rolesApart() {
		properties["csm"] = object{"id": 2, "email": "an.old.address@example.com"} // not the one on the member's list
	}
	for _, account := range []object{{"name": "Alpha", "external_id": "alpha", "tags": []string{"us", "x"}, "properties": properties}, {"name": "Beta"}} {
		s.accounts = append(s.accounts, s.raw("POST", api+"accounts", account).Get("id").String())
	}
	if s.rolesApart() {
		s.assign(s.accounts[0], "CSM", 2)
	}
	for _, id := range []string{"one", "two"} {
		s.raw("POST", "/e/", object{"api_key": sandbox.ProjectToken, "event": "$set", "distinct_id": id, "properties": object{
			"$set": object{"email": id + "@example.com", "plan": "startup", "deep": object{"a": []any{1, nil, "é"}}, "big": 12345678901234567},
		}})
	}
	s.persons = texts(s.raw("GET", api+"persons?limit=10", nil).Get("results.#.uuid"))
	require.Len(t, s.persons, 2)
	return s
}

func (s *script) pick(choices ...any) any { return choices[s.luck.IntN(len(choices))] }

// write draws a write that can be undone.
func (s *script) write(number int) (tool string, arguments object) {
	person := object{"person": s.persons[s.luck.IntN(2)]}
	switch s.luck.IntN(9) {
	case 0:
		return "update_person", with(with(person, "set", object{"plan": s.pick("a", 7, true, []any{1, "x"}), "fresh": s.pick("y", 1.5)}), "unset", []any{s.pick("email", "deep", "big")})
	case 1:
		return "update_person_property", with(with(person, "key", s.pick("plan", "deep", "new")), "value", s.pick("a", 12345678, false, object{"a": 1}))
	case 2:
		return "delete_person_property", with(person, "key", s.pick("plan", "deep", "big", "email"))
	case 3:
		property := s.pick("Sponsor", "Score", "Reviewed", "Renewal").(string)
		value := map[string]any{"Sponsor": s.pick("Ada", ""), "Score": s.luck.IntN(4), "Reviewed": s.pick(true, false), "Renewal": s.pick("2026-03-31", "2027-01-01")}[property]
		return "set_custom_property", object{"account": s.account(), "property": property, "value": value}
	case 4:
		return "create_notebook", object{"account": s.account(), "markdown": fmt.Sprintf("# Note %d\n\nText", number)}
	case 5:
		return "create_account", object{"name": fmt.Sprint("Made ", number), "tags": []any{"made"}, "csm": s.pick("me", "grace@example.com"), "set": object{"billing_id": "b"}}
	}
	return "update_account", s.update()
}

// account is one that a write is about, now and then one that a script made.
func (s *script) account() string {
	ids := texts(s.raw("GET", api+"accounts?limit=1000&ordering=name", nil).Get("results.#.id"))
	if s.luck.IntN(4) == 0 {
		return ids[s.luck.IntN(len(ids))]
	}
	return s.accounts[s.luck.IntN(2)]
}

// update draws one to three changes of an account.
func (s *script) update() object {
	call := object{"account": s.account()}
	for range 1 + s.luck.IntN(3) {
		switch s.luck.IntN(7) {
		case 0:
			call["name"] = s.pick("One", "Two", "Alpha")
		case 1:
			call["external_id"] = fmt.Sprint("external-", call["account"], s.luck.IntN(2))
		case 2:
			call["set"] = object{"slack_channel_id": s.pick("C1", "C2"), "billing_id": s.pick("b1", "b2")}
		case 3:
			call["unset"] = []any{s.pick("sfdc_id", "stripe_customer_id", "hubspot_deal_id")}
		case 4:
			call["tags_add"], call["tags_remove"] = []any{s.pick("a", "b", "c")}, []any{s.pick("x", "us", "made")}
		case 5:
			call["csm"] = s.pick("me", "grace@example.com", "1", "none")
		case 6:
			call["account_owner"] = s.pick("me", "2")
		}
	}
	return call
}

// door has somebody else write right before a request reads what they write:
// between any two requests, but never between the last look and the write.
func (s *script) door(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if r.Method == http.MethodGet && s.others > 0 && s.luck.Float64() < s.others {
			s.act(strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, api), "/"), "/"))
		}
		s.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// act has somebody else change what a request is about to read, careful with
// all the rest. They never write what a script does: who sets a thing to what
// the script had made of it cannot be told from nobody.
func (s *script) act(path []string) {
	before := s.everything()
	switch {
	case len(path) == 2 && path[0] == "accounts" && before["accounts/"+path[1]+"/id"] != "":
		s.actOnAccount(path[1])
	case len(path) == 3 && path[2] == "custom_property_values" && before["accounts/"+path[1]+"/id"] != "":
		score := s.raw("GET", api+"custom_property_definitions", nil).Get(`results.#(name=="Score").id`).String()
		s.raw("POST", api+"accounts/"+path[1]+"/custom_property_values", object{"definition": score, "value": 1000 + s.acts})
	case len(path) == 3 && path[2] == "relationships" && before["accounts/"+path[1]+"/id"] != "":
		s.assign(path[1], s.pick("CSM", "Account owner").(string), 3)
	case len(path) == 2 && path[0] == "persons" && before["persons/"+path[1]+"/id"] != "":
		s.raw("POST", api+"persons/"+path[1]+"/update_property", object{"key": s.pick("plan", "theirs"), "value": fmt.Sprint("theirs ", s.acts)})
	default:
		return
	}
	s.acts++
	after := s.everything()
	for _, path := range (change{before, after}).paths() {
		s.foreign[path] = after[path]
	}
}

// actOnAccount changes one thing of an account.
func (s *script) actOnAccount(id string) {
	account := s.raw("GET", api+"accounts/"+id, nil)
	switch s.luck.IntN(3) {
	case 0:
		s.raw("PATCH", api+"accounts/"+id, object{"name": fmt.Sprint("Theirs ", s.acts)})
	case 1:
		tags := texts(account.Get("tags"))
		tags = slices.DeleteFunc(tags, func(tag string) bool { return tag == "a" || tag == "b" })
		if tag := s.pick("x", "us").(string); !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
		s.raw("PATCH", api+"accounts/"+id, object{"tags": tags})
	default:
		properties := account.Get("properties").Value().(object)
		properties[s.pick("billing_id", "zendesk_id", "sfdc_id").(string)] = fmt.Sprint("theirs ", s.acts)
		s.raw("PATCH", api+"accounts/"+id, object{"properties": properties})
	}
}

// interrupt has somebody else write between two calls.
func (s *script) interrupt() {
	if s.others == 0 || s.luck.Float64() < 0.5 {
		return
	}
	id := s.accounts[s.luck.IntN(2)]
	paths := [][]string{{"accounts", id}, {"accounts", id, "custom_property_values"}, {"persons", s.persons[s.luck.IntN(2)]}}
	if s.rolesApart() {
		paths = append(paths, []string{"accounts", id, "relationships"})
	}
	s.act(paths[s.luck.IntN(len(paths))])
}

// deed is a write of a script, and what it did.
type deed struct {
	change
	receipt result
}

// run makes the writes of one script. Each of them says whether it can be taken
// back.
func (s *script) run(t testing.TB, number int) (deeds []deed) {
	others := s.others
	for step := range 1 + s.luck.IntN(6) {
		s.interrupt()
		s.others = 0
		before := s.everything()
		tool, arguments := s.write(number*10 + step)
		receipt := s.call(tool, arguments)
		after := s.everything()
		s.others = others
		if receipt.isError || receipt.str("outcome") == "ignored" {
			require.Equal(t, before, after, "%s %v: %s", tool, arguments, receipt.text)
			continue
		}
		require.Equal(t, "applied", receipt.str("outcome"), receipt.text)
		deeds = append(deeds, deed{change{before, after}, receipt})
	}
	return deeds
}

// undo takes one write back and holds what is there then against what has to
// be: the write's own facts as they were before it, and nothing else touched.
func (s *script) undo(t testing.TB, d deed) (refused bool) {
	s.interrupt()
	before := s.everything()
	clear(s.foreign)
	write := object{"write": d.receipt.str("write")}
	answer := s.call("undo_write", write)
	met := maps.Clone(before)
	s.foreign.over(met)
	after, others := s.everything(), s.others
	s.others = 0
	defer func() { s.others = others }()
	if !answer.isError {
		want := d.undone(before)
		s.foreign.over(want)
		require.Equal(t, want, after, "%s\nundone: %s", d.receipt.text, answer.text)
		require.True(t, answer.str("outcome") == "applied" || len(s.foreign) > 0, answer.text)
		return false
	}
	require.Equal(t, met, after, "refused, and nothing is done: %s", answer.text)
	announced := d.receipt.str("undo") != "undo_write "+fmt.Sprintf(`{"write":%q}`, write["write"])
	switch {
	case d.isTouched(met):
		require.Regexp(t, "changed since by somebody else: .+|lets no API key take|cannot be undone", answer.text)
	default:
		require.True(t, announced, "refused without reason, and the receipt had not said so: %s\n%s", answer.text, d.receipt.text)
	}
	return true
}

// Whatever the writes, undone in reverse they leave everything exactly as it
// was. Where somebody else writes between any two requests, what they wrote
// stays, and an undo that is refused says why. What cannot be taken back says so
// in its receipt.
func TestUndoScripts(t *testing.T) {
	t.Parallel()
	for _, generation := range []string{"documented", "current"} {
		for name, others := range map[string]float64{"alone": 0, "beside others": 0.2} {
			t.Run(generation+" "+name, func(t *testing.T) {
				t.Parallel()
				scripts, writes, undone, refused, acts := rounds(10, 1000), 0, 0, 0, 0
				var s *script
				for number := range scripts {
					if number%50 == 0 { // they leave things behind
						s = newScripts(t, generation)
					}
					s.luck, s.others, s.acts = rand.New(rand.NewPCG(11, uint64(number))), others, 0
					start := s.everything()
					deeds, whole := s.run(t, number), others == 0
					writes += len(deeds)
					for _, d := range slices.Backward(deeds) {
						if s.undo(t, d) {
							refused++
							whole = false
						} else {
							undone++
						}
					}
					if whole {
						require.Equal(t, start, s.everything(), "script %d", number)
					}
					acts += s.acts
				}
				require.Greater(t, undone, scripts)
				t.Logf("%d scripts of %d writes beside %d of others: %d undone exactly, %d refused with their reasons, 0 of the others' lost", scripts, writes, acts, undone, refused)
			})
		}
	}
}
