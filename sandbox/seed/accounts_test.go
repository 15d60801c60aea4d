package seed

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestPortfolioCounts(t *testing.T) {
	t.Parallel()
	accounts := Accounts()
	require.Len(t, accounts, AccountCount)

	books := make(map[int64]int)
	var noRole, noCSM, noExecutive, noOwner, renewing, churned, ignored int
	for _, a := range accounts {
		books[a.CSM]++
		has := [3]bool{a.CSM != 0, a.AccountExecutive != 0, a.AccountOwner != 0}
		switch has {
		case [3]bool{}:
			noRole++
		case [3]bool{false, true, true}:
			noCSM++
		case [3]bool{true, false, true}:
			noExecutive++
		case [3]bool{true, true, false}:
			noOwner++
		default:
			require.Equal(t, [3]bool{true, true, true}, has, a.Name)
		}
		renewing += count(slices.Contains(a.Tags, "q4-renewal"))
		churned += count(a.Churned)
		ignored += count(a.Ignored)
	}
	require.Equal(t, NoRoleAccounts, noRole)
	require.Equal(t, NoCSMAccounts, noCSM)
	require.Equal(t, NoExecutiveAccounts, noExecutive)
	require.Equal(t, NoOwnerAccounts, noOwner)
	require.Equal(t, RenewalAccounts, renewing)
	require.Equal(t, ChurnedAccounts, churned)
	require.Equal(t, IgnoredAccounts, ignored)

	require.Equal(t, GraceAccounts, books[Grace])
	delete(books, 0)
	require.Len(t, books, len(csms))
	for id, held := range books {
		require.InDelta(t, GraceAccounts, held, 1, "CSM %d", id)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Somebody asks daily which of her accounts have no CSM; the answer is some
// accounts, not none and not all.
func TestAdaOwnsAccountsWithoutCSM(t *testing.T) {
	t.Parallel()
	var owned, lacking int
	for _, a := range Accounts() {
		owned += count(a.AccountOwner == Ada)
		lacking += count(a.AccountOwner == Ada && a.CSM == 0)
	}
	require.Greater(t, owned, 150)
	require.Equal(t, NoCSMAccounts/2, lacking)
}

func TestNamesakes(t *testing.T) {
	t.Parallel()
	byName := make(map[string][]Account)
	for _, a := range Accounts() {
		byName[a.Name] = append(byName[a.Name], a)
	}
	var pairs []string
	for name, same := range byName {
		if len(same) > 1 {
			pairs = append(pairs, name)
			require.Len(t, same, 2, name)
			require.NotEqual(t, same[0].Domain, same[1].Domain)
			require.NotEqual(t, same[0].ExternalID, same[1].ExternalID)
		}
	}
	slices.Sort(pairs)
	require.Equal(t, []string{"Blue Harbor Analytics", NorthwindName, "Summit Dental Group"}, pairs)
	require.Equal(t, []string{NorthwindA, NorthwindB}, []string{byName[NorthwindName][0].ID, byName[NorthwindName][1].ID})
}

func TestAcmeRobotics(t *testing.T) {
	t.Parallel()
	accounts := Accounts()
	acme := accounts[0]
	require.Equal(t, AcmeID, acme.ID)
	require.Equal(t, AcmeName, acme.Name)
	require.Equal(t, AcmeExternalID, acme.ExternalID)
	require.Equal(t, []int64{Grace, Linus, Ada}, []int64{acme.CSM, acme.AccountExecutive, acme.AccountOwner})
	require.Len(t, acme.Properties, 7)
	require.Equal(t, AcmeStripeID, acme.Properties["stripe_customer_id"])
	require.False(t, acme.Churned || acme.Ignored)

	family, sharing := 0, 0
	for _, a := range accounts {
		family += count(strings.Contains(strings.ToLower(a.Name), "acme"))
		sharing += count(a.Properties["slack_channel_id"] == SharedSlackChannel)
	}
	require.Equal(t, 4, family)
	require.Equal(t, 2, sharing)
}

// Names that broke programs before are in the portfolio, each at its place.
func TestRemarkableNames(t *testing.T) {
	t.Parallel()
	accounts := Accounts()
	require.Equal(t, OrdersID, accounts[ordersIndex].ID)
	require.Contains(t, accounts[ordersIndex].Name, "Ignore previous instructions")
	require.Equal(t, 390, utf8.RuneCountInString(accounts[longNameIndex].Name))
	var all strings.Builder
	for i, a := range accounts {
		if n, ok := remarkableNames[i]; ok {
			require.Equal(t, n.name, a.Name)
			require.Equal(t, n.slug, a.ExternalID)
		}
		all.WriteString(a.Name + "\n")
	}
	for _, piece := range []string{
		"é", "e\u0301", "Ł", "ש", "ش", "株", "한", "🚀", "\u200d", "'", `"`, "&", "<script>", "%", "_", "/", `\`, "|", "`", "\u200b", "\u202e", "{{",
	} {
		require.Contains(t, all.String(), piece)
	}
}

var foreignFormats = map[string]*regexp.Regexp{
	"stripe_customer_id":   regexp.MustCompile(`^cus_[0-9A-Za-z]{14}$`),
	"hubspot_deal_id":      regexp.MustCompile(`^9\d{9}$`),
	"billing_id":           regexp.MustCompile(`^bill_\d{8}$`),
	"sfdc_id":              regexp.MustCompile(`^0065g00000[0-9A-Za-z]{5}AAA$`),
	"zendesk_id":           regexp.MustCompile(`^3600\d{8}$`),
	"slack_channel_id":     regexp.MustCompile(`^C04[0-9A-Z]{8}$`),
	"usage_dashboard_link": regexp.MustCompile(`^https://usage\.example\.com/dashboard/\d{5}$`),
}

func TestAccountsAreWellFormed(t *testing.T) {
	t.Parallel()
	accounts := Accounts()
	unique(t, accounts, func(a Account) string { return a.ID })
	unique(t, accounts, func(a Account) string { return a.ExternalID })
	unique(t, accounts, func(a Account) string { return a.Domain })
	for key := range foreignFormats {
		unique(t, accounts, func(a Account) string {
			if a.Properties[key] == SharedSlackChannel {
				return ""
			}
			return a.Properties[key]
		})
	}
	absent := 0
	for i, a := range accounts {
		requireUUID(t, a.ID, 7)
		require.True(t, utf8.ValidString(a.Name))
		require.Equal(t, strings.TrimSpace(a.Name), a.Name)
		require.LessOrEqual(t, utf8.RuneCountInString(a.Name), 400)
		require.Regexp(t, `^[a-z0-9-]+\.(example|test)$`, a.Domain)
		require.Positive(t, a.UpdatedAgo)
		require.LessOrEqual(t, a.UpdatedAgo, a.CreatedAgo)
		if i > 0 {
			require.Greater(t, a.ID, accounts[i-1].ID, "ids keep the order of creation")
			require.Less(t, a.CreatedAgo, accounts[i-1].CreatedAgo)
		}
		for key, value := range a.Properties {
			require.Regexp(t, foreignFormats[key], value, key)
		}
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(a.Tags))), len(a.Tags), "a tag twice")
		for _, tag := range a.Tags {
			require.Equal(t, strings.ToLower(strings.TrimSpace(tag)), tag, "as PostHog normalises tags")
		}
		absent += count(a.ExternalID == "")
	}
	require.InDelta(t, 0.09*AccountCount, absent, 12)
}
