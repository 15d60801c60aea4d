package jobs_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A job is something that people give an agent to do.
type job struct {
	number int
	asked  string // in their words

	// before is what others, or the agent itself, did earlier. It is not counted.
	before func(*side)
	// want is the answer, by what PostHog has stored.
	want func(*reader) answer
	// effect makes of what is stored before what should be stored after; nil for a job that only reads.
	effect func(book)
	// restores says that all should be stored as it was before before.
	restores bool

	ours  script
	thin  script // the cheapest way that is safe, nil where there is none
	naive script // the cheapest way, where that is dangerous
	trap  string // why it is

	// apart says why a job is not in the totals.
	apart string
	// amiss says what the API one to one cannot answer, or not do without harm.
	amiss string
}

// script is an agent doing a job.
type script func(*session) answer

// answer is what an agent tells whoever asked: a set of facts.
type answer []string

// outcome is what came of a job.
type outcome struct {
	cost
	given, want answer
	harm        harm
}

func (o outcome) right() bool {
	return slices.Equal(slices.Sorted(slices.Values(o.given)), slices.Sorted(slices.Values(o.want)))
}

// do has a side do a job in a conversation of its own.
func (s *side) do(t testing.TB, j job) outcome {
	t.Helper()
	earlier := s.look()
	if j.before != nil {
		j.before(s)
	}
	before := s.look()
	should := maps.Clone(before)
	switch {
	case j.restores:
		should = earlier
	case j.effect != nil:
		j.effect(should)
	}
	conversation := s.converse(t)
	conversation.wanted = j.want(s.reader)
	given := s.script(j)(conversation)
	return outcome{conversation.spent, given, conversation.wanted, should.harmTo(s.look())}
}

// requireUntouched reads everything once more: nothing has changed but what a request named.
func (s *side) requireUntouched(t testing.TB) {
	t.Helper()
	h := s.look().harmTo(s.readAll())
	require.True(t, h.none(), "something changed that no request named: %s", h.example())
}

// told are those of the facts that were in any result.
func (s *session) told(facts answer) answer {
	var told answer
	for _, fact := range facts {
		if slices.ContainsFunc(s.heard, func(heard string) bool { return strings.Contains(heard, fact) }) {
			told = append(told, fact)
		}
	}
	return told
}
