package client

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecentDropsWhatWasNotUsed(t *testing.T) {
	t.Parallel()
	values := newRecent[int, string](2)
	*values.get(1) = "one"
	*values.get(2) = "two"
	require.Equal(t, "one", *values.get(1))
	*values.get(3) = "three"
	require.Equal(t, "one", *values.get(1))
	require.Equal(t, "three", *values.get(3))
	require.Empty(t, *values.get(2), "2 made room for 3")
	require.Len(t, values.values, 2)
	require.Equal(t, 2, values.order.Len())
}
