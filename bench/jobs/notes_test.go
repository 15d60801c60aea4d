package jobs_test

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox/seed"
)

const (
	callTitle = "Call about the renewal"
	callTag   = "renewal-talk"
	callNotes = `## Call about the renewal

**With:** Rosalind Merriweather (Head of Product), Desmond Oakeshott (Finance Director)

They renew if every plant gets a dashboard of its own before the contract ends. Desmond needs the offer in writing by
Friday, with the price per plant and not per robot. Rosalind asked for nobody else to be added until the pilot is over.

### Agreed

- Pilot with the Harbour plant, four weeks, group analytics with ` + "`plant`" + ` as group type
- Same discount as last year if they sign for two years
- We look at the charts together on the first Tuesday of the month

### Next steps

- [ ] Send the offer to Desmond
- [ ] Invite the maintenance team to the training
- [ ] Ask engineering whether old events can be given a group
`
)

var writeUp = job{
	number: 2, asked: "Write up this call as a note on Acme and tag it",
	want: func(*reader) answer { return answer{"written", "tagged"} },
	effect: func(b book) {
		b[noteKind+callTitle] = entity{"account": seed.AcmeID, "title": callTitle, "words": words(callNotes), "author": fmt.Sprint(seed.Ada)}
		b.change(acme, entity{tagFact + callTag: present})
	},
	ours: func(s *session) answer {
		note := s.call("create_notebook", object{"account": seed.AcmeName, "title": callTitle, "markdown": callNotes, "key": "acme-renewal-call"})
		tags := s.call("update_account", object{"account": seed.AcmeName, "tags_add": []string{callTag}})
		return writtenUp(note.Get("outcome").String() == "applied", tags.Get("after.tags"))
	},
	thin: func(s *session) answer {
		id := s.named(seed.AcmeName).Get("id").String()
		note := s.call("accounts_notebooks_create", object{"account_id": id, "title": callTitle, "text_content": callNotes})
		tags := texts(s.call("accounts_retrieve", object{"id": id}).Get("tags"))
		changed := s.call("accounts_partial_update", object{"id": id, "tags": append(tags, callTag)})
		return writtenUp(note.Get("title").String() == callTitle, changed.Get("tags"))
	},
	naive: func(s *session) answer {
		id := s.named(seed.AcmeName).Get("id").String()
		note := s.call("accounts_notebooks_create", object{"account_id": id, "title": callTitle, "text_content": callNotes})
		changed := s.call("accounts_partial_update", object{"id": id, "tags": []string{callTag}})
		return writtenUp(note.Get("title").String() == callTitle, changed.Get("tags"))
	},
	trap: "tags are replaced",
}

func writtenUp(note bool, tags gjson.Result) answer {
	var done answer
	if note {
		done = append(done, "written")
	}
	if strings.Contains(tags.Raw, callTag) {
		done = append(done, "tagged")
	}
	return done
}

// followUpText is added before writeUp makes another note the latest.
const followUpText = "- [ ] Send the price list for two more plants"

var addFollowUp = job{
	number: 13, asked: "Add the follow-up to yesterday's note on Acme",
	want: func(*reader) answer { return answer{"added"} },
	effect: func(b book) {
		key := noteKind + seed.AcmeLatestNote
		b.change(key, entity{"words": b[key]["words"] + " " + words(followUpText)})
	},
	ours: func(s *session) answer {
		receipt := s.call("append_note", object{"account": seed.AcmeName, "notebook": "latest", "section": "Next steps", "markdown": followUpText, "key": "acme-follow-up"})
		return added(receipt.Get("after.ends").String())
	},
	thin: func(s *session) answer {
		id := s.named(seed.AcmeName).Get("id").String()
		note := s.call("accounts_notebooks_list", object{"account_id": id, "ordering": "-created_at", "limit": 1}).Get("results.0")
		text := strings.TrimRight(note.Get("text_content").String(), "\n") + "\n" + followUpText + "\n"
		made := s.call("accounts_notebooks_create", object{"account_id": id, "title": note.Get("title").String(), "text_content": text})
		s.call("accounts_notebooks_destroy", object{"account_id": id, "short_id": note.Get("short_id").String()})
		return added(made.Get("text_content").String())
	},
	amiss: "the note becomes another one: links, author and date are lost",
}

func added(text string) answer {
	if strings.HasSuffix(words(text), words(followUpText)) {
		return answer{"added"}
	}
	return nil
}

// acmeFacts are what a briefing on Acme has to know, as PostHog has it stored.
func acmeFacts(b book, more ...string) answer {
	facts := answer{grace, "linus@example.com", b[acme][valueFact+"Executive sponsor"]}
	for _, fact := range more {
		facts = append(facts, strings.TrimSuffix(b[acme][valueFact+fact], "T00:00:00Z"))
	}
	return facts
}

var prepareQBR = job{
	number: 7, asked: "Prepare the QBR for Acme",
	want: func(r *reader) answer {
		facts := acmeFacts(r.book, "ARR", "Renewal date", "Plan")
		for _, key := range r.book.of(noteKind, func(e entity) bool { return e["account"] == seed.AcmeID }) {
			facts = append(facts, r.book[key]["title"])
		}
		return facts
	},
	ours: func(s *session) answer {
		s.call("get_account_brief", object{"account": seed.AcmeName, "kind": "qbr", "max_tokens": 4000})
		return s.told(s.wanted)
	},
	thin: func(s *session) answer {
		account := s.readAcme()
		filter := []any{object{"key": "org_id", "value": account.Get("external_id").String(), "operator": "exact", "type": "person"}}
		persons := s.call("persons_list", object{"properties": filter, "limit": 100}).Get("results").Array()
		for _, person := range persons[:min(5, len(persons))] {
			s.call("persons_activity_retrieve", object{"id": person.Get("uuid").String()})
		}
		return s.told(s.wanted)
	},
}

var beforeCall = job{
	number: 8, asked: "What do I need to know before my call with Acme?",
	want: func(r *reader) answer {
		return append(acmeFacts(r.book, "Renewal date", "Plan"), "Call about the fleet dashboard", "group calls from the gateway")
	},
	ours: func(s *session) answer {
		s.call("get_account_brief", object{"account": seed.AcmeName, "kind": "call", "max_tokens": 1500})
		return s.told(s.wanted)
	},
	thin: func(s *session) answer {
		s.readAcme()
		return s.told(s.wanted)
	},
}

// readAcme reads Acme with its notes and custom properties.
func (s *session) readAcme() gjson.Result {
	account := s.named(seed.AcmeName)
	id := account.Get("id").String()
	s.call("accounts_notebooks_list", object{"account_id": id})
	s.call("accounts_custom_property_values_list", object{"account_id": id})
	s.call("custom_property_definitions_list", object{})
	s.held(account)
	return account
}

var whoComplained = job{
	number: 14, asked: "Who complained about exports?", apart: "the API searches one account at a time",
	want: func(r *reader) answer {
		var names answer
		seen := map[string]bool{}
		for _, key := range r.book.of(noteKind, func(e entity) bool { return strings.Contains(" "+e["words"], " export") }) {
			if account := accountKind + r.book[key]["account"]; !seen[account] {
				seen[account] = true
				names = append(names, r.book[account]["name"])
			}
		}
		return names
	},
	ours: func(s *session) answer {
		var names answer
		seen := map[string]bool{}
		for _, row := range s.rows("search_notes", object{"query": "export", "limit": 50}) {
			if id := row.Get("account_id").String(); !seen[id] {
				seen[id] = true
				names = append(names, row.Get("account").String())
			}
		}
		return names
	},
	thin: func(s *session) answer {
		var names answer
		for _, account := range s.pages("accounts_list", object{}) {
			if found := s.call("accounts_notebooks_list", object{"account_id": account.Get("id").String(), "search": "export"}); found.Get("count").Int() > 0 {
				names = append(names, account.Get("name").String())
			}
		}
		return names
	},
}
