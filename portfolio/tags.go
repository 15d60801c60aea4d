package portfolio

import (
	"slices"
	"strings"
	"unicode/utf8"

	"posthog-accounts-mcp/internal/plain"
)

// longestTag is what PostHog can store; a longer one crashes it.
const longestTag = 255

func checkTags(tags []string) error {
	for _, tag := range normalTags(tags) {
		if utf8.RuneCountInString(tag) > longestTag {
			return plain.Refuse("Not done: the tag %q is longer than %d characters.", plain.Short(tag), longestTag)
		}
	}
	return nil
}

// normalTags are tags as PostHog stores them: trimmed, lower case, each once.
func normalTags(tags []string) []string {
	var normal []string
	for _, tag := range tags {
		tag = strings.ToLower(strings.TrimSpace(tag))
		if tag != "" && !slices.Contains(normal, tag) {
			normal = append(normal, tag)
		}
	}
	return normal
}
