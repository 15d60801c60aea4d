package people

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/client"
)

// register is one that never asks PostHog: a partition needs only the project.
func register(t *testing.T) *Register {
	t.Helper()
	c, err := client.New("https://posthog.example.com", client.WithTransport(http.NewFileTransport(http.Dir(t.TempDir()))))
	require.NoError(t, err)
	key, err := client.NewKey("phx_test")
	require.NoError(t, err)
	return Open(c.As(key).Project(7))
}

// However a split is asked for, a partition either gives each of the person's
// ids exactly one place and leaves somebody to be the person, or is refused.
func TestPartition(t *testing.T) {
	t.Parallel()
	r := register(t)
	pool := []string{"a", "b", "c", "d", "e"}
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 1, 5, rapid.ID[string]).Draw(t, "ids")
		origin := rapid.SampledFrom(pool).Draw(t, "origin")
		person := client.Person{UUID: DerivedUUID(7, origin), DistinctIDs: ids, Newest: rapid.Bool().Draw(t, "newest")}
		leave := rapid.SliceOfN(rapid.SampledFrom(pool), 0, 4).Draw(t, "leave")
		main := rapid.SampledFrom(append(pool, "")).Draw(t, "main")
		has := func(id string) bool { return slices.Contains(ids, id) }

		p, err := r.Partition(person, leave, main)
		leaving := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			return !slices.Contains(leave, id) && (main == "" || id == main)
		})
		legal := (main == "") != (len(leave) == 0) && (main == "" || has(main)) && (len(leave) == 0 || person.Newest) &&
			!slices.ContainsFunc(leave, func(id string) bool { return !has(id) }) &&
			len(leaving) > 0 && len(leaving) < len(ids) && !slices.Contains(leaving, origin)
		require.Equal(t, legal, err == nil, "%v", err)
		if err != nil {
			return
		}
		var moved []string
		for _, move := range p.Moves {
			moved = append(moved, move.DistinctID)
			require.Equal(t, DerivedUUID(7, move.DistinctID), move.NewPerson)
		}
		require.Equal(t, leaving, moved)
		require.ElementsMatch(t, ids, append(moved, p.Stays...))
		require.Equal(t, client.Split{DistinctIDs: leave, Main: main}, p.split)
	})
}

// The UUID of a person that PostHog derives from a distinct id depends on the
// project, too.
func TestDerivedUUID(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for project := range int64(3) {
		for _, id := range []string{"a", "A", "1:a", "", "é"} {
			derived := DerivedUUID(project, id)
			require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, derived)
			name := fmt.Sprint(project, " ", id)
			require.Empty(t, seen[derived], "%s and %s", seen[derived], name)
			seen[derived] = name
		}
	}
}
