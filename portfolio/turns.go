package portfolio

import (
	"context"
	"sync"
	"time"
)

// turns lets one call at a time read and replace the same account, or make the
// same thing: two that do it at once in this process would undo each other, or
// take each other's work for their own.
type turns struct {
	mu    sync.Mutex
	named map[string]*turn
	swept time.Time
}

// turn is the right to go on, while it is held.
type turn struct {
	of    *turns
	token chan struct{} // holds one token while nobody has the turn
	users int           // who hold it or wait for it

	last time.Time       // when it was last given back
	made map[string]bool // what was made in it, by id
}

// remembered is how long it is known what was made: longer than any call lasts.
const remembered = 10 * time.Minute

func newTurns() *turns { return &turns{named: map[string]*turn{}} }

// take waits for the turn of that name. Who gets it gives it back.
func (t *turns) take(ctx context.Context, name string) (*turn, error) {
	taken := t.enter(name)
	select {
	case <-taken.token:
		return taken, nil
	case <-ctx.Done():
		t.mu.Lock()
		taken.users--
		t.mu.Unlock()
		return nil, ctx.Err()
	}
}

func (t *turns) enter(name string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	wanted := t.named[name]
	if wanted == nil {
		wanted = &turn{of: t, token: make(chan struct{}, 1), made: map[string]bool{}}
		wanted.token <- struct{}{}
		t.named[name] = wanted
	}
	wanted.users++
	return wanted
}

// sweep forgets, once in a while, what nobody can need any more.
func (t *turns) sweep() {
	if time.Since(t.swept) < remembered {
		return
	}
	t.swept = time.Now()
	for name, kept := range t.named {
		if kept.users == 0 && time.Since(kept.last) > remembered {
			delete(t.named, name)
		}
	}
}

// giveBack lets the next one go on.
func (t *turn) giveBack() {
	t.of.mu.Lock()
	t.users--
	t.last = time.Now()
	t.of.mu.Unlock()
	t.token <- struct{}{}
}
