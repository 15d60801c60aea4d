package client

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unique"
)

// maxKeyLength is far above any token PostHog issues; longer text is a paste accident.
const maxKeyLength = 512

// redacted is what every way of printing a Key shows.
const redacted = "[redacted PostHog key]"

// Key is a PostHog credential: a personal API key (phx_...) or an OAuth access token (pha_...).
//
// It cannot be printed: every formatting, logging and encoding path shows a placeholder. The text sits
// behind a handle, so that even a %+v of a struct with a Key in an unexported field, where fmt cannot call
// methods, shows an address. Keys are comparable: equal text means equal keys. The zero Key means "none".
type Key struct {
	secret unique.Handle[string]
}

// NewKey checks that text can be a credential for PostHog's private API. Surrounding white space is
// dropped. No error text contains the key.
func NewKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Key{}, errors.New("the PostHog key is empty")
	case strings.HasPrefix(text, "phc_"):
		return Key{}, errors.New("this is a project token (phc_), which can only send events; " +
			"create a personal API key (phx_) under Settings, Personal API keys")
	case strings.HasPrefix(text, "phs_"):
		return Key{}, errors.New("this is a project secret key (phs_), which these endpoints do not accept; " +
			"create a personal API key (phx_) under Settings, Personal API keys")
	case len(text) > maxKeyLength:
		return Key{}, errors.New("the PostHog key is too long to be one")
	case strings.ContainsFunc(text, notTokenRune):
		return Key{}, errors.New("the PostHog key contains a character no key has " +
			"(check for quotes, spaces or a pasted \"Bearer\")")
	}
	return Key{secret: unique.Make(text)}, nil
}

// notTokenRune reports whether r is outside the alphabet of HTTP bearer tokens (RFC 6750, b64token).
func notTokenRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._~+/=", r)
}

// IsZero reports whether k holds no credential.
func (k Key) IsZero() bool { return k == Key{} }

// Fingerprint identifies the key in caches and log lines without revealing anything of it.
// The zero Key has the empty fingerprint.
func (k Key) Fingerprint() string {
	if k.IsZero() {
		return ""
	}
	return hex.EncodeToString(k.Derive("fingerprint")[:8])
}

// Derive returns 32 bytes that only a holder of the key can compute (HKDF-SHA256). Different purposes give
// unrelated bytes; the same key and purpose give the same bytes in every process.
func (k Key) Derive(purpose string) []byte {
	derived, err := hkdf.Key(sha256.New, []byte(k.reveal()), nil, "posthog-accounts-mcp/"+purpose, sha256.Size)
	if err != nil {
		// Only a length beyond 255 hashes or a FIPS policy on short secrets can fail here; a zero-filled
		// secret would be forgeable, so fall back to a plain keyed hash of the same inputs.
		sum := sha256.Sum256([]byte(k.reveal() + "\x00posthog-accounts-mcp/" + purpose))
		return sum[:]
	}
	return derived
}

// reveal returns the credential itself, for the Authorization header and nothing else.
func (k Key) reveal() string {
	if k.IsZero() {
		return ""
	}
	return k.secret.Value()
}

// isOAuth reports whether k is an OAuth access token, which PostHog introspects at another address.
func (k Key) isOAuth() bool { return strings.HasPrefix(k.reveal(), "pha_") }

// String returns a placeholder.
func (k Key) String() string { return redacted }

// GoString returns a placeholder.
func (k Key) GoString() string { return redacted }

// Format writes a placeholder for every verb, %x and %q included.
func (k Key) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// MarshalJSON encodes a placeholder.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// MarshalText encodes a placeholder, also for map keys and other encoders.
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue logs the fingerprint, which tells keys apart.
func (k Key) LogValue() slog.Value { return slog.StringValue("key:" + k.Fingerprint()) }
