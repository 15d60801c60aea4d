package sandbox_test

import "posthog-accounts-mcp/sandbox"

var (
	definitionFields      = []string{"id", "name", "description", "display_type", "is_big_number", "options", "source", "created_at", "created_by", "updated_at", "references"}
	newerDefinitionFields = []string{"target_type", "group_type_index", "is_canonical", "has_workflow_reference"}
)

// define makes a definition of a display type for the account of acme.
func define(displayType string) step {
	options := ""
	if displayType == "select" {
		options = `,"options":[{"label":"Free","color":"preset-1"},{"label":"Paid","color":"preset-2"}]`
	}
	return post("custom_property_definitions/", `{"name":"P","display_type":"`+displayType+`"`+options+`}`).gives(201).keep("definition", "id")
}

// value sets the property; want is how it comes back.
func value(sent, want string) step {
	return post("accounts/{account}/custom_property_values/", `{"definition":"{definition}","value":`+sent+`}`).gives(201, matches("value", "^"+want+"$"))
}

// refusedValue is a value that the property does not take.
func refusedValue(sent, expects string) step {
	return post("accounts/{account}/custom_property_values/", `{"definition":"{definition}","value":`+sent+`}`).gives(400, badInput("value", "Custom property 'P' expects "+expects))
}

// propertyFacts are the facts about custom properties and their values.
var propertyFacts = []claim{
	{section: "A5.1", fact: "values are a bare list without names", on: everywhere, covers: "A9.11", steps: []step{
		read("accounts/{account}/custom_property_values/").gives(200, isA("", "list")),
		read("accounts/{valued_account}/custom_property_values/").gives(200, has("0", "id", "account_id", "definition_id", "value", "created_at", "created_by_id"),
			each("#.definition_id", "uuid"), each("#.value", "text|number|boolean|null"), each("#.created_by_id", "integer|null"))}},
	{section: "A6.1", fact: "definitions, paginated", needs: "definition", on: untracked, covers: "A9.11", steps: []step{
		read("custom_property_definitions/?limit=1").gives(200, has("", "count", "next", "previous", "results"), has("results.0", definitionFields...)),
		read("custom_property_definitions/{definition}/").gives(200, is("id", `"{definition}"`))}},
	{section: "A6.1", fact: "definitions with a target", needs: "definition", on: tracking, covers: "A9.11 A9.1", steps: []step{
		read("custom_property_definitions/?limit=1").gives(200, has("results.0", append(newerDefinitionFields, definitionFields...)...), matches("results.0.target_type", "^(account|person|group)$"))}},
	{section: "A6.1", fact: "their list has no search", needs: "definition", on: everywhere, covers: "A9.11", steps: []step{
		read("custom_property_definitions/?limit=1").gives(200).keep("count", "count"),
		read("custom_property_definitions/?limit=1&search=no+property+is+called+this").gives(200, is("count", "{count}"))}},
	{section: "A6.1", fact: "values are suggested", on: tracking, covers: "A9.11", steps: []step{
		read("custom_property_definitions/values/?key={definition}").gives(200, has("", "results", "refreshing"), isA("results", "list")),
		read("custom_property_definitions/values/?key=no-such-key").gives(200, is("results", "[]"))}},

	{section: "A5.2", fact: "a value is a new row each time", on: everywhere, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("text"),
		value(`"same"`, "same").keep("first", "id"),
		value(`"same"`, "same").keep("second", "id"),
		read("accounts/{account}/custom_property_values/").gives(200, is("#", "1"), is("0.id", `"{second}"`)),
		read("accounts/{account}/custom_property_values/{first}/").gives(404)}},
	{section: "A5.2", fact: "an unknown definition is a 400, scalars only", on: everywhere, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("text"),
		post("accounts/{account}/custom_property_values/", `{"definition":"P","value":1}`).gives(400, badInput("definition", "Must be a valid UUID.")),
		post("accounts/{account}/custom_property_values/", `{"definition":"00000000-0000-7000-8000-000000000000","value":1}`).gives(400, badInput("definition", "Custom property definition not found.")),
		post("accounts/{account}/custom_property_values/", `{"definition":"{definition}","value":[1]}`).gives(400, badInput("value", "Value must be a string, number, or boolean.")),
		post("accounts/{account}/custom_property_values/", `{"definition":"{definition}"}`).gives(400, invalidField("value", "required", required))}},
	{section: "A5.2", fact: "null is refused", on: beforeCurrent, covers: "A9.11 A9a.2", steps: []step{
		acme(`{"name":"x"}`), define("text"), value(`"x"`, "x"),
		post("accounts/{account}/custom_property_values/", `{"definition":"{definition}","value":null}`).gives(400, is("attr", `"value"`)),
		read("accounts/{account}/custom_property_values/").gives(200, is("#", "1"))}},
	{section: "A5.2", fact: "null clears, with nothing set too", on: onCurrent, covers: "A9.11 A9a.2", steps: []step{
		acme(`{"name":"x"}`), define("text"), value(`"x"`, "x"),
		post("accounts/{account}/custom_property_values/", `{"definition":"{definition}","value":null}`).gives(204, nothing()),
		read("accounts/{account}/custom_property_values/").gives(200, is("", "[]")),
		post("accounts/{account}/custom_property_values/", `{"definition":"{definition}","value":null}`).gives(204)}},

	{section: "A5.3", fact: "text", on: everywhere, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("text"), value(`"a"`, "a"), value(`""`, ""), value(`42`, "42"), refusedValue(`true`, "a text value")}},
	{section: "A5.3", fact: "number, currency and percent are floats", on: everywhere, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("percent"), value(`42`, `42(\.0)?`), value(`"1.5"`, `1\.5`), value(`250`, `250(\.0)?`),
		refusedValue(`true`, "a numeric value"), refusedValue(`"5%"`, "a numeric value"), refusedValue(`"nan"`, "a finite numeric value")}},
	{section: "A5.3", fact: "boolean takes the words, not 0 and 1", on: everywhere, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("boolean"), value(`true`, "true"), value(`"FALSE"`, "false"), refusedValue(`1`, "a boolean value"), refusedValue(`"yes"`, "a boolean value")}},
	{section: "A5.3", fact: "a date comes back as a moment", on: everywhere, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("date"), value(`"2026-01-31"`, "2026-01-31T00:00:00Z"), value(`"2026-01-31T23:30:00-02:00"`, "2026-02-01T01:30:00Z"),
		refusedValue(`"31.01.2026"`, "an ISO-8601 datetime")}},
	{section: "A5.3", fact: "select takes labels to the letter", on: everywhere, covers: "A9.11 A9a.1", steps: []step{
		acme(`{"name":"x"}`), define("select").keep("option", "options.0.id"), value(`"Paid"`, "Paid"), refusedValue(`"paid"`, "one of its options: Free, Paid"),
		refusedValue(`"{option}"`, "one of its options: Free, Paid")}},
	{section: "A5.3", fact: "link takes http and https", on: tracking, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("link"), value(`"https://x.example"`, "https://x.example"), refusedValue(`"x.example"`, "an HTTP or HTTPS URL")}},
	{section: "A5.3", fact: "there is no link", on: untracked, covers: "A9.11 A9a.1", steps: []step{
		post("custom_property_definitions/", `{"name":"P","display_type":"link"}`).gives(400, invalidField("display_type", "invalid_choice", `"link" is not a valid choice.`))}},
	{section: "A5.3", fact: "a change of type makes values read null", on: everywhere, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("number"), value(`5`, `5(\.0)?`),
		patch("custom_property_definitions/{definition}/", `{"display_type":"text"}`).gives(200),
		read("accounts/{account}/custom_property_values/").gives(200, is("0.value", "null"))}},
	{section: "A6.1", fact: "a name is taken once", on: everywhere, covers: "A9.11", steps: []step{
		define("text"),
		post("custom_property_definitions/", `{"name":"P","display_type":"text"}`).gives(409, conflict("A custom property with this name already exists for this team."))}},
	{section: "A6.1", fact: "DELETE takes all values along", on: everywhere, covers: "A9.11", steps: []step{
		acme(`{"name":"x"}`), define("text"), value(`"x"`, "x"),
		remove("custom_property_definitions/{definition}/").gives(204),
		read("accounts/{account}/custom_property_values/").gives(200, is("", "[]"))}},
	{section: "A9a", fact: "a member may delete a definition", on: beforeCurrent, covers: "A9a.3", given: withMember, steps: []step{
		define("text"), remove("custom_property_definitions/{definition}/").as(member.Value).gives(204)}},
	{section: "A6.1", fact: "only admins may delete a definition", on: onCurrent, covers: "A9a.3", given: withMember, steps: []step{
		define("text"), remove("custom_property_definitions/{definition}/").as(member.Value).gives(403, forbidden("You don't have sufficient permissions in the project."))}},
	{section: "A5.2", fact: "what a view feeds cannot be set", on: everywhere, covers: "A9.11", given: seededToo, steps: []step{
		read("accounts/?limit=1").gives(200).keep("account", "results.0.id"),
		read("custom_property_definitions/").gives(200).keep("fed", `results.#(source.id!="").id`),
		post("accounts/{account}/custom_property_values/", `{"definition":"{fed}","value":1}`).gives(400, badInput("definition", "This custom property is managed by a data warehouse source and can't be set manually."))}},
	{section: "A5.2", fact: "what PostHog itself keeps cannot be set", on: tracking, covers: "A9.11", given: seededToo, steps: []step{
		read("accounts/?limit=1").gives(200).keep("account", "results.0.id"),
		read("custom_property_definitions/").gives(200).keep("kept", `results.#(is_canonical==true).id`),
		post("accounts/{account}/custom_property_values/", `{"definition":"{kept}","value":1}`).gives(400, badInput("definition", "This custom property is managed by PostHog and can't be edited manually."))}},
}

// seededToo has the sandbox of a row that writes begin with the portfolio.
func seededToo(o *sandbox.Options) { o.Empty = false }
