package notes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// corpus are notes as account teams write them: tables, tasks, nesting, code, links, pictures.
func corpus(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	notes := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		notes[filepath.Base(file)] = strings.TrimSpace(string(text))
	}
	return notes
}

// Markdown becomes a document and the same Markdown again, byte for byte and with no need of placeholders.
func TestCorpusRoundTrips(t *testing.T) {
	t.Parallel()
	for name, markdown := range corpus(t) {
		for _, document := range [][]byte{RichText(markdown), WrapMarkdown(markdown)} {
			read, err := ToMarkdown(document)
			require.NoError(t, err)
			require.Equal(t, markdown, read, name)
			editable, err := Editable(document)
			require.NoError(t, err)
			require.Equal(t, markdown, editable, name)
		}
	}
}

// A word that is changed changes the block it is in, in either format, and reads as it was changed.
func TestCorpusIsEdited(t *testing.T) {
	t.Parallel()
	for name, markdown := range corpus(t) {
		lines := strings.Split(markdown, "\n")
		for i, line := range lines {
			if at := strings.LastIndexFunc(line, func(r rune) bool { return r >= 'a' && r <= 'z' }); at > 2 && !strings.ContainsAny(line, "`\"<:") {
				changed := strings.Join(lines[:i], "\n") + "\n" + line[:at] + "zq" + line[at:] + "\n" + strings.Join(lines[i+1:], "\n")
				changed = strings.TrimSpace(changed)
				for _, document := range [][]byte{RichText(markdown), WrapMarkdown(markdown)} {
					edited, err := Edit(document, changed)
					require.NoError(t, err)
					read, err := ToMarkdown(edited)
					require.NoError(t, err)
					require.Equal(t, changed, read, "%s, line %d", name, i)
				}
			}
		}
	}
}
