package tools

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/portfolio"
)

// AccountRow is an account in a list.
type AccountRow struct {
	ID               string         `json:"id"`
	Name             string         `json:"name,omitempty"`
	ExternalID       string         `json:"external_id,omitempty"`
	CSM              string         `json:"csm,omitempty"`
	AccountExecutive string         `json:"account_executive,omitempty"`
	AccountOwner     string         `json:"account_owner,omitempty"`
	Tags             []string       `json:"tags,omitempty"`
	UpdatedAt        string         `json:"updated_at,omitempty"`
	CreatedAt        string         `json:"created_at,omitempty"`
	ChurnedAt        string         `json:"churned_at,omitempty"`
	IgnoredAt        string         `json:"ignored_at,omitempty"`
	Notebooks        int            `json:"notebooks,omitempty" jsonschema_description:"How many notes are linked."`
	Properties       map[string]any `json:"properties,omitempty"`
}

// accountColumns are the fields that a row can show besides properties; the
// first eight are shown when nothing is asked for.
var accountColumns = []string{"id", "name", "external_id", "csm", "account_executive", "account_owner", "tags", "updated_at",
	"created_at", "churned_at", "ignored_at", "notebooks", "properties"}

// fullRow is everything of an account.
func fullRow(a client.Account) AccountRow {
	row := AccountRow{ID: a.ID, Name: a.Name, Tags: slices.Sorted(slices.Values(a.Tags)), CreatedAt: minute(a.CreatedAt), Notebooks: len(a.Notebooks)}
	if a.ExternalID != nil {
		row.ExternalID = *a.ExternalID
	}
	if a.UpdatedAt != nil {
		row.UpdatedAt = minute(*a.UpdatedAt)
	}
	if a.ChurnedAt != nil {
		row.ChurnedAt = minute(*a.ChurnedAt)
	}
	if a.IgnoredAt != nil {
		row.IgnoredAt = minute(*a.IgnoredAt)
	}
	row.CSM, row.AccountExecutive, row.AccountOwner = roleOf(a, portfolio.CSM), roleOf(a, portfolio.AccountExecutive), roleOf(a, portfolio.AccountOwner)
	properties := portfolio.State(a)
	maps.DeleteFunc(properties, func(key string, value any) bool { return !slices.Contains(portfolio.PropertyKeys, key) || value == "" })
	if len(properties) > 0 {
		row.Properties = capMap(properties, changesTokens)
	}
	return row
}

func roleOf(a client.Account, role portfolio.Role) string {
	if holder := portfolio.HolderOf(a, role); holder != nil {
		return holder.Ref()
	}
	return ""
}

// accountProjection decides what a row shows.
type accountProjection struct {
	columns    map[string]bool
	properties []string
}

// projectAccounts reads a fields argument: column names, property names, or
// dotted paths below properties. Unknown names are refused.
func projectAccounts(fields []string) (accountProjection, error) {
	p := accountProjection{columns: map[string]bool{}}
	if len(fields) == 0 {
		for _, column := range accountColumns[:8] {
			p.columns[column] = true
		}
		return p, nil
	}
	known := slices.Concat(accountColumns, portfolio.PropertyKeys)
	for _, field := range fields {
		if slices.Contains(accountColumns, field) {
			p.columns[field] = true
			continue
		}
		property, err := pathOf(field)
		if err != nil {
			return p, err
		}
		key := strings.Join(property.steps, ".")
		if !slices.Contains(portfolio.PropertyKeys, key) {
			if near := schema.Nearest(key, known); near != "" {
				return p, plain.Refuse("Accounts have no field %q; did you mean %q?", plain.Short(field), near)
			}
			return p, plain.Refuse("Accounts have no field %q. There are %s.", plain.Short(field), strings.Join(known, ", "))
		}
		p.properties = append(p.properties, key)
	}
	return p, nil
}

// row shows the columns of the projection; the id is always there.
func (p accountProjection) row(a client.Account) AccountRow {
	row := fullRow(a)
	properties := row.Properties
	row.hide(p.columns)
	for _, key := range p.properties {
		if value, set := properties[key]; set {
			if row.Properties == nil {
				row.Properties = map[string]any{}
			}
			row.Properties[key] = value
		}
	}
	return row
}

// hide empties every column but the given ones.
func (r *AccountRow) hide(shown map[string]bool) {
	hide(shown, "name", &r.Name)
	hide(shown, "external_id", &r.ExternalID)
	hide(shown, "csm", &r.CSM)
	hide(shown, "account_executive", &r.AccountExecutive)
	hide(shown, "account_owner", &r.AccountOwner)
	hide(shown, "tags", &r.Tags)
	hide(shown, "updated_at", &r.UpdatedAt)
	hide(shown, "created_at", &r.CreatedAt)
	hide(shown, "churned_at", &r.ChurnedAt)
	hide(shown, "ignored_at", &r.IgnoredAt)
	hide(shown, "notebooks", &r.Notebooks)
	hide(shown, "properties", &r.Properties)
}

func hide[T any](shown map[string]bool, column string, value *T) {
	if !shown[column] {
		*value = *new(T)
	}
}

// target names an account in a receipt.
func accountTarget(a client.Account, m portfolio.Match) *Target {
	return &Target{Kind: "account", ID: a.ID, Name: a.Name, MatchedBy: m.String()}
}

// RoleArgs set who holds the roles of an account.
type RoleArgs struct {
	CSM              string `json:"csm,omitempty" jsonschema:"minLength=1,maxLength=254" jsonschema_description:"Email, user id or me; none removes."`
	AccountExecutive string `json:"account_executive,omitempty" jsonschema:"minLength=1,maxLength=254" jsonschema_description:"Likewise."`
	AccountOwner     string `json:"account_owner,omitempty" jsonschema:"minLength=1,maxLength=254" jsonschema_description:"Likewise."`
}

func (r RoleArgs) byRole() map[portfolio.Role]string {
	roles := map[portfolio.Role]string{}
	for role, who := range map[portfolio.Role]string{portfolio.CSM: r.CSM, portfolio.AccountExecutive: r.AccountExecutive, portfolio.AccountOwner: r.AccountOwner} {
		if who != "" {
			roles[role] = who
		}
	}
	return roles
}

// AccountProperties are the property names PostHog's closed schema takes. The
// last four exist on newer PostHog only.
type AccountProperties struct {
	StripeCustomerID   *string  `json:"stripe_customer_id,omitempty" jsonschema_description:"Stripe customer."`
	HubspotDealID      *string  `json:"hubspot_deal_id,omitempty" jsonschema_description:"HubSpot deal."`
	BillingID          *string  `json:"billing_id,omitempty" jsonschema_description:"Billing id."`
	SfdcID             *string  `json:"sfdc_id,omitempty" jsonschema_description:"Salesforce id."`
	ZendeskID          *string  `json:"zendesk_id,omitempty" jsonschema_description:"Zendesk id."`
	SlackChannelID     *string  `json:"slack_channel_id,omitempty" jsonschema_description:"Slack channel."`
	UsageDashboardLink *string  `json:"usage_dashboard_link,omitempty" jsonschema_description:"URL."`
	MetabaseLink       *string  `json:"metabase_link,omitempty" jsonschema_description:"URL."`
	WebsiteDomain      *string  `json:"website_domain,omitempty" jsonschema_description:"Host name."`
	EmailDomains       []string `json:"email_domains,omitempty" jsonschema:"maxItems=100" jsonschema_description:"Domains."`
	KnownEmails        []string `json:"known_emails,omitempty" jsonschema:"maxItems=100" jsonschema_description:"Addresses."`
}

// members are the properties that were given.
func (p AccountProperties) members() map[string]json.RawMessage {
	members := map[string]json.RawMessage{}
	encoded, _ := json.Marshal(p) // strings always encode
	_ = json.Unmarshal(encoded, &members)
	return members
}
