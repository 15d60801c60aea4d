package jobs_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"golang.org/x/text/unicode/norm"

	"posthog-accounts-mcp/sandbox/seed"
)

// acme is the account that most jobs are about.
const acme = accountKind + seed.AcmeID

var whoseChannel = job{
	number: 10, asked: "Which account is Slack " + seed.SharedSlackChannel + "?",
	want: func(r *reader) answer {
		return r.book.names(r.book.accounts(func(e entity) bool { return e["slack_channel_id"] == seed.SharedSlackChannel }))
	},
	ours: func(s *session) answer {
		return called(s.call("resolve", object{"query": seed.SharedSlackChannel}).Get("accounts").Array())
	},
	thin: func(s *session) answer { // two accounts share it, so that stopping at the first would be wrong
		return called(where(s.pages("accounts_list", object{}), func(a gjson.Result) bool {
			return a.Get("properties.slack_channel_id").String() == seed.SharedSlackChannel
		}))
	},
}

// where are the rows that fit.
func where(rows []gjson.Result, fits func(gjson.Result) bool) []gjson.Result {
	return slices.DeleteFunc(rows, func(row gjson.Result) bool { return !fits(row) })
}

const renewalTag, newTag = "q4-renewal", "renewal-desk"

var tagRenewals = job{
	number: 11, asked: "Tag all Q4 renewals for the renewal desk",
	want: func(r *reader) answer {
		return answer{fmt.Sprint(len(r.book.accounts(having(tagFact+renewalTag))), " tagged")}
	},
	effect: func(b book) {
		for _, key := range b.accounts(having(tagFact + renewalTag)) {
			b.change(key, entity{tagFact + newTag: present})
		}
	},
	ours: func(s *session) answer {
		plan := object{"accounts": object{"tags": []string{renewalTag}}, "changes": object{"tags_add": []string{newTag}}, "max_tokens": glance}
		return answer{fmt.Sprint(s.applied(plan), " tagged")}
	},
	thin: func(s *session) answer {
		return s.tag(func(account gjson.Result) []string { return texts(account.Get("tags")) })
	},
	naive: func(s *session) answer { return s.tag(func(gjson.Result) []string { return nil }) },
	trap:  "tags are replaced",
}

// tag adds a tag to all renewals, to those that are kept.
func (s *session) tag(kept func(gjson.Result) []string) answer {
	done := 0
	for _, account := range s.pages("accounts_list", object{"tags": []any{renewalTag}}) {
		changed := s.call("accounts_partial_update", object{"id": account.Get("id").String(), "tags": append(kept(account), newTag)})
		done += count(slices.Contains(texts(changed.Get("tags")), newTag))
	}
	return answer{fmt.Sprint(done, " tagged")}
}

func texts(list gjson.Result) []string {
	all := []string{}
	for _, item := range list.Array() {
		all = append(all, item.String())
	}
	return all
}

const newStripe = "cus_Qm41newAcme77"

var storeStripe = job{
	number: 12, asked: "Store Acme's Stripe customer id",
	want:   func(*reader) answer { return answer{newStripe} },
	effect: func(b book) { b.change(acme, entity{"stripe_customer_id": newStripe}) },
	ours: func(s *session) answer {
		receipt := s.call("update_account", object{"account": seed.AcmeName, "set": object{"stripe_customer_id": newStripe}})
		return answer{receipt.Get("after.stripe_customer_id").String()}
	},
	thin: func(s *session) answer {
		id := s.named(seed.AcmeName).Get("id").String()
		properties := s.call("accounts_retrieve", object{"id": id}).Get("properties").Value().(object)
		properties["stripe_customer_id"] = newStripe
		return answer{s.call("accounts_partial_update", object{"id": id, "properties": properties}).Get("properties.stripe_customer_id").String()}
	},
	naive: func(s *session) answer {
		changed := s.call("accounts_partial_update", object{"id": s.named(seed.AcmeName).Get("id").String(), "properties": object{"stripe_customer_id": newStripe}})
		return answer{changed.Get("properties.stripe_customer_id").String()}
	},
	trap: "properties are replaced",
}

// named searches for an account, and takes the one of exactly this name.
func (s *session) named(name string) gjson.Result {
	found := where(s.call("accounts_list", object{"search": name}).Get("results").Array(), func(a gjson.Result) bool { return a.Get("name").String() == name })
	return found[0]
}

var hygiene = job{
	number: 15, asked: "Which accounts lack an owner, an external id or a Stripe id, or share a name?",
	want: func(r *reader) answer {
		names := map[string]int{}
		for _, key := range r.book.accounts(having("name")) {
			names[norm.NFC.String(r.book[key]["name"])]++
		}
		lacking := func(fact string) int { return len(r.book.accounts(func(e entity) bool { return e[fact] == "" })) }
		return problems(lacking("account_owner"), lacking("external_id"), lacking("stripe_customer_id"), doubles(names))
	},
	ours: func(s *session) answer {
		found := s.call("audit_accounts", object{"max_tokens": glance})
		total := func(check string) int { return int(found.Get(`findings.#(check="` + check + `").total`).Int()) }
		stripe := int(found.Get(`findings.#(check="missing_ids").missing.stripe_customer_id`).Int())
		return problems(total("no_owner"), total("no_external_id"), stripe, total("duplicate_names"))
	},
	thin: func(s *session) answer {
		names, owners, externals, stripes := map[string]int{}, 0, 0, 0
		for _, account := range s.pages("accounts_list", object{}) {
			names[norm.NFC.String(account.Get("name").String())]++
			owners += count(s.held(account)["account_owner"] == 0)
			externals += count(account.Get("external_id").String() == "")
			stripes += count(account.Get("properties.stripe_customer_id").String() == "")
		}
		return problems(owners, externals, stripes, doubles(names))
	},
}

func problems(owners, externals, stripes, names int) answer {
	return answer{fmt.Sprint(owners, " without owner"), fmt.Sprint(externals, " without external id"), fmt.Sprint(stripes, " without Stripe id"), fmt.Sprint(names, " with a name that is taken")}
}

// doubles counts those that come after the first of their name.
func doubles(names map[string]int) int {
	n := 0
	for _, times := range names {
		n += times - 1
	}
	return n
}

// line is a line of a CSV of accounts.
type line struct{ name, external, billing string }

// lines are 50 accounts: 20 new ones, 25 with a new billing id, and 5 that are as they should be already.
func lines() []line {
	var csv []line
	for n := range 20 {
		csv = append(csv, line{fmt.Sprintf("Imported %02d Ltd", n), fmt.Sprintf("import-%02d", n), fmt.Sprintf("bill_9000%02d", n)})
	}
	updated, same := 25, 5
	for _, account := range seed.Accounts()[200:] {
		billing := account.Properties["billing_id"]
		switch {
		case account.ExternalID == "" || account.Churned || account.Ignored:
		case updated > 0:
			csv = append(csv, line{account.Name, account.ExternalID, fmt.Sprintf("bill_8000%02d", updated)})
			updated--
		case same > 0 && billing != "":
			csv = append(csv, line{account.Name, account.ExternalID, billing})
			same--
		}
	}
	return csv
}

var importCSV = job{
	number: 16, asked: "Import these 50 accounts from a CSV",
	want: func(*reader) answer { return answer{"45 created or updated"} },
	effect: func(b book) {
		for _, l := range lines() {
			keys := b.accounts(func(e entity) bool { return e["external_id"] == l.external })
			if len(keys) == 0 {
				b[accountKind+l.external] = entity{"name": l.name, "external_id": l.external, "billing_id": l.billing}
				continue
			}
			b.change(keys[0], entity{"billing_id": l.billing})
		}
	},
	ours: func(s *session) answer {
		var rows []object
		for _, l := range lines() {
			rows = append(rows, object{"name": l.name, "external_id": l.external, "set": object{"billing_id": l.billing}})
		}
		return answer{fmt.Sprint(s.applied(object{"rows": rows, "max_tokens": glance}), " created or updated")}
	},
	thin: func(s *session) answer {
		return s.importAll(func(account gjson.Result) object { return account.Get("properties").Value().(object) })
	},
	naive: func(s *session) answer { return s.importAll(func(gjson.Result) object { return object{} }) },
	trap:  "properties are replaced",
}

// importAll looks for each account and creates or changes it, with the properties that are kept.
func (s *session) importAll(kept func(gjson.Result) object) answer {
	done := 0
	for _, l := range lines() {
		found := where(s.call("accounts_list", object{"search": l.external}).Get("results").Array(), func(a gjson.Result) bool { return a.Get("external_id").String() == l.external })
		switch {
		case len(found) == 0:
			s.call("accounts_create", object{"name": l.name, "external_id": l.external, "properties": object{"billing_id": l.billing}})
			done++
		case found[0].Get("properties.billing_id").String() != l.billing:
			properties := kept(found[0])
			properties["billing_id"] = l.billing
			s.call("accounts_partial_update", object{"id": found[0].Get("id").String(), "properties": properties})
			done++
		}
	}
	return answer{fmt.Sprint(done, " created or updated")}
}

// What others do over the weekend: a tag, an external id, a Stripe id.
const (
	weekendTag      = "escalated"
	weekendExternal = "northwind-traders-emea"
	weekendStripe   = "cus_0fTheWeekend0"
)

var whatChanged = job{
	number: 17, asked: "What changed on our accounts since Friday?",
	before: func(s *side) {
		if s.product {
			s.converse(s).call("list_account_changes", object{}) // on Friday
		}
		s.friday = time.Now()
		s.edit(seed.NorthwindA, func(a object) object { return object{"tags": append(a["tags"].([]any), weekendTag)} })
		s.edit(seed.NorthwindB, func(object) object { return object{"external_id": weekendExternal} })
		s.edit(seed.OrdersID, func(a object) object {
			a["properties"].(object)["stripe_customer_id"] = weekendStripe
			return object{"properties": a["properties"]}
		})
	},
	want: func(r *reader) answer {
		return answer{seed.NorthwindName + ": tags", seed.NorthwindName + ": external_id", r.book[accountKind+seed.OrdersID]["name"] + ": stripe_customer_id"}
	},
	ours: func(s *session) answer {
		var changes answer
		for _, row := range s.rows("list_account_changes", object{}) {
			changes = append(changes, row.Get("name").String()+": "+row.Get("field").String())
		}
		return changes
	},
	thin: func(s *session) answer {
		return called(where(s.call("accounts_list", object{"ordering": "-updated_at", "limit": 100}).Get("results").Array(), func(a gjson.Result) bool {
			at, err := time.Parse(time.RFC3339, a.Get("updated_at").String())
			return err == nil && at.After(s.side.friday)
		}))
	},
	amiss: "knows which accounts, not what of them; misses tags",
}

// edit changes an account as somebody else would.
func (s *side) edit(id string, change func(object) object) {
	path := api + "accounts/" + id + "/"
	body, err := json.Marshal(change(s.ask("GET", path, "").Value().(object)))
	require.NoError(s, err)
	s.ask("PATCH", path, string(body))
	s.written = append(s.written, path)
}

var undoIt = job{
	number: 19, asked: "Undo what you just did", apart: "the API has no undo", restores: true,
	before: func(s *side) {
		s.converse(s).call("update_account", object{"account": seed.AcmeName, "set": object{"hubspot_deal_id": "9000000001"}, "tags_add": []string{"by-mistake"}})
	},
	want: func(*reader) answer { return answer{"undone"} },
	ours: func(s *session) answer {
		last := s.call("list_writes", object{"limit": 1}).Get("rows.0.write").String()
		undone := s.call("undo_write", object{"write": last})
		if undone.Get("outcome").String() != "applied" {
			return nil
		}
		return answer{"undone"}
	},
}

const renewalDate = "2027-01-31"

// aQuarter are 25 accounts that an earlier answer named.
func aQuarter() []string {
	var chosen []string
	for _, account := range seed.Accounts() {
		if len(chosen) < 25 && !account.Churned && !account.Ignored && account.CSM == 7 {
			chosen = append(chosen, account.ID)
		}
	}
	return chosen
}

var setRenewal = job{
	number: 20, asked: "Set the renewal date of these 25 accounts",
	want: func(*reader) answer { return answer{"25 set"} },
	effect: func(b book) {
		for _, id := range aQuarter() {
			b.change(accountKind+id, entity{valueFact + "Renewal date": renewalDate + "T00:00:00Z"})
		}
	},
	ours: func(s *session) answer {
		plan := object{"accounts": object{"ids": aQuarter()}, "changes": object{"custom_properties": object{"Renewal date": renewalDate}}, "max_tokens": glance}
		return answer{fmt.Sprint(s.applied(plan), " set")}
	},
	thin: func(s *session) answer {
		definition := s.call("custom_property_definitions_list", object{}).Get(`results.#(name="Renewal date").id`).String()
		done := 0
		for _, id := range aQuarter() {
			made := s.call("accounts_custom_property_values_create", object{"account_id": id, "definition": definition, "value": renewalDate})
			done += count(strings.HasPrefix(made.Get("value").String(), renewalDate))
		}
		return answer{fmt.Sprint(done, " set")}
	},
}
