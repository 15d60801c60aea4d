package sandbox

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// routeRelationships is for the generations that have them. Nothing maps a
// scope to the end of a relationship, so that keys are refused there.
func (s *Sandbox) routeRelationships() {
	if !s.gen.hasRelationships() {
		return
	}
	read, write := []string{"account:read"}, []string{"account:write"}
	s.route(bothMounts, "account_relationship_definitions", actions{
		"GET":  {scopes: read, reads: true, run: s.listRelationshipDefinitions},
		"POST": {scopes: write, run: s.createRelationshipDefinition},
	})
	s.route(bothMounts, "account_relationship_definitions/{definition}", actions{
		"GET":    {scopes: read, reads: true, run: s.showRelationshipDefinition},
		"PATCH":  {scopes: write, run: func(q *request) reply { return s.updateRelationshipDefinition(q, true) }},
		"PUT":    {scopes: write, run: func(q *request) reply { return s.updateRelationshipDefinition(q, false) }},
		"DELETE": {scopes: write, run: s.deleteRelationshipDefinition},
	})
	s.route(bothMounts, "accounts/{account}/relationships", actions{
		"GET":  {scopes: read, reads: true, run: s.listRelationships},
		"POST": {scopes: write, run: s.assignRelationship},
	})
	end := action{run: s.endRelationship}
	if s.opts.EndableByKeys {
		end.scopes = write
	}
	s.route(bothMounts, "accounts/{account}/relationships/{relationship}/end", actions{"POST": end})
	if s.gen.newest() {
		s.route(bothMounts, "accounts/{account}/relationships/{relationship}", actions{
			"DELETE": {scopes: write, admin: true, run: s.deleteRelationship},
		})
	}
}

// relationshipBody is an assignment as the API shows it.
type relationshipBody struct {
	ID         string                     `json:"id"`
	Definition relationshipDefinitionBody `json:"definition"`
	User       holderBody                 `json:"user"`
	StartedAt  string                     `json:"started_at"`
	EndedAt    *string                    `json:"ended_at"`
	Source     newer[*string]             `json:"source,omitzero"`
}

type holderBody struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
}

func (s *Sandbox) relationshipBody(r *relationship) relationshipBody {
	return relationshipBody{
		ID: r.id.String(), Definition: s.relationshipDefinitionBody(r.definition), User: holderBody{r.user.ID, r.user.Email},
		StartedAt: stamp(r.startedAt), EndedAt: stampOrNull(r.endedAt), Source: since(s.gen.tracksAccounts(), r.source),
	}
}

// listRelationships is a bare array, by the definition's name and then the
// newest first.
func (s *Sandbox) listRelationships(q *request) reply {
	a := s.accountAbove(q)
	if a == nil {
		return rowNotFound()
	}
	rows := s.relationshipRows().active(a.id)
	if q.flag("include_history") {
		rows = slices.Clone(s.relationshipRows().byAccount[a.id])
	}
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b *relationship) int {
		return cmp.Or(compareNames(a.definition.name, b.definition.name), b.startedAt.Compare(a.startedAt))
	})
	bodies := make([]relationshipBody, 0, len(rows))
	for _, r := range rows {
		bodies = append(bodies, s.relationshipBody(r))
	}
	return ok(bodies)
}

// assignRelationship makes a user the holder. Where there can be only one, the
// one before ends with it. Who holds it already goes on holding it.
func (s *Sandbox) assignRelationship(q *request) reply {
	a := s.accountAbove(q)
	if a == nil {
		return rowNotFound()
	}
	d, holder, refusal := s.assignment(q)
	if refusal != nil {
		return *refusal
	}
	store := s.relationshipRows()
	if d.controlled && q.isAgent() {
		return conflict("This relationship is controlled here and can't be changed by an agent. Change it from the account page.")
	}
	for _, r := range store.active(a.id) {
		if r.definition.id == d.id && r.user.ID == holder.ID {
			return created(s.relationshipBody(r))
		}
	}
	now, source := s.rowTime(), humanSource
	if q.isAgent() {
		source = agentSource
	}
	if d.singleHolder {
		store.rewrite(a.id, func(r relationship) *relationship {
			if r.definition.id == d.id && r.endedAt == nil {
				r.endedAt = &now
			}
			return &r
		})
	}
	r := &relationship{id: newID(), definition: d, user: holder, startedAt: now, source: &source}
	store.byAccount[a.id] = append(slices.Clone(store.byAccount[a.id]), r)
	return created(s.relationshipBody(r))
}

// assignment reads who is to hold what.
func (s *Sandbox) assignment(q *request) (*relationshipDefinition, *user, *reply) {
	body, refusal := q.object()
	if refusal != nil {
		return nil, nil, refusal
	}
	id, refusal := definitionID(body)
	if refusal != nil {
		return nil, nil, refusal
	}
	userID, refusal := body.integer("user")
	if refusal != nil {
		return nil, nil, refusal
	}
	d := s.relationshipRows().definitions[id]
	if d == nil {
		return nil, nil, refuse("definition", "", "Relationship definition not found.")
	}
	holder := s.userByID(userID)
	if holder == nil {
		return nil, nil, refuse("user", "", "User is not a member of this organization.")
	}
	return d, holder, nil
}

// findRelationship is an assignment of the account in the URL, and the id of
// that account.
func (s *Sandbox) findRelationship(q *request) (*relationship, uuid.UUID) {
	a := s.accountAbove(q)
	id, valid := pythonUUID(q.arg("relationship"))
	if a == nil || !valid {
		return nil, uuid.UUID{}
	}
	for _, r := range s.relationshipRows().byAccount[a.id] {
		if r.id == id {
			return r, a.id
		}
	}
	return nil, uuid.UUID{}
}

// endRelationship leaves the assignment as history.
func (s *Sandbox) endRelationship(q *request) reply {
	ending, account := s.findRelationship(q)
	store := s.relationshipRows()
	switch {
	case ending == nil || ending.endedAt != nil:
		return rowNotFound()
	case ending.definition.controlled && q.isAgent():
		return conflict("This relationship is controlled here and can't be changed by an agent. Change it from the account page.")
	}
	now, ended := s.rowTime(), *ending
	ended.endedAt = &now
	store.rewrite(account, func(r relationship) *relationship {
		if r.id == ended.id {
			return &ended
		}
		return &r
	})
	return ok(s.relationshipBody(&ended))
}

// deleteRelationship removes an assignment as if it had never been.
func (s *Sandbox) deleteRelationship(q *request) reply {
	gone, account := s.findRelationship(q)
	store := s.relationshipRows()
	switch {
	case gone == nil:
		return rowNotFound()
	case gone.definition.controlled:
		return conflict("This relationship is controlled, so its history can't be deleted.") // PostHog's own words are not known
	}
	store.rewrite(account, func(r relationship) *relationship {
		if r.id == gone.id {
			return nil
		}
		return &r
	})
	return noContent()
}
