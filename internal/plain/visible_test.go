package plain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/plain"
)

func TestNothingHidesInASentence(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Zoë 👩‍🌾\nנמל":         "Zoë 👩‍🌾\nנמל",
		"a\u202eb\u2066":       `a\u202eb\u2066`,
		"a\x1b[2Jb\x00\r":      `a\u001b[2Jb\u0000\u000d`,
		"zero\u200bwidth":      `zero\u200bwidth`,
		"tag\U000e0041":        `tag\udb40\udc41`,
		"\U000e0101\U000e0102": `\udb40\udd01\udb40\udd02`,
		"Han\u3164gul\u034f":   `Han\u3164gul\u034f`,
		"❤\ufe0f":              "❤\ufe0f",
		"two\u2028lines\u0085": `two\u2028lines\u0085`,
		"می\u200cخواهم":        "می\u200cخواهم",
	} {
		require.Equal(t, want, plain.Explain(plain.Refuse("%s", name)))
	}
}
