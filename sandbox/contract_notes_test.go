package sandbox_test

import (
	"strings"

	"posthog-accounts-mcp/sandbox"
)

var noteFields = []string{"id", "short_id", "title", "content", "text_content", "created_at", "created_by", "last_modified_at", "last_modified_by"}

// richText is a document with one heading, as it stands in a JSON body.
const richText = `{"type":"doc","content":[{"type":"heading","attrs":{"level":2},"content":[{"type":"text","text":"Mine"}]}]}`

// note creates a note on the account that acme made.
func note(body string) step {
	return post("accounts/{account}/notebooks/", body).gives(201).keep("note", "short_id")
}

// markdownNote is the document of a Markdown notebook.
func markdownNote(markdown string) string {
	return `{"type":"doc","content":[{"type":"ph-markdown-notebook","attrs":{"nodeId":"markdown-notebook-v2","markdown":"` + markdown + `"}}]}`
}

// notebookFacts are the facts about notes on accounts.
var notebookFacts = []claim{
	{section: "A4.2", fact: "the list carries whole notes", on: everywhere, covers: "A9.10", steps: []step{
		read("accounts/{noted_account}/notebooks/?limit=5").gives(200, has("", "count", "next", "previous", "results"), has("results.0", noteFields...),
			each("results.#.short_id", "text"), each("results.#.content", "object|list|text|number|boolean|null"), each("results.#.text_content", "text|null"),
			each("results.#.created_by", "object|null"), each("results.#.created_by.id", "integer"), each("results.#.created_by.uuid", "uuid"), each("results.#.created_by.email", "text"))}},
	{section: "A4.2", fact: "an unknown ordering is the newest first", on: everywhere, covers: "A9.10", steps: []step{
		read("accounts/{noted_account}/notebooks/?limit=1&ordering=-created_at").gives(200).keep("newest", "results.0.id"),
		read("accounts/{noted_account}/notebooks/?limit=1&ordering=title").gives(200, is("results.0.id", `"{newest}"`))}},
	{section: "A4.2", fact: "a search for no word of it finds nothing", on: everywhere, covers: "A9.9", steps: []step{
		read("accounts/{noted_account}/notebooks/?search=zzqxvjw").gives(200, is("count", "0"))}},
	{section: "A4.4", fact: "one note", on: everywhere, covers: "A9.10", steps: []step{
		read("accounts/{noted_account}/notebooks/{note}/").gives(200, is("short_id", `"{note}"`), has("", noteFields...)),
		read("accounts/{noted_account}/notebooks/nosuchnote/").gives(404, bare())}},
	{section: "A4.4", fact: "the general API knows it, with version and account", on: everywhere, covers: "A9.10", steps: []step{
		read("notebooks/{note}/").gives(200, is("short_id", `"{note}"`), isA("version", "integer"), is("parent_resource", `{"type":"account","id":"{noted_account}"}`))}},
	{section: "A4.4", fact: "and lists none of them", on: everywhere, covers: "A9.10", here: "other notebooks may be there", steps: []step{
		read("notebooks/").gives(200, is("count", "0"))}},
	{section: "A4.4", fact: "any note can be read as Markdown", on: onCurrent, covers: "A9.10", steps: []step{
		read("notebooks/{note}/markdown/").gives(200, has("", "markdown"), isA("markdown", "text"))}},
	{section: "A6.3", fact: "notes across accounts have no bodies", needs: "note", on: everywhere, covers: "A9a.1", steps: []step{
		read("account_notes/?limit=3").gives(200, has("", "count", "next", "previous", "results"),
			has("results.0", "short_id", "title", "created_at", "last_modified_at", "account_id", "account_name", "created_by")),
		read("account_notes/?limit=1&account_id={noted_account}").gives(200, is("results.0.account_id", `"{noted_account}"`))}},
	{section: "A6.3", fact: "their filters are checked", on: everywhere, covers: "A9a.1", steps: []step{
		read("account_notes/?account_id=x").gives(400, badInput("account_id", "Must be a valid UUID.")),
		read("account_notes/?created_by=x").gives(400, is("attr", `"created_by"`), is("detail", `"Must be a comma-separated list of numeric user IDs."`))}},

	{section: "A4.2", fact: "search is by whole words, stemmed, of one field", on: everywhere, covers: "A9.9", steps: []step{
		acme(`{"name":"x"}`),
		note(`{"title":"Renewal call","text_content":"They exported all dashboards."}`),
		note(`{"title":"Drawn","content":` + richText + `}`),
		read("accounts/{account}/notebooks/?search=dashboard").gives(200, is("count", "1")),
		read("accounts/{account}/notebooks/?search=dash").gives(200, is("count", "0")),
		read("accounts/{account}/notebooks/?search=exports+dashboards").gives(200, is("count", "1")),
		read("accounts/{account}/notebooks/?search=renewal+dashboards").gives(200, is("count", "0")),
		read("accounts/{account}/notebooks/?search=mine").gives(200, is("count", "0")),
		read("accounts/{account}/notebooks/?search=drawn").gives(200, is("count", "1"))}},
	{section: "A4.3", fact: "a text is Markdown, converted to rich text", on: beforeCurrent, covers: "A9.10 A9a.2", steps: []step{
		acme(`{"name":"x"}`),
		note(`{"text_content":"## Mine"}`).gives(201, is("content", richText), is("text_content", `"## Mine"`), is("title", "null"))}},
	{section: "A4.3", fact: "a text is wrapped as a Markdown notebook", on: onCurrent, covers: "A9.10 A9a.2", steps: []step{
		acme(`{"name":"x"}`),
		note(`{"text_content":"## Mine"}`).gives(201, is("content", markdownNote("## Mine")), is("text_content", `"## Mine"`), is("title", "null")),
		read("notebooks/{note}/markdown/").gives(200, is("", `{"markdown":"## Mine"}`))}},
	{section: "A4.3", fact: "a caller's document is kept as it is, the text beside it", on: beforeCurrent, covers: "A9.10 A9a.2", steps: []step{
		acme(`{"name":"x"}`),
		note(`{"content":`+richText+`,"text_content":"beside"}`).gives(201, is("content", richText), is("text_content", `"beside"`))}},
	{section: "A4.3", fact: "a caller's document becomes a Markdown notebook", on: onCurrent, covers: "A9.10 A9a.2", steps: []step{
		acme(`{"name":"x"}`),
		note(`{"content":`+richText+`,"text_content":"beside"}`).gives(201, is("content", markdownNote("## Mine")), is("text_content", `"beside"`)),
		post("accounts/{account}/notebooks/", `{"content":{}}`).gives(400, is("attr", `"content"`))}},
	{section: "A4.3", fact: "an unusable document gives way to the text, nothing leaves a blank page", on: everywhere, covers: "A9.10", steps: []step{
		acme(`{"name":"x"}`),
		note(`{"content":[],"text_content":"x"}`).gives(201, is("content.type", `"doc"`)),
		note(`{}`).gives(201, is("content", "null"), is("text_content", "null"))}},
	{section: "A4.3", fact: "a title has 256 characters and no default", on: everywhere, covers: "A9.10", steps: []step{
		acme(`{"name":"x"}`),
		note(`{"title":""}`).gives(201, is("title", `""`)),
		post("accounts/{account}/notebooks/", `{"title":"`+strings.Repeat("x", 257)+`"}`).gives(400, invalidField("title", "max_length", "Ensure this field has no more than 256 characters."))}},
	{section: "A4.4", fact: "DELETE of a note is final", on: everywhere, covers: "A9.10", steps: []step{
		acme(`{"name":"x"}`), note(`{"title":"t"}`),
		remove("accounts/{account}/notebooks/{note}/").gives(204, nothing()),
		read("accounts/{account}/notebooks/{note}/").gives(404, bare()),
		read("notebooks/{note}/").gives(404, is("code", `"not_found"`))}},
	{section: "A3.6", fact: "notes outlive their account, on nobody's list", on: everywhere, covers: "A9.10", steps: []step{
		acme(`{"name":"x"}`), note(`{"title":"t"}`),
		remove("accounts/{account}/").gives(204),
		read("accounts/{account}/notebooks/").gives(404, bare()),
		read("account_notes/").gives(200, is("count", "0")),
		read("notebooks/{note}/").gives(200, is("title", `"t"`), is("parent_resource", "null"))}},
	{section: "A2", fact: "an account names notes that are gone", on: everywhere, covers: "A9.10", steps: []step{
		acme(`{"name":"x"}`), note(`{"title":"t"}`),
		patch("notebooks/{note}/", `{"deleted":true}`).gives(200),
		read("accounts/{account}/").gives(200, is("notebooks", `["{note}"]`)),
		read("accounts/{account}/notebooks/{note}/").gives(404, bare()),
		read("accounts/{account}/notebooks/").gives(200, is("count", "0"))}},
	{section: "A4.4", fact: "an edit names the version it read", on: everywhere, covers: "A9.10", steps: []step{
		acme(`{"name":"x"}`), note(`{"text_content":"a"}`),
		patch("notebooks/{note}/", `{"content":`+richText+`}`).gives(409),
		read("notebooks/{note}/").gives(200).keep("version", "version"),
		patch("notebooks/{note}/", `{"content":`+richText+`,"version":{version}}`).gives(200),
		patch("notebooks/{note}/", `{"content":`+richText+`,"version":{version}}`).gives(409, matches("detail", "^Someone else edited the Notebook"))}},
}

// relationshipFacts are the facts about who holds an account.
var relationshipFacts = []claim{
	{section: "A6.2", fact: "there are relationships", needs: "relationship_definition", on: relationships, covers: "A9.1", steps: []step{
		read("account_relationship_definitions/?limit=1").gives(200, has("", "count", "next", "previous", "results"), isA("results.0.id", "uuid"), isA("results.0.is_single_holder", "boolean")),
		read("accounts/{account}/relationships/").gives(200, isA("", "list"))}},
	{section: "A9a", fact: "there are none, unless a late build has them", on: untracked &^ onBridge, covers: "A9a.5", steps: []step{
		read("account_relationship_definitions/").gives(404)}},
	{section: "A6.2", fact: "a holder hands over to the next", on: relationships, covers: "A9.1", steps: []step{
		acme(`{"name":"x"}`), relationship(`{"name":"CSM"}`),
		assign("2").keep("first", "id"),
		assign("2").gives(201, is("id", `"{first}"`)),
		assign("3"),
		read("accounts/{account}/relationships/").gives(200, is("#", "1"), is("0.user.id", "3"), is("0.ended_at", "null")),
		read("accounts/{account}/relationships/?include_history=true").gives(200, is("#", "2"))}},
	{section: "A6.2", fact: "definition and user are checked", on: relationships, covers: "A9.1", steps: []step{
		acme(`{"name":"x"}`), relationship(`{"name":"CSM"}`),
		post("accounts/{account}/relationships/", `{"definition":"CSM","user":2}`).gives(400, badInput("definition", "Must be a valid UUID.")),
		post("accounts/{account}/relationships/", `{"definition":"00000000-0000-7000-8000-000000000000","user":2}`).gives(400, badInput("definition", "Relationship definition not found.")),
		post("accounts/{account}/relationships/", `{"definition":"{role}","user":99}`).gives(400, badInput("user", "User is not a member of this organization.")),
		post("account_relationship_definitions/", `{"name":"CSM"}`).gives(409, conflict("A relationship definition with this name already exists for this team."))}},
	{section: "A6.2", fact: "no key ends one", on: relationships, covers: "A9a.5 A9.2", steps: []step{
		acme(`{"name":"x"}`), relationship(`{"name":"CSM"}`), assign("2").keep("held", "id"),
		post("accounts/{account}/relationships/{held}/end/", `{}`).gives(403, forbidden(unmappedAction))}},
	{section: "A6.2", fact: "an admin deletes one", on: onCurrent, covers: "A9.1", given: withMember, steps: []step{
		acme(`{"name":"x"}`), relationship(`{"name":"CSM"}`), assign("2").keep("held", "id"),
		remove("accounts/{account}/relationships/{held}/").as(member.Value).gives(403, forbidden("You don't have sufficient permissions in the project.")),
		remove("accounts/{account}/relationships/{held}/").gives(204, nothing()),
		read("accounts/?all_roles_unassigned=true").gives(200, is("count", "1"))}},
	{section: "A6.2", fact: "a controlled one keeps its account", on: tracking, covers: "A9.1", given: func(o *sandbox.Options) { o.Controlled = []string{"CSM"} }, steps: []step{
		acme(`{"name":"x"}`), relationship(`{"name":"CSM"}`).gives(201, is("is_controlled", "true")), assign("2"),
		remove("accounts/{account}/").gives(409, is("type", `"server_error"`), matches("detail", "^This account has a controlled relationship"))}},
	{section: "A1.8", fact: "PostHog's own MCP server may be capped to reading", on: everywhere, covers: "A9.2", given: func(o *sandbox.Options) { o.MCPReadOnly = true }, steps: []step{
		post("accounts/", `{"name":"x"}`).with("User-Agent", agentHeader).gives(403, matches("detail", "^Your organization restricts MCP access to read-only")),
		post("accounts/", `{"name":"x"}`).gives(201)}},
}

// relationship defines one.
func relationship(body string) step {
	return post("account_relationship_definitions/", body).gives(201).keep("role", "id")
}

// assign gives the relationship to a user.
func assign(user string) step {
	return post("accounts/{account}/relationships/", `{"definition":"{role}","user":`+user+`}`).gives(201)
}
