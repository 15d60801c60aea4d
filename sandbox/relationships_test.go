package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

const relationshipDefinitionsPath = "/api/projects/1/account_relationship_definitions"

// relate creates a relationship definition and answers its id.
func (h *harness) relate(name string, singleHolder bool) string {
	h.Helper()
	return h.must(201, "POST", relationshipDefinitionsPath, object{"name": name, "is_single_holder": singleHolder}).get("id").String()
}

func TestRelationshipDefinitions(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	made := h.must(201, "POST", relationshipDefinitionsPath, object{"name": " CSM "})
	one := relationshipDefinitionsPath + "/" + made.get("id").String()
	require.Equal(t, []string{"id", "name", "description", "is_single_holder", "is_controlled"}, made.keys(""), "6.2")
	require.Equal(t, "CSM", made.get("name").String(), "1.7 trimmed")
	require.True(t, made.get("is_single_holder").Bool(), "6.2 by default")
	require.False(t, made.get("is_controlled").Bool())
	require.Equal(t, made.body, h.must(200, "GET", one, nil).body)

	h.relate("Account executive", false)
	list := h.must(200, "GET", relationshipDefinitionsPath+"/?limit=1", nil)
	require.Equal(t, []string{"Account executive"}, list.strings("results.#.name"), "6.2 paginated by name")
	require.Equal(t, int64(2), list.get("count").Int())

	patched := h.must(200, "PATCH", one, object{"description": "Cares", "is_controlled": true, "id": "x"})
	require.Equal(t, "Cares", patched.get("description").String())
	require.False(t, patched.get("is_controlled").Bool(), "6.2 read-only")
	require.Equal(t, "CSM 2", h.must(200, "PUT", one, object{"name": "CSM 2", "is_single_holder": false}).get("name").String())
	for _, c := range []struct {
		name, method, path string
		body               object
		attr, code, detail string
	}{
		{"6.2 name missing", "POST", relationshipDefinitionsPath, object{}, "name", "required", "This field is required."},
		{"6.2 name blank", "POST", relationshipDefinitionsPath, object{"name": " "}, "name", "blank", "This field may not be blank."},
		{"6.2 PUT needs the name", "PUT", one, object{}, "name", "required", "This field is required."},
		{"6.2 is_single_holder", "PATCH", one, object{"is_single_holder": "maybe"}, "is_single_holder", "invalid_input", "Must be a valid boolean."},
		{"6.2 description", "PATCH", one, object{"description": []int{}}, "description", "invalid_input", "Not a valid string."},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do(c.method, c.path, c.body).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
		})
	}
	for method, path := range map[string]string{"POST": relationshipDefinitionsPath, "PATCH": one} {
		h.do(method, path, object{"name": "Account executive"}).requireProblem(t, 409, "server_error", "conflict",
			"A relationship definition with this name already exists for this team.", "")
	}

	account := accountsPath + "/" + h.createAccount(object{"name": "Acme"})
	h.must(201, "POST", account+"/relationships", object{"definition": made.get("id").String(), "user": 2})
	require.Equal(t, "CSM 2", h.must(200, "GET", account+"/relationships", nil).get("0.definition.name").String())
	h.must(204, "DELETE", one, nil)
	require.Equal(t, "[]", h.must(200, "GET", account+"/relationships?include_history=true", nil).body, "6.2 the history goes with it")
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		h.do(method, one, object{"name": "y"}).requireRowNotFound(t)
	}
}

func TestRelationships(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Profile: sandbox.Current, Empty: true, Now: c.Now, Keys: []sandbox.Key{member}})
	account := h.createAccount(object{"name": "Acme"})
	path := accountsPath + "/" + account + "/relationships"
	single, shared := h.relate("CSM", true), h.relate("Analyst", false)
	assign := func(definition string, user int) answer {
		c.advance(time.Second)
		return h.must(201, "POST", path, object{"definition": definition, "user": user})
	}
	holders := func(query string) []string { return h.must(200, "GET", path+query, nil).strings("#.user.email") }

	require.Equal(t, "[]", h.must(200, "GET", path, nil).body, "6.2 a bare array")
	first := assign(single, 2)
	require.Equal(t, []string{"id", "definition", "user", "started_at", "ended_at", "source"}, first.keys(""), "6.2")
	require.JSONEq(t, `{"id":2,"email":"grace@example.com"}`, first.get("user").Raw, "6.2")
	require.Equal(t, "CSM", first.get("definition.name").String())
	require.Equal(t, "human", first.get("source").String())
	require.Equal(t, gjson.Null, first.get("ended_at").Type)
	require.Equal(t, first.body, assign(single, 2).body, "6.2 assigning the holder again answers the row there is")

	assign(single, 3)
	require.Equal(t, []string{"linus@example.com"}, holders(""), "6.2 a single holder hands over")
	history := h.must(200, "GET", path+"?include_history=true", nil)
	require.Equal(t, []string{"linus@example.com", "grace@example.com"}, history.strings("#.user.email"), "6.2 newest first")
	require.Equal(t, history.get("0.started_at").String(), history.get("1.ended_at").String(), "6.2 in one transaction")
	require.Equal(t, []string{"linus@example.com"}, holders("?include_history=1"), "6.2 only true counts")

	assign(shared, 1)
	assign(shared, 2)
	require.Equal(t, []string{"grace@example.com", "ada@example.com", "linus@example.com"}, holders(""), "6.2 by definition name, then newest")

	t.Run("6.2 a DELETE leaves no history", func(t *testing.T) {
		id := h.must(200, "GET", path, nil).get("0.id").String()
		h.doAs(member.Value, "DELETE", path+"/"+id, nil).requireProblem(t, 403, "authentication_error", "permission_denied",
			"You don't have sufficient permissions in the project.", "")
		require.Empty(t, h.must(204, "DELETE", path+"/"+id, nil).body)
		h.do("DELETE", path+"/"+id, nil).requireRowNotFound(t)
		h.do("DELETE", path+"/x", nil).requireRowNotFound(t)
		require.Equal(t, []string{"ada@example.com", "linus@example.com", "grace@example.com"}, holders("?include_history=true"))
	})
	t.Run("6.2 no scope is mapped to the end", func(t *testing.T) {
		id := h.must(200, "GET", path, nil).get("0.id").String()
		h.do("POST", path+"/"+id+"/end/", nil).requireProblem(t, 403, "authentication_error", "permission_denied",
			"This action does not support personal API key access", "")
	})
	t.Run("6.2 it goes with the account", func(t *testing.T) {
		h.must(204, "DELETE", accountsPath+"/"+account, nil)
		h.do("GET", path, nil).requireRowNotFound(t)
		h.do("POST", path, object{}).requireRowNotFound(t)
	})
}

func TestRelationshipErrors(t *testing.T) {
	t.Parallel()
	h := startCurrent(t)
	path := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/relationships"
	csm, unknown := h.relate("CSM", true), "0192d1aa-5c1e-7000-8000-00000000dead"
	for _, c := range []struct{ name, body, attr, code, detail string }{
		{"6.2 definition missing", `{"user":2}`, "definition", "required", "This field is required."},
		{"6.2 definition by name", `{"definition":"CSM","user":2}`, "definition", "invalid_input", "Must be a valid UUID."},
		{"6.2 definition unknown", `{"definition":"` + unknown + `","user":2}`, "definition", "invalid_input", "Relationship definition not found."},
		{"6.2 user missing", `{"definition":"` + csm + `"}`, "user", "required", "This field is required."},
		{"6.2 user null", `{"definition":"` + csm + `","user":null}`, "user", "null", "This field may not be null."},
		{"6.2 user by e-mail", `{"definition":"` + csm + `","user":"grace@example.com"}`, "user", "invalid_input", "A valid integer is required."},
		{"6.2 user with a fraction", `{"definition":"` + csm + `","user":2.5}`, "user", "invalid_input", "A valid integer is required."},
		{"6.2 user no member", `{"definition":"` + csm + `","user":99}`, "user", "invalid_input", "User is not a member of this organization."},
		{"1.4 definition is looked for first", `{"definition":"` + unknown + `","user":99}`, "definition", "invalid_input", "Relationship definition not found."},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", path, c.body).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
		})
	}
	require.Equal(t, 201, h.do("POST", path, `{"definition":"`+csm+`","user":"2"}`).status, "1.7 a number may come as text")
	require.Equal(t, 201, h.do("POST", path, `{"definition":"`+csm+`","user":3.0}`).status, "1.7 or with a fraction of nothing")
}

func TestEndRelationship(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Profile: sandbox.Current, Empty: true, EndableByKeys: true, Keys: []sandbox.Key{{Value: "phx_read", Scopes: []string{"account:read"}}}})
	path := accountsPath + "/" + h.createAccount(object{"name": "Acme"}) + "/relationships"
	row := path + "/" + h.must(201, "POST", path, object{"definition": h.relate("CSM", true), "user": 2}).get("id").String()
	require.Equal(t, 403, h.doAs("phx_read", "POST", row+"/end/", nil).status)
	ended := h.must(200, "POST", row+"/end/", nil)
	require.NotEmpty(t, ended.get("ended_at").String(), "6.2 200 with the ended row")
	require.Equal(t, ended.body, h.must(200, "GET", path+"?include_history=true", nil).get("0").Raw)
	require.Equal(t, "[]", h.must(200, "GET", path, nil).body)
	h.do("POST", row+"/end/", nil).requireRowNotFound(t)
	h.do("POST", path+"/x/end/", nil).requireRowNotFound(t)
}

func TestControlledRelationships(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Profile: sandbox.Current, Empty: true, EndableByKeys: true, Controlled: []string{"CSM"}})
	account := accountsPath + "/" + h.createAccount(object{"name": "Acme"})
	csm, other := h.relate("CSM", true), h.relate("Analyst", true)
	require.True(t, h.must(200, "GET", relationshipDefinitionsPath+"/"+csm, nil).get("is_controlled").Bool())
	h.must(201, "POST", account+"/relationships", object{"definition": csm, "user": 2})
	free := h.must(201, "POST", account+"/relationships", object{"definition": other, "user": 2}).get("id").String()
	held := account + "/relationships/" + h.must(200, "GET", account+"/relationships", nil).get("#(definition.name==CSM).id").String()
	agent := func(method, path string, body object) answer {
		header := map[string][]string{"Authorization": {"Bearer " + sandbox.DefaultKey}, "Content-Type": {"application/json"}, "User-Agent": {"posthog/mcp-server; version: 1"}}
		return h.send(method, path, header, body)
	}
	refused := func(t *testing.T, got answer, detail string) {
		got.requireProblem(t, 409, "server_error", "conflict", detail, "")
	}

	t.Run("6.2 an agent may not assign it", func(t *testing.T) {
		for _, user := range []int{2, 3} {
			refused(t, agent("POST", account+"/relationships", object{"definition": csm, "user": user}),
				"This relationship is controlled here and can't be changed by an agent. Change it from the account page.")
		}
		require.Equal(t, "ai", agent("POST", account+"/relationships", object{"definition": other, "user": 3}).get("source").String(), "but others")
	})
	t.Run("6.2 nor end it", func(t *testing.T) {
		refused(t, agent("POST", held+"/end/", nil), "This relationship is controlled here and can't be changed by an agent. Change it from the account page.")
	})
	t.Run("6.2 people may", func(t *testing.T) {
		h.must(201, "POST", account+"/relationships", object{"definition": csm, "user": 3})
		h.must(201, "POST", account+"/relationships", object{"definition": csm, "user": 2})
	})
	t.Run("6.2 its definition stays", func(t *testing.T) {
		require.Equal(t, 409, h.do("DELETE", relationshipDefinitionsPath+"/"+csm, nil).status)
	})
	t.Run("6.2 its history stays", func(t *testing.T) {
		require.Equal(t, 409, h.do("DELETE", held, nil).status)
		h.must(204, "DELETE", account+"/relationships/"+free, nil)
	})
	t.Run("3.6 and the account stays, even with nothing but history", func(t *testing.T) {
		text := "This account has a controlled relationship, or history under one, so it can't be deleted. Ignore the account to hide it instead."
		refused(t, h.do("DELETE", account, nil), text)
		active := h.must(200, "GET", account+"/relationships", nil).get("#(definition.name==CSM).id").String()
		h.must(200, "POST", account+"/relationships/"+active+"/end", nil)
		refused(t, h.do("DELETE", account, nil), text)
		h.must(200, "GET", account, nil)
	})
	t.Run("3.6 others go", func(t *testing.T) {
		h.must(204, "DELETE", accountsPath+"/"+h.createAccount(object{"name": "Free"}), nil)
	})
}

func TestRolesByRelationship(t *testing.T) {
	t.Parallel()
	h := start(t, sandbox.Options{Profile: sandbox.Current, Empty: true, EndableByKeys: true})
	acme, bolt := h.createAccount(object{"name": "Acme"}), h.createAccount(object{"name": "Bolt"})
	owner := h.relate("Account owner", true)
	row := h.must(201, "POST", accountsPath+"/"+acme+"/relationships", object{"definition": owner, "user": 3}).get("id").String()
	unassigned := func() []string {
		return h.must(200, "GET", accountsPath+"?all_roles_unassigned=true&ordering=name", nil).strings("results.#.name")
	}
	require.Equal(t, []string{"Bolt"}, unassigned(), "3.1 any relationship counts")
	for _, id := range []string{acme, bolt} {
		h.must(201, "POST", accountsPath+"/"+id+"/notebooks", object{"title": id, "text_content": "x"})
	}
	notes := "/api/projects/1/account_notes?assigned_to="
	require.Equal(t, []string{acme}, h.must(200, "GET", notes+"3", nil).strings("results.#.account_id"), "6.3 any active relationship")
	require.Empty(t, h.must(200, "GET", notes+"2", nil).strings("results.#.account_id"))
	h.must(200, "POST", accountsPath+"/"+acme+"/relationships/"+row+"/end", nil)
	require.Equal(t, []string{"Acme", "Bolt"}, unassigned(), "3.1 history does not count")
	require.Empty(t, h.must(200, "GET", notes+"3", nil).strings("results.#.account_id"), "6.3 nor here")
}

func TestSeededRelationships(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]sandbox.Options{"current": {Profile: sandbox.Current}, "bridge": {Bridge: true}} {
		t.Run(name, func(t *testing.T) {
			h := start(t, opts)
			require.Equal(t, []string{"Account executive", "Account owner", "CSM"}, h.must(200, "GET", relationshipDefinitionsPath, nil).strings("results.#.name"))
			acme := h.must(200, "GET", accountsPath+"/"+seed.AcmeID+"/relationships", nil)
			require.Equal(t, []string{"linus@example.com", "ada@example.com", "grace@example.com"}, acme.strings("#.user.email"))
			held := 0
			for _, id := range h.must(200, "GET", accountsPath+"?limit=1000&include_churned=true&include_ignored=true", nil).strings("results.#.id") {
				rows := h.must(200, "GET", accountsPath+"/"+id+"/relationships", nil)
				if rows.get(`#(definition.name=="CSM").user.id`).Int() == seed.Grace {
					held++
				}
			}
			require.Equal(t, seed.GraceAccounts, held, "the portfolio is the same in every generation")
		})
	}
}
