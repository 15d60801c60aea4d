package prompts

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"posthog-accounts-mcp/internal/plain"
)

// The colleagues of a handover; both complete by e-mail.
var (
	fromArgument = mcp.PromptArgument{Name: "from", Description: "Whose accounts they are: e-mail, user id or me.", Required: true}
	toArgument   = mcp.PromptArgument{Name: "to", Description: "Who takes them over: e-mail, user id or me.", Required: true}
)

// roles are what can be handed over, in the names of list_accounts.
var roles = []string{"csm", "account_executive", "account_owner"}

// handOverAccounts moves a colleague's accounts to another one.
var handOverAccounts = prompt{
	name:        "hand_over_accounts",
	title:       "Hand over accounts",
	description: "Move all accounts of one colleague to another, in every role, with a handover note on each that needs one.",
	arguments:   []mcp.PromptArgument{fromArgument, toArgument},
	write: func(ctx context.Context, o Options, given map[string]string) (string, error) {
		from, to := strings.TrimSpace(given["from"]), strings.TrimSpace(given["to"])
		if strings.EqualFold(from, to) {
			return "", fmt.Errorf("%w: %w", mcp.ErrInvalidParams, plain.Refuse("from and to are the same colleague."))
		}
		held, found := []string{}, ""
		for _, role := range roles {
			list, err := accountsOf(ctx, o, role, from, factTokens/len(roles))
			if err != nil {
				return "", err
			}
			held = append(held, fmt.Sprintf("%s on %s", role, total(list)))
			found += facts(fmt.Sprintf("Accounts where %s is %s", from, role), list)
		}
		theirs, err := accountsOf(ctx, o, roles[0], to, 300)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("Hand over the accounts of %s to %s. %[1]s is %[3]s accounts; %[2]s is csm on %[4]s already.\n\n", from, to, strings.Join(held, ", "), total(theirs)) +
			handOver(o, from, to) + found, nil
	},
}

// accountsOf lists the accounts on which a colleague holds a role, churned ones
// included: they have an owner, too.
func accountsOf(ctx context.Context, o Options, role, who string, tokens int) (json.RawMessage, error) {
	return o.Ask(ctx, "list_accounts", map[string]any{
		role: who, "ordering": "name", "limit": 40, "max_tokens": tokens, "fields": []string{"name"}, "include_churned": true, "include_ignored": true,
	})
}

// handOver are the steps, with the tools that there are.
func handOver(o Options, from, to string) string {
	first := `1. Show me how many accounts move in which role, and ask which roles and accounts stay out. The lists below may be cut: list_accounts has the rest.
`
	switch {
	case o.ReadOnly:
		return first + `2. This server is read-only: end with the list of accounts by role. For each I name, get_account_brief with kind handover tells what the new colleague has to know.`
	case !o.Plans:
		return first + fmt.Sprintf(`2. When I agree, assign %[2]s with update_account, one account after the other, and keep a list of what is done. Stop at the first failure.
3. List the accounts of %[1]s again with list_accounts: what is left has a reason that you tell me.
`, from, to) + handoverNotes
	}
	return first + fmt.Sprintf(`2. For each role that moves, make a plan: plan_changes with %[1]s. It writes nothing. Show me the counts, the warnings and what is impossible.
3. When I agree, apply_plan with the plan and its confirmation, one plan after the other. If it stops half-way, the same call goes on where it stopped.
4. List the accounts of %[2]s again with list_accounts: what is left has a reason that you tell me. undo_write with a plan's id takes all of it back.
`, planFor(from, to), from) + handoverNotes
}

// planFor are the arguments of plan_changes for one role.
func planFor(from, to string) string {
	encoded, _ := json.Marshal(map[string]any{ // texts always encode
		"accounts": map[string]any{roles[0]: from, "include_churned": true, "include_ignored": true}, "changes": map[string]string{roles[0]: to},
	})
	return string(encoded)
}

const handoverNotes = `
Then the notes: for each account that I name, call get_account_brief with kind handover and write a note with these headings: Who is who, Where they stand, History in five lines, Open threads (a task list with owner and date), Risks. Put behind each statement where it comes from. Show me the first one before you go on; file each with create_notebook under a key of its own.`
