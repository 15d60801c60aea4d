package opaque

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
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

// Sizes of a sealed confirmation's parts: when it expires (Unix seconds), chance
// that makes it another one than any before, the object's tag and the tag over
// everything.
const (
	expirySize = 5
	chanceSize = 6
	objectSize = 12
	tagSize    = 16

	headSize = expirySize + chanceSize + objectSize
)

// Seal issues a confirmation under a secret key.
func Seal(key []byte, b Binding, expires time.Time) string {
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(expires.Unix()))
	chance := make([]byte, chanceSize)
	_, _ = rand.Read(chance) // never fails
	head := slices.Concat(stamp[8-expirySize:], chance, b.objectTag(key))
	return base64.RawURLEncoding.EncodeToString(append(head, b.tag(key, head)...))
}

// Check holds a confirmation against the same binding: ErrForeign, ErrExpired,
// ErrChanged or nil. It proves that a preview was made with this key, not that
// a person agreed.
func Check(key []byte, b Binding, confirmation string, now time.Time) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(confirmation)
	if err != nil || len(raw) != headSize+tagSize || base64.RawURLEncoding.EncodeToString(raw) != confirmation {
		return ErrForeign // the decoder skips line ends, and one confirmation must not have two spellings
	}
	head, tag := raw[:headSize], raw[headSize:]
	if !hmac.Equal(tag, b.tag(key, head)) {
		return ErrForeign
	}
	if !now.Before(expiry(head)) {
		return ErrExpired
	}
	if !hmac.Equal(head[expirySize+chanceSize:], b.objectTag(key)) {
		return ErrChanged
	}
	return nil
}

// Expiry is when a confirmation that Check took ends.
func Expiry(confirmation string) time.Time {
	raw, err := base64.RawURLEncoding.DecodeString(confirmation)
	if err != nil || len(raw) < expirySize {
		return time.Time{}
	}
	return expiry(raw)
}

func expiry(head []byte) time.Time {
	var stamp [8]byte
	copy(stamp[8-expirySize:], head[:expirySize])
	return time.Unix(int64(binary.BigEndian.Uint64(stamp[:])), 0)
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
