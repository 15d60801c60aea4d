package jobs_test

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox/seed"
)

const (
	hana      = 6
	hanaEmail = "hana@example.com"
	grace     = "grace@example.com"
)

var unassigned = job{
	number: 1, asked: "Which of my accounts have no CSM?",
	want: func(r *reader) answer {
		return r.book.names(r.book.accounts(func(e entity) bool { return e["account_owner"] == fmt.Sprint(seed.Ada) && e["csm"] == "" }))
	},
	ours: func(s *session) answer {
		return called(s.rows("list_accounts", object{"account_owner": "me", "csm": "unassigned", "fields": []string{"name"}}))
	},
	thin: func(s *session) answer {
		me := s.call("users_retrieve", object{}).Get("id").Int()
		return called(s.holding(object{"account_owner": me, "csm": "unassigned"}))
	},
}

// The note that goes with a hand-over, for each account.
const (
	noteTitle = "Handover from Grace to Hana"
	noteText  = "## " + noteTitle + "\n\nHana looks after {{name}} from today on. Open threads are in the notes below; ask Grace until the end of the month."
)

// wordsOfNote is what the note of an account says.
func wordsOfNote(name string) string { return strings.ReplaceAll(noteText, "{{name}}", name) }

var handOver = job{
	number: 3, asked: "Hand over all accounts of Grace to Hana, with a note on each",
	want: func(r *reader) answer { return answer{fmt.Sprint(len(r.book.accounts(heldByGrace)), " handed over")} },
	effect: func(b book) {
		for n, key := range b.accounts(heldByGrace) {
			b.change(key, entity{"csm": fmt.Sprint(hana)})
			_, id, _ := strings.Cut(key, "/")
			b[numbered(noteKind+noteTitle, n+1)] = entity{"account": id, "title": noteTitle, "words": words(wordsOfNote(b[key]["name"])), "author": fmt.Sprint(seed.Ada)}
		}
	},
	ours: func(s *session) answer {
		plan := object{"accounts": object{"csm": grace}, "changes": object{"csm": hanaEmail}, "note": noteText, "max_tokens": glance}
		return answer{fmt.Sprint(s.applied(plan), " handed over")}
	},
	thin: func(s *session) answer {
		from, to := s.colleagues()
		done, csm := 0, ""
		for _, account := range s.holding(object{"csm": from}) {
			id := account.Get("id").String()
			changed := gjson.Result{}
			if s.side.apart {
				csm = s.definition(csm)
				changed = s.call("accounts_relationships_create", object{"account_id": id, "definition": csm, "user": to}).Get("user.id")
			} else {
				properties := account.Get("properties").Value().(object)
				properties["csm"] = object{"id": to, "email": hanaEmail}
				changed = s.call("accounts_partial_update", object{"id": id, "properties": properties}).Get("properties.csm.id")
			}
			s.call("accounts_notebooks_create", object{"account_id": id, "title": noteTitle, "text_content": wordsOfNote(account.Get("name").String())})
			done += count(changed.Int() == to)
		}
		return answer{fmt.Sprint(done, " handed over")}
	},
	naive: func(s *session) answer {
		from, to := s.colleagues()
		accounts := s.pages("accounts_list", object{"csm": from})
		for _, account := range accounts {
			id := account.Get("id").String()
			s.call("accounts_partial_update", object{"id": id, "properties": object{"csm": object{"id": to, "email": hanaEmail}}})
			s.call("accounts_notebooks_create", object{"account_id": id, "title": noteTitle, "text_content": wordsOfNote(account.Get("name").String())})
		}
		return answer{fmt.Sprint(len(accounts), " handed over")}
	},
	trap: "properties are replaced",
}

func heldByGrace(e entity) bool { return e["csm"] == fmt.Sprint(seed.Grace) }

// called gives what rows are called.
func called(rows []gjson.Result) answer {
	var names answer
	for _, row := range rows {
		names = append(names, row.Get("name").String())
	}
	return names
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// colleagues finds the user ids of Grace and Hana.
func (s *session) colleagues() (from, to int64) {
	for _, member := range s.call("members_list", object{}).Get("results").Array() {
		switch member.Get("user.email").String() {
		case grace:
			from = member.Get("user.id").Int()
		case hanaEmail:
			to = member.Get("user.id").Int()
		}
	}
	return from, to
}

// holding lists the accounts that fit a filter by roles. Where PostHog ignores such filters, an agent that knows
// it has to read every account and, one by one, who is on it.
func (s *session) holding(filter object) []gjson.Result {
	if !s.side.apart {
		return s.pages("accounts_list", filter)
	}
	var fitting []gjson.Result
	for _, account := range s.pages("accounts_list", object{}) {
		held, fits := s.held(account), true
		for role, holder := range filter {
			want, _ := holder.(int64) // none if unassigned
			fits = fits && held[role] == want
		}
		if fits {
			fitting = append(fitting, account)
		}
	}
	return fitting
}

// held reads who holds which role on an account.
func (s *session) held(account gjson.Result) map[string]int64 {
	held := map[string]int64{}
	if s.side.apart {
		for _, r := range s.call("accounts_relationships_list", object{"account_id": account.Get("id").String()}).Array() {
			held[roleFact(r.Get("definition.name").String())] = r.Get("user.id").Int()
		}
		return held
	}
	for _, role := range []string{"csm", "account_executive", "account_owner"} {
		held[role] = account.Get("properties." + role + ".id").Int()
	}
	return held
}

// definition finds the relationship that stands for the CSM, unless it is known.
func (s *session) definition(known string) string {
	if known != "" {
		return known
	}
	definitions := s.call("account_relationship_definitions_list", object{})
	list := definitions.Array()
	if definitions.IsObject() {
		list = definitions.Get("results").Array()
	}
	for _, d := range list {
		if roleFact(d.Get("name").String()) == "csm" {
			return d.Get("id").String()
		}
	}
	return ""
}
