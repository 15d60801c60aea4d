package seed

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
)

// Words sentences are filled with. Products, rivals and teams are invented or
// generic.
var (
	features = []string{
		"session replay", "feature flags", "funnels", "experiments", "surveys", "the data warehouse", "group analytics",
		"cohorts", "dashboards", "web analytics", "error tracking", "SQL insights", "heatmaps", "the mobile SDK",
	}
	metrics = []string{
		"activation rate", "week-4 retention", "checkout conversion", "time to first value", "trial-to-paid",
		"invite rate", "search success", "churn by cohort", "daily active teams", "onboarding completion",
	}
	teams  = []string{"growth", "support", "platform", "marketing", "mobile", "finance", "onboarding", "data", "operations"}
	rivals = []string{"Funnelwise", "Pulseboard", "Statlight", "Trackmoor", "Insightory"}
	stacks = []string{"their Go backend", "a Django monolith", "React Native", "their event bus", "the old PHP shop", "server-side rendering"}
	events = []string{"spring launch", "pricing change", "app relaunch", "migration", "annual conference", "holiday sale", "merger announcement"}
)

// story writes one note. Its people are the account's, in the same parts in
// every note: the first contact is always the champion.
type story struct {
	strings.Builder
	r      *rand.Rand
	a      *Account
	people []contact
	author int64
	rival  string
	// feature is the last one spoken of: "this and that" are two things.
	feature string
	told    map[string]bool // sentences already used: no note says a thing twice
}

func newStory(r *rand.Rand, a *Account, author int64) *story {
	s := &story{r: r, a: a, people: a.facts.people, author: author, told: make(map[string]bool, 24)}
	s.rival = rivals[a.facts.index%len(rivals)]
	s.Grow(4096)
	return s
}

// word is what ${name} stands for.
func (s *story) word(name string) string {
	switch name {
	case "company":
		return s.a.Name
	case "Author":
		return firstName(s.author)
	case "ae":
		return s.holder(s.a.AccountExecutive, "the account executive on duty")
	case "owner":
		return s.holder(s.a.AccountOwner, "the team lead")
	case "champion":
		return s.people[0].given
	case "buyer":
		return s.people[1].given
	case "dev":
		return s.people[2].given
	case "user":
		return s.people[3].given
	case "user2":
		return pick(s.r, s.people[4:]).given
	case "rival":
		return s.rival
	case "plan":
		return s.a.facts.plan
	case "ticket":
		return "#" + strconv.Itoa(between(s.r, 20_000, 61_000))
	case "renewal":
		return renewalIn(s.a.facts.renewal)
	}
	return s.drawn(name)
}

// drawn is a word that differs from sentence to sentence.
func (s *story) drawn(name string) string {
	switch name {
	case "feature", "feature2":
		for before := s.feature; s.feature == before; {
			s.feature = pick(s.r, features)
		}
		return s.feature
	case "metric":
		return pick(s.r, metrics)
	case "team":
		return pick(s.r, teams)
	case "stack":
		return pick(s.r, stacks)
	case "event":
		return pick(s.r, events)
	case "n", "weeks":
		return strconv.Itoa(between(s.r, 2, 9))
	case "n2":
		return strconv.Itoa(between(s.r, 11, 95))
	case "pct":
		return strconv.Itoa(between(s.r, 3, 48))
	}
	return name
}

func (s *story) holder(id int64, nobody string) string {
	if id == 0 {
		return nobody
	}
	return firstName(id)
}

func renewalIn(days int) string {
	switch {
	case days < 21:
		return "in less than three weeks"
	case days < 120:
		return fmt.Sprintf("in about %d weeks", days/7)
	}
	return fmt.Sprintf("in about %d months", days/30)
}

// say is a sentence out of bank that this note has not used yet.
func (s *story) say(bank []string) string {
	for try := 0; ; try++ {
		template := pick(s.r, bank)
		if !s.told[template] || try > 2*len(bank) {
			s.told[template] = true
			return os.Expand(template, s.word)
		}
	}
}

func (s *story) line(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

// gap is the empty line between two blocks.
func (s *story) gap() { s.WriteByte('\n') }

func (s *story) heading(level int, text string) {
	s.line("%s %s", strings.Repeat("#", level), text)
	s.gap()
}

func (s *story) paragraph(sentences ...string) {
	s.line("%s", strings.Join(sentences, " "))
	s.gap()
}

func (s *story) attendees() {
	s.line("**With:**")
	s.gap()
	for _, c := range s.people[:between(s.r, 2, 4)] {
		s.line("- %s, %s (%s)", c.name(), c.title, c.email)
	}
	s.line("- %s for us", firstName(s.author))
	s.gap()
}

// topics is a list with a second level below some of its items.
func (s *story) topics(n int) {
	for range n {
		s.line("- %s", s.say(remarks))
		for range between(s.r, 0, 2) {
			s.line("  - %s", s.say(details))
		}
	}
	s.gap()
}

func (s *story) numbered(bank []string, n int) {
	for i := range n {
		s.line("%d. %s", i+1, s.say(bank))
	}
	s.gap()
}

func (s *story) quote() {
	speaker := pick(s.r, s.people[:4])
	s.line("> %s", s.say(quotes))
	s.line(">")
	s.line("> %s, %s", speaker.given, speaker.title)
	s.gap()
}

// todo ends most notes: some boxes are ticked by now.
func (s *story) todo(n int) {
	s.heading(3, pick(s.r, []string{"Next steps", "To do", "Follow-up", "Action items"}))
	for range n {
		box := " "
		if chance(s.r, 35) {
			box = "x"
		}
		s.line("- [%s] %s", box, s.say(nextSteps))
	}
	s.gap()
}

// figures is the table of a review.
func (s *story) figures() {
	s.line("| Metric | Last quarter | This quarter | Change |")
	s.line("| --- | ---: | ---: | ---: |")
	for _, i := range s.r.Perm(len(metrics))[:between(s.r, 3, 5)] {
		before := between(s.r, 80, 790)
		after := before + between(s.r, -60, 140)
		s.line("| %s | %.1f%% | %.1f%% | %+.1f |", metrics[i], float64(before)/10, float64(after)/10, float64(after-before)/10)
	}
	s.line("| seats in use | %d | %d | |", s.a.facts.seats*between(s.r, 50, 80)/100, s.a.facts.seats*between(s.r, 70, 99)/100)
	s.gap()
}

// whoIsWho is the table of a handover.
func (s *story) whoIsWho() {
	s.line("| Person | Does | How they are with us |")
	s.line("| --- | --- | --- |")
	moods := []string{"on our side", "friendly, busy", "sceptical", "wants numbers, not words", "new, unknown", "answers within the hour", "only by phone"}
	for _, c := range s.people[:between(s.r, 3, 5)] {
		s.line("| %s | %s | %s |", c.name(), c.title, pick(s.r, moods))
	}
	s.gap()
}

// links point at where the rest is kept.
func (s *story) links() {
	if url, ok := s.a.Properties["usage_dashboard_link"]; ok {
		s.line("Usage: [dashboard](%s)", url)
	}
	s.line("Recording: [%s](https://calls.example.com/%s/%s)",
		pick(s.r, []string{"video", "recording", "call"}), s.a.facts.slug, token(s.r, digits, 6))
	s.gap()
}
