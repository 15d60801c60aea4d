package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/uuid"
)

// routeAccountNotes is the list of notes across accounts, which came late in
// the documented generation.
func (s *Sandbox) routeAccountNotes() {
	s.route(projectsOnly, "account_notes", actions{"GET": {scopes: []string{"account:read"}, reads: true, run: s.listAccountNotes}})
}

// accountNoteBody is a note without its body.
type accountNoteBody struct {
	ShortID        string    `json:"short_id"`
	Title          *string   `json:"title"`
	CreatedAt      string    `json:"created_at"`
	LastModifiedAt string    `json:"last_modified_at"`
	AccountID      string    `json:"account_id"`
	AccountName    string    `json:"account_name"`
	CreatedBy      *userBody `json:"created_by"`
}

func (s *Sandbox) accountNoteBody(n *notebook) accountNoteBody {
	return accountNoteBody{
		ShortID: n.shortID, Title: n.title, CreatedAt: stamp(n.createdAt), LastModifiedAt: stamp(n.modifiedAt),
		AccountID: n.account.String(), AccountName: s.accountRows().rows[*n.account].name, CreatedBy: n.createdBy.show(),
	}
}

// noteFilter is what the list is narrowed to; the filters combine with AND.
type noteFilter struct {
	search     searchQuery
	name       string // the search again, upper case, for the account's name
	account    *uuid.UUID
	createdBy  []int64
	assignedTo []int64
}

func (q *request) noteFilter() (noteFilter, *reply) {
	search := strings.TrimSpace(q.param("search"))
	filter := noteFilter{search: parseSearch(search), name: strings.ToUpper(search)}
	if id := q.param("account_id"); id != "" {
		account, ok := pythonUUID(id)
		if !ok {
			return filter, refuse("account_id", "", "Must be a valid UUID.")
		}
		filter.account = &account
	}
	var refusal *reply
	if filter.createdBy, refusal = q.userIDs("created_by"); refusal != nil {
		return filter, refusal
	}
	filter.assignedTo, refusal = q.userIDs("assigned_to")
	return filter, refusal
}

// userIDs reads a parameter that holds user ids, repeated or joined by commas.
func (q *request) userIDs(name string) ([]int64, *reply) {
	var ids []int64
	for part := range strings.SplitSeq(strings.Join(q.URL.Query()[name], ","), ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if strings.ContainsFunc(part, func(r rune) bool { return !unicode.IsDigit(r) }) {
			return nil, refuse(name, "", "Must be a comma-separated list of numeric user IDs.")
		}
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			id = -1 // no such user
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *Sandbox) acceptsNote(f noteFilter, n *notebook, a *account) bool {
	switch {
	case f.account != nil && *f.account != a.id:
		return false
	case f.createdBy != nil && (n.createdBy == nil || !containsID(f.createdBy, n.createdBy.ID)):
		return false
	case f.assignedTo != nil && !s.assignedTo(a, f.assignedTo):
		return false
	}
	return f.name == "" || n.matches(f.search) || strings.Contains(strings.ToUpper(a.name), f.name)
}

// assignedTo tells whether an account is one of the users'. Where roles are
// properties that means its CSM or account executive, not its owner; else
// any relationship.
func (s *Sandbox) assignedTo(a *account, users []int64) bool {
	if s.gen.hasRelationships() {
		return s.relationshipRows().anyHolder(a.id, users)
	}
	return slices.ContainsFunc(a.roles[:roleAccountOwner], func(holder *int64) bool {
		return holder != nil && containsID(users, *holder)
	})
}

func (s *Sandbox) listAccountNotes(q *request) reply {
	filter, refusal := q.noteFilter()
	if refusal != nil {
		return *refusal
	}
	accounts := s.accountRows().rows
	rows := slices.DeleteFunc(s.notebookRows().allVisible(), func(n *notebook) bool {
		a := accounts[*n.account]
		return q.denies(a) || !s.acceptsNote(filter, n, a)
	})
	slices.SortFunc(rows, func(a, b *notebook) int {
		return cmp.Or(b.modifiedAt.Compare(a.modifiedAt), cmp.Compare(b.seq, a.seq))
	})
	return ok(paginate(q, rows, s.accountNoteBody))
}
