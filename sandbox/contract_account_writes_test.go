package sandbox_test

import (
	"strings"
	"time"

	"posthog-accounts-mcp/sandbox"
)

const (
	idTaken  = "An account with this external_id already exists for this team."
	required = "This field is required."
	tooLong  = "Ensure this field has no more than 400 characters."
	extra    = "Extra inputs are not permitted"
)

// acme creates an account for the steps after it.
func acme(body string) step { return post("accounts/", body).gives(201).keep("account", "id") }

// invalidField is a validation error whose code is its own.
func invalidField(attr, code, detail string) check {
	return refusal("validation_error", code, detail, attr)
}

// conflict is typed server_error.
func conflict(detail string) check { return refusal("server_error", "conflict", detail, "") }

// accountWrites are the facts about changing accounts.
var accountWrites = []claim{
	{section: "A3.2", fact: "create answers the account", on: everywhere, covers: "A9.1", steps: []step{
		post("accounts/", `{"name":" Acme ","external_id":" a1 ","unknown":1,"id":"mine"}`).gives(201, is("name", `"Acme"`), is("external_id", `"a1"`),
			is("properties", "{}"), is("tags", "[]"), is("notebooks", "[]"), is("created_by", "1"), isA("created_at", "time"), isA("id", "uuid"))}},
	{section: "A3.2", fact: "names may be shared", on: everywhere, covers: "A9.7", steps: []step{
		acme(`{"name":"Acme"}`), acme(`{"name":"Acme"}`), read("accounts/").gives(200, is("count", "2"))}},
	{section: "A3.2", fact: "only the first problem is told, in the order of the fields", on: everywhere, covers: "A9.3", steps: []step{
		post("accounts/", `{"external_id":[],"properties":1,"tags":1}`).gives(400, invalidField("name", "required", required)),
		post("accounts/", `{"name":" ","external_id":[]}`).gives(400, invalidField("name", "blank", "This field may not be blank.")),
		post("accounts/", `{"name":"x","external_id":[],"properties":1,"tags":1}`).gives(400, badInput("external_id", "Not a valid string.")),
		post("accounts/", `{"name":"x","properties":1,"tags":1}`).gives(400, badInput("properties", "properties must be a JSON object.")),
		post("accounts/", `{"name":"x","tags":"a"}`).gives(400, invalidField("tags", "not_a_list", `Expected a list of items but got type "str".`)),
		post("accounts/", `{"name":"x","tags":["a",""]}`).gives(400, invalidField("tags__1", "blank", "This field may not be blank.")),
		post("accounts/", `{"name":"`+strings.Repeat("x", 401)+`"}`).gives(400, invalidField("name", "max_length", tooLong))}},
	{section: "A2", fact: "then the cadence, then churned_at", on: tracking, covers: "A9.3 A9a.1", steps: []step{
		post("accounts/", `{"name":"x","slack_summary_cadence":"hourly","churned_at":"x"}`).gives(400, invalidField("slack_summary_cadence", "invalid_choice", `"hourly" is not a valid choice.`)),
		post("accounts/", `{"name":"x","churned_at":"yesterday"}`).gives(400, is("attr", `"churned_at"`))}},
	{section: "A1.4", fact: "broken JSON is a parse error", on: everywhere, covers: "A9.3", steps: []step{
		post("accounts/", `{"name":`).gives(400, is("type", `"invalid_request"`), is("code", `"parse_error"`), is("attr", "null"), matches("detail", "^JSON parse error - "))}},

	// Properties.
	{section: "A2.1", fact: "properties are kept as they were sent, nulls included", on: everywhere, covers: "A9.6", steps: []step{
		acme(`{"name":"x","properties":{"billing_id":"b","sfdc_id":null,"usage_dashboard_link":"no link"}}`),
		read("accounts/{account}/").gives(200, is("properties", `{"billing_id":"b","sfdc_id":null,"usage_dashboard_link":"no link"}`))}},
	{section: "A2.1", fact: "their schema is closed and coerces nothing", on: everywhere, covers: "A9.6", steps: []step{
		post("accounts/", `{"name":"x","properties":{"arr":1}}`).gives(400, badInput("properties", "arr: "+extra)),
		post("accounts/", `{"name":"x","properties":{"billing_id":123}}`).gives(400, is("attr", `"properties"`), matches("detail", "^billing_id: "))}},
	{section: "A2.1", fact: "roles are kept in properties, e-mail and id unchecked", on: rolesInProperties, covers: "A9.1", steps: []step{
		acme(`{"name":"x","properties":{"csm":{"id":3,"email":"someone@else.example"}}}`),
		read("accounts/{account}/").gives(200, is("properties", `{"csm":{"id":3,"email":"someone@else.example"}}`)),
		post("accounts/", `{"name":"y","properties":{"csm":{"id":2}}}`).gives(400, badInput("properties", "csm.email: Field required"))}},
	{section: "A0.1", fact: "role keys are dropped without a word", on: onBridge, covers: "A9.1", steps: []step{
		acme(`{"name":"x","properties":{"csm":{"id":2,"email":"grace@example.com"},"billing_id":"b"}}`),
		read("accounts/{account}/").gives(200, is("properties", `{"billing_id":"b"}`))}},
	{section: "A2.1", fact: "role keys are refused", on: tracking, covers: "A9.1 A9a.2", steps: []step{
		post("accounts/", `{"name":"x","properties":{"csm":null}}`).gives(400, badInput("properties", "csm: "+extra)),
		post("accounts/", `{"name":"x","properties":{"account_owner":{"id":2,"email":"g@example.com"}}}`).gives(400, badInput("properties", "account_owner: "+extra))}},
	{section: "A2.1", fact: "domains, known e-mails and two links are properties", on: tracking, covers: "A9.1", steps: []step{
		acme(`{"name":"x","properties":{"website_domain":"x.example","metabase_link":null,"email_domains":["x.example"],"known_emails":[]}}`),
		read("accounts/?search=x.example").gives(200, is("count", "1")),
		post("accounts/", `{"name":"y","properties":{"email_domains":null}}`).gives(400, is("attr", `"properties"`))}},
	{section: "A3.4", fact: "PATCH replaces properties, it does not merge", on: everywhere, covers: "A9.6", steps: []step{
		acme(`{"name":"x","properties":{"billing_id":"b","sfdc_id":"s"}}`),
		patch("accounts/{account}/", `{"properties":{"sfdc_id":"new"}}`).gives(200, is("properties", `{"sfdc_id":"new"}`)),
		patch("accounts/{account}/", `{"name":"y"}`).gives(200, is("properties", `{"sfdc_id":"new"}`)),
		patch("accounts/{account}/", `{"properties":null}`).gives(200, is("properties", `{}`))}},
	{section: "A3.5", fact: "PUT is PATCH with a name", on: everywhere, covers: "A9.6", steps: []step{
		acme(`{"name":"x","external_id":"e","properties":{"billing_id":"b"}}`),
		replace("accounts/{account}/", `{"external_id":"f"}`).gives(400, invalidField("name", "required", required)),
		replace("accounts/{account}/", `{"name":"y"}`).gives(200, is("external_id", `"e"`), is("properties", `{"billing_id":"b"}`))}},
	{section: "A3.4", fact: "only admins change, or forget, how mail finds an account", on: tracking, covers: "A9.6", given: withMember, steps: []step{
		acme(`{"name":"x","properties":{"email_domains":["a.example","b.example"]}}`).as(member.Value),
		patch("accounts/{account}/", `{"properties":{"billing_id":"b"}}`).as(member.Value).gives(403, forbidden("You do not have permission to perform this action.")),
		patch("accounts/{account}/", `{"properties":{"billing_id":"b","email_domains":["b.example","a.example"]}}`).as(member.Value).gives(200),
		patch("accounts/{account}/", `{"properties":{"billing_id":"b"}}`).gives(200, is("properties", `{"billing_id":"b"}`))}},

	// External ids and tags.
	{section: "A3.2", fact: "an external id is unique, and the empty text is one", on: everywhere, covers: "A9.7", steps: []step{
		acme(`{"name":"x","external_id":"e"}`),
		post("accounts/", `{"name":"y","external_id":" e "}`).gives(409, conflict(idTaken)),
		acme(`{"name":"x","external_id":""}`),
		post("accounts/", `{"name":"y","external_id":""}`).gives(409, conflict(idTaken)),
		acme(`{"name":"x","external_id":null}`), acme(`{"name":"x"}`),
		patch("accounts/{account}/", `{"external_id":"e"}`).gives(409, conflict(idTaken)),
		patch("accounts/{account}/", `{"external_id":null}`).gives(200, is("external_id", "null"))}},
	{section: "A3.2", fact: "tags are trimmed, lower-cased and kept once", on: everywhere, covers: "A9.8", steps: []step{
		acme(`{"name":"x","tags":[" VIP ","vip","Vip"]}`),
		read("accounts/{account}/").gives(200, is("tags", `["vip"]`)),
		read(`accounts/?tags=["VIP"]`).gives(200, is("count", "0")),
		read(`accounts/?tags=["vip","x"]`).gives(200, is("count", "1"))}},
	{section: "A3.4", fact: "PATCH replaces tags, null is refused", on: everywhere, covers: "A9.8", steps: []step{
		acme(`{"name":"x","tags":["a","b"]}`),
		patch("accounts/{account}/", `{"tags":["c"]}`).gives(200, is("tags", `["c"]`)),
		patch("accounts/{account}/", `{"tags":null}`).gives(400, invalidField("tags", "null", "This field may not be null.")),
		patch("accounts/{account}/", `{"tags":[]}`).gives(200, is("tags", `[]`)),
		read(`accounts/?tags=["c"]`).gives(200, is("count", "0"))}},
	{section: "A2", fact: "a change of tags alone does not move updated_at", on: everywhere, covers: "A9.8", steps: []step{
		acme(`{"name":"x"}`).keep("before", "updated_at"),
		patch("accounts/{account}/", `{"tags":["c"]}`).after(time.Second).gives(200, is("updated_at", `"{before}"`))}},

	// Churned accounts and the end of all.
	{section: "A3.1", fact: "a churned account is hidden, and there", on: tracking, covers: "A9.1", steps: []step{
		acme(`{"name":"Gone","external_id":"g","churned_at":"2026-01-01T00:00:00Z","ignored_at":"2026-01-01T00:00:00Z"}`),
		read("accounts/").gives(200, is("count", "0")),
		read("accounts/?include_churned=true").gives(200, is("count", "1"), is("results.0.ignored_at", "null")),
		read("accounts/{account}/").gives(200, is("churned_at", `"2026-01-01T00:00:00Z"`))}},
	{section: "A3.7", fact: "by_external_id finds churned accounts too", on: onCurrent, covers: "A9.7", steps: []step{
		acme(`{"name":"Gone","external_id":"g","churned_at":"2026-01-01T00:00:00Z"}`),
		read("accounts/by_external_id/?external_id=g").gives(200, is("id", `"{account}"`))}},
	{section: "A3.6", fact: "DELETE is final", on: everywhere, covers: "A9.10", steps: []step{
		acme(`{"name":"x"}`),
		remove("accounts/{account}/").gives(204, nothing()),
		remove("accounts/{account}/").gives(404, bare()),
		read("accounts/{account}/").gives(404, bare())}},
}

// withMember adds a key of somebody who is no admin.
func withMember(o *sandbox.Options) { o.Keys = append(o.Keys, member) }
