package bench_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// opening is what a client says first, up to the list of tools.
const opening = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}
`

// listTools opens a conversation on stdio and gives the list of tools as it came.
func listTools(t testing.TB, p *process) gjson.Result {
	t.Helper()
	_, err := p.stdin.Write([]byte(opening))
	require.NoError(t, err)
	for {
		line, err := p.stdout.ReadBytes('\n')
		require.NoError(t, err)
		answer := gjson.ParseBytes(line)
		if answer.Get("id").Int() == 2 {
			require.True(t, answer.Get("result.tools.0.name").Exists(), "%.300s", line)
			return answer.Get("result")
		}
	}
}

// starter is a program that is started again and again, with what its starts gave.
type starter struct {
	path      string
	arguments []string
	ready     []float64 // milliseconds from exec to the first list of tools
	idle      []float64 // megabytes held by then
	own       []float64 // of them allocated, not mapped from the program's file
}

// start starts each program once, in an order drawn anew.
func start(t testing.TB, all []*starter) {
	t.Helper()
	for _, i := range rand.Perm(len(all)) {
		s := all[i]
		p := spawn(t, nil, s.path, s.arguments...)
		listTools(t, p)
		s.ready = append(s.ready, millis(time.Since(p.begun)))
		s.idle, s.own = append(s.idle, p.resident(t)), append(s.own, p.own(t))
		p.stop()
	}
}

func starters(t testing.TB) (reference *starter, products map[string]*starter) {
	t.Helper()
	answer := filepath.Join(scratch, "start.json")
	require.NoError(t, os.WriteFile(answer, []byte("{}"), 0o600))
	return &starter{path: floor(t), arguments: []string{"-answer", answer}}, map[string]*starter{
		"product":           {path: product(t)},
		"product-sandbox":   {path: product(t), arguments: []string{"--sandbox"}},
		"product-read-only": {path: product(t), arguments: []string{"--read-only"}},
	}
}

// BenchmarkStart compares the time from exec to the first list of tools on stdio, and the memory held then.
// An iteration starts every program once.
func BenchmarkStart(b *testing.B) {
	needsProc(b)
	reference, products := starters(b)
	all := []*starter{reference}
	for _, s := range products {
		all = append(all, s)
	}
	for b.Loop() {
		start(b, all)
	}
	for _, name := range slices.Sorted(maps.Keys(products)) {
		s := products[name]
		b.Run(name, func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ratios(s.ready, reference.ready)), "start-x")
			b.ReportMetric(median(s.ready), "start-ms")
			b.ReportMetric(median(reference.ready), "floor-start-ms")
			b.ReportMetric(median(s.idle), "idle-MB")
			b.ReportMetric(median(s.own), "own-MB")
			b.ReportMetric(median(reference.idle), "floor-idle-MB")
		})
	}
}

// BenchmarkBinary weighs the stripped programs.
func BenchmarkBinary(b *testing.B) {
	programs := map[string]func(testing.TB) string{"product": product, "floor": floor}
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		build := programs[name]
		b.Run(name, func(b *testing.B) {
			file, err := os.Stat(build(b))
			require.NoError(b, err)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(file.Size())/1e6, "binary-MB")
		})
	}
}

// BenchmarkServed tells the memory held after many calls, 16 at a time on stdio: by the floor, and by the
// product with its upstream in another process. An iteration serves that many calls.
func BenchmarkServed(b *testing.B) {
	needsProc(b)
	_, upstream, _ := startSandbox(b)
	answer := filepath.Join(scratch, "served.json")
	require.NoError(b, os.WriteFile(answer, []byte("{}"), 0o600))
	programs := map[string]*process{
		"floor": spawn(b, nil, floor(b), "-answer", answer),
		"product": spawn(b, []string{"POSTHOG_API_KEY=" + sandbox.DefaultKey, "POSTHOG_HOST=http://" + upstream.address},
			product(b)),
	}
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		p := programs[name]
		b.Run(name, func(b *testing.B) {
			const calls, outstanding = 20_000, 16
			driver := &stdioDriver{process: p}
			for b.Loop() {
				payload(b, driver.run(b, listCall, calls, outstanding).last)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(p.resident(b), "served-MB")
		})
	}
}

func TestStartHarness(t *testing.T) {
	needsProc(t)
	reference, products := starters(t)
	for _, s := range products {
		start(t, []*starter{reference, s})
		require.Positive(t, s.ready[0])
		require.Greater(t, s.idle[0], 1.0)
	}
	require.Len(t, reference.ready, len(products))
}
