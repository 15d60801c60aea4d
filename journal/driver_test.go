package journal

// Whoever opens a journal brings the driver: it is linked into a program by the
// program's wiring, not by every package that speaks of outcomes.
import _ "modernc.org/sqlite"
