package sandbox

import (
	"cmp"
	"slices"
	"strings"
)

// accountFilter is what the list of accounts is narrowed to; the filters
// combine with AND.
type accountFilter struct {
	search   string
	contacts []string // e-mail addresses and domains in the search
	tags     []string
	roles    [roleCount]roleFilter
	ordering string

	hideChurned, hideIgnored bool

	nobodyHolds func(*account) bool // nil for no filter
	denied      func(*account) bool
}

// roleFilter narrows to one holder, or to nobody. The zero value is no filter.
type roleFilter struct {
	active bool
	holder *int64
}

func (r roleFilter) accepts(holder *int64) bool {
	switch {
	case !r.active:
		return true
	case r.holder == nil || holder == nil:
		return r.holder == holder
	}
	return *r.holder == *holder
}

// accountFilter reads the query. Only malformed tags are refused; whatever
// else makes no sense is ignored in silence, and so are the role filters of
// the documented generation in every other.
func (s *Sandbox) accountFilter(q *request) (accountFilter, *reply) {
	tags, refusal := q.tagsFilter()
	if refusal != nil {
		return accountFilter{}, refusal
	}
	filter := accountFilter{
		search:   strings.ToUpper(strings.TrimSpace(q.param("search"))),
		tags:     tags,
		ordering: q.param("ordering"),
		denied:   q.denies,
	}
	if q.flag("all_roles_unassigned") {
		filter.nobodyHolds = s.unassigned
	}
	if s.gen.rolesInProperties() {
		for i, name := range roleNames {
			filter.roles[i] = q.roleFilter(name)
		}
	}
	if s.gen.tracksAccounts() {
		filter.contacts = contactsIn(q.param("search"))
		filter.hideChurned, filter.hideIgnored = !q.flag("include_churned"), !q.flag("include_ignored")
	}
	return filter, nil
}

// flag reads a boolean parameter: only the word true counts, in any case.
func (q *request) flag(name string) bool { return strings.EqualFold(q.param(name), "true") }

// unassigned tells whether nobody holds any role of an account.
func (s *Sandbox) unassigned(a *account) bool {
	if s.gen.hasRelationships() {
		return !s.relationshipRows().anyHolder(a.id, nil)
	}
	return a.roles == roles{}
}

// roleFilter takes an integer user id or the word unassigned. Anything else,
// an e-mail address for one, is no filter at all.
func (q *request) roleFilter(name string) roleFilter {
	text := q.param(name)
	if text == "unassigned" {
		return roleFilter{active: true}
	}
	id, ok := parsePythonInt(text)
	if !ok {
		return roleFilter{}
	}
	return roleFilter{active: true, holder: &id}
}

func (f accountFilter) accepts(a *account) bool {
	switch {
	case f.denied(a), f.hideChurned && a.tracking.churnedAt != nil, f.hideIgnored && a.tracking.ignoredAt != nil:
		return false
	case f.search != "" && !f.finds(a):
		return false
	case len(f.tags) > 0 && !slices.ContainsFunc(f.tags, func(tag string) bool { return slices.Contains(a.tags, tag) }):
		return false
	case f.nobodyHolds != nil && !f.nobodyHolds(a):
		return false
	}
	for i, role := range f.roles {
		if !role.accepts(a.roles[i]) {
			return false
		}
	}
	return true
}

// finds tells whether the search is part of the name or the external id, or
// holds an address or a domain by which mail finds the account.
func (f accountFilter) finds(a *account) bool {
	return strings.Contains(strings.ToUpper(a.name), f.search) ||
		a.externalID != nil && strings.Contains(strings.ToUpper(*a.externalID), f.search) ||
		a.tracking.finds(f.contacts)
}

// sort orders by one column, the newest first unless another is named. Where
// PostHog leaves ties open, the order of creation decides, so that a page
// read twice is the same page.
func (f accountFilter) sort(rows []*account) {
	column, descending := strings.CutPrefix(f.ordering, "-")
	compare, known := accountOrders[column]
	if !known {
		compare, descending = accountOrders["created_at"], true
	}
	slices.SortFunc(rows, func(a, b *account) int {
		order := cmp.Or(compare(a, b), cmp.Compare(a.seq, b.seq))
		if descending {
			return -order
		}
		return order
	})
}

var accountOrders = map[string]func(a, b *account) int{
	"name":       func(a, b *account) int { return compareNames(a.name, b.name) },
	"created_at": func(a, b *account) int { return a.createdAt.Compare(b.createdAt) },
	"updated_at": func(a, b *account) int { return a.updatedAt.Compare(b.updatedAt) },
}

// compareNames stands in for the collation of PostHog's database: letters
// first, then their case.
func compareNames(a, b string) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
}
