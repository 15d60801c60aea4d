package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

const (
	csmJSON = `{"id":"d-1","name":"CSM","description":"talks to them","is_single_holder":true,"is_controlled":true}`

	relationshipJSON = `{"id":"r-1","definition":` + csmJSON + `,"user":{"id":2,"email":"grace@example.com"},
	 "started_at":"2026-03-01T09:00:00Z","ended_at":null,"source":"api"}`
)

func decodedRelationship(t *testing.T) client.Relationship {
	return client.Relationship{
		ID:         "r-1",
		Definition: client.RelationshipDefinition{ID: "d-1", Name: "CSM", Description: "talks to them", SingleHolder: true, Controlled: true},
		User:       &client.User{ID: 2, Email: "grace@example.com"},
		StartedAt:  at(t, "2026-03-01T09:00:00Z"),
	}
}

func TestRelationshipDefinitions(t *testing.T) {
	t.Parallel()
	many := `{"id":"d-2","name":"FDE","description":null,"is_single_holder":false}`
	silent := `{"id":"d-3","name":"Sponsor"}`
	server := answering(200, `{"count":3,"next":null,"results":[`+csmJSON+`,`+many+`,`+silent+`]}`)
	definitions, err := project7(t, server).RelationshipDefinitions(t.Context())
	require.NoError(t, err)
	require.Equal(t, []client.RelationshipDefinition{
		decodedRelationship(t).Definition, {ID: "d-2", Name: "FDE"}, {ID: "d-3", Name: "Sponsor", SingleHolder: true},
	}, definitions)
	require.Equal(t, "GET /api/projects/7/account_relationship_definitions/?limit=1000", server.one(t).Line)

	for _, body := range []string{`{"results":[{"id":"d"}]}`, `{"results":[{"name":"CSM"}]}`, `[]`} {
		_, err = project7(t, answering(200, body)).RelationshipDefinitions(t.Context())
		require.Equal(t, client.BadResponse, client.KindOf(err), body)
	}
}

func TestRelationships(t *testing.T) {
	t.Parallel()
	ended := `{"id":"r-0","definition":` + csmJSON + `,"user":null,"started_at":"2025-03-01T09:00:00Z","ended_at":"2026-03-01T09:00:00Z"}`
	server := answering(200, `[`+relationshipJSON+`,`+ended+`]`)
	project := project7(t, server)
	relationships, err := project.Relationships(t.Context(), "acc", true)
	require.NoError(t, err)
	require.Equal(t, []client.Relationship{decodedRelationship(t), {
		ID: "r-0", Definition: decodedRelationship(t).Definition,
		StartedAt: at(t, "2025-03-01T09:00:00Z"), EndedAt: ptr(at(t, "2026-03-01T09:00:00Z")),
	}}, relationships)
	_, err = project.Relationships(t.Context(), "acc", false)
	require.NoError(t, err)
	require.Equal(t, "GET /api/projects/7/accounts/acc/relationships/?include_history=true", server.all()[0].Line)
	require.Equal(t, "GET /api/projects/7/accounts/acc/relationships/", server.all()[1].Line)

	for _, body := range []string{`[{"id":"r"}]`, `[{"definition":` + csmJSON + `}]`, `{"results":[]}`} {
		_, err = project7(t, answering(200, body)).Relationships(t.Context(), "acc", false)
		require.Equal(t, client.BadResponse, client.KindOf(err), body)
	}
}

func TestAssign(t *testing.T) {
	t.Parallel()
	server := answering(201, relationshipJSON)
	project := project7(t, server)
	relationship, err := project.Assign(t.Context(), "acc", "d-1", 2)
	require.NoError(t, err)
	require.Equal(t, decodedRelationship(t), relationship)
	require.Equal(t, "POST /api/projects/7/accounts/acc/relationships/", server.one(t).Line)
	require.JSONEq(t, `{"definition":"d-1","user":2}`, server.one(t).Body)

	_, err = project.Assign(t.Context(), "acc", "", 2)
	require.Equal(t, client.Invalid, client.KindOf(err))
	_, err = project.Assign(t.Context(), "acc", "d-1", 0)
	require.Equal(t, client.Invalid, client.KindOf(err))
	require.Len(t, server.all(), 1, "the refused ones are not sent")
}

func TestEndRelationship(t *testing.T) {
	t.Parallel()
	server := answering(200, relationshipJSON)
	require.NoError(t, project7(t, server).EndRelationship(t.Context(), "acc", "r-1"))
	require.Equal(t, "POST /api/projects/7/accounts/acc/relationships/r-1/end/", server.one(t).Line)
	require.Empty(t, server.one(t).Body)

	refusal := `{"type":"authentication_error","code":"permission_denied","detail":"This action does not support personal API key access","attr":null}`
	err := project7(t, answering(403, refusal)).EndRelationship(t.Context(), "acc", "r-1")
	require.Equal(t, client.NoKeyAccess, client.KindOf(err))
}
