package tools_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
	"posthog-accounts-mcp/tools"
)

// looks are the accounts as PostHog shows them: by id, by field, every value as
// a text and lists as sets. It shares nothing with the code under test.
type looks map[string]map[string]any

// look reads all accounts past everything under test.
func (h *house) look() looks {
	h.Helper()
	seen := looks{}
	for _, account := range h.raw("GET", api+"accounts?limit=5000&include_churned=true&include_ignored=true", nil).Get("results").Array() {
		fields := map[string]any{}
		put := func(name string, value gjson.Result) {
			switch {
			case value.IsArray() && len(value.Array()) > 0:
				list := texts(value)
				slices.Sort(list)
				fields[name] = list
			case value.Get("id").Exists():
				fields[name] = value.Get("email").String()
			case value.Type == gjson.String:
				fields[name] = value.String()
			}
		}
		for _, name := range []string{"name", "external_id", "tags", "notebooks", "churned_at", "ignored_at"} {
			put(name, account.Get(name))
		}
		account.Get("properties").ForEach(func(name, value gjson.Result) bool {
			put(name.String(), value)
			return true
		})
		id := account.Get("id").String()
		if h.rolesApart() {
			for _, r := range h.raw("GET", api+"accounts/"+id+"/relationships", nil).Array() {
				fields[roleNames[r.Get("definition.name").String()]] = r.Get("user.email").String()
			}
		}
		seen[id] = fields
	}
	return seen
}

// differences are those between two looks, each as one text.
func differences(from, to looks) []string {
	var all []string
	for id, was := range from {
		if to[id] == nil {
			all = append(all, id+" deleted")
			continue
		}
		names := map[string]bool{}
		for name := range was {
			names[name] = true
		}
		for name := range to[id] {
			names[name] = true
		}
		for name := range names {
			before, after := was[name], to[id][name]
			if fmt.Sprint(before) == fmt.Sprint(after) {
				continue
			}
			old, _ := before.([]string)
			young, _ := after.([]string)
			if old != nil || young != nil {
				all = append(all, fmt.Sprint(id, " ", name, " -", minus(old, young), " +", minus(young, old)))
				continue
			}
			all = append(all, fmt.Sprint(id, " ", name, ": ", orNone(before), " > ", orNone(after)))
		}
	}
	for id := range to {
		if from[id] == nil {
			all = append(all, id+" created")
		}
	}
	slices.Sort(all)
	return all
}

func minus(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(text string) bool { return slices.Contains(other, text) })
}

func orNone(value any) any {
	if value == nil {
		return "none"
	}
	return value
}

// told is every change that the tool reports, page by page, as one text each.
func (h *house) told(arguments object) (all []string, first result) {
	h.Helper()
	for cursor := ""; ; {
		answer := h.must("list_account_changes", with(arguments, "cursor", cursor))
		if cursor == "" {
			first = answer
		}
		for _, row := range answer.get("rows").Array() {
			id, field := row.Get("account").String(), row.Get("field").String()
			switch event := row.Get("event").String(); {
			case event != "changed":
				all = append(all, id+" "+event)
			case row.Get("added").Exists() || row.Get("removed").Exists():
				all = append(all, fmt.Sprint(id, " ", field, " -", texts(row.Get("removed")), " +", texts(row.Get("added"))))
			default:
				all = append(all, fmt.Sprint(id, " ", field, ": ", orNone(row.Get("from").Value()), " > ", orNone(row.Get("to").Value())))
			}
		}
		require.Equal(h, answer.get("shown").Int(), int64(len(answer.get("rows").Array())))
		if cursor = answer.str("next_cursor"); cursor == "" {
			slices.Sort(all)
			require.Equal(h, int64(len(all)), first.get("total").Int(), "the total is exact")
			return all, first
		}
	}
}

// mutator changes accounts the way people in PostHog do.
type mutator struct {
	*house
	luck *rand.Rand
	ids  []string
	made int
}

// mutate makes one change, which may also be none.
func (m *mutator) mutate() {
	m.Helper()
	if len(m.ids) < 5 {
		m.create()
		return
	}
	at := m.luck.IntN(len(m.ids))
	path := api + "accounts/" + m.ids[at]
	value := fmt.Sprint("v", m.luck.IntN(4))
	switch m.luck.IntN(12) {
	case 0:
		m.create()
	case 1:
		m.raw("DELETE", path, nil)
		m.ids = slices.Delete(m.ids, at, at+1)
	case 2:
		m.raw("PATCH", path, object{"name": "Name " + value})
	case 3:
		m.made++
		m.raw("PATCH", path, object{"external_id": []any{nil, fmt.Sprint("ext-", m.made)}[m.luck.IntN(2)]})
	case 4, 5:
		tags := []string{"a", "b", "c", "d", "e"}
		m.luck.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
		m.raw("PATCH", path, object{"tags": tags[:m.luck.IntN(4)]})
	case 6:
		m.raw("POST", path+"/notebooks", object{"title": value, "text_content": value})
	case 7, 8:
		m.assign(path, m.luck.IntN(3), 1+m.luck.IntN(3))
	case 9:
		if m.generation.name == "current" {
			m.raw("PATCH", path, object{"churned_at": []any{nil, "2026-01-02T03:04:05Z"}[m.luck.IntN(2)]})
		}
	default:
		m.setProperty(path, []string{"stripe_customer_id", "billing_id", "slack_channel_id"}[m.luck.IntN(3)], []any{nil, "", value}[m.luck.IntN(3)])
	}
}

func (m *mutator) create() {
	m.Helper()
	m.made++
	m.ids = append(m.ids, m.raw("POST", api+"accounts", object{"name": fmt.Sprint("Account ", m.made)}).Get("id").String())
}

// setProperty replaces the properties by themselves with one changed.
func (m *mutator) setProperty(path, name string, value any) {
	m.Helper()
	var properties object
	require.NoError(m, json.Unmarshal([]byte(m.raw("GET", path, nil).Get("properties").Raw), &properties))
	properties[name] = value
	m.raw("PATCH", path, object{"properties": properties})
}

// assign gives a role to one of the first three users, wherever roles are.
func (m *mutator) assign(path string, role, user int) {
	m.Helper()
	emails := []string{"ada@example.com", "grace@example.com", "linus@example.com"}
	if !m.rolesApart() {
		m.setProperty(path, []string{"csm", "account_executive", "account_owner"}[role], object{"id": user, "email": emails[user-1]})
		return
	}
	definition := m.raw("GET", api+"account_relationship_definitions", nil).Get(fmt.Sprintf("results.%d.id", role)).String()
	m.raw("POST", path+"/relationships", object{"definition": definition, "user": user})
}

// Every change is told and nothing else: random changes to an empty project,
// each look of the tool held against what PostHog showed before and after.
func TestChangesNoneMissedNoneInvented(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"documented", "current"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			h := open(t, setup{generation: name, journal: file(t), now: func() time.Time { return now }, sandbox: sandbox.Options{Empty: true}})
			m := &mutator{house: h, luck: rand.New(rand.NewPCG(5, 6))}
			for range 20 {
				m.create()
			}
			require.Contains(t, h.must("list_account_changes", object{}).str("note"), "Nothing to compare yet")
			before := h.look()
			past := map[time.Time]looks{now: before}
			mutations, told := rounds(60, 5_000), 0
			for done := 0; done < mutations; {
				for range 1 + m.luck.IntN(20) {
					m.mutate()
					done++
				}
				now = now.Add(time.Hour)
				after := h.look()
				since, was := object{"max_tokens": 300 + m.luck.IntN(3000)}, before
				moment := now.Add(-time.Duration(1+m.luck.IntN(9)) * time.Hour)
				if look := past[moment]; look != nil && m.luck.IntN(3) == 0 { // it was asked then, and not again for an hour
					since["since"], was = moment.Add(time.Duration(m.luck.IntN(3600))*time.Second).UTC().Format(time.RFC3339Nano), look
				}
				got, _ := h.told(since)
				require.Equal(t, differences(was, after), got, "%v", since)
				told += len(got)
				before, past[now] = after, after
			}
			t.Logf("%d mutations, %d changes told: 0 missed, 0 invented", mutations, told)
		})
	}
}

// An outage half way leaves no half snapshot: what changed before and during
// it is told once PostHog answers again.
func TestChangesOutage(t *testing.T) {
	t.Parallel()
	broken := ""
	h := open(t, setup{journal: file(t), wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if broken != "" && strings.Contains(r.URL.String(), broken) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	h.must("list_account_changes", object{})
	h.raw("PATCH", api+"accounts/"+seed.AcmeID, object{"tags": []string{"only"}})
	broken = "accounts/?"
	if h.rolesApart() {
		broken = "/relationships/"
	}
	h.refused("list_account_changes", object{})
	broken = ""
	got := h.must("list_account_changes", object{})
	require.EqualValues(t, 1, got.get("total").Int(), got.text)
	require.Equal(t, "tags", got.str("rows.0.field"))
	require.Equal(t, []string{"only"}, got.strings("rows.0.added"))
}

// One account is found by what it is called or was called, and asking about it
// does not change what a later call compares with.
func TestChangesOfOneAccount(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	require.Contains(t, h.must("list_account_changes", object{"account": seed.AcmeExternalID}).str("note"), "Nothing to compare yet")
	h.raw("PATCH", api+"accounts/"+seed.AcmeID, object{"name": "Acme Automation"})
	gone := h.raw("POST", api+"accounts", object{"name": "Short-lived"}).Get("id").String()
	h.raw("PATCH", api+"accounts/"+seed.NorthwindA, object{"external_id": "northwind-first"})
	for _, reference := range []string{seed.AcmeName, "Acme Automation", seed.AcmeID} {
		got := h.must("list_account_changes", object{"account": reference})
		require.EqualValues(t, 1, got.get("total").Int(), got.text)
		require.Equal(t, seed.AcmeName+" > Acme Automation", got.str("rows.0.from")+" > "+got.str("rows.0.to"))
	}
	require.Equal(t, "created", h.must("list_account_changes", object{"account": gone}).str("rows.0.event"))
	require.EqualValues(t, 3, h.must("list_account_changes", object{}).get("total").Int())
	h.raw("DELETE", api+"accounts/"+gone, nil)
	require.Equal(t, "deleted", h.must("list_account_changes", object{"account": "Short-lived"}).str("rows.0.event"))
	require.Contains(t, h.refused("list_account_changes", object{"account": "Nobody at all"}), "Nobody at all")
	require.Contains(t, h.refused("list_account_changes", object{"since": "Friday"}), "2026-03-31")
}

// What accounts looked like survives a restart and is the same for another
// process; another key starts anew. Without a journal it is kept in memory, and
// the answer says so.
func TestChangesAreRememberedByKey(t *testing.T) {
	t.Parallel()
	path := file(t)
	first := open(t, setup{journal: path, selection: tools.Selection{ReadOnly: true}, sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_second", Scopes: []string{"*"}}}}})
	require.NotContains(t, first.must("list_account_changes", object{}).str("note"), "only as long as")
	first.raw("PATCH", api+"accounts/"+seed.AcmeID, object{"tags": []string{"only"}})

	second := open(t, setup{journal: path, shared: first.sandbox})
	require.EqualValues(t, 1, second.must("list_account_changes", object{}).get("total").Int())
	require.EqualValues(t, 0, first.must("list_account_changes", object{}).get("total").Int(), "it was told already")
	require.Contains(t, first.callAs("phx_second", "list_account_changes", object{}).str("note"), "Nothing to compare yet")

	off := open(t, setup{shared: first.sandbox})
	require.Contains(t, off.must("list_account_changes", object{}).str("note"), "only as long as")
	first.raw("PATCH", api+"accounts/"+seed.AcmeID, object{"tags": []string{"other"}})
	require.EqualValues(t, 1, off.must("list_account_changes", object{}).get("total").Int())
}

// Many changes are told within the budget, with an exact total, and the rest
// page by page without asking PostHog again.
func TestChangesFitTheBudget(t *testing.T) {
	t.Parallel()
	count := o200k(t)
	h := open(t, setup{journal: file(t)})
	h.must("list_account_changes", object{})
	before := h.look()
	for _, account := range seed.Accounts()[:60] {
		h.raw("PATCH", api+"accounts/"+account.ID, object{"name": strings.Repeat("Long name ", 20) + account.ID, "tags": []string{"moved"}})
	}
	h.requests()
	got, first := h.told(object{})
	asked := len(h.requests())
	require.LessOrEqual(t, count(first.text), 2500)
	require.Positive(t, first.get("omitted").Int())
	require.Equal(t, first.get("total").Int(), first.get("shown").Int()+first.get("omitted").Int())
	require.Equal(t, differences(before, h.look()), got)
	h.must("list_account_changes", object{})
	require.Equal(t, asked, len(h.requests()), "only the first page asks PostHog")
	for _, budget := range []int{200, 1000, 8000} {
		answer := h.must("list_account_changes", object{"since": "2026-01-01", "max_tokens": budget})
		require.LessOrEqual(t, count(answer.text), budget)
		require.Positive(t, answer.get("shown").Int())
	}
}

// Where all accounts take several pages, one that is deleted on the way shifts
// the others: none of them is told to have gone or come.
func TestChangesAcrossPages(t *testing.T) {
	t.Parallel()
	var h *house
	first, armed := "", false
	h = open(t, setup{journal: file(t), sandbox: sandbox.Options{Empty: true}, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if armed && r.URL.Query().Get("offset") == "1000" {
				armed = false
				h.raw("DELETE", api+"accounts/"+first, nil)
			}
			next.ServeHTTP(w, r)
		})
	}})
	for n := range 1010 {
		id := h.raw("POST", api+"accounts", object{"name": fmt.Sprint("Account ", n)}).Get("id").String()
		if n == 0 {
			first = id
		}
	}
	h.must("list_account_changes", object{})
	armed = true
	answer := h.must("list_account_changes", object{})
	require.False(t, armed, "nothing was deleted on the way")
	require.EqualValues(t, 1, answer.get("total").Int(), answer.text)
	require.Equal(t, first+" deleted", answer.str("rows.0.account")+" "+answer.str("rows.0.event"))
	require.Equal(t, h.rolesApart(), strings.Contains(answer.str("note"), "Roles were not compared"), answer.text)
}
