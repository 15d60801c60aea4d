package sandbox_test

import (
	"strings"
	"time"

	"posthog-accounts-mcp/sandbox"
)

// The UUIDs of the persons that capture makes for the distinct ids a and b in
// project 1.
var (
	uuidA = uuidOf("a")
	uuidB = uuidOf("b")
)

// merged are three events after which person 1 has the ids a, b and c.
func merged(steps ...step) []step {
	return append([]step{event("e", "a", `{"$set":{"plan":"pro"}}`), event("$create_alias", "a", `{"alias":"b"}`), event("$create_alias", "a", `{"alias":"c"}`)}, steps...)
}

// captured is one person, a, with a plan.
func captured(steps ...step) []step {
	return append([]step{event("e", "a", `{"$set":{"plan":"pro"}}`)}, steps...)
}

func swappedCode(attr string) check { return is("", swapped(attr)) }

func losing(o *sandbox.Options) { o.CaptureFails = true }

// lagging has the store wait for half an hour, and the index as long again.
func lagging(o *sandbox.Options) { o.Lag = 30 * time.Minute }

// personWrites are the facts about changing persons.
var personWrites = []claim{
	{section: "P3.3", fact: "PATCH merges and answers 202 with nothing", on: everywhere, covers: "P13.5", steps: captured(
		patch("persons/1/", `{"properties":{"n":1},"name":"ignored"}`).gives(202, nothing()),
		replace("persons/1/", `{"properties":{"m":null}}`).gives(202, nothing()),
		read("persons/1/").gives(200, is("properties", `{"plan":"pro","n":1,"m":null}`)))},
	{section: "P3.3", fact: "without properties, code and detail change places", on: everywhere, covers: "P13.5", steps: captured(
		patch("persons/1/", `{}`).gives(400, swappedCode("properties")),
		patch("persons/999/", `{}`).gives(400, swappedCode("properties")),
		patch("persons/999/", `{"properties":{}}`).gives(404, is("", missing)))},
	{section: "P3.8", fact: "update_property reads the body only, value before key", on: everywhere, covers: "P13.5", steps: captured(
		post("persons/1/update_property/?key=plan&value=free", `{}`).gives(400, swappedCode("value")),
		post("persons/1/update_property/", `{"value":1}`).gives(400, swappedCode("key")),
		post("persons/1/update_property/", `{"key":"plan","value":"free"}`).gives(202, nothing()),
		read("persons/1/").gives(200, is("properties", `{"plan":"free"}`)))},
	{section: "P3.8", fact: "null is a value", on: newestPersons, covers: "P13.5", steps: captured(
		post("persons/1/update_property/", `{"key":"plan","value":null}`).gives(202, nothing()),
		read("persons/1/").gives(200, is("properties", `{"plan":null}`)))},
	{section: "P3.8", fact: "in 2025 null is no value", on: onPersons2025, covers: "P13.11", steps: captured(
		post("persons/1/update_property/", `{"key":"plan","value":null}`).gives(400, swappedCode("value")))},
	{section: "P3.9", fact: "delete_property takes one key from the body", on: everywhere, covers: "P13.5", steps: captured(
		post("persons/1/delete_property/", `{"$unset":"plan"}`).gives(201, is("", `{"success":true}`)),
		post("persons/1/delete_property/", `{"$unset":"absent"}`).gives(201),
		read("persons/1/").gives(200, is("properties", `{}`)))},
	{section: "P3.9", fact: "without $unset, or for nobody, it is a 500", on: everywhere, covers: "P13.6", steps: captured(
		post("persons/1/delete_property/?$unset=plan", `{}`).gives(500, crash()),
		post("persons/999/delete_property/", `{"$unset":"plan"}`).gives(500, crash()))},
	{section: "P3.3", fact: "a lost event is 202 all the same, and logged", on: everywhere, covers: "P13.10", given: losing, steps: captured(
		patch("persons/1/", `{"properties":{"plan":"x"}}`).gives(202, nothing()),
		post("persons/1/update_property/", `{"key":"plan","value":"x"}`).gives(202, nothing()),
		post("persons/1/delete_property/", `{"$unset":"plan"}`).gives(502, is("", `{"success":false,"detail":"Unable to delete property"}`)),
		read("persons/1/").gives(200, is("properties", `{"plan":"pro"}`)),
		read("persons/1/activity/").gives(200, is("total_count", "2")))},
	{section: "P4", fact: "202 is not yet done", on: everywhere, covers: "P13.10", given: lagging, steps: []step{
		event("e", "a", `{"$set":{"plan":"old"}}`), read("persons/1/").gives(404),
		read("persons/1/").after(30 * time.Minute).gives(200),
		read("persons/?distinct_id=a").gives(200, is("results", "[]")),
		read("persons/?distinct_id=a").after(30*time.Minute).gives(200, is("results.#", "1")),
		patch("persons/1/", `{"properties":{"plan":"new"}}`).gives(202, nothing()),
		read("persons/1/").gives(200, is("properties.plan", `"old"`)),
		read("persons/1/").after(30*time.Minute).gives(200, is("properties.plan", `"new"`))}},

	// Deleting.
	{section: "P3.4", fact: "delete_events=false deletes events", on: newestPersons, covers: "P13.4", steps: captured(
		remove("persons/1/?delete_events=false").gives(202, nothing()),
		read("persons/deletion_status/").gives(200, is("count", "1"), is("results.0.person_uuid", `"`+uuidA+`"`), matches("results.0.status", "^(pending|completed)$")),
		remove("persons/1/").gives(404, is("", missing)))},
	{section: "P3.4", fact: "keep_person=false keeps the person", on: newestPersons, covers: "P13.4", steps: captured(
		remove("persons/1/?keep_person=false&delete_events").gives(202, nothing()),
		read("persons/1/").gives(200))},
	{section: "P3.4", fact: "in 2025 keep_person is unknown: it deletes", on: onPersons2025, covers: "P13.11", steps: captured(
		remove("persons/1/?keep_person=true").gives(202), read("persons/1/").gives(404))},
	{section: "P3.5", fact: "bulk_delete sums up, and takes the text false for true", on: newestPersons, covers: "P13.4", steps: captured(
		post("persons/bulk_delete/", `{"distinct_ids":["a","nobody"],"delete_events":"false"}`).gives(202,
			is("", `{"persons_found":1,"persons_deleted":1,"events_queued_for_deletion":true,"recordings_queued_for_deletion":false,"deletion_errors":[]}`)),
		post("persons/bulk_delete/", `{"ids":["`+uuidA+`"]}`).gives(202, is("persons_found", "0")))},
	{section: "P3.5", fact: "its checks, in their order", on: newestPersons, covers: "P13.4", steps: []step{
		post("persons/bulk_delete/", `{"ids":["x"],"distinct_ids":`+manyIDs+`}`).gives(400, badInput("", "You must provide either distinct_ids or ids, not both")),
		post("persons/bulk_delete/", `{"distinct_ids":`+manyIDs+`}`).gives(400, badInput("", "You can only pass 1000 distinct_ids in one call")),
		post("persons/bulk_delete/", `{"ids":`+manyIDs+`}`).gives(400, badInput("", "You can only pass 1000 ids in one call")),
		post("persons/bulk_delete/", `{"ids":[]}`).gives(400, badInput("", "You need to specify either distinct_ids or ids"))}},
	{section: "P3.5", fact: "in 2025 bulk_delete says nothing, distinct ids win", on: onPersons2025, covers: "P13.11", steps: captured(
		event("e", "b", `{}`),
		post("persons/bulk_delete/", `{"distinct_ids":["a"],"ids":["`+uuidB+`"]}`).gives(202, nothing()),
		read("persons/1/").gives(404), read("persons/2/").gives(200))},
	{section: "P3.11", fact: "an id of somebody deleted leads to nobody until it is reset", on: everywhere, covers: "P13.10", steps: captured(
		remove("persons/1/").gives(202), event("e", "a", `{}`),
		read("persons/2/").gives(200, is("uuid", `"`+uuidA+`"`)),
		read("persons/?distinct_id=a").gives(200, is("results", "[]")),
		post("persons/reset_person_distinct_id/", `{}`).gives(400, badInput("", "distinct_id is required")),
		post("persons/reset_person_distinct_id/", `{"distinct_id":"nobody"}`).gives(202, nothing()),
		post("persons/reset_person_distinct_id/", `{"distinct_id":"a"}`).gives(202, nothing()),
		read("persons/?distinct_id=a").gives(200, is("results.#", "1")))},

	// Splitting.
	{section: "P3.10", fact: "exactly the listed ids move, each to a UUID that follows from it", on: newestPersons, covers: "P13.1", steps: merged(
		post("persons/1/split/", `{"distinct_ids_to_split":["b"]}`).gives(201, is("", `{"success":true}`)),
		read("persons/1/").gives(200, is("distinct_ids", `["a","c"]`), is("properties", `{"plan":"pro"}`)),
		read("persons/"+uuidB+"/").gives(200, is("distinct_ids", `["b"]`), is("properties", `{}`)))},
	{section: "P3.10", fact: "without arguments all ids but the first move", on: everywhere, covers: "P13.11", steps: merged(
		post("persons/1/split/", `{}`).gives(201),
		read("persons/1/").gives(200, is("distinct_ids", `["a"]`)),
		read("persons/?distinct_id=b").gives(200, is("results.0.uuid", `"`+uuidB+`"`)))},
	{section: "P3.10", fact: "in 2025 the list is ignored and the properties are wiped", on: onPersons2025, covers: "P13.11", steps: merged(
		post("persons/1/split/", `{"distinct_ids_to_split":["b"]}`).gives(201),
		read("persons/1/").gives(200, is("distinct_ids", `["a"]`), is("properties", `{}`)))},
	{section: "P3.10", fact: "the list is checked", on: newestPersons, covers: "P13.5", steps: merged(
		post("persons/1/split/", `{"distinct_ids_to_split":"b"}`).gives(400, badInput("distinct_ids_to_split", "must be a list of strings")),
		post("persons/1/split/", `{"distinct_ids_to_split":[]}`).gives(400, badInput("distinct_ids_to_split", "must not be empty")),
		post("persons/1/split/", `{"distinct_ids_to_split":["y","x","b"]}`).gives(400, badInput("distinct_ids_to_split", "not on this person: ['x', 'y']")),
		post("persons/1/split/", `{"distinct_ids_to_split":["b"],"main_distinct_id":"a"}`).gives(400, badInput("", "main_distinct_id cannot be combined with distinct_ids_to_split")))},
	{section: "P3.10", fact: "main_distinct_id is not checked: another's moves all", on: everywhere, covers: "P13.5", steps: merged(
		post("persons/1/split/", `{"main_distinct_id":"nobody"}`).gives(201),
		read("persons/1/").gives(200, is("distinct_ids", `["a"]`)))},
	{section: "P13b", fact: "the id a person began with cannot leave, and its row goes blank", on: newestPersons, covers: "P13b.1", steps: merged(
		post("persons/1/split/", `{"distinct_ids_to_split":["a"]}`).gives(201, is("", `{"success":true}`)),
		read("persons/1/").gives(200, is("uuid", `"`+uuidA+`"`), is("distinct_ids", `["a","b","c"]`)),
		read("persons/?distinct_id=a").gives(200, is("results.0.properties", `{}`), is("results.0.is_identified", "true")))},
	{section: "P13b", fact: "how a split is logged", on: newestPersons, covers: "P13b.2 P13b.4", steps: merged(
		post("persons/1/split/", `{"distinct_ids_to_split":["b"]}`).gives(201),
		read("persons/1/activity/").gives(200, is("results.0.activity", `"split_person"`), is("results.0.item_id", `"1"`), is("results.0.detail.name", `"`+uuidA+`"`),
			is("results.0.detail.changes.0.action", `"split"`), is("results.0.detail.changes.0.field", "null"), is("results.0.detail.changes.0.before", "null"),
			is("results.0.detail.changes.0.after.distinct_ids", `["a","b","c"]`), is("results.0.detail.changes.0.after.distinct_ids_to_split", `["b"]`)))},
	{section: "P3.10", fact: "until the job ran, a moved id leads to the old person", on: newestPersons, covers: "P13.10", given: lagging, steps: merged(
		post("persons/1/split/", `{"distinct_ids_to_split":["b"]}`).after(time.Hour).gives(201, is("", `{"success":true}`)),
		post("persons/batch_by_distinct_ids/", `{"distinct_ids":["b"]}`).gives(200, is("results.b.uuid", `"`+uuidA+`"`)),
		read("persons/"+uuidB+"/").gives(404),
		read("persons/"+uuidB+"/").after(time.Hour).gives(200))},
	{section: "P3.12", fact: "the log has no values and nothing that events did", on: everywhere, covers: "P13.5", steps: captured(
		event("$set", "a", `{"$set":{"plan":"free"}}`),
		read("persons/1/activity/").gives(200, is("total_count", "0")),
		post("persons/1/update_property/", `{"key":"plan","value":"x"}`).gives(202),
		post("persons/1/delete_property/", `{"$unset":"plan"}`).gives(201),
		read("persons/1/activity/").gives(200, is("total_count", "2"), is("results.0.activity", `"delete_property"`), is("results.1.activity", `"updated"`),
			is("results.1.detail.changes", `[{"type":"Person","action":"changed","field":"properties","before":null,"after":null}]`)))},
}

// manyIDs is a JSON list of one id more than a call may have.
var manyIDs = `["` + strings.Repeat(`x","`, 1000) + `x"]`

// personOf is the person of a distinct id, whose properties are want.
func personOf(distinctID, want string) step {
	return read("persons/?distinct_id="+distinctID).gives(200, is("results.#", "1"), is("results.0.properties", want))
}

// captureFacts are the facts about how persons come into being.
var captureFacts = []claim{
	{section: "P13a", fact: "an event makes the person of its id", on: everywhere, covers: "P13a.1 P13b.1", steps: []step{
		event("e", "a", `{}`), read("persons/?distinct_id=a").gives(200, is("results.0.uuid", `"`+uuidA+`"`), is("results.0.is_identified", "false")),
		event("e", "b", `{"$process_person_profile":false}`), read("persons/?distinct_id=b").gives(200, is("results", "[]"))}},
	{section: "P13a", fact: "an unknown token is a 401", on: everywhere, covers: "P13a.1", steps: []step{
		post("/batch/", `{"api_key":"phc_other","batch":[]}`).as(nobody).gives(401)}},
	{section: "P13a", fact: "$set overwrites, $set_once fills, $unset removes", on: everywhere, covers: "P13a.2", steps: captured(
		event("e", "a", `{"$set":{"plan":"free","x":1},"$set_once":{"plan":"never","y":2}}`),
		personOf("a", `{"plan":"free","x":1,"y":2}`),
		event("e", "a", `{"$unset":["x"]}`), personOf("a", `{"plan":"free","y":2}`))},
	{section: "P13a", fact: "$identify merges the anonymous person away", on: everywhere, covers: "P13a.3", steps: captured(
		event("e", "anon", `{"$set":{"plan":"anonymous","city":"Oslo"}}`),
		event("$identify", "a", `{"$anon_distinct_id":"anon","$set":{"n":1}}`),
		personOf("anon", `{"plan":"pro","city":"Oslo","n":1}`),
		read("persons/?distinct_id=anon").gives(200, is("results.0.uuid", `"`+uuidA+`"`), is("results.0.is_identified", "true")),
		read("persons/2/").gives(404, is("", missing)))},
	{section: "P13a", fact: "$create_alias merges likewise", on: everywhere, covers: "P13a.4", steps: captured(
		event("e", "b", `{"$set":{"plan":"other","city":"Oslo"}}`), event("$create_alias", "a", `{"alias":"b"}`),
		personOf("b", `{"plan":"pro","city":"Oslo"}`))},
	{section: "P13a", fact: "an identified person is merged away only dangerously", on: everywhere, covers: "P13a.5", steps: captured(
		event("$identify", "b", `{"$anon_distinct_id":"x"}`), event("$create_alias", "a", `{"alias":"b"}`),
		read("persons/?distinct_id=b").gives(200, is("results.0.uuid", `"`+uuidB+`"`)),
		event("$merge_dangerously", "a", `{"alias":"b"}`),
		read("persons/?distinct_id=b").gives(200, is("results.0.uuid", `"`+uuidA+`"`)))},
}
