package seed

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestNoteCounts(t *testing.T) {
	t.Parallel()
	notes := Notes()
	require.Len(t, notes, NoteCount)
	share := make(map[string]int)
	for _, n := range notes {
		share[n.AccountID]++
	}
	require.Equal(t, AcmeNotes, share[AcmeID])
	most := 0
	for _, n := range share {
		most = max(most, n)
	}
	require.Equal(t, MostNotes, most)
	require.Greater(t, AccountCount-len(share), 25, "some accounts have no note")
}

func TestNotesAreWellFormed(t *testing.T) {
	t.Parallel()
	created := make(map[string]Account)
	for _, a := range Accounts() {
		created[a.ID] = a
	}
	notes := Notes()
	unique(t, notes, func(n Note) string { return n.ID })
	unique(t, notes, func(n Note) string { return n.ShortID })
	unique(t, notes, func(n Note) string { return n.Markdown })
	for i, n := range notes {
		a, known := created[n.AccountID]
		require.True(t, known)
		requireUUID(t, n.ID, 7)
		require.Regexp(t, `^[0-9A-Za-z]{8,12}$`, n.ShortID)
		require.True(t, utf8.ValidString(n.Title) && utf8.ValidString(n.Markdown))
		require.NotContains(t, n.Markdown, "\x00", "PostgreSQL stores no NUL")
		require.NotContains(t, n.Markdown, "${", "a placeholder nobody filled")
		require.LessOrEqual(t, utf8.RuneCountInString(n.Title), maxTitle)
		require.True(t, n.Author >= 1 && int(n.Author) <= len(members))
		require.LessOrEqual(t, n.ModifiedAgo, n.Ago)
		require.Less(t, n.Ago, a.CreatedAgo)
		if n.NullTitle {
			require.Empty(t, n.Title)
		}
		if i > 0 && notes[i-1].AccountID == n.AccountID {
			require.LessOrEqual(t, n.Ago, notes[i-1].Ago, "oldest first")
		}
	}
}

// Notes have the length and the variety of notes people write after calls.
func TestNotesReadLikeNotes(t *testing.T) {
	t.Parallel()
	var words []int
	has := make(map[string]int)
	shapes := map[string]*regexp.Regexp{
		"heading":     regexp.MustCompile(`(?m)^### `),
		"nested list": regexp.MustCompile(`(?m)^  - `),
		"ordered":     regexp.MustCompile(`(?m)^1\. `),
		"table":       regexp.MustCompile(`(?m)^\| --- \|`),
		"code":        regexp.MustCompile("(?m)^```"),
		"link":        regexp.MustCompile(`\]\(https://`),
		"open box":    regexp.MustCompile(`(?m)^- \[ \] `),
		"ticked box":  regexp.MustCompile(`(?m)^- \[x\] `),
		"quote":       regexp.MustCompile(`(?m)^> `),
		"mail":        regexp.MustCompile(`\(\S+@\S+\.(example|test)\)`),
	}
	untitled, nullTitle := 0, 0
	for _, n := range Notes() {
		words = append(words, len(strings.Fields(n.Markdown)))
		for what, shape := range shapes {
			has[what] += count(shape.MatchString(n.Markdown))
		}
		untitled += count(n.Title == "")
		nullTitle += count(n.NullTitle)
	}
	slices.Sort(words)
	at := func(percent int) int { return words[len(words)*percent/100] }
	require.GreaterOrEqual(t, at(2), 150)
	require.LessOrEqual(t, at(99), 600)
	require.InDelta(t, 310, at(50), 60)
	for what := range shapes {
		require.Greater(t, has[what], NoteCount/10, what)
	}
	require.Greater(t, nullTitle, 20)
	require.Greater(t, untitled, nullTitle, "some titles are empty but not null")
	require.Less(t, untitled, NoteCount/10)
}

func TestExportComplaints(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`(?i)\bexport`)
	on := make(map[string]bool)
	complaints := 0
	for _, n := range Notes() {
		if word.MatchString(n.Title + " " + n.Markdown) {
			complaints++
			on[n.AccountID] = true
			require.Nil(t, n.Doc, "the text is what a reader sees")
		}
	}
	require.Equal(t, ExportComplaints, complaints)
	require.True(t, on[AcmeID])
	require.Greater(t, len(on), 25)
}

func TestSpecialNotes(t *testing.T) {
	t.Parallel()
	byID := make(map[string]Note)
	for _, n := range Notes() {
		byID[n.ShortID] = n
	}
	acme := byID[AcmeLatestNote]
	require.Equal(t, AcmeID, acme.AccountID)
	require.Equal(t, Grace, acme.Author)
	require.Contains(t, acme.Markdown, "| North | 140 |")
	require.Equal(t, OrdersID, byID[OrdersNote].AccountID)
	require.Contains(t, byID[OrdersNote].Markdown, "delete_account")
	require.Contains(t, byID[TagsNote].Markdown, "<Query query=")
	for _, r := range []rune{'\u200b', '\u202e', '\u2067', '\x1b', '\ufeff', '\U000e0068'} {
		require.Contains(t, byID[InvisibleNote].Markdown, string(r))
	}
	require.Contains(t, byID[FenceNote].Markdown, "</untrusted>")
	require.Equal(t, Note{Markdown: "", NullTitle: true}, Note{Markdown: byID[BlankNote].Markdown, Title: byID[BlankNote].Title, NullTitle: byID[BlankNote].NullTitle})
	require.InDelta(t, BigNoteBytes, len(byID[BigNote].Markdown), 1000)
}

func TestEditedNotes(t *testing.T) {
	t.Parallel()
	edited, lists, quoted := 0, 0, 0
	kinds := make(map[string]bool)
	for _, n := range Notes() {
		if n.Doc == nil {
			continue
		}
		edited++
		require.Less(t, n.ModifiedAgo, n.Ago)
		raw := []byte(n.Doc)
		switch raw[0] {
		case '[':
			lists++
			raw = []byte(`{"type":"doc","content":` + string(raw) + `}`)
		case '"':
			quoted++
			var inner string
			require.NoError(t, json.Unmarshal(raw, &inner))
			raw = []byte(inner)
		}
		var doc node
		require.NoError(t, json.Unmarshal(raw, &doc))
		require.Equal(t, "doc", doc.Type)
		collectKinds(t, doc, kinds)
	}
	require.Equal(t, EditedNotes, edited)
	require.Equal(t, []int{1, 1}, []int{lists, quoted})
	for _, kind := range []string{
		"table", "tableHeader", "tableCell", "taskList", "taskItem", "bulletList", "orderedList", "horizontalRule", "blockquote", "codeBlock",
		"hardBreak", "ph-query", "ph-person", "ph-mention", "ph-recording", "ph-image", "image", "ph-latex", "ph-backlink", "callout",
		"mark bold", "mark italic", "mark strike", "mark code", "mark link", "mark underline", "mark comment",
	} {
		require.True(t, kinds[kind], kind)
	}
}

func collectKinds(t *testing.T, n node, kinds map[string]bool) {
	kinds[n.Type] = true
	require.NotEmpty(t, n.Type)
	require.Equal(t, n.Type == "text", n.Text != "")
	for _, m := range n.Marks {
		kinds["mark "+m.Type] = true
	}
	for _, child := range n.Content {
		collectKinds(t, child, kinds)
	}
}
