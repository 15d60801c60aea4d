package httpserver

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// Callers are the bearer tokens that may call, of which only SHA-256 hashes are kept. Tokens are long and
// random, so a plain hash is enough: there is nothing to guess.
type Callers struct {
	entries []caller
}

type caller struct {
	label string
	hash  [sha256.Size]byte
}

var callerName = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}$`)

// LoadCallers reads a callers file.
func LoadCallers(path string) (*Callers, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the callers file cannot be read: %w", err)
	}
	defer file.Close()
	callers, err := ParseCallers(file)
	if err != nil {
		return nil, fmt.Errorf("the callers file %s: %w", path, err)
	}
	return callers, nil
}

// ParseCallers reads one caller a line, either "name:hash" or "hash", where hash is the SHA-256 of the token
// in hex, as `printf %s "$TOKEN" | sha256sum` prints it. "#" starts a comment. Errors name the line and never
// quote it: the likeliest mistake is a token in the place of its hash.
func ParseCallers(r io.Reader) (*Callers, error) {
	callers := &Callers{}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimRight(strings.TrimSpace(text), " \t-") // sha256sum ends its line in "  -"
		if text == "" {
			continue
		}
		entry, err := parseCaller(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		callers.entries = append(callers.entries, entry)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(callers.entries) == 0 {
		return nil, errors.New("there is no caller in it: add a line with the SHA-256 hash of a token")
	}
	return callers, nil
}

func parseCaller(text string) (caller, error) {
	name, digits, named := strings.Cut(text, ":")
	if !named {
		name, digits = "", text
	}
	hash, err := hex.DecodeString(strings.TrimSpace(digits))
	if err != nil || len(hash) != sha256.Size {
		return caller{}, errors.New("expected the SHA-256 hash of a token, 64 hex digits, after an optional name and a colon")
	}
	label := strings.TrimSpace(name)
	if named && !callerName.MatchString(label) {
		return caller{}, errors.New("a caller's name is 1 to 64 letters, digits and the characters . _ @ -")
	}
	if label == "" {
		label = "sha256:" + hex.EncodeToString(hash[:4])
	}
	return caller{label: label, hash: [sha256.Size]byte(hash)}, nil
}

// identify returns the label of the caller who holds token. It compares with every hash in constant time, so
// that the time says neither whose token was close nor how close.
func (c *Callers) identify(token string) (label string, known bool) {
	hash := sha256.Sum256([]byte(token))
	for _, entry := range c.entries {
		if subtle.ConstantTimeCompare(hash[:], entry.hash[:]) == 1 && !known {
			label, known = entry.label, true
		}
	}
	return label, known
}

// bearer returns the token of an Authorization header.
func bearer(header string) (token string, ok bool) {
	scheme, token, found := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, found && strings.EqualFold(scheme, "Bearer") && token != ""
}
