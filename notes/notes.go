// Package notes converts between Markdown and PostHog's notebook documents.
//
// PostHog keeps a note twice: as a ProseMirror document (content), which its pages show, and as text (text_content),
// which its search reads. Depending on the server's age the document is rich text or one node that carries Markdown.
// Agents write and read Markdown; this package stands between.
package notes

import (
	"encoding/json"
	"errors"
)

// Source says which of the two stored forms a note's Markdown was taken from.
type Source int

const (
	// SourceNone: the note is empty, or nothing in it can be read.
	SourceNone Source = iota
	// SourceText: text_content, as it was written.
	SourceText
	// SourceMarkdownNode: the Markdown inside the document of a newer server.
	SourceMarkdownNode
	// SourceDocument: the rich-text document, converted, because it says something else than text_content.
	SourceDocument
)

// String returns the name used in results and logs.
func (s Source) String() string {
	switch s {
	case SourceText:
		return "text"
	case SourceMarkdownNode:
		return "markdown_node"
	case SourceDocument:
		return "document"
	default:
		return "none"
	}
}

// Markdown returns what a reader of the note should see.
//
// As long as the document is what PostHog makes of the text, the text is better: it still has the tables and the
// nesting that PostHog's conversion flattens. Once somebody edited the document, the document is the note. The two
// count as the same when they read the same, so ids and defaults that an editor fills in make no difference.
//
// A document that shows nothing, or that is too large or too deep to be converted, leaves the text to speak.
func Markdown(content json.RawMessage, textContent string) (markdown string, source Source) {
	doc, err := decode(content)
	if err != nil && textContent == "" {
		// Some old rows hold their text where the document belongs; PostHog shows it as it is.
		var text string
		if json.Unmarshal(content, &text) == nil && text != "" && errors.Is(err, errNotADocument) {
			return text, SourceDocument
		}
	}
	if err != nil {
		return fromText(textContent)
	}
	if text, ok := doc.markdownNode(); ok {
		return text, SourceMarkdownNode
	}
	markdown = render(doc)
	if markdown == "" {
		return fromText(textContent)
	}
	if expected, err := ToMarkdown(FromMarkdown(textContent)); err == nil && expected == markdown {
		return fromText(textContent)
	}
	return markdown, SourceDocument
}

func fromText(textContent string) (string, Source) {
	if textContent == "" {
		return "", SourceNone
	}
	return textContent, SourceText
}

// ToMarkdown converts a document to GitHub-flavoured Markdown.
//
// What Markdown cannot say is kept as tags: underline as <u>, PostHog's own nodes as self-closing tags with their
// attributes (<Query query={...} />), nodes nobody knows as <UnknownNode nodeType="..." />. Comment marks, colours,
// alignment and the joining of table cells across rows are not shown.
//
// It fails when the JSON is not a document, or is too large or too deeply nested to be one that an editor made.
func ToMarkdown(doc json.RawMessage) (string, error) {
	root, err := decode(doc)
	if err != nil {
		return "", err
	}
	if text, ok := root.markdownNode(); ok {
		return text, nil
	}
	return render(root), nil
}
