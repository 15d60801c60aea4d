package sandbox

import (
	"cmp"
	"slices"
	"strings"
)

// personIndex is what lists and filters read. It is fed from the store, later,
// so that a filter can match a value that the row in the answer no longer has.
type personIndex struct {
	rows   map[string]*indexRow // by UUID
	order  []*indexRow          // oldest first, so that new persons go to the end
	buried map[string]bool      // the tombstones: distinct ids of deleted persons
}

// indexRow is a person as the index last saw it.
type indexRow struct {
	*person
	haystack string // what a search looks through, in lower case
	blank    bool   // overwritten by a split of the person's own first id
}

// separator stands between the texts of a haystack; no search text and no
// wildcard matches it.
const separator = "\x00"

func (x *personIndex) put(p *person) { x.place(p, false) }

// blank overwrites a person with an empty row. PostHog does it when somebody
// splits off the distinct id that the person's UUID was made from: the "new"
// person has the UUID of the old one.
func (x *personIndex) blank(p *person) {
	empty := *p
	empty.Properties, empty.Identified = noProperties, true
	x.place(&empty, true)
}

func (x *personIndex) place(p *person, blank bool) {
	x.remove(p.UUID)
	if x.hidden(p) {
		return
	}
	row := x.row(p)
	row.blank = blank
	x.rows[p.UUID] = row
	at, _ := slices.BinarySearchFunc(x.order, row, byAge)
	x.order = slices.Insert(x.order, at, row)
}

// hidden tells a person whom nothing but tombstones could lead to.
func (x *personIndex) hidden(p *person) bool {
	return len(p.DistinctIDs) > 0 && !slices.ContainsFunc(p.DistinctIDs, func(id string) bool { return !x.buried[id] })
}

func (x *personIndex) row(p *person) *indexRow {
	var words strings.Builder
	for _, key := range []string{"email", "name"} {
		if text, given := p.Properties.text(key); given {
			words.WriteString(text + separator)
		}
	}
	words.WriteString(p.UUID)
	for _, id := range p.DistinctIDs {
		if !x.buried[id] {
			words.WriteString(separator + id)
		}
	}
	return &indexRow{person: p, haystack: strings.ToLower(words.String())}
}

// fill loads many persons at once.
func (x *personIndex) fill(persons []*person) {
	for _, p := range persons {
		row := x.row(p)
		x.rows[p.UUID] = row
		x.order = append(x.order, row)
	}
	slices.SortFunc(x.order, byAge)
}

func (x *personIndex) remove(uuid string) {
	row, known := x.rows[uuid]
	if !known {
		return
	}
	delete(x.rows, uuid)
	if at, exact := slices.BinarySearchFunc(x.order, row, byAge); exact {
		x.order = slices.Delete(x.order, at, at+1)
	}
}

func (x *personIndex) bury(p *person) {
	x.remove(p.UUID)
	for _, id := range p.DistinctIDs {
		x.buried[id] = true
	}
}

// owns tells whether the index leads from a distinct id to a row.
func (x *personIndex) owns(row *indexRow, distinctID string) bool {
	return !x.buried[distinctID] && slices.Contains(row.DistinctIDs, distinctID)
}

// byAge orders rows by age, then UUID. Lists run through it backwards.
func byAge(a, b *indexRow) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.UUID, b.UUID))
}
