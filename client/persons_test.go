package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

const (
	personUUID = "0190a1b2-0000-7000-8000-00000000002a"
	personJSON = `{"id":31337,"name":"ada@example.com","distinct_ids":["u-42","anon"],"properties":{"email":"ada@example.com","n":1e400},
	 "created_at":"2026-03-01T09:00:00Z","uuid":"` + personUUID + `","last_seen_at":"2026-05-02T10:11:12.500000Z"}`
	personRowJSON = `{"type":"person","id":"` + personUUID + `","uuid":"` + personUUID + `","created_at":"2026-03-01T09:00:00Z",
	 "last_seen_at":null,"properties":{},"is_identified":true,"name":"Ada","distinct_ids":["u-42"],"matched_recordings":[],"value_at_data_point":null}`
)

func decodedPerson(t *testing.T) client.Person {
	return client.Person{
		ID: "31337", UUID: personUUID, Name: "ada@example.com", DistinctIDs: []string{"u-42", "anon"},
		Properties: map[string]json.RawMessage{"email": json.RawMessage(`"ada@example.com"`), "n": json.RawMessage(`1e400`)},
		CreatedAt:  at(t, "2026-03-01T09:00:00Z"), LastSeenAt: ptr(at(t, "2026-05-02T10:11:12.5Z")), Newest: true,
	}
}

func TestListPersons(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"results":[`+personRowJSON+`],"next":"https://evil.example/","previous":null}`)
	page, err := project7(t, server).ListPersons(t.Context(), client.PersonQuery{
		Search: "a+b", Email: "a@b.c", DistinctID: "x/y", Limit: 2, Offset: 2, IncludeTotal: true,
		Properties: []client.PropertyFilter{{Key: "plan", Value: []string{"pro", "team"}}, {Key: "age", Operator: "gt", Value: 3}, {Key: "vip", Operator: "is_set"}},
	})
	require.NoError(t, err)
	require.Equal(t, client.Page[client.Person]{More: true, Offset: 2, Limit: 2, Results: []client.Person{{
		ID: personUUID, UUID: personUUID, Name: "Ada", DistinctIDs: []string{"u-42"}, Properties: map[string]json.RawMessage{},
		CreatedAt: at(t, "2026-03-01T09:00:00Z"), IsIdentified: ptr(true), Newest: true,
	}}}, page)
	require.Equal(t, "GET /api/projects/7/persons/?distinct_id=x%2Fy&email=a%40b.c&include_total=true&limit=2&offset=2&properties="+
		"%5B%7B%22key%22%3A%22plan%22%2C%22value%22%3A%5B%22pro%22%2C%22team%22%5D%2C%22operator%22%3A%22exact%22%2C%22type%22%3A%22person%22%7D%2C"+
		"%7B%22key%22%3A%22age%22%2C%22value%22%3A3%2C%22operator%22%3A%22gt%22%2C%22type%22%3A%22person%22%7D%2C"+
		"%7B%22key%22%3A%22vip%22%2C%22value%22%3A%22is_set%22%2C%22operator%22%3A%22is_set%22%2C%22type%22%3A%22person%22%7D%5D&search=a%2Bb",
		server.one(t).Line)
}

func TestPropertyFiltersAreCheckedHere(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"results":[]}`)
	for name, filter := range map[string]client.PropertyFilter{
		"no key":           {Value: "x"},
		"unknown operator": {Key: "k", Operator: "like", Value: "x"},
		"object":           {Key: "k", Value: map[string]any{"a": 1}},
		"nested list":      {Key: "k", Value: []any{[]any{1}}},
		"empty list":       {Key: "k", Value: []any{}},
		"null":             {Key: "k"},
		"null in a list":   {Key: "k", Value: []any{nil}},
		"not JSON":         {Key: "k", Value: func() {}},
	} {
		_, err := project7(t, server).ListPersons(t.Context(), client.PersonQuery{Properties: []client.PropertyFilter{filter}})
		require.Equal(t, client.Invalid, client.KindOf(err), name)
		_, err = project7(t, server).PropertiesTimeline(t.Context(), "1", client.TimelineQuery{Properties: []client.PropertyFilter{filter}})
		require.Equal(t, client.Invalid, client.KindOf(err), name)
	}
	require.Empty(t, server.all())
}

func TestPersonIDIsStringOrNumber(t *testing.T) {
	t.Parallel()
	server := answering(200, personJSON)
	person, err := project7(t, server).Person(t.Context(), "31337")
	require.NoError(t, err)
	require.Equal(t, decodedPerson(t), person)
	require.Equal(t, "GET /api/projects/7/persons/31337/", server.one(t).Line)

	for body, want := range map[string]string{
		`{"id":18446744073709551617,"uuid":"u"}`: "18446744073709551617",
		`{"uuid":"u"}`:                           "u",
		`{"id":"u"}`:                             "u",
	} {
		person, err := project7(t, answering(200, body)).Person(t.Context(), "x")
		require.NoError(t, err)
		require.Equal(t, want, person.ID)
		require.Equal(t, "u", person.UUID)
	}
	person, err = project7(t, answering(200, `{"id":5,"uuid":"u"}`)).Person(t.Context(), "5")
	require.NoError(t, err)
	require.False(t, person.Newest, "a server of 2025 sends no last_seen_at")
	_, err = project7(t, answering(200, `{"id":5}`)).Person(t.Context(), "5")
	require.Equal(t, client.BadResponse, client.KindOf(err), "a person without a UUID cannot be told from another")
}

func TestPersonsByDistinctIDs(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"results":{"u-42":`+personJSON+`,"anon":`+personJSON+`,"not-asked":`+personJSON+`}}`)
	found, err := project7(t, server, client.WithReadOnly()).PersonsByDistinctIDs(t.Context(), []string{"u-42", "nobody", "anon", "u-42"})
	require.NoError(t, err)
	require.Equal(t, map[string]client.Person{"u-42": decodedPerson(t), "anon": decodedPerson(t)}, found)
	require.Equal(t, "POST /api/projects/7/persons/batch_by_distinct_ids/", server.one(t).Line)
	require.Equal(t, `{"distinct_ids":["anon","nobody","u-42"]}`, server.one(t).Body)

	many := make([]string, 450)
	for i := range many {
		many[i] = fmt.Sprintf("id-%03d", i)
	}
	chunks := answering(200, `{"results":{}}`)
	_, err = project7(t, chunks).PersonsByDistinctIDs(t.Context(), many)
	require.NoError(t, err)
	require.Len(t, chunks.all(), 3, "200 at a time, which is where PostHog cuts")
	require.Equal(t, 200, strings.Count(chunks.all()[0].Body, "id-"))
	require.Equal(t, 50, strings.Count(chunks.all()[2].Body, "id-"))

	none, err := project7(t, answering(500, "")).PersonsByDistinctIDs(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestPersonsByDistinctIDsOnOlderPostHog(t *testing.T) {
	t.Parallel()
	refusals := map[int]string{
		404: `{"type":"invalid_request","code":"not_found","detail":"Not found.","attr":null}`,
		405: `{"type":"invalid_request","code":"method_not_allowed","detail":"Method \"POST\" not allowed.","attr":null}`,
		403: `{"type":"authentication_error","code":"permission_denied","detail":"This action does not support Personal API Key access","attr":null}`,
	}
	for status, refusal := range refusals {
		server := &upstream{answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch {
			case r.Method == http.MethodPost:
				w.WriteHeader(status)
				_, _ = io.WriteString(w, refusal)
			case r.URL.Query().Get("distinct_id") == "u-42":
				_, _ = io.WriteString(w, `{"results":[`+personRowJSON+`],"next":null}`)
			default:
				_, _ = io.WriteString(w, `{"results":[],"next":null}`)
			}
		}}
		found, err := project7(t, server).PersonsByDistinctIDs(t.Context(), []string{"u-42", "nobody", ""})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, personUUID, found["u-42"].UUID)
		require.Len(t, server.all(), 3, "one try, then a lookup for each id that is one")
	}
	_, err := project7(t, answering(403, `{"detail":"API key missing required scope 'person:read'"}`)).PersonsByDistinctIDs(t.Context(), []string{"a"})
	require.Equal(t, client.MissingScope, client.KindOf(err), "other refusals are not taken for age")
}

func TestPersonWrites(t *testing.T) {
	t.Parallel()
	writes := []struct {
		status     int
		answer     string
		line, body string
		do         func(*client.Project) error
	}{
		{202, "", "PATCH /api/projects/7/persons/31337/", `{"properties":{"plan":"<pro>","seats":5}}`, func(p *client.Project) error {
			return p.PatchPerson(t.Context(), "31337", map[string]any{"plan": "<pro>", "seats": 5})
		}},
		{202, "", "POST /api/projects/7/persons/31337/update_property/", `{"key":"plan","value":null}`, func(p *client.Project) error {
			return p.SetPersonProperty(t.Context(), "31337", "plan", nil)
		}},
		{201, `{"success":true}`, "POST /api/projects/7/persons/31337/delete_property/", `{"$unset":"plan"}`, func(p *client.Project) error {
			return p.DeletePersonProperty(t.Context(), "31337", "plan")
		}},
		{202, "", "DELETE /api/projects/7/persons/31337/", "", func(p *client.Project) error {
			return p.DeletePerson(t.Context(), "31337", client.DeletePersonOptions{})
		}},
		{202, "", "DELETE /api/projects/7/persons/31337/?delete_events=true&delete_recordings=true&keep_person=true", "", func(p *client.Project) error {
			return p.DeletePerson(t.Context(), "31337", client.DeletePersonOptions{Events: true, Recordings: true, KeepPerson: true})
		}},
		{201, `{"success":true}`, "POST /api/projects/7/persons/31337/split/", `{"distinct_ids_to_split":["a","b"]}`, func(p *client.Project) error {
			return p.SplitPerson(t.Context(), "31337", client.Split{DistinctIDs: []string{"a", "b"}})
		}},
		{201, `{"success":true}`, "POST /api/projects/7/persons/31337/split/", `{"main_distinct_id":"a"}`, func(p *client.Project) error {
			return p.SplitPerson(t.Context(), "31337", client.Split{Main: "a"})
		}},
		{200, personJSON, "PATCH /api/projects/7/persons/31337/", `{"properties":{"a":1}}`, func(p *client.Project) error {
			return p.PatchPerson(t.Context(), "31337", map[string]any{"a": 1}) // the published answer
		}},
	}
	for _, write := range writes {
		server := answering(write.status, write.answer)
		require.NoError(t, write.do(project7(t, server)), write.line)
		require.Equal(t, write.line, server.one(t).Line)
		require.Equal(t, write.body, server.one(t).Body)
	}
}

func TestPersonWritesRefusedLocally(t *testing.T) {
	t.Parallel()
	server := answering(202, "")
	p := project7(t, server)
	for name, err := range map[string]error{
		"nothing to set":    p.PatchPerson(t.Context(), "1", nil),
		"no key to set":     p.SetPersonProperty(t.Context(), "1", "", 1),
		"no key to delete":  p.DeletePersonProperty(t.Context(), "1", ""),
		"split everything":  p.SplitPerson(t.Context(), "1", client.Split{}),
		"split with both":   p.SplitPerson(t.Context(), "1", client.Split{DistinctIDs: []string{"a"}, Main: "b"}),
		"id with format":    p.DeletePerson(t.Context(), "31337.json", client.DeletePersonOptions{}),
		"value not in JSON": p.SetPersonProperty(t.Context(), "1", "k", func() {}),
	} {
		require.Equal(t, client.Invalid, client.KindOf(err), name)
		require.NotContains(t, err.Error(), "may or may not")
	}
	require.Empty(t, server.all())
}

func TestWriteThatReportsItsFailure(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 502} {
		err := project7(t, answering(status, `{"success":false,"detail":"Unable to delete property"}`)).DeletePersonProperty(t.Context(), "1", "plan")
		require.Equal(t, client.Unavailable, client.KindOf(err))
		require.ErrorContains(t, err, "Unable to delete property")
	}
}
