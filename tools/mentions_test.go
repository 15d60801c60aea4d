package tools_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// mention is what somebody calls an account, with what they mean by it.
type mention struct {
	kind, text string
	meant      []string // several where it fits several, none where it means no account of this project
}

// mentions draws labelled mentions of the seeded portfolio, all kinds equally
// often.
type mentions struct {
	*rand.Rand
	h        *house
	accounts []seed.Account
	notes    []seed.Note
	renamed  map[string]string // what an account was called before, by id
	named    map[string][]string
}

func newMentions(h *house) *mentions {
	m := &mentions{Rand: rand.New(rand.NewPCG(1, 2)), h: h, accounts: seed.Accounts(), notes: seed.Notes(), renamed: map[string]string{}, named: map[string][]string{}}
	for i, account := range m.accounts {
		if i%40 == 9 { // has another name by now
			m.renamed[account.ID] = account.Name
			m.accounts[i].Name = "Renamed " + account.ID[:8]
			h.raw("PATCH", api+"accounts/"+account.ID, object{"name": m.accounts[i].Name})
		}
		m.named[m.accounts[i].Name] = append(m.named[m.accounts[i].Name], account.ID)
	}
	return m
}

// any is an account that fits, with an ordinary name.
func (m *mentions) any(fits func(seed.Account) bool) seed.Account {
	for {
		account := m.accounts[m.IntN(len(m.accounts))]
		if fits(account) && len(m.named[account.Name]) == 1 && m.renamed[account.ID] == "" && !strings.ContainsAny(account.Name, "\u200b\u202e") {
			return account
		}
	}
}

// plainly tells a name of a few letters of the Latin alphabet.
func plainly(account seed.Account) bool {
	return len(account.Name) < 60 && !strings.ContainsFunc(account.Name, func(r rune) bool { return r > 0x17f || strings.ContainsRune("<>{}|/\\`%_\"", r) })
}

func linked(account seed.Account) bool { return account.ExternalID != "" }

// kinds make one mention each.
func (m *mentions) kinds() map[string]func() mention {
	of := func(text string, meant ...string) mention { return mention{text: text, meant: meant} }
	named := func(change func(string) string) func() mention {
		return func() mention { a := m.any(plainly); return of(change(a.Name), a.ID) }
	}
	foreign := func(key, before, after string) func() mention {
		return func() mention {
			a := m.any(func(a seed.Account) bool {
				return a.Properties[key] != "" && a.Properties[key] != seed.SharedSlackChannel
			})
			return of(before+a.Properties[key]+after, a.ID)
		}
	}
	kinds := map[string]func() mention{
		"id":                  named(func(s string) string { return s }),
		"id in upper case":    func() mention { a := m.any(anyAccount); return of(" "+strings.ToUpper(a.ID)+"\n", a.ID) },
		"external id":         func() mention { a := m.any(linked); return of(a.ExternalID, a.ID) },
		"spaced external id":  func() mention { a := m.any(linked); return of("\t"+a.ExternalID+"  ", a.ID) },
		"cased external id":   func() mention { a := m.any(linked); return of(strings.ToUpper(a.ExternalID), a.ID) },
		"name":                func() mention { a := m.any(anyAccount); return of(a.Name, a.ID) },
		"name in lower case":  named(strings.ToLower),
		"name without accent": func() mention { a := m.any(accented); return of(unaccented(a.Name), a.ID) },
		"name with a suffix":  named(func(s string) string { return s + []string{" Inc.", ", Ltd", " GmbH", " S.A.S.", " LLC"}[m.IntN(5)] }),
		"name as a slug":      named(func(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "-") }),
		"name with a typo":    named(m.typo),
		"namesake": func() mention {
			name := []string{seed.NorthwindName, "Blue Harbor Analytics", "Summit Dental Group"}[m.IntN(3)]
			return of(name, m.named[name]...)
		},
		"stale name": func() mention {
			id := slices.Sorted(maps.Keys(m.renamed))[m.IntN(len(m.renamed))]
			return of(m.renamed[id])
		},
		"shared channel": func() mention { return of(seed.SharedSlackChannel, seed.AcmeID, m.named["Acme Robotics Nordic AB"][0]) },
		"Stripe":         foreign("stripe_customer_id", "", ""), "HubSpot": foreign("hubspot_deal_id", " ", ""), "Salesforce": foreign("sfdc_id", "", "\n"),
		"Zendesk": foreign("zendesk_id", "", ""), "Slack": foreign("slack_channel_id", "", ""), "billing": foreign("billing_id", "", ""),
		"Stripe's page": foreign("stripe_customer_id", "https://dashboard.stripe.com/customers/", "?tab=1"),
		"address": func() mention {
			a := m.any(anyAccount)
			return of(m.h.origin+"/project/1/customer_analytics/accounts/"+a.ID, a.ID)
		},
		"other project": func() mention {
			a := m.any(anyAccount)
			return of(m.h.origin + "/project/2/customer_analytics/accounts/" + a.ID)
		},
		"note's address": func() mention {
			n := m.notes[m.IntN(len(m.notes))]
			return of(m.h.origin+"/project/1/notebooks/"+n.ShortID, n.AccountID)
		},
		"domain":     func() mention { a := m.any(linked); return of(a.Domain, a.ID) },
		"website":    func() mention { a := m.any(linked); return of("https://www."+a.Domain+"/about", a.ID) },
		"newcomer":   func() mention { a := m.any(linked); return of("somebody.new@"+a.Domain, a.ID) },
		"nonsense":   func() mention { return of(fmt.Sprintf("%x no such customer", m.Uint64())) },
		"unknown id": func() mention { return of(fmt.Sprintf("cus_%x", m.Uint64())) },
	}
	kinds["id"] = func() mention { a := m.any(anyAccount); return of(a.ID, a.ID) }
	return kinds
}

func accented(a seed.Account) bool { return unaccented(a.Name) != a.Name }

func unaccented(name string) string {
	return strings.NewReplacer("é", "e", "ü", "u", "ö", "o", "Ł", "L", "ó", "o", "ź", "z", "Ś", "S", "ś", "s", "ã", "a", "ç", "c", "İ", "I", "ğ", "g", "ı", "i", "Ç", "C", "ö", "o", "Ş", "S").Replace(name)
}

// typo takes a letter out, doubles it, changes it, or swaps it with the next.
func (m *mentions) typo(name string) string {
	letters := []rune(name)
	at := 1 + m.IntN(len(letters)-2)
	switch m.IntN(4) {
	case 0:
		return string(slices.Delete(letters, at, at+1))
	case 1:
		return string(slices.Insert(letters, at, letters[at]))
	case 2:
		letters[at] = 'x'
	default:
		letters[at], letters[at+1] = letters[at+1], letters[at]
	}
	return string(letters)
}

// called are the accounts that a text names exactly, by reading all of them: the
// only ones that a write may go to.
func called(all []gjson.Result, text string) (exactly []string) {
	text = strings.TrimSpace(text)
	for _, account := range all {
		names := []string{account.Get("external_id").String(), strings.TrimSpace(account.Get("name").String()), strings.ToUpper(account.Get("id").String()), account.Get("id").String()}
		account.Get("properties").ForEach(func(key, value gjson.Result) bool {
			if key.String() != "website_domain" { // whose a domain is, is no name
				names = append(names, value.String())
			}
			return true
		})
		if slices.Contains(names, text) {
			exactly = append(exactly, account.Get("id").String())
		}
	}
	return exactly
}

// score is how the mentions of one kind ended.
type score struct{ count, resolved, written, tokens, most int }

// Whatever people call an account: resolve says at once which one is meant, or
// which ones may be; and a write never goes to one that is not called so.
func TestMentions(t *testing.T) {
	t.Parallel()
	all := []string{os.Getenv("SANDBOX_GENERATION")}
	if os.Getenv("LONG") != "" {
		all = []string{"documented", "current"}
	}
	for _, generation := range all {
		t.Run(generation, func(t *testing.T) {
			t.Parallel()
			scores := map[string]*score{}
			sum := meet(t, generation, rounds(50, 500), scores)
			var text strings.Builder
			table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "kind\tmentions\tresolved in one call\twritten to\ttokens\tmost")
			for _, kind := range slices.Sorted(maps.Keys(scores)) {
				s := scores[kind]
				fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\n", kind, s.count, s.resolved, s.written, s.tokens/s.count, s.most)
			}
			_ = table.Flush() // a Builder takes everything
			t.Logf("%s\nall: %d mentions, %d resolved in one call, %d good for a write, %d tokens on average, %d at most", &text, sum.count, sum.resolved, sum.written, sum.tokens/sum.count, sum.most)
			require.GreaterOrEqual(t, sum.resolved*100, 95*sum.count)
			require.LessOrEqual(t, sum.tokens/sum.count, 250)
		})
	}
}

// meet makes mentions and asks what they mean, once to know and once to write.
func meet(t *testing.T, generation string, count int, scores map[string]*score) (sum score) {
	const perKey = 20 // each key reads the accounts no oftener than it may
	keys := []sandbox.Key{}
	for n := range count/perKey + 1 {
		keys = append(keys, sandbox.Key{Value: fmt.Sprintf("phx_mentions_%d", n), Scopes: []string{"*"}})
	}
	h := open(t, setup{generation: generation, pinned: sandbox.ProjectID, sandbox: sandbox.Options{Keys: keys}})
	m := newMentions(h)
	stored := h.raw("GET", api+"accounts/?limit=1000&include_churned=true&include_ignored=true", nil).Get("results").Array()
	tokens, kinds := o200k(t), m.kinds()
	names := slices.Sorted(maps.Keys(kinds))
	for n := range count {
		one := kinds[names[n%len(names)]]()
		one.kind = names[n%len(names)]
		h.key = keys[n/perKey].Value
		if scores[one.kind] == nil {
			scores[one.kind] = &score{}
		}
		of, answer := scores[one.kind], h.call("resolve", object{"query": one.text})
		written := h.written(one, called(stored, one.text))
		for _, s := range []*score{of, &sum} {
			s.count++
			s.resolved += asInt(one.resolvedBy(answer))
			s.written += asInt(written)
			s.tokens += tokens(answer.text)
			s.most = max(s.most, tokens(answer.text))
		}
		if !one.resolvedBy(answer) {
			t.Logf("%s %q means %v: %.400s", one.kind, one.text, one.meant, answer.text)
		}
	}
	return sum
}

func asInt(is bool) int {
	if is {
		return 1
	}
	return 0
}

// written tries to write to what is mentioned, and tells whether that went to
// an account: to the only one that is called so, or else to none.
func (h *house) written(one mention, exactly []string) bool {
	h.Helper()
	if strings.HasSuffix(one.kind, "address") { // of an account or a note, which is as good as an id
		exactly = one.meant
	}
	answer := h.call("update_account", object{"account": one.text, "name": "X", "dry_run": true})
	if len(exactly) != 1 {
		require.True(h, answer.isError, "%s %q: %s", one.kind, one.text, answer.text)
		return false
	}
	require.False(h, answer.isError, "%s %q: %s", one.kind, one.text, answer.text)
	require.Equal(h, exactly[0], answer.str("preview.account"), "%s %q", one.kind, one.text)
	return true
}

// resolvedBy tells whether an answer shows what is meant, and first of all.
func (one mention) resolvedBy(answer result) bool {
	found := slices.Concat(answer.strings("accounts.#.id"), answer.strings("persons.#.accounts.0.id"))
	if len(one.meant) == 0 {
		return answer.isError || !slices.Contains(answer.strings("accounts.#.exact"), "true")
	}
	return !answer.isError && len(found) >= len(one.meant) && !slices.ContainsFunc(one.meant, func(id string) bool { return !slices.Contains(found[:len(one.meant)], id) })
}
