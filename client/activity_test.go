package client_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

func TestPersonActivity(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"results":[
	 {"id":"e1","user":{"first_name":"Ada","email":"ada@corp.example"},"activity":"split_person","scope":"Person","item_id":"31337",
	  "detail":{"changes":[{"type":"Person","action":"split","field":null,"before":null,"after":{"distinct_ids":["a","b"]}}],"trigger":null,"name":"uuid-1"},
	  "created_at":"2026-05-02T10:11:12.500000Z"},
	 {"id":"e2","user":{"first_name":"System","email":null,"is_system":true},"activity":"updated","item_id":31337,"detail":{"changes":null}}],
	 "next":"https://evil.example/?page=3","previous":null,"total_count":13}`)
	page, err := project7(t, server).PersonActivity(t.Context(), "31337", 2, 5)
	require.NoError(t, err)
	require.Equal(t, client.ActivityPage{Total: 13, More: true, Page: 2, Limit: 5, Results: []client.Activity{
		{ID: "e1", Name: "split_person", Scope: "Person", ItemID: "31337", UserName: "Ada", UserEmail: "ada@corp.example", Subject: "uuid-1",
			Changes:   []client.Change{{Type: "Person", Action: "split", After: json.RawMessage(`{"distinct_ids":["a","b"]}`)}},
			CreatedAt: at(t, "2026-05-02T10:11:12.5Z")},
		{ID: "e2", Name: "updated", ItemID: "31337", UserName: "System", IsSystem: true},
	}}, page)
	require.Equal(t, "GET /api/projects/7/persons/31337/activity/?limit=5&page=2", server.one(t).Line)

	defaults := answering(200, `{"results":[],"next":null,"total_count":0}`)
	_, err = project7(t, defaults).PersonActivity(t.Context(), "1", 0, 0)
	require.NoError(t, err)
	require.Equal(t, "GET /api/projects/7/persons/1/activity/?limit=10&page=1", defaults.one(t).Line)
	_, err = project7(t, defaults).PersonActivity(t.Context(), "1", -1, 0)
	require.Equal(t, client.Invalid, client.KindOf(err))
}

func TestPropertiesTimeline(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"points":[{"timestamp":"2026-05-01T00:00:00Z","properties":{"plan":"pro"},"relevant_event_count":3}],
	 "crucial_property_keys":["plan"],"effective_date_from":"2026-04-25T00:00:00Z","effective_date_to":"2026-05-02T00:00:00Z"}`)
	timeline, err := project7(t, server).PropertiesTimeline(t.Context(), personUUID, client.TimelineQuery{
		DateFrom: "-30d", DateTo: "2026-05-02", Properties: []client.PropertyFilter{{Key: "plan", Operator: "is_set"}}})
	require.NoError(t, err)
	require.Equal(t, client.Timeline{
		Points:              []client.TimelinePoint{{Timestamp: at(t, "2026-05-01T00:00:00Z"), Properties: map[string]json.RawMessage{"plan": json.RawMessage(`"pro"`)}, RelevantEventCount: 3}},
		CrucialPropertyKeys: []string{"plan"}, DateFrom: "2026-04-25T00:00:00Z", DateTo: "2026-05-02T00:00:00Z",
	}, timeline)
	require.Equal(t, "GET /api/projects/7/persons/"+personUUID+"/properties_timeline/?date_from=-30d&date_to=2026-05-02"+
		"&properties=%5B%7B%22key%22%3A%22plan%22%2C%22value%22%3A%22is_set%22%2C%22operator%22%3A%22is_set%22%2C%22type%22%3A%22person%22%7D%5D",
		server.one(t).Line)

	_, err = project7(t, answering(403, `{"type":"authentication_error","code":"permission_denied","detail":"This action does not support personal API key access","attr":null}`)).
		PropertiesTimeline(t.Context(), personUUID, client.TimelineQuery{})
	require.Equal(t, client.NoKeyAccess, client.KindOf(err))
	require.NotContains(t, err.Error(), "lacks")
}
