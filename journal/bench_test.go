package journal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/journal"
)

// image is as large as an account with its properties.
var image = json.RawMessage(`{"properties":"` + strings.Repeat("as it was ", 200) + `"}`)

func filled(b *testing.B, entries int) (*journal.Journal, string) {
	b.Helper()
	path := b.TempDir() + "/journal.db"
	j, err := journal.Open(ctx, path)
	require.NoError(b, err)
	b.Cleanup(func() { _ = j.Close() })
	for range entries {
		record(b, j)
	}
	return j, path
}

func record(b *testing.B, j *journal.Journal) {
	intent := update("a1")
	intent.Before = image
	begun, err := j.Begin(ctx, intent)
	if err == nil {
		err = j.Settle(ctx, begun.ID, journal.Applied, image, "")
	}
	if err != nil {
		b.Error(err)
	}
}

// One write on record: intent and outcome, each on disk.
func BenchmarkWrite(b *testing.B) {
	j, _ := filled(b, 0)
	for b.Loop() {
		record(b, j)
	}
}

// As many writers as apply_plan has.
func BenchmarkWriteTogether(b *testing.B) {
	j, _ := filled(b, 0)
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			record(b, j)
		}
	})
}

// What a start pays: every page and index is checked.
func BenchmarkOpen(b *testing.B) {
	for _, entries := range []int{0, 1000, 5000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			j, path := filled(b, entries)
			require.NoError(b, j.Close())
			for b.Loop() {
				j, err := journal.Open(ctx, path)
				require.NoError(b, err)
				require.NoError(b, j.Close())
			}
		})
	}
}
