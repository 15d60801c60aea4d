package tools

import (
	"context"
	"reflect"
	"slices"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/portfolio"
)

// GetAccountRequest are the arguments of get_account.
type GetAccountRequest struct {
	ProjectArg
	AccountArg
	Include []string `json:"include,omitempty" jsonschema:"maxItems=3,enum=custom_properties,enum=notebooks,enum=relationships" jsonschema_description:"What else to show."`
	SizeArg
}

// GetAccountResult is one account.
type GetAccountResult struct {
	Account          AccountRow               `json:"account"`
	MatchedBy        string                   `json:"matched_by" jsonschema_description:"What of the account the given reference matched."`
	CustomProperties map[string]any           `json:"custom_properties,omitempty" jsonschema_description:"Values that are set, by name."`
	Notebooks        []NotebookRow            `json:"notebooks,omitempty" jsonschema_description:"Newest first."`
	NotebooksOmitted int                      `json:"notebooks_omitted,omitempty" jsonschema_description:"Further notes; list_notebooks shows them."`
	Relationships    []portfolio.Relationship `json:"relationships,omitempty"`
	Note             string                   `json:"note,omitempty"`
	URL              string                   `json:"url"`
	ProjectID        int64                    `json:"project_id"`
}

var getAccountTool = define(Spec{
	Name:        "get_account",
	Title:       "Get an account",
	Description: "One account with its roles, tags and ids; on request its custom properties, recent notes and relationships.",
	Toolset:     Accounts,
	Effect:      Reads,
}, getAccount)

func getAccount(d *Desk, ctx context.Context, in GetAccountRequest) (GetAccountResult, error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return GetAccountResult{}, err
	}
	account, match, err := s.book.Find(ctx, in.Account)
	if err != nil {
		return GetAccountResult{}, err
	}
	result := GetAccountResult{
		Account: fullRow(account), MatchedBy: match.String(),
		URL: s.links.account(account.ID), ProjectID: s.project,
	}
	if err := result.include(ctx, s, account, in.Include); err != nil {
		return GetAccountResult{}, err
	}
	result.fit(in.room())
	return result, nil
}

// include reads what was asked for besides the account, at the same time.
func (r *GetAccountResult) include(ctx context.Context, s scope, account client.Account, what []string) error {
	group, ctx := errgroup.WithContext(ctx)
	if slices.Contains(what, "custom_properties") {
		group.Go(func() error {
			properties, err := s.book.Properties(ctx, account.ID)
			r.CustomProperties = setValues(properties)
			return err
		})
	}
	var notes client.Page[client.Notebook]
	if slices.Contains(what, "notebooks") {
		group.Go(func() (err error) {
			notes, err = s.book.Notes(ctx, account, client.NotebookQuery{Limit: defaultLimit})
			return err
		})
	}
	if slices.Contains(what, "relationships") {
		group.Go(func() (err error) {
			r.Relationships, err = s.book.Holders(ctx, account)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, note := range notes.Results {
		r.Notebooks = append(r.Notebooks, notebookRow(note))
	}
	if notes.Count != nil {
		r.NotebooksOmitted = *notes.Count - len(r.Notebooks)
	}
	return nil
}

// fit leaves out notes, then roles, and then cuts what is long. Values that
// are longer than all notes together make room for these first.
func (r *GetAccountResult) fit(room int) {
	if r.CustomProperties != nil {
		r.CustomProperties = capMap(r.CustomProperties, room/2)
	}
	fit(r, room, func() bool {
		dropped := dropLast(&r.Notebooks)
		if dropped {
			r.NotebooksOmitted++
		}
		return dropped
	})
	if tokens(r) <= room {
		return
	}
	account := reflect.ValueOf(&r.Account).Elem()
	r.Note = "Cut to fit max_tokens; ask for more than that to see all."
	fit(r, room,
		func() bool { return shrink(&r.CustomProperties) },
		func() bool { return dropLast(&r.Relationships) },
		func() bool { return shrink(&r.Account.Properties) },
		func() bool { return dropLast(&r.Account.Tags) },
		func() bool { return shortenRow(account) },
		func() bool { return dropMember(account, 2) },
	)
}

// setValues are the custom properties that have a value, by name.
func setValues(properties []portfolio.Property) map[string]any {
	values := map[string]any{}
	for _, p := range properties {
		if p.Value != nil {
			values[p.Name] = p.Value
		}
	}
	return values
}
