package client_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

const noAccounts = `{"count":0,"next":null,"results":[]}`

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
		{400, `<html>`, "", client.BadResponse},
		{404, `{"type":"invalid_request","code":"not_found","detail":"Project not found.","attr":null}`, "", client.ProjectNotFound},
		{404, `<html>`, "", client.BadResponse},
		{403, `{"detail":"API key missing required scope 'account:read'"}`, "", client.MissingScope},
		{500, `{}`, "", client.Unavailable},
		{200, accountJSON, "", client.BadResponse},
	} {
		server := byExternalID(test.status, test.body, olderAccount)
		generation, err := project7(t, server).Generation(t.Context())
		require.Equal(t, test.want, generation)
		require.Equal(t, test.kind, client.KindOf(err))
		require.Equal(t, "GET /api/projects/7/accounts/by_external_id/", server.all()[0].Line)
		if test.want != client.Documented {
			server.one(t)
		}
	}
	_, err := testClient(t, nil).As(mustKey(t, canary)).Project(0).Generation(t.Context())
	require.Equal(t, client.Invalid, client.KindOf(err), "a call that was not sent says nothing about PostHog")
}

// TestGenerationWithoutLookUp: that the look-up is missing does not make a PostHog old.
func TestGenerationWithoutLookUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		listed step
		want   client.Generation
		kind   client.Kind
	}{
		"old":           {step{status: 200, body: `{"results":[` + olderAccount + `]}`}, client.Documented, ""},
		"first current": {step{status: 200, body: `{"results":[` + newerAccount + `]}`}, client.Current, ""},
		"empty":         {step{status: 200, body: noAccounts}, client.Documented, ""},
		"outage":        {step{status: 500}, "", client.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &script{steps: []step{{status: 404, body: notFoundJSON}, test.listed}}
			project := scripted(t, server)
			generation, err := project.Generation(t.Context())
			require.Equal(t, test.want, generation)
			require.Equal(t, test.kind, client.KindOf(err))
			require.Equal(t, 2, server.requests)
			again, _ := project.Generation(t.Context())
			require.Equal(t, test.want, again)
			require.Equal(t, test.kind == "", server.requests == 2, "an answer is remembered, an outage is not")
		})
	}
}

func TestGenerationIsAskedOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &slow{answers: []step{{status: 404, body: notFoundJSON}, {status: 200, body: noAccounts}}}
		project := scripted(t, server)
		ask := func() error { _, err := project.Generation(t.Context()); return err }
		for _, err := range together(ask, ask, ask) {
			require.NoError(t, err)
		}
		require.Equal(t, [2]int{2, 0}, server.counts())
	})
}
