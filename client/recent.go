package client

import "container/list"

// recent keeps the values used last, at most a fixed number of them: what it is keyed by comes from callers,
// and must not fill the memory. It needs its owner's lock.
type recent[K comparable, V any] struct {
	most   int
	order  *list.List // of entry[K, V], the last used at the front
	values map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value *V
}

func newRecent[K comparable, V any](most int) *recent[K, V] {
	return &recent[K, V]{most: most, order: list.New(), values: map[K]*list.Element{}}
}

// get returns the value of key, a zero value when it is new or was dropped.
func (r *recent[K, V]) get(key K) *V {
	if element, ok := r.values[key]; ok {
		r.order.MoveToFront(element)
		return element.Value.(entry[K, V]).value
	}
	if r.order.Len() >= r.most {
		dropped := r.order.Remove(r.order.Back()).(entry[K, V])
		delete(r.values, dropped.key)
	}
	value := new(V)
	r.values[key] = r.order.PushFront(entry[K, V]{key, value})
	return value
}
