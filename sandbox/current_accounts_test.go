package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// member is a key of user 2, who is no admin.
var member = sandbox.Key{Value: "phx_member", Scopes: []string{"*"}, User: seed.Grace}

// startCurrent runs an empty sandbox of the current generation, with a key for
// an admin (the default one) and one for a member.
func startCurrent(t testing.TB) *harness {
	t.Helper()
	return start(t, sandbox.Options{Profile: sandbox.Current, Empty: true, Keys: []sandbox.Key{member}})
}

var currentAccountKeys = []string{"id", "name", "external_id", "properties", "tags", "notebooks", "slack_summary_cadence", "churned_at",
	"ignored_at", "created_at", "created_by", "updated_at"}

func TestCurrentAccount(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	properties := object{"email_domains": []string{"acme.example"}, "known_emails": []string{"cto@home.example"}, "stripe_customer_id": "cus_1",
		"hubspot_deal_id": nil, "metabase_link": "not a link", "website_domain": "acme.example"}
	made := h.must(201, "POST", accountsPath, object{"name": "Acme", "properties": properties, "slack_summary_cadence": "weekly",
		"churned_at": "2026-01-31T10:00:00+01:00", "ignored_at": "2026-01-01T00:00:00Z"})
	one := accountsPath + "/" + made.get("id").String()

	require.Equal(t, currentAccountKeys, made.keys(""), "2")
	want, err := json.Marshal(properties)
	require.NoError(t, err)
	require.JSONEq(t, string(want), made.get("properties").Raw, "2.1")
	require.Equal(t, "weekly", made.get("slack_summary_cadence").String(), "2")
	require.Equal(t, "2026-01-31T09:00:00Z", made.get("churned_at").String(), "2 writable")
	require.Equal(t, gjson.Null, made.get("ignored_at").Type, "2 read-only")
	require.Equal(t, made.body, h.must(200, "GET", one, nil).body, "3.3 churned accounts are retrieved all the same")

	h.must(200, "PATCH", one, object{"name": "Acme 2"})
	kept := h.must(200, "GET", one, nil)
	require.Equal(t, "weekly", kept.get("slack_summary_cadence").String(), "3.4 absent fields stay")
	require.Equal(t, "2026-01-31T09:00:00Z", kept.get("churned_at").String(), "3.4 absent fields stay")
	cleared := h.must(200, "PATCH", one, object{"slack_summary_cadence": nil, "churned_at": nil})
	require.Equal(t, gjson.Null, cleared.get("slack_summary_cadence").Type, "2 null is off")
	require.Equal(t, gjson.Null, cleared.get("churned_at").Type, "2 null is not churned")
	require.Equal(t, "2026-02-01T00:00:00Z", h.must(200, "PATCH", one, object{"churned_at": "2026-02-01"}).get("churned_at").String())
}

func TestCurrentAccountErrors(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	id := h.createAccount(object{"name": "Acme"})
	format := "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
	for _, c := range []struct{ name, body, attr, code, detail string }{
		{"2.1 csm", `"properties":{"csm":{"id":2,"email":"g"}}`, "properties", "invalid_input", "csm: Extra inputs are not permitted"},
		{"2.1 account_executive", `"properties":{"account_executive":null}`, "properties", "invalid_input", "account_executive: Extra inputs are not permitted"},
		{"2.1 account_owner", `"properties":{"account_owner":{}}`, "properties", "invalid_input", "account_owner: Extra inputs are not permitted"},
		{"2.1 known keys before role keys", `"properties":{"csm":null,"billing_id":1}`, "properties", "invalid_input", "billing_id: Input should be a valid string"},
		{"2.1 email_domains is a list", `"properties":{"email_domains":"acme.example"}`, "properties", "invalid_input", "email_domains: Input should be a valid list"},
		{"2.1 known_emails is not null", `"properties":{"known_emails":null}`, "properties", "invalid_input", "known_emails: Input should be a valid list"},
		{"2.1 known_emails holds texts", `"properties":{"known_emails":["a@x.example",1]}`, "properties", "invalid_input", "known_emails.1: Input should be a valid string"},
		{"2.1 metabase_link is no number", `"properties":{"metabase_link":1}`, "properties", "invalid_input", "metabase_link: Input should be a valid string"},
		{"2 cadence", `"slack_summary_cadence":"hourly"`, "slack_summary_cadence", "invalid_choice", `"hourly" is not a valid choice.`},
		{"2 churned_at", `"churned_at":"yesterday"`, "churned_at", "invalid_input", format},
		{"2 churned_at is a text", `"churned_at":1769817600`, "churned_at", "invalid_input", format},
		{"9 tags before cadence", `"slack_summary_cadence":"hourly","tags":1`, "tags", "not_a_list", `Expected a list of items but got type "int".`},
		{"9 cadence before churned_at", `"churned_at":"x","slack_summary_cadence":"x"`, "slack_summary_cadence", "invalid_choice", `"x" is not a valid choice.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", accountsPath, `{"name":"x",`+c.body+`}`).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
			h.do("PATCH", accountsPath+"/"+id, `{`+c.body+`}`).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
		})
	}
}

func TestCurrentListFilters(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	for _, account := range []object{
		{"name": "Acme", "properties": object{"email_domains": []string{"acme.example"}, "known_emails": []string{"cto@home.example"}}},
		{"name": "Bolt", "properties": object{"email_domains": []string{"bolt.example", "bolt.test"}}},
		{"name": "Gone", "churned_at": "2026-01-01T00:00:00Z"},
	} {
		h.createAccount(account)
	}
	open, all := []string{"Acme", "Bolt"}, []string{"Acme", "Bolt", "Gone"}
	for _, c := range []struct {
		name  string
		query []string
		want  []string
	}{
		{"3.1 churned accounts are hidden", nil, open},
		{"3.1 include_churned", []string{"include_churned", "true"}, all},
		{"3.1 include_churned in any case", []string{"include_churned", "True"}, all},
		{"3.1 include_churned=1 is false", []string{"include_churned", "1"}, open},
		{"3.1 a role filter by id is ignored", []string{"csm", "2"}, open},
		{"3.1 a role filter unassigned is ignored", []string{"account_owner", "unassigned"}, open},
		{"3.1 search by name", []string{"search", "bol"}, []string{"Bolt"}},
		{"3.1 a churned account is not found", []string{"search", "gone"}, []string{}},
		{"3.1 but is when included", []string{"search", "gone", "include_churned", "true"}, []string{"Gone"}},
		{"3.1 a known e-mail", []string{"search", "cto@home.example"}, []string{"Acme"}},
		{"3.1 a known e-mail in any case, among words", []string{"search", "mail from <CTO@Home.example>"}, []string{"Acme"}},
		{"3.1 another address of the domain", []string{"search", "ceo@home.example"}, []string{}},
		{"3.1 a domain", []string{"search", "bolt.test"}, []string{"Bolt"}},
		{"3.1 part of a domain", []string{"search", "olt.test"}, []string{}},
		{"3.1 the domain of an address is not looked for", []string{"search", "someone@acme.example"}, []string{}},
		{"3.1 members are not matched by e-mail", []string{"search", "grace@example.com"}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := h.must(200, "GET", query(accountsPath, c.query...), nil)
			require.ElementsMatch(t, c.want, got.strings("results.#.name"))
			require.Equal(t, int64(len(c.want)), got.get("count").Int())
		})
	}
}

// Who may not change how mail finds an account may not forget it either.
func TestSenderAdminRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		sent    object
		refused bool
	}{
		{"3.4 omission counts as emptying", object{"properties": object{"billing_id": "b2"}}, true},
		{"3.4 null counts as emptying", object{"properties": nil}, true},
		{"3.4 one address more", object{"properties": object{"email_domains": []string{"a.example", "b.example"}, "known_emails": []string{"x@y.example", "z@y.example"}}}, true},
		{"3.4 one domain less", object{"properties": object{"email_domains": []string{"a.example"}, "known_emails": []string{"x@y.example"}}}, true},
		{"3.4 read, merge, write", object{"properties": object{"email_domains": []string{"a.example", "b.example"}, "known_emails": []string{"x@y.example"}, "billing_id": "b2"}}, false},
		{"3.4 it is the set that counts", object{"properties": object{"email_domains": []string{"b.example", "a.example", "a.example"}, "known_emails": []string{"x@y.example"}}}, false},
		{"3.4 other fields", object{"name": "New", "tags": []string{"x"}, "churned_at": "2026-01-01"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := startCurrent(t)
			made := h.doAs(member.Value, "POST", accountsPath, object{"name": "Acme",
				"properties": object{"email_domains": []string{"a.example", "b.example"}, "known_emails": []string{"x@y.example"}, "billing_id": "b1"}})
			require.Equal(t, 201, made.status, "3.2 on create no admin is needed")
			one := accountsPath + "/" + made.get("id").String()
			for _, method := range []string{"PATCH", "PUT"} {
				body := object{"name": "Acme"}
				for key, value := range c.sent {
					body[key] = value
				}
				got := h.doAs(member.Value, method, one, body)
				if !c.refused {
					require.Equal(t, 200, got.status, got.body)
					continue
				}
				got.requireProblem(t, 403, "authentication_error", "permission_denied", "You do not have permission to perform this action.", "")
				require.Equal(t, made.body, h.must(200, "GET", one, nil).body, "a refused write changes nothing")
			}
			h.must(200, "PATCH", one, c.sent)
		})
	}
}

func TestByExternalID(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	id := h.createAccount(object{"name": "Acme", "external_id": " acme ", "churned_at": "2026-01-01"})
	for _, path := range []string{accountsPath + "/by_external_id", "/api/environments/1/accounts/by_external_id/"} {
		require.Equal(t, id, h.must(200, "GET", query(path, "external_id", "acme"), nil).get("id").String(), "3.7 churned ones too")
		for _, missing := range []string{"Acme", "acm", " acme", "acme ", " "} {
			h.do("GET", query(path, "external_id", missing), nil).requireRowNotFound(t)
		}
		h.do("GET", path, nil).requireProblem(t, 400, "validation_error", "required", "This field is required.", "external_id")
		h.do("GET", path+"?external_id=", nil).requireProblem(t, 400, "validation_error", "blank", "This field may not be blank.", "external_id")
		h.do("GET", query(path, "external_id", strings.Repeat("x", 401)), nil).requireProblem(t, 400, "validation_error", "max_length",
			"Ensure this field has no more than 400 characters.", "external_id")
	}
}

func TestEnvironmentsAreRewritten(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	id := h.createAccount(object{"name": "Acme"})
	h.createAccount(object{"name": "Bolt"})
	for name, path := range map[string]string{
		"1.1 property values too": "/api/environments/1/accounts/" + id + "/custom_property_values/",
		"1.1 notes too":           "/api/environments/1/account_notes/",
		"1.1 the project itself":  "/api/environments/1/",
		"1.1 @current":            "/api/environments/@current/accounts/" + id,
		"1.1 persons":             "/api/environments/1/persons/",
	} {
		t.Run(name, func(t *testing.T) { h.must(200, "GET", path, nil) })
	}
	t.Run("1.6 links name the project, as the server sees the URL", func(t *testing.T) {
		require.Equal(t, h.url+accountsPath+"/?limit=1&offset=1", h.must(200, "GET", "/api/environments/1/accounts/?limit=1", nil).get("next").String())
	})
}

func TestAccountExtras(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Profile: sandbox.Current, Keys: []sandbox.Key{
		{Value: "phx_account", Scopes: []string{"account:read"}},
		{Value: "phx_ticket", Scopes: []string{"account:read", "ticket:read"}},
		{Value: "phx_analytics", Scopes: []string{"customer_analytics:write"}},
	}})
	acme := accountsPath + "/" + seed.AcmeID
	flag := "This action requires feature flag 'customer-analytics-feature-requests' to be enabled for your organization."
	unmapped := "This action does not support personal API key access"
	for _, c := range []struct {
		name, key, method, path string
		want                    string // the body of a 200, else the detail of a 403; empty for the bare 404
		status                  int
	}{
		{"3.8 tickets are a bare array", "phx_ticket", "GET", acme + "/support_tickets/", `[]`, 200},
		{"3.8 tickets need ticket:read too", "phx_account", "GET", acme + "/support_tickets/", "API key missing required scope 'ticket:read'", 403},
		{"3.8 no such ticket", "phx_ticket", "GET", acme + "/support_tickets/1/", "", 404},
		{"3.8 no such account", "phx_ticket", "GET", accountsPath + "/x/support_tickets/", "", 404},
		{"3.8 mail is paginated", "phx_ticket", "GET", acme + "/email_threads/", `{"count":0,"next":null,"previous":null,"results":[]}`, 200},
		{"3.8 mail needs ticket:read too", "phx_account", "GET", acme + "/email_threads/", "API key missing required scope 'ticket:read'", 403},
		{"3.8 no such thread", "phx_ticket", "GET", acme + "/email_threads/1/", "", 404},
		{"3.8 mail of no account", "phx_ticket", "GET", accountsPath + "/x/email_threads/", "", 404},
		{"3.8 meetings map no scope", sandbox.DefaultKey, "GET", acme + "/meetings/", unmapped, 403},
		{"3.8 summaries map no scope", sandbox.DefaultKey, "GET", acme + "/summaries/", unmapped, 403},
		{"6.6 feature requests have a scope", "phx_account", "GET", "/api/projects/1/feature_requests/", "API key missing required scope 'customer_analytics:read'", 403},
		{"6.6 and a flag", "phx_analytics", "GET", "/api/projects/1/feature_requests/", flag, 403},
		{"6.6 on writes", "phx_analytics", "POST", "/api/projects/1/feature_requests/", flag, 403},
		{"6.6 on one", "phx_analytics", "PATCH", "/api/projects/1/feature_requests/x/", flag, 403},
		{"6.5 tags refuse keys", sandbox.DefaultKey, "GET", "/api/projects/1/tags/", unmapped, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := h.doAs(c.key, c.method, c.path, nil)
			switch {
			case c.status == 200:
				require.Equal(t, c.want, got.body)
			case c.want == "":
				got.requireRowNotFound(t)
			default:
				got.requireProblem(t, 403, "authentication_error", "permission_denied", c.want, "")
			}
		})
	}
}

func TestCurrentPortfolio(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Profile: sandbox.Current})
	count := func(pairs ...string) int64 {
		return h.must(200, "GET", query(accountsPath, append(pairs, "limit", "1")...), nil).get("count").Int()
	}
	require.Equal(t, int64(seed.AccountCount-seed.ChurnedAccounts-seed.IgnoredAccounts), count(), "3.1")
	require.Equal(t, int64(seed.AccountCount-seed.IgnoredAccounts), count("include_churned", "true"), "3.1")
	require.Equal(t, int64(seed.AccountCount-seed.ChurnedAccounts), count("include_ignored", "true"), "3.1")
	require.Equal(t, int64(seed.AccountCount), count("include_churned", "true", "include_ignored", "true"))
	require.Equal(t, int64(seed.NoRoleAccounts), count("include_churned", "true", "include_ignored", "true", "all_roles_unassigned", "true"), "3.1")

	acme := h.must(200, "GET", accountsPath+"/"+seed.AcmeID, nil)
	require.Equal(t, gjson.Null, acme.get("properties.csm").Type, "2.1 roles are no properties")
	require.NotEmpty(t, acme.get("properties.website_domain").String())
	require.NotEmpty(t, acme.get("properties.metabase_link").String())
	domain := acme.get("properties.email_domains.0").String()
	require.Contains(t, h.must(200, "GET", query(accountsPath, "search", domain), nil).strings("results.#.id"), seed.AcmeID, "3.1")

	ignored := h.must(200, "GET", query(accountsPath, "include_ignored", "true", "limit", "1000"), nil).get("results.#(ignored_at!=null)")
	require.True(t, ignored.Exists())
	h.must(200, "GET", accountsPath+"/"+ignored.Get("id").String(), nil)

	for _, account := range h.must(200, "GET", accountsPath+"?limit=1000&include_churned=true&include_ignored=true", nil).get("results").Array() {
		body := `{"properties":` + account.Get("properties").Raw + `}`
		require.Equal(t, 200, h.do("PATCH", accountsPath+"/"+account.Get("id").String(), body).status, "what is read can be written back")
	}
}
