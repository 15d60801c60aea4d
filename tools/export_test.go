package tools

import "time"

// SetNow gives a desk the clock of a test.
func (d *Desk) SetNow(now func() time.Time) { d.now = now }

// SetLease has a desk know sooner that a call which carried out a plan died.
func (d *Desk) SetLease(lease time.Duration) { d.lease = lease }
