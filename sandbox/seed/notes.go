package seed

import (
	"time"
)

// NoteCount is how many notes the accounts have together.
const NoteCount = 1200

// AcmeNotes is how many of them are on Acme Robotics.
const AcmeNotes = 6

// noteShares is how many notes each account has: a few have many, one in
// twelve has none.
func noteShares() []int {
	r := random(areaNoteShares, 0)
	shares := make([]int, AccountCount)
	shares[acmeIndex] = AcmeNotes
	for left := NoteCount - AcmeNotes; left > 0; {
		i := between(r, 1, AccountCount-1)
		most := 1 + int(13*r.Float64()*r.Float64())
		if i%12 != 6 && shares[i] < most {
			shares[i]++
			left--
		}
	}
	return shares
}

// Notes are the notebooks on the accounts, newest last within an account.
func Notes() []Note {
	notes := make([]Note, 0, NoteCount)
	accounts := Accounts()
	for i, share := range noteShares() {
		for n := range share {
			notes = append(notes, note(&accounts[i], n, share))
		}
	}
	return notes
}

// note is the n-th of an account's notes.
func note(a *Account, n, of int) Note {
	r := random(areaNotes, a.facts.index*100+n)
	ago := time.Duration(float64(a.CreatedAgo) * (float64(of-n) - 0.9*r.Float64()) / float64(of+1)).Truncate(time.Microsecond)
	author := pick(r, []int64{a.CSM, a.CSM, a.CSM, a.AccountExecutive, a.AccountOwner})
	if author == 0 {
		author = pick(r, []int64{Ada, 17, 18})
	}
	made := Note{
		ID:          timeOrderedID(r, time.Duration(a.facts.index)*idSpacing+time.Duration(n+1)*time.Minute),
		ShortID:     token(r, base62, pick(r, []int{8, 8, 8, 12})),
		AccountID:   a.ID,
		Author:      author,
		Ago:         ago,
		ModifiedAgo: ago,
	}
	made.Title, made.Markdown = compose(r, a, author)
	return made
}
