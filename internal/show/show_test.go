package show_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/internal/show"
)

func person(t *testing.T, result string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, show.Person(&out, []byte(result)))
	return out.String()
}

func TestPerson(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ result, want string }{
		"a list": {
			`{"rows":[{"id":"1","name":"Acme","tags":["a","b"]},{"id":"22","csm":"ada@example.com"}],"total":2,"filters":{"search":"x"},"untrusted":"...","untrusted_end":"k3f9x2ab"}`,
			"ID  NAME  TAGS  CSM\n1   Acme  a, b  \n22              ada@example.com\n\ntotal: 2\nfilters:\n  search: x\n",
		},
		"no rows": {`{"rows":[],"total":0,"filters":{}}`, "(no rows)\n\ntotal: 0\n"},
		"an object": {
			`{"notebook":{"title":"Call","markdown":"# A\r\n\nb\n"},"url":"https://x"}`,
			"notebook:\n  title: Call\n  markdown:\n    # A\n    \n    b\nurl: https://x\n",
		},
		"a list of objects": {
			`{"projects":[{"id":1,"name":"Default","more":{"a":[1]}},{"id":2},{}],"scopes":["*"]}`,
			"projects:\n  - id: 1\n    name: Default\n    more:\n      a:\n        - 1\n  - id: 2\n  - \nscopes:\n  - *\n",
		},
		"a receipt": {
			`{"outcome":"applied","before":{"csm":null},"after":{"csm":"ada@example.com"},"undo":"update_account {}"}`,
			"outcome: applied\nbefore:\n  csm: (none)\nafter:\n  csm: ada@example.com\nundo: update_account {}\n",
		},
		"a preview": {
			`{"preview":{"account":{"id":"1"}},"confirmation":"abc","note":"Nothing has been done yet."}`,
			"preview:\n  account:\n    id: 1\nconfirmation: abc\nnote: Nothing has been done yet.\n",
		},
		"a sentence": {`Not found.`, "Not found.\n"},
	} {
		require.Equal(t, test.want, person(t, test.result), name)
	}
}

func TestLongCellsAreCut(t *testing.T) {
	t.Parallel()
	got := person(t, `{"rows":[{"note":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nb"}]}`)
	require.Contains(t, got, "aaa…\n")
	require.NotContains(t, got, "b")
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, show.JSON(&out, []byte(`{"a":[1]}`)))
	require.Equal(t, "{\n  \"a\": [\n    1\n  ]\n}\n", out.String())
	require.Error(t, show.JSON(&out, []byte("Not found.")))
}

// Nothing that others wrote reaches the terminal as a command, wherever in a
// result it stands.
func TestNothingSteersTheTerminal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hidden := rapid.SampledFrom([]string{`\u001b`, `\u0007`, `\u009b`, `\u202e`, `\u2067`, `\u0008`, `\u007f`, `\r`}).Draw(t, "hidden")
		shape := rapid.SampledFrom([]string{
			`{"a":"%"}`, `{"%":1}`, `{"rows":[{"a":"%"}]}`, `{"rows":[{"%":"x"}]}`, `{"a":["%"]}`, `{"a":[{"%":{"b":"%"}}]}`, `{"a":"x\n%y"}`, `{"rows":[{"a":{"b":"%"}}]}`,
		}).Draw(t, "shape")
		result := bytes.ReplaceAll([]byte(shape), []byte("%"), []byte(hidden+"[2J"))
		var out bytes.Buffer
		require.NoError(t, show.Person(&out, result))
		require.NotRegexp(t, `[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`, out.String())
	})
}
