package tools_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// Where somebody decided otherwise, before the write was read back or before
// its crash was found, an undo leaves their decision and takes back the rest.
func TestUndoLeavesWhatSomebodyDecided(t *testing.T) {
	t.Parallel()
	value := func(h *house, definition string) any {
		for _, row := range h.raw("GET", api+"accounts/"+seed.AcmeID+"/custom_property_values", nil).Array() {
			if row.Get("definition_id").String() == definition {
				return row.Get("value").Value()
			}
		}
		return nil
	}
	billing := func(h *house) any {
		return h.raw("GET", api+"accounts/"+seed.AcmeID, nil).Get("properties.billing_id").Value()
	}
	for _, test := range []struct {
		name, tool string
		arguments  object
		decide     func(h *house)
		decided    func(h *house) any
		rest       func(h *house) any // what the write did besides; none if nothing
	}{
		{"a property of an account", "update_account",
			object{"account": seed.AcmeID, "name": "Ours", "set": object{"billing_id": "ours"}},
			func(h *house) {
				properties := h.raw("GET", api+"accounts/"+seed.AcmeID, nil).Get("properties").Value().(object)
				properties["billing_id"] = "theirs"
				h.raw("PATCH", api+"accounts/"+seed.AcmeID, object{"properties": properties})
			}, billing,
			func(h *house) any { return h.account(seed.AcmeID)["name"] }},
		{"a tag beside it", "update_account",
			object{"account": seed.AcmeID, "tags_add": []string{"ours"}},
			func(h *house) {
				h.raw("PATCH", api+"accounts/"+seed.AcmeID, object{"tags": []string{"ours", "theirs"}})
			},
			func(h *house) any { return h.account(seed.AcmeID)["tags"].(object)["theirs"] },
			func(h *house) any { return h.account(seed.AcmeID)["tags"].(object)["ours"] }},
		{"a property of a person", "update_person",
			object{"person": seed.TwinUUIDA, "set": object{"plan": "ours", "seats": 3}},
			func(h *house) {
				h.raw("POST", api+"persons/"+seed.TwinUUIDA+"/update_property", object{"key": "plan", "value": "theirs"})
			},
			func(h *house) any { return h.person(seed.TwinUUIDA).Get("properties.plan").Value() },
			func(h *house) any { return h.person(seed.TwinUUIDA).Get("properties.seats").Value() }},
		{"a custom property", "set_custom_property",
			object{"account": seed.AcmeID, "property": "Health score", "value": 3},
			func(h *house) {
				h.raw("POST", api+"accounts/"+seed.AcmeID+"/custom_property_values", object{"definition": seed.HealthScoreID, "value": 7})
			},
			func(h *house) any { return value(h, seed.HealthScoreID) }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, crashed := range []bool{false, true} {
				var once bool
				path, now := file(t), time.Now()
				var h *house
				h = open(t, setup{journal: path, now: func() time.Time { return now }, wrap: func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						next.ServeHTTP(w, r)
						if isWriteRequest(r) && !once && !crashed {
							once = true
							test.decide(h)
						}
					})
				}})
				var before any
				if test.rest != nil {
					before = test.rest(h)
				}
				write := h.must(test.tool, test.arguments).str("write")
				if crashed {
					book, principal := kept(t, path)
					crash := newest(t, book, principal).Intent
					crash.Deadline = now.Add(time.Minute)
					entry, err := book.Begin(t.Context(), crash) // as if its server had ended right after sending it
					require.NoError(t, err)
					write, now = entry.ID, now.Add(5*time.Minute)
					test.decide(h)
				}
				decided := test.decided(h)
				undo := h.call("undo_write", object{"write": write})
				require.Equal(t, decided, test.decided(h), "crashed: %v; it stays: %s", crashed, undo.text)
				if test.rest == nil {
					undo.requireError(t)
					continue
				}
				require.False(t, undo.isError, "crashed: %v: %s", crashed, undo.text)
				require.Equal(t, before, test.rest(h))
			}
		})
	}
}

// An account that was deleted is gone, even if another has its id as external
// id since: neither an undo nor a plan takes that one for it.
func TestADeletedAccountIsNoOther(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	first := h.must("create_account", object{"name": "First"}).str("target.id")
	write := h.must("update_account", object{"account": first, "name": "Second"}).str("write")
	planned := h.must("plan_changes", object{"accounts": object{"ids": []string{first}}, "changes": object{"name": "Third"}, "note": "For the first."})

	h.raw("DELETE", api+"accounts/"+first, nil)
	other := h.raw("POST", api+"accounts", object{"name": "Second", "external_id": first}).Get("id").String()
	h.requests()
	require.Contains(t, h.refused("undo_write", object{"write": write}), "not there any more")
	applied := h.must("apply_plan", object{"plan": planned.str("plan"), "confirmation": planned.str("confirmation")})
	require.EqualValues(t, 1, applied.get("skipped").Int(), applied.text)
	require.Empty(t, h.writes())
	require.Equal(t, "Second", h.account(other)["name"])
}

// The undo that a receipt announces leaves what somebody decided, too.
func TestReceiptsAnnounceNoUndoOfOthers(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]setup{"on record": {journal: file(t)}, "journal off": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h *house
			s.wrap = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !isWriteRequest(r) || !overwrite(h, next, w, r) {
						next.ServeHTTP(w, r)
					}
				})
			}
			h = open(t, s)
			value := h.must("set_custom_property", object{"account": seed.AcmeID, "property": "Health score", "value": 3})
			require.Equal(t, []string{"overridden", "Nothing was changed."}, []string{value.str("outcome"), value.str("undo")}, value.text)
			part := h.must("update_person", object{"person": seed.TwinUUIDA, "set": object{"plan": "ours", "seats": 3}})
			require.Equal(t, "overridden", part.str("outcome"), part.text)
			wants := map[bool]string{true: "undo_write", false: `"unset":["seats"]`}[s.journal != ""]
			require.Contains(t, part.str("undo"), wants)
			require.NotContains(t, part.str("undo"), "plan")
		})
	}
}
