package resources

import (
	"slices"
	"time"
)

// What looking for changes may cost. PostHog takes 4,800 requests an hour from
// a key; what nobody asked for at that moment stays within 2 % of them.
const (
	hourly = 96
	// often is how long at least there is between two looks at the same thing.
	often = time.Minute
	// spacing is the time that one request pays for.
	spacing = time.Hour / hourly
)

// allowance is what one key has spent on looking, in the last hour.
type allowance struct{ spent []expense }

type expense struct {
	at       time.Time
	requests int
}

// spend notes requests that were made.
func (a *allowance) spend(now time.Time, requests int) {
	a.spent = slices.DeleteFunc(a.spent, func(e expense) bool { return now.Sub(e.at) >= time.Hour })
	a.spent = append(a.spent, expense{now, requests})
}

// from gives the first moment, from now on, at which requests can be made so
// that no hour has more than its share of them.
func (a *allowance) from(now time.Time, requests int) time.Time {
	total := requests
	for i := len(a.spent) - 1; i >= 0; i-- {
		e := a.spent[i]
		if total += e.requests; total > hourly {
			return later(now, e.at.Add(time.Hour))
		}
	}
	return now
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
