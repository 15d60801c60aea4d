package sandbox_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

const (
	agentHeader = "posthog/mcp-server; version: 1.4.0"
	elsewhere   = "0192d1aa-5c1e-7000-8000-0000000000ff" // another organisation
)

// oneKey is an empty sandbox with one more key, phx_x unless it has a value.
func oneKey(t *testing.T, key sandbox.Key, opts sandbox.Options) (*harness, string) {
	t.Helper()
	if key.Value == "" {
		key.Value = "phx_x"
	}
	opts.Empty, opts.Keys = true, []sandbox.Key{key}
	return start(t, opts), key.Value
}

func (a answer) requireForbidden(t *testing.T, detail string) {
	t.Helper()
	a.requireProblem(t, 403, "authentication_error", "permission_denied", detail, "")
}

// Each key below fails from its check on, and so tells which check comes first.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	failing := sandbox.Key{User: 99, Scopes: []string{"person:read"}, Projects: []int64{2}, Organizations: []string{elsewhere}, Access: sandbox.NoAccess}
	allowed := func(change func(*sandbox.Key)) sandbox.Key {
		key := failing
		change(&key)
		return key
	}
	unmapped, noKeys := "This action does not support personal API key access",
		"Organization 'Sandbox Inc.' does not allow using personal API keys. Contact an admin to enable personal API keys for this organization."
	for _, c := range []struct {
		name, method, path string
		key                sandbox.Key
		noKeys, readOnly   bool
		detail             string // empty: the body is looked at
	}{
		{"1.3 first an action without scope", "PATCH", "/api/projects/99/accounts", failing, true, true, unmapped},
		{"1.3 then the project", "POST", "/api/projects/99/accounts", failing, true, true, "Project not found."},
		{"1.3 then the organisation's rule for keys", "POST", accountsPath, failing, true, true, noKeys},
		{"1.3 then the key's projects", "POST", accountsPath, failing, false, true, "API key does not have access to the requested project: ID 1."},
		{"1.3 then its organisations", "POST", accountsPath, allowed(func(k *sandbox.Key) { k.Projects = []int64{1} }), false, true,
			"API key does not have access to the requested organization: ID 0192d1aa-5c1e-7000-8000-000000000001."},
		{"1.3 then its scopes", "POST", accountsPath, allowed(func(k *sandbox.Key) { k.Projects, k.Organizations = nil, nil }), false, true,
			"API key missing required scope 'account:write'"},
		{"1.3 then membership", "POST", accountsPath, sandbox.Key{User: 99, Scopes: []string{"*"}, Access: sandbox.NoAccess}, false, true,
			"You don't have access to the project."},
		{"1.3 then access control", "POST", accountsPath, sandbox.Key{User: 2, Scopes: []string{"*"}, Access: sandbox.NoAccess}, false, true,
			"You do not have editor access to this resource."},
		{"1.3 then the cap on MCP", "POST", accountsPath, sandbox.Key{User: 2, Scopes: []string{"*"}}, false, true,
			"Your organization restricts MCP access to read-only. An organization admin can change this in your organization settings."},
		{"1.3 the cap before what the view asks", "DELETE", definitionsPath + "/x", sandbox.Key{User: 2, Scopes: []string{"*"}}, false, true,
			"Your organization restricts MCP access to read-only. An organization admin can change this in your organization settings."},
		{"1.3 then what the view asks", "DELETE", definitionsPath + "/x", sandbox.Key{User: 2, Scopes: []string{"*"}}, false, false,
			"You don't have sufficient permissions in the project."},
		{"1.3 then the body", "POST", accountsPath, sandbox.Key{User: 2, Scopes: []string{"*"}}, false, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, key := oneKey(t, c.key, sandbox.Options{Profile: sandbox.Current, NoMemberKeys: c.noKeys, MCPReadOnly: c.readOnly})
			header := http.Header{"Authorization": {"Bearer " + key}, "User-Agent": {agentHeader}, "Content-Type": {"application/json"}}
			got := h.send(c.method, c.path, header, "{broken")
			switch c.detail {
			case "":
				require.Equal(t, "parse_error", got.get("code").String())
			case "Project not found.":
				require.Equal(t, 404, got.status)
			default:
				got.requireForbidden(t, c.detail)
			}
		})
	}
}

func TestKeysOfMembers(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Empty: true, NoMemberKeys: true, Keys: []sandbox.Key{member, {Value: "pha_member", User: 2, Scopes: []string{"*"}}}})
	require.Equal(t, 403, h.doAs(member.Value, "GET", accountsPath, nil).status, "1.3 members may not use keys")
	require.Equal(t, 403, h.doAs(member.Value, "GET", "/api/organizations/@current/members", nil).status, "1.3 nowhere")
	require.Equal(t, 200, h.doAs(member.Value, "GET", "/api/users/@me", nil).status, "6.4 @me is exempt")
	require.Equal(t, 200, h.do("GET", accountsPath, nil).status, "1.3 admins may")
	require.Equal(t, 200, h.doAs("pha_member", "GET", accountsPath, nil).status, "OAuth is something else")
}

func TestAccessControl(t *testing.T) {
	t.Parallel()
	all := []string{"*"}
	for _, c := range []struct {
		name         string
		key          sandbox.Key
		method, path string
		detail       string // empty for a success
	}{
		{"1.3 none: no reading", sandbox.Key{User: 2, Access: sandbox.NoAccess}, "GET", accountsPath, "You do not have viewer access to this resource."},
		{"1.3 none: no notes", sandbox.Key{User: 2, Access: sandbox.NoAccess}, "GET", "/api/projects/1/account_notes", "You do not have viewer access to this resource."},
		{"1.3 none: feature requests inherit it", sandbox.Key{User: 2, Access: sandbox.NoAccess}, "GET", "/api/projects/1/feature_requests", "You do not have viewer access to this resource."},
		{"1.3 viewer: reading", sandbox.Key{User: 2, Access: sandbox.ViewerAccess}, "GET", accountsPath, ""},
		{"1.3 viewer: no writing", sandbox.Key{User: 2, Access: sandbox.ViewerAccess}, "POST", accountsPath, "You do not have editor access to this resource."},
		{"1.3 other resources are open", sandbox.Key{User: 2, Access: sandbox.NoAccess}, "GET", "/api/projects/1/persons", ""},
		{"1.3 admins may everything", sandbox.Key{User: 1, Access: sandbox.NoAccess}, "POST", accountsPath, ""},
		{"1.3 scopes come first", sandbox.Key{User: 2, Access: sandbox.NoAccess, Scopes: []string{"person:read"}}, "GET", accountsPath, "API key missing required scope 'account:read'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.key.Scopes == nil {
				c.key.Scopes = all
			}
			h, key := oneKey(t, c.key, sandbox.Options{Profile: sandbox.Current})
			got := h.doAs(key, c.method, c.path, object{"name": "x"})
			if c.detail == "" {
				require.Less(t, got.status, 300, got.body)
				return
			}
			got.requireForbidden(t, c.detail)
		})
	}
}

func TestDeniedAccount(t *testing.T) {
	t.Parallel()
	const denied = "01943aa0-bc00-7a3e-9b1d-5e2f8c4d6a10" // Acme Robotics
	h := start(t, sandbox.Options{Profile: sandbox.Current, Keys: []sandbox.Key{
		{Value: "phx_denied", User: 2, Scopes: []string{"*"}, DeniedAccounts: []string{denied}},
		{Value: "phx_admin", User: 1, Scopes: []string{"*"}, DeniedAccounts: []string{denied}},
	}})
	one := accountsPath + "/" + denied
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		h.doAs("phx_denied", method, one, object{}).requireForbidden(t, "You do not have permission to perform this action.")
	}
	for name, path := range map[string]string{
		"1.3 notebooks look missing": one + "/notebooks", "1.3 values look missing": one + "/custom_property_values",
		"1.3 relationships look missing": one + "/relationships", "1.3 tickets look missing": one + "/support_tickets",
		"3.7 by_external_id looks missing": accountsPath + "/by_external_id?external_id=acme-robotics",
	} {
		t.Run(name, func(t *testing.T) { h.doAs("phx_denied", "GET", path, nil).requireRowNotFound(t) })
	}
	require.Zero(t, h.doAs("phx_denied", "GET", query(accountsPath, "search", "acme-robotics"), nil).get(`results.#(id=="`+denied+`")#|#`).Int(), "1.3 it is on no list")
	require.Zero(t, h.doAs("phx_denied", "GET", "/api/projects/1/account_notes?account_id="+denied, nil).get("count").Int(), "1.3 nor are its notes")
	require.Equal(t, 200, h.doAs("phx_admin", "GET", one, nil).status, "1.3 admins may everything")
}

func TestMCPReadOnly(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Profile: sandbox.Current, Empty: true, MCPReadOnly: true})
	send := func(agent, method, path string, body any) answer {
		return h.send(method, path, http.Header{"Authorization": {"Bearer " + sandbox.DefaultKey}, "User-Agent": {agent}, "Content-Type": {"application/json"}}, body)
	}
	capped := "Your organization restricts MCP access to read-only. An organization admin can change this in your organization settings."
	send(agentHeader, "POST", accountsPath, object{"name": "x"}).requireForbidden(t, capped)
	send("wrapped ("+agentHeader+")", "POST", accountsPath, object{"name": "x"}).requireForbidden(t, capped)
	require.Equal(t, 200, send(agentHeader, "GET", accountsPath, nil).status, "1.8 reading is allowed")
	require.Equal(t, 200, send(agentHeader, "POST", "/api/projects/1/persons/batch_by_uuids/", object{"uuids": []string{}}).status, "1.8 a POST that reads, too")
	require.Equal(t, 201, send("posthog-accounts-mcp/1.0", "POST", accountsPath, object{"name": "x"}).status, "1.8 it binds PostHog's own server only")
}

func TestKindsOfKeys(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now, EndableByKeys: true, Keys: []sandbox.Key{
		{Value: "plain-old-key", Legacy: true},
		{Value: "phx_off", Scopes: []string{"*"}, Inactive: true},
		{Value: "pha_good", Scopes: []string{"account:read"}},
		{Value: "pha_none"},
		{Value: "pha_off", Scopes: []string{"*"}, Inactive: true},
		{Value: "pha_old", Scopes: []string{"*"}, Expires: c.Now()},
	}})
	get := func(key string) answer { return h.doAs(key, "GET", accountsPath, nil) }
	refused := func(got answer, code, detail string) {
		got.requireProblem(t, 401, "authentication_error", code, detail, "")
	}

	refused(get("phx_off"), "authentication_failed", "Personal API key found in request Authorization header is invalid.")
	refused(get("pha_bad"), "authentication_failed", "Invalid access token.")
	refused(get("pha_off"), "authentication_failed", "User associated with access token is disabled.")
	refused(get("pha_old"), "authentication_failed", "Access token has expired.")
	refused(get("phs_secret"), "authentication_failed", "Personal API key found in request Authorization header is invalid.")
	refused(h.doAs("", "GET", accountsPath+"?personal_api_key=pha_good", nil), "authentication_failed", "Personal API key found in query string is invalid.")
	require.Contains(t, get("pha_bad").header.Get("Www-Authenticate"), "resource_metadata=", "every 401 names the metadata")

	require.Equal(t, 200, get("pha_good").status)
	h.doAs("pha_good", "POST", accountsPath, object{}).requireForbidden(t, "API key missing required scope 'account:write'")
	h.doAs("pha_good", "POST", accountsPath+"/x", object{}).requireForbidden(t, "This action does not support personal API key access")
	get("pha_none").requireForbidden(t, "OAuth token has no scopes and cannot access this resource")
	refused(h.doAs("pha_good", "GET", "/api/personal_api_keys/@current", nil), "not_authenticated", "Authentication credentials were not provided.")
	c.advance(time.Hour)
	refused(get("pha_good"), "authentication_failed", "Access token has expired.")

	require.Equal(t, 201, h.doAs("plain-old-key", "POST", accountsPath, object{"name": "x"}).status, "scopes are not asked of a legacy key")
	require.Equal(t, []string{"*"}, h.doAs("plain-old-key", "GET", "/api/personal_api_keys/@current", nil).strings("scopes"))
	h.doAs("plain-old-key", "PATCH", accountsPath, object{}).requireProblem(t, 405, "invalid_request", "method_not_allowed", `Method "PATCH" not allowed.`, "")
}

func TestLegacyKeyEndsRelationships(t *testing.T) {
	t.Parallel()
	h, key := oneKey(t, sandbox.Key{Legacy: true}, sandbox.Options{Profile: sandbox.Current})
	path := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/relationships"
	row := path + "/" + h.must(201, "POST", path, object{"definition": h.relate("CSM", true), "user": 2}).get("id").String()
	require.Equal(t, 403, h.do("POST", row+"/end", nil).status)
	require.Equal(t, 200, h.doAs(key, "POST", row+"/end", nil).status, "6.2 no scope is mapped, and none is asked")
}

func TestOutsider(t *testing.T) {
	t.Parallel()
	h, key := oneKey(t, sandbox.Key{User: 99, Scopes: []string{"*"}}, sandbox.Options{})
	for _, path := range []string{accountsPath, "/api/projects/1/persons", "/api/projects/1"} {
		h.doAs(key, "GET", path, nil).requireForbidden(t, "You don't have access to the project.")
	}
	h.doAs(key, "GET", "/api/organizations/@current/members", nil).requireForbidden(t, "You do not have permission to perform this action.")
	me := h.doAs(key, "GET", "/api/users/@me", nil)
	require.Equal(t, "null", me.get("team").Raw)
	require.Equal(t, "[]", me.get("organizations").Raw)
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now, Keys: []sandbox.Key{
		{Value: "pha_a", Label: "IDE", Scopes: []string{"account:read", "person:write"}, Projects: []int64{1}, Expires: c.Now().Add(time.Minute)},
		{Value: "pha_b", Scopes: []string{"*"}, Organizations: []string{elsewhere}},
	}})
	ask := func(bearer, media, path, body string) answer {
		method := "POST"
		if media == "" {
			method = "GET"
		}
		return h.send(method, path, http.Header{"Authorization": {"Bearer " + bearer}, "Content-Type": {media}}, body)
	}
	want := fmt.Sprintf(`{"active":true,"token_type":"access_token","scope":"account:read person:write","scoped_teams":[1],"scoped_organizations":[],"exp":%d,"client_id":"sandbox-client","client_name":"IDE"}`,
		c.Now().Add(time.Minute).Unix())
	for name, got := range map[string]answer{
		"9 JSON":  ask("pha_a", "application/json", "/oauth/introspect/", `{"token":"pha_a"}`),
		"9 form":  ask("pha_a", "application/x-www-form-urlencoded", "/oauth/introspect", "token=pha_a"),
		"9 query": ask("pha_a", "", "/oauth/introspect/?token=pha_a", ""),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 200, got.status)
			require.Equal(t, want, got.body)
		})
	}
	require.Equal(t, []string{elsewhere}, ask("pha_b", "", "/oauth/introspect?token=pha_b", "").strings("scoped_organizations"))
	for name, got := range map[string]answer{
		"about another token": ask("pha_a", "application/json", "/oauth/introspect", `{"token":"pha_b"}`),
		"about none":          ask("pha_a", "application/json", "/oauth/introspect", `{}`),
		"no JSON":             ask("pha_a", "application/json", "/oauth/introspect", `{`),
		"an unknown token":    ask("pha_x", "application/json", "/oauth/introspect", `{"token":"pha_x"}`),
		"a personal key":      ask(sandbox.DefaultKey, "application/json", "/oauth/introspect", `{"token":"phx_sandbox"}`),
	} {
		t.Run("9 "+name, func(t *testing.T) {
			require.Equal(t, 403, got.status)
			require.Empty(t, got.body)
		})
	}
	c.advance(time.Minute)
	require.Equal(t, `{"active":false}`, ask("pha_a", "application/json", "/oauth/introspect", `{"token":"pha_a"}`).body, "9 expired")
	require.Equal(t, 405, h.send("PUT", "/oauth/introspect", http.Header{}, "").status)
}
