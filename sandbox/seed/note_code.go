package seed

import "fmt"

// code is what people paste into notes: a query, a snippet, an error, a log.
func (s *story) code() {
	event := pick(s.r, []string{"order_placed", "report_opened", "invite_sent", "file_uploaded", "plan_changed", "search_done"})
	day := between(s.r, 7, 60)
	blocks := []struct{ lead, language, text string }{
		{"The query we used:", "sql", fmt.Sprintf(`SELECT properties.plan AS plan, count() AS n
FROM events
WHERE event = '%s' AND timestamp > now() - INTERVAL %d DAY
GROUP BY plan
ORDER BY n DESC`, event, day)},
		{"What their frontend sends now:", "js", fmt.Sprintf(`posthog.capture('%s', {
  plan: user.plan,
  seats: %d,
  $groups: { company: '%s' },
})`, event, s.a.facts.seats, s.a.facts.slug)},
		{"What the server should send:", "python", fmt.Sprintf(`posthog.capture(
    distinct_id=user.id,
    event="%s",
    properties={"plan": user.plan, "source": "backend"},
    groups={"company": "%s"},
)`, event, s.a.facts.slug)},
		{"The event as it arrived:", "json", fmt.Sprintf(`{
  "event": "%s",
  "distinct_id": "%s",
  "properties": { "$lib": "web", "plan": null, "seats": "%d" }
}`, event, randomID(s.r), s.a.facts.seats)},
		{"From their log:", "", fmt.Sprintf(`WARN  ingest: queue at %d%%, dropping %s
ERROR ingest: 413 Payload Too Large (batch of %d)
INFO  ingest: retry 3 of 5`, between(s.r, 85, 99), event, day*120)},
		{"Flag condition we agreed on:", "yaml", fmt.Sprintf(`flag: new-%s
rollout: %d
match:
  - plan: [%s]`, token(s.r, "abcdefghkmnprstvwz", 6), between(s.r, 5, 50), s.a.facts.plan)},
	}
	block := pick(s.r, blocks)
	s.paragraph(block.lead)
	s.line("```%s\n%s\n```", block.language, block.text)
	s.gap()
}
