package seed

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDefinitions(t *testing.T) {
	t.Parallel()
	definitions := Definitions()
	require.Len(t, definitions, DefinitionCount)
	unique(t, definitions, func(d Definition) string { return d.ID })
	unique(t, definitions, func(d Definition) string { return d.Name })
	types, sources, canonical := make(map[string]int), 0, 0
	for _, d := range definitions {
		requireUUID(t, d.ID, 7)
		types[d.DisplayType]++
		sources += count(d.Source)
		canonical += count(d.Canonical)
		require.Equal(t, d.DisplayType == "select", len(d.Options) > 0, d.Name)
		if d.IsBigNumber {
			require.Contains(t, []string{"number", "currency", "percent"}, d.DisplayType, "PostHog forces it off elsewhere")
		}
		unique(t, d.Options, func(o Option) string { return o.Label })
		unique(t, d.Options, func(o Option) string { return o.ID })
		for _, o := range d.Options {
			require.Regexp(t, `^preset-([1-9]|10)$`, o.Color)
		}
	}
	for _, one := range []string{"text", "number", "currency", "percent", "date", "datetime", "boolean", "select"} {
		require.Positive(t, types[one], one)
	}
	require.Len(t, types, 8)
	require.Equal(t, []int{1, 1}, []int{sources, canonical})
}

func TestValuesAreAsPostHogStoresThem(t *testing.T) {
	t.Parallel()
	definitions := make(map[string]Definition)
	for _, d := range Definitions() {
		definitions[d.ID] = d
	}
	values := Values(start)
	unique(t, values, func(v Value) string { return v.ID })
	unique(t, values, func(v Value) string { return v.AccountID + v.DefinitionID })
	perAccount := make(map[string]int)
	for _, v := range values {
		perAccount[v.AccountID]++
		d, known := definitions[v.DefinitionID]
		require.True(t, known)
		requireStored(t, d, v.Value)
		require.GreaterOrEqual(t, v.Ago, time.Duration(0))
	}
	require.Equal(t, DefinitionCount, perAccount[AcmeID])
	usual := 0
	for _, n := range perAccount {
		usual += count(n >= 6 && n <= DefinitionCount)
	}
	require.Greater(t, usual, AccountCount*9/10)
	require.Less(t, len(perAccount), AccountCount, "some accounts have none")
}

func requireStored(t *testing.T, d Definition, value any) {
	t.Helper()
	switch d.DisplayType {
	case "number", "currency", "percent":
		require.IsType(t, float64(0), value, d.Name)
		require.False(t, math.IsNaN(value.(float64)) || math.IsInf(value.(float64), 0))
	case "boolean":
		require.IsType(t, false, value, d.Name)
	case "select":
		require.True(t, slices.ContainsFunc(d.Options, func(o Option) bool { return o.Label == value }), "%s: %v", d.Name, value)
	case "date", "datetime":
		at, err := time.Parse("2006-01-02T15:04:05Z", value.(string))
		require.NoError(t, err, d.Name)
		if d.DisplayType == "date" {
			require.Zero(t, at.Sub(at.Truncate(24*time.Hour)))
		}
	default:
		require.IsType(t, "", value, d.Name)
	}
}

// A contract that renews in some weeks does so whenever the sandbox is started.
func TestDatesMoveWithTheStart(t *testing.T) {
	t.Parallel()
	early, late := Values(start), Values(start.AddDate(1, 0, 0))
	require.Len(t, late, len(early))
	moved := 0
	for i := range early {
		if early[i].DefinitionID == RenewalDateID {
			a, err := time.Parse(time.RFC3339, early[i].Value.(string))
			require.NoError(t, err)
			b, err := time.Parse(time.RFC3339, late[i].Value.(string))
			require.NoError(t, err)
			require.Equal(t, a.Add(365*24*time.Hour), b)
			require.True(t, a.After(start))
			moved++
		}
	}
	require.Greater(t, moved, 300)
}
