package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

const accountJSON = `{"id":"0190a1b2-0000-7000-8000-000000000001","name":"Zürich <Ltd> & \"Co\"","external_id":"acme",
 "properties":{"csm":{"id":2,"email":"grace@example.com"},"billing_id":null,"big":12345678901234567890.10},
 "tags":["priority","enterprise"],"notebooks":["aB3dE"],"created_at":"2026-03-01T09:00:00.125000Z","created_by":1,
 "updated_at":"2026-03-02T09:00:00Z","from_the_future":{"a":[1]}}`

func decodedAccount(t *testing.T) client.Account {
	return client.Account{
		ID: "0190a1b2-0000-7000-8000-000000000001", Name: `Zürich <Ltd> & "Co"`, ExternalID: ptr("acme"),
		Properties: map[string]json.RawMessage{
			"csm":        json.RawMessage(`{"id":2,"email":"grace@example.com"}`),
			"billing_id": json.RawMessage(`null`),
			"big":        json.RawMessage(`12345678901234567890.10`),
		},
		Tags: []string{"priority", "enterprise"}, Notebooks: []string{"aB3dE"},
		CreatedAt: at(t, "2026-03-01T09:00:00.125Z"), CreatedBy: ptr(int64(1)), UpdatedAt: ptr(at(t, "2026-03-02T09:00:00Z")),
	}
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	server := answering(200, `{"count":412,"next":"https://evil.example/?offset=5","previous":null,"results":[`+accountJSON+`]}`)
	page, err := project7(t, server).ListAccounts(t.Context(), client.AccountQuery{
		Search: "a&b=c", Tags: []string{"x,y", `q"`}, CSM: "2", AccountOwner: "unassigned", AllRolesUnassigned: true,
		IncludeChurned: true, IncludeIgnored: true, Ordering: "-name", Limit: 1, Offset: 4,
	})
	require.NoError(t, err)
	require.Equal(t, client.Page[client.Account]{
		Results: []client.Account{decodedAccount(t)}, Count: ptr(412), More: true, Offset: 4, Limit: 1,
	}, page)

	request := server.one(t)
	require.Equal(t, "GET /api/projects/7/accounts/?account_owner=unassigned&all_roles_unassigned=true&csm=2"+
		"&include_churned=true&include_ignored=true&limit=1&offset=4&ordering=-name&search=a%26b%3Dc"+
		"&tags=%5B%22x%2Cy%22%2C%22q%5C%22%22%5D", request.Line)
	require.Equal(t, "Bearer "+canary, request.Header.Get("Authorization"))
	require.Equal(t, "application/json", request.Header.Get("Accept"))
	require.Equal(t, "posthog-accounts-mcp", request.Header.Get("User-Agent"))
	require.Empty(t, request.Body)
}

func TestListAccountsRefusesWhatPostHogWouldIgnore(t *testing.T) {
	t.Parallel()
	queries := map[string]client.AccountQuery{
		"email as role":   {CSM: "grace@example.com"},
		"negative role":   {AccountExecutive: "-3"},
		"name as role":    {AccountOwner: "Grace"},
		"bad ordering":    {Ordering: "size"},
		"negative limit":  {Limit: -1},
		"huge limit":      {Limit: 1001},
		"negative offset": {Offset: -1},
	}
	for name, query := range queries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := answering(200, `{"results":[]}`)
			_, err := project7(t, server).ListAccounts(t.Context(), query)
			require.Equal(t, client.Invalid, client.KindOf(err))
			for _, err := range project7(t, server).Accounts(t.Context(), query) {
				require.Equal(t, client.Invalid, client.KindOf(err))
			}
			require.Empty(t, server.all(), "nothing is sent")
		})
	}
}

// accountPages serves n accounts by offset, repeating the last row of each page as the first of the next,
// as a table that grows meanwhile does, and naming an evil host in next.
func accountPages(n int) *upstream {
	return &upstream{answer: func(w http.ResponseWriter, r *http.Request) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		rows := []map[string]any{}
		for i := max(offset-1, 0); i < min(offset+limit, n); i++ {
			rows = append(rows, map[string]any{"id": fmt.Sprint("account-", i)})
		}
		answer := map[string]any{"count": n, "next": nil, "results": rows}
		if offset+limit < n {
			answer["next"] = "https://evil.example/steal"
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}}
}

func TestAccountsWalksAllPages(t *testing.T) {
	t.Parallel()
	server := accountPages(25)
	ids := []string{}
	for account, err := range project7(t, server).Accounts(t.Context(), client.AccountQuery{Limit: 10}) {
		require.NoError(t, err)
		ids = append(ids, account.ID)
	}
	require.Len(t, ids, 25, "every account once")
	lines := []string{}
	for _, request := range server.all() {
		lines = append(lines, request.Line)
	}
	require.Equal(t, []string{
		"GET /api/projects/7/accounts/?limit=10",
		"GET /api/projects/7/accounts/?limit=10&offset=10",
		"GET /api/projects/7/accounts/?limit=10&offset=20",
	}, lines)
}

func TestAccountsStopsWithItsReader(t *testing.T) {
	t.Parallel()
	server := accountPages(25)
	for range project7(t, server).Accounts(t.Context(), client.AccountQuery{Limit: 10}) {
		break
	}
	require.Len(t, server.all(), 1, "no page is fetched ahead")

	ctx, cancel := context.WithCancel(t.Context())
	var last error
	for _, err := range project7(t, server).Accounts(ctx, client.AccountQuery{Limit: 10}) {
		cancel()
		last = err
	}
	require.Equal(t, client.Canceled, client.KindOf(last))
	cancel()
}

func TestAccount(t *testing.T) {
	t.Parallel()
	server := answering(200, accountJSON)
	account, err := project7(t, server).Account(t.Context(), "0190a1b2-0000-7000-8000-000000000001")
	require.NoError(t, err)
	require.Equal(t, decodedAccount(t), account)
	require.Equal(t, "GET /api/projects/7/accounts/0190a1b2-0000-7000-8000-000000000001/", server.one(t).Line)

	newest := answering(200, `{"id":"x","churned_at":"2026-01-01T00:00:00Z","ignored_at":"2026-01-02T00:00:00+02:00",
	 "slack_summary_cadence":"weekly","properties":null,"tags":null}`)
	account, err = project7(t, newest).Account(t.Context(), "x")
	require.NoError(t, err)
	require.Equal(t, at(t, "2026-01-01T00:00:00Z"), *account.ChurnedAt)
	require.Equal(t, at(t, "2026-01-01T22:00:00Z"), *account.IgnoredAt)
	require.Nil(t, account.ExternalID)
	require.Equal(t, map[string]json.RawMessage{}, account.Properties)

	for body, newer := range map[string]bool{
		`{"id":"x","churned_at":null}`:            true,
		`{"id":"x","slack_summary_cadence":null}`: true,
		`{"id":"x","ignored_at":null}`:            false,
		`{"id":"x"}`:                              false,
	} {
		account, err = project7(t, answering(200, body)).Account(t.Context(), "x")
		require.NoError(t, err)
		require.Equal(t, newer, account.Newer, body)
	}
}

func TestCreateAccount(t *testing.T) {
	t.Parallel()
	bodies := map[string]client.AccountCreate{
		`{"name":"<A&B>"}`: {Name: "<A&B>"},
		`{"name":"A","external_id":"e","properties":{"billing_id":"1"},"tags":["t"]}`: {Name: "A", ExternalID: ptr("e"),
			Properties: map[string]json.RawMessage{"billing_id": json.RawMessage(`"1"`)}, Tags: []string{"t"}},
	}
	for body, create := range bodies {
		server := answering(201, accountJSON)
		account, err := project7(t, server).CreateAccount(t.Context(), create)
		require.NoError(t, err)
		require.Equal(t, decodedAccount(t), account)
		request := server.one(t)
		require.Equal(t, "POST /api/projects/7/accounts/", request.Line)
		require.Equal(t, body, request.Body)
		require.Equal(t, "application/json", request.Header.Get("Content-Type"))
		require.Empty(t, request.Header.Get("Idempotency-Key"), "net/http replays requests that carry one")
	}
}

func TestPatchAccountSendsOnlyWhatIsSet(t *testing.T) {
	t.Parallel()
	exact := map[string]json.RawMessage{"big": json.RawMessage(`12345678901234567890.10`)}
	bodies := map[string]client.AccountPatch{
		`{"name":"N"}`:         {Name: client.Set("N")},
		`{"external_id":null}`: {ExternalID: client.Null[string]()},
		`{"external_id":"e"}`:  {ExternalID: client.Set("e")},
		`{"properties":{}}`:    {Properties: client.Set(map[string]json.RawMessage{})},
		`{"properties":{"big":12345678901234567890.10}}`: {Properties: client.Set(exact)},
		`{"tags":[]}`:                           {Tags: client.Set[[]string](nil)},
		`{"tags":["a","b"]}`:                    {Tags: client.Set([]string{"a", "b"})},
		`{"churned_at":"2026-01-01T00:00:00Z"}`: {ChurnedAt: client.Set(at(t, "2026-01-01T00:00:00Z"))},
	}
	for body, patch := range bodies {
		server := answering(200, accountJSON)
		account, err := project7(t, server).PatchAccount(t.Context(), "abc", patch)
		require.NoError(t, err)
		require.Equal(t, decodedAccount(t), account)
		require.Equal(t, "PATCH /api/projects/7/accounts/abc/", server.one(t).Line)
		require.Equal(t, body, server.one(t).Body)
	}
}

func TestAccountWritesRefusedLocally(t *testing.T) {
	t.Parallel()
	server := answering(200, accountJSON)
	project := project7(t, server)
	_, err := project.PatchAccount(t.Context(), "abc", client.AccountPatch{})
	require.Equal(t, client.Invalid, client.KindOf(err))
	_, err = project.PatchAccount(t.Context(), "abc", client.AccountPatch{ExternalID: client.Set("")})
	require.Equal(t, client.Invalid, client.KindOf(err))
	_, err = project.CreateAccount(t.Context(), client.AccountCreate{Name: "A", ExternalID: ptr("")})
	require.Equal(t, client.Invalid, client.KindOf(err))
	_, err = project.CreateAccount(t.Context(), client.AccountCreate{Name: "A",
		Properties: map[string]json.RawMessage{"x": json.RawMessage(`{half`)}})
	require.Equal(t, client.Invalid, client.KindOf(err))
	require.Empty(t, server.all())
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	server := answering(204, "")
	require.NoError(t, project7(t, server).DeleteAccount(t.Context(), "abc"))
	require.Equal(t, "DELETE /api/projects/7/accounts/abc/", server.one(t).Line)
}
