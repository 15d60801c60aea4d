package sandbox

import (
	"slices"
	"time"
)

// queue is a line of jobs that have been accepted but have not taken effect.
// PostHog works its queues in background processes; here nothing runs by
// itself: whoever is about to look at the data first runs what is due. Nobody
// can tell the difference, and a test that moves the clock moves the queue.
//
// All jobs of a queue wait equally long, so the line is in order of due time
// and jobs run in the order in which they were queued.
type queue struct {
	lag  time.Duration
	jobs []job
}

// job is one piece of work. It is told the moment at which it takes effect,
// which may be well before the moment at which somebody looks.
type job struct {
	what string
	due  time.Time
	run  func(at time.Time)
}

// push queues work asked for at a moment.
func (q *queue) push(what string, at time.Time, run func(at time.Time)) {
	q.jobs = append(q.jobs, job{what: what, due: at.Add(q.lag), run: run})
}

// due tells whether a job is waiting that should have run by now.
func (q *queue) due(now time.Time) bool {
	return len(q.jobs) > 0 && !q.jobs[0].due.After(now)
}

// runDue runs every job that is due, those that running jobs add included.
func (q *queue) runDue(now time.Time) {
	for q.due(now) {
		next := q.jobs[0]
		q.jobs[0] = job{} // let go of what the job holds
		q.jobs = q.jobs[1:]
		next.run(next.due)
	}
	if len(q.jobs) == 0 {
		q.jobs = nil
	}
}

// PendingJob is work that was accepted and has not taken effect.
type PendingJob struct {
	Into string    // "store", or "index" for what the store has and lists do not yet
	What string    // the name of an event, "split", "delete_events"; for the index what happens to a row
	Due  time.Time // by the sandbox's clock
}

// PendingJobs lists what waits in the queues of persons, first the store's,
// each queue in the order in which its jobs will run. Work for the index shows
// up once the store has the change.
func (s *Sandbox) PendingJobs() []PendingJob {
	s.settlePersons()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Concat(s.persons.ingestion.pending("store"), s.persons.indexing.pending("index"))
}

func (q *queue) pending(into string) []PendingJob {
	jobs := make([]PendingJob, len(q.jobs))
	for i, waiting := range q.jobs {
		jobs[i] = PendingJob{Into: into, What: waiting.what, Due: waiting.due}
	}
	return jobs
}
