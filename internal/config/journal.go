package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"posthog-accounts-mcp/journal"
)

// Recorded is where writes are recorded, and for how long.
type Recorded struct {
	Journal   string `help:"Where every write is recorded before it is sent: a path, or off (default: a file in the user's state directory; with --sandbox one that lasts as long as the server)." placeholder:"PATH" env:"POSTHOG_MCP_JOURNAL"`
	Retention Age    `help:"How long writes stay on record, such as 90d or 12h (default ${default})." placeholder:"AGE" default:"${retention}" env:"POSTHOG_MCP_RETENTION"`
}

// Journal are the options of what is done with the journal itself.
type Journal struct {
	Recorded
	Show  struct{} `cmd:"" default:"1" help:"Show where the journal is and how much is in it (the default)."`
	Purge struct {
		OlderThan *Age `help:"Remove what was put on record longer ago than this, such as 7d or 12h; 0 removes all (default: --retention)." placeholder:"AGE"`
	} `cmd:"" help:"Remove old entries."`

	Removes bool `kong:"-"` // purge was asked for
}

// OlderThan is the age that purging removes.
func (j *Journal) OlderThan() time.Duration {
	if j.Purge.OlderThan != nil {
		return time.Duration(*j.Purge.OlderThan)
	}
	return time.Duration(j.Retention)
}

func (j *Journal) complete() error {
	if j.JournalOff() {
		return &UsageError{fmt.Errorf("--journal is off: there is none to look at; name its file")}
	}
	return j.Recorded.complete()
}

func (r *Recorded) complete() error {
	if strings.Contains(r.Journal, "://") {
		return &UsageError{fmt.Errorf("--journal: a database shared by several servers is not available yet; give a path or off")}
	}
	if r.Retention <= 0 {
		return &UsageError{fmt.Errorf("--retention takes an age above 0, such as 90d")}
	}
	return nil
}

// JournalOff tells that writes are not to be recorded.
func (r *Recorded) JournalOff() bool { return strings.EqualFold(given(r.Journal), "off") }

// JournalPath is where writes are to be recorded, empty for the usual place.
func (r *Recorded) JournalPath() string { return given(r.Journal) }

// Age is a duration that may be given in days.
type Age time.Duration

const day = 24 * time.Hour

// defaultAge is the retention unless somebody says otherwise.
var defaultAge = Age(journal.Retention).String()

// UnmarshalText reads 30d, 12h, 90m or 0.
func (a *Age) UnmarshalText(text []byte) error {
	days, inDays := strings.CutSuffix(string(text), "d")
	if n, err := strconv.Atoi(days); inDays && err == nil && n >= 0 && n <= 100*365 {
		*a = Age(time.Duration(n) * day)
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no age; write it as 30d, 12h or 90m", text)
	}
	*a = Age(d)
	return nil
}

// String writes whole days as such.
func (a Age) String() string {
	if d := time.Duration(a); d%day == 0 && d > 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return time.Duration(a).String()
}
