package client_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

func TestDefinitionsAreThoseOfAccounts(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"count":4,"next":null,"results":[
	 {"id":"d1","name":"ARR","description":"a","display_type":"currency","is_big_number":true,"options":null,"source":null,"created_at":"2026-01-01T00:00:00Z"},
	 {"id":"d2","name":"Tier","display_type":"select","options":[{"id":"o1","label":"Gold","color":"preset-1"}],"target_type":"account","is_canonical":true},
	 {"id":"d3","name":"Health","display_type":"number","source":{"view":"v"},"updated_at":"2026-01-02T00:00:00Z"},
	 {"id":"d4","name":"Of a person","display_type":"text","target_type":"person"}]}`)
	definitions, err := project7(t, server).Definitions(t.Context())
	require.NoError(t, err)
	require.Equal(t, []client.Definition{
		{ID: "d1", Name: "ARR", Description: "a", DisplayType: "currency", IsBigNumber: true, CreatedAt: at(t, "2026-01-01T00:00:00Z")},
		{ID: "d2", Name: "Tier", DisplayType: "select", IsCanonical: true, Options: []client.SelectOption{{ID: "o1", Label: "Gold", Color: "preset-1"}}},
		{ID: "d3", Name: "Health", DisplayType: "number", Source: json.RawMessage(`{"view":"v"}`), UpdatedAt: ptr(at(t, "2026-01-02T00:00:00Z"))},
	}, definitions)
	require.Equal(t, "GET /api/projects/7/custom_property_definitions/?limit=1000", server.one(t).Line)
}

func TestValues(t *testing.T) {
	t.Parallel()
	server := answering(200, `[{"id":"v1","account_id":"acc","definition_id":"d1","value":42.0,"created_at":"2026-01-01T00:00:00Z","created_by_id":2},
	 {"id":"v2","account_id":"acc","definition_id":"d2","value":null,"created_by_id":null}]`)
	values, err := project7(t, server).Values(t.Context(), "acc")
	require.NoError(t, err)
	require.Equal(t, []client.Value{
		{ID: "v1", AccountID: "acc", DefinitionID: "d1", Value: json.RawMessage(`42.0`), CreatedAt: at(t, "2026-01-01T00:00:00Z"), CreatedBy: ptr(int64(2))},
		{ID: "v2", AccountID: "acc", DefinitionID: "d2"},
	}, values)
	require.Equal(t, "GET /api/projects/7/accounts/acc/custom_property_values/", server.one(t).Line)

	_, err = project7(t, answering(200, `{"id":"v1"}`)).Values(t.Context(), "acc")
	require.Equal(t, client.BadResponse, client.KindOf(err), "one object, as the published page shows, is not a list")
}

func TestSetValue(t *testing.T) {
	t.Parallel()
	for body, value := range map[string]any{
		`{"definition":"d1","value":"a<b"}`: "a<b",
		`{"definition":"d1","value":1.5}`:   1.5,
		`{"definition":"d1","value":false}`: false,
	} {
		server := answering(201, `{"id":"v1","account_id":"acc","definition_id":"d1","value":1.5}`)
		got, err := project7(t, server).SetValue(t.Context(), "acc", "d1", value)
		require.NoError(t, err)
		require.Equal(t, client.Value{ID: "v1", AccountID: "acc", DefinitionID: "d1", Value: json.RawMessage(`1.5`)}, got)
		require.Equal(t, "POST /api/projects/7/accounts/acc/custom_property_values/", server.one(t).Line)
		require.Equal(t, body, server.one(t).Body)
	}

	clearing := answering(204, "")
	got, err := project7(t, clearing).SetValue(t.Context(), "acc", "d1", nil)
	require.NoError(t, err)
	require.Zero(t, got)
	require.Equal(t, `{"definition":"d1","value":null}`, clearing.one(t).Body)

	old := answering(400, `{"type":"validation_error","code":"null","detail":"This field may not be null.","attr":"value"}`)
	_, err = project7(t, old).SetValue(t.Context(), "acc", "d1", nil)
	require.Equal(t, client.Invalid, client.KindOf(err))

	unsent := answering(201, "")
	for _, value := range []any{[]string{"a"}, map[string]any{}, math.NaN(), func() {}} {
		_, err = project7(t, unsent).SetValue(t.Context(), "acc", "d1", value)
		require.Equal(t, client.Invalid, client.KindOf(err))
	}
	require.Empty(t, unsent.all())
}

func TestEnvironmentRoutes(t *testing.T) {
	t.Parallel()
	server := answering(200, `[]`)
	project := project7(t, server, client.WithEnvironmentRoutes())
	_, err := project.Values(t.Context(), "acc")
	require.NoError(t, err)
	require.Error(t, project.DeleteNotebook(t.Context(), "", "x"))
	_, _ = project.Account(t.Context(), "acc")
	require.Equal(t, "GET /api/projects/7/accounts/acc/custom_property_values/", server.all()[0].Line)
	require.Equal(t, "GET /api/environments/7/accounts/acc/", server.all()[1].Line)
}
