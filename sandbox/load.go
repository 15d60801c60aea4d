package sandbox

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"posthog-accounts-mcp/sandbox/seed"
)

// emptyMembers is how many of the seeded members an empty sandbox has.
const emptyMembers = 3

// seedIdentity sets up the organisation, its project and its members. It runs
// at once, unlike the loading of rows: there is little of it, and the keys
// need their owners.
func (s *Sandbox) seedIdentity() {
	s.org = organization{ID: organizationID, Name: "Sandbox Inc."}
	s.project = project{ID: ProjectID, UUID: "0192d1aa-5c1e-7000-8000-0000000000a1", Name: "Default project"}
	members := seed.Users()
	if s.opts.Empty {
		members = members[:emptyMembers]
	}
	for i, m := range members {
		s.org.Users = append(s.org.Users, user{
			ID: m.ID, UUID: m.UUID, DistinctID: m.DistinctID, FirstName: m.FirstName, LastName: m.LastName, Email: m.Email,
			Role: m.Role, Level: m.Level, JoinedAt: s.start.Add(-900*24*time.Hour + time.Duration(i)*17*24*time.Hour),
		})
	}
}

// ago is a seeded moment: that long before the sandbox started, as PostgreSQL
// stores it.
func (s *Sandbox) ago(d time.Duration) time.Time { return s.start.Add(-d).Truncate(time.Microsecond) }

// userRef is a column that refers to a user, null for 0 and for somebody who
// is not a member.
func (s *Sandbox) userRef(id int64) *int64 {
	if u := s.userByID(id); u != nil {
		return &u.ID
	}
	return nil
}

func (s *Sandbox) loadAccounts(store *accountStore) {
	store.rows = map[uuid.UUID]*account{}
	if s.opts.Empty {
		return
	}
	ready := preparedAccounts.of(s.beginning(), s.seededAccounts)
	store.rows, store.seq = maps.Clone(ready.rows), ready.seq
}

func (s *Sandbox) seededAccounts() *accountStore {
	store := &accountStore{rows: map[uuid.UUID]*account{}}
	for _, seeded := range seed.Accounts() {
		row := &account{
			id: uuid.MustParse(seeded.ID), name: seeded.Name, tags: seeded.Tags, createdBy: s.userRef(seeded.CreatedBy),
			createdAt: s.ago(seeded.CreatedAgo), updatedAt: s.ago(seeded.UpdatedAgo),
		}
		if seeded.ExternalID != "" {
			row.externalID = &seeded.ExternalID
		}
		s.loadProperties(row, seeded)
		s.loadTracking(row, seeded)
		store.put(row)
	}
	return store
}

// loadProperties is where the generations differ most: in the documented one
// roles are properties, in the current one an account's domain is.
func (s *Sandbox) loadProperties(row *account, seeded seed.Account) {
	properties := map[string]any{}
	for key, value := range seeded.Properties {
		properties[key] = value
	}
	if s.gen.rolesInProperties() {
		for i, holder := range seededRoles(seeded) {
			if u := s.userByID(holder); u != nil {
				properties[roleNames[i]] = map[string]any{"id": u.ID, "email": u.Email}
			}
		}
	}
	if s.gen.tracksAccounts() {
		addDomain(properties, seeded)
	}
	encoded, _ := encode(properties) // texts and numbers only: it cannot fail
	row.setProperties(jsonb(encoded))
}

// seededRoles are the holders of the three roles, 0 for nobody.
func seededRoles(seeded seed.Account) [roleCount]int64 {
	return [roleCount]int64{seeded.CSM, seeded.AccountExecutive, seeded.AccountOwner}
}

// addDomain adds the properties that came with the current generation.
func addDomain(properties map[string]any, seeded seed.Account) {
	properties["website_domain"] = seeded.Domain
	if seeded.ExternalID != "" {
		properties["metabase_link"] = "https://metabase.example.com/dashboard/12-account?org=" + url.QueryEscape(seeded.ExternalID)
	}
	if len(seeded.EmailDomains) > 0 {
		properties["email_domains"] = seeded.EmailDomains
	}
	if len(seeded.KnownEmails) > 0 {
		properties["known_emails"] = seeded.KnownEmails
	}
}

// loadTracking hides an account from the lists of the current generation from
// the last time that somebody changed it.
func (s *Sandbox) loadTracking(row *account, seeded seed.Account) {
	if !s.gen.tracksAccounts() {
		return
	}
	if seeded.Churned {
		row.tracking.churnedAt = &row.updatedAt
	}
	if seeded.Ignored {
		row.tracking.ignoredAt = &row.updatedAt
	}
}

// seededDefinitions are what the portfolio's relationships are called, in the
// order of the roles.
var seededDefinitions = [roleCount]struct{ id, name, description string }{
	{"01943aa0-e000-7c51-9a0e-3b7d5c2f8e01", "CSM", "The customer success manager responsible for this account"},
	{"01943aa0-e400-7d62-8b1f-4c8e6d3a9f02", "Account executive", "Who sells to this account"},
	{"01943aa0-e800-7e73-9c20-5d9f7e4bac03", "Account owner", "Who answers for this account"},
}

// relationshipBeginning is all that the first relationships follow from.
type relationshipBeginning struct {
	beginning
	controlled string // the names, one after the other
}

func (s *Sandbox) loadRelationships(store *relationshipStore) {
	store.definitions, store.byAccount = map[uuid.UUID]*relationshipDefinition{}, map[uuid.UUID][]*relationship{}
	if s.opts.Empty || !s.gen.hasRelationships() {
		return
	}
	begins := relationshipBeginning{s.beginning(), fmt.Sprintf("%q", s.opts.Controlled)}
	ready := preparedRelationships.of(begins, s.seededRelationships)
	store.definitions, store.byAccount = maps.Clone(ready.definitions), maps.Clone(ready.byAccount)
}

// seededRelationships makes the seeded roles relationships, as PostHog's own
// migration of older projects did.
func (s *Sandbox) seededRelationships() *relationshipStore {
	store := &relationshipStore{definitions: map[uuid.UUID]*relationshipDefinition{}, byAccount: map[uuid.UUID][]*relationship{}}
	var definitions [roleCount]*relationshipDefinition
	for i, seeded := range seededDefinitions {
		definitions[i] = &relationshipDefinition{id: uuid.MustParse(seeded.id), name: seeded.name, description: &seeded.description,
			singleHolder: true, controlled: slices.Contains(s.opts.Controlled, seeded.name)}
		store.definitions[definitions[i].id] = definitions[i]
	}
	source := migrationSource
	for _, seeded := range seed.Accounts() {
		account := uuid.MustParse(seeded.ID)
		for i, holder := range seededRoles(seeded) {
			if u := s.userByID(holder); u != nil {
				store.byAccount[account] = append(store.byAccount[account], &relationship{
					id: uuid.NewSHA1(account, []byte(seededDefinitions[i].id)), definition: definitions[i], user: u,
					startedAt: s.ago(seeded.CreatedAgo), source: &source,
				})
			}
		}
	}
	return store
}

func (s *Sandbox) loadNotebooks(store *notebookStore) {
	store.rows, store.links = map[string]*notebook{}, map[uuid.UUID][]string{}
	if s.opts.Empty {
		return
	}
	ready := preparedNotebooks.of(s.beginning(), s.seededNotebooks)
	store.rows, store.links, store.seq = maps.Clone(ready.rows), maps.Clone(ready.links), ready.seq
}

func (s *Sandbox) seededNotebooks() *notebookStore {
	store := &notebookStore{rows: map[string]*notebook{}, links: map[uuid.UUID][]string{}}
	for _, seeded := range seed.Notes() {
		linkedTo := uuid.MustParse(seeded.AccountID)
		author := s.userByID(seeded.Author)
		row := &notebook{
			id: uuid.MustParse(seeded.ID), shortID: seeded.ShortID, account: &linkedTo, text: &seeded.Markdown, made: s.gen.fromText(),
			createdAt: s.ago(seeded.Ago), modifiedAt: s.ago(seeded.ModifiedAgo), createdBy: author, modifiedBy: author,
		}
		if !seeded.NullTitle {
			row.title = &seeded.Title
		}
		if seeded.Doc != nil { // somebody saved it in the editor, as rich text to this day
			row.content, row.made, row.version = jsonb(seeded.Doc), ofContent, 1
		}
		store.add(row)
	}
	return store
}

func (s *Sandbox) loadCustomProperties(store *customPropertyStore) {
	store.definitions, store.values = map[uuid.UUID]*definition{}, map[uuid.UUID][]*propertyValue{}
	if s.opts.Empty {
		return
	}
	ready := preparedCustomProperties.of(s.beginning(), s.seededCustomProperties)
	store.definitions, store.values = maps.Clone(ready.definitions), maps.Clone(ready.values)
}

func (s *Sandbox) seededCustomProperties() *customPropertyStore {
	store := &customPropertyStore{definitions: map[uuid.UUID]*definition{}, values: map[uuid.UUID][]*propertyValue{}}
	made := s.ago(300 * 24 * time.Hour)
	for _, seeded := range seed.Definitions() {
		row := &definition{
			id: uuid.MustParse(seeded.ID), name: seeded.Name, displayType: seeded.DisplayType, bigNumber: seeded.IsBigNumber,
			canonical: seeded.Canonical, createdAt: made, createdBy: s.userRef(seed.Ada), updatedAt: made,
		}
		if seeded.Description != "" {
			row.description = &seeded.Description
		}
		for _, o := range seeded.Options {
			row.options = append(row.options, option(o))
		}
		if seeded.Source {
			row.source = s.warehouseSource(row)
		}
		store.definitions[row.id] = row
	}
	for _, seeded := range seed.Values(s.start) {
		row := &propertyValue{
			id: uuid.MustParse(seeded.ID), account: uuid.MustParse(seeded.AccountID), definition: uuid.MustParse(seeded.DefinitionID),
			value: storedValue(store, seeded), createdAt: s.ago(seeded.Ago), createdBy: s.userRef(seeded.CreatedBy),
		}
		store.values[row.account] = append(store.values[row.account], row)
	}
	return store
}

// storedValue is a seeded value as its column holds it: the seed has dates as
// texts.
func storedValue(store *customPropertyStore, seeded seed.Value) any {
	text, isText := seeded.Value.(string)
	d := store.definitions[uuid.MustParse(seeded.DefinitionID)]
	if isText && storageOf[d.displayType] == datetimeStorage {
		moment, _ := parseISO(text)
		return moment
	}
	return seeded.Value
}

// warehouseSource is the view that feeds a definition, its ids derived from
// the definition's.
func (s *Sandbox) warehouseSource(d *definition) *sourceBody {
	derived := func(what string) string { return uuid.NewSHA1(d.id, []byte(what)).String() }
	return &sourceBody{
		ID: derived("source"), Definition: d.id.String(), SavedQuery: derived("view"), SourceColumn: "value", KeyColumn: "external_id",
		IsEnabled: true, LastSyncedAt: stamp(s.ago(3 * time.Hour)), CreatedAt: stamp(d.createdAt), CreatedBy: d.createdBy,
		UpdatedAt: stamp(s.ago(3 * time.Hour)),
	}
}
