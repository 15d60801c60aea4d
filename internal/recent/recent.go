// Package recent keeps answers for a short while and lets callers who ask for
// the same thing at the same time share one request.
package recent

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Cache holds at most Most values, each for TTL. Failures are not kept. The
// zero Cache is not usable; see New.
type Cache[V any] struct {
	ttl   time.Duration
	most  int
	group singleflight.Group

	mu     sync.Mutex
	values map[string]entry[V]
	drops  int // how often something was dropped
}

type entry[V any] struct {
	value   V
	expires time.Time
}

// New returns an empty cache.
func New[V any](ttl time.Duration, most int) *Cache[V] {
	return &Cache[V]{ttl: ttl, most: most, values: map[string]entry[V]{}}
}

// Get returns the value of a key, fetching it if there is none or it is too
// old. A caller whose context ends stops waiting; the fetch goes on for the
// others, with the values but not the end of the context that started it.
func (c *Cache[V]) Get(ctx context.Context, key string, fetch func(context.Context) (V, error)) (V, error) {
	if value, ok := c.Peek(key); ok {
		return value, nil
	}
	flight := c.group.DoChan(key, func() (any, error) {
		drops := c.dropsSoFar()
		value, err := fetch(context.WithoutCancel(ctx))
		if err == nil {
			c.putUnlessDropped(key, value, drops)
		}
		return value, err
	})
	select {
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	case result := <-flight:
		value, _ := result.Val.(V)
		return value, result.Err
	}
}

// Drop forgets a value, so that the next caller fetches it. A fetch under way
// is as old as the value: its callers get what it brings, and nobody else.
func (c *Cache[V]) Drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	delete(c.values, key)
	c.group.Forget(key)
}

func (c *Cache[V]) dropsSoFar() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

// putUnlessDropped stores what a fetch brought, unless anything was dropped
// since it began: that could have been its value.
func (c *Cache[V]) putUnlessDropped(key string, value V, drops int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops == drops {
		c.put(key, value)
	}
}

// Peek returns a value that is there and fresh.
func (c *Cache[V]) Peek(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.values[key]
	if !ok || !time.Now().Before(e.expires) {
		var none V
		return none, false
	}
	return e.value, true
}

// Put stores a value, as if it had just been fetched.
func (c *Cache[V]) Put(key string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(key, value)
}

func (c *Cache[V]) put(key string, value V) {
	now := time.Now()
	if len(c.values) >= c.most {
		c.makeRoom(now)
	}
	c.values[key] = entry[V]{value, now.Add(c.ttl)}
}

// makeRoom drops what has expired, and whatever comes first if nothing has.
func (c *Cache[V]) makeRoom(now time.Time) {
	for key, e := range c.values {
		if !now.Before(e.expires) {
			delete(c.values, key)
		}
	}
	for key := range c.values {
		if len(c.values) < c.most {
			return
		}
		delete(c.values, key)
	}
}
