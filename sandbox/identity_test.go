package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

func TestWhoAmI(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Empty: true, Keys: []sandbox.Key{{Value: "phx_of_grace", Label: "CI", Scopes: []string{"user:read", "account:write"}, User: 2, Projects: []int64{1}}}})

	me := h.must(200, "GET", "/api/users/@me/", nil)
	require.Equal(t, "ada@example.com", me.get("email").String())
	require.Equal(t, int64(1), me.get("id").Int())
	require.Equal(t, int64(1), me.get("team.id").Int())
	require.Equal(t, me.get("organization.id").String(), me.get("organizations.0.id").String())
	require.Equal(t, "grace@example.com", h.doAs("phx_of_grace", "GET", "/api/users/@me/", nil).get("email").String())

	key := h.doAs("phx_of_grace", "GET", "/api/personal_api_keys/@current/", nil)
	require.Equal(t, []string{"user:read", "account:write"}, key.strings("scopes"))
	require.Equal(t, []string{"1"}, key.strings("scoped_teams"))
	require.Equal(t, "CI", key.get("label").String())
	require.Equal(t, gjson.Null, key.get("value").Type, "the secret is never shown")
	require.NotContains(t, key.body, "phx_of_grace")
	require.Equal(t, 200, h.doAs("phx_of_grace", "GET", "/api/personal_api_keys/"+key.get("id").String(), nil).status)
	h.do("GET", "/api/personal_api_keys/"+key.get("id").String(), nil).requireProblem(t, 403, "authentication_error", "permission_denied",
		"This action does not support personal API key access", "")
}

func TestProjects(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	list := h.must(200, "GET", "/api/projects/", nil)
	require.Equal(t, []string{"count", "next", "previous", "results"}, list.keys(""))
	require.Equal(t, int64(1), list.get("count").Int())
	require.Equal(t, int64(1), list.get("results.0.id").Int())
	one := h.must(200, "GET", "/api/projects/@current/", nil)
	require.Equal(t, sandbox.ProjectToken, one.get("api_token").String())
	require.Equal(t, "UTC", one.get("timezone").String())
}

func TestMembers(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	members := "/api/organizations/@current/members/"
	emails := func(query string) []string {
		return h.must(200, "GET", members+query, nil).strings("results.#.user.email")
	}

	for _, c := range []struct {
		name, query string
		want        []string
	}{
		{"6.4 newest first", "", []string{"linus@example.com", "grace@example.com", "ada@example.com"}},
		{"6.4 order joined_at", "?order=joined_at", []string{"ada@example.com", "grace@example.com", "linus@example.com"}},
		{"6.4 order -joined_at", "?order=-joined_at", []string{"linus@example.com", "grace@example.com", "ada@example.com"}},
		{"6.4 pages", "?order=joined_at&limit=1&offset=1", []string{"grace@example.com"}},
		{"6.4 e-mail in any case", "?email=GRACE@example.com", []string{"grace@example.com"}},
		{"6.4 search", "?search=linus", []string{"linus@example.com"}},
		{"6.4 nobody", "?email=nobody@example.com", []string{}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, emails(c.query)) })
	}
	t.Run("6.4 a member", func(t *testing.T) {
		ada := h.must(200, "GET", members+"?email=ada@example.com", nil)
		require.Equal(t, []string{"id", "user", "level", "joined_at", "updated_at", "is_2fa_enabled", "has_social_auth", "last_login", "search_match_type"}, ada.keys("results.0"))
		require.Equal(t, int64(15), ada.get("results.0.level").Int())
		require.NotEqual(t, ada.get("results.0.id").String(), ada.get("results.0.user.uuid").String())
		require.Equal(t, []string{"id", "uuid", "distinct_id", "first_name", "last_name", "email", "is_email_verified", "hedgehog_config", "role_at_organization"}, ada.keys("results.0.user"))
	})
	t.Run("6.4 by the organisation's id", func(t *testing.T) {
		id := h.must(200, "GET", "/api/users/@me", nil).get("organization.id").String()
		require.Equal(t, int64(3), h.must(200, "GET", "/api/organizations/"+id+"/members", nil).get("count").Int())
		require.Equal(t, 404, h.do("GET", "/api/organizations/0192d1aa-0000-7000-8000-000000000000/members", nil).status)
	})
	t.Run("surface 1 an empty sandbox has exactly these members", func(t *testing.T) {
		all := h.must(200, "GET", members+"?order=joined_at", nil)
		require.Equal(t, []string{"1", "2", "3"}, all.strings("results.#.user.id"))
	})
}
