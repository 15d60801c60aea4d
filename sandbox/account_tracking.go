package sandbox

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// tracking is what came to accounts with the current generation, besides new
// properties.
type tracking struct {
	cadence   *string // of summaries of the account's Slack channel
	churnedAt *time.Time
	ignoredAt *time.Time
	senders   senders
}

// senders are how mail finds its account: by the sender's domain or address.
// They are properties of the account.
type senders struct{ emailDomains, knownEmails []string }

// same tells whether two are equal as sets.
func (f senders) same(other senders) bool {
	return sameSet(f.emailDomains, other.emailDomains) && sameSet(f.knownEmails, other.knownEmails)
}

func sameSet(a, b []string) bool {
	holds := func(all, some []string) bool {
		return !slices.ContainsFunc(some, func(text string) bool { return !slices.Contains(all, text) })
	}
	return holds(a, b) && holds(b, a)
}

func sendersOf(properties json.RawMessage) senders {
	texts := func(name string) (list []string) {
		for _, item := range gjson.GetBytes(properties, name).Array() {
			list = append(list, item.String())
		}
		return list
	}
	return senders{texts("email_domains"), texts("known_emails")}
}

// trackingInput is the part of an account's body that only the current
// generation reads.
type trackingInput struct {
	cadence     textField
	churnedAt   *time.Time
	churnedSent bool
}

// cadences are how often PostHog may summarise a Slack channel.
var cadences = []string{"daily", "weekly", "monthly"}

func (f fields) trackingInput() (in trackingInput, refusal *reply) {
	if in.cadence.sent = f.sent("slack_summary_cadence"); in.cadence.sent && !f.isNull("slack_summary_cadence") {
		cadence, refusal := f.choice("slack_summary_cadence", cadences...)
		if refusal != nil {
			return in, refusal
		}
		in.cadence.value = &cadence
	}
	if in.churnedSent = f.sent("churned_at"); in.churnedSent && !f.isNull("churned_at") {
		churned, refusal := f.datetime("churned_at")
		if refusal != nil {
			return in, refusal
		}
		in.churnedAt = &churned
	}
	return in, nil
}

// datetime reads a DateTimeField that is not null.
func (f fields) datetime(name string) (time.Time, *reply) {
	if pythonType(f[name]) == "str" {
		if moment, ok := parseISO(decodeString(f[name])); ok {
			return moment, nil
		}
	}
	return time.Time{}, refuse(name, "",
		"Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")
}

func (in trackingInput) apply(t *tracking) {
	if in.cadence.sent {
		t.cadence = in.cadence.value
	}
	if in.churnedSent {
		t.churnedAt = in.churnedAt
	}
}

var (
	emailAddress = regexp.MustCompile(`[^\s@<>,;"']+@[^\s@<>,;"']+\.[^\s@<>,;"']+`)
	domainName   = regexp.MustCompile(`(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]`)
)

// contactsIn lists the e-mail addresses and the domains that a search holds.
// The domain of an address is not looked for.
func contactsIn(search string) []string {
	search = strings.ToLower(search)
	addresses := emailAddress.FindAllString(search, -1)
	rest := emailAddress.ReplaceAllString(search, " ")
	return append(addresses, domainName.FindAllString(rest, -1)...)
}

// finds tells whether one of the contacts is the account's.
func (t tracking) finds(contacts []string) bool {
	return slices.ContainsFunc(contacts, func(contact string) bool {
		if strings.Contains(contact, "@") {
			return slices.Contains(t.senders.knownEmails, contact)
		}
		return slices.Contains(t.senders.emailDomains, contact)
	})
}

// accountByExternalID finds an account by exactly this external id, spaces
// included, whether it is churned or ignored. A forbidden one looks missing.
func (s *Sandbox) accountByExternalID(q *request) reply {
	wanted := q.param("external_id")
	switch {
	case !q.has("external_id"):
		return *required("external_id")
	case wanted == "":
		return invalid("external_id", "blank", "This field may not be blank.")
	case len([]rune(wanted)) > 400:
		return invalid("external_id", "max_length", "Ensure this field has no more than 400 characters.")
	}
	for _, a := range s.accountRows().rows {
		if a.externalID != nil && *a.externalID == wanted && !q.denies(a) {
			return ok(s.accountBody(a))
		}
	}
	return rowNotFound()
}
