package bench_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox/seed"
)

// The calls that are measured: a list and a single object.
var (
	listCall = call{tool: "list_accounts", arguments: `{"limit":5}`}
	getCall  = call{tool: "get_account", arguments: fmt.Sprintf(`{"account":%q}`, seed.AcmeID)}
)

// The ways a call can take.
const (
	overStdio  = "stdio"
	overHTTP   = "http"
	overModern = "http-2026-07-28"
)

// A setting is one line of the table.
type setting struct {
	way         string
	call        call
	outstanding int
}

func settings() []setting {
	var all []setting
	for _, way := range []string{overStdio, overHTTP, overModern} {
		for _, c := range []call{listCall, getCall} {
			c.modern = way == overModern
			all = append(all, setting{way, c, 1}, setting{way, c, 16})
		}
	}
	return all
}

func (s setting) name() string { return fmt.Sprintf("%s/%s/c=%d", s.way, s.call.tool, s.outstanding) }

// contender is one of the servers that take turns, with what its rounds gave.
type contender struct {
	process  *process
	run      func(t testing.TB, calls, outstanding int) measured
	p50, p99 []float64 // microseconds, by round
	cpu      []float64 // microseconds a call, by round
}

func newContender(t testing.TB, s setting, env []string, path string, stdio, http []string) *contender {
	t.Helper()
	if s.way == overStdio {
		p := spawn(t, env, path, stdio...)
		driver := &stdioDriver{process: p}
		return &contender{process: p, run: func(t testing.TB, calls, outstanding int) measured {
			return driver.run(t, s.call, calls, outstanding)
		}}
	}
	p := spawn(t, env, path, http...)
	driver := &httpDriver{address: p.address(t)}
	request := s.call.httpRequest()
	return &contender{process: p, run: func(t testing.TB, calls, outstanding int) measured {
		return driver.run(t, request, calls, outstanding)
	}}
}

// The contenders of a setting, by their place.
const (
	bare    = iota // mcp-go alone, giving the product's bytes
	stubbed        // the product over an upstream that costs nothing
	whole          // the product with its sandbox
)

const anyPort = "127.0.0.1:0"

// contenders starts the three, warmed up, and holds them to the same answer.
func contenders(t testing.TB, s setting) []*contender {
	t.Helper()
	const warmUp = 300
	product := newContender(t, s, nil, product(t), []string{"--sandbox"}, []string{"--sandbox", "--http", anyPort})
	answer := payload(t, product.run(t, warmUp, s.outstanding).last)
	file := filepath.Join(scratch, s.call.tool+".json")
	require.NoError(t, os.WriteFile(file, []byte(answer), 0o600))

	alike := []string{"-tool", s.call.tool, "-answer", file}
	floor := newContender(t, s, nil, floor(t), alike, append(alike, "-http", anyPort))
	require.Equal(t, answer, payload(t, floor.run(t, warmUp, s.outstanding).last), "the floor gives the product's bytes")

	self, err := os.Executable()
	require.NoError(t, err)
	stub := newContender(t, s, []string{roleVariable + "=" + roleCanned}, self, nil, []string{anyPort})
	// Its sandbox started at another moment, so dates differ; the size does not.
	require.InDelta(t, len(answer), len(payload(t, stub.run(t, warmUp, s.outstanding).last)), 100)
	return []*contender{bare: floor, stubbed: stub, whole: product}
}

// round lets each contender make its calls once, in an order drawn anew.
func round(t testing.TB, all []*contender, calls, outstanding int) {
	t.Helper()
	for _, i := range rand.Perm(len(all)) {
		c := all[i]
		before := c.process.cpu(t)
		m := c.run(t, calls, outstanding)
		c.cpu = append(c.cpu, micros(c.process.cpu(t)-before)/float64(calls))
		c.p50 = append(c.p50, micros(percentile(m.times, 0.50)))
		c.p99 = append(c.p99, micros(percentile(m.times, 0.99)))
	}
}

// BenchmarkCall compares a tool call with the floor's. An iteration is a round of all contenders.
func BenchmarkCall(b *testing.B) {
	needsProc(b)
	for _, s := range settings() {
		b.Run(s.name(), func(b *testing.B) {
			all := contenders(b, s)
			const calls = 2000
			for b.Loop() {
				round(b, all, calls, s.outstanding)
			}
			reference := all[bare]
			b.ReportMetric(0, "ns/op") // of no meaning: an iteration is thousands of calls
			b.ReportMetric(median(reference.p50), "floor-p50-µs")
			b.ReportMetric(median(reference.p99), "floor-p99-µs")
			b.ReportMetric(median(reference.cpu), "floor-cpu-µs")
			for name, c := range map[string]*contender{"stub": all[stubbed], "sandbox": all[whole]} {
				b.ReportMetric(median(ratios(c.p50, reference.p50)), name+"-p50-x")
				b.ReportMetric(median(ratios(c.p99, reference.p99)), name+"-p99-x")
				b.ReportMetric(median(ratios(c.cpu, reference.cpu)), name+"-cpu-x")
			}
		})
	}
}

func TestCallHarness(t *testing.T) {
	needsProc(t)
	for _, s := range settings() {
		if s.outstanding == 1 {
			continue // the same code with less in flight
		}
		all := contenders(t, s)
		round(t, all, 50, s.outstanding)
		for _, c := range all {
			require.Len(t, c.p50, 1)
			require.Positive(t, c.p50[0])
			require.GreaterOrEqual(t, c.p99[0], c.p50[0])
		}
	}
}
