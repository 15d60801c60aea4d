package client_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

const notebookJSON = `{"id":"5d1f","short_id":"aB3dE","title":null,"content":{"type":"doc","content":[]},"text_content":"# Hi",
 "created_at":"2026-03-01T09:00:00Z","created_by":{"id":2,"uuid":"u-2","distinct_id":"d-2","first_name":"Grace",
 "last_name":"Hopper","email":"grace@example.com","hedgehog_config":{},"role_at_organization":null},
 "last_modified_at":"2026-03-02T09:00:00Z","last_modified_by":null}`

func decodedNotebook(t *testing.T) client.Notebook {
	return client.Notebook{
		ID: "5d1f", ShortID: "aB3dE", Content: json.RawMessage(`{"type":"doc","content":[]}`), TextContent: ptr("# Hi"),
		CreatedAt: at(t, "2026-03-01T09:00:00Z"), LastModifiedAt: ptr(at(t, "2026-03-02T09:00:00Z")),
		CreatedBy: &client.User{ID: 2, UUID: "u-2", DistinctID: "d-2", FirstName: "Grace", LastName: "Hopper", Email: "grace@example.com"},
	}
}

func TestListNotebooks(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"count":1,"next":null,"previous":null,"results":[`+notebookJSON+`]}`)
	page, err := project7(t, server).ListNotebooks(t.Context(), "acc", client.NotebookQuery{Search: "q b r", Ordering: "-created_by", Limit: 5, Offset: 5})
	require.NoError(t, err)
	require.Equal(t, client.Page[client.Notebook]{Results: []client.Notebook{decodedNotebook(t)}, Count: ptr(1), Offset: 5, Limit: 5}, page)
	require.Equal(t, "GET /api/projects/7/accounts/acc/notebooks/?limit=5&offset=5&ordering=-created_by&search=q+b+r", server.one(t).Line)

	_, err = project7(t, server).ListNotebooks(t.Context(), "acc", client.NotebookQuery{Ordering: "title"})
	require.Equal(t, client.Invalid, client.KindOf(err))
	_, err = project7(t, server).ListNotebooks(t.Context(), "acc", client.NotebookQuery{Limit: -5})
	require.Equal(t, client.Invalid, client.KindOf(err))
	require.Len(t, server.all(), 1, "the refused ones are not sent")
}

func TestNotebook(t *testing.T) {
	t.Parallel()
	server := answering(200, notebookJSON)
	notebook, err := project7(t, server).Notebook(t.Context(), "acc", "aB3dE")
	require.NoError(t, err)
	require.Equal(t, decodedNotebook(t), notebook)
	require.Equal(t, "GET /api/projects/7/accounts/acc/notebooks/aB3dE/", server.one(t).Line)

	blank, err := project7(t, answering(200, `{"short_id":"x","content":null,"text_content":null}`)).Notebook(t.Context(), "acc", "x")
	require.NoError(t, err)
	require.Nil(t, blank.Content)
	require.Nil(t, blank.TextContent)
}

func TestCreateNotebook(t *testing.T) {
	t.Parallel()
	bodies := map[string]client.NotebookCreate{
		`{"title":"QBR","text_content":"a <b> & c"}`:                 {Title: "QBR", TextContent: "a <b> & c"},
		`{"content":{"type":"doc","content":[]},"text_content":"t"}`: {Content: json.RawMessage(`{"type":"doc","content":[]}`), TextContent: "t"},
	}
	for body, create := range bodies {
		server := answering(201, notebookJSON)
		notebook, err := project7(t, server).CreateNotebook(t.Context(), "acc", create)
		require.NoError(t, err)
		require.Equal(t, decodedNotebook(t), notebook)
		require.Equal(t, "POST /api/projects/7/accounts/acc/notebooks/", server.one(t).Line)
		require.Equal(t, body, server.one(t).Body)
	}
}

func TestDeleteNotebook(t *testing.T) {
	t.Parallel()
	server := answering(204, "")
	require.NoError(t, project7(t, server).DeleteNotebook(t.Context(), "acc", "aB3dE"))
	require.Equal(t, "DELETE /api/projects/7/accounts/acc/notebooks/aB3dE/", server.one(t).Line)
}

func TestVersionedNotebook(t *testing.T) {
	t.Parallel()
	body := strings.TrimSuffix(notebookJSON, "}") + `,"version":7,"deleted":true,"parent_resource":null}`
	wanted := client.VersionedNotebook{Notebook: decodedNotebook(t), Version: 7, Deleted: true}
	server := answering(200, body)
	notebook, err := project7(t, server).VersionedNotebook(t.Context(), "aB3dE")
	require.NoError(t, err)
	require.Equal(t, wanted, notebook)
	require.Equal(t, "GET /api/projects/7/notebooks/aB3dE/", server.one(t).Line)

	bodies := map[string]client.NotebookUpdate{
		`{"version":6,"content":{"n":1.50},"text_content":"b"}`: {Version: 6, Content: json.RawMessage(`{"n":1.50}`), TextContent: client.Set("b")},
		`{"version":6,"content":null,"text_content":null}`:      {Version: 6, TextContent: client.Null[string]()},
		`{"version":0,"content":[]}`:                            {Content: json.RawMessage(`[]`)},
	}
	for sent, update := range bodies {
		server := answering(200, body)
		notebook, err := project7(t, server).UpdateNotebook(t.Context(), "aB3dE", update)
		require.NoError(t, err)
		require.Equal(t, wanted, notebook)
		require.Equal(t, "PATCH /api/projects/7/notebooks/aB3dE/", server.one(t).Line)
		require.Equal(t, sent, server.one(t).Body)
	}
	_, err = project7(t, answering(409, `{"type":"server_error","code":"conflict","detail":"Someone else edited the Notebook"}`)).UpdateNotebook(t.Context(), "x", client.NotebookUpdate{})
	require.Equal(t, client.Conflict, client.KindOf(err))
}
