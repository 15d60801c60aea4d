package sandbox

import (
	"cmp"
	"slices"
	"strings"
)

// accountFilter is what the list of accounts is narrowed to; the filters
// combine with AND.
type accountFilter struct {
	search        string
	tags          []string
	roles         [roleCount]roleFilter
	allUnassigned bool
	ordering      string
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
// else makes no sense is ignored in silence.
func (q *request) accountFilter() (accountFilter, *reply) {
	tags, refusal := q.tagsFilter()
	if refusal != nil {
		return accountFilter{}, refusal
	}
	filter := accountFilter{
		search:        strings.ToUpper(strings.TrimSpace(q.param("search"))),
		tags:          tags,
		allUnassigned: strings.EqualFold(q.param("all_roles_unassigned"), "true"),
		ordering:      q.param("ordering"),
	}
	for i, name := range roleNames {
		filter.roles[i] = q.roleFilter(name)
	}
	return filter, nil
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
	if f.search != "" && !strings.Contains(strings.ToUpper(a.name), f.search) &&
		(a.externalID == nil || !strings.Contains(strings.ToUpper(*a.externalID), f.search)) {
		return false
	}
	if len(f.tags) > 0 && !slices.ContainsFunc(f.tags, func(tag string) bool { return slices.Contains(a.tags, tag) }) {
		return false
	}
	for i, role := range f.roles {
		if !role.accepts(a.roles[i]) || f.allUnassigned && a.roles[i] != nil {
			return false
		}
	}
	return true
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
