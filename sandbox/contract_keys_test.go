package sandbox_test

import (
	"strings"

	"posthog-accounts-mcp/sandbox"
)

// limited adds a key, phx_limited.
func limited(key sandbox.Key) func(*sandbox.Options) {
	key.Value = "phx_limited"
	return func(o *sandbox.Options) { o.Keys = append(o.Keys, key) }
}

// scoped adds phx_limited with these scopes only.
func scoped(scopes ...string) func(*sandbox.Options) { return limited(sandbox.Key{Scopes: scopes}) }

func lacks(scope string) check { return forbidden("API key missing required scope '" + scope + "'") }

func throttledFor(text string) check {
	return refusal("throttled_error", "throttled", "Request was throttled. Expected available in "+text+".", "")
}

func throttling(o *sandbox.Options) { o.Throttle = true }

func sayingWhen(o *sandbox.Options) { throttling(o); o.RetryAfter = true }

func failing(kind sandbox.FaultKind) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.Faults = []sandbox.Fault{{Kind: kind}} }
}

// accountKeys are the facts about who may ask for accounts, how often, and what
// may come in between.
var accountKeys = []claim{
	{section: "A1.3", fact: "a scope is named when it is missing, and writing includes reading", on: everywhere, covers: "A9.2", given: scoped("account:read", "notebook:write"), steps: []step{
		read("accounts/").as("phx_limited").gives(200),
		post("accounts/", `{"name":"x"}`).as("phx_limited").gives(403, lacks("account:write")),
		read("/api/projects/1/notebooks/").as("phx_limited").gives(200),
		read("persons/").as("phx_limited").gives(403, lacks("person:read"))}},
	{section: "A1.3", fact: "notes of accounts take the account scope", on: everywhere, covers: "A9.2", given: scoped("notebook:write"), steps: []step{
		acme(`{"name":"x"}`),
		read("accounts/{account}/notebooks/").as("phx_limited").gives(403, lacks("account:read")),
		post("accounts/{account}/notebooks/", `{}`).as("phx_limited").gives(403, lacks("account:write"))}},
	{section: "A1.3", fact: "a method that is not there is a 403 to keys", on: newestPersons, covers: "A9.2", steps: []step{
		acme(`{"name":"x"}`), post("accounts/{account}/notebooks/", `{}`).gives(201).keep("note", "short_id"),
		patch("accounts/{account}/notebooks/{note}/", `{}`).gives(403, forbidden(unmappedAction)),
		remove("accounts/").gives(403, forbidden(unmappedAction))}},
	{section: "A1.3", fact: "a key may be limited to projects", on: everywhere, covers: "A9.2 P13.7", given: limited(sandbox.Key{Scopes: []string{"*"}, Projects: []int64{7}}), steps: []step{
		read("accounts/").as("phx_limited").gives(403, forbidden("API key does not have access to the requested project: ID 1.")),
		read("/api/organizations/@current/members/").as("phx_limited").gives(403, forbidden("API keys with scoped projects are only supported on project-based endpoints.")),
		read("/api/users/@me/").as("phx_limited").gives(200)}},
	{section: "A1.3", fact: "a key may be limited to organisations", on: everywhere, covers: "A9.2 P13.7", given: limited(sandbox.Key{Scopes: []string{"*"}, Organizations: []string{elsewhere}}), steps: []step{
		read("accounts/").as("phx_limited").gives(403, matches("detail", "^API key does not have access to the requested organization: ID "))}},
	{section: "A1.3", fact: "its owner may not be of the project", on: everywhere, covers: "A9.2 P13.7", given: limited(sandbox.Key{Scopes: []string{"*"}, User: 99}), steps: []step{
		read("accounts/").as("phx_limited").gives(403, forbidden("You don't have access to the project."))}},
	{section: "A1.3", fact: "access control asks for an editor", on: everywhere, covers: "A9.2", given: limited(sandbox.Key{Scopes: []string{"*"}, User: 2, Access: sandbox.ViewerAccess}), steps: []step{
		read("accounts/").as("phx_limited").gives(200),
		post("accounts/", `{"name":"x"}`).as("phx_limited").gives(403, forbidden("You do not have editor access to this resource."))}},
	{section: "A1.3", fact: "the project comes before the scope, the scope before the body", on: everywhere, covers: "A9.2 P13.7", given: scoped("person:read"), steps: []step{
		read("/api/projects/99/accounts/").as("phx_limited").gives(404),
		post("accounts/", `{"name":`).as("phx_limited").gives(403, lacks("account:write"))}},
	{section: "A1.2", fact: "a key is taken from the query too", on: everywhere, covers: "A9.2", here: "keys in URLs end in logs", steps: []step{
		read("accounts/?limit=1&personal_api_key=phx_sandbox").as(nobody).gives(200)}},

	{section: "A1.5", fact: "480 a minute, the wait in the text and not in a header", on: everywhere, covers: "A9.12", given: throttling, steps: []step{
		read("tags/").gives(403), // refused before it is counted
		read("accounts/?limit=1").repeated(480).gives(200),
		read("accounts/?limit=1").gives(429, throttledFor("60 seconds"), header("Retry-After", "^$"))}},
	{section: "A1.5", fact: "a server may give the header", on: everywhere, covers: "A9.12 P13.8", given: sayingWhen, steps: []step{
		read("accounts/?limit=1").repeated(481).gives(429, header("Retry-After", "^60$"))}},
	{section: "A1.5", fact: "OAuth tokens are not counted", on: everywhere, covers: "A9.12 P13.8", given: func(o *sandbox.Options) {
		throttling(o)
		o.Keys = []sandbox.Key{{Value: "pha_token", Scopes: []string{"*"}}}
	}, steps: []step{read("accounts/?limit=1").as("pha_token").repeated(500).gives(200)}},

	{section: "A9", fact: "it can fail: 429", on: everywhere, covers: "A9.13", given: failing(sandbox.FaultThrottled), steps: []step{read("accounts/").gives(429, is("code", `"throttled"`))}},
	{section: "A9", fact: "it can fail: 500", on: everywhere, covers: "A9.13", given: failing(sandbox.FaultServerError), steps: []step{read("accounts/").gives(500, is("", serverError))}},
	{section: "A9", fact: "it can fail: 502 with a page", on: everywhere, covers: "A9.13", given: failing(sandbox.FaultBadGateway), steps: []step{read("accounts/").gives(502, aPage)}},
	{section: "A9", fact: "it can fail: 504 with a page", on: everywhere, covers: "A9.13", given: failing(sandbox.FaultGatewayTimeout), steps: []step{read("accounts/").gives(504, aPage)}},
}

var aPage = that("a page", func(a answer) bool { return strings.Contains(strings.ToLower(a.body), "<html") })

// personKeys are the same facts about persons.
var personKeys = []claim{
	{section: "P1.1", fact: "the scopes of persons", on: newestPersons, covers: "P13.7", given: scoped("person:read"), steps: []step{
		read("persons/").as("phx_limited").gives(200),
		read("persons/values/?key=a").as("phx_limited").gives(200),
		post("persons/batch_by_uuids/", `{"uuids":[]}`).as("phx_limited").gives(200),
		read("persons/activity/").as("phx_limited").gives(403, lacks("activity_log:read")),
		read("persons/cohorts/?person_id=1").as("phx_limited").gives(403, lacks("cohort:read")),
		post("persons/bulk_delete/", `{}`).as("phx_limited").gives(403, lacks("person:write")),
		post("persons/", `{}`).as("phx_limited").gives(403, lacks("person:write"))}},
	{section: "P6.3", fact: "a key from before scopes passes them all", on: everywhere, covers: "P13.7", given: limited(sandbox.Key{Legacy: true}), steps: []step{
		read("persons/").as("phx_limited").gives(200),
		read("/api/personal_api_keys/@current/").as("phx_limited").gives(200, is("scopes", `["*"]`))}},
	{section: "P1.1", fact: "no scope opens DELETE on the collection", on: newestPersons, covers: "P13.7", steps: []step{
		remove("persons/?distinct_id=u").gives(403, forbidden(unmappedAction))}},
	{section: "P6.3", fact: "the older words of that refusal", on: onPersons2025, covers: "P13.11", steps: []step{
		remove("persons/?distinct_id=u").gives(403, forbidden("This action does not support Personal API Key access"))}},
	{section: "P3.15", fact: "no person is made here", on: everywhere, covers: "P13.7", steps: []step{
		post("persons/", `{}`).gives(405, is("type", `"invalid_request"`), is("code", `"method_not_allowed"`), matches("detail", `^Creating persons via this API is not allowed\.`))}},
	{section: "P7", fact: "reads and property writes share 240 a minute", on: newestPersons, covers: "P13.8", given: throttling, steps: []step{
		read("persons/?limit=1").repeated(239).gives(200),
		post("persons/batch_by_uuids/", `{"uuids":[]}`).gives(200),
		read("persons/?limit=1").gives(429, throttledFor("60 seconds"), header("Retry-After", "^$")),
		patch("persons/1/", `{"properties":{}}`).gives(429),
		remove("persons/1/").gives(404),
		read("accounts/?limit=1").gives(200)}},
	{section: "P7", fact: "an OAuth token has 180 a minute", on: everywhere, covers: "P13.8", given: func(o *sandbox.Options) {
		throttling(o)
		o.Keys = []sandbox.Key{{Value: "pha_token", Scopes: []string{"*"}}}
	}, steps: []step{
		read("persons/?limit=1").as("pha_token").repeated(180).gives(200),
		read("persons/?limit=1").as("pha_token").gives(429)}},
	{section: "P1", fact: "bodies are JSON only", on: everywhere, covers: "P13.9", steps: []step{
		event("e", "u", `{}`),
		patch("persons/1/", "name=x").with("Content-Type", "application/x-www-form-urlencoded").gives(415, is("code", `"unsupported_media_type"`))}},
	{section: "P8", fact: "three mounts, slash or not, @current", on: everywhere, covers: "P13.9", here: "a key limited to a project has no current one", steps: []step{
		read("/api/projects/1/persons?limit=1").gives(200), read("/api/environments/1/persons/?limit=1").gives(200),
		read("/api/projects/@current/persons/?limit=1").gives(200), read("/api/person/?limit=1").gives(200)}},
	{section: "P8", fact: "a project token in the query decides the project", on: everywhere, covers: "P13.9", here: "it would name another project", steps: []step{
		read("/api/projects/2/persons/?limit=1&token=phc_sandbox").gives(200),
		read("persons/?token=phc_other").gives(401)}},
}
