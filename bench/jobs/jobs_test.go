package jobs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/sandbox"
)

// jobs are all of them, in an order in which none gets into another's way: those that only read come first.
var jobs = []job{
	unassigned, prepareQBR, beforeCall, whoComplained, whoIsThis, whoseChannel, hygiene, whoChanged,
	addFollowUp, writeUp, storeStripe, handOver, tagRenewals, importCSV, whatChanged, setRenewal, undoIt,
	splitOff, erase, upgrade,
}

// profiles are the generations of PostHog that the jobs are done in.
var profiles = []sandbox.Profile{sandbox.Documented, sandbox.Current}

// What this server promises over the set: so many times fewer calls and tokens than the API one to one.
const (
	fewerCalls  = 10
	fewerTokens = 20
)

// TestJobs does every job on both sides. Ours answers right and does nothing else, whatever the PostHog.
func TestJobs(t *testing.T) {
	if raceDetector {
		t.Skip("this measures; races are looked for in the tests of the tools. Run it without -race, as CI does in a step of its own.")
	}
	all := make([]results, len(profiles))
	t.Run("in", func(t *testing.T) {
		for i, profile := range profiles {
			t.Run(string(profile), func(t *testing.T) {
				t.Parallel()
				all[i] = doAll(t, profile)
			})
		}
	})
	require.False(t, t.Failed(), "jobs were not done as they should")
	for i, profile := range profiles {
		t.Logf("%s\n%s", profile, all[i].table())
	}
	for i, profile := range profiles {
		ours, thin := all[i].totals()
		require.GreaterOrEqual(t, float64(thin.calls), float64(fewerCalls*ours.calls), "%s: calls", profile)
		require.GreaterOrEqual(t, float64(thin.tokens), float64(fewerTokens*ours.tokens), "%s: tokens", profile)
	}
	publish(t, all)
}

// result is what became of a job on all sides.
type result struct {
	job
	ours, thin outcome
	naive      *outcome
}

type results []result

// doAll does all jobs in one PostHog, on each side in a sandbox of its own. All of them start the same.
func doAll(t *testing.T, profile sandbox.Profile) results {
	start := time.Now()
	open := func(same *reader, loses bool) *reader {
		opened := false
		posthog := sandbox.New(sandbox.Options{Profile: profile, CaptureFails: loses, Now: func() time.Time {
			if opened {
				return time.Now()
			}
			return start
		}})
		opened = true
		return (&reader{TB: t, posthog: posthog, apart: profile == sandbox.Current}).open(same)
	}
	first := open(nil, false)
	careful := thinly(open(first, false), func(j job) script { return j.thin })
	careless := thinly(open(first, true), func(j job) script { return j.naive }) // on a day on which PostHog loses events
	product := ours(first)
	all := make(results, len(jobs))
	for i, j := range jobs {
		all[i] = result{job: j, ours: product.do(t, j)}
		requireDone(t, j, all[i].ours, "")
		if j.thin != nil {
			all[i].thin = careful.do(t, j)
			requireDone(t, j, all[i].thin, j.amiss)
		}
		if j.naive != nil && profile == sandbox.Documented {
			naive := careless.do(t, j)
			all[i].naive = &naive
			require.False(t, naive.right() && naive.harm.none(), "job %d: what was thought careless does no harm", j.number)
		}
	}
	product.requireUntouched(t)
	careful.requireUntouched(t)
	return all
}

// requireDone holds a job to its answer and to what it may change, unless something is known to be amiss.
func requireDone(t *testing.T, j job, o outcome, amiss string) {
	t.Helper()
	if amiss != "" {
		require.False(t, o.right() && o.harm.none(), "job %d: nothing is amiss any more", j.number)
		return
	}
	require.ElementsMatch(t, o.want, o.given, "job %d, %s", j.number, j.asked)
	require.True(t, o.harm.none(), "job %d, %s: %s, such as %s", j.number, j.asked, o.harm, o.harm.example())
}

// totals are the costs of all jobs that both sides can do.
func (r results) totals() (ours, thin cost) {
	for _, done := range r {
		if done.apart == "" {
			ours, thin = ours.plus(done.ours.cost), thin.plus(done.thin.cost)
		}
	}
	return ours, thin
}
