package seed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	// NoteCount is how many notes the accounts have together.
	NoteCount = 1200
	// AcmeNotes is how many of them are on Acme Robotics.
	AcmeNotes = 6
	// MostNotes is how many the most written-about account has.
	MostNotes = 14
	// ExportComplaints is how many notes complain about exports. No other note
	// holds a word that starts with "export".
	ExportComplaints = 36
)

// noteShares is how many notes each account has: one in twelve has none, most
// have a few, few have many.
func noteShares() []int {
	r := random(areaNoteShares, 0)
	shares := make([]int, AccountCount)
	left := NoteCount
	for i := range shares {
		switch {
		case i == acmeIndex:
			shares[i] = AcmeNotes
		case i == bigNoteAccount:
			shares[i] = MostNotes
		case i%12 != 6:
			shares[i] = min(MostNotes, 1+int(2.3*r.ExpFloat64()))
		}
		left -= shares[i]
	}
	for left != 0 {
		i := between(r, 1, AccountCount-1)
		switch {
		case left > 0 && shares[i] > 0 && shares[i] < MostNotes-1:
			shares[i]++
			left--
		case left < 0 && shares[i] > 2 && i != bigNoteAccount:
			shares[i]--
			left++
		}
	}
	return shares
}

// Notes are the notebooks on the accounts, oldest first within an account.
func Notes() []Note {
	notes := make([]Note, 0, NoteCount)
	accounts := Accounts()
	shares := noteShares()
	special := specialNotes(shares)
	for i, share := range shares {
		a := &accounts[i]
		for n, ago := range noteAges(a, share) {
			made := note(a, n, ago, special[len(notes)])
			if twist, ok := twists[place{i, n}]; ok {
				twist(a, &made)
			}
			notes = append(notes, made)
		}
	}
	return notes
}

// noteAges are the ages of an account's notes, oldest first. There are more
// recent ones than old ones; Acme's newest is from yesterday.
func noteAges(a *Account, n int) []time.Duration {
	r := random(areaNotes, -1-a.facts.index)
	ages := make([]time.Duration, n)
	for i := range ages {
		share := r.Float64()
		ages[i] = time.Duration(share*share*float64(a.CreatedAgo-time.Hour)).Truncate(time.Microsecond) + time.Hour
	}
	slices.Sort(ages)
	if a.facts.index == acmeIndex {
		ages[0] = 26 * time.Hour
	}
	slices.Reverse(ages)
	return ages
}

// special tells what is out of the ordinary about a note.
type special struct {
	complains bool
	edit      int // counts from 1; 0 is not edited
}

// specialNotes deals the complaints and the edits out, by the position of the
// note among all. Acme Robotics has one of each; notes with a twist have none.
func specialNotes(shares []int) map[int]special {
	dealt := map[int]special{3: {complains: true}, 4: {edit: EditedNotes}}
	position := 0
	for i, share := range shares {
		for n := range share {
			if _, twisted := twists[place{i, n}]; twisted {
				dealt[position] = special{}
			}
			position++
		}
	}
	r := random(areaNoteShares, 1)
	deal := func(what special) {
		for {
			at := r.IntN(NoteCount)
			if _, taken := dealt[at]; !taken {
				dealt[at] = what
				return
			}
		}
	}
	for range ExportComplaints - 1 {
		deal(special{complains: true})
	}
	for edit := 1; edit < EditedNotes; edit++ {
		deal(special{edit: edit})
	}
	return dealt
}

// note is the n-th of an account's notes.
func note(a *Account, n int, ago time.Duration, what special) Note {
	r := random(areaNotes, a.facts.index*100+n)
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
	s := newStory(r, a, author)
	made.Title = s.compose(noteKind(r, n), what.complains)
	made.Markdown = strings.TrimSpace(s.String()) + "\n"
	switch { // some people never fill in the title
	case a.facts.index == acmeIndex:
	case chance(r, 4):
		made.Title, made.NullTitle = "", true
	case chance(r, 2):
		made.Title = ""
	}
	if what.edit > 0 {
		made.Doc = editedDoc(s, what.edit)
	}
	if what.edit > 0 || chance(r, 10) {
		made.ModifiedAgo = time.Duration(r.Float64() * float64(ago)).Truncate(time.Microsecond)
	}
	return made
}

// noteKind is what the n-th note is about: accounts start with a kick-off.
func noteKind(r *rand.Rand, n int) string {
	if n == 0 && chance(r, 45) {
		return "kickoff"
	}
	return pick(r, []string{
		"call", "call", "call", "call", "call", "call", "call", "qbr", "qbr", "handover", "escalation", "escalation",
		"renewal", "renewal", "training", "support", "support", "internal",
	})
}

// compose writes a note of a kind and returns its title.
func (s *story) compose(kind string, complains bool) (title string) {
	title = s.title(kind)
	s.heading(2, title)
	s.paragraph(s.say(openings[kind]), s.say(remarks))
	switch kind {
	case "qbr":
		s.review()
	case "handover":
		s.handOver()
	case "escalation":
		s.escalation()
	case "kickoff", "training":
		s.session()
	case "renewal", "internal":
		s.planning()
	default:
		s.conversation()
	}
	if complains {
		s.heading(3, pick(s.r, []string{"Complaint", "What went wrong for them", "Sore point", "They are unhappy about"}))
		s.paragraph(s.say(exportComplaints), s.say(remarks))
	}
	s.todo(between(s.r, 2, 5))
	if chance(s.r, 30) {
		s.links()
	}
	return title
}

func (s *story) title(kind string) string {
	who, feature := s.people[between(s.r, 0, 3)], pick(s.r, features)
	var titles []string
	switch kind {
	case "qbr":
		titles = []string{"QBR", "Quarterly business review", "QBR with " + s.people[1].given, "Review of the quarter"}
	case "handover":
		titles = []string{"Handover", "Handover notes from " + firstName(s.author), "What to know about " + s.a.Name}
	case "escalation":
		titles = []string{"Escalation: missing events", "Escalation " + s.word("ticket"), "Incident: wrong numbers on the " + pick(s.r, teams) + " dashboard"}
	case "kickoff":
		titles = []string{"Kick-off", "Onboarding kick-off", "Kick-off with " + who.given}
	case "renewal":
		titles = []string{"Renewal", "Renewal talk with " + s.people[1].given, "Renewal: where we stand"}
	case "training":
		titles = []string{"Training: " + feature, "Office hours", "Enablement session, " + pick(s.r, teams) + " team"}
	case "support":
		titles = []string{"Support review", "Open tickets", "Tickets and loose ends"}
	case "internal":
		titles = []string{"Account plan", "Internal: forecast", "Planning " + s.a.facts.segment}
	default:
		titles = []string{"Call with " + who.name(), "Sync: " + feature, "Weekly call", "Call notes: " + pick(s.r, metrics), "Catch-up after the " + pick(s.r, events)}
	}
	title := []rune(pick(s.r, titles))
	return string(title[:min(len(title), maxTitle)])
}

// maxTitle is the longest title PostHog takes, in characters.
const maxTitle = 256

func (s *story) conversation() {
	s.attendees()
	s.heading(3, pick(s.r, []string{"Discussed", "Topics", "What we talked about"}))
	s.topics(between(s.r, 3, 7))
	if chance(s.r, 35) {
		s.code()
	}
	if chance(s.r, 35) {
		s.quote()
	}
	s.paragraph(s.say(remarks), s.say(remarks))
}

func (s *story) review() {
	s.heading(3, "Numbers")
	s.figures()
	s.paragraph(s.say(remarks), s.say(remarks), s.say(remarks))
	s.quote()
	s.heading(3, "Value they see")
	s.topics(between(s.r, 3, 5))
	s.heading(3, "Risks")
	s.numbered(risks, between(s.r, 1, 3))
	s.heading(3, "Agreed")
	s.numbered(decisions, between(s.r, 2, 4))
}

func (s *story) handOver() {
	s.heading(3, "Who is who")
	s.whoIsWho()
	s.heading(3, "Where they stand")
	s.paragraph(fmt.Sprintf("%s, %d seats, about %d thousand dollars a year, renewal %s. Health %d of 100 by my own feeling.",
		s.a.facts.plan, s.a.facts.seats, s.a.facts.arr/1000, renewalIn(s.a.facts.renewal), s.a.facts.health))
	s.topics(between(s.r, 4, 7))
	s.heading(3, "Open threads")
	s.numbered(decisions, between(s.r, 2, 3))
	s.heading(3, "Risks")
	s.numbered(risks, between(s.r, 2, 3))
	s.paragraph(s.say(remarks), s.say(remarks))
}

func (s *story) escalation() {
	s.heading(3, "Timeline")
	hour := between(s.r, 6, 13)
	for i, what := range []string{
		"first report in the shared channel", s.word("dev") + " opens " + s.word("ticket"), "engineering confirms",
		"fix rolled out to " + s.word("pct") + "%", "numbers back to normal",
	} {
		s.line("%d. **%02d:%02d** %s", i+1, hour+i, between(s.r, 0, 59), what)
	}
	s.gap()
	s.code()
	s.heading(3, "What it means for the account")
	s.paragraph(s.say(remarks), s.say(remarks))
	s.numbered(risks, between(s.r, 1, 3))
	s.topics(between(s.r, 1, 3))
	s.quote()
}

func (s *story) session() {
	s.attendees()
	s.heading(3, "Where they start from")
	s.topics(between(s.r, 3, 5))
	s.code()
	s.heading(3, "Plan")
	s.numbered(decisions, between(s.r, 3, 5))
	s.paragraph(s.say(remarks))
}

func (s *story) planning() {
	s.heading(3, "Where we are")
	s.paragraph(fmt.Sprintf("Contract: %d thousand dollars a year on %s, ends %s.", s.a.facts.arr/1000, s.a.facts.plan, renewalIn(s.a.facts.renewal)),
		s.say(remarks), s.say(remarks))
	s.topics(between(s.r, 2, 4))
	if chance(s.r, 50) {
		s.figures()
	}
	s.heading(3, "Risks")
	s.numbered(risks, between(s.r, 2, 4))
	if chance(s.r, 40) {
		s.quote()
	}
}
