package seed

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Vectors of PostHog's own UUIDs for persons.
func TestPersonUUID(t *testing.T) {
	t.Parallel()
	require.Equal(t, "131ecd7b-7aa1-5121-8fd3-5353d39dd23e", PersonUUID("user_1"))
	require.Equal(t, "6f035ac8-ec86-5239-919d-1920edb52178", PersonUUID("é:ü"))
}

func TestPersonsAreWellFormed(t *testing.T) {
	t.Parallel()
	persons := slices.Collect(Persons(start))
	require.Len(t, persons, PersonCount)
	unique(t, persons, func(p Person) string { return p.UUID })
	unique(t, persons, func(p Person) string { return strconv.FormatInt(p.ID, 10) })
	owner := make(map[string]string)
	device := regexp.MustCompile(`^[0-9a-f]{14}-[0-9a-f]{14}-[0-9a-f]{8}-[0-9a-f]{6}-[0-9a-f]{14}$`)
	anonymous, noMail := 0, 0
	for i, p := range persons {
		require.Equal(t, PersonUUID(p.DistinctIDs[0]), p.UUID)
		requireUUID(t, p.UUID, uuid.Version(5))
		if i > 0 {
			require.Greater(t, p.ID, persons[i-1].ID)
		}
		for _, id := range p.DistinctIDs {
			require.Empty(t, owner[id], "a distinct id has one person: %q", id)
			owner[id] = p.UUID
		}
		require.LessOrEqual(t, p.LastSeenAgo, p.CreatedAgo)
		require.GreaterOrEqual(t, len(p.Properties), 12)
		require.LessOrEqual(t, len(p.Properties), 40)
		raw, err := json.Marshal(p.Properties)
		require.NoError(t, err)
		require.True(t, utf8.Valid(raw))
		if !p.Identified {
			anonymous++
			require.Len(t, p.DistinctIDs, 1)
			_, err := uuid.Parse(p.DistinctIDs[0])
			require.True(t, err == nil || device.MatchString(p.DistinctIDs[0]), p.DistinctIDs[0])
		}
		noMail += count(p.Properties["email"] == nil)
	}
	require.Greater(t, anonymous, 400)
	require.Greater(t, noMail, 400)
}

// Nobody in the portfolio can be written to: addresses end in names that are
// reserved for examples.
func TestAddressesAreReserved(t *testing.T) {
	t.Parallel()
	reserved := regexp.MustCompile(`@([a-z0-9-]+\.)*(example|test|example\.com)$`)
	check := func(email string) { require.Regexp(t, reserved, strings.ToLower(email)) }
	for _, u := range Users() {
		check(u.Email)
	}
	for _, a := range Accounts() {
		for _, email := range a.KnownEmails {
			check(email)
		}
	}
	for p := range Persons(start) {
		if email, ok := p.Properties["email"].(string); ok && strings.Contains(email, "@") {
			check(email)
		}
	}
}

func TestPeopleBelongToAccounts(t *testing.T) {
	t.Parallel()
	people := make(map[string]int)
	for p := range Persons(start) {
		if email, ok := p.Properties["email"].(string); ok {
			_, domain, _ := strings.Cut(email, "@")
			people[domain]++
		}
	}
	total := 0
	for _, a := range Accounts() {
		require.GreaterOrEqual(t, people[a.Domain], 3, a.Domain)
		total += people[a.Domain]
	}
	require.InDelta(t, 10.5, float64(total)/AccountCount, 1)
}

func personOf(t *testing.T, distinctID string) Person {
	t.Helper()
	for p := range Persons(start) {
		if slices.Contains(p.DistinctIDs, distinctID) {
			return p
		}
	}
	require.Failf(t, "nobody", "has distinct id %q", distinctID)
	return Person{}
}

func TestMergedPerson(t *testing.T) {
	t.Parallel()
	merged := personOf(t, MergedDistinctID)
	require.Equal(t, MergedPersonUUID, merged.UUID)
	require.Len(t, merged.DistinctIDs, MergedIDs)
	mails := 0
	for _, id := range merged.DistinctIDs {
		mails += count(strings.Contains(id, "@"))
	}
	require.Equal(t, MergedPeople, mails)
}

func TestOddPersons(t *testing.T) {
	t.Parallel()
	byMail := make(map[string][]string)
	for p := range Persons(start) {
		if email, ok := p.Properties["email"].(string); ok {
			byMail[strings.ToLower(email)] = append(byMail[strings.ToLower(email)], email)
		}
	}
	shared := make(map[string][]string)
	for email, all := range byMail {
		if len(all) > 1 {
			slices.Sort(all)
			shared[email] = all
		}
	}
	require.Equal(t, map[string][]string{
		TwinEmail:  {TwinEmail, TwinEmail},
		CasedEmail: {"Riley.Ashdown@Example.com", CasedEmail},
	}, shared, "exactly one address is shared, exactly one differs in case only")

	require.Equal(t, PlusEmail, personOf(t, PlusEmail).Properties["email"])
	require.Len(t, personOf(t, InboxDistinctID).DistinctIDs, 23)
	require.Contains(t, personOf(t, OrdersDistinctID).Properties["bio"], "delete the person")
	require.Contains(t, personOf(t, InvisibleDistinctID).Properties["name"], "\u202e")
	require.Len(t, personOf(t, BigValueDistinctID).Properties["last_form"], BigValueBytes)
	require.Nil(t, personOf(t, "org/42/user.7").Properties["email"])
	require.Equal(t, TwinUUIDA, personOf(t, TwinDistinctA).UUID)
	require.Equal(t, TwinUUIDB, personOf(t, TwinDistinctB).UUID)

	numeric := personOf(t, NumericDistinctID)
	require.NotEqual(t, NumericDistinctID, strconv.FormatInt(numeric.ID, 10))
	namesake := false
	for p := range Persons(start) {
		namesake = namesake || strconv.FormatInt(p.ID, 10) == NumericDistinctID
	}
	require.True(t, namesake, "the integer id belongs to somebody else")
}

func TestActivities(t *testing.T) {
	t.Parallel()
	persons, splitOff := make(map[int64]Person), make(map[string]bool)
	ids := make(map[string]bool)
	for p := range Persons(start) {
		persons[p.ID] = p
		for _, id := range p.DistinctIDs {
			ids[id] = true
		}
	}
	activities := Activities()
	unique(t, activities, func(a Activity) string { return a.ID })
	active, kinds := make(map[int64]int), make(map[string]int)
	for i, a := range activities {
		kinds[a.Activity]++
		require.Positive(t, a.User)
		if i > 0 {
			require.GreaterOrEqual(t, a.Ago, activities[i-1].Ago, "newest first")
		}
		p, known := persons[a.PersonID]
		if a.Activity == "deleted" {
			require.False(t, known)
			continue
		}
		require.True(t, known, "person %d", a.PersonID)
		active[a.PersonID]++
		require.LessOrEqual(t, a.Ago, p.CreatedAgo, "nobody changed a person before there was one")
		require.Len(t, a.Changes, 1)
		if a.Activity != "split_person" {
			continue
		}
		require.Equal(t, p.UUID, a.Name)
		after := a.Changes[0].After
		off := after["distinct_ids_to_split"].([]string)
		require.Equal(t, append(slices.Clone(p.DistinctIDs), off...), after["distinct_ids"])
		require.True(t, ids[off[0]], "what was split off is a person now")
		require.False(t, splitOff[off[0]], "and was split off once")
		splitOff[off[0]] = true
	}
	require.Equal(t, DeletedPersons, kinds["deleted"])
	for _, kind := range []string{"updated", "delete_property", "split_person"} {
		require.Greater(t, kinds[kind], 5, kind)
	}
	merged := personOf(t, MergedDistinctID)
	require.Equal(t, 3, active[merged.ID])
	require.Len(t, active, ActivePersons+1)
	require.Greater(t, active[1], 10, "more than a page on the first person")
}
