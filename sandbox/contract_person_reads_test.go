package sandbox_test

var (
	personFields = []string{"id", "name", "distinct_ids", "properties", "created_at", "uuid"}
	rowFields    = []string{"type", "id", "uuid", "created_at", "properties", "is_identified", "name", "distinct_ids", "matched_recordings", "value_at_data_point"}
)

const notAnID = "The ID provided does not look like a personID. If you are using a distinctId, please use /persons?distinct_id=NOT_A_UUID instead."

// crash is PostHog's own 500.
func crash() check { return is("", serverError) }

// personReads are the facts about reading persons.
var personReads = []claim{
	// The two shapes.
	{section: "P2.1", fact: "retrieve: the id is an integer", on: newestPersons, covers: "P13.1", steps: []step{
		read("persons/{person}/").gives(200, has("", append(personFields, "last_seen_at")...), isA("id", "integer"), is("uuid", `"{person}"`), isA("name", "text"),
			isA("distinct_ids", "list"), isA("properties", "object"), isA("created_at", "time"), isA("last_seen_at", "time|null"))}},
	{section: "P2.2", fact: "the list: the id is the UUID", needs: "person", on: newestPersons, covers: "P13.1", steps: []step{
		read("persons/?limit=1").gives(200, has("results.0", append(rowFields, "last_seen_at")...), isA("results.0.id", "uuid"), is("results.0.type", `"person"`),
			isA("results.0.is_identified", "boolean"), is("results.0.matched_recordings", "[]"), is("results.0.value_at_data_point", "null"))}},
	{section: "P13", fact: "in 2025 there is no last_seen_at", on: onPersons2025, covers: "P13.11", steps: []step{
		read("persons/{person}/").gives(200, has("", personFields...), isA("id", "integer")),
		read("persons/?limit=1").gives(200, has("results.0", rowFields...), isA("results.0.id", "uuid"))}},
	{section: "P2.5", fact: "integer and UUID both lead to a person", on: everywhere, covers: "P13.1", steps: []step{
		read("persons/{person_number}/").gives(200, is("uuid", `"{person}"`)),
		read("persons/{person}").gives(200, is("id", "{person_number}"))}},
	{section: "P2.5", fact: "anything else is told to use distinct_id", on: everywhere, covers: "P13b.3", steps: []step{
		read("persons/NOT_A_UUID/").gives(400, badInput("", notAnID))}},
	{section: "P2.5", fact: "an unknown one is a full 404", on: everywhere, covers: "P13.5", steps: []step{
		read("persons/00000000-0000-4000-8000-000000000000/").gives(404, is("", missing)),
		read("persons/2147483646/").gives(404, is("", missing))}},
	{section: "P2.5", fact: "a point in the id never reaches that text", on: everywhere, covers: "P13.5", steps: []step{
		read("persons/nobody@example.com/").gives(404)}},

	// The list.
	{section: "P3.1", fact: "a page has no count", needs: "person", on: everywhere, covers: "P13.2", steps: []step{
		read("persons/?limit=1").gives(200, has("", "results", "next", "previous"), is("results.#", "1"), is("previous", "null"), isA("next", "link"))}},
	{section: "P3.1", fact: "include_total counts by being there", on: everywhere, covers: "P13.2", steps: []step{
		read("persons/?limit=1&include_total").gives(200, isA("count", "integer")).keep("count", "count"),
		read("persons/?limit=1&include_total=false").gives(200, is("count", "{count}"))}},
	{section: "P3.1.2", fact: "links are the request's own with another offset", needs: "third_person", on: everywhere, covers: "P13.2", steps: []step{
		read("persons/?limit=1").gives(200, matches("next", `/persons/\?limit=1&offset=1$`)),
		read("persons/?limit=1&offset=1").gives(200, matches("next", `\?limit=1&offset=2$`), matches("previous", `\?limit=1&offset=1$`)),
		read("persons/?limit=2&offset=1").gives(200, is("previous", "null"))}},
	{section: "P3.1.2", fact: "a page of nobody is the last", on: everywhere, covers: "P13.2", steps: []step{
		read("persons/?limit=5&distinct_id=no-such-distinct-id-anywhere").gives(200, is("results", "[]"), is("next", "null"))}},
	{section: "P3.1.2", fact: "a limit or offset that is no number is a 500", on: everywhere, covers: "P13.6", steps: []step{
		read("persons/?limit=abc").gives(500, crash()), read("persons/?offset=abc").gives(500, crash())}},
	{section: "P3.1", fact: "distinct_id is exact", on: everywhere, covers: "P13.3", steps: []step{
		read("persons/?distinct_id={distinct_id}").gives(200, is("results.#", "1"), is("results.0.uuid", `"{person}"`)),
		read("persons/?distinct_id={distinct_id}+and+more").gives(200, is("results", "[]"))}},
	{section: "P3.1", fact: "search finds by UUID and distinct id", on: everywhere, covers: "P13.3", steps: []step{
		read("persons/?search={person}").gives(200, is("results.0.uuid", `"{person}"`)),
		read("persons/?search=++{person}++").gives(200, is("results.0.uuid", `"{person}"`))}},
	{section: "P3.1", fact: "no e-mail of that name, nobody", on: everywhere, covers: "P13.3", steps: []step{
		read("persons/?email=nobody-has-this@example.invalid").gives(200, is("results", "[]"), is("next", "null"))}},
	{section: "P3.1.1", fact: "properties that are no JSON are a 400", on: everywhere, covers: "P13.3", steps: []step{
		read("persons/?properties=plan").gives(400, badInput("", "Properties are unparsable!"))}},
	{section: "P3.1.1", fact: "a group of properties is a 500", on: everywhere, covers: "P13.6", steps: []step{
		read(`persons/?properties={"type":"AND","values":[]}`).gives(500, crash())}},
	{section: "P3.1.1", fact: "a filter that nobody fits", on: everywhere, covers: "P13.3", steps: []step{
		read(`persons/?limit=1&properties=[{"key":"no_such_property_at_all","value":"is_set","operator":"is_set","type":"person"}]`).gives(200, is("results", "[]")),
		read(`persons/?limit=1&properties=[{"key":"no_such_property_at_all","value":["a","b"],"type":"person"}]`).gives(200, is("results", "[]"))}},

	// Look-ups.
	{section: "P3.18", fact: "the batch look-ups show persons by what was asked for", on: newestPersons, covers: "P13.1", steps: []step{
		post("persons/batch_by_distinct_ids/", `{"distinct_ids":["{distinct_id}","no-such-distinct-id-anywhere"]}`).gives(200, oneResult, isA("results.*.id", "integer"), is("results.*.uuid", `"{person}"`)),
		post("persons/batch_by_uuids/", `{"uuids":["{person}"]}`).gives(200, oneResult, is("results.*.id", "{person_number}"))}},
	{section: "P3.18", fact: "no list is an empty answer, a bad UUID a 400", on: newestPersons, covers: "P13.5", steps: []step{
		post("persons/batch_by_distinct_ids/", `{}`).gives(200, is("", `{"results":{}}`)),
		post("persons/batch_by_uuids/", `{"uuids":"x"}`).gives(200, is("", `{"results":{}}`)),
		post("persons/batch_by_uuids/", `{"uuids":["x"]}`).gives(400, badInput("", "One or more UUIDs are invalid."))}},
	{section: "P13", fact: "in 2025 there are no batch look-ups", on: onPersons2025, covers: "P13.11", steps: []step{
		post("persons/batch_by_distinct_ids/", `{"distinct_ids":["{distinct_id}"]}`).gives(403),
		post("persons/batch_by_uuids/", `{"uuids":["{person}"]}`).gives(403)}},
	{section: "P3.16", fact: "values are counted", on: newestPersons, covers: "P13.3", steps: []step{
		read("persons/values/?key=no_such_property_at_all").gives(200, is("results", "[]"), isA("refreshing", "boolean")),
		read("persons/values/").gives(200, is("results", "[]")),
		read("persons/values/?key=$virt_x").gives(200, is("results", "[]"), header("Cache-Control", "max-age=10"))}},
	{section: "P13", fact: "in 2025 values are a bare list", on: onPersons2025, covers: "P13.11", steps: []step{
		read("persons/values/?key=no_such_property_at_all").gives(200, is("", "[]"))}},
	{section: "P3.6", fact: "deletions are paginated with a count", on: newestPersons, covers: "P13.7", steps: []step{
		read("persons/deletion_status/?limit=1").gives(200, has("", "count", "next", "previous", "results")),
		read("persons/deletion_status/?status=never").gives(400), read("persons/deletion_status/?person_uuid=x").gives(400)}},
	{section: "P3.17", fact: "cohorts want a person", on: newestPersons, covers: "P13.6", steps: []step{
		read("persons/cohorts/?person_id={person}").gives(200, has("", "results"), isA("results", "list")),
		read("persons/cohorts/?person_id=2147483646").gives(404),
		read("persons/cohorts/").gives(500, crash())}},
	{section: "P3.14", fact: "below a project, properties of another time fail", on: newestPersons, covers: "P13.6", steps: []step{
		read("persons/properties_at_time/?person_id={person}&timestamp=2026-01-01").gives(500)}},
	{section: "P3.14", fact: "on the legacy mount they have errors of their own", on: newestPersons, covers: "P13.5", steps: []step{
		read("/api/person/properties_at_time/?timestamp=2026-01-01").gives(400, is("", `{"error":"Must provide either distinct_id or person_id parameter"}`)),
		read("/api/person/properties_at_time/?distinct_id=x&person_id=y").gives(400, is("", `{"error":"Cannot provide both distinct_id and person_id - choose one"}`))}},

	// The log, and what keys cannot have.
	{section: "P3.12", fact: "activity counts its entries and is paged by page", on: everywhere, covers: "P13.2", steps: []step{
		read("persons/{person}/activity/").gives(200, has("", "results", "next", "previous", "total_count"), isA("total_count", "integer")),
		read("persons/activity/?limit=1").gives(200, isA("total_count", "integer"), each("results.#.item_id", "text"), each("results.#.user", "object|null"), each("results.#.detail", "object"))}},
	{section: "P3.12", fact: "a page that is no number, or past the end, is a 500", on: everywhere, covers: "P13.6", steps: []step{
		read("persons/activity/?page=abc").gives(500), read("persons/activity/?limit=abc").gives(500), read("persons/activity/?page=999999").gives(500)}},
	{section: "P3.13", fact: "no key reads the timeline, funnels, trends and lifecycles", on: newestPersons, covers: "P13.7", steps: []step{
		read("persons/{person}/properties_timeline/").gives(403, forbidden(unmappedAction)),
		read("persons/funnel/").gives(403, forbidden(unmappedAction)), read("persons/trends/").gives(403, forbidden(unmappedAction)),
		read("persons/lifecycle/").gives(403, forbidden(unmappedAction))}},
	{section: "P3.19", fact: "e-mails are behind a flag", on: everywhere, covers: "P13.5", here: "a feature flag decides", steps: []step{
		read("persons/{person}/emails/").gives(404)}},

	// CSV.
	{section: "P5", fact: "CSV of one person is an empty body, so is its error", on: everywhere, covers: "P13.5", steps: []step{
		read("persons/{person}/?format=csv").gives(200, nothing()), read("persons/2147483646/?format=csv").gives(404, nothing()),
		read("persons/?format=xml").gives(404)}},
	{section: "P13b", fact: "CSV by suffix, on the legacy mount too", on: everywhere, covers: "P13b.5", here: "it exports everybody", steps: []step{
		read("persons/?format=csv&limit=1").gives(200, header("Content-Type", "^text/csv"), that("more rows than asked for", func(a answer) bool { return len(a.body) > 100_000 })),
		read("/api/person.csv").gives(200, header("Content-Type", "^text/csv"))}},
}

var oneResult = that("one person", func(a answer) bool { return len(a.get("results").Map()) == 1 })
