package tools_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// Deletions whose server ended in the middle are settled by looking, too, also
// those by which a create is undone.
func TestCrashedDeletionsAreSettled(t *testing.T) {
	t.Parallel()
	made := func(tool string, arguments object) func(h *house) (string, object) {
		return func(h *house) (string, object) {
			return "undo_write", object{"write": h.must(tool, arguments).str("write")}
		}
	}
	for name, begin := range map[string]func(h *house) (tool string, arguments object){
		"delete_account": func(h *house) (string, object) { return "delete_account", object{"account": seed.AcmeID} },
		"delete_notebook": func(h *house) (string, object) {
			return "delete_notebook", object{"account": seed.AcmeID, "notebook": seed.AcmeLatestNote}
		},
		"the undo of create_account":  made("create_account", object{"name": "Made for a moment"}),
		"the undo of create_notebook": made("create_notebook", object{"account": seed.AcmeID, "markdown": "# Made for a moment"}),
	} {
		for outcome, arrived := range map[string]bool{"applied": true, "ignored": false} {
			t.Run(fmt.Sprint(name, " ", outcome), func(t *testing.T) {
				t.Parallel()
				path, now := file(t), time.Now()
				book, principal := kept(t, path)
				h := open(t, setup{journal: path, now: func() time.Time { return now }, wrap: func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if !keep(nil, next, w, r) {
							next.ServeHTTP(w, r)
						}
					})
				}})
				tool, arguments := begin(h)
				h.requests()
				require.Equal(t, "ignored", h.confirmed(tool, arguments).str("outcome"), "it is not carried out here")
				at := h.writes()[0].path
				crash := newest(t, book, principal).Intent
				crash.Deadline = now.Add(time.Minute)
				begun, err := book.Begin(t.Context(), crash) // as if its server had ended right after sending it
				require.NoError(t, err)
				if arrived {
					h.raw("DELETE", at, nil)
				}
				now = now.Add(5 * time.Minute)
				row := h.must("list_writes", object{}).get("rows.0")
				require.Equal(t, []any{begun.ID, outcome}, []any{row.Get("write").String(), row.Get("outcome").String()}, row.Raw)
				if write, isUndo := arguments["write"].(string); isUndo && arrived {
					require.Contains(t, h.refused("undo_write", object{"write": write}), "undone already")
				}
			})
		}
	}
}
