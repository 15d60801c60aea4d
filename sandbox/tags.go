package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxTag is the width of PostHog's column for tag names. The API does not
// check it: a longer tag is a crash.
const maxTag = 255

// tagsField reads the member tags. The texts come back as they were sent,
// not as they were checked, because PostHog stores the raw items too.
func (f fields) tagsField() (sent bool, items []json.RawMessage, refusal *reply) {
	if !f.sent("tags") {
		return false, nil, nil
	}
	items, refusal = f.list("tags")
	if refusal != nil {
		return true, nil, refusal
	}
	for i, item := range items {
		if _, refusal := checkText(fmt.Sprintf("tags__%d", i), item, textRule{}); refusal != nil {
			return true, nil, refusal
		}
	}
	return true, items, nil
}

// splitFormTags imitates what becomes of tags in a form: PostHog takes the raw
// text for the list, and so each of its characters for a tag.
func (f fields) splitFormTags() {
	if f.sent("tags") {
		f["tags"], _ = encode(strings.Split(decodeString(f["tags"]), ""))
	}
}

// normalizeTags trims and lower-cases each tag and drops repetitions. An item
// that is no text, although the check let it through, is a crash, as is one
// too long to store.
func normalizeTags(items []json.RawMessage) ([]string, *reply) {
	tags := make([]string, 0, len(items))
	for _, item := range items {
		tag := strings.ToLower(strings.TrimSpace(decodeString(item)))
		if pythonType(item) != "str" || utf8.RuneCountInString(tag) > maxTag {
			crash := serverError()
			return nil, &crash
		}
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

// shuffled is a copy in random order: PostHog does not order an account's
// tags, so nobody may rely on any order.
//
// A tag has no row of its own here. PostHog deletes a tag with the last
// account that carries it, and that is what this amounts to.
func shuffled(tags []string) []string {
	mixed := append(make([]string, 0, len(tags)), tags...)
	rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return mixed
}

// tagsFilter reads the query parameter tags: a JSON array of texts. Nil means
// no filter.
func (q *request) tagsFilter() ([]string, *reply) {
	text := q.param("tags")
	if text == "" {
		return nil, nil
	}
	malformed := func() *reply { return refuse("tags", "", "Must be a JSON-encoded list of strings.") }
	var items []*string
	if err := json.Unmarshal([]byte(text), &items); err != nil || items == nil {
		return nil, malformed()
	}
	tags := make([]string, 0, len(items))
	for _, item := range items {
		if item == nil {
			return nil, malformed()
		}
		tags = append(tags, *item)
	}
	return tags, nil
}
