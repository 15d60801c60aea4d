package portfolio

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The ways to write one name: "Société Générale, S.A.", "societe generale",
// "SOCIETE GENERALE SA". What they have in common is a name's key. Equal keys
// are a reason to show somebody an account, and never one to write to it.

// letters are those that have a plain spelling which taking accents off does
// not give.
var letters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "&", " and ", "+", " and ",
	"株式会社", " 株式会社 ", "有限会社", " 有限会社 ", "주식회사", " 주식회사 ")

// legalForms are what a company's name ends with, and people leave out.
var legalForms = strings.Fields(`inc incorporated corp corporation co company llc llp lp plc ltd limited pty
	gmbh mbh ag kg ohg ug se ev sa sas sasu sarl eurl srl srls spa sl slu bv nv cv ab as asa oy oyj aps spzoo
	sro doo kft zrt nyrt jsc pjsc ooo pte kk sti ltda eireli 株式会社 有限会社 주식회사`)

// spelledOut are legal forms in several words.
var spelledOut = strings.NewReplacer(" sp z oo ", " spzoo ", " a s ", " as ", " s a ", " sa ", " b v ", " bv ")

// small are words that people write or leave out as they like.
var small = []string{"the", "and", "und", "et", "y", "e", "og", "och"}

// nameKey is what all spellings of a name have in common: no case, accents,
// punctuation, spaces, legal form. It is empty for a name of none but symbols.
func nameKey(name string) string {
	words := strings.Fields(spelledOut.Replace(" " + strings.Join(nameWords(name), " ") + " "))
	kept := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return slices.Contains(small, word) })
	for len(kept) > 1 && slices.Contains(legalForms, kept[len(kept)-1]) {
		kept = kept[:len(kept)-1]
	}
	if len(kept) > 1 && slices.Contains(legalForms, kept[0]) && kept[0][0] > unicode.MaxASCII { // 株式会社 stands in front as well
		kept = kept[1:]
	}
	if len(kept) == 0 {
		kept = words
	}
	return strings.Join(kept, "")
}

// nameWords are a name's words without case, accents and punctuation.
func nameWords(name string) []string {
	name = letters.Replace(strings.ToLower(norm.NFKC.String(name)))
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(".'’`´", r):
			return -1 // "S.A.", "O'Hara", and what cannot be seen
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mc, r):
			return r
		}
		return ' '
	}, norm.NFD.String(name))
	return strings.Fields(letters.Replace(norm.NFC.String(plain)))
}

// emailIn is the e-mail address that a text is, in lower case, or "".
func emailIn(text string) string {
	text = strings.ToLower(strings.TrimPrefix(text, "mailto:"))
	name, domain, ok := strings.Cut(text, "@")
	if !ok || name == "" || strings.ContainsAny(text, " \t\n,;<>/") || !isDomain(domain) {
		return ""
	}
	return text
}

// domainIn is the domain that a text names: one by itself, that of an e-mail
// address, or that of somebody's website.
func domainIn(text string) string {
	text = strings.ToLower(strings.TrimPrefix(text, "mailto:"))
	if address, err := url.Parse(text); err == nil && (address.Scheme == "http" || address.Scheme == "https") {
		text = address.Hostname()
	}
	text = strings.TrimSuffix(text[strings.LastIndexByte(text, '@')+1:], ".")
	text, _, _ = strings.Cut(text, "/")
	text = strings.TrimPrefix(text, "www.")
	if !isDomain(text) {
		return ""
	}
	return text
}

func isDomain(text string) bool {
	labels := strings.Split(text, ".")
	for _, label := range labels {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' }) {
			return false
		}
	}
	return len(labels) > 1 && len(text) <= 253 && !isNumber(labels[len(labels)-1])
}

func isNumber(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// under tells whether a domain is another one or lies below it.
func under(domain, other string) bool {
	return domain == other || strings.HasSuffix(domain, "."+other)
}

// mailboxes are domains whose addresses tell nothing about who owns them.
var mailboxes = strings.Fields(`gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com
	mac.com aol.com proton.me protonmail.com gmx.net gmx.de gmx.com web.de mail.com mail.ru yandex.ru zoho.com fastmail.com qq.com 163.com 126.com`)
