package policy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/internal/policy"
)

func TestPatterns(t *testing.T) {
	t.Parallel()
	p, err := policy.New([]string{"billing_id", "accounts:zendesk*", "persons:plan", "sf:dc", "properties:0194-id"}, []string{"VIP*"})
	require.NoError(t, err)
	for _, allowed := range []error{
		p.Fields(policy.Account, "billing_id", "zendesk_id", "zendesk", "sf:dc"), p.Fields(policy.Person, "plan", "billing_id"), p.Fields(policy.Account),
		p.CustomProperty("billing_id", "x"), p.CustomProperty("Renamed", "0194-id"), p.Tags("vip", " Vip-2 "), p.Tags(),
	} {
		require.NoError(t, allowed)
	}
	for want, refused := range map[string]error{
		`fields "csm", "name". It may write: billing_id, accounts:zendesk*, persons:plan`: p.Fields(policy.Account, "name", "csm", "name", "billing_id"),
		`field "plan".`:       p.Fields(policy.Account, "plan"),
		`field "zendesk_id".`: p.Fields(policy.Person, "zendesk_id"),
		`field "plans".`:      p.Fields(policy.Person, "plans"),
		`field "Billing_id".`: p.Fields(policy.Account, "Billing_id"),
		`field "Health".`:     p.CustomProperty("Health", "0194-id-2"),
		`tag "v i p".`:        p.Tags("vip", "v i p"),
	} {
		require.ErrorContains(t, refused, want)
		require.ErrorContains(t, refused, "only the operator")
	}
}

// Without lists everything goes; a list of none lets nothing through.
func TestAllAndNothing(t *testing.T) {
	t.Parallel()
	none, err := policy.New([]string{"none"}, []string{"none"})
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		kind := rapid.SampledFrom([]policy.Kind{policy.Account, policy.Property, policy.Person}).Draw(t, "kind")
		var all policy.Policy
		require.NoError(t, all.Fields(kind, name))
		require.NoError(t, all.Tags(name))
		require.Error(t, none.Fields(kind, name))
		require.Error(t, none.Tags(name))
		require.Error(t, none.CustomProperty(name, name))
	})
}

// A list lets through what begins or reads as one of its items, and nothing
// else.
func TestWhatAListLetsThrough(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[ab_]{1,3}`)
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.StringMatching(`[ab_]{1,3}\*?`), 1, 3).Draw(t, "items")
		name := word.Draw(t, "name")
		p, err := policy.New(items, items)
		require.NoError(t, err)
		want := false
		for _, item := range items {
			begin, open := strings.CutSuffix(item, "*")
			want = want || item == name || open && strings.HasPrefix(name, begin)
		}
		require.Equal(t, want, p.Fields(policy.Person, name) == nil)
		require.Equal(t, want, p.Tags(name) == nil)
	})
}

func TestWhatIsNoList(t *testing.T) {
	t.Parallel()
	for _, wrong := range [][]string{{"a*b"}, {"**"}, {"accounts:"}, {"none", "a"}, {"a", "none"}} {
		_, err := policy.New(wrong, nil)
		require.ErrorContains(t, err, "--allow-fields", wrong)
	}
	_, err := policy.New(nil, []string{"*a"})
	require.ErrorContains(t, err, "--allow-tags")
}
