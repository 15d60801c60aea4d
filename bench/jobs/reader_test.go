package jobs_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// A reader reads a whole sandbox, past everything under test. It knows which requests wrote something, and reads
// again only what these may have changed; all of it is read at the end once more.
type reader struct {
	testing.TB
	posthog *sandbox.Sandbox
	apart   bool // roles are no part of accounts

	book    book
	raw     map[string]string // the answer that an entity was read from
	called  map[string]string // keys of what was made since the first reading, by kind and id
	defined map[string]string // names of custom properties

	mu      sync.Mutex
	written []string // paths
}

// watch notes what is written on its way to the sandbox.
func (r *reader) watch() http.RoundTripper { return watching{r, r.posthog.Transport()} }

type watching struct {
	reader *reader
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (w watching) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodGet && !strings.Contains(request.URL.Path, "/batch_by_") {
		w.reader.mu.Lock()
		w.reader.written = append(w.reader.written, request.URL.Path)
		w.reader.mu.Unlock()
	}
	return w.next.RoundTrip(request)
}

const api = "/api/projects/1/"

// ask makes a request of the reader's own.
func (r *reader) ask(method, path, body string) gjson.Result {
	r.Helper()
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	r.posthog.ServeHTTP(recorder, request)
	answer, err := io.ReadAll(recorder.Body)
	require.NoError(r, err)
	require.Less(r, recorder.Code, 300, "%s %s: %s", method, path, answer)
	return gjson.ParseBytes(answer)
}

func (r *reader) get(path string) gjson.Result { r.Helper(); return r.ask("GET", api+path, "") }

// open reads everything, or takes over what another reader found in a sandbox that is the same.
func (r *reader) open(same *reader) *reader {
	r.called = map[string]string{}
	if same != nil {
		r.book, r.raw, r.defined = same.book, maps.Clone(same.raw), same.defined
		return r
	}
	r.book, r.raw, r.defined = book{}, map[string]string{}, map[string]string{}
	for _, d := range r.get("custom_property_definitions/?limit=100").Get("results").Array() {
		r.defined[d.Get("id").String()] = d.Get("name").String()
	}
	r.book = r.readAll()
	return r
}

// readAll reads everything.
func (r *reader) readAll() book {
	now := book{}
	r.readAccounts(now, func(string) bool { return true })
	r.readPersons(now)
	return now
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// look reads again what was written to since the last look.
func (r *reader) look() book {
	r.mu.Lock()
	written := r.written
	r.written = nil
	r.mu.Unlock()
	if len(written) == 0 {
		return r.book
	}
	touched, persons := map[string]bool{}, false
	for _, path := range written {
		if strings.Contains(path, "/persons/") {
			persons = true
			continue
		}
		for _, id := range uuids.FindAllString(path, -1) {
			touched[id] = true
		}
		if _, note, is := strings.Cut(path, api+"notebooks/"); is {
			touched[r.book[noteKind+strings.Trim(note, "/")]["account"]] = true
		}
	}
	now := book{}
	r.readAccounts(now, func(id string) bool { return touched[id] || r.book[r.name(accountKind, id, "")] == nil })
	if persons {
		r.readPersons(now)
	} else {
		maps.Copy(now, r.kept(personKind))
	}
	r.book = now
	return now
}

// kept are the entities of a kind as they were read last.
func (r *reader) kept(kind string) book {
	kept := book{}
	for key, e := range r.book {
		if strings.HasPrefix(key, kind) {
			kept[key] = e
		}
	}
	return kept
}

// name is the key of something, which goes by what it is called if it was made since the first reading.
func (r *reader) name(kind, id, called string) string {
	if key, known := r.called[kind+id]; known {
		return key
	}
	if _, known := r.book[kind+id]; known || len(r.book) == 0 || called == "" {
		return kind + id
	}
	for n := 1; ; n++ {
		key := numbered(kind+called, n)
		if !slices.Contains(slices.Collect(maps.Values(r.called)), key) {
			r.called[kind+id] = key
			return key
		}
	}
}

// numbered is the key of the n-th of those that are called the same.
func numbered(key string, n int) string {
	if n == 1 {
		return key
	}
	return fmt.Sprint(key, " #", n)
}

// readAccounts reads all accounts, and the notes, values and relationships of those that are not as they were.
func (r *reader) readAccounts(into book, touched func(id string) bool) {
	notes := map[string]book{} // as they were, by account
	for key, e := range r.kept(noteKind) {
		if notes[e["account"]] == nil {
			notes[e["account"]] = book{}
		}
		notes[e["account"]][key] = e
	}
	for _, row := range r.get("accounts/?ordering=created_at&limit=1000&include_churned=true&include_ignored=true").Get("results").Array() {
		id := row.Get("id").String()
		again := touched(id)
		key := r.name(accountKind, id, row.Get("external_id").String())
		if !again {
			require.Equal(r, r.raw[accountKind+id], stable(row), "nothing was written to %s", key)
			into[key] = r.book[key]
			maps.Copy(into, notes[id])
			continue
		}
		r.raw[accountKind+id] = stable(row)
		into[key] = r.account(id, row)
		r.readNotes(id, into)
	}
}

// stable is an account as PostHog lists it, without what it does by chance.
func stable(row gjson.Result) string {
	tags := []string{}
	for _, tag := range row.Get("tags").Array() {
		tags = append(tags, tag.String())
	}
	slices.Sort(tags)
	return fmt.Sprint(row.Get("name"), row.Get("external_id"), row.Get("properties"), tags, row.Get("notebooks"))
}

func (r *reader) account(id string, row gjson.Result) entity {
	e := entity{"name": row.Get("name").String()}
	if external := row.Get("external_id"); external.Type != gjson.Null {
		e["external_id"] = external.String()
	}
	if row.Get("churned_at").String()+row.Get("ignored_at").String() != "" {
		e["hidden"] = present
	}
	members(row.Get("properties"), e, "")
	for _, role := range []string{"csm", "account_executive", "account_owner"} {
		if holder := row.Get("properties." + role + ".id"); holder.Exists() {
			e[role] = holder.String()
		}
	}
	for _, tag := range row.Get("tags").Array() {
		e[tagFact+tag.String()] = present
	}
	for _, value := range r.get("accounts/" + id + "/custom_property_values/").Array() {
		e[valueFact+r.defined[value.Get("definition_id").String()]] = canonical(value.Get("value"))
	}
	if r.apart {
		for _, held := range r.get("accounts/" + id + "/relationships/").Array() {
			e[roleFact(held.Get("definition.name").String())] = held.Get("user.id").String()
		}
	}
	return e
}

// roleFact is the role that a relationship's definition stands for.
func roleFact(definition string) string {
	if definition == "CSM" {
		return "csm"
	}
	return strings.ReplaceAll(strings.ToLower(definition), " ", "_")
}

func (r *reader) readNotes(account string, into book) {
	for _, note := range r.get("accounts/" + account + "/notebooks/?limit=100").Get("results").Array() {
		key := r.name(noteKind, note.Get("short_id").String(), note.Get("title").String())
		into[key] = entity{
			"account": account, "title": note.Get("title").String(), "words": words(note.Get("text_content").String()),
			"author": note.Get("created_by.id").String(),
		}
	}
}

func (r *reader) readPersons(into book) {
	for _, row := range r.get("persons/?limit=10000").Get("results").Array() {
		key := personKind + row.Get("uuid").String()
		raw := row.Get("properties").Raw + row.Get("distinct_ids").Raw
		if into[key] = r.book[key]; r.raw[key] == raw && into[key] != nil {
			continue
		}
		r.raw[key] = raw
		into[key] = personOf(row)
	}
}

func personOf(row gjson.Result) entity {
	e := entity{"uuid": row.Get("uuid").String()}
	members(row.Get("properties"), e, "")
	for _, id := range row.Get("distinct_ids").Array() {
		e[idFact+id.String()] = present
	}
	return e
}
