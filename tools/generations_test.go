package tools_test

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// generation is a PostHog that the suite runs against, by the switches of the
// sandbox that make it and by what it cannot do.
type generation struct {
	name   string
	choose func(*sandbox.Options)
	cannot map[ability]string // with the reason
}

// ability is something that one PostHog can do and another cannot, whoever
// asks. It is all that the suite may expect less of in some generation.
type ability string

const (
	// takeRolesOff: a key can leave a role without a holder. Relationships are
	// ended by a call that no scope is mapped to, so PostHog refuses every key.
	takeRolesOff ability = "take roles off"
	// filterRoles: lists filter by role. Newer ones ignore the filters, so that
	// accounts are read and filtered here, and the answer says so.
	filterRoles ability = "filter by role"
	// showAll: lists hold every account. Newer ones leave out what is churned or
	// ignored unless asked.
	showAll ability = "list churned and ignored accounts"
	// clearProperties: a custom property can be emptied.
	clearProperties ability = "clear custom properties"
	// newProperties: accounts have metabase_link, website_domain, email_domains
	// and known_emails.
	newProperties ability = "hold the newer properties"
	// richText: notes are rich-text documents, besides their text.
	richText ability = "keep notes as rich text"
)

// generations are all of them, oldest first.
var generations = []generation{
	{"documented", func(*sandbox.Options) {}, map[ability]string{
		clearProperties: "null is refused as a value",
		newProperties:   "unknown keys are refused",
	}},
	{"bridge", func(o *sandbox.Options) { o.Bridge = true }, map[ability]string{
		takeRolesOff:    "no API key may end a relationship",
		filterRoles:     "roles are no part of accounts",
		clearProperties: "null is refused as a value",
		newProperties:   "unknown keys are refused",
	}},
	{"earlier", func(o *sandbox.Options) { o.Profile, o.EarlierCurrent = sandbox.Current, true }, map[ability]string{
		takeRolesOff:    "no API key may end a relationship",
		filterRoles:     "roles are no part of accounts",
		showAll:         "churned and ignored ones are hidden",
		clearProperties: "null is refused as a value",
	}},
	{"current", func(o *sandbox.Options) { o.Profile = sandbox.Current }, map[ability]string{
		takeRolesOff: "no API key may end a relationship",
		filterRoles:  "roles are no part of accounts",
		showAll:      "churned and ignored ones are hidden",
		richText:     "notes are Markdown documents",
	}},
	// Whether PostHog really refuses every key to end a relationship is not
	// known for sure.
	{"endable", func(o *sandbox.Options) { o.Profile, o.EndableByKeys = sandbox.Current, true }, map[ability]string{
		filterRoles: "roles are no part of accounts",
		showAll:     "churned and ignored ones are hidden",
		richText:    "notes are Markdown documents",
	}},
}

// can tells whether this PostHog can do something.
func (g generation) can(what ability) bool { return g.cannot[what] == "" }

// rolesApart tells whether it keeps roles as relationships.
func (g generation) rolesApart() bool { return !g.can(filterRoles) }

// generationOf is the PostHog that a test runs against: the one whose name
// stands in its own below TestEveryGeneration, else that of the environment
// variable SANDBOX_GENERATION, else the documented one.
func generationOf(t testing.TB, chosen string) generation {
	t.Helper()
	_, below, _ := strings.Cut(t.Name(), "TestEveryGeneration/")
	below, _, _ = strings.Cut(below, "/")
	name := cmp.Or(chosen, below, os.Getenv("SANDBOX_GENERATION"), generations[0].name)
	for _, g := range generations {
		if g.name == name {
			return g
		}
	}
	require.FailNow(t, "SANDBOX_GENERATION is no generation: "+name)
	return generation{}
}

// The tools answer the same on every PostHog, except for what it cannot do.
// This runs in each generation what tells them apart; the whole suite runs in
// one of them with SANDBOX_GENERATION.
func TestEveryGeneration(t *testing.T) {
	tests := map[string]func(*testing.T){
		"every tool": TestEveryToolHasACall, "reads": TestReads, "writes": TestWrites,
		"deltas": TestUpdateAccount, "only what is named": TestUpdateChangesExactlyWhatItNames, "model": TestUpdatesFollowTheModel,
		"refusals": TestUpdateRefuses, "accounts by name": TestAccountIsFoundByAnyOfItsNames, "accounts never guessed": TestAccountIsNeverGuessed,
		"role filters": TestRoleFilters, "colleagues": TestColleaguesWithoutTheScope, "paging": TestWalkingThroughThePortfolio,
		"notes": TestNoteRoundTrip, "edited notes": TestEditedNote, "custom properties": TestCustomPropertyTypes,
		"custom property refusals": TestCustomPropertyRefusals, "confirmations": TestConfirmedOnce, "void confirmations": TestChangedSinceThePreview,
		"limited keys": TestProjectLimitedKey, "lost answers": TestLostAnswersOfWrites, "failures": TestFaultsBecomeSentences, "roles": TestRolesOfANewAccount,
	}
	if chosen := os.Getenv("SANDBOX_GENERATION"); chosen != "" {
		t.Skipf("SANDBOX_GENERATION has the whole suite run in %s", chosen)
	}
	for _, g := range generations[1:] { // the whole suite runs in the first
		t.Run(g.name, func(t *testing.T) {
			if raceDetector && g.name != "current" {
				t.Skip("with the race detector, one of the newer generations stands for all: they run the same code here")
			}
			for name, test := range tests {
				t.Run(name, test)
			}
		})
	}
}

// reported is what whoami calls it.
func (g generation) reported() string {
	if g.name == "documented" || g.name == "bridge" {
		return "documented"
	}
	return "current"
}

// shown counts the seeded accounts that fit and that lists show unasked.
func (g generation) shown(fits func(seed.Account) bool) int {
	count := 0
	for _, account := range seed.Accounts() {
		if fits(account) && (g.can(showAll) || !account.Churned && !account.Ignored) {
			count++
		}
	}
	return count
}

func anyAccount(seed.Account) bool   { return true }
func ofGrace(a seed.Account) bool    { return a.CSM == seed.Grace }
func withoutCSM(a seed.Account) bool { return a.CSM == 0 }
func withoutRole(a seed.Account) bool {
	return a.CSM == 0 && a.AccountExecutive == 0 && a.AccountOwner == 0
}
func ownedByAda(a seed.Account) bool { return a.AccountOwner == seed.Ada }
func renewing(a seed.Account) bool   { return slices.Contains(a.Tags, "q4-renewal") }

// roleNames is what the sandbox's team calls the roles, as relationships.
var roleNames = map[string]string{"CSM": "csm", "Account executive": "account_executive", "Account owner": "account_owner"}

// defineRoles gives an empty PostHog the relationships that the seeded one has.
func (h *house) defineRoles() {
	h.Helper()
	for name := range roleNames {
		h.raw("POST", api+"account_relationship_definitions", object{"name": name})
	}
}

// addRoles puts the roles that are kept as relationships where the documented
// generation has them, so that one expectation serves all.
func (h *house) addRoles(account object, id string) {
	h.Helper()
	properties := maps.Clone(account["properties"].(object))
	for _, r := range h.raw("GET", api+"accounts/"+id+"/relationships", nil).Array() {
		properties[roleNames[r.Get("definition.name").String()]] = object{"id": r.Get("user.id").Num, "email": r.Get("user.email").String()}
	}
	account["properties"] = properties
}
