package budget

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// generator makes texts of the kinds the tools answer with. The same seed makes the same texts.
type generator struct {
	*rand.Rand
	prose map[string][]string // sentences by language, from testdata
}

func newGenerator(t testing.TB, seed uint64) *generator {
	t.Helper()
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), prose: map[string][]string{}}
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		language := strings.TrimSuffix(filepath.Base(file), ".txt")
		g.prose[language] = strings.Split(strings.TrimSpace(string(data)), "\n")
	}
	return g
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

func (g *generator) chars(alphabet string, n int) string {
	var out strings.Builder
	for range n {
		out.WriteByte(alphabet[g.IntN(len(alphabet))])
	}
	return out.String()
}

const (
	hex    = "0123456789abcdef"
	base62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func (g *generator) uuid() string {
	if g.IntN(2) == 0 { // time-ordered, as PostHog makes them
		return fmt.Sprintf("0199%s-%s-7%s-%s-%s", g.chars(hex, 4), g.chars(hex, 4), g.chars(hex, 3), g.chars(hex, 4), g.chars(hex, 12))
	}
	return fmt.Sprintf("%s-%s-4%s-%s-%s", g.chars(hex, 8), g.chars(hex, 4), g.chars(hex, 3), g.chars(hex, 4), g.chars(hex, 12))
}

func (g *generator) time() string {
	return fmt.Sprintf("202%d-%02d-%02dT%02d:%02d:%02d.%06dZ", g.IntN(7), 1+g.IntN(12), 1+g.IntN(28), g.IntN(24), g.IntN(60), g.IntN(60), g.IntN(1e6))
}

var (
	firstNames = strings.Fields("Ada Grace Linus Margaret Alan Barbara Katherine Edsger Donald Radia Sophie Yukihiro Nguyen Zoë José Siân Björn Łukasz Priya Oluwaseun Fatima Dmitri Hiroshi Chloé")
	lastNames  = strings.Fields("Lovelace Hopper Torvalds Hamilton Turing Liskov Johnson Dijkstra Knuth Perlman Wilson Matsumoto García Müller Kowalski Okafor Haddad Ivanov Tanaka Dubois Patel Schmidt")
	brands     = strings.Fields("Acme Globex Initech Umbrella Hooli Northwind Contoso Bluewater Redstone Silverline Brightpath Cloudberry Datafold Evergreen Fjordtech Greenleaf Harborview Ironclad Juniper Kestrel Lumenfield Meridian Nimbus Oakridge Pinecrest Quartzite Riverbend Stellaris Tidewater Vantage Zephyr")
	suffixes   = strings.Fields("Inc Ltd GmbH Labs Systems Health Bank Logistics Media Group Robotics Foods Analytics Energy")
	tags       = strings.Fields("enterprise trial churn-risk expansion qbr-due emea apac mid-market startup self-serve vip onboarding renewal-q3 security-review")
	plans      = strings.Fields("free growth scale enterprise teams")
	cities     = []string{"Berlin", "New York", "San Francisco", "London", "São Paulo", "Tokyo", "Bengaluru", "Zürich", "Montréal", "Kraków"}
	browsers   = strings.Fields("Chrome Safari Firefox Edge")
	systems    = []string{"Mac OS X", "Windows", "Linux", "iOS", "Android"}
	queries    = []string{"select count() from events where event = 'signup'", "kubectl get pods -n posthog", "posthog.capture('checkout', { value: 42 })", "{\n  \"retries\": 3,\n  \"timeout_ms\": 2500\n}", "curl -H 'Authorization: Bearer $KEY' https://us.posthog.com/api/projects/1/accounts/"}
)

func (g *generator) email() string {
	return strings.ToLower(fmt.Sprintf("%s.%s@%s.com", pick(g, firstNames), pick(g, lastNames), pick(g, brands)))
}

func (g *generator) name() string { return pick(g, brands) + " " + pick(g, suffixes) }

func (g *generator) account() map[string]any {
	row := map[string]any{
		"id": g.uuid(), "name": g.name(), "external_id": strings.ToLower(pick(g, brands)) + "-" + g.chars(hex, 6),
		"csm": g.email(), "account_executive": g.email(), "tags": []string{pick(g, tags), pick(g, tags)},
		"updated_at": g.time(),
	}
	if g.IntN(2) == 0 {
		row["properties"] = map[string]any{
			"stripe_customer_id": "cus_" + g.chars(base62, 8+6*g.IntN(2)), "hubspot_deal_id": g.chars("0123456789", 11),
			"sfdc_id": "001" + g.chars(base62, 15), "zendesk_id": g.chars("0123456789", 9),
			"slack_channel_id": "C" + g.chars("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10), "billing_id": g.uuid(),
		}
	}
	return row
}

func (g *generator) person() map[string]any {
	return map[string]any{
		"uuid": g.uuid(), "distinct_ids": []string{g.email(), g.uuid()}, "created_at": g.time(),
		"properties": map[string]any{
			"email": g.email(), "name": pick(g, firstNames) + " " + pick(g, lastNames), "$browser": pick(g, browsers),
			"$os": pick(g, systems), "$initial_referrer": "https://www.google.com/search?q=" + strings.ToLower(pick(g, brands)),
			"$geoip_city_name": pick(g, cities), "plan": pick(g, plans), "seats": g.IntN(500), "mrr": float64(g.IntN(900000)) / 100,
			"is_admin": g.IntN(2) == 0, "utm_campaign": pick(g, tags) + "_" + pick(g, plans), "$lib_version": fmt.Sprintf("1.%d.%d", g.IntN(300), g.IntN(20)),
			"last_seen_ip": fmt.Sprintf("%d.%d.%d.%d", g.IntN(256), g.IntN(256), g.IntN(256), g.IntN(256)),
		},
	}
}

func (g *generator) sentence(language string) string { return pick(g, g.prose[language]) }

func (g *generator) paragraph(language string) string {
	var sentences []string
	for range 2 + g.IntN(4) {
		sentences = append(sentences, g.sentence(language))
	}
	return strings.Join(sentences, " ")
}

func (g *generator) note(language string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s: call on %s\n\n%s\n\n", g.name(), g.time()[:10], g.paragraph(language))
	out.WriteString("## Next steps\n\n")
	for range 2 + g.IntN(3) {
		fmt.Fprintf(&out, "- [%s] %s (@%s)\n", pick(g, []string{" ", "x"}), g.sentence(language), strings.ToLower(pick(g, firstNames)))
	}
	out.WriteString("\n| Metric | Before | Now |\n| --- | ---: | ---: |\n")
	for range 2 + g.IntN(3) {
		fmt.Fprintf(&out, "| %s | %d | %d.%d%% |\n", pick(g, tags), g.IntN(10000), g.IntN(100), g.IntN(10))
	}
	fmt.Fprintf(&out, "\n```\n%s\n```\n\n**Risk:** %s See [the deck](https://docs.%s.com/d/%s).\n", pick(g, queries), g.sentence(language), strings.ToLower(pick(g, brands)), g.chars(base62, 12))
	return out.String()
}

// kinds are the texts the estimate promises to be good for. Each call makes another one of at least 200 tokens.
var kinds = []struct {
	name string
	text func(g *generator) string
}{
	{"account rows", func(g *generator) string { return g.json(g.account, 3+g.IntN(20)) }},
	{"person rows", func(g *generator) string { return g.json(g.person, 2+g.IntN(10)) }},
	{"indented rows", func(g *generator) string { return g.indented(g.account, 3+g.IntN(8)) }},
	{"English prose", func(g *generator) string { return g.pages("en", 5+g.IntN(6)) }},
	{"Markdown note", func(g *generator) string { return g.note("en") + "\n" + g.note("en") }},
	{"European note", func(g *generator) string { return g.note("european") + "\n" + g.note("en") }},
	{"CJK note", func(g *generator) string { return g.note("cjk") + "\n" + g.note("en") }},
	{"right-to-left note", func(g *generator) string { return g.note("rtl") + "\n" + g.note("en") }},
	{"emoji note", func(g *generator) string { return g.note("emoji") + "\n" + g.note("en") }},
	{"rows and notes", func(g *generator) string {
		rows := []any{g.account(), g.person(), map[string]any{"markdown": g.note(pick(g, []string{"en", "european", "cjk", "rtl", "emoji"}))}, g.account()}
		data, _ := json.Marshal(rows)
		return string(data)
	}},
}

func (g *generator) json(row func() map[string]any, n int) string {
	var rows []any
	for range n {
		rows = append(rows, row())
	}
	data, _ := json.Marshal(map[string]any{"rows": rows, "shown": n, "project_id": 1})
	return string(data)
}

func (g *generator) indented(row func() map[string]any, n int) string {
	var rows []any
	for range n {
		rows = append(rows, row())
	}
	data, _ := json.MarshalIndent(rows, "", "  ")
	return string(data)
}

func (g *generator) pages(language string, n int) string {
	var paragraphs []string
	for range n {
		paragraphs = append(paragraphs, g.paragraph(language))
	}
	return strings.Join(paragraphs, "\n\n")
}
