package recent_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/recent"
)

func TestFetchedOnce(t *testing.T) {
	t.Parallel()
	cache := recent.New[int](time.Hour, 10)
	fetches := 0
	fetch := func(context.Context) (int, error) { fetches++; return 7, nil }
	for range 3 {
		value, err := cache.Get(t.Context(), "a", fetch)
		require.NoError(t, err)
		require.Equal(t, 7, value)
	}
	require.Equal(t, 1, fetches)
	_, err := cache.Get(t.Context(), "b", fetch)
	require.NoError(t, err)
	require.Equal(t, 2, fetches, "another key is another question")
}

func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	cache := recent.New[int](time.Hour, 10)
	_, err := cache.Get(t.Context(), "a", func(context.Context) (int, error) { return 1, errors.New("no") })
	require.EqualError(t, err, "no")
	_, there := cache.Peek("a")
	require.False(t, there)
}

func TestOldValuesAreGone(t *testing.T) {
	t.Parallel()
	cache := recent.New[int](0, 10)
	cache.Put("a", 1)
	_, there := cache.Peek("a")
	require.False(t, there)
}

func TestNoMoreThanItsSize(t *testing.T) {
	t.Parallel()
	cache := recent.New[int](time.Hour, 3)
	for n := range 10 {
		cache.Put(fmt.Sprint(n), n)
	}
	kept := 0
	for n := range 10 {
		if value, there := cache.Peek(fmt.Sprint(n)); there {
			kept++
			require.Equal(t, n, value)
		}
	}
	require.Equal(t, 3, kept)
	_, there := cache.Peek("9")
	require.True(t, there, "the newest is among them")
}

// A caller who leaves takes nobody with them: the fetch goes on for the
// others, and whoever comes meanwhile shares it.
func TestLeavingDoesNotEndTheFetch(t *testing.T) {
	t.Parallel()
	cache := recent.New[int](time.Hour, 10)
	started, release := make(chan struct{}), make(chan struct{})
	var fetches atomic.Int32
	fetch := func(ctx context.Context) (int, error) {
		fetches.Add(1)
		close(started)
		<-release
		return 5, ctx.Err()
	}
	leaving, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	waiting.Go(func() {
		_, err := cache.Get(leaving, "a", fetch)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who left got %v", err)
		}
	})
	<-started
	for range 5 {
		waiting.Go(func() {
			if value, err := cache.Get(t.Context(), "a", fetch); value != 5 || err != nil {
				t.Errorf("the others got %d, %v", value, err)
			}
		})
	}
	leave()
	close(release)
	waiting.Wait()
	require.EqualValues(t, 1, fetches.Load())
}

// What was being fetched when its value was dropped is as old as the value:
// nobody who asks afterwards gets it.
func TestDroppedWhileBeingFetched(t *testing.T) {
	t.Parallel()
	cache := recent.New[int](time.Hour, 10)
	started, release := make(chan struct{}), make(chan struct{})
	var early sync.WaitGroup
	early.Go(func() {
		value, err := cache.Get(t.Context(), "a", func(context.Context) (int, error) {
			close(started)
			<-release
			return 1, nil
		})
		if value != 1 || err != nil {
			t.Errorf("who asked before got %d, %v", value, err)
		}
	})
	<-started
	cache.Drop("a")
	value, err := cache.Get(t.Context(), "a", func(context.Context) (int, error) { return 2, nil })
	require.NoError(t, err)
	require.Equal(t, 2, value)
	close(release)
	early.Wait()
	value, there := cache.Peek("a")
	require.True(t, there)
	require.Equal(t, 2, value, "the older answer came later")
}
