package tools

import (
	"encoding/json"
	"time"

	"posthog-accounts-mcp/internal/budget"
	"posthog-accounts-mcp/internal/fence"
	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/journal"
)

// Sizes of results in tokens, as surface budgets demand.
const (
	defaultTokens = 2500
	defaultLimit  = 20
	// maxResultTokens bounds what a call gets that names exactly what it wants.
	maxResultTokens = 8000
)

// ProjectArg is the project of a call; it is left out where one is pinned.
type ProjectArg struct {
	ProjectID int64 `json:"project_id,omitempty" jsonschema:"minimum=1,maximum=999999999" jsonschema_description:"If the key reaches several."`
}

// AccountArg names one account.
type AccountArg struct {
	Account string `json:"account" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"Name, PostHog URL or any id (external, Stripe, HubSpot, Salesforce, Zendesk, Slack, billing)."`
}

// PageArgs resume and size a list.
type PageArgs struct {
	Limit     int    `json:"limit,omitempty" jsonschema:"minimum=1,maximum=200" jsonschema_description:"Rows, default 20."`
	Cursor    string `json:"cursor,omitempty" jsonschema:"maxLength=100" jsonschema_description:"next_cursor, for more."`
	MaxTokens int    `json:"max_tokens,omitempty" jsonschema:"minimum=200,maximum=50000" jsonschema_description:"Default 2500."`
}

// List is the shape of every list.
type List[Row any] struct {
	Rows        []Row          `json:"rows"`
	Total       *int           `json:"total,omitempty" jsonschema_description:"All rows that fit, when PostHog tells exactly."`
	Shown       int            `json:"shown"`
	Omitted     int            `json:"omitted" jsonschema_description:"Rows of this page left out for max_tokens; next_cursor resumes with them."`
	NextCursor  string         `json:"next_cursor,omitempty" jsonschema_description:"Pass as cursor for more; absent at the end."`
	Filters     map[string]any `json:"filters" jsonschema_description:"The filters as they were applied."`
	Note        string         `json:"note,omitempty"`
	URLTemplate string         `json:"url_template,omitempty"`
	ProjectID   int64          `json:"project_id"`
}

// pageOf is where a list call stands in its query.
type pageOf struct {
	query     any // what the cursor is bound to
	offset    int
	limit     int
	maxTokens int
}

// page reads the paging arguments of a query. The query is the call's own
// arguments without them, and the project.
func (d *Desk) page(args PageArgs, query ...any) (pageOf, error) {
	p := pageOf{query: query, limit: args.Limit, maxTokens: args.MaxTokens}
	if p.limit == 0 {
		p.limit = defaultLimit
	}
	if p.maxTokens == 0 {
		p.maxTokens = defaultTokens
	}
	p.maxTokens = safely(p.maxTokens)
	var err error
	p.offset, err = opaque.Offset(p.query, args.Cursor)
	return p, err
}

// listed completes a list: it fits the rows into the page's budget and says
// what was left out.
func listed[Row any](p pageOf, s scope, list List[Row], more bool) List[Row] {
	rows, room := list.Rows, p.maxTokens-fence.Tokens-countTokens
	list.Rows, list.ProjectID = []Row{}, s.project
	if list.Filters == nil {
		list.Filters = map[string]any{}
	}
	list.Filters = capMap(list.Filters, min(changesTokens, room/4))
	fitRows(&list, rows, room)
	list.Shown, list.Omitted = len(list.Rows), len(rows)-len(list.Rows)
	switch {
	case list.Omitted > 0:
		list.NextCursor = opaque.Cursor(p.query, p.offset+list.Shown)
	case more && (list.Total == nil || p.offset+p.limit < *list.Total):
		list.NextCursor = opaque.Cursor(p.query, p.offset+p.limit)
	}
	return list
}

// safely is a budget less what the estimate may err by, so that the true count
// keeps to it.
func safely(tokens int) int { return tokens - tokens/safety }

const (
	safety      = 12
	countTokens = 30 // of a list's cursor and numbers, which come last
)

// tokens estimates what a value costs in a result.
func tokens[T any](value T) int {
	encoded, err := encode(value)
	if err != nil {
		return 0
	}
	return budget.Estimate(string(encoded))
}

// Receipt is the shape of every write's answer.
type Receipt struct {
	Outcome   journal.Outcome `json:"outcome" jsonschema:"enum=applied,enum=pending,enum=ignored,enum=overridden,enum=partial,enum=unknown"`
	Write     string          `json:"write,omitempty" jsonschema_description:"Id of the write in the journal."`
	Target    *Target         `json:"target,omitempty" jsonschema_description:"What was written to."`
	Before    map[string]any  `json:"before" jsonschema:"nullable" jsonschema_description:"The changed fields as they were; null after a create."`
	After     map[string]any  `json:"after" jsonschema:"nullable" jsonschema_description:"The changed fields as read back; null after a delete."`
	Note      string          `json:"note,omitempty"`
	Undo      string          `json:"undo" jsonschema_description:"How to take it back."`
	URL       string          `json:"url,omitempty"`
	ProjectID int64           `json:"project_id"`
}

// Target names the object of a write.
type Target struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	MatchedBy string `json:"matched_by,omitempty" jsonschema_description:"What of the object the given reference matched."`
}

// Preview is what a tool shows before it does something for good.
type Preview struct {
	Preview      map[string]any `json:"preview"`
	Confirmation string         `json:"confirmation,omitempty" jsonschema_description:"Pass with the same arguments to go ahead."`
	ExpiresAt    string         `json:"expires_at,omitempty"`
	Note         string         `json:"note,omitempty"`
	ProjectID    int64          `json:"project_id"`
}

// ReceiptOrPreview is the answer of a tool that may preview: exactly one of
// the two.
type ReceiptOrPreview struct {
	*Receipt
	*Preview
}

// MarshalJSON writes the one that is there.
func (r ReceiptOrPreview) MarshalJSON() ([]byte, error) {
	if r.Preview != nil {
		return encode(r.Preview)
	}
	return encode(r.Receipt)
}

// day and minute shorten times to what people need of them.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func minute(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

// asCall words a tool call that a reader can make, arguments included.
func asCall(tool string, arguments any) string {
	encoded, err := encode(arguments)
	if err != nil {
		return tool
	}
	return tool + " " + string(encoded)
}

// compactArgs drops empty members, for calls shown to a reader.
func compactArgs(arguments map[string]any) map[string]any {
	for name, value := range arguments {
		if encoded, err := json.Marshal(value); err != nil || string(encoded) == `""` || string(encoded) == "null" || string(encoded) == "{}" || string(encoded) == "[]" {
			delete(arguments, name)
		}
	}
	return arguments
}
