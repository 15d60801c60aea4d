package journal

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"math/bits"
	"strings"
	"time"
)

const idPrefix = "w_"

// idEncoding has its digits in the order of their bytes, so that text sorts as
// the numbers do, and leaves out those that are read for one another.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newID makes an id in the manner of a ULID, milliseconds before randomness,
// that sorts after the last one. Within a millisecond, or when the clock went
// back, it lies a random step after the last, so that ids order writes and
// knowing one still does not give away the next.
func newID(last string, now time.Time) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	low := binary.BigEndian.Uint64(random[8:])
	high := uint64(now.UnixMilli())<<16 | uint64(binary.BigEndian.Uint16(random[:2]))

	lastHigh, lastLow, ok := parseID(last)
	if ok && (high < lastHigh || high == lastHigh && low <= lastLow) {
		step := max(low, 1)
		var carry uint64
		low, carry = bits.Add64(lastLow, step, 0)
		high = lastHigh + carry
	}
	number := binary.BigEndian.AppendUint64(nil, high)
	number = binary.BigEndian.AppendUint64(number, low)
	return idPrefix + idEncoding.EncodeToString(number)
}

func parseID(id string) (high, low uint64, ok bool) {
	text, found := strings.CutPrefix(id, idPrefix)
	number, err := idEncoding.DecodeString(text)
	if !found || err != nil || len(number) != 16 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(number[:8]), binary.BigEndian.Uint64(number[8:]), true
}
