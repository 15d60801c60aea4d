package sandbox

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// customPropertyStore holds the definitions of custom properties and the
// accounts' values for them.
type customPropertyStore struct {
	once        sync.Once
	definitions map[uuid.UUID]*definition
	values      map[uuid.UUID][]*propertyValue // active ones, by account, oldest first

	forcedConflicts atomic.Int32
}

// definition is the shape of a custom property. Rows are replaced, never
// changed.
type definition struct {
	id          uuid.UUID
	name        string
	description *string
	displayType string
	bigNumber   bool
	options     []option // of a select, nil otherwise
	source      *sourceBody
	canonical   bool // PostHog writes it itself; means nothing to older generations
	createdAt   time.Time
	createdBy   *int64
	updatedAt   time.Time
}

// customPropertyRows is how actions reach definitions and values; see
// accountRows.
func (s *Sandbox) customPropertyRows() *customPropertyStore {
	s.customProperties.once.Do(func() { s.loadCustomProperties(&s.customProperties) })
	return &s.customProperties
}

// dropAccount forgets the values of an account that is gone.
func (store *customPropertyStore) dropAccount(account uuid.UUID) { delete(store.values, account) }

// dropDefinition deletes a definition and everybody's value for it.
func (store *customPropertyStore) dropDefinition(id uuid.UUID) {
	delete(store.definitions, id)
	for account, values := range store.values {
		store.values[account] = slices.DeleteFunc(slices.Clone(values), func(v *propertyValue) bool { return v.definition == id })
	}
}

func (store *customPropertyStore) find(id string) *definition {
	parsed, ok := pythonUUID(id)
	if !ok {
		return nil
	}
	return store.definitions[parsed]
}

func (store *customPropertyStore) nameTaken(name string, by uuid.UUID) bool {
	for _, d := range store.definitions {
		if d.id != by && d.name == name {
			return true
		}
	}
	return false
}

func (s *Sandbox) routeCustomProperties() {
	read, write := []string{"account:read"}, []string{"account:write"}
	s.route(bothMounts, "custom_property_definitions", actions{
		"GET":  {scopes: read, reads: true, run: s.listDefinitions},
		"POST": {scopes: write, run: s.createDefinition},
	})
	s.route(bothMounts, "custom_property_definitions/{definition}", actions{
		"GET":    {scopes: read, reads: true, run: s.showDefinition},
		"PATCH":  {scopes: write, run: func(q *request) reply { return s.updateDefinition(q, true) }},
		"PUT":    {scopes: write, run: func(q *request) reply { return s.updateDefinition(q, false) }},
		"DELETE": {scopes: write, admin: s.gen.newest(), run: s.deleteDefinition},
	})
	if s.gen.tracksAccounts() {
		s.route(bothMounts, "custom_property_definitions/values", actions{"GET": {scopes: read, reads: true, run: s.suggestValues}})
	}
	s.route(projectsOnly, "accounts/{account}/custom_property_values", actions{
		"GET":  {scopes: read, reads: true, run: s.listValues},
		"POST": {scopes: write, run: s.setValue},
	})
}

// definitionBody is a definition as the API shows it.
type definitionBody struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Description *string       `json:"description"`
	DisplayType string        `json:"display_type"`
	TargetType  newer[string] `json:"target_type,omitzero"`
	GroupType   newer[*int64] `json:"group_type_index,omitzero"`
	IsBigNumber bool          `json:"is_big_number"`
	IsCanonical newer[bool]   `json:"is_canonical,omitzero"`
	Options     []option      `json:"options"`
	Source      *sourceBody   `json:"source"`
	CreatedAt   string        `json:"created_at"`
	CreatedBy   *int64        `json:"created_by"`
	UpdatedAt   string        `json:"updated_at"`
	References  []string      `json:"references"`
	InWorkflow  newer[bool]   `json:"has_workflow_reference,omitzero"`
}

// sourceBody is the warehouse view that feeds a definition.
type sourceBody struct {
	ID                  string  `json:"id"`
	Definition          string  `json:"definition"`
	SavedQuery          string  `json:"saved_query"`
	SourceColumn        string  `json:"source_column"`
	KeyColumn           string  `json:"key_column"`
	IsEnabled           bool    `json:"is_enabled"`
	ConsecutiveFailures int     `json:"consecutive_failures"`
	LastSyncedAt        string  `json:"last_synced_at"`
	LastSyncError       *string `json:"last_sync_error"`
	CreatedAt           string  `json:"created_at"`
	CreatedBy           *int64  `json:"created_by"`
	UpdatedAt           string  `json:"updated_at"`
}

// definitionBody shows a definition. All of the sandbox's are for accounts, and no
// workflow uses one.
func (s *Sandbox) definitionBody(d *definition) definitionBody {
	now := s.gen.tracksAccounts()
	return definitionBody{
		ID: d.id.String(), Name: d.name, Description: d.description, DisplayType: d.displayType, IsBigNumber: d.bigNumber,
		TargetType: since(now, "account"), GroupType: since[*int64](now, nil), IsCanonical: since(now, d.canonical), InWorkflow: since(now, false),
		Options: d.options, Source: d.source, CreatedAt: stamp(d.createdAt), CreatedBy: d.createdBy, UpdatedAt: stamp(d.updatedAt),
		References: []string{},
	}
}

func (s *Sandbox) listDefinitions(q *request) reply {
	rows := slices.SortedFunc(maps.Values(s.customPropertyRows().definitions), func(a, b *definition) int {
		return cmp.Or(compareNames(a.name, b.name), cmp.Compare(a.id.String(), b.id.String()))
	})
	return ok(paginate(q, rows, s.definitionBody))
}

func (s *Sandbox) showDefinition(q *request) reply {
	d := s.customPropertyRows().find(q.arg("definition"))
	if d == nil {
		return rowNotFound()
	}
	return ok(s.definitionBody(d))
}

func (s *Sandbox) createDefinition(q *request) reply {
	in, refusal := s.definitionInput(q, false)
	if refusal != nil {
		return *refusal
	}
	now := s.rowTime()
	return s.saveDefinition(in, definition{id: newID(), createdAt: now, createdBy: &q.user.ID}, created)
}

// updateDefinition is PATCH and PUT; PUT requires name and type.
func (s *Sandbox) updateDefinition(q *request, partial bool) reply {
	in, refusal := s.definitionInput(q, partial)
	if refusal != nil {
		return *refusal
	}
	d := s.customPropertyRows().find(q.arg("definition"))
	if d == nil {
		return rowNotFound()
	}
	return s.saveDefinition(in, *d, ok)
}

func (s *Sandbox) deleteDefinition(q *request) reply {
	store := s.customPropertyRows()
	d := store.find(q.arg("definition"))
	if d == nil {
		return rowNotFound()
	}
	store.dropDefinition(d.id)
	return noContent()
}

// saveDefinition applies the input to a copy of a row and stores it.
func (s *Sandbox) saveDefinition(in definitionInput, d definition, answer func(any) reply) reply {
	if s.gen.tracksAccounts() && d.canonical && in.renames(d) {
		return invalid("", "", "This custom property is managed by PostHog and can't be edited manually.")
	}
	if refusal := in.apply(&d); refusal != nil {
		return *refusal
	}
	store := s.customPropertyRows()
	if store.nameTaken(d.name, d.id) {
		return conflict("A custom property with this name already exists for this team.")
	}
	d.updatedAt = s.rowTime()
	store.definitions[d.id] = &d
	return answer(s.definitionBody(&d))
}
