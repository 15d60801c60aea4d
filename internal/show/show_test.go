package show_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

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
			"ID  NAME  TAGS  CSM\n1   Acme  a, b\n22              ada@example.com\n\ntotal: 2\nfilters:\n  search: x\n",
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

// A table is never wider than a terminal. Rows that would make it so are shown
// one by one, with nothing left out.
func TestRowsFitAScreen(t *testing.T) {
	t.Parallel()
	require.Equal(t, `01943aa0-bc00-7a3e-9b1d-5e2f8c4d6a10
    name: Acme Robotics  external_id: acme-robotics  csm: grace@example.com
    tags: enterprise, priority
01943aa0-bc00-7a3e-9b1d-5e2f8c4d6a11
    name: 株式会社

total: 2
before: (none)
`, person(t, `{"rows":[{"id":"01943aa0-bc00-7a3e-9b1d-5e2f8c4d6a10","name":"Acme Robotics","external_id":"acme-robotics","csm":"grace@example.com","tags":["enterprise","priority"]},`+
		`{"id":"01943aa0-bc00-7a3e-9b1d-5e2f8c4d6a11","name":"株式会社"}],"total":2,"before":[]}`))
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-zé株e\x{301}🚀]{0,60}`)
		rows := rapid.SliceOfN(rapid.MapOfN(rapid.StringMatching(`[a-z]{1,12}`), word, 0, 9), 0, 6).Draw(t, "rows")
		encoded, err := json.Marshal(map[string]any{"rows": rows})
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, show.Person(&out, encoded))
		for line := range strings.Lines(out.String()) {
			require.LessOrEqual(t, runewidth(strings.TrimRight(line, "\n")), 80, line)
		}
		for _, row := range rows {
			for _, value := range row {
				require.True(t, strings.Contains(out.String(), value) || strings.Contains(out.String(), "…"), value)
			}
		}
	})
}

// runewidth counts columns as the characters that this test draws take them.
func runewidth(line string) int {
	return utf8.RuneCountInString(line) + strings.Count(line, "株") + strings.Count(line, "🚀") - strings.Count(line, "\u0301")
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
