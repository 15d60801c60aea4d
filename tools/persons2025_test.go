package tools_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// A PostHog of 2025 ignores which ids are to be split off and splits off all,
// and does not know that a person can be kept. Neither is tried on it.
func TestWhatAnOlderPostHogWouldGetWrong(t *testing.T) {
	t.Parallel()
	h := open(t, setup{sandbox: sandbox.Options{Persons2025: true}})
	merged := h.must("get_person", object{"person": seed.MergedDistinctID})
	ids := merged.get("person.distinct_ids").Array()
	require.Greater(t, len(ids), 2)
	h.requests()

	refusals := map[string]string{
		"give main_distinct_id instead": h.refused("split_person", object{"person": seed.MergedDistinctID, "distinct_ids": []string{ids[1].String()}}),
		"deletes the person too":        h.refused("delete_person", object{"person": seed.TwinDistinctA, "keep_person": true, "delete_events": true}),
	}
	for part, text := range refusals {
		require.Contains(t, text, "Not done")
		require.Contains(t, lower(text), part)
	}
	for _, request := range h.requests() {
		require.Contains(t, []string{http.MethodGet, http.MethodPost}, request.method)
		require.NotContains(t, request.path, "/split")
	}
	h.must("get_person", object{"person": seed.TwinDistinctA})
}

func lower(text string) string { return strings.ToLower(text) }
