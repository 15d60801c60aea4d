package budget

// The tables below were measured: TestPrices prints what the pieces of the test corpus really cost, by kind and
// length, next to the price given here.

const (
	contractionCost = 30
	extraMark       = 50 // each further change of character in a long run of punctuation
	repeatedMark    = 2  // lines of dashes are one or two tokens
	repeatedBlank   = 1  // and so is even deep indentation
	repeatedBreak   = 6  // line breaks and tabs less so
	oneToken        = 16 // up to so many of them are a token
	perIDLetter     = 58 // a letter of an id, in a stretch longer than the table
	perLetter       = 25 // a letter of a word longer than the table
	splitPrefix     = 75 // a quote or bracket before a word is mostly a token of its own
	spacedEmoji     = 60 // a blank before an emoji seldom joins it
)

var (
	// By the number of changes of character in a run of punctuation. JSON's usual sequences are single tokens.
	marksCost = [...]int{100, 100, 100, 106, 175, 180}

	// By length. A word behind a blank is mostly one token; the same word inside a JSON string is less often one, and
	// a name in an address hardly ever.
	spacedWord    = [...]int{100, 100, 100, 103, 103, 103, 106, 106, 106, 112, 114, 115, 125, 150, 160}
	spacedName    = [...]int{100, 100, 100, 101, 103, 106, 120, 130, 142, 142, 160, 155, 180, 200, 210}
	bareWord      = [...]int{100, 100, 101, 133, 130, 155, 160, 145, 160, 210, 155, 180, 190, 200, 210}
	bareName      = [...]int{100, 100, 126, 150, 143, 165, 168, 165, 215, 235, 220, 215, 215, 220, 230}
	joinedWord    = [...]int{100, 100, 101, 110, 120, 125, 120, 125, 145, 220, 190, 200, 210, 220, 230}
	addressWord   = [...]int{100, 100, 101, 102, 145, 190, 240, 270, 300, 320, 330, 340, 350, 360, 370}
	capitalsOnly  = [...]int{100, 100, 106, 122, 150, 190, 230, 270, 320}
	idLetters     = [...]int{100, 100, 108, 168, 224, 287, 342, 402}
	joinedLetters = [...]int{100, 100, 145, 200, 250, 310, 370, 430}
)

// wordCost prices a word of ASCII letters. The character before it is 0 where it stands alone.
func wordCost(length, capitals int, before byte, inID bool) int {
	spaced := before == ' '
	joined := before != 0 && !spaced
	switch {
	case inID && joined:
		return fromTable(joinedLetters[:], length, perIDLetter)
	case inID && !spaced, capitals > 1 && capitals < length:
		return fromTable(idLetters[:], length, perIDLetter)
	case capitals > 1:
		return fromTable(capitalsOnly[:], length, perIDLetter)
	case spaced && capitals == 1:
		return fromTable(spacedName[:], length, perLetter)
	case spaced:
		return fromTable(spacedWord[:], length, perLetter)
	case before == '@' || before == '.' && capitals == 0:
		return fromTable(addressWord[:], length, perLetter)
	case before == '"' || before == '<':
		return fromTable(bareWord[:], length, perLetter) + splitPrefix
	case joined:
		return fromTable(joinedWord[:], length, perLetter)
	case capitals == 1:
		return fromTable(bareName[:], length, perLetter)
	default:
		return fromTable(bareWord[:], length, perLetter)
	}
}

func fromTable(table []int, length, perExtra int) int {
	last := len(table) - 1
	if length <= last {
		return table[length]
	}
	return table[last] + (length-last)*perExtra
}

// letterCost prices one letter of a word that is not all ASCII, by script. Variation selectors count as letters to
// the tokeniser, though they only colour the emoji before them.
func letterCost(r rune, before byte) int {
	switch {
	case r < 0x250: // Latin with accents
		if before == ' ' {
			return 22
		}
		return 49
	case r >= 0x370 && r < 0x400: // Greek
		return 40
	case r >= 0x400 && r < 0x530: // Cyrillic
		return 26
	case r >= 0x590 && r < 0x600: // Hebrew
		return 43
	case r >= 0x600 && r < 0x780: // Arabic
		return 30
	case r >= 0x900 && r < 0xe00: // the scripts of India
		return 35
	case r >= 0xe00 && r < 0xe80: // Thai
		return 45
	case r >= 0x3040 && r <= 0x30ff: // kana
		return 72
	case r >= 0xac00 && r <= 0xd7a3: // Hangul
		return 68
	case r >= 0x3400 && r <= 0x9fff: // Han
		return 76
	case r >= 0xfe00 && r <= 0xfe0f: // variation selectors
		return 150
	default:
		return 120 // rare scripts
	}
}

// symbolCost prices one character that is neither letter nor digit nor space, by the length of its encoding.
func symbolCost(symbol string) int {
	switch len(symbol) {
	case 1:
		return 100
	case 2, 3:
		return 105 // typographic and East Asian punctuation, arrows, old symbols
	default:
		return 155 // emoji
	}
}
