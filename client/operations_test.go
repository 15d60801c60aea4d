package client_test

import (
	"context"

	"posthog-accounts-mcp/client"
)

// operation is one call of the client; the tables below try every one of them against every fault.
type operation struct {
	name string
	do   func(context.Context, *client.Project) error
}

func reads() []operation {
	list := []operation{}
	add := func(name string, do func(context.Context, *client.Project) (any, error)) {
		list = append(list, operation{name, func(ctx context.Context, p *client.Project) error {
			_, err := do(ctx, p)
			return err
		}})
	}
	session := func(p *client.Project) *client.Session { return p.Session() }
	add("me", func(ctx context.Context, p *client.Project) (any, error) { return session(p).Me(ctx) })
	add("key", func(ctx context.Context, p *client.Project) (any, error) { return session(p).KeyInfo(ctx) })
	add("projects", func(ctx context.Context, p *client.Project) (any, error) { return session(p).Projects(ctx) })
	add("members", func(ctx context.Context, p *client.Project) (any, error) { return session(p).Members(ctx) })
	add("accounts", func(ctx context.Context, p *client.Project) (any, error) {
		return p.ListAccounts(ctx, client.AccountQuery{})
	})
	add("walk", func(ctx context.Context, p *client.Project) (any, error) {
		for _, err := range p.Accounts(ctx, client.AccountQuery{}) {
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	add("account", func(ctx context.Context, p *client.Project) (any, error) { return p.Account(ctx, "a") })
	add("notebooks", func(ctx context.Context, p *client.Project) (any, error) {
		return p.ListNotebooks(ctx, "a", client.NotebookQuery{})
	})
	add("notebook", func(ctx context.Context, p *client.Project) (any, error) { return p.Notebook(ctx, "a", "n") })
	add("versioned notebook", func(ctx context.Context, p *client.Project) (any, error) { return p.VersionedNotebook(ctx, "n") })
	add("definitions", func(ctx context.Context, p *client.Project) (any, error) { return p.Definitions(ctx) })
	add("values", func(ctx context.Context, p *client.Project) (any, error) { return p.Values(ctx, "a") })
	add("relationship definitions", func(ctx context.Context, p *client.Project) (any, error) {
		return p.RelationshipDefinitions(ctx)
	})
	add("relationships", func(ctx context.Context, p *client.Project) (any, error) { return p.Relationships(ctx, "a", true) })
	add("external id", func(ctx context.Context, p *client.Project) (any, error) { return p.AccountByExternalID(ctx, "e") })
	add("notes", func(ctx context.Context, p *client.Project) (any, error) {
		return p.AccountNotes(ctx, client.NotesQuery{})
	})
	add("persons", func(ctx context.Context, p *client.Project) (any, error) {
		return p.ListPersons(ctx, client.PersonQuery{})
	})
	add("person", func(ctx context.Context, p *client.Project) (any, error) { return p.Person(ctx, "1") })
	add("lookup", func(ctx context.Context, p *client.Project) (any, error) {
		return p.PersonsByDistinctIDs(ctx, []string{"a"})
	})
	add("activity", func(ctx context.Context, p *client.Project) (any, error) { return p.PersonActivity(ctx, "1", 1, 1) })
	add("timeline", func(ctx context.Context, p *client.Project) (any, error) {
		return p.PropertiesTimeline(ctx, "1", client.TimelineQuery{})
	})
	return list
}

func writes() []operation {
	return []operation{
		{"create account", func(ctx context.Context, p *client.Project) error {
			_, err := p.CreateAccount(ctx, client.AccountCreate{Name: "A"})
			return err
		}},
		{"patch account", func(ctx context.Context, p *client.Project) error {
			_, err := p.PatchAccount(ctx, "a", client.AccountPatch{Name: client.Set("A")})
			return err
		}},
		{"delete account", func(ctx context.Context, p *client.Project) error { return p.DeleteAccount(ctx, "a") }},
		{"create notebook", func(ctx context.Context, p *client.Project) error {
			_, err := p.CreateNotebook(ctx, "a", client.NotebookCreate{Title: "T"})
			return err
		}},
		{"update notebook", func(ctx context.Context, p *client.Project) error {
			_, err := p.UpdateNotebook(ctx, "n", client.NotebookUpdate{Version: 1})
			return err
		}},
		{"delete notebook", func(ctx context.Context, p *client.Project) error { return p.DeleteNotebook(ctx, "a", "n") }},
		{"set value", func(ctx context.Context, p *client.Project) error { _, err := p.SetValue(ctx, "a", "d", 1); return err }},
		{"clear value", func(ctx context.Context, p *client.Project) error {
			_, err := p.SetValue(ctx, "a", "d", nil)
			return err
		}},
		{"assign", func(ctx context.Context, p *client.Project) error {
			_, err := p.Assign(ctx, "a", "d", 1)
			return err
		}},
		{"end relationship", func(ctx context.Context, p *client.Project) error { return p.EndRelationship(ctx, "a", "r") }},
		{"patch person", func(ctx context.Context, p *client.Project) error {
			return p.PatchPerson(ctx, "1", map[string]any{"a": 1})
		}},
		{"set property", func(ctx context.Context, p *client.Project) error { return p.SetPersonProperty(ctx, "1", "a", 1) }},
		{"delete property", func(ctx context.Context, p *client.Project) error { return p.DeletePersonProperty(ctx, "1", "a") }},
		{"delete person", func(ctx context.Context, p *client.Project) error {
			return p.DeletePerson(ctx, "1", client.DeletePersonOptions{})
		}},
		{"split person", func(ctx context.Context, p *client.Project) error {
			return p.SplitPerson(ctx, "1", client.Split{Main: "a"})
		}},
	}
}
