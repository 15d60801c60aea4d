package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/portfolio"
)

// What stands in the objects of plan_changes are the arguments of other tools.
// They are held against those tools' own schemas, so that a filter or a field
// means here what it means there, and a new one is known at once.

// accountSelection chooses accounts.
type accountSelection struct {
	ListAccountsRequest
	IDs []string `json:"ids"`
}

// personSelection chooses persons.
type personSelection struct {
	ListPersonsRequest
	IDs []string `json:"ids"`
}

// accountChanges are the changes of an account, in a row also with the account
// and a note of its own.
type accountChanges struct {
	UpdateAccountRequest
	Custom map[string]json.RawMessage `json:"custom_properties"`
	Note   string                     `json:"note"`
}

// property is a JSON Schema of one argument.
type property map[string]any

var references = property{"type": "array", "maxItems": 1000, "items": property{"type": "string", "minLength": 1, "maxLength": 400}}

var customValues = property{"type": "object", "additionalProperties": property{"anyOf": []property{{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}}}}

var paging = []string{"project_id", "fields", "limit", "cursor", "max_tokens"}

// The schemas of the objects of plan_changes.
var (
	accountSelections = variant("list_accounts", paging, map[string]property{"ids": references})
	personSelections  = variant("list_persons", paging, map[string]property{"ids": references})
	accountChangesOf  = variant("update_account", []string{"project_id", "dry_run", "account"}, map[string]property{"custom_properties": customValues})
	personChangesOf   = variant("update_person", []string{"project_id", "person"}, nil)
	planRows          = variant("update_account", []string{"project_id", "dry_run"}, map[string]property{
		"custom_properties": customValues, "note": {"type": "string", "maxLength": 50_000},
	})
)

// variant is the schema of a tool's arguments without some and with others;
// what it keeps is no longer required.
func variant(tool string, without []string, with map[string]property) func() (*schema.Validator, error) {
	return sync.OnceValues(func() (*schema.Validator, error) {
		all, err := readSchemas()
		if err != nil {
			return nil, err
		}
		var document map[string]json.RawMessage
		var properties map[string]any
		if err := errors.Join(json.Unmarshal(all[tool].Input, &document), json.Unmarshal(document["properties"], &properties)); err != nil {
			return nil, fmt.Errorf("schema of %s: %w", tool, err)
		}
		maps.DeleteFunc(properties, func(name string, _ any) bool { return slices.Contains(without, name) })
		for name, schema := range with {
			properties[name] = schema
		}
		delete(document, "required")
		if document["properties"], err = json.Marshal(properties); err != nil {
			return nil, err
		}
		encoded, err := json.Marshal(document)
		if err != nil {
			return nil, err
		}
		return schema.Compile(encoded, namedByNumber...)
	})
}

// within reads an object of the arguments, and says where a problem is.
func within(place string, kind func() (*schema.Validator, error), object schema.Object, into any) error {
	validator, err := kind()
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return err
	}
	err = validator.Decode(encoded, into)
	var problems *schema.Problems
	if errors.As(err, &problems) {
		placed := make([]string, len(problems.List))
		for i, problem := range problems.List {
			placed[i] = "in " + place + ": " + problem
		}
		return &schema.Problems{List: placed}
	}
	return err
}

// planOrder is what plan_changes was asked for: accounts by selection or by
// rows, or persons.
type planOrder struct {
	accounts *accountSelection
	changes  accountChanges
	rows     []accountChanges

	persons *personSelection
	person  UpdatePersonRequest
	note    string
}

// read takes the arguments apart and refuses what makes no plan. It asks
// PostHog nothing.
func (in PlanChangesRequest) read() (planOrder, error) {
	asked := planOrder{note: in.Note}
	given := 0
	for _, is := range []bool{in.Accounts != nil, in.Persons != nil, in.Rows != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return asked, plain.Refuse("Give exactly one of accounts, persons and rows.")
	}
	if unknown := unknownPlaceholder(in.Note); unknown != "" {
		return asked, plain.Refuse("Not done: a note knows no %s, only %s.", plain.Short(unknown), portfolio.Placeholder)
	}
	switch {
	case in.Rows != nil:
		return asked, in.readRows(&asked)
	case in.Persons != nil:
		return asked, in.readPersons(&asked)
	}
	asked.accounts = &accountSelection{}
	if err := within("accounts", accountSelections, in.Accounts, asked.accounts); err != nil {
		return asked, err
	}
	if err := within("changes", accountChangesOf, in.Changes, &asked.changes); err != nil {
		return asked, err
	}
	if len(in.Changes) == 0 && strings.TrimSpace(in.Note) == "" {
		return asked, plain.Refuse("Nothing to change: give changes, a note or both.")
	}
	return asked, asked.accounts.check()
}

// check refuses a selection by ids and by filters at once, and one by nothing.
func (s accountSelection) check() error {
	filters := s.ListAccountsRequest
	encoded, err := json.Marshal(filters)
	return errors.Join(err, oneSelection("accounts", len(s.IDs), string(encoded) != "{}"))
}

func (s personSelection) check() error {
	encoded, err := json.Marshal(s.ListPersonsRequest)
	return errors.Join(err, oneSelection("persons", len(s.IDs), string(encoded) != "{}"))
}

func oneSelection(what string, ids int, filtered bool) error {
	switch {
	case ids > 0 && filtered:
		return plain.Refuse("Give %s either ids or filters, not both.", what)
	case ids == 0 && !filtered:
		return plain.Refuse("Nothing was planned: %s names neither a filter nor ids, which would be all there are. Say which.", what)
	}
	return nil
}

func (in PlanChangesRequest) readRows(asked *planOrder) error {
	if in.Changes != nil {
		return plain.Refuse("Give rows their own changes; changes is for accounts and persons.")
	}
	if len(in.Rows) == 0 {
		return plain.Refuse("Nothing was planned: rows is empty.")
	}
	asked.rows = make([]accountChanges, len(in.Rows))
	for i, row := range in.Rows {
		if err := within(fmt.Sprintf("row %d", i+1), planRows, row, &asked.rows[i]); err != nil {
			return err
		}
		if unknown := unknownPlaceholder(asked.rows[i].Note); unknown != "" {
			return plain.Refuse("Not done: the note of row %d knows no %s, only %s.", i+1, plain.Short(unknown), portfolio.Placeholder)
		}
	}
	return nil
}

func (in PlanChangesRequest) readPersons(asked *planOrder) error {
	if in.Note != "" {
		return plain.Refuse("Not done: persons have no notes; leave note out.")
	}
	asked.persons = &personSelection{}
	if err := within("persons", personSelections, in.Persons, asked.persons); err != nil {
		return err
	}
	if err := within("changes", personChangesOf, in.Changes, &asked.person); err != nil {
		return err
	}
	return errors.Join(asked.persons.check(), asked.person.check())
}

// placeholder finds what looks like one.
var placeholder = regexp.MustCompile(`\{\{\s*\w+\s*\}\}`)

func unknownPlaceholder(note string) string {
	return placeholder.FindString(strings.ReplaceAll(note, portfolio.Placeholder, ""))
}

// order is what a row of arguments asks for.
func (c accountChanges) order() (portfolio.Order, error) {
	order := portfolio.Order{Account: c.Account, Change: c.change(), Custom: map[string]any{}, Note: c.Note}
	for name, raw := range c.Custom {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return order, err
		}
		order.Custom[name] = value
	}
	return order, nil
}

// query is the filter of a selection of persons.
func (s personSelection) query() (client.PersonQuery, error) { return s.ListPersonsRequest.query() }
