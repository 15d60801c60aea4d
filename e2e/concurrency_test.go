package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// crowd is how many calls are under way at once.
const crowd = 200

// TestManyCallsAtOnceOnStdio: all are sent before any answer is read, reads and writes mixed, and every
// answer belongs to its question.
func TestManyCallsAtOnceOnStdio(t *testing.T) {
	t.Parallel()
	_, environment := lookalike(t)
	p := run(t, environment)
	p.ask(hello("hello"))
	sent := make(chan error, 1)
	go func() {
		var all strings.Builder
		for id := range crowd {
			fmt.Fprintf(&all, "%s\n", encode(t, crowdCall(id)))
		}
		_, err := p.in.Write([]byte(all.String()))
		sent <- err
	}()
	answered := map[int64]bool{}
	for range crowd {
		answer := p.receive()
		id := answer.Get("id").Int()
		require.False(t, answered[id], "call %d was answered twice", id)
		answered[id] = true
		checkCrowd(t, int(id), ok(t, answer.Get("result")))
	}
	require.NoError(t, <-sent)
	require.Len(t, answered, crowd)
	p.stops()
}

// crowdCall is call number id: every fourth creates an account of its own, the others read.
func crowdCall(id int) object {
	if id%4 == 0 {
		return call(legacy, id, "create_account", object{"name": fmt.Sprintf("Crowd %d", id), "external_id": fmt.Sprintf("crowd-%d", id)})
	}
	return call(modern, id, "list_persons", object{"limit": 1 + id%20})
}

func checkCrowd(t *testing.T, id int, result gjson.Result) {
	t.Helper()
	if id%4 == 0 {
		require.Equal(t, fmt.Sprintf("crowd-%d", id), result.Get("after.external_id").String())
		return
	}
	require.EqualValues(t, 1+id%20, result.Get("shown").Int())
}

// TestManyCallsAtOnceWithTwoKeys: the requests of two callers overlap on one server, in both eras, and none
// is served with the other's key.
func TestManyCallsAtOnceWithTwoKeys(t *testing.T) {
	t.Parallel()
	upstream, _ := lookalike(t, "--key", "phx_one=user:read", "--key", "phx_two=user:read,account:read")
	p, origin := serve(t, []string{"POSTHOG_HOST=" + upstream})
	keys := []struct{ key, scopes string }{
		{"phx_one", `["user:read"]`}, {"phx_two", `["user:read","account:read"]`},
	}
	got := make([]answer, crowd)
	errs := make([]error, crowd)
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			era := []string{legacy, modern}[i/2%2]
			// Every request has the same id: ids are each client's own business.
			got[i], errs[i] = tryPost(origin+"/mcp", whoami(era), keyHeader, keys[i%2].key)
		})
	}
	all.Wait()
	for i := range crowd {
		require.NoError(t, errs[i])
		require.Equal(t, http.StatusOK, got[i].status)
		require.JSONEq(t, keys[i%2].scopes, scopesOf(t, got[i]), "request %d", i)
	}
	p.stops()
}
