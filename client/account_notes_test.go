package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

const accountNoteJSON = `{"short_id":"aB3dE","title":"QBR","created_at":"2026-03-01T09:00:00Z","last_modified_at":"2026-03-02T09:00:00Z",
 "account_id":"acc","account_name":"Acme","created_by":{"id":2,"email":"grace@example.com"}}`

func TestAccountNotes(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"count":1,"next":null,"results":[`+accountNoteJSON+`]}`)
	project := project7(t, server, client.WithEnvironmentRoutes())
	notes, err := project.AccountNotes(t.Context(), client.NotesQuery{
		Search: "a b", AccountID: "acc", CreatedBy: []int64{2, 3}, AssignedTo: []int64{4}, Limit: 5, Offset: 5})
	require.NoError(t, err)
	require.Equal(t, client.Page[client.AccountNote]{Count: ptr(1), Offset: 5, Limit: 5, Results: []client.AccountNote{{
		ShortID: "aB3dE", Title: "QBR", AccountID: "acc", AccountName: "Acme", CreatedAt: at(t, "2026-03-01T09:00:00Z"),
		CreatedBy: &client.User{ID: 2, Email: "grace@example.com"}, LastModifiedAt: ptr(at(t, "2026-03-02T09:00:00Z")),
	}}}, notes)
	require.Equal(t, "GET /api/projects/7/account_notes/?account_id=acc&assigned_to=4&created_by=2%2C3&limit=5&offset=5&search=a+b", server.one(t).Line)

	_, err = project.AccountNotes(t.Context(), client.NotesQuery{})
	require.NoError(t, err)
	require.Equal(t, "GET /api/projects/7/account_notes/?limit=100", server.all()[1].Line)
	_, err = project.AccountNotes(t.Context(), client.NotesQuery{Offset: -1})
	require.Equal(t, client.Invalid, client.KindOf(err))
	require.Len(t, server.all(), 2)

	for _, body := range []string{`{"results":[{"short_id":"x"}]}`, `{"results":[{"account_id":"x"}]}`} {
		_, err = project7(t, answering(200, body)).AccountNotes(t.Context(), client.NotesQuery{})
		require.Equal(t, client.BadResponse, client.KindOf(err), body)
	}
	missing := `{"type":"invalid_request","code":"not_found","detail":"Endpoint not found.","attr":null}`
	_, err = project7(t, answering(404, missing)).AccountNotes(t.Context(), client.NotesQuery{})
	require.Equal(t, client.Unsupported, client.KindOf(err))
}
