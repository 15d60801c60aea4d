package prompts

import (
	"context"
	"fmt"

	"github.com/tidwall/gjson"
)

// reviewUnassignedAccounts finds the accounts that nobody looks after.
var reviewUnassignedAccounts = prompt{
	name:        "review_unassigned_accounts",
	title:       "Review unassigned accounts",
	description: "Accounts without any role, and those without a CSM, with a proposal who could take them.",
	write: func(ctx context.Context, o Options, _ map[string]string) (string, error) {
		noCSM, err := o.Ask(ctx, "list_accounts", map[string]any{
			"csm": "unassigned", "ordering": "created_at", "limit": 100, "max_tokens": factTokens,
			"fields": []string{"name", "external_id", "account_executive", "account_owner", "tags", "created_at"},
		})
		if err != nil {
			return "", err
		}
		nobody, err := o.Ask(ctx, "list_accounts", map[string]any{"all_roles_unassigned": true, "limit": 1, "fields": []string{"name"}})
		if err != nil {
			return "", err
		}
		text := fmt.Sprintf("Review the accounts that nobody looks after: %s have no CSM, and of these %s have nobody in any role. ",
			total(noCSM), total(nobody)) +
			`Write a table with name, external id, tags, how long the account exists and who holds a role now; first those without any role, then those that only lack a CSM. ` +
			`Under the table, propose who could take which, from tags and existing roles, and say what speaks for it. ` +
			`If the list has a next_cursor, it goes on: fetch the rest with list_accounts before you write.`
		switch {
		case o.ReadOnly:
		case o.Plans:
			text += ` Change nothing yourself: when I agree, make one plan of all of it with plan_changes (rows, each with account and csm), show me its counts and warnings, and carry it out with apply_plan at my word.`
		default:
			text += ` Change nothing yourself: when I agree, assign with update_account, one account after the other.`
		}
		return text + facts("Accounts without a CSM", noCSM), nil
	},
}

// total is how many rows a list has in all, in words where PostHog does not tell.
func total(list []byte) string {
	if count := gjson.GetBytes(list, "total"); count.Exists() {
		return count.String()
	}
	return "an unknown number"
}
