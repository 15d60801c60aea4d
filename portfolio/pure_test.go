package portfolio

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/client"
)

// accounts draws accounts of few fields and values, so that two of them often
// agree in some.
func accounts() *rapid.Generator[client.Account] {
	return rapid.Custom(func(t *rapid.T) client.Account {
		account := client.Account{ID: "id", Name: rapid.SampledFrom([]string{"A", "B", "ä"}).Draw(t, "name"), Properties: map[string]json.RawMessage{}}
		if external := rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "external id"); external != "" {
			account.ExternalID = &external
		}
		account.Tags = rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.ID[string]).Draw(t, "tags")
		for _, key := range PropertyKeys[:3] {
			if value := rapid.SampledFrom([]string{"", `"1"`, `"2"`, `null`, `["a"]`, `""`}).Draw(t, key); value != "" {
				account.Properties[key] = json.RawMessage(value)
			}
		}
		for _, role := range Roles {
			if id := rapid.Int64Range(0, 3).Draw(t, string(role)); id > 0 {
				account.Properties[string(role)] = Holder{ID: id, Email: rapid.SampledFrom([]string{"", "a@example.com"}).Draw(t, "e-mail")}.stored()
			}
		}
		return account
	})
}

// The difference of two states is what turns the one into the other, and the
// inverse of it names exactly the same fields.
func TestDifferenceAndInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, after := State(accounts().Draw(t, "before")), State(accounts().Draw(t, "after"))
		changed := difference(before, after)
		require.Empty(t, difference(before, before))
		for field, value := range changed {
			require.False(t, same(before[field], value), field)
		}
		back := Inverse(pick(before, changed), pick(after, changed))
		named := map[string]bool{}
		name := func(field string, does bool) {
			if does {
				require.False(t, named[field], "%s is named twice", field)
				named[field] = true
			}
		}
		name("name", back.Name != "")
		name("external_id", back.ExternalID != "")
		name("tags", len(back.TagsAdd)+len(back.TagsRemove) > 0)
		for field := range back.Set {
			name(field, true)
		}
		for _, field := range back.Unset {
			name(field, true)
		}
		for role := range back.Roles {
			name(string(role), true)
		}
		for field := range changed {
			require.True(t, named[field], "%s stays changed", field)
		}
		require.Len(t, named, len(changed))
	})
}

// What did not change, as in a change of which only part went through, is not
// turned back.
func TestInverseOfPart(t *testing.T) {
	t.Parallel()
	back := Inverse(
		map[string]any{"csm": "a@example.com", "account_owner": nil, "name": "A", "billing_id": nil, "tags": []string{"x"}},
		map[string]any{"csm": "a@example.com", "account_owner": "b@example.com", "name": "A", "billing_id": nil, "tags": []string{"x"}})
	require.Equal(t, Change{Roles: map[Role]string{AccountOwner: None}, Set: map[string]json.RawMessage{}}, back)
}

// A reference picks an account only if exactly one is called so; that the case
// differs counts only if none is called exactly so.
func TestPickExact(t *testing.T) {
	t.Parallel()
	names := []string{"Acme", "ACME", "acme", "Other"}
	rapid.Check(t, func(t *rapid.T) {
		reference := rapid.SampledFrom(names).Draw(t, "reference")
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) client.Account {
			account := client.Account{Name: rapid.SampledFrom(names).Draw(t, "name")}
			if external := rapid.SampledFrom(append(names, "")).Draw(t, "external id"); external != "" {
				account.ExternalID = &external
			}
			return account
		}), 0, 4).Draw(t, "accounts")
		for i := range list {
			list[i].ID = string(rune('a' + i))
		}
		called := func(equal func(a, b string) bool) []client.Account {
			return slices.DeleteFunc(slices.Clone(list), func(a client.Account) bool {
				return !equal(a.Name, reference) && (a.ExternalID == nil || !equal(*a.ExternalID, reference))
			})
		}
		exact, near := called(func(a, b string) bool { return a == b }), called(strings.EqualFold)
		var hits []hit
		for _, account := range list {
			if m := (sought{text: reference}).match(entryOf(account)); m.grade < nothing {
				hits = append(hits, hit{entry: entryOf(account), Match: m})
			}
		}
		top := best(ranked(hits))
		switch {
		case len(exact) > 1, len(exact) == 0 && len(near) > 1:
			require.Len(t, top, max(len(exact), len(near)*(1-min(len(exact), 1))))
		case len(near) == 0:
			require.Empty(t, top)
		default:
			require.Len(t, top, 1)
			account := append(exact, near...)[0]
			require.Equal(t, account.ID, top[0].id)
			require.Equal(t, len(exact) == 1, top[0].Exact)
			external := account.ExternalID != nil && (*account.ExternalID == reference || !top[0].Exact && strings.EqualFold(*account.ExternalID, reference))
			require.Equal(t, external, top[0].By == "external_id")
		}
	})
}

// Role names as teams write them.
func TestRoleOf(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]Role{
		"CSM": CSM, "csm": CSM, "Customer Success Manager": CSM, "customer-success-manager": CSM,
		"AE": AccountExecutive, "Account Executive": AccountExecutive, "account_executive": AccountExecutive,
		"Owner": AccountOwner, " Account owner ": AccountOwner,
		"FDE": "", "": "", "Co-owner": "", "CSM 2": CSM, "Executive": "",
	} {
		require.Equal(t, role, roleOf(name), name)
	}
}
