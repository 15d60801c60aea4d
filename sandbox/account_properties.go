package sandbox

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// The three roles of an account, in the order of PostHog's schema. In the
// documented generation they live in the account's properties; in newer ones
// they are relationships, which relationships.go keeps.
const (
	roleCSM = iota
	roleAccountExecutive
	roleAccountOwner
	roleCount
)

var roleNames = [roleCount]string{"csm", "account_executive", "account_owner"}

// roles are the user ids that an account's properties name, nil for nobody.
type roles [roleCount]*int64

// propertyKind is what one key of an account's properties takes.
type propertyKind int

const (
	textProperty propertyKind = iota // a text or null, never coerced
	roleProperty                     // {"id": int, "email": string} or null
	listProperty                     // a list of texts, never null
)

// accountProperty is one key of the closed schema.
type accountProperty struct {
	name string
	kind propertyKind
}

// The schemas of the generations. Errors come in this order.
var (
	roleProperties   = []accountProperty{{"csm", roleProperty}, {"account_executive", roleProperty}, {"account_owner", roleProperty}}
	commonProperties = []accountProperty{
		{"stripe_customer_id", textProperty},
		{"hubspot_deal_id", textProperty},
		{"billing_id", textProperty},
		{"sfdc_id", textProperty},
		{"zendesk_id", textProperty},
		{"slack_channel_id", textProperty},
		{"usage_dashboard_link", textProperty},
	}
	senderProperties = []accountProperty{{"email_domains", listProperty}, {"known_emails", listProperty}}
	newerProperties  = []accountProperty{{"metabase_link", textProperty}, {"website_domain", textProperty}}
)

// propertySchema is the closed schema of a generation.
func (g generation) propertySchema() []accountProperty {
	switch {
	case g.rolesInProperties():
		return slices.Concat(roleProperties, commonProperties)
	case g.tracksAccounts():
		return slices.Concat(senderProperties, commonProperties, newerProperties)
	}
	return commonProperties
}

// propertiesField reads the member properties as an object; null counts as an
// empty one. Its keys are checked later, by checkProperties.
func (f fields) propertiesField() (sent bool, object json.RawMessage, refusal *reply) {
	switch {
	case !f.sent("properties"):
		return false, nil, nil
	case f.isNull("properties"):
		return true, json.RawMessage("{}"), nil
	case pythonType(f["properties"]) != "dict":
		return true, nil, refuse("properties", "", "properties must be a JSON object.")
	}
	return true, f["properties"], nil
}

// checkProperties holds an object against the schema and answers what is
// stored: exactly the keys that were sent, nulls included. Bad values are
// reported before unknown keys.
func (s *Sandbox) checkProperties(object json.RawMessage) (json.RawMessage, *reply) {
	members, stored := fields{}, map[string]any{}
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, refuse("properties", "", "properties must be a JSON object.")
	}
	for _, property := range s.propertySchema {
		raw, sent := members[property.name]
		if !sent {
			continue
		}
		value, problem := property.check(raw)
		if problem != "" {
			return nil, refuse("properties", "", problem)
		}
		stored[property.name] = value
	}
	if unknown := s.firstUnknown(object, stored); unknown != "" {
		return nil, refuse("properties", "", unknown+": Extra inputs are not permitted")
	}
	encoded, err := encode(stored)
	if err != nil {
		refusal := serverError()
		return nil, &refusal
	}
	return jsonb(encoded), nil
}

// firstUnknown names the first key of an object that is not among the known.
// A server that drops role keys does not count them.
func (s *Sandbox) firstUnknown(object json.RawMessage, known map[string]any) (unknown string) {
	gjson.ParseBytes(object).ForEach(func(key, _ gjson.Result) bool {
		_, ok := known[key.String()]
		dropped := s.gen.dropsRoleKeys() && slices.Contains(roleNames[:], key.String())
		if !ok && !dropped {
			unknown = key.String()
		}
		return unknown == ""
	})
	return unknown
}

func (p accountProperty) check(raw json.RawMessage) (value any, problem string) {
	if p.kind == listProperty {
		return checkTexts(p.name, raw)
	}
	if string(raw) == "null" {
		return nil, ""
	}
	if p.kind == roleProperty {
		return checkRole(p.name, raw)
	}
	if pythonType(raw) != "str" {
		return nil, p.name + ": Input should be a valid string"
	}
	return decodeString(raw), ""
}

// checkTexts reads a list of texts.
func checkTexts(name string, raw json.RawMessage) (value any, problem string) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || items == nil {
		return nil, name + ": Input should be a valid list"
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if pythonType(item) != "str" {
			return nil, name + "." + strconv.Itoa(i) + ": Input should be a valid string"
		}
		texts[i] = decodeString(item)
	}
	return texts, ""
}

// checkRole reads one role. The id is coerced the way PostHog's validator
// does it; further keys are dropped silently.
func checkRole(name string, raw json.RawMessage) (value any, problem string) {
	var members fields
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, name + ": Input should be a valid dictionary or instance of AccountAssignment"
	}
	if !members.sent("id") {
		return nil, name + ".id: Field required"
	}
	id, problem := coerceID(members["id"])
	if problem != "" {
		return nil, name + ".id: " + problem
	}
	if !members.sent("email") {
		return nil, name + ".email: Field required"
	}
	if pythonType(members["email"]) != "str" {
		return nil, name + ".email: Input should be a valid string"
	}
	return map[string]any{"id": id, "email": decodeString(members["email"])}, ""
}

// coerceID reads an integer as pydantic does in its lax mode: from numbers
// without a fraction, texts of digits and booleans.
func coerceID(raw json.RawMessage) (id int64, problem string) {
	switch pythonType(raw) {
	case "bool":
		if string(raw) == "true" {
			return 1, ""
		}
		return 0, ""
	case "int":
		if id, ok := parsePythonInt(string(raw)); ok {
			return id, ""
		}
	case "float":
		f, err := strconv.ParseFloat(string(raw), 64)
		if err == nil && f == float64(int64(f)) {
			return int64(f), ""
		}
		return 0, "Input should be a valid integer, got a number with a fractional part"
	case "str":
		text := strings.TrimSpace(decodeString(raw))
		if id, ok := parsePythonInt(strings.TrimSuffix(text, ".0")); ok {
			return id, ""
		}
		return 0, "Input should be a valid integer, unable to parse string as an integer"
	}
	return 0, "Input should be a valid integer"
}

// setProperties stores properties, with what is read out of them often kept at
// hand.
func (a *account) setProperties(stored json.RawMessage) {
	a.properties, a.roles, a.tracking.senders = stored, rolesOf(stored), sendersOf(stored)
}

// rolesOf reads the holders out of stored properties. A missing key, a null
// and an object without an id all mean nobody.
func rolesOf(properties json.RawMessage) (held roles) {
	for i, name := range roleNames {
		if id := gjson.GetBytes(properties, name+".id"); id.Type == gjson.Number {
			holder := id.Int()
			held[i] = &holder
		}
	}
	return held
}
