package tools_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// A plan whose writes were purged cannot be carried out once more: nothing
// would tell that it had been.
func TestAPurgedPlanIsGone(t *testing.T) {
	t.Parallel()
	path := file(t)
	h := open(t, setup{journal: path})
	accounts := object{"ids": []string{seed.AcmeID}}
	plan := func(note string) object {
		planned := h.must("plan_changes", object{"accounts": accounts, "note": note})
		return object{"plan": planned.str("plan"), "confirmation": planned.str("confirmation")}
	}
	carriedOut, other := plan("Renewal is due."), plan("Renewed.")
	require.EqualValues(t, 1, h.must("apply_plan", carriedOut).get("applied").Int())

	book, _ := kept(t, path)
	purged, err := book.Purge(t.Context(), time.Now().Add(time.Second))
	require.NoError(t, err)
	require.Equal(t, 1, purged)
	h.requests()
	require.Contains(t, h.refused("apply_plan", carriedOut), "no plan")
	require.Empty(t, h.writes())
	require.EqualValues(t, 1, h.must("apply_plan", other).get("applied").Int(), "one that was not begun is as good as before")
}
