package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// fullProperties is an account with three roles and every other key.
func fullProperties() object {
	return object{
		"csm":                object{"id": 2, "email": "grace@example.com"},
		"account_executive":  object{"id": 3, "email": "linus@example.com"},
		"account_owner":      object{"id": 1, "email": "ada@example.com"},
		"stripe_customer_id": "cus_1", "hubspot_deal_id": "h1", "billing_id": "b1", "sfdc_id": "s1",
		"zendesk_id": "z1", "slack_channel_id": "C1", "usage_dashboard_link": "not a link at all",
	}
}

func TestCreateAccount(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	t.Run("3.2 201 with the account", func(t *testing.T) {
		got := h.must(201, "POST", accountsPath, object{"name": "  Acme  ", "external_id": " acme ", "properties": fullProperties(), "tags": []string{"a"}})
		require.Equal(t, "Acme", got.get("name").String(), "1.7 trimmed")
		require.Equal(t, "acme", got.get("external_id").String(), "1.7 trimmed")
		want, err := json.Marshal(fullProperties())
		require.NoError(t, err)
		require.JSONEq(t, string(want), got.get("properties").Raw)
		require.Equal(t, got.get("created_at").String(), got.get("updated_at").String())
		require.Equal(t, "7", got.get("id").String()[14:15], "1.1 ids are time-ordered UUIDs")
		require.Equal(t, got.body, h.must(200, "GET", accountsPath+"/"+got.get("id").String(), nil).body, "3.3")
	})
	t.Run("3.2 the smallest account", func(t *testing.T) {
		got := h.must(201, "POST", accountsPath, object{"name": "Small"})
		require.Equal(t, gjson.Null, got.get("external_id").Type)
		require.Equal(t, "{}", got.get("properties").Raw, "2 properties hold only what somebody sent")
		require.Equal(t, "[]", got.get("tags").Raw)
		require.Equal(t, "[]", got.get("notebooks").Raw)
	})
	t.Run("3.2 name is not unique", func(t *testing.T) {
		h.createAccount(object{"name": "Twin"})
		h.createAccount(object{"name": "Twin"})
	})
	t.Run("1.2 created_by is the key's owner", func(t *testing.T) {
		h := start(t, sandbox.Options{Empty: true, Keys: []sandbox.Key{{Value: "phx_linus", Scopes: []string{"*"}, User: 3}}})
		require.Equal(t, int64(3), h.doAs("phx_linus", "POST", accountsPath, object{"name": "X"}).get("created_by").Int())
	})
	t.Run("2 400 characters are the most, not bytes", func(t *testing.T) {
		h.must(201, "POST", accountsPath, object{"name": strings.Repeat("é", 400), "external_id": strings.Repeat("日", 400)})
	})
	t.Run("1.7 a number becomes text", func(t *testing.T) {
		got := h.must(201, "POST", accountsPath, `{"name": 42, "external_id": 1.50}`)
		require.Equal(t, `"42"`, got.get("name").Raw)
		require.Equal(t, `"1.5"`, got.get("external_id").Raw)
	})
}

func TestAccountFieldErrors(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	id := h.createAccount(object{"name": "Acme"})
	long := "Ensure this field has no more than 400 characters."
	for _, c := range []struct{ name, body, attr, code, detail string }{
		{"3.2 name missing", `{}`, "name", "required", "This field is required."},
		{"3.2 name blank", `{"name":""}`, "name", "blank", "This field may not be blank."},
		{"1.7 whitespace is blank", `{"name":" \t\n "}`, "name", "blank", "This field may not be blank."},
		{"3.2 name null", `{"name":null}`, "name", "null", "This field may not be null."},
		{"3.2 name too long", `{"name":"` + strings.Repeat("x", 401) + `"}`, "name", "max_length", long},
		{"2 name no text", `{"name":["x"]}`, "name", "invalid_input", "Not a valid string."},
		{"2 name a boolean", `{"name":true}`, "name", "invalid_input", "Not a valid string."},
		{"2 name with a null character", `{"name":"a\u0000b"}`, "name", "null_characters_not_allowed", "Null characters are not allowed."},
		{"3.2 external_id too long", `{"name":"x","external_id":"` + strings.Repeat("x", 401) + `"}`, "external_id", "max_length", long},
		{"2.1 properties no object", `{"name":"x","properties":"y"}`, "properties", "invalid_input", "properties must be a JSON object."},
		{"2.1 properties a list", `{"name":"x","properties":[]}`, "properties", "invalid_input", "properties must be a JSON object."},
		{"3.2 tags null", `{"name":"x","tags":null}`, "tags", "null", "This field may not be null."},
		{"3.2 tags no list", `{"name":"x","tags":"a"}`, "tags", "not_a_list", `Expected a list of items but got type "str".`},
		{"3.2 tags an object", `{"name":"x","tags":{}}`, "tags", "not_a_list", `Expected a list of items but got type "dict".`},
		{"3.2 a blank tag", `{"name":"x","tags":["a"," "]}`, "tags__1", "blank", "This field may not be blank."},
		{"3.2 a null tag", `{"name":"x","tags":[null]}`, "tags__0", "null", "This field may not be null."},
		{"1.4 nested fields join with two underscores", `{"name":"x","tags":["a","b",[]]}`, "tags__2", "invalid_input", "Not a valid string."},
		{"9 name is checked first", `{"name":"","external_id":[],"properties":1,"tags":1}`, "name", "blank", "This field may not be blank."},
		{"9 then external_id", `{"name":"x","external_id":[],"properties":1,"tags":1}`, "external_id", "invalid_input", "Not a valid string."},
		{"9 then properties", `{"name":"x","properties":1,"tags":1}`, "properties", "invalid_input", "properties must be a JSON object."},
		{"9 then tags", `{"name":"x","properties":{},"tags":1}`, "tags", "not_a_list", `Expected a list of items but got type "int".`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", accountsPath, c.body).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
			if c.code != "required" {
				h.do("PATCH", accountsPath+"/"+id, c.body).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
			}
			h.do("PUT", accountsPath+"/"+id, c.body).requireProblem(t, 400, "validation_error", c.code, c.detail, c.attr)
		})
	}
	t.Run("3.4 an invalid body is refused before a missing account", func(t *testing.T) {
		require.Equal(t, 400, h.do("PATCH", accountsPath+"/nowhere", `{"name":""}`).status)
		h.do("PATCH", accountsPath+"/nowhere", `{"name":"x"}`).requireRowNotFound(t)
	})
	t.Run("3.2 a tag that is a number crashes the server", func(t *testing.T) {
		h.do("POST", accountsPath, `{"name":"x","tags":[1]}`).requireProblem(t, 500, "server_error", "error", "A server error occurred.", "")
	})
}

func TestAccountProperties(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	for _, c := range []struct{ name, properties, detail string }{
		{"2.1 unknown key", `{"arr":1}`, "arr: Extra inputs are not permitted"},
		{"2.1 keys of the next generation", `{"website_domain":"x.example"}`, "website_domain: Extra inputs are not permitted"},
		{"2.1 the first unknown key as sent", `{"zzz":1,"aaa":1}`, "zzz: Extra inputs are not permitted"},
		{"2.1 numbers are not coerced", `{"billing_id":123}`, "billing_id: Input should be a valid string"},
		{"2.1 booleans are not coerced", `{"sfdc_id":true}`, "sfdc_id: Input should be a valid string"},
		{"2.1 known keys before unknown ones", `{"nope":1,"billing_id":1}`, "billing_id: Input should be a valid string"},
		{"2.1 a role without e-mail", `{"csm":{"id":2}}`, "csm.email: Field required"},
		{"2.1 a role without id", `{"account_owner":{"email":"a@example.com"}}`, "account_owner.id: Field required"},
		{"2.1 an empty role", `{"account_executive":{}}`, "account_executive.id: Field required"},
		{"2.1 a role that is an e-mail", `{"csm":"grace@example.com"}`, "csm: Input should be a valid dictionary or instance of AccountAssignment"},
		{"2.1 a role's id in words", `{"csm":{"id":"grace","email":"x"}}`, "csm.id: Input should be a valid integer, unable to parse string as an integer"},
		{"2.1 a role's id with a fraction", `{"csm":{"id":2.5,"email":"x"}}`, "csm.id: Input should be a valid integer, got a number with a fractional part"},
		{"2.1 a role's id null", `{"csm":{"id":null,"email":"x"}}`, "csm.id: Input should be a valid integer"},
		{"2.1 a role's e-mail null", `{"csm":{"id":2,"email":null}}`, "csm.email: Input should be a valid string"},
		{"1.4 only the first error", `{"account_owner":1,"csm":{"id":2},"x":1}`, "csm.email: Field required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.do("POST", accountsPath, `{"name":"x","properties":`+c.properties+`}`).
				requireProblem(t, 400, "validation_error", "invalid_input", c.detail, "properties")
		})
	}
	for _, c := range []struct{ name, sent, stored string }{
		{"2.1 null means empty", `null`, `{}`},
		{"2.1 explicit nulls are kept", `{"csm":null,"sfdc_id":null}`, `{"csm":null,"sfdc_id":null}`},
		{"2.1 no format check", `{"usage_dashboard_link":"  ","zendesk_id":""}`, `{"zendesk_id":"","usage_dashboard_link":"  "}`},
		{"2.1 e-mail and id need not agree", `{"csm":{"id":3,"email":"nobody"}}`, `{"csm":{"id":3,"email":"nobody"}}`},
		{"2.1 a role's id is coerced, further keys go", `{"csm":{"id":" 2 ","email":"g","name":"Grace"}}`, `{"csm":{"id":2,"email":"g"}}`},
		{"2.1 whole floats and booleans are ids", `{"csm":{"id":2.0,"email":"g"},"account_owner":{"id":true,"email":"a"}}`,
			`{"csm":{"id":2,"email":"g"},"account_owner":{"id":1,"email":"a"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := h.must(201, "POST", accountsPath, `{"name":"x","properties":`+c.sent+`}`)
			require.Equal(t, c.stored, got.get("properties").Raw)
		})
	}
}

func TestExternalID(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	taken := "An account with this external_id already exists for this team."
	first := h.createAccount(object{"name": "A", "external_id": "acme"})
	second := h.createAccount(object{"name": "B", "external_id": ""})
	requireConflict := func(t *testing.T, got answer) {
		got.requireProblem(t, 409, "server_error", "conflict", taken, "")
	}

	t.Run("3.2 duplicate", func(t *testing.T) {
		requireConflict(t, h.do("POST", accountsPath, object{"name": "C", "external_id": "acme"}))
	})
	t.Run("3.2 duplicate after trimming", func(t *testing.T) {
		requireConflict(t, h.do("POST", accountsPath, object{"name": "C", "external_id": " acme "}))
	})
	t.Run("3.2 case matters", func(t *testing.T) { h.createAccount(object{"name": "C", "external_id": "ACME"}) })
	t.Run("3.2 the empty text is an id too", func(t *testing.T) {
		requireConflict(t, h.do("POST", accountsPath, object{"name": "C", "external_id": ""}))
	})
	t.Run("3.2 null never conflicts", func(t *testing.T) {
		h.createAccount(object{"name": "C", "external_id": nil})
		h.createAccount(object{"name": "C"})
	})
	t.Run("3.4 conflict on PATCH changes nothing", func(t *testing.T) {
		before := h.must(200, "GET", accountsPath+"/"+second, nil)
		requireConflict(t, h.do("PATCH", accountsPath+"/"+second, object{"name": "Z", "external_id": "acme", "tags": []string{"x"}}))
		require.Equal(t, before.body, h.must(200, "GET", accountsPath+"/"+second, nil).body)
	})
	t.Run("3.4 its own id is no conflict", func(t *testing.T) {
		h.must(200, "PATCH", accountsPath+"/"+first, object{"external_id": "acme"})
	})
	t.Run("3.4 null clears", func(t *testing.T) {
		require.Equal(t, gjson.Null, h.must(200, "PATCH", accountsPath+"/"+first, object{"external_id": nil}).get("external_id").Type)
		h.createAccount(object{"name": "D", "external_id": "acme"})
	})
	t.Run("3.2 bad properties are reported before a conflict", func(t *testing.T) {
		require.Equal(t, 400, h.do("POST", accountsPath, object{"name": "C", "external_id": "ACME", "properties": object{"x": 1}}).status)
	})
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"/api/projects/1/accounts/", "/api/environments/1/accounts/"} {
		t.Run(prefix, func(t *testing.T) {
			h := startEmpty(t)
			path := prefix + h.createAccount(object{"name": "Acme", "external_id": "acme", "properties": fullProperties(), "tags": []string{"a", "b"}})
			properties := func() string { return h.must(200, "GET", path, nil).get("properties").Raw }

			before := properties()
			got := h.must(200, "PATCH", path, object{"name": "Acme 2"})
			require.Equal(t, "Acme 2", got.get("name").String())
			require.Equal(t, "acme", got.get("external_id").String(), "3.4 absent fields are untouched")
			require.ElementsMatch(t, []string{"a", "b"}, got.strings("tags"), "3.4 absent fields are untouched")
			require.Equal(t, before, properties(), "3.4 absent fields are untouched")

			h.must(200, "PATCH", path, object{})
			require.Equal(t, before, properties(), "3.4 an empty PATCH changes nothing")

			h.must(200, "PUT", path, object{"name": "Acme 3"})
			require.Equal(t, before, properties(), "3.5 PUT leaves absent fields alone")
			require.Equal(t, "acme", h.must(200, "GET", path, nil).get("external_id").String(), "3.5")

			got = h.must(200, "PATCH", path, object{"properties": object{"stripe_customer_id": "cus_2"}})
			require.Equal(t, `{"stripe_customer_id":"cus_2"}`, got.get("properties").Raw, "3.4 properties replace, they do not merge")
			require.Equal(t, `{"stripe_customer_id":"cus_2"}`, properties())

			h.must(400, "PATCH", path, object{"properties": object{"bad": 1}})
			require.Equal(t, `{"stripe_customer_id":"cus_2"}`, properties(), "3.4 a refused PATCH changes nothing")

			h.must(200, "PATCH", path, object{"properties": nil})
			require.Equal(t, `{}`, properties(), "3.4 null erases all")
		})
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	path := accountsPath + "/" + h.createAccount(object{"name": "Acme", "tags": []string{" Enterprise ", "enterprise", "ÉTÉ", "two words"}})
	tags := func() []string { return h.must(200, "GET", path, nil).strings("tags") }

	require.ElementsMatch(t, []string{"enterprise", "été", "two words"}, tags(), "3.2 normalised and de-duplicated")
	h.must(200, "PATCH", path, object{"tags": []string{"new"}})
	require.Equal(t, []string{"new"}, tags(), "3.4 tags replace")
	h.must(200, "PATCH", path, object{"name": "Acme"})
	require.Equal(t, []string{"new"}, tags(), "3.4 omitted keeps")
	h.must(200, "PATCH", path, object{"tags": []string{}})
	require.Empty(t, tags(), "3.4 an empty list clears")
	h.do("PATCH", path, object{"tags": []string{strings.Repeat("x", 256)}}).
		requireProblem(t, 500, "server_error", "error", "A server error occurred.", "")
	h.do("GET", "/api/projects/1/tags", nil).requireProblem(t, 403, "authentication_error", "permission_denied",
		"This action does not support personal API key access", "")
}

func TestTagsHaveNoOrder(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	path := accountsPath + "/" + h.createAccount(object{"name": "Acme", "tags": strings.Split("abcdefghijkl", "")})
	orders := map[string]bool{}
	for range 20 {
		orders[h.must(200, "GET", path, nil).get("tags").Raw] = true
	}
	require.Greater(t, len(orders), 1, "2 tags are unsorted")
}

func TestUpdatedAt(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := start(t, sandbox.Options{Empty: true, Now: c.Now})
	path := accountsPath + "/" + h.createAccount(object{"name": "Acme"})
	created := h.must(200, "GET", path, nil).get("updated_at").String()
	for _, step := range []struct {
		name  string
		body  object
		moves bool
	}{
		{"2 tags alone do not move updated_at", object{"tags": []string{"x"}}, false},
		{"2 nor does nothing", object{}, false},
		{"2 a change of the row does", object{"name": "B"}, true},
		{"2 properties are in the row", object{"properties": object{}}, true},
		{"2 so is external_id", object{"external_id": "x", "tags": []string{"y"}}, true},
	} {
		t.Run(step.name, func(t *testing.T) {
			before := h.must(200, "GET", path, nil).get("updated_at").String()
			c.advance(time.Minute)
			after := h.must(200, "PATCH", path, step.body)
			require.Equal(t, step.moves, before != after.get("updated_at").String())
			require.Equal(t, created, after.get("created_at").String())
		})
	}
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	id := h.createAccount(object{"name": "Acme", "external_id": "acme"})
	path := accountsPath + "/" + id
	note := h.must(201, "POST", path+"/notebooks", object{"title": "Call"}).get("short_id").String()
	definition := h.must(201, "POST", "/api/projects/1/custom_property_definitions", object{"name": "ARR", "display_type": "number"}).get("id").String()
	h.must(201, "POST", path+"/custom_property_values", object{"definition": definition, "value": 1})

	got := h.must(204, "DELETE", path, nil)
	require.Empty(t, got.body, "3.6 204 without a body")
	h.do("DELETE", path, nil).requireRowNotFound(t)
	h.do("GET", path, nil).requireRowNotFound(t)
	h.do("GET", path+"/notebooks", nil).requireRowNotFound(t)
	h.do("GET", path+"/notebooks/"+note, nil).requireRowNotFound(t)
	h.do("GET", path+"/custom_property_values", nil).requireRowNotFound(t)
	require.Zero(t, h.must(200, "GET", accountsPath, nil).get("count").Int(), "3.6 it is gone for good")
	require.Zero(t, h.must(200, "GET", "/api/projects/1/account_notes", nil).get("count").Int(), "3.6 no list shows the orphan")
	require.Zero(t, h.must(200, "GET", "/api/projects/1/notebooks", nil).get("count").Int(), "3.6 no list shows the orphan")
	orphan := h.must(200, "GET", "/api/projects/1/notebooks/"+note, nil)
	require.Equal(t, "Call", orphan.get("title").String(), "3.6 the notebook survives, to be fetched by its short id")
	require.Equal(t, gjson.Null, orphan.get("parent_resource").Type)
	h.createAccount(object{"name": "Acme again", "external_id": "acme"})
}
