package opaque

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"
)

// Lifetime is how long a confirmation is good.
const Lifetime = 10 * time.Minute

// What can be wrong with a confirmation.
var (
	ErrForeign = errors.New("the confirmation was not issued for this call: tool, arguments, project and key must be those of the preview")
	ErrExpired = errors.New("the confirmation has expired")
	ErrChanged = errors.New("what was previewed has changed since")
)

// Binding is what a confirmation is good for, and nothing else.
type Binding struct {
	Tool      string
	Project   int64
	Arguments any // the call's arguments without the confirmation itself
	Object    any // the identity of what was previewed, as it is now
}

// Sizes of a sealed confirmation's parts: when it expires (Unix seconds), the
// object's tag and the tag over everything.
const (
	expirySize = 5
	objectSize = 12
	tagSize    = 16
)

// Seal issues a confirmation under a secret key.
func Seal(key []byte, b Binding, expires time.Time) string {
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(expires.Unix()))
	head := append(stamp[8-expirySize:], b.objectTag(key)...)
	return base64.RawURLEncoding.EncodeToString(append(head, b.tag(key, head)...))
}

// Check holds a confirmation against the same binding: ErrForeign, ErrExpired,
// ErrChanged or nil. It proves that a preview was made with this key, not that
// a person agreed.
func Check(key []byte, b Binding, confirmation string, now time.Time) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(confirmation)
	if err != nil || len(raw) != expirySize+objectSize+tagSize {
		return ErrForeign
	}
	head, tag := raw[:expirySize+objectSize], raw[expirySize+objectSize:]
	if !hmac.Equal(tag, b.tag(key, head)) {
		return ErrForeign
	}
	var stamp [8]byte
	copy(stamp[8-expirySize:], head)
	if now.Unix() >= int64(binary.BigEndian.Uint64(stamp[:])) {
		return ErrExpired
	}
	if !hmac.Equal(head[expirySize:], b.objectTag(key)) {
		return ErrChanged
	}
	return nil
}

func (b Binding) objectTag(key []byte) []byte { return mac(key, "object", b.Object)[:objectSize] }

func (b Binding) tag(key, head []byte) []byte {
	return mac(key, "confirmation", []any{head, b.Tool, b.Project, b.Arguments})[:tagSize]
}

func mac(key []byte, purpose string, value any) []byte {
	encoded, err := json.Marshal([]any{purpose, value})
	if err != nil {
		panic("opaque: a binding must encode as JSON: " + err.Error()) // a type error of ours, not data
	}
	h := hmac.New(sha256.New, key)
	h.Write(encoded)
	return h.Sum(nil)
}
