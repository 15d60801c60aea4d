package sandbox

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// accountStore holds the accounts of the project. Rows are never changed once
// they are in it, only replaced, so that a reply may refer to them after the
// lock is gone.
type accountStore struct {
	once sync.Once
	rows map[uuid.UUID]*account
	seq  int64
}

// account is one row.
type account struct {
	id         uuid.UUID
	seq        int64 // order of creation
	name       string
	externalID *string
	properties json.RawMessage // as stored: only the keys somebody sent
	roles      roles           // read out of properties, or empty
	tracking   tracking        // nothing, in older generations
	tags       []string
	createdAt  time.Time
	updatedAt  time.Time
	createdBy  *int64
}

// accountRows is how actions reach the accounts: the seeded ones are loaded
// when somebody first asks.
func (s *Sandbox) accountRows() *accountStore {
	s.accounts.once.Do(func() { s.loadAccounts(&s.accounts) })
	return &s.accounts
}

// put adds a row, or replaces the one with its id.
func (store *accountStore) put(a *account) {
	if a.seq == 0 {
		store.seq++
		a.seq = store.seq
	}
	store.rows[a.id] = a
}

// find takes the id as it stands in a URL; a malformed one is just missing.
func (store *accountStore) find(id string) *account {
	parsed, ok := pythonUUID(id)
	if !ok {
		return nil
	}
	return store.rows[parsed]
}

// matching lists the rows that a filter accepts, in its order.
func (store *accountStore) matching(filter accountFilter) []*account {
	found := make([]*account, 0, len(store.rows))
	for _, a := range store.rows {
		if filter.accepts(a) {
			found = append(found, a)
		}
	}
	filter.sort(found)
	return found
}

// externalIDTaken tells whether another account has this external id. The
// empty text is an id like any other; null is not.
func (store *accountStore) externalIDTaken(externalID *string, by uuid.UUID) bool {
	if externalID == nil {
		return false
	}
	for _, a := range store.rows {
		if a.id != by && a.externalID != nil && *a.externalID == *externalID {
			return true
		}
	}
	return false
}

func (s *Sandbox) routeAccounts() {
	read, write := []string{"account:read"}, []string{"account:write"}
	s.route(bothMounts, "accounts", actions{
		"GET":  {scopes: read, reads: true, run: s.listAccounts},
		"POST": {scopes: write, run: s.createAccount},
	})
	s.route(bothMounts, "accounts/{account}", actions{
		"GET":    {scopes: read, reads: true, run: s.showAccount},
		"PATCH":  {scopes: write, run: func(q *request) reply { return s.updateAccount(q, true) }},
		"PUT":    {scopes: write, run: func(q *request) reply { return s.updateAccount(q, false) }},
		"DELETE": {scopes: write, run: s.deleteAccount},
	})
	if s.gen.newest() {
		s.route(bothMounts, "accounts/by_external_id", actions{"GET": {scopes: read, reads: true, run: s.accountByExternalID}})
	}
	s.route(bothMounts, "tags", actions{}) // there, but not for personal keys
}

// accountBody is an account as the API shows it.
type accountBody struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	ExternalID *string         `json:"external_id"`
	Properties json.RawMessage `json:"properties"`
	Tags       []string        `json:"tags"`
	Notebooks  []string        `json:"notebooks"`
	Cadence    newer[*string]  `json:"slack_summary_cadence,omitzero"`
	ChurnedAt  newer[*string]  `json:"churned_at,omitzero"`
	IgnoredAt  newer[*string]  `json:"ignored_at,omitzero"`
	CreatedAt  string          `json:"created_at"`
	CreatedBy  *int64          `json:"created_by"`
	UpdatedAt  string          `json:"updated_at"`
}

func (s *Sandbox) accountBody(a *account) accountBody {
	tracks := s.gen.tracksAccounts()
	return accountBody{
		ID: a.id.String(), Name: a.name, ExternalID: a.externalID, Properties: a.properties,
		Tags: shuffled(a.tags), Notebooks: s.notebookRows().linked(a.id),
		Cadence: since(tracks, a.tracking.cadence), ChurnedAt: since(tracks, stampOrNull(a.tracking.churnedAt)),
		IgnoredAt: since(tracks, stampOrNull(a.tracking.ignoredAt)),
		CreatedAt: stamp(a.createdAt), CreatedBy: a.createdBy, UpdatedAt: stamp(a.updatedAt),
	}
}

func (s *Sandbox) listAccounts(q *request) reply {
	filter, refusal := s.accountFilter(q)
	if refusal != nil {
		return *refusal
	}
	return ok(paginate(q, s.accountRows().matching(filter), s.accountBody))
}

// account is the account in the URL, or why there is none: a forbidden one is
// a 403.
func (s *Sandbox) account(q *request) (*account, *reply) {
	a := s.accountRows().find(q.arg("account"))
	switch {
	case a == nil:
		missing := rowNotFound()
		return nil, &missing
	case q.denies(a):
		return nil, refuseAccess("You do not have permission to perform this action.")
	}
	return a, nil
}

// accountAbove is the account in the URL of something that belongs to it. A
// forbidden one looks missing here.
func (s *Sandbox) accountAbove(q *request) *account {
	a := s.accountRows().find(q.arg("account"))
	if a == nil || q.denies(a) {
		return nil
	}
	return a
}

// denies tells whether access control keeps the caller from an account.
func (q *request) denies(a *account) bool {
	return len(q.key.DeniedAccounts) > 0 && !q.isAdmin() && slices.Contains(q.key.DeniedAccounts, a.id.String())
}

func (s *Sandbox) showAccount(q *request) reply {
	a, refusal := s.account(q)
	if refusal != nil {
		return *refusal
	}
	return ok(s.accountBody(a))
}

// accountInput is a create or an update after the first checks, those that
// look at one field at a time.
type accountInput struct {
	name, externalID textField
	properties       json.RawMessage // as sent
	tags             []json.RawMessage
	tracking         trackingInput

	propertiesSent, tagsSent bool
}

func (s *Sandbox) accountInput(q *request, partial bool) (in accountInput, refusal *reply) {
	body, refusal := q.object()
	if refusal != nil {
		return in, refusal
	}
	if in.name, refusal = body.text("name", textRule{required: true, max: 400}, partial); refusal != nil {
		return in, refusal
	}
	if in.externalID, refusal = body.text("external_id", textRule{null: true, blank: true, max: 400}, partial); refusal != nil {
		return in, refusal
	}
	if in.propertiesSent, in.properties, refusal = body.propertiesField(); refusal != nil {
		return in, refusal
	}
	if q.isForm() {
		body.splitFormTags()
	}
	if in.tagsSent, in.tags, refusal = body.tagsField(); refusal != nil || !s.gen.tracksAccounts() {
		return in, refusal
	}
	in.tracking, refusal = body.trackingInput()
	return in, refusal
}

// touches tells whether an update writes the account's row. Tags live in rows
// of their own.
func (in accountInput) touches() bool {
	return in.name.sent || in.externalID.sent || in.propertiesSent || in.tracking.cadence.sent || in.tracking.churnedSent
}

// apply writes the input over a copy of a row. Sent properties and tags
// replace what was there; fields that were not sent stay.
func (s *Sandbox) apply(in accountInput, old account) (*account, *reply) {
	updated := old
	if in.name.sent {
		updated.name = *in.name.value
	}
	if in.externalID.sent {
		updated.externalID = in.externalID.value
	}
	if in.propertiesSent {
		stored, refusal := s.checkProperties(in.properties)
		if refusal != nil {
			return nil, refusal
		}
		updated.setProperties(stored)
	}
	in.tracking.apply(&updated.tracking)
	if s.accountRows().externalIDTaken(updated.externalID, old.id) {
		refusal := conflict("An account with this external_id already exists for this team.")
		return nil, &refusal
	}
	if in.tagsSent {
		tags, refusal := normalizeTags(in.tags)
		if refusal != nil {
			return nil, refusal
		}
		updated.tags = tags
	}
	return &updated, nil
}

func (s *Sandbox) createAccount(q *request) reply {
	in, refusal := s.accountInput(q, false)
	if refusal != nil {
		return *refusal
	}
	now := s.rowTime()
	a, refusal := s.apply(in, account{id: newID(), properties: json.RawMessage("{}"), createdAt: now, updatedAt: now, createdBy: &q.user.ID})
	if refusal != nil {
		return *refusal
	}
	s.accountRows().put(a)
	return created(s.accountBody(a))
}

// updateAccount is PATCH and PUT, which differ only in that PUT requires the
// name. The body is checked before anybody looks for the row. Only admins may
// change the texts by which mail finds its account, and who replaces the
// properties without naming them does.
func (s *Sandbox) updateAccount(q *request, partial bool) reply {
	in, refusal := s.accountInput(q, partial)
	if refusal != nil {
		return *refusal
	}
	old, refusal := s.account(q)
	if refusal != nil {
		return *refusal
	}
	a, refusal := s.apply(in, *old)
	if refusal != nil {
		return *refusal
	}
	if !a.tracking.senders.same(old.tracking.senders) && !q.isAdmin() {
		return forbidden("You do not have permission to perform this action.")
	}
	if in.touches() {
		a.updatedAt = s.rowTime()
	}
	s.accountRows().put(a)
	return ok(s.accountBody(a))
}

// deleteAccount is final. The account's values, its relationships and the
// links to its notebooks go with it; the notebooks themselves stay behind, on
// nobody's list.
func (s *Sandbox) deleteAccount(q *request) reply {
	a, refusal := s.account(q)
	if refusal != nil {
		return *refusal
	}
	if s.relationshipRows().controls(a.id) {
		return conflict("This account has a controlled relationship, or history under one, so it can't be deleted. Ignore the account to hide it instead.")
	}
	delete(s.accountRows().rows, a.id)
	s.relationshipRows().dropAccount(a.id)
	s.notebookRows().orphan(a.id)
	s.customPropertyRows().dropAccount(a.id)
	return noContent()
}

// rowTime is the present as PostgreSQL stores it, in microseconds.
func (s *Sandbox) rowTime() time.Time { return s.now().UTC().Truncate(time.Microsecond) }
