package seed

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// start is when the tests pretend the sandbox started.
var start = time.Date(2026, time.March, 4, 9, 30, 0, 0, time.UTC)

func TestEveryCallGivesTheSame(t *testing.T) {
	t.Parallel()
	require.Equal(t, Users(), Users())
	require.Equal(t, Accounts(), Accounts())
	require.Equal(t, Notes(), Notes())
	require.Equal(t, Definitions(), Definitions())
	require.Equal(t, Values(start), Values(start))
	require.Equal(t, slices.Collect(Persons(start)), slices.Collect(Persons(start)))
	require.Equal(t, Activities(), Activities())
}

// What one caller changes must not show up at another: two sandboxes may run
// in one process.
func TestCallersOwnWhatTheyGet(t *testing.T) {
	t.Parallel()
	a := Accounts()
	a[0].Properties["stripe_customer_id"], a[0].Tags[0], a[0].EmailDomains[0] = "changed", "changed", "changed"
	require.NotContains(t, Accounts()[0].Properties, "changed")
	require.NotEqual(t, "changed", Accounts()[0].Tags[0])
	require.NotEqual(t, "changed", Accounts()[0].EmailDomains[0])

	d := Definitions()
	for i := range d {
		for n := range d[i].Options {
			d[i].Options[n].Label = "changed"
		}
	}
	for _, again := range Definitions() {
		for _, o := range again.Options {
			require.NotEqual(t, "changed", o.Label)
		}
	}

	for p := range Persons(start) {
		p.Properties["plan"], p.DistinctIDs[0] = "changed", "changed"
	}
	for p := range Persons(start) {
		require.NotEqual(t, "changed", p.Properties["plan"])
		require.NotEqual(t, "changed", p.DistinctIDs[0])
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	users := Users()
	require.Len(t, users, 18)
	for i, want := range []string{"ada@example.com", "grace@example.com", "linus@example.com"} {
		require.Equal(t, want, users[i].Email)
		require.Equal(t, int64(i+1), users[i].ID)
	}
	require.Equal(t, levelOwner, users[0].Level)
	unique(t, users, func(u User) string { return u.UUID })
	unique(t, users, func(u User) string { return u.Email })
	unique(t, users, func(u User) string { return u.DistinctID })
	for _, u := range users {
		require.Contains(t, []int{levelMember, levelAdmin, levelOwner}, u.Level)
		requireUUID(t, u.UUID, 4)
	}
}

// unique fails when two of all have the same, non-empty key.
func unique[T any](t *testing.T, all []T, key func(T) string) {
	t.Helper()
	seen := make(map[string]int, len(all))
	for i, one := range all {
		k := key(one)
		if first, taken := seen[k]; taken && k != "" {
			require.Failf(t, "twice", "%q at %d and %d", k, first, i)
		}
		seen[k] = i
	}
}

func requireUUID(t *testing.T, s string, version uuid.Version) {
	t.Helper()
	id, err := uuid.Parse(s)
	require.NoError(t, err, s)
	require.Equal(t, version, id.Version(), s)
	require.Equal(t, uuid.RFC4122, id.Variant(), s)
	require.Equal(t, s, id.String())
}

func BenchmarkAccounts(b *testing.B) {
	for b.Loop() {
		runtime.KeepAlive(Accounts())
	}
}

func BenchmarkNotes(b *testing.B) {
	for b.Loop() {
		runtime.KeepAlive(Notes())
	}
}

func BenchmarkValues(b *testing.B) {
	for b.Loop() {
		runtime.KeepAlive(Values(start))
	}
}

func BenchmarkPersons(b *testing.B) {
	for b.Loop() {
		for p := range Persons(start) {
			runtime.KeepAlive(p)
		}
	}
}

func BenchmarkActivities(b *testing.B) {
	for b.Loop() {
		runtime.KeepAlive(Activities())
	}
}

// BenchmarkResident reports what the whole portfolio keeps on the heap when
// somebody holds all of it at once.
func BenchmarkResident(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		accounts, notes, values, activities := Accounts(), Notes(), Values(start), Activities()
		persons := slices.Collect(Persons(start))
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(accounts)
		runtime.KeepAlive(notes)
		runtime.KeepAlive(values)
		runtime.KeepAlive(activities)
		runtime.KeepAlive(persons)
	}
}
