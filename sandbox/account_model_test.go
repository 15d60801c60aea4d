package sandbox_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// modelAccount is what a test believes an account to be.
type modelAccount struct {
	name       string
	externalID string // empty for null
	tags       []string
	billingID  string // empty for no property at all
}

// Whatever creates, updates and deletes follow each other, external ids stay
// unique, sent fields replace and absent ones stay.
func TestAccountsFollowTheModel(t *testing.T) {
	t.Parallel()
	h := startEmpty(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		model := map[string]modelAccount{}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			id := ""
			if len(model) > 0 {
				id = rapid.SampledFrom(append([]string{""}, slices.Sorted(maps.Keys(model))...)).Draw(t, "account")
			}
			if id != "" && rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
				require.Equal(t, http.StatusNoContent, h.do("DELETE", accountsPath+"/"+id, nil).status)
				delete(model, id)
				continue
			}
			body, want := drawAccount(t, model[id], round)
			method, path, success := "POST", accountsPath, http.StatusCreated
			if id != "" {
				method, path, success = "PATCH", accountsPath+"/"+id, http.StatusOK
			}
			got := h.do(method, path, body)
			if taken(model, id, want.externalID) {
				require.Equal(t, http.StatusConflict, got.status)
				continue
			}
			require.Equal(t, success, got.status, got.body)
			model[got.get("id").String()] = want
		}
		for id, want := range model {
			requireModel(t, h.do("GET", accountsPath+"/"+id, nil), want)
			require.Equal(t, http.StatusNoContent, h.do("DELETE", accountsPath+"/"+id, nil).status)
		}
	})
	require.Zero(t, h.must(200, "GET", accountsPath, nil).get("count").Int())
}

// drawAccount draws a body and what the account is afterwards.
func drawAccount(t *rapid.T, was modelAccount, round int) (body object, want modelAccount) {
	body, want = object{}, was
	if was.name == "" || rapid.Bool().Draw(t, "send name") {
		want.name = rapid.StringMatching(`[A-Za-zé][ A-Za-zé]{0,10}[a-z]`).Draw(t, "name")
		body["name"] = want.name
	}
	if rapid.Bool().Draw(t, "send external_id") {
		n := rapid.IntRange(0, 4).Draw(t, "external_id")
		want.externalID, body["external_id"] = "", nil
		if n > 0 {
			want.externalID = fmt.Sprintf("%d-%d", round, n)
			body["external_id"] = want.externalID
		}
	}
	if rapid.Bool().Draw(t, "send tags") {
		want.tags = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID).Draw(t, "tags")
		body["tags"] = append([]string{}, want.tags...)
	}
	if rapid.Bool().Draw(t, "send properties") {
		want.billingID = rapid.SampledFrom([]string{"", "b1", "b2"}).Draw(t, "billing_id")
		properties := object{}
		if want.billingID != "" {
			properties["billing_id"] = want.billingID
		}
		body["properties"] = properties
	}
	return body, want
}

func taken(model map[string]modelAccount, by, externalID string) bool {
	for id, a := range model {
		if id != by && externalID != "" && a.externalID == externalID {
			return true
		}
	}
	return false
}

func requireModel(t *rapid.T, got answer, want modelAccount) {
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, want.name, got.get("name").String())
	require.Equal(t, want.externalID, got.get("external_id").String())
	require.ElementsMatch(t, want.tags, got.strings("tags"))
	require.Equal(t, want.billingID, got.get("properties.billing_id").String())
}
