package tools_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// A key whose create was undone says so: its first answer tells of something
// that is not there any more.
func TestTheKeyOfWhatWasUndone(t *testing.T) {
	t.Parallel()
	path := file(t)
	h := open(t, setup{journal: path})
	arguments := object{"account": seed.AcmeID, "markdown": "# Called back", "key": "call-7"}
	made := h.must("create_notebook", arguments)
	undo := h.must("undo_write", object{"write": made.str("write")}).str("write")
	for name, house := range map[string]*house{"this server": h, "another": open(t, setup{journal: path, shared: h.sandbox})} {
		house.requests()
		again := house.must("create_notebook", arguments)
		require.Equal(t, made.str("write"), again.str("write"), name)
		require.Contains(t, again.str("note"), "undone since, by "+undo, name)
		require.Empty(t, house.writes(), name)
	}
}

// A change of a person whose caller goes away in the middle is on record as
// what can be known of it.
func TestAPersonsChangeWithoutItsCaller(t *testing.T) {
	t.Parallel()
	path := file(t)
	ctx, leave := context.WithCancel(context.Background())
	h := open(t, setup{journal: path, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isWriteRequest(r) {
				leave()
				<-r.Context().Done()
			}
			next.ServeHTTP(w, r)
		})
	}})
	_, _ = h.tryIn(ctx, h.key, "update_person", object{"person": seed.TwinUUIDA, "set": object{"plan": "x"}})
	book, principal := kept(t, path)
	require.Eventually(t, func() bool { return newest(t, book, principal).Outcome != "" }, 5*time.Second, 10*time.Millisecond)
	require.EqualValues(t, "unknown", newest(t, book, principal).Outcome)
}
