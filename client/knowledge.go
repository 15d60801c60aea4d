package client

import (
	"sync"
	"time"
)

const (
	// knowledgeLasts is how long an answer about a server is believed: PostHog is upgraded under its callers.
	knowledgeLasts = 10 * time.Minute
	// maxProjects bounds what is remembered; a project's number comes from the caller.
	maxProjects = 1024
)

// knowledge is what a client remembers of the PostHog behind each project. It asks nothing itself.
type knowledge struct {
	mu       sync.Mutex
	projects *recent[int64, facts]
}

// facts are about one project.
type facts struct {
	generation      Generation
	generationUntil time.Time
	roles           RolesIn
	rolesUntil      time.Time
	// hasLookup: the server has answered as one that looks up external ids does.
	hasLookup bool
	// isDoubted: an answer has contradicted what was believed, so only a sign that cannot be missing by
	// chance, or asking, counts from now on.
	isDoubted bool
}

func newKnowledge() *knowledge {
	return &knowledge{projects: newRecent[int64, facts](maxProjects)}
}

// of locks k and returns the project's facts, those expired already dropped, and what unlocks k.
func (k *knowledge) of(project int64) (*facts, func()) {
	k.mu.Lock()
	known, now := k.projects.get(project), time.Now()
	if !now.Before(known.generationUntil) {
		known.generation, known.hasLookup = "", false
	}
	if !now.Before(known.rolesUntil) {
		known.roles = ""
	}
	return known, k.mu.Unlock
}

// generation returns the project's generation, "" when it is not known.
func (k *knowledge) generation(project int64) Generation {
	known, unlock := k.of(project)
	defer unlock()
	return known.generation
}

// roles returns where the project's roles are, "" when nobody has asked lately.
func (k *knowledge) roles(project int64) RolesIn {
	known, unlock := k.of(project)
	defer unlock()
	return known.roles
}

// hasLookup reports whether the server is known to look up external ids.
func (k *knowledge) hasLookup(project int64) bool {
	known, unlock := k.of(project)
	defer unlock()
	return known.hasLookup
}

// asked remembers what the server's look-up of external ids said of it.
func (k *knowledge) asked(project int64, generation Generation) {
	known, unlock := k.of(project)
	defer unlock()
	known.become(generation)
	known.hasLookup = generation == Current
}

// observed remembers what an account showed: whether it has the fields of the current generation.
func (k *knowledge) observed(project int64, isNewer bool) {
	known, unlock := k.of(project)
	defer unlock()
	switch {
	case isNewer:
		known.become(Current)
	case known.isDoubted:
	case known.generation == Current:
		known.drop() // one of the signs is wrong, or PostHog has been downgraded
	default:
		known.become(Documented)
	}
}

// learnRoles remembers where roles are.
func (k *knowledge) learnRoles(project int64, roles RolesIn) {
	known, unlock := k.of(project)
	defer unlock()
	known.roles, known.rolesUntil = roles, time.Now().Add(knowledgeLasts)
}

// forget drops all but the doubt.
func (k *knowledge) forget(project int64) {
	known, unlock := k.of(project)
	defer unlock()
	known.drop()
}

// become takes the project for one of that generation. The current one keeps roles in one place only, so
// what was learned before it came no longer counts.
func (f *facts) become(generation Generation) {
	if generation == Current {
		f.roles = ""
	}
	f.generation, f.generationUntil = generation, time.Now().Add(knowledgeLasts)
}

func (f *facts) drop() { *f = facts{isDoubted: true} }
