package bench_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// sandboxRequests are what the look-alike is asked, by what they show: rows of accounts, persons and notes
// are made when first needed.
var sandboxRequests = []struct{ name, path string }{
	{"accounts", "/api/projects/1/accounts/?limit=5"},
	{"account", "/api/projects/1/accounts/" + seed.AcmeID + "/"},
	{"notes", "/api/projects/1/accounts/" + seed.AcmeID + "/notebooks/?limit=5"},
	{"persons", "/api/projects/1/persons/?limit=5"},
}

// ask is a request with the default key.
func ask(path string) []byte {
	return httpRequest("GET", path, nil, "Authorization: Bearer "+sandbox.DefaultKey)
}

// startSandbox starts the look-alike alone and waits until it listens.
func startSandbox(t testing.TB) (p *process, driver *httpDriver, took time.Duration) {
	t.Helper()
	p = spawn(t, nil, product(t), "sandbox", "--listen", anyPort)
	address := p.address(t)
	return p, &httpDriver{address: address}, time.Since(p.begun)
}

// BenchmarkSandboxStart starts the look-alike anew each iteration and asks for one row of everything.
func BenchmarkSandboxStart(b *testing.B) {
	needsProc(b)
	var listens, idle, loaded []float64
	first := make([][]float64, len(sandboxRequests))
	for b.Loop() {
		p, driver, took := startSandbox(b)
		listens, idle = append(listens, millis(took)), append(idle, p.resident(b))
		for i, r := range sandboxRequests {
			first[i] = append(first[i], millis(driver.run(b, ask(r.path), 1, 1).took))
		}
		loaded = append(loaded, p.resident(b))
		p.stop()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(listens), "listens-ms")
	for i, r := range sandboxRequests {
		b.ReportMetric(median(first[i]), "first-"+r.name+"-ms")
	}
	b.ReportMetric(median(idle), "idle-MB")
	b.ReportMetric(median(loaded), "loaded-MB")
}

// BenchmarkSandboxRate asks the look-alike on 16 connections. An iteration is a run of many requests.
func BenchmarkSandboxRate(b *testing.B) {
	needsProc(b)
	for _, r := range sandboxRequests {
		b.Run(r.name, func(b *testing.B) {
			const requests, connections = 2000, 16
			p, driver, _ := startSandbox(b)
			request := ask(r.path)
			driver.run(b, request, 200, connections)
			var rate, p50 []float64
			for b.Loop() {
				m := driver.run(b, request, requests, connections)
				rate, p50 = append(rate, requests/m.took.Seconds()), append(p50, millis(percentile(m.times, 0.5)))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(rate), "requests/s")
			b.ReportMetric(median(p50), "p50-ms")
			b.ReportMetric(p.resident(b), "after-MB")
		})
	}
}

func TestSandboxHarness(t *testing.T) {
	needsProc(t)
	p, driver, took := startSandbox(t)
	require.Positive(t, took)
	for _, r := range sandboxRequests {
		m := driver.run(t, ask(r.path), 32, 16)
		require.Len(t, m.times, 32)
		require.NotEmpty(t, m.last)
	}
	require.Greater(t, p.resident(t), 1.0)
}
