package sandbox

import (
	"strings"

	"github.com/google/uuid"
)

// pythonUUID reads a UUID in every form that Python's uuid.UUID takes: any
// case, with or without dashes wherever they stand, in braces, as a URN.
func pythonUUID(text string) (uuid.UUID, bool) {
	text = strings.NewReplacer("urn:", "", "uuid:", "").Replace(text)
	text = strings.ReplaceAll(strings.Trim(text, "{}"), "-", "")
	if len(text) != 32 {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}

// newID is a time-ordered UUID, as PostHog gives to new rows.
func newID() uuid.UUID {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.New()
	}
	return id
}
