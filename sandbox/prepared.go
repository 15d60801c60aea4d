package sandbox

import (
	"sync"
	"time"
)

// beginning is all that the first rows of a sandbox follow from.
type beginning struct {
	generation generation
	start      time.Time
}

func (s *Sandbox) beginning() beginning { return beginning{s.gen, s.start} }

// mostPrepared is how many beginnings are kept. Clocks go on, so that those
// of earlier minutes are soon of no use.
const mostPrepared = 8

// prepared keeps the first rows of sandboxes that begin alike, so that a
// process with hundreds of them makes these rows once. A row is replaced, never
// changed, so stores can share rows; the maps and lists that hold them are
// copied into each.
type prepared[K comparable, V any] struct {
	mu    sync.Mutex
	ready map[K]V
}

// of is what belongs to a key, made by the first who asks for it.
func (p *prepared[K, V]) of(key K, make func() V) V {
	p.mu.Lock()
	defer p.mu.Unlock()
	value, there := p.ready[key]
	if there {
		return value
	}
	if p.ready == nil || len(p.ready) >= mostPrepared {
		p.ready = map[K]V{}
	}
	value = make()
	p.ready[key] = value
	return value
}

var (
	preparedAccounts         prepared[beginning, *accountStore]
	preparedRelationships    prepared[relationshipBeginning, *relationshipStore]
	preparedNotebooks        prepared[beginning, *notebookStore]
	preparedCustomProperties prepared[beginning, *customPropertyStore]
	preparedPersons          prepared[time.Time, *personStore]
)
