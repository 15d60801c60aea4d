package notes

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// tagNames are the names PostHog gives its own nodes inside Markdown notebooks.
var tagNames = map[string]string{
	"ph-query":                     "Query",
	"ph-recording":                 "Recording",
	"ph-recording-playlist":        "RecordingPlaylist",
	"ph-feature-flag":              "FeatureFlag",
	"ph-feature-flag-code-example": "FeatureFlagCodeExample",
	"ph-experiment":                "Experiment",
	"ph-early-access-feature":      "EarlyAccessFeature",
	"ph-survey":                    "Survey",
	"ph-person":                    "Person",
	"ph-group":                     "Group",
	"ph-cohort":                    "Cohort",
	"ph-backlink":                  "Backlink",
	"ph-replay-timestamp":          "ReplayTimestamp",
	"ph-person-feed":               "PersonFeed",
	"ph-person-properties":         "PersonProperties",
	"ph-group-properties":          "GroupProperties",
	"ph-map":                       "Map",
	"ph-embed":                     "Embed",
	"ph-latex":                     "Latex",
	"ph-task-create":               "TaskCreate",
	"ph-llm-trace":                 "LLMTrace",
	"ph-issues":                    "Issues",
	"ph-usage-metrics":             "UsageMetrics",
	"ph-zendesk-tickets":           "ZendeskTickets",
	"ph-related-groups":            "RelatedGroups",
	"ph-customer-journey":          "CustomerJourney",
	"ph-support-tickets":           "SupportTickets",
}

// component renders every node that is not Markdown's own: PostHog's as tags, retired kinds as what replaced them,
// and the rest as UnknownNode.
func (r renderer) component(n node) string {
	if name, ok := tagNames[n.kind]; ok && len(n.children) == 0 {
		return r.tag(name, n.attrs)
	}
	text := ""
	switch n.kind {
	case "ph-text":
		text = n.str("body")
	case "ph-insight":
		id := n.str("short_id")
		if id == "" {
			id = n.str("id")
		}
		if id != "" {
			text = r.tag("Query", map[string]any{"query": map[string]any{"kind": "SavedInsightNode", "shortId": id}})
		}
	case "ph-dashboard":
		if id, ok := n.attrs["id"]; ok {
			text = "Dashboard " + strings.Trim(jsonText(id), `"`)
		}
	case "query":
		text = r.tag("Query", wrapHogQL(n.attrs))
	case "ph-link":
		if href := n.str("href"); href != "" {
			label := r.line(n.children)
			if label == "" {
				label = escapeText(href)
			}
			text = "[" + label + "](" + destination(href, "") + ")"
		}
	}
	if text == "" {
		return r.unknown(n)
	}
	return text
}

// wrapHogQL turns the attributes of the retired query node into those of a Query: a bare HogQL query needs the node
// that shows it.
func wrapHogQL(attrs map[string]any) map[string]any {
	query, ok := revive(attrs["query"]).(map[string]any)
	if !ok || query["kind"] != "HogQLQuery" {
		return attrs
	}
	wrapped := maps.Clone(attrs)
	wrapped["query"] = map[string]any{"kind": "DataVisualizationNode", "source": query}
	return wrapped
}

// unknown passes on all of a node that this package cannot read.
func (r renderer) unknown(n node) string {
	props := map[string]any{}
	for key, value := range n.raw {
		if key != "type" && key != "attrs" {
			props[key] = value
		}
	}
	maps.Copy(props, n.attrs)
	if kind, ok := n.raw["type"].(string); ok {
		props["nodeType"] = kind
	}
	return r.tag("UnknownNode", props)
}

// propName is what may stand in a tag unquoted. Any other name could end the tag and start another.
var propName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// tag writes a self-closing tag: strings in quotes, true as a bare name, everything else as JSON in braces. Null is
// left out, it is what an absent attribute means to PostHog. Properties whose names cannot be written go together
// into one called attrs.
func (r renderer) tag(name string, props map[string]any) string {
	var out strings.Builder
	out.WriteString("<" + name)
	odd := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(props)) {
		if !propName.MatchString(key) {
			odd[key] = props[key]
			continue
		}
		out.WriteString(r.prop(key, revive(props[key])))
	}
	if len(odd) > 0 {
		out.WriteString(r.prop("attrs", odd))
	}
	out.WriteString(" />")
	return out.String()
}

func (r renderer) prop(key string, value any) string {
	if value == nil {
		return ""
	}
	if value == true {
		return " " + key
	}
	text := jsonText(value)
	if r.inTable {
		text = strings.ReplaceAll(text, "|", `\u007c`) // a bar would end the cell
	}
	if _, ok := value.(string); ok {
		return " " + key + "=" + text
	}
	return " " + key + "={" + text + "}"
}

// revive undoes PostHog's habit of storing objects and lists as JSON strings.
func revive(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	trimmed := strings.TrimSpace(text)
	if !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return value
	}
	dec := json.NewDecoder(strings.NewReader(trimmed))
	dec.UseNumber()
	var revived any
	if err := dec.Decode(&revived); err != nil || dec.More() {
		return value
	}
	return revived
}

func jsonText(value any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	// The value came out of a JSON decoder: encoding cannot fail.
	_ = enc.Encode(value)
	return strings.TrimSuffix(buf.String(), "\n")
}

func image(n node) string {
	alt := strings.ReplaceAll(newlines.Replace(n.str("alt")), "\n", " ")
	return "![" + escapeText(alt) + "](" + destination(n.str("src"), n.str("title")) + ")"
}

// mention writes a person's mention as PostHog does: the member's id is what counts, the label is for reading.
func mention(n node) string {
	label := strings.TrimSpace(n.str("label"))
	if label == "" {
		label = "member"
	}
	label = escapeText("@" + strings.TrimPrefix(label, "@"))
	if id := n.integer("id", 0); id != 0 {
		return `<mention id="` + jsonText(id) + `">` + label + "</mention>"
	}
	return label
}
