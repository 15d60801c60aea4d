package tools

import (
	"fmt"
	"reflect"
	"strings"

	"posthog-accounts-mcp/internal/budget"
	"posthog-accounts-mcp/internal/fence"
)

// How a result is made to fit: rows go first and whole, the last of them
// first, and only then what is long in what remains. Whatever goes is counted
// or named in the result.

// SizeArg bounds the result of a tool that shows one thing.
type SizeArg struct {
	MaxTokens int `json:"max_tokens,omitempty" jsonschema:"minimum=200,maximum=50000" jsonschema_description:"Default 2500."`
}

// room is what a result may take without its fence, by our estimate.
func (a SizeArg) room() int {
	if a.MaxTokens == 0 {
		return safely(defaultTokens) - fence.Tokens
	}
	return safely(a.MaxTokens) - fence.Tokens
}

// fit takes steps, each as often as it finds something to leave out, until a
// result has room.
func fit(result any, room int, steps ...func() bool) {
	for _, step := range steps {
		for tokens(result) > room {
			if !step() {
				break
			}
		}
	}
}

// dropLast is a step that leaves out the last row of a list.
func dropLast[Row any](rows *[]Row) bool {
	if len(*rows) == 0 {
		return false
	}
	*rows = (*rows)[:len(*rows)-1]
	return true
}

// shrink is a step that halves the tokens a map takes; it ends when next to
// nothing is left.
func shrink(values *map[string]any) bool {
	before := tokens(*values)
	if len(*values) == 0 || before < 20 {
		return false
	}
	*values = capMap(*values, before/2)
	return tokens(*values) < before
}

// shrinkText is a step that halves a text.
func shrinkText(text *string) bool {
	const least = 24
	runes := len([]rune(*text))
	if runes <= least {
		return false
	}
	*text = shorten(*text, max(least-1, runes/2))
	return true
}

// fitRows fits rows into a list whose other members are there already. The
// first row stays, cut if need be: a page without rows would tell nothing, and
// its cursor would lead back to it.
func fitRows[Row any](list *List[Row], rows []Row, room int) {
	around := tokens(*list)
	list.Rows = append(list.Rows, budget.FitRows(rows, around, room, tokens[Row])...)
	if len(list.Rows) != 1 || tokens(*list) <= room {
		return
	}
	whole := tokens(rows[0]) + around + countTokens + fence.Tokens
	list.Note = sentences(fmt.Sprintf("Row cut to fit max_tokens; %d would hold it.", whole+whole/safety+whole/50), list.Note)
	row := reflect.ValueOf(&list.Rows[0]).Elem()
	fit(list, room,
		func() bool { return shortenRow(row) },
		func() bool { return dropMember(row, 2) },
		func() bool { dropped := list.URLTemplate != ""; list.URLTemplate = ""; return dropped },
		func() bool { return dropMember(row, 1) },
		func() bool { return shrink(&list.Filters) },
		func() bool { return shrinkText(&list.Note) },
	)
}

// shortenRow is a step that shortens the first text in a row that is long.
func shortenRow(row reflect.Value) bool {
	const long = 60 // no id is as long
	for i := range row.NumField() {
		if field := row.Field(i); field.Kind() == reflect.String && len([]rune(field.String())) > long {
			field.SetString(shorten(field.String(), long-1))
			return true
		}
	}
	return false
}

// dropMember is a step that leaves out the last member of a row that may be
// missing. Rows begin with what identifies them: the first members stay.
func dropMember(row reflect.Value, stay int) bool {
	for i := row.NumField() - 1; i >= stay; i-- {
		if tag := row.Type().Field(i).Tag.Get("json"); strings.HasSuffix(tag, ",omitempty") && !row.Field(i).IsZero() {
			row.Field(i).SetZero()
			return true
		}
	}
	return false
}
