package sandbox_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

func role(id int64, email string) object { return object{"id": id, "email": email} }

func TestListFilters(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	grace, linus := role(2, "grace@example.com"), role(3, "linus@example.com")
	for _, account := range []object{
		{"name": "Acme", "external_id": "acme-1", "tags": []string{"enterprise", "eu"}, "properties": object{"csm": grace, "account_executive": linus}},
		{"name": "acme 100%", "external_id": "x_y", "tags": []string{"priority"}, "properties": object{"csm": linus}},
		{"name": "Société", "properties": object{"account_owner": grace}},
		{"name": "Bare", "external_id": "ACME-9", "tags": []string{"eu"}},
		{"name": "Nulls", "properties": object{"csm": nil, "account_executive": nil, "account_owner": nil}},
	} {
		h.createAccount(account)
	}
	all := []string{"Acme", "acme 100%", "Société", "Bare", "Nulls"}
	for _, c := range []struct {
		name  string
		query []string
		want  []string
	}{
		{"3.1 no filter", nil, all},
		{"3.1 search is a substring of the name, in any case", []string{"search", "CME"}, []string{"Acme", "acme 100%", "Bare"}},
		{"3.1 search covers external_id", []string{"search", "me-9"}, []string{"Bare"}},
		{"3.1 search is trimmed", []string{"search", "  bare "}, []string{"Bare"}},
		{"3.1 an empty search is none", []string{"search", "   "}, all},
		{"3.1 % is just a sign", []string{"search", "%"}, []string{"acme 100%"}},
		{"3.1 _ is just a sign", []string{"search", "_"}, []string{"acme 100%"}},
		{"3.1 search in letters beyond ASCII", []string{"search", "SOCIÉTÉ"}, []string{"Société"}},
		{"3.1 search does not look at tags or properties", []string{"search", "grace"}, []string{}},
		{"3.1 tags any-of", []string{"tags", `["enterprise","priority"]`}, []string{"Acme", "acme 100%"}},
		{"3.1 one tag", []string{"tags", `["eu"]`}, []string{"Acme", "Bare"}},
		{"3.1 tags are case-sensitive", []string{"tags", `["EU"]`}, []string{}},
		{"3.1 no tags in the list is no filter", []string{"tags", `[]`}, all},
		{"3.1 empty tags is no filter", []string{"tags", ""}, all},
		{"3.1 csm by id", []string{"csm", "2"}, []string{"Acme"}},
		{"3.1 account_executive by id", []string{"account_executive", "3"}, []string{"Acme"}},
		{"3.1 account_owner by id", []string{"account_owner", "2"}, []string{"Société"}},
		{"3.1 an id nobody has", []string{"csm", "99"}, []string{}},
		{"3.1 an id with space and sign, as Python reads it", []string{"csm", " +2 "}, []string{"Acme"}},
		{"3.1 csm unassigned", []string{"csm", "unassigned"}, []string{"Société", "Bare", "Nulls"}},
		{"3.1 account_owner unassigned", []string{"account_owner", "unassigned"}, []string{"Acme", "acme 100%", "Bare", "Nulls"}},
		{"3.1 an e-mail is ignored: ALL accounts", []string{"csm", "grace@example.com"}, all},
		{"3.1 a name is ignored", []string{"account_owner", "Grace"}, all},
		{"3.1 Unassigned is not unassigned", []string{"csm", "Unassigned"}, all},
		{"3.1 null and none are ignored", []string{"csm", "null", "account_executive", "none"}, all},
		{"3.1 a decimal is ignored", []string{"csm", "2.0"}, all},
		{"3.1 an empty role is ignored", []string{"csm", ""}, all},
		{"3.1 all_roles_unassigned", []string{"all_roles_unassigned", "true"}, []string{"Bare", "Nulls"}},
		{"3.1 all_roles_unassigned in any case", []string{"all_roles_unassigned", "TRUE"}, []string{"Bare", "Nulls"}},
		{"3.1 1 is false", []string{"all_roles_unassigned", "1"}, all},
		{"3.1 yes is false", []string{"all_roles_unassigned", "yes"}, all},
		{"3.1 filters combine with AND", []string{"search", "acme", "tags", `["eu"]`, "csm", "2"}, []string{"Acme"}},
		{"3.1 AND may leave nothing", []string{"csm", "2", "all_roles_unassigned", "true"}, []string{}},
		{"3.1 no exact filter on external_id", []string{"external_id", "acme-1"}, all},
		{"3.1 the next generation's flags mean nothing", []string{"include_churned", "true"}, all},
	} {
		for _, prefix := range []string{"/api/projects/1/accounts/", "/api/environments/1/accounts/"} {
			t.Run(c.name+" "+prefix, func(t *testing.T) {
				got := h.must(200, "GET", query(prefix, c.query...), nil)
				require.ElementsMatch(t, c.want, got.strings("results.#.name"))
				require.Equal(t, int64(len(c.want)), got.get("count").Int())
			})
		}
	}
	for name, tags := range map[string]string{
		"3.1 bare word": "enterprise", "3.1 comma list": "a,b", "3.1 JSON string": `"eu"`, "3.1 object": `{"a":1}`, "3.1 number": "1",
		"3.1 list of numbers": "[1,2]", "3.1 mixed list": `["eu",1]`, "3.1 list of null": "[null]", "3.1 null": "null", "3.1 broken": `["eu"`,
	} {
		t.Run(name, func(t *testing.T) {
			h.do("GET", query(accountsPath, "tags", tags), nil).requireProblem(t, 400, "validation_error", "invalid_input",
				"Must be a JSON-encoded list of strings.", "tags")
		})
	}
}

func TestListOrdering(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now})
	var first string
	for i, name := range []string{"beta", "Alpha", "gamma"} {
		id := h.createAccount(object{"name": name})
		if i == 0 {
			first = id
		}
		c.advance(time.Minute)
	}
	h.must(200, "PATCH", accountsPath+"/"+first, object{"name": "beta"}) // updated last
	for _, o := range []struct {
		name, ordering string
		want           []string
	}{
		{"3.1 default", "", []string{"gamma", "Alpha", "beta"}},
		{"3.1 created_at", "created_at", []string{"beta", "Alpha", "gamma"}},
		{"3.1 -created_at", "-created_at", []string{"gamma", "Alpha", "beta"}},
		{"3.1 updated_at", "updated_at", []string{"Alpha", "gamma", "beta"}},
		{"3.1 -updated_at", "-updated_at", []string{"beta", "gamma", "Alpha"}},
		{"3.1 name", "name", []string{"Alpha", "beta", "gamma"}},
		{"3.1 -name", "-name", []string{"gamma", "beta", "Alpha"}},
		{"3.1 an unknown column is the default", "external_id", []string{"gamma", "Alpha", "beta"}},
		{"3.1 two columns are the default", "name,created_at", []string{"gamma", "Alpha", "beta"}},
		{"3.1 a doubled sign is the default", "--name", []string{"gamma", "Alpha", "beta"}},
		{"3.1 case matters", "Name", []string{"gamma", "Alpha", "beta"}},
	} {
		t.Run(o.name, func(t *testing.T) {
			require.Equal(t, o.want, h.must(200, "GET", query(accountsPath, "ordering", o.ordering), nil).strings("results.#.name"))
		})
	}
}

func TestSeededPortfolioFilters(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{})
	count := func(pairs ...string) int64 {
		return h.must(200, "GET", query(accountsPath, append(pairs, "limit", "1")...), nil).get("count").Int()
	}
	require.Equal(t, int64(412), count())
	require.Equal(t, int64(38), count("csm", "2"), "Grace's book")
	require.Equal(t, int64(412), count("csm", "grace@example.com"), "3.1 an e-mail does not filter")
	nobody := count("all_roles_unassigned", "true")
	require.Positive(t, nobody)
	require.LessOrEqual(t, nobody, count("csm", "unassigned"))

	names := h.must(200, "GET", query(accountsPath, "ordering", "name", "limit", "1000"), nil).strings("results.#.name")
	require.Len(t, names, 412)
	require.Len(t, slices.Compact(slices.Clone(names)), 409, "three pairs of namesakes")
}
