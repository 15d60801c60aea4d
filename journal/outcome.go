// Package journal keeps a durable record of every write: what was about to be
// done and what was there before, on disk before the request leaves, and what
// became of it, found out by reading back. It imports no other room and knows
// nothing of PostHog; it never holds a key, and payloads can be erased.
//
// A program that opens a journal links the driver modernc.org/sqlite itself, so
// that one which only speaks of outcomes does not carry a database.
package journal

// Outcome is what became of a write, found out by reading back.
type Outcome string

// The outcomes of a write.
const (
	Applied    Outcome = "applied"    // what was asked is there now
	Pending    Outcome = "pending"    // PostHog accepted it and has not done it yet
	Ignored    Outcome = "ignored"    // nothing changed
	Overridden Outcome = "overridden" // something else is there now
	Partial    Outcome = "partial"    // some of it is there now
	Unknown    Outcome = "unknown"    // neither the write nor the look afterwards got an answer
)

// Compare tells the outcome of a write from the fields it was to change: what
// they were, what they were to become and what was read back. The three maps
// have the same keys, and values that compare with equal.
func Compare(before, wanted, found map[string]any, equal func(a, b any) bool) Outcome {
	var done, untouched int
	for field, want := range wanted {
		switch {
		case equal(found[field], want):
			done++
		case equal(found[field], before[field]):
			untouched++
		}
	}
	switch {
	case done == len(wanted):
		return Applied
	case untouched == len(wanted):
		return Ignored
	case done+untouched == len(wanted):
		return Partial
	}
	return Overridden
}
