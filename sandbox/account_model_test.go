package sandbox_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/sandbox"
)

// modelAccount is what a test believes an account to be.
type modelAccount struct {
	name       string
	externalID string // empty for null
	tags       []string
	billingID  string // empty for no property at all
	churned    bool   // known to the current generation only
	holder     int64  // of the one relationship, where there are any; 0 for nobody
}

// Whatever creates, updates, hand-overs and deletes follow each other, external
// ids stay unique, sent fields replace and absent ones stay, churned accounts
// are on no list, and at most one user is the CSM.
func TestAccountsFollowTheModel(t *testing.T) {
	t.Parallel()
	for name, opts := range generations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts.Empty = true
			m := &accountModel{harness: start(t, opts), tracks: opts.Profile == sandbox.Current}
			if name != "documented" {
				m.csm = m.relate("CSM", true)
			}
			rapid.Check(t, m.check)
			require.Zero(t, m.must(200, "GET", accountsPath+"?include_churned=true", nil).get("count").Int())
		})
	}
}

// accountModel is a sandbox with what a test believes of it.
type accountModel struct {
	*harness
	tracks bool   // whether accounts can be churned
	csm    string // the relationship definition, empty where there are none
	round  int
	rows   map[string]modelAccount
}

func (m *accountModel) check(t *rapid.T) {
	m.round++
	m.rows = map[string]modelAccount{}
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		id := ""
		if len(m.rows) > 0 {
			id = rapid.SampledFrom(append([]string{""}, slices.Sorted(maps.Keys(m.rows))...)).Draw(t, "account")
		}
		switch what := rapid.IntRange(0, 5).Draw(t, "what"); {
		case id != "" && what == 0:
			require.Equal(t, http.StatusNoContent, m.do("DELETE", accountsPath+"/"+id, nil).status)
			delete(m.rows, id)
		case id != "" && what == 1 && m.csm != "":
			row := m.rows[id]
			row.holder = rapid.Int64Range(1, 3).Draw(t, "holder")
			require.Equal(t, http.StatusCreated, m.do("POST", accountsPath+"/"+id+"/relationships", object{"definition": m.csm, "user": row.holder}).status)
			m.rows[id] = row
		default:
			m.write(t, id)
		}
	}
	m.requireList(t)
	for id, want := range m.rows {
		requireModel(t, m.do("GET", accountsPath+"/"+id, nil), want)
		m.requireHolder(t, id, want.holder)
		require.Equal(t, http.StatusNoContent, m.do("DELETE", accountsPath+"/"+id, nil).status)
	}
}

// write creates an account, or updates the one with an id.
func (m *accountModel) write(t *rapid.T, id string) {
	body, want := m.drawAccount(t, m.rows[id])
	method, path, success := "POST", accountsPath, http.StatusCreated
	if id != "" {
		method, path, success = "PATCH", accountsPath+"/"+id, http.StatusOK
	}
	got := m.do(method, path, body)
	if taken(m.rows, id, want.externalID) {
		require.Equal(t, http.StatusConflict, got.status)
		return
	}
	require.Equal(t, success, got.status, got.body)
	m.rows[got.get("id").String()] = want
}

// requireList insists that lists show what is not churned, and that those
// without any holder are told from the others.
func (m *accountModel) requireList(t *rapid.T) {
	var listed, free []string
	for id, row := range m.rows {
		if !row.churned {
			listed = append(listed, id)
			if row.holder == 0 {
				free = append(free, id)
			}
		}
	}
	require.ElementsMatch(t, listed, m.do("GET", accountsPath, nil).strings("results.#.id"))
	require.ElementsMatch(t, free, m.do("GET", accountsPath+"?all_roles_unassigned=true", nil).strings("results.#.id"))
	require.Len(t, m.do("GET", accountsPath+"?include_churned=true", nil).strings("results.#.id"), len(m.rows))
}

func (m *accountModel) requireHolder(t *rapid.T, id string, holder int64) {
	if m.csm == "" {
		return
	}
	want := []string{}
	if holder != 0 {
		want = append(want, fmt.Sprint(holder))
	}
	require.Equal(t, want, m.do("GET", accountsPath+"/"+id+"/relationships", nil).strings("#.user.id"))
}

// drawAccount draws a body and what the account is afterwards.
func (m *accountModel) drawAccount(t *rapid.T, was modelAccount) (body object, want modelAccount) {
	body, want = object{}, was
	if was.name == "" || rapid.Bool().Draw(t, "send name") {
		want.name = rapid.StringMatching(`[A-Za-zé][ A-Za-zé]{0,10}[a-z]`).Draw(t, "name")
		body["name"] = want.name
	}
	if rapid.Bool().Draw(t, "send external_id") {
		n := rapid.IntRange(0, 4).Draw(t, "external_id")
		want.externalID, body["external_id"] = "", nil
		if n > 0 {
			want.externalID = fmt.Sprintf("%d-%d", m.round, n)
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
	if m.tracks && rapid.Bool().Draw(t, "send churned_at") {
		want.churned, body["churned_at"] = rapid.Bool().Draw(t, "churned"), nil
		if want.churned {
			body["churned_at"] = "2026-01-01T00:00:00Z"
		}
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
	require.Equal(t, want.churned, got.get("churned_at").String() != "")
}
