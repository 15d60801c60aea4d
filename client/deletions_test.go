package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

func TestEventDeletion(t *testing.T) {
	t.Parallel()
	const uuid = "0190a1b2-0000-7000-8000-00000000002a"
	row := `{"person_uuid":"` + uuid + `","created_at":"2026-05-02T10:00:00Z","status":`
	verified := at(t, "2026-05-03T05:00:00Z")
	for name, test := range map[string]struct {
		results string
		wants   *client.EventDeletion
	}{
		"never asked for": {``, nil},
		"pending":         {row + `"pending","delete_verified_at":null}`, &client.EventDeletion{PersonUUID: uuid, CreatedAt: at(t, "2026-05-02T10:00:00Z")}},
		"completed":       {row + `"completed","delete_verified_at":"2026-05-03T05:00:00Z"}`, &client.EventDeletion{PersonUUID: uuid, CreatedAt: at(t, "2026-05-02T10:00:00Z"), VerifiedAt: &verified}},
	} {
		server := answering(200, `{"count":1,"next":null,"previous":null,"results":[`+test.results+`]}`)
		found, err := project7(t, server).EventDeletion(t.Context(), uuid)
		require.NoError(t, err, name)
		require.Equal(t, test.wants, found, name)
		require.Equal(t, "GET /api/projects/7/persons/deletion_status/?limit=1&person_uuid="+uuid, server.one(t).Line)
	}
	silent := answering(200, `{}`)
	_, err := project7(t, silent).EventDeletion(t.Context(), "")
	require.Equal(t, client.Invalid, client.KindOf(err), "no person would ask for everybody's")
	_, err = project7(t, silent).EventDeletion(t.Context(), uuid)
	require.Error(t, err, "no list is not an empty list")
	_, err = project7(t, answering(200, `{"results":[`+row+`"completed","delete_verified_at":null}]}`)).EventDeletion(t.Context(), uuid)
	require.Error(t, err)
}
