package sandbox

import (
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// relationshipStore holds who owns which account in newer generations: kinds
// of relationships and their assignments to users, the ended ones included.
type relationshipStore struct {
	once        sync.Once
	definitions map[uuid.UUID]*relationshipDefinition
	byAccount   map[uuid.UUID][]*relationship // oldest first
}

// relationship is one assignment. Rows are replaced, never changed.
type relationship struct {
	id         uuid.UUID
	definition *relationshipDefinition
	user       *user
	startedAt  time.Time
	endedAt    *time.Time
	source     *string
}

// Kinds of writers, as PostHog records them on an assignment.
const (
	humanSource     = "human"
	agentSource     = "ai"
	migrationSource = "migration"
)

// relationshipRows is how actions reach the relationships; see accountRows.
func (s *Sandbox) relationshipRows() *relationshipStore {
	s.relationships.once.Do(func() { s.loadRelationships(&s.relationships) })
	return &s.relationships
}

// active lists the assignments of an account that have not ended.
func (store *relationshipStore) active(account uuid.UUID) []*relationship {
	var found []*relationship
	for _, r := range store.byAccount[account] {
		if r.endedAt == nil {
			found = append(found, r)
		}
	}
	return found
}

// anyHolder tells whether one of the users, or anybody if none are named,
// holds any relationship to an account.
func (store *relationshipStore) anyHolder(account uuid.UUID, users []int64) bool {
	return slices.ContainsFunc(store.byAccount[account], func(r *relationship) bool {
		return r.endedAt == nil && (users == nil || slices.Contains(users, r.user.ID))
	})
}

// controls tells whether an account has an assignment under a controlled
// definition, be it history.
func (store *relationshipStore) controls(account uuid.UUID) bool {
	return slices.ContainsFunc(store.byAccount[account], func(r *relationship) bool { return r.definition.controlled })
}

func (store *relationshipStore) findDefinition(id string) *relationshipDefinition {
	parsed, ok := pythonUUID(id)
	if !ok {
		return nil
	}
	return store.definitions[parsed]
}

func (store *relationshipStore) definitionNamed(name string) *relationshipDefinition {
	for _, d := range store.definitions {
		if d.name == name {
			return d
		}
	}
	return nil
}

// replaceDefinition stores a definition, and shows it on its assignments.
func (store *relationshipStore) replaceDefinition(d *relationshipDefinition) {
	store.definitions[d.id] = d
	for account := range store.byAccount {
		store.rewrite(account, func(r relationship) *relationship {
			if r.definition.id == d.id {
				r.definition = d
			}
			return &r
		})
	}
}

// dropDefinition deletes a definition and all its assignments.
func (store *relationshipStore) dropDefinition(id uuid.UUID) {
	delete(store.definitions, id)
	for account := range store.byAccount {
		store.rewrite(account, func(r relationship) *relationship {
			if r.definition.id == id {
				return nil
			}
			return &r
		})
	}
}

// dropAccount forgets the assignments of an account that is gone.
func (store *relationshipStore) dropAccount(account uuid.UUID) { delete(store.byAccount, account) }

// rewrite replaces an account's assignments one by one; nil removes one.
func (store *relationshipStore) rewrite(account uuid.UUID, change func(relationship) *relationship) {
	rows := make([]*relationship, 0, len(store.byAccount[account]))
	for _, old := range store.byAccount[account] {
		if r := change(*old); r != nil {
			rows = append(rows, r)
		}
	}
	store.byAccount[account] = rows
}
