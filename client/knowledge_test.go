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

// posthogs answers as a server of either generation, in process, and counts what it is asked.
type posthogs struct {
	current     bool
	account     string // what an account looks like, whatever the generation
	definitions step
	asked       map[string]int
}

func (p *posthogs) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	name := path[strings.LastIndex(path, "/")+1:]
	p.asked[name]++
	answer := func(status int, body string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{"Content-Type": {"application/json"}}}, nil
	}
	switch {
	case name == "account_relationship_definitions":
		return answer(p.definitions.status, p.definitions.body)
	case name == "accounts" && r.Method == http.MethodGet:
		return answer(200, `{"count":1,"next":null,"results":[`+p.account+`]}`)
	case name != "by_external_id":
		return answer(200, p.account)
	case !p.current:
		return answer(404, notFoundJSON)
	case r.URL.Query().Has("external_id"):
		return answer(200, p.account)
	}
	return answer(400, `{"type":"validation_error","code":"required","detail":"This field is required.","attr":"external_id"}`)
}

const (
	olderAccount = `{"id":"a","name":"A","external_id":"acme"}`
	newerAccount = `{"id":"a","name":"A","external_id":"acme","churned_at":null}`
)

func theOlder() *posthogs {
	return &posthogs{account: olderAccount, asked: map[string]int{}, definitions: step{status: 200, body: `{"count":0,"results":[]}`}}
}

func theNewer() *posthogs {
	newer := theOlder()
	newer.current, newer.account = true, newerAccount
	return newer
}

// generationOf asks the client, which must know.
func generationOf(t *testing.T, p *client.Project) client.Generation {
	t.Helper()
	generation, err := p.Generation(t.Context())
	require.NoError(t, err)
	return generation
}

func TestGenerationIsAskedOnce(t *testing.T) {
	t.Parallel()
	for _, server := range []*posthogs{theOlder(), theNewer()} {
		synctest.Test(t, func(t *testing.T) {
			project := scripted(t, server)
			first := generationOf(t, project)
			require.Equal(t, map[bool]client.Generation{false: client.Documented, true: client.Current}[server.current], first)
			other := *project.Session()
			time.Sleep(10*time.Minute - time.Nanosecond)
			require.Equal(t, first, generationOf(t, other.Project(7)), "every session of the client knows")
			require.Equal(t, 1, server.asked["by_external_id"])
			time.Sleep(time.Nanosecond)
			require.Equal(t, first, generationOf(t, project))
			require.Equal(t, 2, server.asked["by_external_id"], "PostHog may have been upgraded")
			require.Equal(t, first, generationOf(t, project.Session().Project(8)))
			require.Equal(t, 3, server.asked["by_external_id"], "projects are not mixed up")
		})
	}
}

func TestFailingToAskTeachesNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 500, 200} {
		server := answering(status, `{"detail":"x"}`)
		project := project7(t, server)
		_, err := project.Generation(t.Context())
		require.Error(t, err)
		roles, err := project.RolesIn(t.Context())
		require.Error(t, err)
		require.Equal(t, client.RolesUnknown, roles)
		server.replace(byExternalID(404, notFoundJSON, olderAccount).answer)
		require.Equal(t, client.Documented, generationOf(t, project))
	}
}

func TestAccountsTellTheGeneration(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*client.Project) error{
		"get": func(p *client.Project) error { _, err := p.Account(t.Context(), "a"); return err },
		"list": func(p *client.Project) error {
			_, err := p.ListAccounts(t.Context(), client.AccountQuery{})
			return err
		},
		"create": func(p *client.Project) error {
			_, err := p.CreateAccount(t.Context(), client.AccountCreate{Name: "A"})
			return err
		},
		"patch": func(p *client.Project) error {
			_, err := p.PatchAccount(t.Context(), "a", client.AccountPatch{Name: client.Set("A")})
			return err
		},
	}
	for name, read := range ways {
		for _, server := range []*posthogs{theOlder(), theNewer()} {
			project := scripted(t, server)
			require.NoError(t, read(project))
			want := client.Documented
			if server.current {
				want = client.Current
			}
			require.Equal(t, want, generationOf(t, project), name)
			require.Zero(t, server.asked["by_external_id"], name)
		}
	}
}

// TestUpgrade: a field that is there counts at once.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	server := theOlder()
	project := scripted(t, server)
	project.LearnRoles(client.RolesInProperties)
	require.Equal(t, client.Documented, generationOf(t, project))
	server.current, server.account = true, newerAccount
	_, err := project.Account(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, client.Current, generationOf(t, project))
	roles, err := project.RolesIn(t.Context())
	require.NoError(t, err)
	require.Equal(t, client.RolesInRelationships, roles, "where the older one kept them does not matter now")
	require.Equal(t, 1, server.asked["by_external_id"])
}

// TestMissingFieldsAreAWeakSign: a server that contradicts them is asked, and they are not believed again.
func TestMissingFieldsAreAWeakSign(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := theNewer()
		server.account = olderAccount
		project := scripted(t, server)
		require.Equal(t, client.Current, generationOf(t, project))
		for range 3 {
			_, err := project.Account(t.Context(), "a")
			require.NoError(t, err)
			require.Equal(t, client.Current, generationOf(t, project))
		}
		require.Equal(t, 2, server.asked["by_external_id"], "asked again once, when the account contradicted")
		time.Sleep(10 * time.Minute)
		_, err := project.Account(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, client.Current, generationOf(t, project))
		require.Equal(t, 3, server.asked["by_external_id"])
	})
}

func TestForget(t *testing.T) {
	t.Parallel()
	server := theOlder()
	project := scripted(t, server)
	_, err := project.Account(t.Context(), "a")
	require.NoError(t, err)
	project.LearnRoles(client.RolesInProperties)
	server.current = true
	require.Equal(t, client.Documented, generationOf(t, project))

	project.Forget()
	_, err = project.Account(t.Context(), "a") // still without the fields
	require.NoError(t, err)
	require.Equal(t, client.Current, generationOf(t, project))
	roles, err := project.RolesIn(t.Context())
	require.NoError(t, err)
	require.Equal(t, client.RolesInRelationships, roles)
}

func TestRolesIn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer step
		want   client.RolesIn
		kind   client.Kind
	}{
		"late documented or bridge": {step{status: 200, body: `{"count":1,"next":"x","results":[` + csmJSON + `]}`}, client.RolesUnknown, ""},
		"no such endpoint":          {step{status: 404, body: `{"detail":"Endpoint not found."}`}, client.RolesInProperties, ""},
		"not found":                 {step{status: 404, body: notFoundJSON}, client.RolesInProperties, ""},
		"for no key":                {step{status: 403, body: `{"detail":"This action does not support personal API key access"}`}, client.RolesInProperties, ""},
		"not for this key":          {step{status: 403, body: `{"detail":"API key missing required scope 'account:read'"}`}, client.RolesUnknown, client.MissingScope},
		"a proxy's page":            {step{status: 404, body: `<html>`}, client.RolesUnknown, client.BadResponse},
		"outage":                    {step{status: 500, body: `{}`}, client.RolesUnknown, client.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := theOlder()
				server.definitions = test.answer
				project := scripted(t, server)
				for range 2 {
					roles, err := project.RolesIn(t.Context())
					require.Equal(t, test.want, roles)
					require.Equal(t, test.kind, client.KindOf(err))
				}
				asked := 1
				if test.kind != "" {
					asked = 2
				}
				require.Equal(t, asked, server.asked["account_relationship_definitions"], "only answers are remembered")
				require.Equal(t, 1, server.asked["by_external_id"])
			})
		})
	}
	server := theNewer()
	roles, err := scripted(t, server).RolesIn(t.Context())
	require.NoError(t, err)
	require.Equal(t, client.RolesInRelationships, roles)
	require.Equal(t, map[string]int{"by_external_id": 1}, server.asked)
}

func TestLearnRoles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := theOlder()
		project := scripted(t, server)
		project.LearnRoles(client.RolesInRelationships)
		_, err := project.Account(t.Context(), "a")
		require.NoError(t, err)
		time.Sleep(10*time.Minute - time.Nanosecond)
		roles, err := project.RolesIn(t.Context())
		require.NoError(t, err)
		require.Equal(t, client.RolesInRelationships, roles, "an account without newer fields does not speak against it")
		require.Zero(t, server.asked["account_relationship_definitions"])
		time.Sleep(time.Nanosecond)
		roles, err = project.RolesIn(t.Context())
		require.NoError(t, err)
		require.Equal(t, client.RolesUnknown, roles)
	})
}
