package journal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"time"
)

// record is an entry as it is stored, with what proves that it is as written.
//
// Two checksums do so, both keyed (HMAC-SHA-256 with the key beside the
// journal): digest covers the payloads and a salt, seal covers all else and
// the digest. Erasing removes payloads and salt, which leaves the seal valid
// and the digest a number that no guess can be held against; only who has the
// key can mark a row as erased.
type record struct {
	Entry
	claim  []byte // the idempotency key, under the journal's key: unique, and outlives erasing
	digest []byte
	seal   []byte
	salt   []byte

	// reversible is the column as it is: were it read as a bool, no checksum
	// could tell 2 from 1, or one bad row would stop a whole list.
	reversible int64
}

// sealed are the columns that the seal covers, in the order of columns.
func (r *record) sealed() []any {
	return []any{
		&r.ID, &r.Principal.Key, &r.Project, &r.Tool, &r.Target.Kind, &r.Target.ID, &r.Person,
		&r.reversible, (*instant)(&r.Deadline), &r.Plan, (*string)(&r.Outcome), &r.Undoes, &r.UndoneBy,
		(*instant)(&r.At), (*instant)(&r.SettledAt), (*instant)(&r.ErasedAt), &r.claim, &r.digest,
	}
}

// payload are the columns that can be erased; the digest covers them.
func (r *record) payload() []any {
	return []any{
		&r.salt, &r.IdempotencyKey, (*document)(&r.Arguments), (*document)(&r.Before),
		(*document)(&r.Wanted), (*document)(&r.After), &r.Note,
	}
}

// columns names what fields points to.
const columns = `id, principal, project, tool, target_kind, target, person,
	reversible, deadline, plan, outcome, undoes, undone_by, at, settled_at, erased_at, claim, digest,
	seal, salt, idempotency_key, arguments, before_image, wanted, after_image, note`

// fields are all columns, to scan into and to bind from.
func (r *record) fields() []any {
	return append(append(r.sealed(), &r.seal), r.payload()...)
}

// sign makes the checksums fit the record as it is now.
func (r *record) sign(key []byte) {
	r.reversible = 0
	if r.Reversible {
		r.reversible = 1
	}
	if r.ErasedAt.IsZero() {
		r.salt = make([]byte, 16)
		_, _ = rand.Read(r.salt) // never fails
		r.digest = checksum(key, "payload", r.payload())
	}
	r.seal = checksum(key, "entry", r.sealed())
}

// intact tells whether the record is as it was signed.
func (r *record) intact(key []byte) bool {
	if !hmac.Equal(r.seal, checksum(key, "entry", r.sealed())) {
		return false
	}
	if r.ErasedAt.IsZero() {
		return hmac.Equal(r.digest, checksum(key, "payload", r.payload()))
	}
	return r.blank()
}

func (r *record) blank() bool {
	return len(r.salt)+len(r.IdempotencyKey)+len(r.Arguments)+len(r.Before)+len(r.Wanted)+len(r.After)+len(r.Note) == 0
}

// erase removes the payloads for good. A record that was tampered with keeps
// its seal, which then still does not fit.
func (r *record) erase(key []byte, now time.Time) {
	genuine := r.intact(key)
	r.salt, r.IdempotencyKey, r.Note = nil, "", ""
	r.Arguments, r.Before, r.Wanted, r.After = nil, nil, nil, nil
	r.Reversible, r.ErasedAt = false, now
	if genuine {
		r.sign(key)
	}
}

// claimOf stands for an idempotency key of one principal and tool.
func claimOf(key []byte, i Intent) []byte {
	return checksum(key, "claim", []any{&i.Principal.Key, &i.Project, &i.Tool, &i.IdempotencyKey})
}

// checksum covers fields in their order; each is preceded by its length, so
// that no two lists of fields read the same.
func checksum(key []byte, purpose string, fields []any) []byte {
	sum := hmac.New(sha256.New, key)
	add := func(field []byte) {
		sum.Write(binary.AppendUvarint(nil, uint64(len(field))))
		sum.Write(field)
	}
	add([]byte(purpose))
	for _, field := range fields {
		// As it is bound, so that a type that cannot be stored fails there.
		value, _ := driver.DefaultParameterConverter.ConvertValue(field)
		if blob, ok := value.([]byte); ok {
			add(blob)
			continue
		}
		add(fmt.Append(nil, value))
	}
	return sum.Sum(nil)
}

// instant is a time kept as nanoseconds since 1970, 0 for none.
type instant time.Time

func (t instant) nanoseconds() int64 {
	if time.Time(t).IsZero() {
		return 0
	}
	return time.Time(t).UnixNano()
}

// Value implements driver.Valuer.
func (t instant) Value() (driver.Value, error) { return t.nanoseconds(), nil }

// Scan implements sql.Scanner.
func (t *instant) Scan(stored any) error {
	n, ok := stored.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", stored)
	}
	*t = instant{}
	if n != 0 {
		*t = instant(time.Unix(0, n).UTC())
	}
	return nil
}

// document is JSON kept as text, byte for byte; empty for none.
type document []byte

// Value implements driver.Valuer.
func (d document) Value() (driver.Value, error) { return string(d), nil }

// Scan implements sql.Scanner.
func (d *document) Scan(stored any) error {
	text, ok := stored.(string)
	if !ok {
		return fmt.Errorf("a document is stored as %T", stored)
	}
	*d = nil
	if text != "" {
		*d = document(text)
	}
	return nil
}
