package client

import "encoding/json"

// Optional is a field of a change: absent (the zero value: leave it as it is), null (clear it), or a value.
type Optional[T any] struct {
	present, null bool
	value         T
}

// Set returns a field that changes to value.
func Set[T any](value T) Optional[T] { return Optional[T]{present: true, value: value} }

// Null returns a field that is cleared.
func Null[T any]() Optional[T] { return Optional[T]{present: true, null: true} }

// IsZero reports whether the field is absent; encoding/json's omitzero asks it.
func (o Optional[T]) IsZero() bool { return !o.present }

// IsNull reports whether the field is cleared.
func (o Optional[T]) IsNull() bool { return o.present && o.null }

// Get returns the value and whether there is one.
func (o Optional[T]) Get() (T, bool) { return o.value, o.present && !o.null }

// MarshalJSON encodes the value or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if o.null || !o.present {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}
