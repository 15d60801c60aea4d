package client

import (
	"context"
	"net/http"
	"time"

	"github.com/tidwall/gjson"
)

// RelationshipDefinition is a role that users can have for accounts. Teams name their own: "CSM" is a
// convention, not a promise.
type RelationshipDefinition struct {
	ID, Name    string
	Description string
	// SingleHolder: assigning a user ends what another user has. It is PostHog's default.
	SingleHolder bool
	Controlled   bool // PostHog keeps its history, and may refuse changes
}

// Relationship is that a user has, or had, a role for an account.
type Relationship struct {
	ID         string
	Definition RelationshipDefinition
	User       *User // with ID and Email only; nil when the user was deleted
	StartedAt  time.Time
	EndedAt    *time.Time // nil while it lasts
}

// RelationshipDefinitions returns the roles of the project, by name. A PostHog that keeps roles in account
// properties may answer Unsupported, or with a list that nobody has filled.
func (p *Project) RelationshipDefinitions(ctx context.Context) ([]RelationshipDefinition, error) {
	c := p.call(http.MethodGet, "list relationship definitions", "account_relationship_definitions")
	return every(ctx, p.session, c, decodeRelationshipDefinition)
}

// Relationships returns who has which role for the account, by role, newest first; with history also who
// had it once.
func (p *Project) Relationships(ctx context.Context, accountID string, history bool) ([]Relationship, error) {
	c := p.call(http.MethodGet, "list relationships", "accounts", accountID, "relationships")
	if history {
		c.query = map[string][]string{"include_history": {"true"}}
	}
	return fetch(ctx, p.session, c, func(root gjson.Result) ([]Relationship, error) { return rows(root, decodeRelationship) })
}

// Assign gives a user a role for the account. A role of a single holder is handed over: PostHog ends what
// the holder before had. Assigning who has the role already changes nothing and returns what is there.
func (p *Project) Assign(ctx context.Context, accountID, definitionID string, userID int64) (Relationship, error) {
	c := p.call(http.MethodPost, "assign a relationship", "accounts", accountID, "relationships")
	if definitionID == "" || userID <= 0 {
		return Relationship{}, c.refused("an assignment names a role and a user's number")
	}
	c.body = map[string]any{"definition": definitionID, "user": userID}
	return fetch(ctx, p.session, c, decodeRelationship)
}

// EndRelationship ends a relationship; one that has ended already is NotFound. PostHog may allow this to no
// API key: expect NoKeyAccess.
func (p *Project) EndRelationship(ctx context.Context, accountID, relationshipID string) error {
	c := p.call(http.MethodPost, "end a relationship", "accounts", accountID, "relationships", relationshipID, "end")
	return p.session.run(ctx, c)
}

func decodeRelationshipDefinition(row gjson.Result) (RelationshipDefinition, error) {
	definition := RelationshipDefinition{
		ID:           text(row, "id"),
		Name:         text(row, "name"),
		Description:  text(row, "description"),
		SingleHolder: row.Get("is_single_holder").Type != gjson.False,
		Controlled:   flag(row, "is_controlled"),
	}
	if definition.ID == "" || definition.Name == "" {
		return RelationshipDefinition{}, errNoID
	}
	return definition, nil
}

func decodeRelationship(row gjson.Result) (Relationship, error) {
	definition, err := decodeRelationshipDefinition(row.Get("definition"))
	if err != nil {
		return Relationship{}, err
	}
	relationship := Relationship{
		ID:         text(row, "id"),
		Definition: definition,
		User:       userOf(row.Get("user")),
		StartedAt:  since(row, "started_at"),
		EndedAt:    moment(row, "ended_at"),
	}
	if relationship.ID == "" {
		return Relationship{}, errNoID
	}
	return relationship, nil
}
