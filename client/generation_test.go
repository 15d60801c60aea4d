package client_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

func TestGeneration(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		want   client.Generation
		kind   client.Kind
	}{
		{404, `{"detail":"Not found."}`, client.Documented, ""},
		{400, `{"type":"validation_error","code":"required","detail":"This field is required.","attr":"external_id"}`, client.Current, ""},
		{400, `<html>`, "", client.Invalid},
		{404, `{"type":"invalid_request","code":"not_found","detail":"Project not found.","attr":null}`, "", client.ProjectNotFound},
		{404, `<html>`, "", client.BadResponse},
		{403, `{"detail":"API key missing required scope 'account:read'"}`, "", client.MissingScope},
		{500, `{}`, "", client.Unavailable},
		{200, accountJSON, "", client.BadResponse},
	} {
		server := answering(test.status, test.body)
		generation, err := project7(t, server).Generation(t.Context())
		require.Equal(t, test.want, generation)
		require.Equal(t, test.kind, client.KindOf(err))
		require.Equal(t, "GET /api/projects/7/accounts/by_external_id/", server.one(t).Line)
	}
	_, err := testClient(t, nil).As(mustKey(t, canary)).Project(0).Generation(t.Context())
	require.Equal(t, client.Invalid, client.KindOf(err), "a call that was not sent says nothing about PostHog")
}

func TestGenerationIsAskedOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slow{answers: []step{{status: 404, body: notFoundJSON}}}
		project := scripted(t, server)
		ask := func() error { _, err := project.Generation(t.Context()); return err }
		for _, err := range together(ask, ask, ask) {
			require.NoError(t, err)
		}
		require.Equal(t, [2]int{1, 0}, server.counts())
	})
}
