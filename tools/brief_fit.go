package tools

import (
	"maps"
	"slices"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/notes"
	"posthog-accounts-mcp/portfolio"
)

// goFirst are the sections of a brief in the order in which their rows are left
// out, by kind.
var goFirst = map[portfolio.BriefKind][]string{
	portfolio.ForCall:     {"properties", "changes", "people", "notes", "open_points", "custom_properties", "roles"},
	portfolio.ForQBR:      {"properties", "people", "open_points", "notes", "roles", "custom_properties", "changes"},
	portfolio.ForHandover: {"changes", "people", "custom_properties", "notes", "open_points", "properties", "roles"},
}

// fit leaves out rows until there is room, and a good part of it for the text of
// notes, and then shows as much text as fits.
func (r *GetAccountBriefResult) fit(room int, ranked []client.Notebook) {
	b := &r.Brief
	most, some := max(4, room/250), max(3, room/600) // rows of a section: with room to spare, and with text to come
	b.trim(func() bool { return true }, most)
	b.trim(func() bool { return tokens(r) > room*3/5 }, some)
	for _, least := range []int{2, 1, 0} {
		b.trim(func() bool { return tokens(r) > room }, least)
	}
	fit(r, room,
		func() bool { return dropLast(&b.Remarks) },
		func() bool { return dropLast(&b.Account.Tags) },
		func() bool { return shortenReasons(b.NotRead) },
		func() bool { return clearText(&r.MatchedBy) },
		func() bool { dropped := len(b.Sources) > 0; b.Sources = nil; return dropped },
		func() bool { return clearText(&b.ChangesSince) },
		func() bool { return clearText(&b.Account.CreatedAt) },
		func() bool { dropped := b.Account.Notebooks > 0; b.Account.Notebooks = 0; return dropped },
		func() bool { return clearText(&b.Account.ExternalID) },
		func() bool { return shrinkText(&b.Account.Name) },
		func() bool { dropped := b.LastContact != nil; b.LastContact = nil; return dropped },
	)
	r.tell(room, ranked)
}

// trim leaves out rows, of each section down to the least, as long as there is
// need.
func (b *AccountBrief) trim(need func() bool, least int) {
	for _, section := range goFirst[b.Kind] {
		for need() && b.dropLast(section, least) {
			b.Omitted[section]++
		}
	}
}

// dropLast leaves out the last row of a section that has more than the least.
func (b *AccountBrief) dropLast(section string, least int) bool {
	switch section {
	case "notes":
		return len(b.Notes) > least && dropLast(&b.Notes)
	case "open_points":
		return len(b.OpenPoints) > least && dropLast(&b.OpenPoints)
	case "people":
		return len(b.People) > least && dropLast(&b.People)
	case "custom_properties":
		return len(b.CustomProperties) > 5*least && dropLongest(b.CustomProperties) // they are short
	case "properties": // ids in other systems
		return len(b.Account.Properties) > 2*least && dropLongest(b.Account.Properties)
	case "roles":
		return len(b.Roles) > 2*least && dropLast(&b.Roles)
	case "changes":
		return len(b.Changes) > least && dropLast(&b.Changes)
	}
	return false
}

// tell shows the text of the first notes in place of their snippets, whole as
// long as they fit.
func (r *GetAccountBriefResult) tell(room int, ranked []client.Notebook) {
	const worthwhile, around = 120, 12
	for i := range r.Brief.Notes {
		left := room - tokens(r) - around
		if left < worthwhile {
			return
		}
		note := &r.Brief.Notes[i]
		markdown, _ := notes.Markdown(ranked[i].Content, text(ranked[i].TextContent))
		left += tokens(note.Snippet)
		if i == 0 && len(r.Brief.Notes) > 1 && tokens(markdown) > left {
			left = left * 3 / 4 // so that the next one is told, too
		}
		note.Snippet = ""
		note.Markdown, note.CutTokens = cutMarkdown(markdown, left)
	}
}

func shortenReasons(reasons map[string]string) bool {
	shortened := false
	for section, reason := range reasons {
		if shrinkText(&reason) {
			reasons[section], shortened = reason, true
		}
	}
	return shortened
}

// dropLongest leaves out the member that takes the most room.
func dropLongest(values map[string]any) bool {
	longest, most := "", 0
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if size := tokens(name) + tokens(values[name]); size > most {
			longest, most = name, size
		}
	}
	delete(values, longest)
	return most > 0
}

// clearText is a step that leaves out a text.
func clearText(text *string) bool {
	cleared := *text != ""
	*text = ""
	return cleared
}
