package sandbox

import (
	"cmp"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// relationshipDefinition is a kind of relationship, such as CSM. Projects name
// theirs as they like. Rows are replaced, never changed.
type relationshipDefinition struct {
	id           uuid.UUID
	name         string
	description  *string
	singleHolder bool
	controlled   bool // agents may not assign it, and nobody may delete it
}

// relationshipDefinitionBody is a definition as the API shows it.
type relationshipDefinitionBody struct {
	ID             string      `json:"id"`
	Name           string      `json:"name"`
	Description    *string     `json:"description"`
	IsSingleHolder bool        `json:"is_single_holder"`
	IsControlled   newer[bool] `json:"is_controlled,omitzero"`
}

func (s *Sandbox) relationshipDefinitionBody(d *relationshipDefinition) relationshipDefinitionBody {
	return relationshipDefinitionBody{
		ID: d.id.String(), Name: d.name, Description: d.description, IsSingleHolder: d.singleHolder,
		IsControlled: since(s.gen.tracksAccounts(), d.controlled),
	}
}

func (s *Sandbox) listRelationshipDefinitions(q *request) reply {
	rows := slices.SortedFunc(maps.Values(s.relationshipRows().definitions), func(a, b *relationshipDefinition) int {
		return cmp.Or(compareNames(a.name, b.name), cmp.Compare(a.id.String(), b.id.String()))
	})
	return ok(paginate(q, rows, s.relationshipDefinitionBody))
}

func (s *Sandbox) showRelationshipDefinition(q *request) reply {
	d := s.relationshipRows().findDefinition(q.arg("definition"))
	if d == nil {
		return rowNotFound()
	}
	return ok(s.relationshipDefinitionBody(d))
}

// relationshipDefinitionInput is a create or an update after the checks of
// single fields.
type relationshipDefinitionInput struct {
	name, description textField
	singleHolder      *bool
}

func (q *request) relationshipDefinitionInput(partial bool) (in relationshipDefinitionInput, refusal *reply) {
	body, refusal := q.object()
	if refusal != nil {
		return in, refusal
	}
	if in.name, refusal = body.text("name", textRule{required: true, max: 400}, partial); refusal != nil {
		return in, refusal
	}
	if in.description, refusal = body.text("description", textRule{null: true, blank: true}, partial); refusal != nil {
		return in, refusal
	}
	if body.sent("is_single_holder") {
		single, refusal := body.boolean("is_single_holder")
		if refusal != nil {
			return in, refusal
		}
		in.singleHolder = &single
	}
	return in, nil
}

func (s *Sandbox) createRelationshipDefinition(q *request) reply {
	in, refusal := q.relationshipDefinitionInput(false)
	if refusal != nil {
		return *refusal
	}
	d := relationshipDefinition{id: newID(), singleHolder: true, controlled: slices.Contains(s.opts.Controlled, *in.name.value)}
	return s.saveRelationshipDefinition(in, d, created)
}

// updateRelationshipDefinition is PATCH and PUT; PUT requires the name.
func (s *Sandbox) updateRelationshipDefinition(q *request, partial bool) reply {
	in, refusal := q.relationshipDefinitionInput(partial)
	if refusal != nil {
		return *refusal
	}
	d := s.relationshipRows().findDefinition(q.arg("definition"))
	if d == nil {
		return rowNotFound()
	}
	return s.saveRelationshipDefinition(in, *d, ok)
}

// saveRelationshipDefinition applies the input to a copy of a row and stores
// it. Holders stay even when a definition comes to allow one only.
func (s *Sandbox) saveRelationshipDefinition(in relationshipDefinitionInput, d relationshipDefinition, answer func(any) reply) reply {
	if in.name.sent {
		d.name = *in.name.value
	}
	if in.description.sent {
		d.description = in.description.value
	}
	if in.singleHolder != nil {
		d.singleHolder = *in.singleHolder
	}
	store := s.relationshipRows()
	if taken := store.definitionNamed(d.name); taken != nil && taken.id != d.id {
		return conflict("A relationship definition with this name already exists for this team.")
	}
	store.replaceDefinition(&d)
	return answer(s.relationshipDefinitionBody(&d))
}

// deleteRelationshipDefinition removes a definition with all that was ever
// assigned under it.
func (s *Sandbox) deleteRelationshipDefinition(q *request) reply {
	store := s.relationshipRows()
	d := store.findDefinition(q.arg("definition"))
	switch {
	case d == nil:
		return rowNotFound()
	case d.controlled:
		return conflict("This relationship is controlled, so it can't be deleted.") // PostHog's own words are not known
	}
	store.dropDefinition(d.id)
	return noContent()
}
