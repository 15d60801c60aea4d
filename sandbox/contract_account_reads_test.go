package sandbox_test

// accountFields are an account's members, those of newer generations apart.
var (
	accountFields  = []string{"id", "name", "external_id", "properties", "tags", "notebooks", "created_at", "created_by", "updated_at"}
	trackingFields = []string{"slack_summary_cadence", "churned_at", "ignored_at"}
)

const (
	unmappedAction = "This action does not support personal API key access"
	noCredentials  = "Authentication credentials were not provided."
	invalidKey     = "Personal API key found in request Authorization header is invalid."
	badTags        = "Must be a JSON-encoded list of strings."
)

// accountReads are the facts about reading accounts.
var accountReads = []claim{
	// Addresses.
	{section: "A1.1", fact: "a trailing slash is optional", on: everywhere, covers: "A9.4", steps: []step{
		read("accounts?limit=1").gives(200, isA("count", "integer")),
		read("accounts/?limit=1").gives(200, isA("count", "integer")),
		read("accounts/{account}").gives(200, is("id", `"{account}"`))}},
	{section: "A1.1", fact: "environments and projects take the same number", on: everywhere, covers: "A9.4", steps: []step{
		read("/api/environments/{project}/accounts/{account}/").gives(200, is("id", `"{account}"`))}},
	{section: "A1.1", fact: "@current stands for a project", on: everywhere, covers: "A9.4", steps: []step{
		read("/api/projects/@current/accounts/?limit=1").gives(200, isA("count", "integer"))}},
	{section: "A1.1", fact: "values are not below environments", on: onDocumented | onBridge | onPersons2025, covers: "A9.1", steps: []step{
		read("/api/environments/{project}/accounts/{account}/custom_property_values/").gives(404)}},
	{section: "A1.1", fact: "values are below environments", on: tracking, covers: "A9.1", steps: []step{
		read("/api/environments/{project}/accounts/{account}/custom_property_values/").gives(200)}},
	{section: "A1.1", fact: "an unknown project is a full 404", on: everywhere, covers: "A9.3", steps: []step{
		read("/api/projects/999999999/accounts/").gives(404, refusal("invalid_request", "not_found", "Project not found.", "")),
		read("/api/projects/no-number/accounts/").gives(404, refusal("invalid_request", "not_found", "Project not found.", ""))}},
	{section: "A1.1", fact: "a malformed or unknown account id is a bare 404", on: everywhere, covers: "A9.3", steps: []step{
		read("accounts/no-such-account/").gives(404, bare()),
		read("accounts/00000000-0000-7000-8000-000000000000/").gives(404, bare()),
		read("accounts/00000000-0000-7000-8000-000000000000/notebooks/").gives(404, bare()),
		read("accounts/no-such-account/custom_property_values/").gives(404, bare())}},

	// Pages.
	{section: "A1.6", fact: "a list is an envelope with its full count", needs: "second_account", on: everywhere, covers: "A9.5", steps: []step{
		read("accounts/?limit=1").gives(200, has("", "count", "next", "previous", "results"), is("results.#", "1"), is("previous", "null"), isA("next", "link")).keep("count", "count"),
		read("accounts/?limit=2&offset=1").gives(200, is("count", "{count}"))}},
	{section: "A1.6", fact: "links are absolute and name the window", needs: "second_account", on: everywhere, covers: "A9.5", steps: []step{
		read("accounts/?limit=1&ordering=name").gives(200, matches("next", `^https?://.*[?&]limit=1\b`), matches("next", `[?&]offset=1\b`), matches("next", `[?&]ordering=name\b`)),
		read("accounts/?limit=1&offset=1").gives(200, matches("previous", `^https?://[^ ]*limit=1$`)),
		read("accounts/?limit=1&offset=2000000000").gives(200, is("results", "[]"), is("next", "null"))}},
	{section: "A1.6", fact: "bad windows fall back in silence", needs: "second_account", on: everywhere, covers: "A9.5", steps: []step{
		read("accounts/?limit=1&offset=x").gives(200, is("previous", "null"), is("results.#", "1")),
		read("accounts/?limit=1&offset=-1").gives(200, is("previous", "null"), is("results.#", "1")),
		read("accounts/?limit=none").gives(200, fullPage),
		read("accounts/?limit=0").gives(200, fullPage),
		read("accounts/?limit=-1").gives(200, fullPage)}},
	{section: "A1.6", fact: "limit has no maximum", on: everywhere, covers: "A9.5", here: "it reads everything", steps: []step{
		read("accounts/?limit=100000").gives(200, is("next", "null"), that("all rows", func(a answer) bool { return a.get("count").Int() == a.get("results.#").Int() }))}},

	// The account.
	{section: "A2", fact: "the members of an account", on: untracked, covers: "A9.1", steps: []step{
		read("accounts/{account}/").gives(200, has("", accountFields...)),
		read("accounts/?limit=1").gives(200, has("results.0", accountFields...))}},
	{section: "A2", fact: "the members of a tracked account", on: tracking, covers: "A9.1 A9a.2", steps: []step{
		read("accounts/{account}/").gives(200, has("", append(trackingFields, accountFields...)...))}},
	{section: "A2", fact: "their kinds", needs: "account", on: everywhere, covers: "A9.1", steps: []step{
		read("accounts/?limit=20").gives(200, each("results.#.id", "uuid"), each("results.#.name", "text"), each("results.#.external_id", "text|null"),
			each("results.#.properties", "object"), each("results.#.tags", "list"), each("results.#.notebooks", "list"), each("results.#.created_at", "time"),
			each("results.#.created_by", "integer|null"), each("results.#.updated_at", "time|null"))}},
	{section: "A2.1", fact: "no role is among the properties", needs: "account", on: relationships, covers: "A9.1", steps: []step{
		read("accounts/?limit=100").gives(200, is("results.#.properties.csm", "[]"), is("results.#.properties.account_executive", "[]"), is("results.#.properties.account_owner", "[]"))}},
	{section: "A3.3", fact: "retrieve shows what the list shows", needs: "account", on: everywhere, covers: "A9.6", steps: []step{
		read("accounts/?limit=1&ordering=created_at").gives(200).keep("first", "results.0.id").keep("name", "results.0.name"),
		read("accounts/{first}/").gives(200, is("id", `"{first}"`), is("name", `"{name}"`), isA("properties", "object"))}},

	// Filters.
	{section: "A3.1", fact: "an unknown ordering is the newest first", needs: "account", on: everywhere, covers: "A9.5", steps: []step{
		read("accounts/?limit=1&ordering=-created_at").gives(200).keep("newest", "results.0.id"),
		read("accounts/?limit=1&ordering=external_id").gives(200, is("results.0.id", `"{newest}"`)),
		read("accounts/?limit=1").gives(200, is("results.0.id", `"{newest}"`))}},
	{section: "A3.1", fact: "tags is a JSON list of texts and nothing else", on: everywhere, covers: "A9.8", steps: []step{
		read("accounts/?tags=vip").gives(400, badInput("tags", badTags)),
		read("accounts/?tags=vip,eu").gives(400, badInput("tags", badTags)),
		read("accounts/?tags=%22vip%22").gives(400, badInput("tags", badTags)),
		read("accounts/?tags=%7B%7D").gives(400, badInput("tags", badTags)),
		read("accounts/?tags=[1]").gives(400, badInput("tags", badTags))}},
	{section: "A3.1", fact: "any of the tags will do, none is no filter", on: everywhere, covers: "A9.8", steps: []step{
		read("accounts/?limit=1").gives(200).keep("count", "count"),
		read("accounts/?limit=1&tags=[]").gives(200, is("count", "{count}")),
		read("accounts/?limit=1&tags=").gives(200, is("count", "{count}")),
		read(`accounts/?limit=1&tags=["no such tag at all"]`).gives(200, is("count", "0")),
		read(`accounts/?limit=1&tags=["{tag}"]`).gives(200, isA("results.0.id", "uuid")).keep("tagged", "count"),
		read(`accounts/?limit=1&tags=["{tag}","no such tag at all"]`).gives(200, is("count", "{tagged}"))}},
	{section: "A3.1", fact: "a blank search is none, one for nothing finds nothing", on: everywhere, covers: "A9.5", steps: []step{
		read("accounts/?limit=1").gives(200).keep("count", "count"),
		read("accounts/?limit=1&search=+++").gives(200, is("count", "{count}")),
		read("accounts/?limit=1&search=no+account+is+called+this").gives(200, is("count", "0"), is("results", "[]"))}},
	{section: "A3.1", fact: "a role filter by e-mail is ignored: all accounts come back", on: everywhere, covers: "A9.1", steps: []step{
		read("accounts/?limit=1").gives(200).keep("count", "count"),
		read("accounts/?limit=1&csm=nobody@example.com").gives(200, is("count", "{count}")),
		read("accounts/?limit=1&account_owner=none&account_executive=null").gives(200, is("count", "{count}"))}},
	{section: "A3.1", fact: "a role filter by id filters", needs: "account", on: rolesInProperties, covers: "A9.1", steps: []step{
		read("accounts/?limit=1&csm=2147483647").gives(200, is("count", "0")),
		read("accounts/?limit=1&account_executive=2147483647").gives(200, is("count", "0")),
		read("accounts/?limit=1&account_owner=2147483647").gives(200, is("count", "0"))}},
	{section: "A3.1", fact: "a role filter by id is ignored", needs: "account", on: relationships, covers: "A9.1", steps: []step{
		read("accounts/?limit=1").gives(200).keep("count", "count"),
		read("accounts/?limit=1&csm=2147483647&account_owner=unassigned").gives(200, is("count", "{count}"))}},
	{section: "A3.1", fact: "all_roles_unassigned counts as true by that word only", on: everywhere, covers: "A9.1", steps: []step{
		read("accounts/?limit=1").gives(200).keep("count", "count"),
		read("accounts/?limit=1&all_roles_unassigned=1").gives(200, is("count", "{count}")),
		read("accounts/?limit=1&all_roles_unassigned=yes").gives(200, is("count", "{count}")),
		read("accounts/?limit=1&all_roles_unassigned=true").gives(200).keep("nobodys", "count"),
		read("accounts/?limit=1&all_roles_unassigned=TRUE").gives(200, is("count", "{nobodys}"))}},
	{section: "A3.1", fact: "churned and ignored accounts are left out", needs: "account", on: tracking, covers: "A9.1", steps: []step{
		read("accounts/?limit=100").gives(200, each("results.#.churned_at", "null"), each("results.#.ignored_at", "null"), isA("results.0.churned_at", "null")),
		read("accounts/?limit=100&include_churned=1").gives(200, each("results.#.churned_at", "null")),
		read("accounts/?limit=100&include_churned=true").gives(200, each("results.#.ignored_at", "null")),
		read("accounts/?limit=100&include_ignored=true").gives(200, each("results.#.churned_at", "null"))}},
	{section: "A3.1", fact: "there is no filter by exact external id", on: everywhere, covers: "A9.7", steps: []step{
		read("accounts/?limit=1").gives(200).keep("count", "count"),
		read("accounts/?limit=1&external_id=no-such-id").gives(200, is("count", "{count}"))}},
	{section: "A3.7", fact: "by_external_id finds exactly", on: onCurrent, covers: "A9.7 A9a.4", steps: []step{
		read("accounts/by_external_id/?external_id={external_id}").gives(200, is("external_id", `"{external_id}"`)),
		read("accounts/by_external_id/?external_id=+{external_id}").gives(404, bare()),
		read("accounts/by_external_id/").gives(400, refusal("validation_error", "required", "This field is required.", "external_id"))}},
	{section: "A3.7", fact: "by_external_id is read as an account's id", on: beforeCurrent, covers: "A9.7", steps: []step{
		read("accounts/by_external_id/?external_id={external_id}").gives(404, bare()),
		read("accounts/by_external_id/").gives(404, bare())}},

	// Around the account.
	{section: "A3.8", fact: "tickets are a bare list, mail is paginated", on: tracking, covers: "A9.1", steps: []step{
		read("accounts/{account}/support_tickets/").gives(200, isA("", "list")),
		read("accounts/{account}/email_threads/").gives(200, has("", "count", "next", "previous", "results"))}},
	{section: "A3.8", fact: "no key reads meetings and summaries", on: tracking, covers: "A9.2 A9a.6", steps: []step{
		read("accounts/{account}/meetings/").gives(403, forbidden(unmappedAction)),
		read("accounts/{account}/summaries/").gives(403, forbidden(unmappedAction))}},
	{section: "A6.5", fact: "no key reads the list of tags", on: everywhere, covers: "A9.2", steps: []step{
		read("tags/").gives(403, that("no support for keys", func(a answer) bool { return kinds["text"].MatchString(a.at("detail").Raw) }))}},

	// Who asks.
	{section: "A1.3", fact: "no credentials are a 401", on: everywhere, covers: "A9.2 P13.9", steps: []step{
		read("accounts/").as(nobody).gives(401, refusal("authentication_error", "not_authenticated", noCredentials, ""), header("WWW-Authenticate", "^Bearer resource_metadata="))}},
	{section: "A1.3", fact: "a wrong key is a 401, a project token is one", on: everywhere, covers: "A9.2 P13.9", steps: []step{
		read("accounts/").as("phx_no_such_key").gives(401, refusal("authentication_error", "authentication_failed", invalidKey, "")),
		read("persons/").as("phc_no_such_token").gives(401, refusal("authentication_error", "authentication_failed", invalidKey, ""))}},
	{section: "A1.2", fact: "a wrong OAuth token has words of its own", on: everywhere, covers: "A9.2 P13.9", steps: []step{
		read("accounts/").as("pha_no_such_token").gives(401, refusal("authentication_error", "authentication_failed", "Invalid access token.", ""))}},
	{section: "A6.4", fact: "members carry the integer id of their user", on: everywhere, covers: "A9.2", steps: []step{
		read("/api/organizations/@current/members/?limit=1").gives(200, has("", "count", "next", "previous", "results"), isA("results.0.id", "uuid"),
			isA("results.0.user.id", "integer"), isA("results.0.user.uuid", "uuid"), isA("results.0.user.email", "text"), isA("results.0.level", "integer"))}},
	{section: "A6.4", fact: "@me carries the current project", on: everywhere, covers: "A9.2", steps: []step{
		read("/api/users/@me/").gives(200, isA("uuid", "uuid"), isA("email", "text"), isA("team.id", "integer"), isA("organization.id", "uuid"))}},
	{section: "P9", fact: "a key describes itself", on: everywhere, covers: "P13.7", steps: []step{
		read("/api/personal_api_keys/@current/").gives(200, is("value", "null"), isA("scopes", "list"), isA("scoped_teams", "list|null"), isA("scoped_organizations", "list|null"), isA("user_id", "integer"))}},
	{section: "P9", fact: "projects are paginated", on: everywhere, covers: "P13.7", steps: []step{
		read("/api/projects/?limit=1").gives(200, isA("count", "integer"), isA("results.0.id", "integer"), isA("results.0.name", "text"))}},
}

// fullPage wants as many rows as the default page has.
var fullPage = that("a page of up to 100 rows", func(a answer) bool {
	return a.get("results.#").Int() == min(a.get("count").Int(), 100)
})
