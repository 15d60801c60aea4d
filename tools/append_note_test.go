package tools_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

const callNote = "# Call\n\nWith **Ada**.\n\n## Risks\n\n- price\n\n## Next steps\n\n- send the deck"

// note writes a note past everything under test and gives its short id.
func (h *house) note(markdown string) string {
	h.Helper()
	return h.raw("POST", api+"accounts/"+seed.AcmeID+"/notebooks", object{"title": "Call", "text_content": markdown}).Get("short_id").String()
}

func (h *house) stored(short string) gjson.Result {
	h.Helper()
	return h.raw("GET", api+"notebooks/"+short, nil)
}

func appending(short, markdown string) object {
	return object{"account": seed.AcmeID, "notebook": short, "markdown": markdown}
}

// What is added stands at the end, or at the end of its section, and is found
// by PostHog's search; undoing takes it out again, and undoing that puts it back.
func TestAppendNote(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	for _, test := range []struct{ section, wanted string }{
		{"", callNote + "\n\n- a *late* thought"},
		{"Risks", strings.Replace(callNote, "- price", "- price\n- a *late* thought", 1)},
		{"## next STEPS", callNote + "\n- a *late* thought"},
		{"Follow up", callNote + "\n\n## Follow up\n\n- a *late* thought"},
	} {
		short := h.note(callNote)
		before := h.stored(short)
		r := h.must("append_note", with(appending(short, "- a *late* thought\n"), "section", test.section))
		require.Equal(t, "applied", r.str("outcome"), r.text)
		require.Contains(t, r.str("after.ends"), "late")
		require.NotContains(t, r.str("before.ends"), "late")
		require.Contains(t, r.str("url"), short)
		read := h.must("get_notebook", object{"account": seed.AcmeID, "notebook": short}).str("notebook.markdown")
		require.Equal(t, loose(test.wanted), loose(read), test.section)
		require.Contains(t, h.must("list_notebooks", object{"account": seed.AcmeID, "search": "late thought"}).strings("rows.#.short_id"), short)

		undo, arguments := asCall(t, r.str("undo"))
		back := h.must(undo, arguments)
		require.Equal(t, before.Get("content").Raw, h.stored(short).Get("content").Raw)
		require.Equal(t, before.Get("text_content").Raw, h.stored(short).Get("text_content").Raw)
		again, arguments := asCall(t, back.str("undo"))
		h.must(again, arguments)
		require.Contains(t, h.stored(short).Get("text_content").String(), "late")
	}
}

// loose is a text without blank lines, which lists may or may not have.
func loose(markdown string) string { return strings.ReplaceAll(markdown, "\n\n", "\n") }

// Whatever PostHog keeps in a note that Markdown cannot say is there afterwards
// as it was.
func TestAppendKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	blocks := `{"attrs":{"level":2,"nodeId":"h"},"content":[{"text":"Risks","type":"text"}],"type":"heading"},` +
		`{"attrs":{"query":{"kind":"X","n":1.50}},"type":"ph-query"},{"x":[null,{"y":1}],"type":"nobody-knows-this"}`
	short := h.note("old")
	h.raw("PATCH", api+"notebooks/"+short, object{"version": h.stored(short).Get("version").Int(), "text_content": nil,
		"content": gjson.Parse(`{"type":"doc","content":[` + blocks + `,{"type":"heading","attrs":{"level":2}},{"type":"paragraph"}]}`).Value()})
	was := h.stored(short).Get("content.content").Array()
	r := h.must("append_note", with(appending(short, "A <Query query={{}} /> that is text, @Ada"), "section", "risks"))
	require.Equal(t, "applied", r.str("outcome"), r.text)
	is := h.stored(short).Get("content.content").Array()
	require.Len(t, is, len(was)+1)
	for i, at := range []int{0, 1, 2, 4, 5} {
		require.Equal(t, was[i].Raw, is[at].Raw)
	}
	require.JSONEq(t, `{"type":"paragraph","content":[{"type":"text","text":"A <Query query={{}} /> that is text, @Ada"}]}`, is[3].Raw)
}

// In a note that is Markdown, what PostHog would render live is escaped when it
// is added and stays live where it was.
func TestAppendToMarkdownNotebook(t *testing.T) {
	t.Parallel()
	h := open(t, setup{generation: "current"})
	live := "<Query query={{\"kind\":\"X\"}} />"
	short := h.note("# A\n\n" + live + "\n\n# B\n\nb  \n")
	h.must("append_note", with(appending(short, "see "+live+" and `<Query />`"), "section", "A"))
	require.Equal(t, "# A\n\n"+live+"\n\nsee \\"+live+" and `<Query />`\n\n# B\n\nb", strings.TrimSpace(h.stored(short).Get("content.content.0.attrs.markdown").String()))
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	short := h.note("## Same\n\na\n\n## Same\n\nb")
	require.Contains(t, h.refused("append_note", with(appending(short, "x"), "section", "same")), "several sections")
	require.Contains(t, h.refused("append_note", appending(short, " \n")), "blank")
	require.Contains(t, h.refused("append_note", appending("nosuchid", "x")), "list_notebooks")
	require.Empty(t, h.writes())
}

// A key that may not edit notes, by its scopes or in all of this PostHog,
// writes a note of its own that links the first.
func TestAppendWithoutTheRight(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scopes []string
		path   string // that PostHog does not have
		says   string
	}{
		"no scope":      {[]string{"account:write"}, "", "lacks the scope notebook:read"},
		"reading only":  {[]string{"account:write", "notebook:read"}, "", "lacks the scope notebook:write"},
		"no such thing": {[]string{"*"}, api + "notebooks", "does not offer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			missing := func(next http.Handler) http.Handler {
				absent := problem(404, "invalid_request", "not_found", "Not found.")(next)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if test.path != "" && strings.HasPrefix(r.URL.Path, test.path) {
						absent.ServeHTTP(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			}
			key := sandbox.Key{Value: "phx_some", Scopes: test.scopes, User: seed.Grace}
			h := open(t, setup{journal: file(t), key: "phx_some", pinned: sandbox.ProjectID, sandbox: sandbox.Options{Keys: []sandbox.Key{key}}, wrap: missing})
			short := h.note(callNote)
			before := h.stored(short)
			call := with(with(appending(short, "A *late* thought"), "section", "Risks"), "key", "k")
			r := h.must("append_note", call)
			require.Equal(t, "applied", r.str("outcome"), r.text)
			require.Contains(t, r.str("note"), "follow-up note, as")
			require.Contains(t, r.str("note"), test.says)
			require.Equal(t, "Follow-up: Call", r.str("after.title"))
			made := r.str("after.short_id")
			read := h.must("get_notebook", object{"account": seed.AcmeID, "notebook": made}).str("notebook.markdown")
			require.Equal(t, fmt.Sprintf("Follow-up to [Call](%s/project/1/notebooks/%s)\n\n## Risks\n\nA *late* thought", h.origin, short), read)
			require.Equal(t, before.Raw, h.stored(short).Raw)
			require.Equal(t, made, h.must("append_note", call).str("after.short_id"), "the same key writes nothing twice")

			undo, arguments := asCall(t, r.str("undo"))
			h.must(undo, arguments)
			require.Contains(t, h.refused("get_notebook", object{"account": seed.AcmeID, "notebook": made}), "no note")
		})
	}
}

// An undo takes nothing of what others wrote after the addition.
func TestUndoOfAnAdditionSinceEdited(t *testing.T) {
	t.Parallel()
	h := open(t, setup{journal: file(t)})
	short := h.note(callNote)
	write := h.must("append_note", appending(short, "mine")).str("write")
	editNote(h, short, "theirs")
	before := h.stored(short)
	require.Contains(t, h.refused("undo_write", object{"write": write}), "changed since by somebody else: the note")
	require.Equal(t, before.Raw, h.stored(short).Raw)
}

// The same key adds once, also after a restart; with other text it is refused.
func TestAppendOnceByKey(t *testing.T) {
	t.Parallel()
	path := file(t)
	one := open(t, setup{journal: path})
	two := open(t, setup{journal: path, shared: one.sandbox})
	short := one.note(callNote)
	call := with(appending(short, "only once"), "key", "k")
	first := one.must("append_note", call)
	for _, h := range []*house{one, two} {
		require.Equal(t, first.str("write"), h.must("append_note", call).str("write"))
		require.Contains(t, h.refused("append_note", with(call, "markdown", "another")), "other arguments")
	}
	one.must("append_note", with(call, "key", "k2"))
	require.Equal(t, 2, strings.Count(one.stored(short).Get("text_content").String(), "only once"))
}

// Several servers and somebody in PostHog's editor add to one note at the same
// time: everything is there, each once.
func TestAppendBesideOtherWriters(t *testing.T) {
	t.Parallel()
	one := open(t, setup{})
	houses := []*house{one, open(t, setup{shared: one.sandbox}), open(t, setup{shared: one.sandbox})}
	short := one.note(callNote)
	count, conflicts := rounds(60, 2000), atomic.Int64{}
	var everybody sync.WaitGroup
	for i, h := range houses {
		everybody.Go(func() {
			for n := range count / len(houses) {
				call := with(appending(short, fmt.Sprintf("line %d-%d.", i, n)), "section", "Risks")
				answer, err := h.try(h.key, "append_note", call)
				for strings.Contains(answer.text, "others edited the note") {
					conflicts.Add(1)
					answer, err = h.try(h.key, "append_note", call)
				}
				if err != nil || answer.str("outcome") != "applied" {
					t.Errorf("%v %s", err, answer.text)
				}
			}
		})
	}
	everybody.Wait()
	text := one.stored(short).Get("text_content").String()
	for i := range houses {
		for n := range count / len(houses) {
			require.Equal(t, 1, strings.Count(text, fmt.Sprintf("line %d-%d.", i, n)))
		}
	}
	t.Logf("%d additions by %d servers to one section: 0 lost, 0 twice; %d gave up and were repeated", count/len(houses)*len(houses), len(houses), conflicts.Load())
}

// Additions whose answers are lost before or after their effect: each is there
// once, and two that are meant to be alike stay two.
func TestAppendWithLostAnswers(t *testing.T) {
	t.Parallel()
	count := rounds(48, 2000)
	h := open(t, setup{sandbox: sandbox.Options{Faults: lossy("PATCH", "/notebooks/", 0.08)}, client: hasty(1500 * time.Millisecond)})
	notes := make([]string, 24)
	for i := range notes {
		notes[i] = h.note(callNote)
	}
	var repeated, found atomic.Int64
	crowd(count, func(n int) {
		call := with(appending(notes[n%len(notes)], fmt.Sprintf("twin %d.", n/(2*len(notes)))), "key", fmt.Sprint("k", n))
		answer, repeats, err := insist(h, "append_note", call)
		if err != nil || answer.str("outcome") != "applied" {
			t.Errorf("%v: %v %s", call, err, answer.text)
			return
		}
		repeated.Add(int64(repeats))
		if strings.Contains(answer.str("note"), "found in the note") {
			found.Add(1)
		}
	})
	struck := h.sandbox.InjectedFaults()
	h.sandbox.SetFaults()
	total := 0
	for _, short := range notes {
		total += strings.Count(h.stored(short).Get("text_content").String(), "twin ")
	}
	require.Equal(t, count, total, "none twice, none lost")
	require.NotZero(t, repeated.Load())
	require.NotZero(t, found.Load())
	t.Logf("%d additions, faults %v: 0 twice, 0 lost; %d found in the note, %d said not to be made and repeated", count, struck, found.Load(), repeated.Load())
}

// An addition whose server ended before it knew what became of it is found in
// the note, and can be undone; one that is not there may be anywhere.
func TestCrashedAdditions(t *testing.T) {
	t.Parallel()
	path := file(t)
	book, principal := kept(t, path)
	now := time.Now()
	h := open(t, setup{journal: path, now: func() time.Time { return now }})
	for _, arrived := range []bool{true, false} {
		short := h.note(callNote)
		before := h.stored(short).Get("content").Raw
		h.must("append_note", with(appending(short, "crashed"), "section", "Risks"))
		whole := newest(t, book, principal)
		if !arrived {
			h.must("undo_write", object{"write": whole.ID})
		}
		crash := whole.Intent
		crash.Deadline = now.Add(time.Minute)
		open, err := book.Begin(t.Context(), crash) // as if its server had ended right after sending it
		require.NoError(t, err)
		now = now.Add(5 * time.Minute)
		row := h.must("list_writes", object{}).get("rows.0")
		require.Equal(t, open.ID, row.Get("write").String())
		if !arrived {
			require.Equal(t, "unknown", row.Get("outcome").String(), row.Raw)
			continue
		}
		require.Equal(t, "applied", row.Get("outcome").String(), row.Raw)
		h.must("undo_write", object{"write": open.ID})
		require.Equal(t, before, h.stored(short).Get("content").Raw)
	}
}

// Without an answer to the edit or to the look afterwards, nothing is claimed.
func TestAppendWithoutAnyAnswer(t *testing.T) {
	t.Parallel()
	var written atomic.Bool
	h := open(t, setup{client: []client.Option{client.WithTimeouts(client.Timeouts{Retry: 50 * time.Millisecond, Settle: 200 * time.Millisecond})},
		wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				written.CompareAndSwap(false, r.Method == http.MethodPatch)
				if written.Load() {
					panic(http.ErrAbortHandler)
				}
				next.ServeHTTP(w, r)
			})
		}})
	short := h.note(callNote)
	require.Contains(t, h.refused("append_note", appending(short, "x")), unknown)
	require.Len(t, h.writes(), 1, "nothing is sent twice")
}
