package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

const accountsPath = "/api/projects/1/accounts"

// createAccount posts an account and answers its id.
func (h *harness) createAccount(body any) string {
	h.Helper()
	return h.must(http.StatusCreated, "POST", accountsPath, body).get("id").String()
}

type object = map[string]any

func TestPathsAndIDs(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	id := h.createAccount(object{"name": "Acme"})
	h.must(201, "POST", accountsPath+"/"+id+"/notebooks", object{"title": "Call"})

	for name, path := range map[string]string{
		"1.1 accounts under projects":                  "/api/projects/1/accounts/" + id,
		"1.1 accounts under environments":              "/api/environments/1/accounts/" + id,
		"1.1 trailing slash under projects":            "/api/projects/1/accounts/" + id + "/",
		"1.1 trailing slash under environments":        "/api/environments/1/accounts/" + id + "/",
		"1.1 @current under projects":                  "/api/projects/@current/accounts/" + id + "/",
		"1.1 @current under environments":              "/api/environments/@current/accounts/" + id + "/",
		"1.1 notebooks under environments":             "/api/environments/1/accounts/" + id + "/notebooks/",
		"1.1 property values under projects":           "/api/projects/1/accounts/" + id + "/custom_property_values/",
		"1.1 property definitions under projects":      "/api/projects/1/custom_property_definitions/",
		"1.1 property definitions under environments":  "/api/environments/1/custom_property_definitions/",
		"6.3 account notes under projects":             "/api/projects/1/account_notes/",
		"1.1 a UUID without dashes and in upper case":  "/api/projects/1/accounts/" + strings.ToUpper(strings.ReplaceAll(id, "-", "")),
		"4.5 general notebooks under projects":         "/api/projects/1/notebooks/",
		"4.5 general notebooks under environments":     "/api/environments/1/notebooks/",
		"6.4 the project itself, with and without end": "/api/projects/1/",
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusOK, h.do("GET", path, nil).status)
		})
	}
	for name, path := range map[string]string{
		"1.1 unknown project":            "/api/projects/2/accounts/",
		"1.1 non-numeric project":        "/api/projects/acme/accounts/",
		"1.1 unknown environment":        "/api/environments/77/accounts/",
		"1.1 project named by its token": "/api/projects/phc_sandbox/accounts/",
	} {
		t.Run(name, func(t *testing.T) {
			h.do("GET", path, nil).requireProblem(t, 404, "invalid_request", "not_found", "Project not found.", "")
		})
	}
	t.Run("1.1 property values are not under environments", func(t *testing.T) {
		got := h.do("GET", "/api/environments/1/accounts/"+id+"/custom_property_values/", nil)
		require.Equal(t, http.StatusNotFound, got.status)
		require.Equal(t, "not_found", got.get("code").String())
	})
	t.Run("1.1 a malformed UUID is a 404 and no 400", func(t *testing.T) {
		for _, id := range []string{"acme", "123", "01975458-df80-74ba-80af-5a5eb16fb7d", "..%2F..", "%00"} {
			h.do("GET", accountsPath+"/"+id, nil).requireRowNotFound(t)
		}
	})
	t.Run("3.7 by_external_id is read as an account id", func(t *testing.T) {
		h.do("GET", accountsPath+"/by_external_id/?external_id=acme", nil).requireRowNotFound(t)
	})
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	invalid := func(place string) string { return "Personal API key found in " + place + " is invalid." }
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(sandbox.DefaultKey+":"))
	for _, c := range []struct {
		name, header, query, body string
		code, detail              string // empty code: the key is accepted
	}{
		{name: "1.3 no credentials", code: "not_authenticated", detail: "Authentication credentials were not provided."},
		{name: "1.3 bad key", header: "Bearer phx_wrong", code: "authentication_failed", detail: invalid("request Authorization header")},
		{name: "1.2 good key", header: "Bearer phx_sandbox"},
		{name: "1.2 the scheme in any case", header: "bearer phx_sandbox"},
		{name: "1.2 another scheme is no credential", header: basic, code: "not_authenticated", detail: "Authentication credentials were not provided."},
		{name: "1.2 an OAuth token goes elsewhere", header: "Bearer pha_token", code: "authentication_failed", detail: "Invalid access token."},
		{name: "1.2 a project token is no credential", header: "Bearer phc_sandbox", code: "authentication_failed", detail: invalid("request Authorization header")},
		{name: "1.2 key in the query", query: "?personal_api_key=phx_sandbox"},
		{name: "1.2 key in the body", body: `{"personal_api_key":"phx_sandbox"}`},
		{name: "1.2 header before body and query", header: "Bearer phx_wrong", query: "?personal_api_key=phx_sandbox",
			code: "authentication_failed", detail: invalid("request Authorization header")},
		{name: "1.2 body before query", body: `{"personal_api_key":"phx_wrong"}`, query: "?personal_api_key=phx_sandbox",
			code: "authentication_failed", detail: invalid("body")},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := http.Header{}
			if c.header != "" {
				header.Set("Authorization", c.header)
			}
			if c.body != "" {
				header.Set("Content-Type", "application/json")
			}
			got := h.send("GET", accountsPath+"/"+c.query, header, c.body)
			if c.code == "" {
				require.Equal(t, http.StatusOK, got.status, got.body)
				return
			}
			got.requireProblem(t, 401, "authentication_error", c.code, c.detail, "")
		})
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Empty: true, Keys: []sandbox.Key{
		{Value: "phx_read", Scopes: []string{"account:read"}},
		{Value: "phx_write", Scopes: []string{"account:write"}},
		{Value: "phx_notebook", Scopes: []string{"notebook:write"}},
		{Value: "phx_person", Scopes: []string{"person:write"}},
	}})
	id := h.createAccount(object{"name": "Acme"})
	note := h.must(201, "POST", accountsPath+"/"+id+"/notebooks", object{"title": "Call"}).get("short_id").String()
	definition := h.must(201, "POST", "/api/projects/1/custom_property_definitions", object{"name": "ARR", "display_type": "number"}).get("id").String()
	account, notebook := accountsPath+"/"+id, accountsPath+"/"+id+"/notebooks/"+note

	for _, c := range []struct {
		name, key, method, path string
		body                    any
		missing                 string // the scope named in the refusal; empty: allowed
	}{
		{"1.3 read lists", "phx_read", "GET", accountsPath, nil, ""},
		{"1.3 read retrieves", "phx_read", "GET", account, nil, ""},
		{"1.3 write satisfies read", "phx_write", "GET", account, nil, ""},
		{"1.3 * satisfies all", sandbox.DefaultKey, "GET", account, nil, ""},
		{"1.3 another object's scope reads nothing", "phx_person", "GET", accountsPath, nil, "account:read"},
		{"1.3 read cannot create", "phx_read", "POST", accountsPath, object{"name": "B"}, "account:write"},
		{"1.3 read cannot patch", "phx_read", "PATCH", account, object{"name": "B"}, "account:write"},
		{"1.3 read cannot put", "phx_read", "PUT", account, object{"name": "B"}, "account:write"},
		{"1.3 read cannot delete", "phx_read", "DELETE", account, nil, "account:write"},
		{"1.3 notebooks need the account scope", "phx_notebook", "GET", notebook, nil, "account:read"},
		{"1.3 notebooks are read with account:read", "phx_read", "GET", notebook, nil, ""},
		{"1.3 notebooks are created with account:write", "phx_write", "POST", account + "/notebooks", object{}, ""},
		{"1.3 notebooks are deleted with account:write", "phx_read", "DELETE", notebook, nil, "account:write"},
		{"1.3 values are read with account:read", "phx_read", "GET", account + "/custom_property_values", nil, ""},
		{"1.3 values are written with account:write", "phx_read", "POST", account + "/custom_property_values", object{"definition": definition, "value": 1}, "account:write"},
		{"6.1 definitions are read with account:read", "phx_read", "GET", "/api/projects/1/custom_property_definitions/" + definition, nil, ""},
		{"6.1 definitions are written with account:write", "phx_read", "DELETE", "/api/projects/1/custom_property_definitions/" + definition, nil, "account:write"},
		{"6.3 account notes need account:read", "phx_notebook", "GET", "/api/projects/1/account_notes", nil, "account:read"},
		{"4.4 the general API needs notebook:read", "phx_write", "GET", "/api/projects/1/notebooks/" + note, nil, "notebook:read"},
		{"4.4 the general API needs notebook:write", "phx_write", "PATCH", "/api/projects/1/notebooks/" + note, object{}, "notebook:write"},
		{"4.4 notebook:write reads too", "phx_notebook", "GET", "/api/projects/1/notebooks/" + note, nil, ""},
		{"6.4 members need organization_member:read", "phx_read", "GET", "/api/organizations/@current/members", nil, "organization_member:read"},
		{"6.4 @me needs user:read", "phx_read", "GET", "/api/users/@me", nil, "user:read"},
		{"6.4 projects need project:read", "phx_read", "GET", "/api/projects", nil, "project:read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := h.doAs(c.key, c.method, c.path, c.body)
			if c.missing == "" {
				require.Less(t, got.status, 300, got.body)
				return
			}
			got.requireProblem(t, 403, "authentication_error", "permission_denied", "API key missing required scope '"+c.missing+"'", "")
		})
	}
	t.Run("1.3 authentication comes before everything", func(t *testing.T) {
		require.Equal(t, 401, h.doAs("", "PATCH", "/api/projects/99/accounts", nil).status)
	})
	t.Run("1.3 the project comes before the scope", func(t *testing.T) {
		require.Equal(t, 404, h.doAs("phx_person", "GET", "/api/projects/99/accounts", nil).status)
	})
	t.Run("1.3 scope comes before the body", func(t *testing.T) {
		require.Equal(t, 403, h.doAs("phx_read", "POST", accountsPath, "{broken").status)
	})
}

func TestLimitedKeys(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Empty: true, Keys: []sandbox.Key{
		{Value: "phx_here", Scopes: []string{"*"}, Projects: []int64{sandbox.ProjectID}},
		{Value: "phx_elsewhere", Scopes: []string{"*"}, Projects: []int64{2, 3}},
		{Value: "phx_other_org", Scopes: []string{"*"}, Organizations: []string{"0192d1aa-5c1e-7000-8000-0000000000ff"}},
	}})
	organization := h.must(200, "GET", "/api/users/@me", nil).get("organization.id").String()
	scoped := "API keys with scoped projects are only supported on project-based endpoints."
	for _, c := range []struct{ name, key, path, detail string }{
		{"1.3 limited to this project", "phx_here", accountsPath, ""},
		{"1.3 limited to other projects", "phx_elsewhere", accountsPath, "API key does not have access to the requested project: ID 1."},
		{"1.3 project-limited on an organisation URL", "phx_here", "/api/organizations/@current/members", scoped},
		{"6.4 project-limited on the list of projects", "phx_here", "/api/projects", scoped},
		{"6.4 @me is exempt", "phx_here", "/api/users/@me", ""},
		{"6.4 the key itself is exempt", "phx_elsewhere", "/api/personal_api_keys/@current", ""},
		{"1.3 limited to other organisations", "phx_other_org", accountsPath,
			"API key does not have access to the requested organization: ID " + organization + "."},
		{"1.3 limited to other organisations, on members", "phx_other_org", "/api/organizations/@current/members",
			"API key does not have access to the requested organization: ID " + organization + "."},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := h.doAs(c.key, "GET", c.path, nil)
			if c.detail == "" {
				require.Equal(t, 200, got.status, got.body)
				return
			}
			got.requireProblem(t, 403, "authentication_error", "permission_denied", c.detail, "")
		})
	}
}

func TestUnsupportedMethods(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	id := h.createAccount(object{"name": "Acme"})
	note := h.must(201, "POST", accountsPath+"/"+id+"/notebooks", object{}).get("short_id").String()
	for _, c := range [][2]string{
		{"PATCH", accountsPath}, {"DELETE", accountsPath}, {"PUT", accountsPath},
		{"POST", accountsPath + "/" + id},
		{"PATCH", accountsPath + "/" + id + "/notebooks/" + note}, {"PUT", accountsPath + "/" + id + "/notebooks/" + note},
		{"POST", accountsPath + "/" + id + "/notebooks/" + note}, {"DELETE", accountsPath + "/" + id + "/notebooks"},
		{"PATCH", accountsPath + "/" + id + "/custom_property_values"}, {"DELETE", accountsPath + "/" + id + "/custom_property_values"},
		{"POST", "/api/projects/1/account_notes"}, {"POST", "/api/organizations/@current/members"},
	} {
		t.Run("1.3 "+c[0]+" "+c[1], func(t *testing.T) {
			h.do(c[0], c[1], object{"name": "x"}).requireProblem(t, 403, "authentication_error", "permission_denied",
				"This action does not support personal API key access", "")
		})
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	form := func(body string) answer {
		return h.send("POST", accountsPath, http.Header{"Authorization": {"Bearer " + sandbox.DefaultKey}, "Content-Type": {"application/x-www-form-urlencoded"}}, body)
	}
	for name, body := range map[string]string{
		"1.4 malformed JSON": `{"name":`, "1.4 trailing text": `{"name":"x"} y`, "1.4 single quotes": `{'name':'x'}`,
		"1.4 not a number": `{"name":NaN}`, "1.4 invalid UTF-8": "{\"name\":\"\xff\"}",
	} {
		t.Run(name, func(t *testing.T) {
			got := h.do("POST", accountsPath, body)
			require.Equal(t, 400, got.status)
			require.Equal(t, "invalid_request", got.get("type").String())
			require.Equal(t, "parse_error", got.get("code").String())
			require.Contains(t, got.get("detail").String(), "JSON parse error - ")
			require.Equal(t, gjson.Null, got.get("attr").Type)
		})
	}
	for kind, body := range map[string]string{"list": `[1]`, "str": `"x"`, "int": `5`, "bool": `true`, "float": `1.5`} {
		t.Run("1.4 a body that is a "+kind, func(t *testing.T) {
			h.do("POST", accountsPath, body).requireProblem(t, 400, "validation_error", "invalid_input",
				"Invalid data. Expected a dictionary, but got "+kind+".", "")
		})
	}
	t.Run("1.4 no body is an empty one", func(t *testing.T) {
		h.do("POST", accountsPath, nil).requireProblem(t, 400, "validation_error", "required", "This field is required.", "name")
	})
	t.Run("1.4 unsupported media type", func(t *testing.T) {
		got := h.send("POST", accountsPath, http.Header{"Authorization": {"Bearer " + sandbox.DefaultKey}, "Content-Type": {"text/plain"}}, "x")
		got.requireProblem(t, 415, "invalid_request", "unsupported_media_type", `Unsupported media type "text/plain" in request.`, "")
	})
	t.Run("1.7 a form body parses", func(t *testing.T) {
		got := form("name=Form+Ltd&external_id=f-1")
		require.Equal(t, 201, got.status, got.body)
		require.Equal(t, "Form Ltd", got.get("name").String())
	})
	t.Run("1.7 tags in a form are split into characters", func(t *testing.T) {
		require.ElementsMatch(t, []string{"v", "i", "p"}, form("name=Form+Ltd&tags=vip").strings("tags"))
	})
	t.Run("2 unknown and read-only members are ignored", func(t *testing.T) {
		got := h.must(201, "POST", accountsPath, object{"name": "X", "colour": "red", "id": "1", "notebooks": []string{"a"}, "created_by": 9, "churned_at": "x"})
		require.Equal(t, []string{"id", "name", "external_id", "properties", "tags", "notebooks", "created_at", "created_by", "updated_at"}, got.keys(""))
		require.Equal(t, int64(1), got.get("created_by").Int())
		require.Empty(t, got.strings("notebooks"))
	})
	t.Run("1.4 too large a body is refused", func(t *testing.T) {
		require.Equal(t, 413, h.do("POST", accountsPath, `{"name":"`+strings.Repeat("x", 21<<20)+`"}`).status)
	})
	t.Run("1.1 an unknown endpoint", func(t *testing.T) {
		for _, path := range []string{"/api/projects/1/acounts/", "/api/projects/1//accounts", "/api/projects/1/persons/../accounts", "/"} {
			require.Equal(t, 404, h.do("GET", path, nil).status, path)
		}
	})
}

func TestTimestamps(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now})
	whole := h.must(201, "POST", accountsPath, object{"name": "A"})
	require.Equal(t, "2026-03-02T09:30:00Z", whole.get("created_at").String(), "1.7 no fraction when it is zero")
	c.advance(1234 * time.Microsecond)
	fraction := h.must(201, "POST", accountsPath, object{"name": "B"})
	require.Equal(t, "2026-03-02T09:30:00.001234Z", fraction.get("created_at").String(), "1.7 microseconds else")
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Throttle: true, Now: c.Now, Keys: []sandbox.Key{{Value: "phx_other", Scopes: []string{"*"}}}})
	get := func(key string) answer { return h.doAs(key, "GET", accountsPath+"?limit=1", nil) }
	for range 480 {
		require.Equal(t, 200, get(sandbox.DefaultKey).status)
	}
	throttled := get(sandbox.DefaultKey)
	t.Run("1.5 the burst is 480 a minute", func(t *testing.T) {
		throttled.requireProblem(t, 429, "throttled_error", "throttled", "Request was throttled. Expected available in 60 seconds.", "")
	})
	t.Run("1.5 no Retry-After", func(t *testing.T) { require.Empty(t, throttled.header.Get("Retry-After")) })
	t.Run("1.5 each key has its own bucket", func(t *testing.T) { require.Equal(t, 200, get("phx_other").status) })
	t.Run("1.5 one second is singular", func(t *testing.T) {
		c.advance(59*time.Second + time.Millisecond)
		require.Equal(t, "Request was throttled. Expected available in 1 second.", get(sandbox.DefaultKey).get("detail").String())
	})
	t.Run("1.3 throttling comes after permission", func(t *testing.T) {
		require.Equal(t, 404, h.do("GET", "/api/projects/9/accounts", nil).status)
	})
	t.Run("1.5 it ends", func(t *testing.T) {
		c.advance(time.Second)
		require.Equal(t, 200, get(sandbox.DefaultKey).status)
	})
}

func TestSustainedThrottle(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Throttle: true, RetryAfter: true, Now: c.Now})
	client := &http.Client{Transport: h.Transport()}
	get := func() *http.Response {
		request, err := http.NewRequest("GET", "http://sandbox.invalid"+accountsPath, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+sandbox.DefaultKey)
		response, err := client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response
	}
	for i := range 4800 {
		if i%480 == 0 {
			c.advance(time.Minute)
		}
		require.Equal(t, 200, get().StatusCode)
	}
	c.advance(time.Minute)
	response := get()
	require.Equal(t, 429, response.StatusCode, "1.5 the sustained limit is 4800 an hour")
	require.Equal(t, "3000", response.Header.Get("Retry-After"), "1.5 the header is a switch")
}

func TestPagination(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	for i := range 105 {
		h.createAccount(object{"name": fmt.Sprintf("Account %03d", i)})
	}
	list := h.url + "/api/environments/1/accounts/"
	for _, c := range []struct {
		name, query    string
		rows           int
		next, previous string // without origin and path; empty for null
	}{
		{"1.6 default page of 100", "", 100, "?limit=100&offset=100", ""},
		{"1.6 last page", "?offset=100", 5, "", "?limit=100"},
		{"1.6 middle", "?limit=10&offset=20", 10, "?limit=10&offset=30", "?limit=10&offset=10"},
		{"1.6 previous at the start drops offset", "?limit=10&offset=10", 10, "?limit=10&offset=20", "?limit=10"},
		{"1.6 previous before the start drops offset", "?limit=10&offset=5", 10, "?limit=10&offset=15", "?limit=10"},
		{"1.6 no maximum", "?limit=100000", 105, "", ""},
		{"1.6 next is null at the exact end", "?limit=105", 105, "", ""},
		{"1.6 next one before the end", "?limit=104", 104, "?limit=104&offset=104", ""},
		{"1.6 limit zero", "?limit=0", 100, "?limit=100&offset=100", ""},
		{"1.6 limit negative", "?limit=-5", 100, "?limit=100&offset=100", ""},
		{"1.6 limit no number", "?limit=all", 100, "?limit=100&offset=100", ""},
		{"1.6 offset negative", "?limit=50&offset=-1", 50, "?limit=50&offset=50", ""},
		{"1.6 offset no number", "?limit=50&offset=x", 50, "?limit=50&offset=50", ""},
		{"1.6 offset behind the end", "?limit=50&offset=500", 0, "", "?limit=50&offset=450"},
		{"1.6 other parameters are kept", "?limit=2&ordering=name&search=Account", 2, "?limit=2&offset=2&ordering=name&search=Account", ""},
		{"1.6 huge numbers", "?limit=99999999999999999999&offset=9999999999", 0, "", "?limit=2147483647"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := h.must(200, "GET", "/api/environments/1/accounts/"+c.query, nil)
			require.Equal(t, []string{"count", "next", "previous", "results"}, got.keys(""))
			require.Equal(t, int64(105), got.get("count").Int())
			require.Len(t, got.get("results").Array(), c.rows)
			for field, link := range map[string]string{"next": c.next, "previous": c.previous} {
				if link == "" {
					require.Equal(t, gjson.Null, got.get(field).Type, field)
				} else {
					require.Equal(t, list+link, got.get(field).String(), "1.6 links use the request's own origin and path")
				}
			}
		})
	}
	t.Run("1.6 the path is the caller's, slash or not", func(t *testing.T) {
		require.Equal(t, h.url+accountsPath+"?limit=1&offset=1", h.must(200, "GET", accountsPath+"?limit=1", nil).get("next").String())
	})
	t.Run("1.6 walking the pages meets every row once", func(t *testing.T) {
		seen := map[string]bool{}
		for path := accountsPath + "/?limit=7"; path != ""; {
			got := h.must(200, "GET", path, nil)
			for _, id := range got.strings("results.#.id") {
				require.False(t, seen[id])
				seen[id] = true
			}
			path = strings.TrimPrefix(got.get("next").String(), h.url)
		}
		require.Len(t, seen, 105)
	})
}
