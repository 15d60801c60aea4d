package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

// byExternalID answers the look-up with one answer and the list with another.
func byExternalID(status int, found, listed string) *upstream {
	return &upstream{answer: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.Contains(r.URL.Path, "by_external_id") {
			_, _ = io.WriteString(w, `{"count":1,"next":null,"results":[`+listed+`]}`)
			return
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, found)
	}}
}

const notFoundJSON = `{"detail":"Not found."}`

func TestAccountByExternalID(t *testing.T) {
	t.Parallel()
	server := byExternalID(200, accountJSON, "")
	account, err := project7(t, server).AccountByExternalID(t.Context(), "ac me&")
	require.NoError(t, err)
	require.Equal(t, decodedAccount(t), account)
	require.Equal(t, "GET /api/projects/7/accounts/by_external_id/?external_id=ac+me%26", server.one(t).Line)

	refused := byExternalID(403, `{"detail":"API key missing required scope 'account:read'"}`, accountJSON)
	_, err = project7(t, refused).AccountByExternalID(t.Context(), "acme")
	require.Equal(t, client.MissingScope, client.KindOf(err))
	refused.one(t)
}

// TestAccountByExternalIDOnOlderPostHog: the look-up's 404 may mean that there is no look-up.
func TestAccountByExternalIDOnOlderPostHog(t *testing.T) {
	t.Parallel()
	near := `{"id":"1","external_id":"acme-2"},{"id":"2","external_id":null,"name":"acme"},{"id":"3","external_id":"ACME"},`
	server := byExternalID(404, notFoundJSON, near+accountJSON)
	account, err := project7(t, server).AccountByExternalID(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, decodedAccount(t), account)
	require.Len(t, server.all(), 2)
	require.Equal(t, "GET /api/projects/7/accounts/?include_churned=true&include_ignored=true&limit=1000&search=acme", server.all()[1].Line)

	_, err = project7(t, byExternalID(404, notFoundJSON, strings.TrimSuffix(near, ","))).AccountByExternalID(t.Context(), "acme")
	require.Equal(t, client.NotFound, client.KindOf(err), "an external id is compared whole")
	require.ErrorContains(t, err, "get account by external id")

	_, err = project7(t, byExternalID(404, notFoundJSON, `{}`)).AccountByExternalID(t.Context(), "acme")
	require.Equal(t, client.BadResponse, client.KindOf(err), "a list that cannot be read does not say that there is none")
}

func TestAccountByExternalIDRefusedLocally(t *testing.T) {
	t.Parallel()
	server := byExternalID(200, accountJSON, accountJSON)
	for _, id := range []string{"", "  ", strings.Repeat("ü", 401)} {
		_, err := project7(t, server).AccountByExternalID(t.Context(), id)
		require.Equal(t, client.Invalid, client.KindOf(err), "no account can have it: %q", id)
	}
	require.Empty(t, server.all())
	_, err := project7(t, server).AccountByExternalID(t.Context(), strings.Repeat("ü", 400))
	require.NoError(t, err)
}

func TestExternalIDsAreLookedUpAsTheServerCan(t *testing.T) {
	t.Parallel()
	older := theOlder()
	project := scripted(t, older)
	require.Equal(t, client.Documented, generationOf(t, project))
	_, err := project.AccountByExternalID(t.Context(), "acme")
	require.NoError(t, err)
	_, err = project.AccountByExternalID(t.Context(), "other")
	require.Equal(t, client.NotFound, client.KindOf(err))
	require.Equal(t, map[string]int{"by_external_id": 1, "accounts": 3}, older.asked, "what it cannot do is not tried")

	older.account = newerAccount // an account read in passing, which says nothing of the look-up
	_, err = project.Account(t.Context(), "a")
	require.NoError(t, err)
	_, err = project.AccountByExternalID(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"by_external_id": 2, "accounts": 4, "a": 1}, older.asked, "its 404 is not believed")
}

// TestLookUpThatHasWorkedIsBelieved for as long as nothing speaks against it.
func TestLookUpThatHasWorkedIsBelieved(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*client.Project){
		"contradicted":   (*client.Project).Forget,
		"ten minutes on": func(*client.Project) { time.Sleep(10 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &script{steps: []step{{status: 200, body: newerAccount}, {status: 404, body: notFoundJSON},
					{status: 404, body: notFoundJSON}, {status: 200, body: `{"results":[{"id":"b","external_id":"other"}]}`}}}
				project := scripted(t, server)
				_, err := project.AccountByExternalID(t.Context(), "acme")
				require.NoError(t, err)
				_, err = project.AccountByExternalID(t.Context(), "other")
				require.Equal(t, client.NotFound, client.KindOf(err))
				require.Equal(t, 2, server.requests, "its 404 is the answer")
				end(project)
				account, err := project.AccountByExternalID(t.Context(), "other")
				require.NoError(t, err)
				require.Equal(t, "b", account.ID)
			})
		})
	}
}
