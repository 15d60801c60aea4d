package prompts

import "context"

// reviewUnassignedAccounts finds the accounts that nobody looks after.
var reviewUnassignedAccounts = prompt{
	name:        "review_unassigned_accounts",
	title:       "Review unassigned accounts",
	description: "Accounts without any role, and those without a CSM, with a proposal who could take them.",
	write: func(ctx context.Context, o Options, _ map[string]string) (string, error) {
		fields := []string{"name", "external_id", "account_executive", "account_owner", "tags", "created_at"}
		nobody, err := o.Ask(ctx, "list_accounts", map[string]any{
			"all_roles_unassigned": true, "ordering": "created_at", "limit": 50, "max_tokens": 3500, "fields": fields,
		})
		if err != nil {
			return "", err
		}
		noCSM, err := o.Ask(ctx, "list_accounts", map[string]any{
			"csm": "unassigned", "ordering": "created_at", "limit": 50, "max_tokens": 3500, "fields": fields,
		})
		if err != nil {
			return "", err
		}
		text := `Review the accounts that nobody looks after. Write a table with name, external id, tags, how long the account exists and who holds a role now; ` +
			`first those without any role, then those that only lack a CSM. Under the table, propose who could take which, from tags and existing roles, and say what speaks for it. ` +
			`Give both totals. If a list has a next_cursor, say that it goes on and fetch the rest with list_accounts before you count.`
		if !o.ReadOnly {
			text += ` Change nothing yourself: when I agree, assign with update_account, one account after the other.`
		}
		return text + facts("Accounts without any role", nobody) + facts("Accounts without a CSM", noCSM), nil
	},
}
