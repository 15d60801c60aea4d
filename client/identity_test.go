package client_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

func TestMe(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"uuid":"u-1","distinct_id":"d-1","email":"ada@example.com","first_name":"Ada","last_name":"L","id":1,
	 "team":{"id":7,"uuid":"t","name":"Main","api_token":"phc_secret","timezone":"UTC","organization":"org"},
	 "organization":{"id":"org","name":"Corp","teams":[]},"organizations":[{"id":"org","name":"Corp"},{"id":"o2","name":"Two"}],"toolbar_mode":"x"}`)
	me, err := testClient(t, server).As(mustKey(t, canary)).Me(t.Context())
	require.NoError(t, err)
	require.Equal(t, client.Me{
		User:          client.User{ID: 1, UUID: "u-1", DistinctID: "d-1", FirstName: "Ada", LastName: "L", Email: "ada@example.com"},
		Project:       &client.ProjectInfo{ID: 7, UUID: "t", Name: "Main", OrganizationUUID: "org", Timezone: "UTC"},
		Organization:  &client.OrganizationInfo{ID: "org", Name: "Corp"},
		Organizations: []client.OrganizationInfo{{ID: "org", Name: "Corp"}, {ID: "o2", Name: "Two"}},
	}, me)
	require.Equal(t, "GET /api/users/@me/", server.one(t).Line)

	bare, err := testClient(t, answering(200, `{"uuid":"u-1","team":null,"organization":null}`)).As(mustKey(t, canary)).Me(t.Context())
	require.NoError(t, err)
	require.Nil(t, bare.Project)
	_, err = testClient(t, answering(200, `{}`)).As(mustKey(t, canary)).Me(t.Context())
	require.Equal(t, client.BadResponse, client.KindOf(err))
}

func TestKeyInfo(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"id":"k1","label":"bot","value":null,"mask_value":"phx_...abcd","created_at":"2026-01-01T00:00:00Z",
	 "last_used_at":null,"user_id":3,"scopes":["account:write","person:read"],"scoped_teams":[7],"scoped_organizations":[]}`)
	info, err := testClient(t, server).As(mustKey(t, canary)).KeyInfo(t.Context())
	require.NoError(t, err)
	require.Equal(t, client.KeyInfo{ID: "k1", Label: "bot", UserID: 3, Scopes: []string{"account:write", "person:read"},
		ScopedTeams: []int64{7}, ScopedOrganizations: []string{}, CreatedAt: ptr(at(t, "2026-01-01T00:00:00Z"))}, info)
	require.Equal(t, "GET /api/personal_api_keys/@current/", server.one(t).Line)

	for scope, want := range map[string]bool{"account:read": true, "account:write": true, "person:read": true, "person:write": false, "cohort:read": false} {
		require.Equal(t, want, info.Allows(scope), scope)
	}
	require.True(t, client.KeyInfo{Scopes: []string{"*"}}.Allows("cohort:read"))
}

func TestKeyInfoOfOAuthToken(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"active":true,"scope":"account:read person:read","scoped_teams":[],"exp":1767225600}`)
	info, err := testClient(t, server, client.WithReadOnly()).As(mustKey(t, "pha_token123")).KeyInfo(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"account:read", "person:read"}, info.Scopes)
	require.Equal(t, time.Unix(1767225600, 0).UTC(), *info.ExpiresAt)
	require.Equal(t, "POST /oauth/introspect/", server.one(t).Line)
	require.JSONEq(t, `{"token":"pha_token123"}`, server.one(t).Body)

	_, err = testClient(t, answering(200, `{"active":false}`)).As(mustKey(t, "pha_token123")).KeyInfo(t.Context())
	require.Equal(t, client.Unauthorized, client.KindOf(err))
	_, err = testClient(t, answering(200, `{}`)).As(mustKey(t, "pha_token123")).KeyInfo(t.Context())
	require.Equal(t, client.BadResponse, client.KindOf(err))
}

func TestProjectsAndMembersReadEveryPage(t *testing.T) {
	t.Parallel()
	projects := &upstream{answer: pagesOf(`{"id":7,"name":"A","organization":"o"}`, `{"id":8,"name":"B","api_token":"phc_x"}`)}
	found, err := testClient(t, projects).As(mustKey(t, canary)).Projects(t.Context())
	require.NoError(t, err)
	require.Equal(t, []client.ProjectInfo{{ID: 7, Name: "A", OrganizationUUID: "o"}, {ID: 8, Name: "B"}}, found)
	require.Equal(t, "GET /api/projects/?limit=1000", projects.all()[0].Line)
	require.Equal(t, "GET /api/projects/?limit=1000&offset=1000", projects.all()[1].Line)

	members := &upstream{answer: pagesOf(`{"id":"m1","user":{"id":2,"email":"grace@example.com"},"level":8,"joined_at":"2026-01-01T00:00:00Z"}`)}
	people, err := testClient(t, members).As(mustKey(t, canary)).Members(t.Context())
	require.NoError(t, err)
	require.Equal(t, []client.Member{{User: client.User{ID: 2, Email: "grace@example.com"}, Level: 8, JoinedAt: at(t, "2026-01-01T00:00:00Z")}}, people)
	require.Equal(t, "GET /api/organizations/@current/members/?limit=1000", members.one(t).Line)
}

func TestEndlessListIsAnErrorNotACut(t *testing.T) {
	t.Parallel()
	endless := answering(200, `{"next":"x","results":[{"id":7,"name":"again"}]}`)
	_, err := testClient(t, endless).As(mustKey(t, canary)).Projects(t.Context())
	require.Equal(t, client.TooLarge, client.KindOf(err))
}
