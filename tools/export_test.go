package tools

import "time"

// SetNow gives a desk the clock of a test.
func (d *Desk) SetNow(now func() time.Time) { d.now = now }
